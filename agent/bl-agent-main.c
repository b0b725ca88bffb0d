// SPDX-License-Identifier: Apache-2.0
// bowline-agent: options, settings and signals; the agent itself is BlAgent.
#include "bl-agent-doctor.h"
#include "bl-agent-enroll.h"
#include "bl-agent-proxy.h"
#include "bl-agent-release.h"
#include "bl-agent-setup.h"
#include "bl-agent.h"
#include "bl-build-config.h"
#include "bl-build-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define DEFAULT_STATE_DIR "/var/lib/bowline-agent"
#define SETTINGS_NAME "bowline-agent.msh"
#define LOCK_NAME "agent.lock"
#define SETTINGS_MAX (256 * 1024)

typedef struct
{
  char *config;
  char *state_dir;
  char *server_id;
  char *proxy;
  char *install_path;
  char *archive;
  char *root;
  char *copy_msh;
  gboolean foreground;
  gboolean node_id;
  gboolean version;
  gboolean trial_guard;
  char **words;
} Options;

// What scripts that know MeshAgent say, and what it is called here.
static const struct
{
  const char *given;
  const char *word;
} mesh_words[] = {
  { "-install", "install" },   { "-fullinstall", "install" }, { "-uninstall", "uninstall" },
  { "-fulluninstall", "fulluninstall" }, { "-nodeid", "nodeid" }, { "-name", "name" }, { "-state", "state" },
};

static void
translate_words (char **argv)
{
  for (guint i = 0; i < G_N_ELEMENTS (mesh_words); i++)
    if (argv[0] != NULL && argv[1] != NULL && g_str_equal (argv[1], mesh_words[i].given))
      argv[1] = (char *)mesh_words[i].word;
}

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "settings: a .msh, or a key file", "FILE" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir, "where keys and state are kept", "DIR" },
    { "foreground", 0, 0, G_OPTION_ARG_NONE, &options->foreground, "stay in the foreground (always so)", NULL },
    { "node-id", 0, 0, G_OPTION_ARG_NONE, &options->node_id, "print this device's id, 96 hex digits, and end", NULL },
    { "server-id", 0, 0, G_OPTION_ARG_STRING, &options->server_id, "with enroll: the server's id, 96 hex digits",
      "HEX" },
    { "proxy", 0, 0, G_OPTION_ARG_STRING, &options->proxy, "the HTTP proxy to the server; enroll keeps it",
      "[http://][USER:PASSWORD@]HOST[:PORT]" },
    { "WebProxy", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->proxy, NULL, NULL },
    { "installPath", 0, 0, G_OPTION_ARG_FILENAME, &options->install_path,
      "with install: where an agent from an archive puts itself", "DIR" },
    { "archive", 0, 0, G_OPTION_ARG_FILENAME, &options->archive,
      "with install: the archive this program comes from, so that servers know what is installed", "FILE" },
    { "root", 0, 0, G_OPTION_ARG_FILENAME, &options->root, "with install and uninstall: another root", "DIR" },
    { "copy-msh", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &options->copy_msh, NULL, NULL },
    { "trial-guard", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &options->trial_guard, NULL, NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "print the version and end", NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->words, NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("[enroll URL GROUP | doctor | install | uninstall | fulluninstall | state]");
  g_option_context_set_summary (context, "The Bowline agent: makes this machine manageable from its server.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (options->state_dir == NULL)
    options->state_dir = g_strdup (DEFAULT_STATE_DIR);
  return TRUE;
}

static char *
find_beside (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  return g_strconcat (program != NULL ? program : "bowline-agent", ".msh", NULL);
}

// The settings file that is given, the one in the state directory, or the one beside the program.
static char *
find_settings (const Options *options)
{
  if (options->config != NULL)
    return g_strdup (options->config);
  g_autofree char *kept = g_build_filename (options->state_dir, SETTINGS_NAME, NULL);
  if (g_file_test (kept, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&kept);
  g_autofree char *beside = find_beside ();
  return g_file_test (beside, G_FILE_TEST_EXISTS) ? g_steal_pointer (&beside) : g_steal_pointer (&kept);
}

static gboolean
read_bounded (const char *path, char **text, gsize *length, GError **error)
{
  GStatBuf info;
  if (g_stat (path, &info) == 0 && info.st_size > SETTINGS_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: expected at most %d bytes, found %" G_GINT64_FORMAT,
                   path, SETTINGS_MAX, (gint64)info.st_size);
      return FALSE;
    }
  return g_file_get_contents (path, text, length, error);
}

// Reads a .msh, or a key file whose [agent] section names one (msh=FILE).
static BlMsh *
read_settings_file (const char *path, GKeyFile **settings, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  if (!read_bounded (path, &text, &length, error))
    return NULL;
  g_autoptr (GKeyFile) key_file = g_key_file_new ();
  if (g_key_file_load_from_data (key_file, text, length, G_KEY_FILE_NONE, NULL)
      && g_key_file_has_group (key_file, "agent"))
    {
      g_autofree char *msh_path = g_key_file_get_string (key_file, "agent", "msh", error);
      if (msh_path == NULL)
        return NULL;
      g_clear_pointer (&text, g_free);
      if (!read_bounded (msh_path, &text, &length, error))
        return NULL;
      *settings = g_key_file_ref (key_file);
    }
  BlMsh *msh = bl_msh_parse (text, length, error);
  if (msh == NULL)
    g_prefix_error (error, "%s: ", path);
  return msh;
}

// GIVEN: (nullable): a proxy that counts more than that of the settings
static BlMsh *
read_settings_from (const char *path, const char *given, GKeyFile **settings, GError **error)
{
  g_autoptr (BlMsh) msh = read_settings_file (path, settings, error);
  if (msh == NULL || given == NULL)
    return g_steal_pointer (&msh);
  g_autofree char *proxy = bl_agent_proxy_parse (given, error);
  return proxy != NULL && bl_msh_set (msh, "WebProxy", proxy, error) ? g_steal_pointer (&msh) : NULL;
}

static BlMsh *
read_settings (const Options *options, GKeyFile **settings, GError **error)
{
  g_autofree char *path = find_settings (options);
  return read_settings_from (path, options->proxy, settings, error);
}

static int
lock_state (const char *state_dir, GError **error)
{
  if (g_mkdir_with_parents (state_dir, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "state directory %s: %s", state_dir,
                   g_strerror (errno));
      return -1;
    }
  g_autofree char *path = g_build_filename (state_dir, LOCK_NAME, NULL);
  const int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "state directory %s: another agent is using it", state_dir);
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
watchdog_cb (gpointer user_data)
{
  (void)sd_notify (0, "WATCHDOG=1"); // without systemd nobody listens
  return G_SOURCE_CONTINUE;
}

// The service manager hears that the main loop turns, at twice the rate it asks for.
static guint
start_watchdog (void)
{
  guint64 period_us = 0;
  if (sd_watchdog_enabled (0, &period_us) <= 0)
    return 0;
  return g_timeout_add ((guint)CLAMP (period_us / 2000, 1, G_MAXINT), watchdog_cb, NULL);
}

static char **
plugin_directories (void)
{
  g_autofree char *path = bl_build_tree_path ("BOWLINE_AGENT_PLUGIN_PATH", "agent/plugins", BL_AGENTPLUGINDIR);
  return g_strsplit (path, ":", -1);
}

typedef struct
{
  GMainLoop *loop;
  gboolean restart;
  gboolean remove;
} Ending;

static void
end_cb (BlAgentEnd end, gpointer user_data)
{
  Ending *ending = user_data;
  ending->restart = end == BL_AGENT_END_RESTART;
  ending->remove = end == BL_AGENT_END_REMOVE;
  g_main_loop_quit (ending->loop);
}

static void
run_loop (BlAgent *agent, GMainLoop *loop)
{
  const guint sources[] = { g_unix_signal_add (SIGINT, quit_cb, loop), g_unix_signal_add (SIGTERM, quit_cb, loop),
                            start_watchdog () };
  bl_agent_start (agent);
  malloc_trim (0); // the key work is over
  (void)sd_notify (0, "READY=1"); // being connected is not part of being started: the server may be away for days
  g_main_loop_run (loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    {
      GSource *source = sources[i] != 0 ? g_main_context_find_source_by_id (NULL, sources[i]) : NULL;
      if (source != NULL)
        g_source_destroy (source);
    }
}

// Starts the current release in the place of this process. Returns only when that fails.
static int
start_release (const char *root, char **arguments, GError **error)
{
  g_autofree char *program = g_build_filename (root, "current", "bin", "bowline-agent", NULL);
  (void)sd_notify (0, "RELOADING=1");
  execv (program, arguments);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", program, g_strerror (errno));
  return EXIT_FAILURE;
}

static int
remove_agent (const Options *options, GError **error)
{
  const BlAgentSetup setup = { .state_dir = options->state_dir };
  return bl_agent_setup_remove_self (&setup, error) ? BL_AGENT_EXIT_REMOVED : EXIT_FAILURE;
}

static int
run_agent (const Options *options, char **arguments, GError **error)
{
  g_autoptr (GKeyFile) settings = NULL;
  g_autoptr (BlMsh) msh = read_settings (options, &settings, error);
  if (msh == NULL || lock_state (options->state_dir, error) < 0)
    return EXIT_FAILURE;
  g_autoptr (BlAgentIdentity) identity = bl_agent_identity_load (options->state_dir, error);
  if (identity == NULL)
    return EXIT_FAILURE;
  g_auto (GStrv) plugin_dirs = plugin_directories ();
  g_autofree char *root = bl_agent_release_find_root ();
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Ending ending = { .loop = loop };
  const BlAgentOptions agent_options = {
    .msh = g_steal_pointer (&msh),
    .identity = g_steal_pointer (&identity),
    .settings = settings,
    .state_dir = options->state_dir,
    .plugin_dirs = (const char *const *)plugin_dirs,
    .release_root = root,
    .end = end_cb,
    .user_data = &ending,
  };
  g_autoptr (BlAgent) agent = bl_agent_new (&agent_options, error);
  if (agent == NULL)
    return EXIT_FAILURE;
  run_loop (agent, loop);
  if (!ending.restart)
    (void)sd_notify (0, "STOPPING=1");
  g_clear_pointer (&agent, bl_agent_free);
  if (ending.remove)
    return remove_agent (options, error);
  return ending.restart ? start_release (root, arguments, error) : EXIT_SUCCESS;
}

static int
print_node_id (const Options *options, gboolean upper, GError **error)
{
  if (g_mkdir_with_parents (options->state_dir, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "state directory %s: %s", options->state_dir,
                   g_strerror (errno));
      return EXIT_FAILURE;
    }
  g_autoptr (BlAgentIdentity) identity = bl_agent_identity_load (options->state_dir, error);
  if (identity == NULL)
    return EXIT_FAILURE;
  g_autofree char *hex = bl_id48_to_hex (bl_agent_identity_get_id (identity), upper);
  g_print ("%s\n", hex);
  return EXIT_SUCCESS;
}

static int
run_enroll (const Options *options, GError **error)
{
  g_autofree char *path = g_build_filename (options->state_dir, SETTINGS_NAME, NULL);
  if (g_strv_length (options->words) != 3)
    {
      g_printerr ("usage: bowline-agent enroll URL GROUP [--server-id HEX] [--proxy ADDRESS]\n");
      return 2;
    }
  const BlAgentEnrolment what = { .url = options->words[1],
                                  .group = options->words[2],
                                  .server_id = options->server_id,
                                  .proxy = options->proxy,
                                  .path = path };
  if (!bl_agent_enroll (&what, error))
    return EXIT_FAILURE;
  g_print ("The settings are in %s. Start the agent now.\n", path);
  return EXIT_SUCCESS;
}

static int
run_doctor (const Options *options, GError **error)
{
  g_autoptr (GKeyFile) settings = NULL;
  g_autoptr (BlMsh) msh = read_settings (options, &settings, error);
  return msh != NULL && bl_agent_doctor (msh, error) ? EXIT_SUCCESS : EXIT_FAILURE;
}

// ---- as a service --------------------------------------------------------------------------------------------------

static int
run_install (const Options *options, GError **error)
{
  g_autofree char *path = options->config != NULL ? g_strdup (options->config) : find_beside ();
  g_autoptr (GKeyFile) settings = NULL;
  g_autoptr (BlMsh) msh = NULL;
  // Without a file those of an installation before stay.
  if (options->config != NULL || g_file_test (path, G_FILE_TEST_EXISTS))
    {
      msh = read_settings_from (path, options->proxy, &settings, error);
      if (msh == NULL)
        return EXIT_FAILURE;
    }
  const BlAgentSetup setup = { .root_dir = options->root,
                               .install_path = options->install_path,
                               .state_dir = options->state_dir,
                               .archive = options->archive,
                               .msh = msh };
  if (!bl_agent_setup_install (&setup, error))
    return EXIT_FAILURE;
  g_print ("The service %s is installed%s.\n", BL_AGENT_SERVICE, options->root != NULL ? "" : " and running");
  return EXIT_SUCCESS;
}

static int
run_uninstall (const Options *options, gboolean full, GError **error)
{
  g_autofree char *root = bl_agent_release_find_root ();
  const BlAgentSetup setup = { .root_dir = options->root,
                               .install_path = options->install_path != NULL ? options->install_path : root,
                               .state_dir = options->state_dir };
  if (!bl_agent_setup_uninstall (&setup, full, error))
    return EXIT_FAILURE;
  g_print ("The service %s is removed.\n", BL_AGENT_SERVICE);
  return EXIT_SUCCESS;
}

// Says what scripts that know MeshAgent expect, and more behind it.
static int
print_state (const Options *options)
{
  g_autofree char *lock = g_build_filename (options->state_dir, LOCK_NAME, NULL);
  g_autofree char *path = g_build_filename (options->state_dir, BL_AGENT_STATUS_NAME, NULL);
  g_autofree char *text = NULL;
  const int fd = open (lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  const gboolean runs = fd >= 0 && flock (fd, LOCK_SH | LOCK_NB) != 0;
  if (fd >= 0)
    close (fd);
  g_print ("Querying Mesh Agent state...\n");
  if (!runs)
    {
      g_print ("Unable to contact Mesh Agent...\n");
      return EXIT_FAILURE;
    }
  const gboolean known = g_file_get_contents (path, &text, NULL, NULL);
  g_print ("Mesh Agent is running: %s\n", known ? g_strchomp (text) : "connecting");
  return EXIT_SUCCESS;
}

static int
run_trial_guard (GError **error)
{
  g_autofree char *root = bl_agent_release_find_root ();
  return root == NULL || bl_agent_release_guard (root, error) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run_command (const Options *options, GError **error)
{
  const char *word = options->words[0];
  if (g_str_equal (word, "enroll"))
    return run_enroll (options, error);
  if (options->words[1] == NULL && g_str_equal (word, "doctor"))
    return run_doctor (options, error);
  if (options->words[1] == NULL && g_str_equal (word, "install"))
    return run_install (options, error);
  if (options->words[1] == NULL && (g_str_equal (word, "uninstall") || g_str_equal (word, "fulluninstall")))
    return run_uninstall (options, g_str_equal (word, "fulluninstall"), error);
  if (options->words[1] == NULL && g_str_equal (word, "nodeid"))
    return print_node_id (options, TRUE, error);
  if (options->words[1] == NULL && g_str_equal (word, "state"))
    return print_state (options);
  if (options->words[1] == NULL && g_str_equal (word, "name"))
    {
      g_print ("%s\n", BL_AGENT_SERVICE);
      return EXIT_SUCCESS;
    }
  g_printerr ("bowline-agent: unknown command \"%s\"; see bowline-agent --help\n", word);
  return 2;
}

static int
dispatch (const Options *options, char **arguments)
{
  g_autoptr (GError) error = NULL;
  int status;
  if (options->version)
    {
      g_print ("bowline-agent " BL_VERSION "\n");
      return EXIT_SUCCESS;
    }
  if (options->trial_guard)
    status = run_trial_guard (&error);
  else if (options->node_id)
    status = print_node_id (options, FALSE, &error);
  else if (options->words == NULL)
    status = run_agent (options, arguments, &error);
  else
    status = run_command (options, &error);
  if (error != NULL)
    g_printerr ("bowline-agent: %s\n", error->message);
  return status;
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  mallopt (M_ARENA_MAX, 1);
  umask (0022); // uploads and shells are as a person would make them; what is private names its mode
  Options options = { 0 };
  g_auto (GStrv) arguments = g_strdupv (argv);
  translate_words (argv);
  g_autoptr (GError) error = NULL;
  int status = 2;
  if (!parse_options (&options, &argc, &argv, &error))
    g_printerr ("bowline-agent: %s; see bowline-agent --help\n", error->message);
  else
    status = dispatch (&options, arguments);
  g_free (options.config);
  g_free (options.state_dir);
  g_free (options.server_id);
  g_free (options.proxy);
  g_free (options.install_path);
  g_free (options.archive);
  g_free (options.root);
  g_free (options.copy_msh);
  g_strfreev (options.words);
  return status;
}
