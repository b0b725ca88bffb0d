// SPDX-License-Identifier: Apache-2.0
/* What is sent to devices: messages, commands, power. Follows control-channel 7.6 */
#include "bl-control-message.h"

#include "bl-control-presets.h"
#include "bl-control-runs.h"

/* ---- msg
 * ----------------------------------------------------------------------------------------------------------
 */

/* What a type needs beyond remote control. Watching a desktop (0x100) opens tunnels of its kind and nothing
 * else. */
static guint32
rights_for (const char *type)
{
  return g_strcmp0 (type, "console") == 0 ? BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_CONSOLE
                                          : BL_RIGHT_REMOTE_CONTROL;
}

/* Returns: (transfer full) (nullable): the message for the device */
static GVariant *
prepare (BlControl *control, BowlineActionCall *call, const char *node_id, GError **error)
{
  const char *type = bl_variant_get_string (bowline_action_call_get_arguments (call), "type");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  GVariantDict message;

  if (g_strcmp0 (type, "tunnel") != 0 && !bowline_may (control->host, who, node_id, rights_for (type)))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED, "Rights are missing on the device");
      return NULL;
    }
  g_variant_dict_init (&message, bowline_action_call_get_request (call));
  bl_control_message_sign (control, call, node_id, &message);
  if (g_strcmp0 (type, "tunnel") == 0 && !bl_control_message_tunnel (control, call, node_id, &message, error))
    {
      g_variant_dict_clear (&message);
      return NULL;
    }
  return g_variant_ref_sink (g_variant_dict_end (&message));
}

static void
run_message (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  const char *node_id = bl_variant_get_string (bowline_action_call_get_arguments (call), "nodeid");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) message = prepare (control, call, node_id, &error);

  if (message == NULL)
    {
      bowline_host_log (control->host, BOWLINE_LOG_INFO, NULL, "A message to %s was not sent: %s", node_id,
                        error->message);
      bowline_action_call_result (call, "Unable to route");
      return;
    }
  bowline_action_call_result (
      call, bowline_device_send (control->host, node_id, message) ? "OK" : "Unable to route");
}

/* ---- many devices
 * ------------------------------------------------------------------------------------------------- */

static char **
permitted_nodes (BowlineActionCall *call)
{
  return bl_variant_get_strv (bowline_action_call_get_arguments (call), "nodeids");
}

static gboolean
send_action (BlControl *control, BowlineActionCall *call, const char *node_id, GVariantDict *message)
{
  bl_control_message_sign (control, call, node_id, message);
  return bowline_device_send (control->host, node_id, g_variant_dict_end (message));
}

static void
run_toast (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_auto (GStrv) ids = permitted_nodes (call);
  const char *const *refused = bowline_action_call_get_refused (call);
  const char *title = bl_variant_get_string (arguments, "title");

  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    {
      GVariantDict message;

      g_variant_dict_init (&message, NULL);
      g_variant_dict_insert (&message, "action", "s", "toast");
      g_variant_dict_insert (&message, "title", "s", title != NULL ? title : "Bowline");
      g_variant_dict_insert (&message, "msg", "s", bl_variant_get_string (arguments, "msg"));
      send_action (control, call, ids[i], &message);
    }
  bowline_action_call_result (call, "ok");
  for (guint i = 0; refused[i] != NULL; i++)
    bowline_action_call_result (call, "Access Denied");
}

static void
run_power (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  gint64 type = bl_variant_get_int (bowline_action_call_get_arguments (call), "actiontype", 0);
  g_auto (GStrv) ids = permitted_nodes (call);
  const char *const *refused = bowline_action_call_get_refused (call);

  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    {
      GVariantDict message;

      g_variant_dict_init (&message, NULL);
      g_variant_dict_insert (&message, "action", "s", "poweraction");
      g_variant_dict_insert (&message, "actiontype", "x", type);
      send_action (control, call, ids[i], &message);
      bowline_action_call_result (call, "ok");
    }
  for (guint i = 0; refused[i] != NULL; i++)
    bowline_action_call_result (call, "ok"); /* as MeshCentral: once an id, whatever happens */
}

/* ---- runcommands
 * -------------------------------------------------------------------------------------------------- */

void
bl_control_message_tell_commands (BlControl *control,
                                  BowlineActionCall *call,
                                  const char *node_id,
                                  const BlControlCommands *commands)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  GVariantDict event;

  bl_control_event_init (&event, control, bowline_action_call_get_principal (call), "node", "runcommands");
  g_variant_dict_insert (&event, "nodeid", "s", node_id);
  bl_control_event_message (&event, 24, NULL, g_strdup ("Running commands"));
  g_variant_dict_insert (&event, "cmds", "s", commands->text);
  g_variant_dict_insert (&event, "cmdType", "x", commands->type);
  g_variant_dict_insert (&event, "runAsUser", "x", commands->run_as);
  bl_control_event_emit (control, &event, node_id, bl_variant_get_string (node, "meshid"), NULL);
}

typedef enum
{
  COMMANDS_DEFAULT = 0, /* the shell of the device's system */
  COMMANDS_CMD = 1,
  COMMANDS_POWERSHELL = 2,
  COMMANDS_SHELL = 3,
  COMMANDS_CONSOLE = 4, /* of the agent, on every system */
} CommandsType;

/* MeshCentral's agent ids 1..4, 21, 22, 34, 41..43 are Windows. */
static gboolean
is_windows (BlControl *control, const char *node_id)
{
  static const gint64 ids[] = { 1, 2, 3, 4, 21, 22, 34, 41, 42, 43 };
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  g_autoptr (GVariant) agent = node != NULL ? bl_variant_get_object (node, "agent") : NULL;

  for (guint i = 0; i < G_N_ELEMENTS (ids); i++)
    {
      if (bl_variant_get_int (agent, "id", 0) == ids[i])
        return TRUE;
    }
  return FALSE;
}

gboolean
bl_control_message_shell (BlControl *control, const char *node_id, gint64 *type)
{
  gboolean windows;

  if (*type == COMMANDS_CONSOLE)
    return TRUE;
  windows = is_windows (control, node_id);
  if (*type == COMMANDS_DEFAULT)
    *type = windows ? COMMANDS_CMD : COMMANDS_SHELL;
  return windows == (*type == COMMANDS_CMD || *type == COMMANDS_POWERSHELL);
}

/* @given: its type may become that of the device's system. Returns: (nullable): why they were not sent */
static const char *
send_commands (BlControl *control, BowlineActionCall *call, const char *node_id, const BlControlCommands *given)
{
  BlControlCommands commands = *given;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  g_autoptr (GVariant) response = bl_variant_get_child (bowline_action_call_get_request (call), "responseid");
  gint64 seconds = bl_variant_get_int (arguments, "timeout", 0);
  gboolean stream = bl_variant_get_bool (arguments, "stream", FALSE);
  guint32 console = BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_CONSOLE;
  GVariantDict message;

  if (commands.type == COMMANDS_CONSOLE
      && !bowline_may (control->host, bowline_action_call_get_principal (call), node_id, console))
    return "Access denied";
  if (!bl_control_message_shell (control, node_id, &commands.type))
    return "Invalid command type";
  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "runcommands");
  g_variant_dict_insert (&message, "type", "x", commands.type);
  g_variant_dict_insert (&message, "cmds", "s", commands.text);
  g_variant_dict_insert (&message, "runAsUser", "x", commands.run_as);
  g_variant_dict_insert (&message, "reply", "b", stream || bl_variant_get_bool (arguments, "reply", FALSE));
  if (stream)
    g_variant_dict_insert (&message, "stream", "b", TRUE);
  if (seconds > 0)
    g_variant_dict_insert (&message, "timeout", "x", seconds);
  if (response != NULL)
    g_variant_dict_insert_value (&message, "responseid", response);
  if (!send_action (control, call, node_id, &message))
    return "Agent not connected";
  bl_control_message_tell_commands (control, call, node_id, &commands);
  return NULL;
}

/* Returns: %FALSE when there are none: neither cmds nor a prepared one */
static gboolean
take_commands (BlControl *control, GVariant *arguments, BlControlCommands *commands)
{
  const BlPreset *preset;

  *commands = (BlControlCommands){ bl_variant_get_string (arguments, "cmds"),
                                   bl_variant_get_int (arguments, "type", COMMANDS_DEFAULT),
                                   bl_variant_get_int (arguments, "runAsUser", 0) };
  if (!bl_variant_has (arguments, "presetcmd"))
    return commands->text != NULL;
  preset = bl_control_presets_get (control, bl_variant_get_int (arguments, "presetcmd", -1));
  if (preset == NULL)
    return FALSE;
  commands->text = preset->commands;
  commands->type = preset->type;
  if (preset->run_as >= 0)
    commands->run_as = preset->run_as;
  return TRUE;
}

static void
run_commands (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  g_auto (GStrv) ids = permitted_nodes (call);
  const char *const *refused = bowline_action_call_get_refused (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  GVariant *arguments = bowline_action_call_get_arguments (call);
  gboolean device_answers
      = bl_variant_get_bool (arguments, "reply", FALSE) || bl_variant_get_bool (arguments, "stream", FALSE);
  BlControlCommands commands;
  const char *problem = NULL;
  gboolean sent = FALSE;

  if (!take_commands (control, arguments, &commands))
    {
      bowline_action_call_result (
          call, bl_variant_has (arguments, "presetcmd") ? "Invalid preset command" : "Invalid argument \"cmds\": it is missing");
      return;
    }
  for (guint i = 0; refused[i] != NULL; i++)
    problem = bowline_may_see (control->host, who, refused[i]) ? "Access denied" : "Invalid nodeid";
  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    {
      const char *failure = send_commands (control, call, ids[i], &commands);

      problem = failure != NULL ? failure : problem;
      sent = sent || failure == NULL;
    }
  if (problem != NULL)
    bowline_action_call_result (call, problem);
  else if (sent && !device_answers)
    bowline_action_call_result (call, "OK");
}

const BowlineAction *
bl_control_message_actions (guint *n)
{
  static const BowlineArgument message[] = {
    { .name = "nodeid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "node",
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .problem = "Unable to route" },
    { .name = "type",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 64,
      .problem = "Unable to route" },
  };
  static const BowlineArgument toast[] = {
    BL_CONTROL_NODES,
    BL_CONTROL_TEXT ("title", 512),
    { .name = "msg",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 4096 },
  };
  static const BowlineArgument power[] = {
    BL_CONTROL_NODES,
    { .name = "actiontype",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 2,
      .max = 4,
      .problem = "This power action is not available on this server" },
  };
  static const BowlineArgument commands[] = {
    BL_CONTROL_NODES,
    { .name = "type",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .min = 0,
      .max = 4,
      .problem = "Invalid command type" },
    { .name = "cmds", .type = BOWLINE_ARGUMENT_STRING, .min = 1, .max = BL_CONTROL_MAX_COMMANDS },
    { .name = "presetcmd",
      .type = BOWLINE_ARGUMENT_INTEGER,
      .min = 0,
      .max = BL_PRESETS_MAX - 1,
      .problem = "Invalid preset command" },
    { .name = "runAsUser", .type = BOWLINE_ARGUMENT_INTEGER, .min = 0, .max = 2 },
    { .name = "reply", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "stream", .type = BOWLINE_ARGUMENT_BOOLEAN },
    { .name = "timeout", .type = BOWLINE_ARGUMENT_INTEGER, .min = 1, .max = BL_CONTROL_MAX_RUN_SECONDS },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("msg", BOWLINE_ACTION_OPEN_ARGUMENTS, "Sends a message to a device, or opens a tunnel",
                      run_message),
      BL_CONTROL_ARGUMENTS (message), .object = "nodeid", .denied = "Unable to route" },
    { BL_CONTROL_ROW ("toast", BOWLINE_ACTION_CHANGES, "Shows a message on devices", run_toast),
      BL_CONTROL_ARGUMENTS (toast), .object = "nodeids", .object_rights = BL_RIGHT_CHAT },
    { BL_CONTROL_ROW ("poweraction", BOWLINE_ACTION_CHANGES,
                      "Switches devices off, restarts them or puts them to sleep", run_power),
      BL_CONTROL_ARGUMENTS (power), .object = "nodeids", .object_rights = BL_RIGHT_POWER },
    { BL_CONTROL_ROW ("runcommands", BOWLINE_ACTION_CHANGES, "Runs commands on devices", run_commands),
      BL_CONTROL_ARGUMENTS (commands), .object = "nodeids", .object_rights = BL_RIGHT_COMMANDS },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
