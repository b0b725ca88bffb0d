// SPDX-License-Identifier: Apache-2.0
#include "bl-terminal-session.h"

#include "bl-terminal-child.h"
#include "common/bl-limits.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define READ_SIZE 65536
#define SEND_HIGH (256u * 1024u) // the shell waits while this much is on its way to the viewer
#define INPUT_HIGH (64u * 1024u) // the viewer waits while the shell does not read
#define KILL_SECONDS 2
#define BUSY_SIZE 2048 // bytes at once that no typing makes
#define PACE_MS 3      // a busy shell writes this long before it is read again

typedef struct
{
  BowlineHost *host;
  BowlineTunnel *tunnel;
  int master;
  pid_t pid;
  guint read_id;
  guint pace_id;
  guint write_id;
  GByteArray *input; // for the shell
  gboolean paused;   // the viewer
} Session;

static void start_reading (Session *session);

// ---- the shell's end -----------------------------------------------------------------------------------------------

static gboolean
kill_cb (gpointer user_data)
{
  kill (-(pid_t)GPOINTER_TO_INT (user_data), SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
reaped_cb (GPid pid, int status, gpointer user_data)
{
  g_source_remove (GPOINTER_TO_UINT (user_data));
  g_spawn_close_pid (pid);
}

// The shell leads a session: hanging up reaches all that runs in it. What stays deaf to that is killed.
static void
end_child (pid_t pid)
{
  kill (-pid, SIGHUP);
  const guint timer = g_timeout_add_seconds (KILL_SECONDS, kill_cb, GINT_TO_POINTER (pid));
  g_child_watch_add (pid, reaped_cb, GUINT_TO_POINTER (timer));
}

static void
closed_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  Session *session = user_data;
  g_clear_handle_id (&session->read_id, g_source_remove);
  g_clear_handle_id (&session->pace_id, g_source_remove);
  g_clear_handle_id (&session->write_id, g_source_remove);
  if (session->master >= 0)
    close (session->master);
  if (session->pid > 0)
    end_child (session->pid);
  g_byte_array_unref (session->input);
  bowline_tunnel_unref (session->tunnel);
  g_free (session);
}

// ---- shell to viewer -----------------------------------------------------------------------------------------------

static gboolean
pace_cb (gpointer user_data)
{
  Session *session = user_data;
  session->pace_id = 0;
  start_reading (session);
  return G_SOURCE_REMOVE;
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Session *session = user_data;
  guint8 buffer[READ_SIZE];
  gsize length = 0;
  gboolean over = FALSE;
  // The kernel gives a page at a time; fewer, larger frames cost less on every hop.
  while (length < sizeof buffer)
    {
      const ssize_t n = read (fd, buffer + length, sizeof buffer - length);
      if (n > 0)
        {
          length += n;
          continue;
        }
      over = n == 0 || (errno != EAGAIN && errno != EINTR); // EIO: no process has the terminal open any more
      break;
    }
  gsize waiting = 0;
  if (length > 0)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (buffer, length);
      waiting = bowline_tunnel_send_binary (session->tunnel, bytes);
    }
  if (over)
    {
      session->read_id = 0;
      bowline_tunnel_close (session->tunnel);
      return G_SOURCE_REMOVE;
    }
  if (waiting > SEND_HIGH)
    {
      session->read_id = 0; // drained_cb goes on
      return G_SOURCE_REMOVE;
    }
  // A program that prints a line with each system call would have to wake us for each of them. The terminal holds many times
  // what comes meanwhile.
  if (length >= BUSY_SIZE && length < sizeof buffer)
    {
      session->read_id = 0;
      session->pace_id = g_timeout_add (PACE_MS, pace_cb, session);
      return G_SOURCE_REMOVE;
    }
  return G_SOURCE_CONTINUE;
}

static void
start_reading (Session *session)
{
  if (session->read_id == 0 && session->pace_id == 0 && session->master >= 0)
    session->read_id = g_unix_fd_add (session->master, G_IO_IN | G_IO_HUP | G_IO_ERR, readable_cb, session);
}

static void
drained_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  start_reading (user_data);
}

// ---- viewer to shell -----------------------------------------------------------------------------------------------

// Returns: whether bytes are left.
static gboolean
write_input (Session *session)
{
  while (session->input->len > 0)
    {
      const ssize_t n = write (session->master, session->input->data, session->input->len);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      g_byte_array_remove_range (session->input, 0, (guint)n);
    }
  if (session->paused && session->input->len < INPUT_HIGH / 2)
    {
      session->paused = FALSE;
      bowline_tunnel_resume (session->tunnel);
    }
  return session->input->len > 0;
}

static gboolean
writable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  Session *session = user_data;
  if (write_input (session))
    return G_SOURCE_CONTINUE;
  session->write_id = 0;
  return G_SOURCE_REMOVE;
}

static void
binary_cb (BowlineTunnel *tunnel, GBytes *data, gpointer user_data)
{
  Session *session = user_data;
  g_byte_array_append (session->input, g_bytes_get_data (data, NULL), (guint)g_bytes_get_size (data));
  if (write_input (session) && session->write_id == 0)
    session->write_id = g_unix_fd_add (session->master, G_IO_OUT, writable_cb, session);
  if (session->input->len > INPUT_HIGH && !session->paused)
    {
      session->paused = TRUE;
      bowline_tunnel_pause (tunnel);
    }
}

static guint
bounded (GVariant *message, const char *key, guint most)
{
  const gint64 value = bl_variant_get_int (message, key, 0);
  return value > 0 && value <= most ? (guint)value : 0;
}

static void
control_cb (BowlineTunnel *tunnel, GVariant *message, gpointer user_data)
{
  Session *session = user_data;
  if (g_strcmp0 (bl_variant_get_string (message, "type"), "termsize") == 0)
    bl_terminal_child_resize (session->master, bounded (message, "cols", BL_TUNNEL_MAX_COLS),
                              bounded (message, "rows", BL_TUNNEL_MAX_ROWS));
}

// ---- opening -------------------------------------------------------------------------------------------------------

// Whose shell it is: ours for an administrator's terminal, the person's at the screen for a user's.
static gboolean
find_uid (guint32 protocol, uid_t *uid, GError **error)
{
  *uid = geteuid ();
  if (protocol != BL_TUNNEL_USER_SHELL && protocol != BL_TUNNEL_USER_POWERSHELL)
    return TRUE;
  g_autofree char *session = NULL;
  uid_t active;
  if (sd_seat_get_active ("seat0", &session, &active) >= 0)
    *uid = active;
  else if (*uid == 0)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND, "Nobody is logged in at this device.");
      return FALSE;
    }
  return TRUE;
}

static gboolean
start_child (Session *session, GError **error)
{
  BowlineTunnelInfo info = { .struct_size = sizeof info };
  uid_t uid;
  bowline_tunnel_get_info (session->tunnel, &info);
  if (!bl_tunnel_allowed (info.protocol, info.rights))
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED,
                           "Your rights on this device do not allow a terminal.");
      return FALSE;
    }
  if (!find_uid (info.protocol, &uid, error))
    return FALSE;
  g_autoptr (BlTerminalAccount) account = bl_terminal_account_new (uid, error);
  if (account == NULL)
    return FALSE;
  g_autoptr (GVariant) options = bowline_tunnel_dup_options (session->tunnel);
  const BlTerminalChildOptions child = {
    .account = account,
    .cols = bounded (options, "cols", BL_TUNNEL_MAX_COLS),
    .rows = bounded (options, "rows", BL_TUNNEL_MAX_ROWS),
    .login = bl_variant_get_bool (options, "requireLogin", FALSE) && geteuid () == 0,
  };
  session->master = bl_terminal_child_start (&child, &session->pid, error);
  return session->master >= 0;
}

void
bl_terminal_session_open (BowlineHost *host, BowlineTunnel *tunnel)
{
  static const BowlineTunnelHandler handler = {
    .struct_size = sizeof handler, .binary = binary_cb, .control = control_cb, .drained = drained_cb,
    .closed = closed_cb,
  };
  g_autoptr (GError) error = NULL;
  Session *session = g_new0 (Session, 1);
  session->host = host;
  session->tunnel = bowline_tunnel_ref (tunnel);
  session->master = -1;
  session->input = g_byte_array_new ();
  bowline_tunnel_set_handler (tunnel, &handler, session);
  if (!start_child (session, &error))
    {
      bowline_host_log (host, BOWLINE_LOG_WARNING, NULL, "a terminal was not opened: %s", error->message);
      bowline_tunnel_send_status (tunnel, 2, error->message);
      bowline_tunnel_close (tunnel);
      return;
    }
  start_reading (session);
}
