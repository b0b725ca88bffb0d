// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-desktop"

#include "bl-desktop-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define AUTHORITY_FD 4
#define AUTHORITY_MAX (64 * 1024)
#define READ_SIZE 65536
/* Pictures in the kernel between the two: enough for the next one to be made while the last is sent, no more.
 */
#define LINK_BUFFER (128 * 1024)
/* A program that does not take the viewer's packets hangs. */
#define SEND_MAX (4u * 1024u * 1024u)
#define KILL_SECONDS 2

struct _BlDesktopHelper
{
  const BlDesktopHelperEvents *events;
  gpointer user_data;
  GPid pid;
  int fd;
  guint read_id;
  guint write_id;
  GByteArray *in;
  gsize in_done;
  GByteArray *out;
  gboolean telling; /* an event is being told; the receiver may free us in it */
  gboolean freed;
};

/* ---- starting ----------------------------------------------------------------------------------------- */

/*
 * The authority as a file of its own: the program runs as the session's user, who may not be able to read, or
 * reach, the file that a display manager keeps.
 */
static int
copy_authority (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  int fd;

  if (!g_file_get_contents (path, &text, &length, error))
    return -1;
  fd = memfd_create ("bowline-xauthority", MFD_CLOEXEC);
  if (fd < 0 || length > AUTHORITY_MAX || write (fd, text, length) != (ssize_t)length)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "%s: cannot be passed on (%" G_GSIZE_FORMAT " bytes)", path, length);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  return fd;
}

static char **
make_environment (const BlDesktopTarget *target, gboolean has_authority)
{
  char **environment = g_environ_setenv (NULL, "DISPLAY", target->display, TRUE);

  environment = g_environ_setenv (environment, "PATH", "/usr/bin:/bin", TRUE);
  environment = g_environ_setenv (environment, "LC_ALL", "C.UTF-8", TRUE);
  if (has_authority)
    environment = g_environ_setenv (environment, "XAUTHORITY", "/proc/self/fd/" G_STRINGIFY (4), TRUE);
  return environment;
}

static char **
make_arguments (const BlDesktopTarget *target, const BlDesktopHelperOptions *options)
{
  GPtrArray *words = g_ptr_array_new ();

  g_ptr_array_add (words, g_strdup (options->program));
  if (options->view_only)
    g_ptr_array_add (words, g_strdup ("--view-only"));
  if (options->limited)
    g_ptr_array_add (words, g_strdup ("--limited"));
  if (options->unlock)
    g_ptr_array_add (words, g_strdup ("--unlock"));
  if (geteuid () == 0 && target->uid != 0)
    {
      g_ptr_array_add (words, g_strdup ("--user"));
      g_ptr_array_add (words, g_strdup_printf ("%u", (guint)target->uid));
      g_ptr_array_add (words, g_strdup_printf ("%u", (guint)target->gid));
    }
  g_ptr_array_add (words, NULL);
  return (char **)g_ptr_array_free (words, FALSE);
}

static int
spawn (pid_t *pid, char **arguments, char **environment, int link, int authority)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none;
  int status;

  sigemptyset (&none);
  posix_spawn_file_actions_init (&actions);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  posix_spawn_file_actions_adddup2 (&actions, link, BL_DESKTOP_LINK_FD);
  if (authority >= 0)
    posix_spawn_file_actions_adddup2 (&actions, authority, AUTHORITY_FD);
  posix_spawn_file_actions_addclosefrom_np (&actions, authority >= 0 ? AUTHORITY_FD + 1 : AUTHORITY_FD);
  status = posix_spawn (pid, arguments[0], &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy (&actions);
  posix_spawnattr_destroy (&attributes);
  return status;
}

/* Copies of the descriptors that lie above those the program gets, so that none overwrites another. */
static int
lift (int fd)
{
  const int lifted = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 16) : -1;

  if (fd >= 0)
    close (fd);
  return lifted;
}

static gboolean
start_program (BlDesktopHelper *helper,
               const BlDesktopTarget *target,
               const BlDesktopHelperOptions *options,
               GError **error)
{
  const int size = LINK_BUFFER;
  int ends[2], authority = -1, status;
  g_auto (GStrv) arguments = make_arguments (target, options);

  if (target->authority != NULL)
    {
      authority = lift (copy_authority (target->authority, error));
      if (authority < 0)
        return FALSE;
    }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "socketpair: %s", g_strerror (errno));
      if (authority >= 0)
        close (authority);
      return FALSE;
    }
  g_auto (GStrv) environment = make_environment (target, authority >= 0);
  helper->fd = ends[0];
  ends[1] = lift (ends[1]);
  g_unix_set_fd_nonblocking (helper->fd, TRUE, NULL);
  setsockopt (ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  status = spawn (&helper->pid, arguments, environment, ends[1], authority);
  close (ends[1]);
  if (authority >= 0)
    close (authority);
  if (status == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (status), "%s: %s", options->program,
               g_strerror (status));
  helper->pid = 0;
  return FALSE;
}

/* ---- running ------------------------------------------------------------------------------------------ */

static void
destroy (BlDesktopHelper *helper)
{
  g_byte_array_unref (helper->in);
  g_byte_array_unref (helper->out);
  g_free (helper);
}

/* Tells what came, and the end when there is one. Returns: whether to read on */
static gboolean
tell (BlDesktopHelper *helper, gboolean over)
{
  BlDesktopLinkMessage message;
  gboolean more = TRUE, broken = FALSE;

  helper->telling = TRUE;
  while (more && !helper->freed && bl_desktop_link_next (helper->in, &helper->in_done, &message, &broken))
    more = helper->events->message (&message, helper->user_data);
  if (helper->in_done > 0)
    {
      g_byte_array_remove_range (helper->in, 0, (guint)helper->in_done);
      helper->in_done = 0;
    }
  if (!helper->freed && (broken || (over && more)))
    {
      more = FALSE;
      g_clear_handle_id (&helper->write_id, g_source_remove);
      helper->events->ended (helper->user_data);
    }
  helper->telling = FALSE;
  if (!helper->freed)
    return more;
  destroy (helper);
  return FALSE;
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  BlDesktopHelper *helper = user_data;
  guint8 buffer[READ_SIZE];
  const ssize_t n = read (fd, buffer, sizeof buffer);
  const guint id = helper->read_id;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n > 0)
    g_byte_array_append (helper->in, buffer, (guint)n);
  helper->read_id = 0; /* a receiver that pauses and resumes at once makes a new one */
  if (!tell (helper, n <= 0))
    return G_SOURCE_REMOVE;
  helper->read_id = id;
  return G_SOURCE_CONTINUE;
}

static gboolean
resume_cb (gpointer user_data)
{
  BlDesktopHelper *helper = user_data;

  helper->read_id = 0;
  if (tell (helper, FALSE))
    helper->read_id = g_unix_fd_add (helper->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, helper);
  return G_SOURCE_REMOVE;
}

void
bl_desktop_helper_resume (BlDesktopHelper *helper)
{
  if (helper->read_id == 0 && !helper->telling)
    helper->read_id = g_idle_add_full (G_PRIORITY_DEFAULT, resume_cb, helper, NULL);
}

static gboolean
write_some (BlDesktopHelper *helper)
{
  while (helper->out->len > 0)
    {
      const ssize_t n = send (helper->fd, helper->out->data, helper->out->len, MSG_NOSIGNAL);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 && errno == EAGAIN;
      g_byte_array_remove_range (helper->out, 0, (guint)n);
    }
  return FALSE;
}

static gboolean
writable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  BlDesktopHelper *helper = user_data;

  if (write_some (helper))
    return G_SOURCE_CONTINUE;
  helper->write_id = 0;
  return G_SOURCE_REMOVE;
}

gsize
bl_desktop_helper_send (BlDesktopHelper *helper, guint8 kind, gconstpointer data, gsize length)
{
  if (helper->out->len > SEND_MAX)
    {
      g_warning ("the capture program does not answer; it is ended");
      kill (helper->pid, SIGKILL);
      return 0;
    }
  bl_desktop_link_put (helper->out, kind, NULL, 0, data, length);
  if (helper->write_id == 0 && write_some (helper))
    helper->write_id = g_unix_fd_add (helper->fd, G_IO_OUT, writable_cb, helper);
  return helper->out->len;
}

GPid
bl_desktop_helper_get_pid (BlDesktopHelper *helper)
{
  return helper->pid;
}

/* ---- life --------------------------------------------------------------------------------------------- */

BlDesktopHelper *
bl_desktop_helper_start (const BlDesktopTarget *target,
                         const BlDesktopHelperOptions *options,
                         const BlDesktopHelperEvents *events,
                         gpointer user_data,
                         GError **error)
{
  g_autoptr (BlDesktopHelper) helper = g_new0 (BlDesktopHelper, 1);

  helper->fd = -1;
  helper->events = events;
  helper->user_data = user_data;
  helper->in = g_byte_array_new ();
  helper->out = g_byte_array_new ();
  if (!start_program (helper, target, options, error))
    return NULL;
  helper->read_id = g_unix_fd_add (helper->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, helper);
  return g_steal_pointer (&helper);
}

static gboolean
kill_cb (gpointer user_data)
{
  kill (GPOINTER_TO_INT (user_data), SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
reaped_cb (GPid pid, int status, gpointer user_data)
{
  GSource *timer = g_main_context_find_source_by_id (NULL, GPOINTER_TO_UINT (user_data));

  if (timer != NULL)
    g_source_destroy (timer);
  g_spawn_close_pid (pid);
}

void
bl_desktop_helper_free (BlDesktopHelper *helper)
{
  if (helper == NULL)
    return;
  g_clear_handle_id (&helper->read_id, g_source_remove);
  g_clear_handle_id (&helper->write_id, g_source_remove);
  if (helper->fd >= 0)
    close (helper->fd);
  if (helper->pid > 0)
    {
      const guint timer = g_timeout_add_seconds (KILL_SECONDS, kill_cb, GINT_TO_POINTER (helper->pid));
      g_child_watch_add (helper->pid, reaped_cb, GUINT_TO_POINTER (timer));
    }
  helper->freed = TRUE;
  if (!helper->telling)
    destroy (helper);
}
