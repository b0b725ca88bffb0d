// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-own-script.h"

#include "bl-agent-kept-script.h"
#include "common/bl-error.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define PART 24576u      // bytes of output in one message
#define ALIVE_SECONDS 30 // how often the server hears that a quiet script still runs
#define NO_RIGHTS "Your rights on this device do not allow scripts."

struct _BlAgentOwnScripts
{
  const BlScriptOptions *options;
  const BlAgentScriptServes *serves;
  BlAgentOwnScriptSend send;
  gpointer user_data;
  GVariant *info;
  GPtrArray *running; // Run
  BlAgentKeptScripts *kept;
};

typedef struct
{
  BlAgentOwnScripts *scripts;
  BlAgentScript *script;
  char *session, *response; // nullable
  gboolean streams;
  GString *output; // of one on the console
  gboolean cut;
  gsize told;
  guint alive_id;
} Run;

static void
run_free (gpointer data)
{
  Run *run = data;
  g_clear_handle_id (&run->alive_id, g_source_remove);
  bl_agent_script_free (run->script);
  g_string_free (run->output, TRUE);
  g_free (run->session);
  g_free (run->response);
  g_free (run);
}

// ---- answers -------------------------------------------------------------------------------------------------------

static void
add_text (GVariantBuilder *message, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_builder_add (message, "{sv}", key, g_variant_new_string (text));
}

static void
answer_console (BlAgentOwnScripts *scripts, const char *text, const char *session)
{
  GVariantBuilder message;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  add_text (&message, "action", "msg");
  add_text (&message, "type", "console");
  add_text (&message, "value", text);
  add_text (&message, "sessionid", session);
  scripts->send (g_variant_builder_end (&message), scripts->user_data);
}

// As commands answer that are run on a device: a server that knows those needs to know nothing new.
static void
answer_part (BlAgentOwnScripts *scripts, const char *session, const char *response, const char *stream, const char *data,
             gsize length)
{
  GVariantBuilder message;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  add_text (&message, "action", "msg");
  add_text (&message, "type", "runcommands");
  add_text (&message, "sessionid", session);
  add_text (&message, "responseid", response);
  add_text (&message, "stream", stream);
  if (data != NULL)
    g_variant_builder_add (&message, "{sv}", "data",
                           g_variant_new_take_string (g_base64_encode ((const guchar *)data, length)));
  scripts->send (g_variant_builder_end (&message), scripts->user_data);
}

static void
answer_end (BlAgentOwnScripts *scripts, const char *session, const char *response, int status, const char *why)
{
  GVariantBuilder message;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  add_text (&message, "action", "msg");
  add_text (&message, "type", "runcommands");
  add_text (&message, "sessionid", session);
  add_text (&message, "responseid", response);
  add_text (&message, "stream", "end");
  if (status >= 0)
    g_variant_builder_add (&message, "{sv}", "exit", g_variant_new_int64 (status));
  add_text (&message, "result", why);
  scripts->send (g_variant_builder_end (&message), scripts->user_data);
}

// ---- what a script says --------------------------------------------------------------------------------------------

static void
stream_output (Run *run, const char *text, gsize length, gboolean is_error)
{
  if (run->told + length > BL_AGENT_OWN_SCRIPT_STREAM)
    {
      g_autofree char *why = g_strdup_printf ("Ended: it said more than %u bytes", BL_AGENT_OWN_SCRIPT_STREAM);
      bl_agent_script_end (run->script, why);
      return;
    }
  run->told += length;
  for (gsize at = 0; at < length; at += PART)
    answer_part (run->scripts, run->session, run->response, is_error ? "err" : "out", text + at, MIN (length - at, PART));
}

static void
said_cb (const char *text, gboolean is_error, gpointer user_data)
{
  Run *run = user_data;
  const gsize length = strlen (text);
  if (run->streams)
    {
      stream_output (run, text, length, is_error);
      return;
    }
  const gsize room = BL_AGENT_OWN_SCRIPT_OUTPUT - MIN (run->output->len, BL_AGENT_OWN_SCRIPT_OUTPUT);
  if (run->cut)
    return;
  g_string_append_len (run->output, text, (gssize)MIN (length, room));
  if (length <= room)
    return;
  run->cut = TRUE;
  g_string_append (run->output, "\n[the rest is cut off]\n");
}

static void
ended_cb (int status, const char *why, gpointer user_data)
{
  Run *run = user_data;
  BlAgentOwnScripts *scripts = run->scripts;
  if (run->streams)
    answer_end (scripts, run->session, run->response, status, why);
  else
    {
      if (why != NULL)
        g_string_append_printf (run->output, "%s\n", why);
      g_autofree char *text = g_utf8_make_valid (run->output->str, (gssize)run->output->len);
      if (g_str_has_suffix (text, "\n"))
        text[strlen (text) - 1] = '\0';
      answer_console (scripts, text[0] != '\0' ? text : "(no output)", run->session);
    }
  g_ptr_array_remove_fast (scripts->running, run);
}

static gboolean
alive_cb (gpointer user_data)
{
  Run *run = user_data;
  answer_part (run->scripts, run->session, run->response, "alive", NULL, 0);
  return G_SOURCE_CONTINUE;
}

static gboolean
start_run (BlAgentOwnScripts *scripts, const char *source, GVariant *message, gboolean streams, GError **error)
{
  static const BlAgentScriptEvents events = { .said = said_cb, .ended = ended_cb };
  const gint64 seconds = bl_variant_get_int (message, "timeout", BL_AGENT_OWN_SCRIPT_SECONDS);
  if (scripts->running->len >= BL_AGENT_OWN_SCRIPTS_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%d scripts are running already.", BL_AGENT_OWN_SCRIPTS_MAX);
      return FALSE;
    }
  Run *run = g_new0 (Run, 1);
  run->scripts = scripts;
  run->session = g_strdup (bl_variant_get_string (message, "sessionid"));
  run->response = g_strdup (bl_variant_get_string (message, "responseid"));
  run->streams = streams;
  run->output = g_string_new (NULL);
  run->script = bl_agent_script_start (scripts->options, source, scripts->info,
                                       (guint)CLAMP (seconds, 1, BL_AGENT_OWN_SCRIPT_SECONDS_MAX), scripts->serves, &events,
                                       run, error);
  if (run->script == NULL)
    {
      run_free (run);
      return FALSE;
    }
  if (streams)
    run->alive_id = g_timeout_add_seconds (ALIVE_SECONDS, alive_cb, run);
  g_ptr_array_add (scripts->running, run);
  return TRUE;
}

// ---- the console ---------------------------------------------------------------------------------------------------

static gboolean
may (GVariant *message)
{
  const guint32 needed = BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_CONSOLE;
  return ((guint32)bl_variant_get_int (message, "rights", 0) & needed) == needed;
}

static const char *
who (GVariant *message)
{
  const char *user = bl_variant_get_string (message, "userid");
  return user != NULL ? user : "the server";
}

static gboolean
read_file (const char *path, char **text, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInfo) info = g_file_query_info (file, "standard::size,standard::type", G_FILE_QUERY_INFO_NONE, NULL, error);
  if (info == NULL)
    return FALSE;
  if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR || g_file_info_get_size (info) > BL_AGENT_SCRIPT_SIZE)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: a file of at most %u bytes is expected.", path, BL_AGENT_SCRIPT_SIZE);
      return FALSE;
    }
  return g_file_get_contents (path, text, NULL, error);
}

static gboolean
take_console (BlAgentOwnScripts *scripts, GVariant *message)
{
  const char *value = bl_variant_get_string (message, "value"), *session = bl_variant_get_string (message, "sessionid");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  if (value == NULL || !g_str_has_prefix (value, "script "))
    return FALSE;
  if (!may (message))
    {
      answer_console (scripts, NO_RIGHTS, session);
      return TRUE;
    }
  value += strlen ("script ");
  if (g_str_has_prefix (value, "-e "))
    text = g_strdup (value + strlen ("-e "));
  else
    read_file (value, &text, &error);
  if (text != NULL)
    g_message ("a script of %s runs", who (message));
  if (text == NULL || !start_run (scripts, text, message, FALSE, &error))
    answer_console (scripts, error->message, session);
  return TRUE;
}

// ---- orders of the server ------------------------------------------------------------------------------------------

static gboolean
keep (BlAgentOwnScripts *scripts, const char *name, const char *source, GVariant *message, GError **error)
{
  if (!bl_agent_kept_scripts_keep (scripts->kept, name, source, who (message), scripts->info, error))
    return FALSE;
  g_message ("the script \"%s\" of %s is kept", name, who (message));
  return TRUE;
}

static gboolean
serve (BlAgentOwnScripts *scripts, GVariant *message, gboolean *runs, char **said, GError **error)
{
  const char *op = bl_variant_get_string (message, "op"), *name = bl_variant_get_string (message, "name");
  const char *source = bl_variant_get_string (message, "source");
  if (!may (message))
    g_set_error_literal (error, BL_ERROR, BL_ERROR_AUTH, NO_RIGHTS);
  else if (g_strcmp0 (op, "run") == 0 && source != NULL)
    {
      g_message ("a script of %s runs", who (message));
      return *runs = start_run (scripts, source, message, TRUE, error);
    }
  else if (g_strcmp0 (op, "keep") == 0 && source != NULL)
    return keep (scripts, name, source, message, error);
  else if (g_strcmp0 (op, "stop") == 0)
    return bl_agent_kept_scripts_stop (scripts->kept, name, error);
  else if (g_strcmp0 (op, "list") == 0)
    return (*said = bl_agent_kept_scripts_list (scripts->kept)) != NULL;
  else
    g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "The agent does not know this order.");
  return FALSE;
}

static void
take_order (BlAgentOwnScripts *scripts, GVariant *message)
{
  const char *session = bl_variant_get_string (message, "sessionid"), *response = bl_variant_get_string (message, "responseid");
  g_autoptr (GError) error = NULL;
  g_autofree char *said = NULL;
  gboolean runs = FALSE;
  const gboolean done = serve (scripts, message, &runs, &said, &error);
  if (runs)
    return;
  const gsize length = said != NULL ? strlen (said) : 0;
  for (gsize at = 0; at < length; at += PART)
    answer_part (scripts, session, response, "out", said + at, MIN (length - at, PART));
  answer_end (scripts, session, response, done ? 0 : BL_AGENT_SCRIPT_NO_STATUS, done ? NULL : error->message);
}

static gboolean
take_stop (BlAgentOwnScripts *scripts, GVariant *message)
{
  const char *session = bl_variant_get_string (message, "sessionid"), *response = bl_variant_get_string (message, "responseid");
  gboolean found = FALSE;
  for (guint i = 0; i < scripts->running->len && session != NULL && response != NULL; i++)
    {
      Run *run = scripts->running->pdata[i];
      if (!run->streams || g_strcmp0 (run->session, session) != 0 || g_strcmp0 (run->response, response) != 0)
        continue;
      bl_agent_script_end (run->script, "Ended by who started it");
      found = TRUE;
    }
  return found;
}

gboolean
bl_agent_own_scripts_take (BlAgentOwnScripts *scripts, GVariant *message)
{
  const char *type = bl_variant_get_string (message, "type");
  if (g_strcmp0 (bl_variant_get_string (message, "action"), "msg") != 0 || type == NULL)
    return FALSE;
  if (g_str_equal (type, "console"))
    return take_console (scripts, message);
  if (g_str_equal (type, "runstop"))
    return take_stop (scripts, message);
  if (!g_str_equal (type, "runscript"))
    return FALSE;
  take_order (scripts, message);
  return TRUE;
}

// ---- life ----------------------------------------------------------------------------------------------------------

BlAgentOwnScripts *
bl_agent_own_scripts_new (const BlScriptOptions *options, const BlAgentScriptServes *serves, const char *directory,
                          BlAgentOwnScriptSend send, gpointer user_data)
{
  BlAgentOwnScripts *scripts = g_new0 (BlAgentOwnScripts, 1);
  scripts->options = options;
  scripts->serves = serves;
  scripts->send = send;
  scripts->user_data = user_data;
  scripts->running = g_ptr_array_new_with_free_func (run_free);
  scripts->kept = bl_agent_kept_scripts_new (options, serves, directory);
  return scripts;
}

void
bl_agent_own_scripts_set_info (BlAgentOwnScripts *scripts, GVariant *info)
{
  g_clear_pointer (&scripts->info, g_variant_unref);
  scripts->info = g_variant_ref_sink (info);
  bl_agent_kept_scripts_set_info (scripts->kept, scripts->info);
}

void
bl_agent_own_scripts_disconnected (BlAgentOwnScripts *scripts)
{
  for (guint i = 0; i < scripts->running->len; i++)
    bl_agent_script_end (((Run *)scripts->running->pdata[i])->script, "Ended: nobody was listening any more");
}

void
bl_agent_own_scripts_free (BlAgentOwnScripts *scripts)
{
  if (scripts == NULL)
    return;
  g_ptr_array_unref (scripts->running);
  bl_agent_kept_scripts_free (scripts->kept);
  g_clear_pointer (&scripts->info, g_variant_unref);
  g_free (scripts);
}
