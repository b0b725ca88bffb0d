// SPDX-License-Identifier: Apache-2.0
// bowlined: options, the data directory and its lock, signals; the server itself is BlServer.
#include "backup/bl-restore-finish.h"
#include "bl-build-config.h"
#include "bl-build-tree.h"
#include "bl-config.h"
#include "bl-front-config.h"
#include "bl-http-front.h"
#include "bl-log.h"
#include "bl-server.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define LOCK_NAME "bowlined.lock"
#define TRIM_SECONDS 60

typedef struct
{
  char *config;
  char *data_dir;
  char **sets;
  gboolean check_config;
  gboolean version;
  gboolean list_modules;
  gboolean maintenance;
  int ready_fd;
} Options;

typedef struct
{
  GMainLoop *loop;
  BlServer *server;
  GCancellable *starting;
  int ready_fd;
  int status;
  gboolean started;
  gboolean stopping;
} Main;

static gboolean
parse_options (Options *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options->config, "configuration file", "FILE" },
    { "data-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->data_dir, "where everything is kept", "DIR" },
    { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->sets, "setting that overrides the files",
      "SECTION.KEY=VALUE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check_config, "check the configuration and end", NULL },
    { "list-modules", 0, 0, G_OPTION_ARG_NONE, &options->list_modules, "list modules and end", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, "print the version and end", NULL },
    { "maintenance", 0, 0, G_OPTION_ARG_NONE, &options->maintenance, "open no port; for bowlinectl", NULL },
    { "ready-fd", 0, 0, G_OPTION_ARG_INT, &options->ready_fd, "write a line to this descriptor when ready", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_summary (context, "The Bowline server.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "unexpected word \"%s\"", (*argv)[1]);
      return FALSE;
    }
  return TRUE;
}

// Before the first start makes anything: with a port that is taken nothing shall be left behind.
static gboolean
may_begin (BlConfig *config, const char *data_dir, GError **error)
{
  BlFrontOptions options;
  if (g_file_test (data_dir, G_FILE_TEST_EXISTS))
    return TRUE;
  bl_front_options_from_config (&options, config);
  return bl_http_front_probe (&options, error);
}

// Opens and locks the data directory. Returns: the lock's descriptor, or -1.
static int
lock_data_dir (const char *data_dir, GError **error)
{
  if (g_mkdir_with_parents (data_dir, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "data directory %s: %s", data_dir,
                   g_strerror (errno));
      return -1;
    }
  g_autofree char *path = g_build_filename (data_dir, LOCK_NAME, NULL);
  const int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0 || flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      const int saved = errno;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), saved == EWOULDBLOCK
                   ? "data directory %s: another server is using it" : "data directory %s: cannot lock it", data_dir);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  // A restore that was decided and then killed ends here.
  if (bl_restore_finish (data_dir, NULL, error))
    return fd;
  close (fd);
  return -1;
}

// The lock stays until this process ends.
static gboolean
take_place (const Options *options, BlConfig *config, const char *data_dir, GError **error)
{
  return (options->maintenance || may_begin (config, data_dir, error)) && lock_data_dir (data_dir, error) >= 0;
}

// Sockets are descriptors: take as many as the system grants.
static void
raise_file_limit (void)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
    {
      limit.rlim_cur = limit.rlim_max;
      (void)setrlimit (RLIMIT_NOFILE, &limit); // what was granted before still holds
    }
}

static char **
module_directories (BlConfig *config)
{
  const char *const *configured = bl_config_server_list (config, "module-path");
  if (configured[0] != NULL)
    return g_strdupv ((char **)configured);
  g_autofree char *path = bl_build_tree_path ("BOWLINE_MODULE_PATH", "modules", BL_MODULEDIR);
  return g_strsplit (path, ":", -1);
}

static void
stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Main *main = user_data;
  g_autoptr (GError) error = NULL;
  if (!bl_server_stop_finish (main->server, result, &error))
    {
      g_warning ("the end was not clean: %s", error->message);
      main->status = EXIT_FAILURE;
    }
  g_main_loop_quit (main->loop);
}

static void
begin_stop (Main *main)
{
  if (main->stopping)
    return;
  main->stopping = TRUE;
  (void)sd_notify (0, "STOPPING=1");
  if (main->started)
    bl_server_stop_async (main->server, stopped_cb, main);
  else
    g_cancellable_cancel (main->starting);
}

static gboolean
signal_cb (gpointer user_data)
{
  begin_stop (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
hangup_cb (gpointer user_data)
{
  Main *main = user_data;
  if (main->started && !main->stopping)
    bl_server_reload (main->server);
  return G_SOURCE_CONTINUE;
}

static gboolean
trim_cb (gpointer user_data)
{
  malloc_trim (0); // glibc keeps what a storm of connections used
  return G_SOURCE_CONTINUE;
}

static void
tell_ready (Main *main)
{
  static const char line[] = "ready\n";
  (void)sd_notify (0, "READY=1");
  if (main->ready_fd >= 0)
    {
      if (write (main->ready_fd, line, sizeof line - 1) < 0)
        g_warning ("nobody waits at --ready-fd: %s", g_strerror (errno));
      close (main->ready_fd);
      main->ready_fd = -1;
    }
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Main *main = user_data;
  g_autoptr (GError) error = NULL;
  main->started = TRUE;
  if (bl_server_start_finish (main->server, result, &error))
    {
      malloc_trim (0);
      tell_ready (main);
      if (main->stopping)
        bl_server_stop_async (main->server, stopped_cb, main);
      return;
    }
  if (!main->stopping)
    {
      g_printerr ("bowlined: %s\n", error->message);
      main->status = EXIT_FAILURE;
    }
  main->stopping = TRUE;
  bl_server_stop_async (main->server, stopped_cb, main);
}

static int
run_server (BlServer *server, int ready_fd)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) starting = g_cancellable_new ();
  Main main = { .loop = loop, .server = server, .starting = starting, .ready_fd = ready_fd };
  const guint sources[] = {
    g_unix_signal_add (SIGINT, signal_cb, &main),
    g_unix_signal_add (SIGTERM, signal_cb, &main),
    g_unix_signal_add (SIGHUP, hangup_cb, &main),
    g_timeout_add_seconds (TRIM_SECONDS, trim_cb, NULL),
  };
  bl_server_start_async (server, starting, started_cb, &main);
  g_main_loop_run (loop);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  return main.status;
}

static int
list_modules (BlServer *server)
{
  g_autoptr (GVariant) modules = bl_server_dup_modules (server);
  for (gsize i = 0; i < g_variant_n_children (modules); i++)
    {
      g_autoptr (GVariant) module = g_variant_get_child_value (modules, i);
      const char *id = "", *state = "", *summary = "", *reason = "";
      g_variant_lookup (module, "id", "&s", &id);
      g_variant_lookup (module, "state", "&s", &state);
      g_variant_lookup (module, "summary", "&s", &summary);
      g_variant_lookup (module, "reason", "&s", &reason);
      g_print ("%-12s %-9s %s\n", id, state, reason[0] != '\0' ? reason : summary);
    }
  return EXIT_SUCCESS;
}

static int
run (const Options *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlConfig) config = bl_config_new ();
  if (!bl_config_load (config, options->config, (const char *const *)options->sets, &error))
    {
      g_printerr ("%s\n", error->message);
      return EXIT_FAILURE;
    }
  guint32 level;
  if (bl_log_level_from_string (bl_config_server_string (config, "log-level"), &level))
    bl_log_set_level (options->maintenance ? MIN (level, BOWLINE_LOG_WARNING) : level); // bowlinectl passes it on
  const char *configured = options->data_dir != NULL ? options->data_dir : bl_config_server_string (config, "data-dir");
  g_autofree char *data_dir = g_canonicalize_filename (configured, NULL);
  g_auto (GStrv) module_dirs = module_directories (config);
  g_autofree char *package_data = bl_build_tree_path ("BOWLINE_DATA_PATH", "", BL_PKGDATADIR);
  const gboolean only_look = options->check_config || options->list_modules;
  const BlServerOptions server_options = {
    .config = config,
    .data_dir = data_dir,
    .module_dirs = (const char *const *)module_dirs,
    .package_data_dir = package_data,
    .maintenance = options->maintenance || only_look,
  };
  // What is wrong in the configuration comes before what is wrong on this machine.
  g_autoptr (BlServer) server = bl_server_new (&server_options, &error);
  if (server == NULL || !(only_look || take_place (options, config, data_dir, &error)))
    {
      g_printerr ("bowlined: %s\n", error->message);
      return EXIT_FAILURE;
    }
  if (options->list_modules)
    return list_modules (server);
  if (options->check_config)
    {
      g_print ("The configuration is good.\n");
      return EXIT_SUCCESS;
    }
  return run_server (server, options->ready_fd);
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  // One arena for each of many threads would keep memory apart that the others could use.
  mallopt (M_ARENA_MAX, 2);
  bl_log_init (BOWLINE_LOG_INFO);
  Options options = { .ready_fd = -1 };
  g_autoptr (GError) error = NULL;
  int status = EXIT_SUCCESS;
  if (!parse_options (&options, &argc, &argv, &error))
    {
      g_printerr ("bowlined: %s; see bowlined --help\n", error->message);
      status = 2;
    }
  else if (options.version)
    g_print ("bowlined " BL_VERSION "\n");
  else
    {
      raise_file_limit ();
      umask (0077);
      status = run (&options);
    }
  g_free (options.config);
  g_free (options.data_dir);
  g_strfreev (options.sets);
  return status;
}
