// SPDX-License-Identifier: Apache-2.0
// bowlinectl: the administrator's tool. It speaks to the server over the local socket in the data directory; when no
// server runs there, it starts one in maintenance mode (no network) for the time of the request.
#include "bl-build-config.h"
#include "bl-ctl-client.h"
#include "bl-ctl-commands.h"
#include "bl-ctl-restore.h"
#include "bl-ctl-run.h"
#include "bl-ctl-script.h"
#include "bl-ctl-tree.h"
#include "common/bl-json.h"

#include <errno.h>
#include <gio/gio.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWORD_MAX 1024

#define EXIT_REFUSED 1
#define EXIT_USAGE 2

typedef struct
{
  char *data_dir;
  char *config;
  char **sets;
  gboolean json;
  gboolean version;
  gboolean password_stdin;
  gboolean site_admin;
  gboolean dry_run;
  gboolean replace;
  gboolean check;
  gboolean as_user;
  gint timeout;
  char *script;
  char *name;
  char *email;
} Options;

static int
usage_error (const char *format, ...) G_GNUC_PRINTF (1, 2);

static int
usage_error (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("bowlinectl: %s; see bowlinectl --help\n", message);
  return EXIT_USAGE;
}

static char *
describe_commands (void)
{
  guint n;
  const BlCtlCommand *commands = bl_ctl_commands (&n);
  GString *text = g_string_new ("Commands:\n");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *left = g_strjoin (" ", commands[i].words, commands[i].operand, NULL);
      g_string_append_printf (text, "  %-28s %s\n", left, commands[i].summary);
    }
  return g_string_free (text, FALSE);
}

static char *
read_password (GError **error)
{
  char buffer[PASSWORD_MAX + 2];
  gsize length = 0;
  while (length < sizeof buffer)
    {
      const ssize_t n = read (STDIN_FILENO, buffer + length, sizeof buffer - length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      length += n;
      if (memchr (buffer, '\n', length) != NULL)
        break;
    }
  const char *end = memchr (buffer, '\n', length);
  if (end != NULL)
    length = end - buffer;
  if (length == 0 || length > PASSWORD_MAX || memchr (buffer, '\0', length) != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "password on standard input: expected one line of 1 to %d bytes", PASSWORD_MAX);
      return NULL;
    }
  return g_strndup (buffer, length);
}

static int
print_answer (const BlCtlCommand *command, GVariant *answer, gboolean json)
{
  const char *result = NULL, *failure = NULL;
  g_variant_lookup (answer, "result", "&s", &result);
  g_variant_lookup (answer, "error", "&s", &failure);
  if (failure == NULL && result != NULL && g_ascii_strcasecmp (result, "ok") != 0)
    failure = result;
  if (json)
    {
      g_autofree char *text = bl_json_to_string (answer, NULL); // it came as JSON, so it has that form
      g_print ("%s\n", text);
    }
  if (failure != NULL)
    {
      g_printerr ("bowlinectl: %s\n", failure);
      return EXIT_REFUSED;
    }
  if (!json && command->print != NULL)
    command->print (answer);
  return EXIT_SUCCESS;
}

static BlCtlServer
server_of (const Options *options)
{
  return (BlCtlServer){ .data_dir = options->data_dir, .config = options->config, .sets = options->sets };
}

static int
run_on_server (const Options *options, const BlCtlCommand *command, const BlCtlArguments *arguments)
{
  const BlCtlServer server = server_of (options);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) request = bl_ctl_request (command, arguments);
  g_autoptr (GVariant) answer = bl_ctl_server_ask (&server, request, NULL, &error);
  if (answer == NULL)
    {
      g_printerr ("bowlinectl: %s\n", error->message);
      return EXIT_REFUSED;
    }
  return print_answer (command, answer, options->json);
}

// Whether a server of this installation starts on the data in @directory and keeps changes there.
static gboolean
probe_data (const char *directory, gpointer user_data, GError **error)
{
  const Options *options = user_data;
  // The certificate of the configuration may be one that is only about to be restored.
  char *sets[] = { (char *)"server.web-certificate=", (char *)"server.web-key=", NULL };
  g_autofree char *beside = g_build_filename (options->data_dir, "bowline.conf", NULL);
  BlCtlServer there = { .data_dir = directory, .config = options->config, .sets = sets };
  if (there.config == NULL && g_file_test (beside, G_FILE_TEST_EXISTS))
    there.config = beside;
  GVariantDict dict;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "action", "s", "status");
  g_variant_dict_insert (&dict, "responseid", "s", "bowlinectl");
  g_autoptr (GVariant) request = g_variant_ref_sink (g_variant_dict_end (&dict));
  int ended = 0;
  g_autoptr (GVariant) answer = bl_ctl_server_ask (&there, request, &ended, error);
  if (answer == NULL)
    return FALSE;
  g_autoptr (GVariant) store = g_variant_lookup_value (answer, "store", G_VARIANT_TYPE_VARDICT);
  gboolean healthy = FALSE;
  const char *problem = "see above";
  if (store != NULL)
    {
      g_variant_lookup (store, "healthy", "b", &healthy);
      g_variant_lookup (store, "problem", "&s", &problem);
    }
  if (healthy && WIFEXITED (ended) && WEXITSTATUS (ended) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "its store does not work: %s", problem);
  return FALSE;
}

static int
run_restore (const Options *options, const BlCtlArguments *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *aside = NULL;
  if (!bl_ctl_restore (options->data_dir, arguments->operand, arguments->check, probe_data, (gpointer)options, &aside,
                       &error))
    {
      g_printerr ("bowlinectl: %s\n", error->message);
      return EXIT_REFUSED;
    }
  if (options->json)
    {
      g_autoptr (GString) text = g_string_new ("{\"result\":\"ok\"");
      if (aside != NULL)
        {
          g_string_append (text, ",\"aside\":");
          bl_json_append_string (text, aside);
        }
      g_print ("%s}\n", text->str);
    }
  else if (arguments->check)
    g_print ("The archive is good.\n");
  else
    g_print ("Restored. What was here before is in %s.\n", aside);
  return EXIT_SUCCESS;
}

// A dry run where nothing is yet needs an empty server to compare with, and must leave nothing behind.
static int
run_command (const Options *options, const BlCtlCommand *command, const BlCtlArguments *arguments)
{
  g_autofree char *store = g_build_filename (options->data_dir, "bowline.db", NULL);
  if (!arguments->dry_run || g_file_test (store, G_FILE_TEST_EXISTS))
    return run_on_server (options, command, arguments);
  g_autoptr (GError) error = NULL;
  g_autofree char *scratch = bl_ctl_tree_scratch (&error);
  Options elsewhere = *options;
  if (scratch == NULL)
    {
      g_printerr ("bowlinectl: %s\n", error->message);
      return EXIT_REFUSED;
    }
  elsewhere.data_dir = scratch;
  const int status = run_on_server (&elsewhere, command, arguments);
  if (!bl_ctl_tree_remove (scratch))
    g_printerr ("bowlinectl: %s was not removed\n", scratch);
  return status;
}

// No server is started for it: no device is connected to one that has no network.
static int
run_on_device (const Options *options, const BlCtlArguments *arguments, char **words)
{
  const BlCtlRun run = {
    .device = arguments->operand,
    .words = (const char *const *)words,
    .script = options->script,
    .as_user = options->as_user,
    .seconds = options->timeout,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) request = bl_ctl_run_request (&run, &error);
  if (request == NULL)
    return usage_error ("run: %s", error->message);
  g_autoptr (GSocketConnection) connection = bl_ctl_server_connect (options->data_dir, &error);
  if (connection == NULL)
    {
      g_printerr ("bowlinectl: no server runs there: %s\n", error->message);
      return BL_CTL_RUN_FAILED;
    }
  return bl_ctl_run (connection, request, options->json);
}

static int
run_script (const Options *options, const BlCtlCommand *command, const char *operand, char **words)
{
  const BlCtlScript script = {
    .op = command->action,
    .operand = operand,
    .devices = (const char *const *)words,
    .name = options->name,
    .seconds = options->timeout,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) requests = bl_ctl_script_requests (&script, &error);
  if (requests == NULL)
    return usage_error ("%s: %s", command->words, error->message);
  return bl_ctl_script_run (options->data_dir, requests, options->json);
}

static int
check_and_run (const Options *options, char **words)
{
  guint used = 0;
  const BlCtlCommand *command = bl_ctl_find (words, &used);
  if (command == NULL)
    return usage_error (words[0] == NULL ? "a command is missing" : "unknown command \"%s\"", words[0]);
  BlCtlArguments arguments = {
    .email = options->email,
    .site_admin = options->site_admin,
    .dry_run = options->dry_run,
    .replace = options->replace,
    .check = options->check,
  };
  if ((command->flags & BL_CTL_OPERAND) != 0)
    {
      arguments.operand = words[used];
      if (arguments.operand == NULL || arguments.operand[0] == '\0')
        return usage_error ("%s: %s is missing", command->words, command->operand);
      used++;
    }
  if ((command->flags & BL_CTL_POLICY) != 0 && words[used] != NULL)
    arguments.policy = (const char *const *)words + used;
  else if (words[used] != NULL && (command->flags & (BL_CTL_RUN | BL_CTL_SCRIPT)) == 0)
    return usage_error ("%s: \"%s\" is one word too many", command->words, words[used]);
  if (options->email != NULL && (command->flags & BL_CTL_EMAIL) == 0)
    return usage_error ("%s takes no --email", command->words);
  if (options->site_admin && (command->flags & BL_CTL_SITE_ADMIN) == 0)
    return usage_error ("%s takes no --site-admin", command->words);
  if ((options->dry_run || options->replace) && (command->flags & BL_CTL_DRY_RUN) == 0)
    return usage_error ("%s takes no %s", command->words, options->dry_run ? "--dry-run" : "--replace");
  if (options->check && (command->flags & BL_CTL_CHECK) == 0)
    return usage_error ("%s takes no --check", command->words);
  if ((options->script != NULL || options->as_user) && (command->flags & BL_CTL_RUN) == 0)
    return usage_error ("%s takes no --script or --as-user", command->words);
  if (options->timeout != 0 && (command->flags & (BL_CTL_RUN | BL_CTL_SCRIPT)) == 0)
    return usage_error ("%s takes no --timeout", command->words);
  if (options->name != NULL && (command->flags & BL_CTL_SCRIPT) == 0)
    return usage_error ("%s takes no --name", command->words);
  if (options->password_stdin != ((command->flags & BL_CTL_PASSWORD) != 0))
    return usage_error (options->password_stdin ? "%s takes no --password-stdin" : "%s needs --password-stdin",
                        command->words);
  g_autoptr (GError) error = NULL;
  if (options->password_stdin && (arguments.password = read_password (&error)) == NULL)
    return usage_error ("%s", error->message);
  int status;
  if ((command->flags & BL_CTL_RUN) != 0)
    status = run_on_device (options, &arguments, words + used);
  else if ((command->flags & BL_CTL_SCRIPT) != 0)
    status = run_script (options, command, arguments.operand, words + used);
  else if ((command->flags & BL_CTL_CHECK) != 0)
    status = run_restore (options, &arguments);
  else if (command->local != NULL)
    status = command->local (options->data_dir, arguments.operand, options->json);
  else
    status = run_command (options, command, &arguments);
  if (arguments.password != NULL)
    {
      explicit_bzero (arguments.password, strlen (arguments.password));
      g_free (arguments.password);
    }
  return status;
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  Options options = { 0 };
  g_auto (GStrv) words = NULL;
  const GOptionEntry entries[] = {
    { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &options.data_dir, "the server's data directory", "DIR" },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options.config, "configuration, for a server that does not run", "FILE" },
    { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.sets, "setting, for a server that does not run",
      "SECTION.KEY=VALUE" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "print the answer as JSON", NULL },
    { "email", 0, 0, G_OPTION_ARG_STRING, &options.email, "mail address (user create)", "ADDRESS" },
    { "site-admin", 0, 0, G_OPTION_ARG_NONE, &options.site_admin, "full administrator (user create)", NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &options.dry_run, "only say what would be done (import-meshcentral)", NULL },
    { "replace", 0, 0, G_OPTION_ARG_NONE, &options.replace, "what is here gives way (import-meshcentral)", NULL },
    { "check", 0, 0, G_OPTION_ARG_NONE, &options.check, "only verify the archive (restore)", NULL },
    { "password-stdin", 0, 0, G_OPTION_ARG_NONE, &options.password_stdin, "read the password from standard input",
      NULL },
    { "script", 0, 0, G_OPTION_ARG_FILENAME, &options.script, "run the content of FILE (run)", "FILE" },
    { "as-user", 0, 0, G_OPTION_ARG_NONE, &options.as_user, "as the person at the screen (run)", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &options.timeout, "end it after so many seconds (run, script)", "SECONDS" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &options.name, "name to keep it under (script keep)", "NAME" },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options.version, "print the version", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, NULL },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GOptionContext) context = g_option_context_new ("COMMAND [OPERAND]");
  g_autofree char *description = describe_commands ();
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  int status;
  if (!g_option_context_parse (context, &argc, &argv, &error))
    status = usage_error ("%s", error->message);
  else if (options.version)
    {
      g_print ("bowlinectl " BL_VERSION "\n");
      status = EXIT_SUCCESS;
    }
  else
    {
      if (options.data_dir == NULL)
        options.data_dir = g_strdup (BL_CTL_DATA_DIR);
      status = check_and_run (&options, words != NULL ? words : (char *[]){ NULL });
    }
  g_free (options.data_dir);
  g_free (options.config);
  g_strfreev (options.sets);
  g_free (options.email);
  g_free (options.script);
  g_free (options.name);
  return status;
}
