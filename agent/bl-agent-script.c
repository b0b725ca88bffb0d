// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-script.h"

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define PACKAGE_PREFIX 4
#define STATUS_MAX 254
// On the first line of the script, so that the lines of its errors are its own. It counts as started at once: the time it
// may take is watched here.
#define BEFORE                                                                                                          \
  "(function(m){var bad=0;"                                                                                             \
  "function tell(f,end){return function(){var t=Array.prototype.slice.call(arguments).map(String).join(' ')+end;"       \
  "for(var i=0;i<t.length;i+=1048576){m.SendCommand({action:'scriptout',fd:f,text:t.substring(i,i+1048576)});}return true;};}" \
  "console.log=console.info=tell(1,'\\n');console.warn=console.error=tell(2,'\\n');"                                    \
  "process.stdout.write=tell(1,'');process.stderr.write=tell(2,'');"                                                    \
  "process.on('uncaughtException',function(){bad=1;});"                                                                 \
  "process.exit=function(n){m.SendCommand({action:'scriptend',status:n===undefined?bad:Number(n)&255});"                \
  "throw new Error('the script ends');};"                                                                               \
  "m.whenIdle(function(){m.SendCommand({action:'scriptend',status:bad});});"                                            \
  "m.SendCommand({action:'coreinfo'});})(require('MeshAgent'));"

struct _BlAgentScript
{
  BlScriptRunner *runner;
  const BlAgentScriptServes *serves;
  const BlAgentScriptEvents *events;
  gpointer user_data;
  char *said_last; // by the host, so that it is not said twice
  int status;
  char *why;
  gboolean over;
  guint end_id, limit_id, seconds;
};

static gboolean
end_cb (gpointer user_data)
{
  BlAgentScript *script = user_data;
  script->end_id = 0;
  bl_script_runner_stop (script->runner);
  script->events->ended (script->status, script->why, script->user_data);
  return G_SOURCE_REMOVE;
}

// The runner may not be stopped from its own callbacks.
static void
end_soon (BlAgentScript *script, int status, const char *why)
{
  if (script->over)
    return;
  script->over = TRUE;
  script->status = status;
  script->why = g_strdup (why);
  script->end_id = g_idle_add (end_cb, script);
}

static void
say (BlAgentScript *script, const char *text, gboolean is_error)
{
  if (!script->over)
    script->events->said (text, is_error, script->user_data);
}

static void
send_command_cb (BlScriptRunner *runner, GBytes *frame, gboolean text, gpointer user_data)
{
  BlAgentScript *script = user_data;
  gsize length;
  const char *data = g_bytes_get_data (frame, &length);
  g_autoptr (GVariant) message = text ? bl_json_parse_object (data, length, NULL, BL_JSON_REPLACE_INVALID_UTF8, NULL) : NULL;
  const char *action = message != NULL ? bl_variant_get_string (message, "action") : NULL;
  const char *said = message != NULL ? bl_variant_get_string (message, "text") : NULL;
  if (g_strcmp0 (action, "scriptout") == 0 && said != NULL)
    say (script, said, bl_variant_get_int (message, "fd", 1) == 2);
  else if (g_strcmp0 (action, "scriptend") == 0)
    end_soon (script, (int)CLAMP (bl_variant_get_int (message, "status", 0), 0, STATUS_MAX), NULL);
}

static void
log_cb (BlScriptRunner *runner, GLogLevelFlags level, const char *text, gpointer user_data)
{
  BlAgentScript *script = user_data;
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  say (script, line, TRUE);
  g_free (script->said_last);
  script->said_last = g_strdup (text);
}

static void
state_changed_cb (BlScriptRunner *runner, BlScriptState state, const GError *error, gpointer user_data)
{
  BlAgentScript *script = user_data;
  if (state != BL_SCRIPT_STATE_FAILED)
    return;
  if (g_error_matches (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_EXCEPTION))
    end_soon (script, 1, NULL);
  else if (error != NULL && g_strcmp0 (error->message, script->said_last) == 0)
    end_soon (script, BL_AGENT_SCRIPT_NO_STATUS, NULL);
  else
    end_soon (script, BL_AGENT_SCRIPT_NO_STATUS, error != NULL ? error->message : "the script was given up");
}

static void
power_cb (BlScriptRunner *runner, BlScriptCall *call, gint64 action, gboolean forced, gpointer user_data)
{
  const BlAgentScriptServes *serves = ((BlAgentScript *)user_data)->serves;
  serves->power (call, action, forced, serves->user_data);
}

static void
operation_cb (BlScriptRunner *runner, BlScriptCall *call, const char *name, GVariant *args, gpointer user_data)
{
  const BlAgentScriptServes *serves = ((BlAgentScript *)user_data)->serves;
  serves->operation (call, name, args, serves->user_data);
}

static gboolean
limit_cb (gpointer user_data)
{
  BlAgentScript *script = user_data;
  g_autofree char *why = g_strdup_printf ("The script did not end within %u seconds.", script->seconds);
  script->limit_id = 0;
  end_soon (script, BL_AGENT_SCRIPT_NO_STATUS, why);
  return G_SOURCE_REMOVE;
}

static GBytes *
make_package (const char *source)
{
  g_autoptr (GByteArray) package = g_byte_array_new ();
  const guint8 prefix[PACKAGE_PREFIX] = { 0 };
  g_byte_array_append (package, prefix, sizeof prefix);
  g_byte_array_append (package, (const guint8 *)BEFORE, strlen (BEFORE));
  g_byte_array_append (package, (const guint8 *)source, (guint)strlen (source));
  return g_byte_array_free_to_bytes (g_steal_pointer (&package));
}

BlAgentScript *
bl_agent_script_start (const BlScriptOptions *options, const char *source, GVariant *info, guint seconds,
                       const BlAgentScriptServes *serves, const BlAgentScriptEvents *events, gpointer user_data, GError **error)
{
  BlScriptOps ops = { .send_command = send_command_cb, .log = log_cb, .state_changed = state_changed_cb };
  if (strlen (source) > BL_AGENT_SCRIPT_SIZE)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE, "A script has at most %u bytes.", BL_AGENT_SCRIPT_SIZE);
      return NULL;
    }
  if (serves != NULL)
    {
      ops.power = serves->power != NULL ? power_cb : NULL;
      ops.operation = serves->operation != NULL ? operation_cb : NULL;
    }
  g_autoptr (GBytes) package = make_package (source);
  g_autoptr (BlAgentScript) script = g_new0 (BlAgentScript, 1);
  script->serves = serves;
  script->events = events;
  script->user_data = user_data;
  script->seconds = seconds;
  script->runner = bl_script_runner_new (options, &ops, script, NULL);
  if (info != NULL)
    bl_script_runner_set_server_info (script->runner, info);
  bl_script_runner_set_connected (script->runner, TRUE);
  if (!bl_script_runner_set_core (script->runner, package, error))
    return NULL;
  if (seconds > 0)
    script->limit_id = g_timeout_add_seconds (seconds, limit_cb, script);
  return g_steal_pointer (&script);
}

void
bl_agent_script_end (BlAgentScript *script, const char *why)
{
  end_soon (script, BL_AGENT_SCRIPT_NO_STATUS, why);
}

void
bl_agent_script_set_info (BlAgentScript *script, GVariant *info)
{
  bl_script_runner_set_server_info (script->runner, info);
}

void
bl_agent_script_free (BlAgentScript *script)
{
  if (script == NULL)
    return;
  g_clear_handle_id (&script->end_id, g_source_remove);
  g_clear_handle_id (&script->limit_id, g_source_remove);
  bl_script_runner_free (script->runner);
  g_free (script->said_last);
  g_free (script->why);
  g_free (script);
}
