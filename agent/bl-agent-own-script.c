// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-own-script.h"

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define PACKAGE_PREFIX 4
// On the first line of the script, so that the lines of its errors are its own.
#define BEFORE                                                                                                          \
  "(function(m){function say(t){m.SendCommand({action:'scriptout',text:String(t)});}"                                   \
  "console.log=console.info=console.warn=console.error=say;process.stdout.write=process.stderr.write=say;"              \
  "process.exit=function(){m.SendCommand({action:'scriptend'});throw new Error('the script ends');};})(require('MeshAgent'));"
#define AFTER "\n;require('MeshAgent').whenIdle(function(){require('MeshAgent').SendCommand({action:'scriptend'});});"

struct _BlAgentOwnScripts
{
  BlScriptOptions options;
  BlAgentOwnScriptDone done;
  gpointer user_data;
  GPtrArray *running; // Script
};

typedef struct
{
  BlAgentOwnScripts *scripts;
  BlScriptRunner *runner;
  GString *output;
  char *session;
  gboolean cut;
  guint end_id;
} Script;

static void
script_free (gpointer data)
{
  Script *script = data;
  g_clear_handle_id (&script->end_id, g_source_remove);
  bl_script_runner_free (script->runner);
  g_string_free (script->output, TRUE);
  g_free (script->session);
  g_free (script);
}

static void
say (Script *script, const char *text)
{
  const gsize length = strlen (text);
  const gsize room = BL_AGENT_OWN_SCRIPT_OUTPUT - MIN (script->output->len, BL_AGENT_OWN_SCRIPT_OUTPUT);
  if (script->cut || script->end_id != 0)
    return;
  if (script->output->len > 0)
    g_string_append_c (script->output, '\n');
  g_string_append_len (script->output, text, (gssize)MIN (length, room));
  if (length <= room)
    return;
  script->cut = TRUE;
  g_string_append (script->output, "\n[the rest is cut off]");
}

static gboolean
end_cb (gpointer user_data)
{
  Script *script = user_data;
  BlAgentOwnScripts *scripts = script->scripts;
  script->end_id = 0;
  g_autofree char *text = g_utf8_make_valid (script->output->str, (gssize)script->output->len);
  scripts->done (text, script->session, scripts->user_data);
  g_ptr_array_remove (scripts->running, script);
  return G_SOURCE_REMOVE;
}

// The runner may not be freed from its own callbacks.
static void
end_soon (Script *script)
{
  if (script->end_id == 0)
    script->end_id = g_idle_add (end_cb, script);
}

static void
send_command_cb (BlScriptRunner *runner, GBytes *frame, gboolean text, gpointer user_data)
{
  Script *script = user_data;
  gsize length;
  const char *data = g_bytes_get_data (frame, &length);
  g_autoptr (GVariant) message = text ? bl_json_parse_object (data, length, NULL, BL_JSON_REPLACE_INVALID_UTF8, NULL) : NULL;
  const char *action = message != NULL ? bl_variant_get_string (message, "action") : NULL;
  const char *said = message != NULL ? bl_variant_get_string (message, "text") : NULL;
  // Whatever else it sends is not for the server: it does not speak for the agent.
  if (g_strcmp0 (action, "scriptout") == 0 && said != NULL)
    say (script, said);
  else if (g_strcmp0 (action, "scriptend") == 0)
    end_soon (script);
}

static void
log_cb (BlScriptRunner *runner, GLogLevelFlags level, const char *text, gpointer user_data)
{
  say (user_data, text);
}

static void
state_changed_cb (BlScriptRunner *runner, BlScriptState state, const GError *error, gpointer user_data)
{
  Script *script = user_data;
  if (state != BL_SCRIPT_STATE_FAILED)
    return;
  if (g_error_matches (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_NOT_READY))
    say (script, "The script did not end within " G_STRINGIFY (BL_AGENT_OWN_SCRIPT_SECONDS) " seconds.");
  else if (error != NULL && !g_error_matches (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_EXCEPTION)) // which was logged
    say (script, error->message);
  end_soon (script);
}

gboolean
bl_agent_own_script_read (const char *path, char **text, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info = g_file_query_info (file, "standard::size,standard::type", G_FILE_QUERY_INFO_NONE, NULL, error);
  if (info == NULL)
    return FALSE;
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR || g_file_info_get_size (info) > BL_AGENT_OWN_SCRIPT_SIZE)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: a file of at most %u bytes is expected.", path, BL_AGENT_OWN_SCRIPT_SIZE);
      return FALSE;
    }
  return g_file_get_contents (path, text, NULL, error);
}

BlAgentOwnScripts *
bl_agent_own_scripts_new (const BlScriptOptions *options, BlAgentOwnScriptDone done, gpointer user_data)
{
  BlAgentOwnScripts *scripts = g_new0 (BlAgentOwnScripts, 1);
  scripts->options = *options;
  scripts->options.name = "script";
  scripts->options.state_dir = NULL;
  scripts->options.crash_limit = 1;
  scripts->options.start_ms = BL_AGENT_OWN_SCRIPT_SECONDS * 1000;
  scripts->done = done;
  scripts->user_data = user_data;
  scripts->running = g_ptr_array_new_with_free_func (script_free);
  return scripts;
}

void
bl_agent_own_scripts_free (BlAgentOwnScripts *scripts)
{
  if (scripts == NULL)
    return;
  g_ptr_array_unref (scripts->running);
  g_free (scripts);
}

gboolean
bl_agent_own_scripts_run (BlAgentOwnScripts *scripts, const char *source, GVariant *info, const char *session, GError **error)
{
  static const BlScriptOps ops = { .send_command = send_command_cb, .log = log_cb, .state_changed = state_changed_cb };
  if (strlen (source) > BL_AGENT_OWN_SCRIPT_SIZE)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "A script has at most %u bytes.", BL_AGENT_OWN_SCRIPT_SIZE);
      return FALSE;
    }
  if (scripts->running->len >= BL_AGENT_OWN_SCRIPTS_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%d scripts are running already.", BL_AGENT_OWN_SCRIPTS_MAX);
      return FALSE;
    }
  g_autoptr (GByteArray) package = g_byte_array_new ();
  const guint8 prefix[PACKAGE_PREFIX] = { 0 };
  g_byte_array_append (package, prefix, sizeof prefix);
  g_byte_array_append (package, (const guint8 *)BEFORE, strlen (BEFORE));
  g_byte_array_append (package, (const guint8 *)source, (guint)strlen (source));
  g_byte_array_append (package, (const guint8 *)AFTER, strlen (AFTER));
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&package));
  Script *script = g_new0 (Script, 1);
  script->scripts = scripts;
  script->output = g_string_new (NULL);
  script->session = g_strdup (session);
  script->runner = bl_script_runner_new (&scripts->options, &ops, script, NULL);
  g_ptr_array_add (scripts->running, script);
  if (info != NULL)
    bl_script_runner_set_server_info (script->runner, info);
  bl_script_runner_set_connected (script->runner, TRUE);
  if (bl_script_runner_set_core (script->runner, bytes, error))
    return TRUE;
  g_ptr_array_remove (scripts->running, script);
  return FALSE;
}
