// SPDX-License-Identifier: Apache-2.0
// Stream "process.spawn": a child process for a script, on pipes or a pseudo terminal.

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "bl-script-fd-peer.h"
#include "common/bl-variant.h"

#define SPAWN_TERM 3
#define GROUPS_MAX 256
#define ARGUMENTS_MAX 256

// Everything the child needs, gathered before fork (): between fork () and exec () only
// async-signal-safe calls are made.
typedef struct
{
  const char *path;
  char **argv;
  char **envp;
  char *directory;
  gboolean terminal;
  char *terminal_path;
  int master;
  int input[2]; // child's stdin: read end, write end
  int output[2];
  int errors[2];
  gboolean change_user;
  uid_t uid;
  gid_t gid;
  gid_t groups[GROUPS_MAX];
  int n_groups;
} Launch;

typedef struct
{
  BlScriptFdPeer *peer;
  GPid pid;
  GSource *watch;
  int terminal; // descriptor for its size, -1 on pipes
  gboolean exited;
  gboolean ended;
  int code;
} Child;

static gboolean
fail (GError **error, const char *what)
{
  g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "%s: %s", what, g_strerror (errno));
  return FALSE;
}

// --- arguments --------------------------------------------------------------------------

static gboolean
prepare_user (Launch *launch, GVariant *args, GError **error)
{
  gint64 uid = bl_script_arg_int (args, "uid", -1);
  struct passwd entry, *found = NULL;
  char buffer[4096];

  launch->directory = g_strdup ("/");
  if (uid < 0 || uid == (gint64) geteuid ())
    {
      g_free (launch->directory);
      launch->directory = g_strdup (g_get_home_dir ());
      return TRUE;
    }
  if (getpwuid_r ((uid_t) uid, &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "there is no user %" G_GINT64_FORMAT, uid);
      return FALSE;
    }
  launch->change_user = TRUE;
  launch->uid = entry.pw_uid;
  launch->gid = entry.pw_gid;
  launch->n_groups = GROUPS_MAX;
  if (getgrouplist (entry.pw_name, entry.pw_gid, launch->groups, &launch->n_groups) < 0)
    launch->n_groups = GROUPS_MAX;
  g_free (launch->directory);
  launch->directory = g_strdup (entry.pw_dir);
  return TRUE;
}

static char **
prepare_environment (GVariant *args)
{
  g_autoptr (GVariant) given = g_variant_lookup_value (args, "env", G_VARIANT_TYPE_VARDICT);
  const char *kept[] = { "PATH", "LANG", "TZ", NULL };
  char **envp = g_new0 (char *, 1);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  for (guint i = 0; kept[i] != NULL; i++)
    if (g_getenv (kept[i]) != NULL)
      envp = g_environ_setenv (envp, kept[i], g_getenv (kept[i]), TRUE);
  envp = g_environ_setenv (envp, "HOME", g_get_home_dir (), TRUE);
  if (given == NULL)
    return envp;
  g_variant_iter_init (&iter, given);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) && *key != '\0' && strchr (key, '=') == NULL)
      envp = g_environ_setenv (envp, key, g_variant_get_string (value, NULL), TRUE);
  return envp;
}

static gboolean
open_terminal (Launch *launch, GError **error)
{
  char name[64];

  launch->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (launch->master < 0 || grantpt (launch->master) != 0 || unlockpt (launch->master) != 0
      || ptsname_r (launch->master, name, sizeof name) != 0)
    return fail (error, "no pseudo terminal");
  launch->terminal_path = g_strdup (name);
  return TRUE;
}

static gboolean
open_pipes (Launch *launch, GError **error)
{
  if (pipe2 (launch->input, O_CLOEXEC) != 0 || pipe2 (launch->output, O_CLOEXEC) != 0 || pipe2 (launch->errors, O_CLOEXEC) != 0)
    return fail (error, "no pipes");
  return TRUE;
}

static gboolean
prepare (Launch *launch, GVariant *args, GError **error)
{
  launch->path = bl_script_arg_string (args, "path", error);
  if (launch->path == NULL)
    return FALSE;
  if (!g_path_is_absolute (launch->path) || access (launch->path, X_OK) != 0)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "%s is not a program", launch->path);
      return FALSE;
    }
  launch->argv = bl_variant_get_strv (args, "argv");
  if (launch->argv == NULL || launch->argv[0] == NULL || g_strv_length (launch->argv) > ARGUMENTS_MAX)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "argument \"argv\": 1 to %d texts are expected", ARGUMENTS_MAX);
      return FALSE;
    }
  launch->envp = prepare_environment (args);
  launch->terminal = bl_script_arg_int (args, "type", 0) == SPAWN_TERM;
  if (!prepare_user (launch, args, error))
    return FALSE;
  return launch->terminal ? open_terminal (launch, error) : open_pipes (launch, error);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
launch_clear (Launch *launch)
{
  close_fd (&launch->master);
  for (guint i = 0; i < 2; i++)
    {
      close_fd (&launch->input[i]);
      close_fd (&launch->output[i]);
      close_fd (&launch->errors[i]);
    }
  g_strfreev (launch->argv);
  g_strfreev (launch->envp);
  g_free (launch->directory);
  g_free (launch->terminal_path);
}

// --- the child's side -------------------------------------------------------------------

static void
run_child (const Launch *launch)
{
  sigset_t none;
  int slave;

  setsid ();
  umask (022);
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  signal (SIGPIPE, SIG_DFL);
  if (launch->terminal)
    {
      slave = open (launch->terminal_path, O_RDWR);
      if (slave < 0 || ioctl (slave, TIOCSCTTY, 0) != 0)
        _exit (126);
      if (launch->change_user && fchown (slave, launch->uid, launch->gid) != 0)
        _exit (126);
      dup2 (slave, 0);
      dup2 (slave, 1);
      dup2 (slave, 2);
      if (slave > 2)
        close (slave);
    }
  else if (dup2 (launch->input[0], 0) < 0 || dup2 (launch->output[1], 1) < 0 || dup2 (launch->errors[1], 2) < 0)
    _exit (126);
  close_range (3, ~0u, 0);
  if (launch->change_user
      && (setgroups ((size_t) launch->n_groups, launch->groups) != 0
          || setresgid (launch->gid, launch->gid, launch->gid) != 0 || setresuid (launch->uid, launch->uid, launch->uid) != 0))
    _exit (126);
  if (chdir (launch->directory) != 0 && chdir ("/") != 0)
    _exit (126);
  execve (launch->path, launch->argv, launch->envp);
  _exit (127);
}

// --- the agent's side -------------------------------------------------------------------

static void
tell_exit (Child *child)
{
  BlScriptStream *stream = bl_script_fd_peer_get_stream (child->peer);
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "event", "s", "exit");
  g_variant_dict_insert (&dict, "code", "x", (gint64) child->code);
  bl_script_stream_event (stream, g_variant_dict_end (&dict));
  bl_script_stream_closed (stream, NULL);
}

static void
on_child_exit (GPid pid, gint status, gpointer data)
{
  Child *child = data;

  child->exited = TRUE;
  child->pid = 0;
  child->code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
  // Grandchildren may keep the descriptors open for ever; what the child wrote is there.
  bl_script_fd_peer_drain (child->peer);
  tell_exit (child);
}

static void
on_ended (BlScriptFdPeer *peer, gpointer owner)
{
  Child *child = owner;

  child->ended = TRUE;
}

static void
resize (Child *child, GVariant *args)
{
  gint64 rows = bl_script_arg_int (args, "rows", 0), cols = bl_script_arg_int (args, "cols", 0);
  struct winsize size = { 0 };

  if (child->terminal < 0 || child->ended || rows < 1 || rows > 10000 || cols < 1 || cols > 10000)
    return;
  size.ws_row = (unsigned short) rows;
  size.ws_col = (unsigned short) cols;
  ioctl (child->terminal, TIOCSWINSZ, &size);
}

// The child leads a session of its own, unless it was forked only just now.
static void
signal_child (GPid pid, int number)
{
  if (kill (-pid, number) != 0)
    kill (pid, number);
}

static void
on_control (BlScriptFdPeer *peer, GVariant *args, gpointer owner)
{
  Child *child = owner;
  const char *what = bl_variant_get_string (args, "op");
  gint64 number = bl_script_arg_int (args, "signal", SIGKILL);

  if (g_strcmp0 (what, "resize") == 0)
    resize (child, args);
  else if (g_strcmp0 (what, "kill") == 0 && child->pid > 0 && number > 0 && number < NSIG)
    signal_child (child->pid, (int) number);
  else if (g_strcmp0 (what, "eof") == 0)
    bl_script_fd_peer_end_output (peer);
}

static void
reap_only (GPid pid, gint status, gpointer data)
{
}

// The stream is gone: the child and its session go with it.
static void
on_closed (gpointer owner)
{
  Child *child = owner;

  if (child->watch != NULL)
    {
      g_source_destroy (child->watch);
      g_source_unref (child->watch);
    }
  if (child->pid > 0)
    {
      signal_child (child->pid, SIGHUP);
      signal_child (child->pid, SIGKILL);
      g_child_watch_add (child->pid, reap_only, NULL);
    }
  g_free (child);
}

static void
adopt (BlScriptStream *stream, Launch *launch, pid_t pid)
{
  static const BlScriptFdPeerEvents events = { .ended = on_ended, .control = on_control, .closed = on_closed };
  Child *child = g_new0 (Child, 1);
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  child->pid = pid;
  child->terminal = launch->master;
  if (launch->terminal)
    {
      child->peer = bl_script_fd_peer_new (stream, launch->master, -1, launch->master, &events, child);
      g_variant_dict_insert (&dict, "pty", "s", launch->terminal_path);
      launch->master = -1;
    }
  else
    {
      child->peer = bl_script_fd_peer_new (stream, launch->output[0], launch->errors[0], launch->input[1], &events, child);
      launch->output[0] = launch->errors[0] = launch->input[1] = -1;
    }
  child->watch = g_child_watch_source_new (pid);
  g_source_set_callback (child->watch, G_SOURCE_FUNC (on_child_exit), child, NULL);
  g_source_attach (child->watch, g_main_context_get_thread_default ());
  g_variant_dict_insert (&dict, "pid", "x", (gint64) pid);
  bl_script_stream_opened (stream, g_variant_dict_end (&dict));
}

void
bl_script_spawn_open (BlScriptStream *stream, GVariant *args)
{
  Launch launch = { .master = -1, .input = { -1, -1 }, .output = { -1, -1 }, .errors = { -1, -1 } };
  g_autoptr (GError) error = NULL;
  pid_t pid = -1;

  if (prepare (&launch, args, &error))
    {
      pid = fork ();
      if (pid == 0)
        run_child (&launch);
      if (pid < 0)
        fail (&error, "fork");
    }
  if (error == NULL)
    adopt (stream, &launch, pid);
  else
    bl_script_stream_closed (stream, error);
  launch_clear (&launch);
}
