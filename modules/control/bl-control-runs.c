// SPDX-License-Identifier: Apache-2.0
/* `bowlinectl run`, and the end of commands nobody listens to. The forms of the messages: README of the agent's plugin
 * automation. */
#include "bl-control-runs.h"

#include "bl-control-message.h"
#include "common/bl-ids.h"

#include <string.h>

#define SESSION_PREFIX "local/~/run/" /* four parts, as the id of every session */
#define RESPONSE BL_CONTROL_RUNS_RESPONSE

typedef struct
{
  BowlineActionCall *call;
  char *node_id;
  char *session_id;
} Run;

static void
run_free (gpointer data)
{
  Run *run = data;

  bowline_action_call_unref (run->call);
  g_free (run->node_id);
  g_free (run->session_id);
  g_free (run);
}

static void
send_stop (BlControl *control, const char *node_id, const char *session_id, const char *response)
{
  GVariantDict message;

  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "msg");
  g_variant_dict_insert (&message, "type", "s", "runstop");
  g_variant_dict_insert (&message, "sessionid", "s", session_id);
  g_variant_dict_insert (&message, "responseid", "s", response);
  (void)bowline_device_send (control->host, node_id, g_variant_dict_end (&message)); /* gone: it ends them itself */
}

void
bl_control_runs_unheard (BlControl *control, const char *node_id, GVariant *message)
{
  const char *response = bl_variant_get_string (message, "responseid");
  const char *stream = bl_variant_get_string (message, "stream");

  if (g_strcmp0 (bl_variant_get_string (message, "type"), "runcommands") == 0 && response != NULL && stream != NULL
      && !g_str_equal (stream, "end"))
    send_stop (control, node_id, bl_variant_get_string (message, "sessionid"), response);
}

/* ---- answers
 * ------------------------------------------------------------------------------------------------------ */

static void
pass_on (BowlineActionCall *call, GVariant *message)
{
  static const char *const passed[] = { "stream", "data", "exit", "signal", "result" };
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (passed); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (message, passed[i]);

      if (value != NULL)
        g_variant_dict_insert_value (&answer, passed[i], value);
    }
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

gboolean
bl_control_runs_take (BlControl *control, const char *node_id, GVariant *message)
{
  const char *session_id = bl_variant_get_string (message, "sessionid");
  const char *stream = bl_variant_get_string (message, "stream");

  if (session_id == NULL || !g_str_has_prefix (session_id, SESSION_PREFIX)
      || g_strcmp0 (bl_variant_get_string (message, "type"), "runcommands") != 0)
    return FALSE;
  for (guint i = 0; i < control->runs->len; i++)
    {
      Run *run = control->runs->pdata[i];

      if (!g_str_equal (run->session_id, session_id) || !g_str_equal (run->node_id, node_id))
        continue;
      pass_on (run->call, message);
      if (stream == NULL || g_str_equal (stream, "end"))
        g_ptr_array_remove_index_fast (control->runs, i);
      return TRUE;
    }
  bl_control_runs_unheard (control, node_id, message);
  return TRUE;
}

void
bl_control_runs_tick (BlControl *control)
{
  for (guint i = control->runs->len; i > 0; i--)
    {
      Run *run = control->runs->pdata[i - 1];
      BowlineDeviceState state = { .struct_size = sizeof state };
      gboolean online = bowline_device_get_state (control->host, run->node_id, &state);

      if (online && !bowline_action_call_is_over (run->call))
        continue;
      if (online)
        send_stop (control, run->node_id, run->session_id, RESPONSE);
      else
        bowline_action_call_result (run->call, "The device is not connected any more");
      g_ptr_array_remove_index_fast (control->runs, i - 1);
    }
}

void
bl_control_runs_init (BlControl *control)
{
  control->runs = g_ptr_array_new_with_free_func (run_free);
}

void
bl_control_runs_clear (BlControl *control)
{
  for (guint i = 0; i < control->runs->len; i++)
    {
      Run *run = control->runs->pdata[i];

      send_stop (control, run->node_id, run->session_id, RESPONSE);
    }
  g_ptr_array_set_size (control->runs, 0);
}

/* ---- device.run
 * --------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *wanted;
  char *found;
  guint n;
} Search;

static gboolean
compare_name (const char *id, GVariant *node, gpointer user_data)
{
  Search *search = user_data;
  const char *name = bl_variant_get_string (node, "name");

  if (g_str_equal (id, search->wanted) || g_strcmp0 (name, search->wanted) == 0)
    {
      g_free (search->found);
      search->found = g_strdup (id);
      search->n++;
    }
  return TRUE;
}

static gboolean
send_commands (BlControl *control, BowlineActionCall *call, const char *node_id, const char *session_id)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  gint64 seconds = bl_variant_get_int (arguments, "timeout", 0);
  BlControlCommands commands
      = { bl_variant_get_string (arguments, "cmds"), 0, bl_variant_get_int (arguments, "runAsUser", 0) };
  GVariantDict message;

  (void)bl_control_message_shell (control, node_id, &commands.type); /* every system has one of its own */
  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "runcommands");
  g_variant_dict_insert (&message, "type", "x", commands.type);
  g_variant_dict_insert (&message, "cmds", "s", commands.text);
  g_variant_dict_insert (&message, "runAsUser", "x", commands.run_as);
  g_variant_dict_insert (&message, "reply", "b", TRUE);
  g_variant_dict_insert (&message, "stream", "b", TRUE);
  if (seconds > 0)
    g_variant_dict_insert (&message, "timeout", "x", seconds);
  bl_control_message_sign (control, call, node_id, &message);
  g_variant_dict_insert (&message, "responseid", "s", RESPONSE);
  g_variant_dict_insert (&message, "sessionid", "s", session_id);
  if (!bowline_device_send (control->host, node_id, g_variant_dict_end (&message)))
    return FALSE;
  bl_control_message_tell_commands (control, call, node_id, &commands);
  return TRUE;
}

void
bl_control_runs_start (BlControl *control, BowlineActionCall *call, BlControlRunsSend send)
{
  Search search = { bl_variant_get_string (bowline_action_call_get_arguments (call), "device"), NULL, 0 };
  g_autofree char *node_id = NULL;
  g_autofree char *random = NULL;
  Run *run;

  bowline_directory_foreach (control->host, "node", NULL, compare_name, &search);
  node_id = search.found;
  if (search.n != 1)
    {
      bowline_action_call_result (call, search.n == 0 ? "There is no such device"
                                                      : "Several devices have this name; use the id");
      return;
    }
  if (control->runs->len >= BL_CONTROL_MAX_RUNS)
    {
      bowline_action_call_result (call, "Too many commands run already");
      return;
    }
  random = bl_random_hex (16);
  run = g_new0 (Run, 1);
  run->call = bowline_action_call_ref (call);
  run->node_id = g_strdup (node_id);
  run->session_id = g_strconcat (SESSION_PREFIX, random, NULL);
  g_ptr_array_add (control->runs, run);
  if (send (control, call, node_id, run->session_id))
    return;
  g_ptr_array_remove (control->runs, run);
  bowline_action_call_result (call, "The device is not connected");
}

static void
run_device_run (BowlineActionCall *call, gpointer user_data)
{
  bl_control_runs_start (user_data, call, send_commands);
}

const BowlineAction *
bl_control_run_actions (guint *n)
{
  static const BowlineArgument arguments[] = {
    { .name = "device", .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_REQUIRED, .min = 1, .max = 300 },
    { .name = "cmds",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = BL_CONTROL_MAX_COMMANDS },
    { .name = "runAsUser", .type = BOWLINE_ARGUMENT_INTEGER, .min = 0, .max = 2 },
    { .name = "timeout", .type = BOWLINE_ARGUMENT_INTEGER, .min = 1, .max = BL_CONTROL_MAX_RUN_SECONDS },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("device.run", BOWLINE_ACTION_LOCAL | BOWLINE_ACTION_CHANGES,
                      "Runs commands on a device and tells what they say", run_device_run),
      BL_CONTROL_ARGUMENTS (arguments) },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
