// SPDX-License-Identifier: Apache-2.0
/* Scripts of administrators on devices with bowline-agent: run once, kept, listed, stopped. Devices answer as they do for
 * commands. The order: agent/script/README.md. */
#include "bl-control-message.h"
#include "bl-control-runs.h"
#include "common/bl-rights-bits.h"

#define OP_MAX 8
#define NAME_MAX_BYTES 64
#define SOURCE_MAX (256 * 1024)
#define MAX_DEVICES 1000
#define TOLD_CHARACTERS 4096 /* of a script, in its event */

static gboolean
needs_source (const char *op)
{
  return g_str_equal (op, "run") || g_str_equal (op, "keep");
}

/* Returns: (nullable): what is wrong */
static const char *
check (GVariant *arguments)
{
  const char *op = bl_variant_get_string (arguments, "op");
  gboolean run = g_str_equal (op, "run"), keep = g_str_equal (op, "keep"), stop = g_str_equal (op, "stop");

  if (!run && !keep && !stop && !g_str_equal (op, "list"))
    return "Invalid operation";
  if (needs_source (op) && bl_variant_get_string (arguments, "source") == NULL)
    return "The script is missing";
  if ((keep || stop) && bl_variant_get_string (arguments, "name") == NULL)
    return "The name is missing";
  return NULL;
}

static void
tell (BlControl *control, BowlineActionCall *call, const char *node_id)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *op = bl_variant_get_string (arguments, "op"), *name = bl_variant_get_string (arguments, "name");
  const char *source = bl_variant_get_string (arguments, "source");
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  GVariantDict event;

  if (g_str_equal (op, "list"))
    return;
  bl_control_event_init (&event, control, bowline_action_call_get_principal (call), "node", "runscript");
  g_variant_dict_insert (&event, "nodeid", "s", node_id);
  bl_control_event_message (&event, 0, NULL,
                            g_strdup_printf ("%s%s%s", g_str_equal (op, "run") ? "Running a script"
                                                       : g_str_equal (op, "keep") ? "Keeping a script"
                                                                                  : "Stopping a script",
                                             name != NULL ? ": " : "", name != NULL ? name : ""));
  if (source != NULL)
    g_variant_dict_insert_value (
        &event, "cmds",
        g_variant_new_take_string (g_utf8_substring (source, 0, MIN (g_utf8_strlen (source, -1), TOLD_CHARACTERS))));
  bl_control_event_emit (control, &event, node_id, bl_variant_get_string (node, "meshid"), NULL);
}

static gboolean
send_order (BlControl *control, BowlineActionCall *call, const char *node_id, GVariantDict *message)
{
  static const char *const passed[] = { "op", "name", "source" };
  GVariant *arguments = bowline_action_call_get_arguments (call);
  gint64 seconds = bl_variant_get_int (arguments, "timeout", 0);

  g_variant_dict_insert (message, "action", "s", "msg");
  g_variant_dict_insert (message, "type", "s", "runscript");
  for (guint i = 0; i < G_N_ELEMENTS (passed); i++)
    {
      const char *value = bl_variant_get_string (arguments, passed[i]);

      if (value != NULL)
        g_variant_dict_insert (message, passed[i], "s", value);
    }
  if (seconds > 0)
    g_variant_dict_insert (message, "timeout", "x", seconds);
  if (!bowline_device_send (control->host, node_id, g_variant_dict_end (message)))
    return FALSE;
  tell (control, call, node_id);
  return TRUE;
}

/* ---- the local socket
 * --------------------------------------------------------------------------------------------- */

static gboolean
send_local (BlControl *control, BowlineActionCall *call, const char *node_id, const char *session_id)
{
  GVariantDict message;

  g_variant_dict_init (&message, NULL);
  bl_control_message_sign (control, call, node_id, &message);
  g_variant_dict_insert (&message, "responseid", "s", BL_CONTROL_RUNS_RESPONSE);
  g_variant_dict_insert (&message, "sessionid", "s", session_id);
  return send_order (control, call, node_id, &message);
}

static void
run_device_script (BowlineActionCall *call, gpointer user_data)
{
  const char *problem = check (bowline_action_call_get_arguments (call));

  if (problem != NULL)
    bowline_action_call_result (call, problem);
  else
    bl_control_runs_start (user_data, call, send_local);
}

/* ---- the control channel
 * ------------------------------------------------------------------------------------------ */

static void
run_script (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autoptr (GVariant) response = bl_variant_get_child (bowline_action_call_get_request (call), "responseid");
  g_auto (GStrv) ids = bl_variant_get_strv (arguments, "nodeids");
  const char *problem = check (arguments);

  if (problem == NULL && bowline_action_call_get_refused (call)[0] != NULL)
    problem = "Access denied";
  for (guint i = 0; problem == NULL && ids != NULL && ids[i] != NULL; i++)
    {
      GVariantDict message;

      g_variant_dict_init (&message, NULL);
      bl_control_message_sign (control, call, ids[i], &message);
      if (response != NULL)
        g_variant_dict_insert_value (&message, "responseid", response);
      if (!send_order (control, call, ids[i], &message))
        problem = "Agent not connected";
    }
  if (problem != NULL)
    bowline_action_call_result (call, problem);
}

#define SCRIPT_ARGUMENTS                                                                                     \
  { .name = "op", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = OP_MAX }, \
    { .name = "name", .type = BOWLINE_ARGUMENT_STRING, .min = 1, .max = NAME_MAX_BYTES },                    \
    { .name = "source", .type = BOWLINE_ARGUMENT_STRING, .min = 1, .max = SOURCE_MAX },                      \
    { .name = "timeout", .type = BOWLINE_ARGUMENT_INTEGER, .min = 1, .max = BL_CONTROL_MAX_RUN_SECONDS }

const BowlineAction *
bl_control_script_actions (guint *n)
{
  static const BowlineArgument local[] = {
    { .name = "device", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = 300 },
    SCRIPT_ARGUMENTS,
  };
  static const BowlineArgument remote[] = {
    { .name = "nodeids",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "node",
      .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_LIST,
      .list_max = MAX_DEVICES,
      .problem = "Invalid nodeids" },
    SCRIPT_ARGUMENTS,
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("device.script", BOWLINE_ACTION_LOCAL | BOWLINE_ACTION_CHANGES,
                      "Runs, keeps, lists or stops scripts on a device", run_device_script),
      BL_CONTROL_ARGUMENTS (local) },
    { BL_CONTROL_ROW ("runscript", BOWLINE_ACTION_CHANGES, "Runs, keeps, lists or stops scripts on devices",
                      run_script),
      BL_CONTROL_ARGUMENTS (remote), .object = "nodeids", .object_rights = BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_CONSOLE },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
