// SPDX-License-Identifier: Apache-2.0
/* What is done with the programs on devices, and with clipboards. Follows control-channel 7.6; MeshCentral's
 * clients expect no answer to any of it and get one only when they ask for it. */
#include "bl-control-message.h"

#include <string.h>

#define MAX_CLIP 65535

typedef gboolean (*ForDevice) (BlControl *control,
                               BowlineActionCall *call,
                               const char *node_id,
                               GError **error);

/* One answer for all devices: what went wrong first, or "ok". */
static void
for_each_device (BowlineActionCall *call, BlControl *control, ForDevice run)
{
  g_auto (GStrv) ids = bl_variant_get_strv (bowline_action_call_get_arguments (call), "nodeids");
  g_autoptr (GError) first = NULL;

  if (bowline_action_call_get_refused (call)[0] != NULL)
    first = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_DENIED, "Access denied");
  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      if (!run (control, call, ids[i], &error) && first == NULL)
        first = g_steal_pointer (&error);
    }
  if (first != NULL)
    bowline_action_call_fail (call, first);
  else
    bowline_action_call_result (call, "ok");
}

static gboolean
get_agents (BlControl *control, BowlineAgents *agents, gpointer *self, GError **error)
{
  agents->struct_size = sizeof *agents;
  if (bowline_host_lookup_service (control->host, BOWLINE_AGENTS_SERVICE, BOWLINE_AGENTS_MAJOR, agents, self))
    return TRUE;
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "Not available");
  return FALSE;
}

static gboolean
upload_core (BlControl *control, BowlineActionCall *call, const char *node_id, GError **error)
{
  static const char *const words[] = { "default", "clear", "recovery", "tiny", NULL };
  static const guint32 kinds[]
      = { BOWLINE_CORE_DEFAULT, BOWLINE_CORE_CLEAR, BOWLINE_CORE_RECOVERY, BOWLINE_CORE_TINY };
  const char *type = bl_variant_get_string (bowline_action_call_get_arguments (call), "type");
  BowlineAgents agents;
  gpointer self;

  if (!get_agents (control, &agents, &self, error))
    return FALSE;
  for (guint i = 0; words[i] != NULL; i++)
    {
      if (g_str_equal (type, words[i]))
        return agents.upload_core (self, node_id, kinds[i], NULL, error);
    }
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED,
                       "Not available: the server keeps no files of accounts");
  return FALSE;
}

static void
run_upload_core (BowlineActionCall *call, gpointer user_data)
{
  for_each_device (call, user_data, upload_core);
}

static gboolean
update_agent (BlControl *control, BowlineActionCall *call, const char *node_id, GError **error)
{
  BowlineAgents agents;
  gpointer self;

  if (!get_agents (control, &agents, &self, error))
    return FALSE;
  if (agents.update != NULL)
    return agents.update (self, node_id, error);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "Not available");
  return FALSE;
}

static void
run_update (BowlineActionCall *call, gpointer user_data)
{
  for_each_device (call, user_data, update_agent);
}

/* @message: (transfer floating) */
static gboolean
send_message (BlControl *control, const char *node_id, GVariant *message, GError **error)
{
  if (bowline_device_send (control->host, node_id, message))
    return TRUE;
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_OFFLINE, "Agent not connected");
  return FALSE;
}

static gboolean
uninstall_agent (BlControl *control, BowlineActionCall *call, const char *node_id, GError **error)
{
  return send_message (control, node_id, g_variant_new_parsed ("{'action': <'uninstallagent'>}"), error);
}

static void
run_uninstall (BowlineActionCall *call, gpointer user_data)
{
  for_each_device (call, user_data, uninstall_agent);
}

static void
run_disconnect (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;

  bowline_device_disconnect (control->host,
                             bl_variant_get_string (bowline_action_call_get_arguments (call), "nodeid"));
  bowline_action_call_result (call, "ok");
}

/* ---- clipboards
 * ----------------------------------------------------------------------------------------------------- */

static void
send_clip (BlControl *control, BowlineActionCall *call, const char *action, const char *data)
{
  const char *node_id = bl_variant_get_string (bowline_action_call_get_arguments (call), "nodeid");
  g_autoptr (GError) error = NULL;
  GVariantDict message;

  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", action);
  if (data != NULL)
    g_variant_dict_insert (&message, "data", "s", data);
  bl_control_message_sign (control, call, node_id, &message);
  if (send_message (control, node_id, g_variant_dict_end (&message), &error))
    bowline_action_call_result (call, "ok");
  else
    bowline_action_call_fail (call, error);
}

static void
run_get_clip (BowlineActionCall *call, gpointer user_data)
{
  send_clip (user_data, call, "getClip", NULL);
}

static void
run_set_clip (BowlineActionCall *call, gpointer user_data)
{
  send_clip (user_data, call, "setClip",
             bl_variant_get_string (bowline_action_call_get_arguments (call), "data"));
}

const BowlineAction *
bl_control_program_actions (guint *n)
{
  static const BowlineArgument nodes[] = { BL_CONTROL_NODES };
  static const BowlineArgument core[] = {
    BL_CONTROL_NODES,
    { .name = "type",
      .type = BOWLINE_ARGUMENT_CHOICE,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .detail = "default|clear|recovery|tiny|custom",
      .problem = "Invalid core type" },
    BL_CONTROL_TEXT ("path", 2048),
  };
  static const BowlineArgument disconnect[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
    { .name = "disconnectMode",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 0,
      .max = 4,
      .problem = "Invalid disconnect mode" },
  };
  static const BowlineArgument node[] = { BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED) };
  static const BowlineArgument clip[] = {
    BL_CONTROL_NODE (BOWLINE_ARGUMENT_REQUIRED),
    { .name = "data",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = MAX_CLIP,
      .problem = "Invalid data" },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("uploadagentcore", BOWLINE_ACTION_CHANGES, "Has agents run another core script",
                      run_upload_core),
      BL_CONTROL_ARGUMENTS (core), .object = "nodeids", .object_rights = BL_RIGHT_CONSOLE },
    { BL_CONTROL_ROW ("updateAgents", BOWLINE_ACTION_CHANGES, "Gives agents the program kept here",
                      run_update),
      BL_CONTROL_ARGUMENTS (nodes), .object = "nodeids", .object_rights = BL_RIGHT_ALL },
    { BL_CONTROL_ROW ("uninstallagent", BOWLINE_ACTION_CHANGES, "Has agents remove themselves",
                      run_uninstall),
      BL_CONTROL_ARGUMENTS (nodes), .object = "nodeids", .object_rights = BL_RIGHT_UNINSTALL },
    { BL_CONTROL_ROW ("agentdisconnect", BOWLINE_ACTION_CHANGES, "Ends an agent's connection",
                      run_disconnect),
      BL_CONTROL_ARGUMENTS (disconnect), .object = "nodeid", .object_rights = BL_RIGHT_CONSOLE },
    { BL_CONTROL_ROW ("getClip", 0, "Asks a device for its clipboard", run_get_clip),
      BL_CONTROL_ARGUMENTS (node), .object = "nodeid", .object_rights = BL_RIGHT_REMOTE_CONTROL },
    { BL_CONTROL_ROW ("setClip", BOWLINE_ACTION_CHANGES, "Sets a device's clipboard", run_set_clip),
      BL_CONTROL_ARGUMENTS (clip), .object = "nodeid", .object_rights = BL_RIGHT_REMOTE_CONTROL },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
