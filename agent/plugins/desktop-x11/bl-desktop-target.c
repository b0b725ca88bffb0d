// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-desktop"

#include "bl-desktop-target.h"

#include "agent/shared/bl-bus.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGIND "org.freedesktop.login1"
#define BUS_TIMEOUT_MS 5000
#define PROC_FILE_MAX (128 * 1024)

void
bl_desktop_target_free (BlDesktopTarget *target)
{
  g_free (target->display);
  g_free (target->authority);
  g_free (target->session);
  g_free (target);
}

/* ---- what processes tell ------------------------------------------------------------------------------ */

const char *
bl_desktop_environment_get (const char *block, gsize length, const char *name)
{
  const gsize name_length = strlen (name);

  for (gsize at = 0; at < length;)
    {
      const char *line = block + at;
      const gsize line_length = strnlen (line, length - at);

      if (line_length == length - at)
        return NULL; /* not ended */
      if (line_length > name_length && line[name_length] == '=' && memcmp (line, name, name_length) == 0)
        return line + name_length + 1;
      at += line_length + 1;
    }
  return NULL;
}

static const char *
next_word (const char *words, gsize length, gsize *at)
{
  const char *word = words + *at;
  const gsize word_length = *at < length ? strnlen (word, length - *at) : 0;

  if (*at >= length || word_length == length - *at)
    return NULL;
  *at += word_length + 1;
  return word;
}

gboolean
bl_desktop_server_parse (const char *words, gsize length, const char **display, const char **authority)
{
  static const char *const names[] = { "X", "Xorg", "Xorg.bin", "Xvfb", "Xwayland", "Xvnc", "Xtigervnc" };
  gsize at = 0;
  const char *word = next_word (words, length, &at);
  const char *slash = word != NULL ? strrchr (word, '/') : NULL;
  gboolean known = FALSE;

  *display = *authority = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (names) && word != NULL; i++)
    known = known || g_str_equal (slash != NULL ? slash + 1 : word, names[i]);
  if (!known)
    return FALSE;
  while ((word = next_word (words, length, &at)) != NULL)
    {
      if (word[0] == ':' && g_ascii_isdigit (word[1]))
        *display = word;
      else if (g_str_equal (word, "-auth"))
        *authority = next_word (words, length, &at);
    }
  return TRUE;
}

static char *
read_proc (const char *pid, const char *name, gsize *length)
{
  g_autofree char *path = g_build_filename ("/proc", pid, name, NULL);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, length, NULL) || *length == 0 || *length > PROC_FILE_MAX)
    g_clear_pointer (&text, g_free);
  return text;
}

static gboolean
is_owned_by (const char *pid, uid_t uid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, NULL);
  struct stat info;

  return stat (path, &info) == 0 && info.st_uid == uid;
}

/* A process of the session's user that talks to the screen knows how. */
static void
learn_from_environment (BlDesktopTarget *target, const char *pid)
{
  gsize length;
  g_autofree char *block = is_owned_by (pid, target->uid) ? read_proc (pid, "environ", &length) : NULL;
  const char *display = block != NULL ? bl_desktop_environment_get (block, length, "DISPLAY") : NULL;
  const char *authority = block != NULL ? bl_desktop_environment_get (block, length, "XAUTHORITY") : NULL;

  if (display == NULL || display[0] != ':'
      || (target->display != NULL && !g_str_equal (target->display, display)))
    return;
  if (target->display == NULL)
    target->display = g_strdup (display);
  if (target->authority == NULL && authority != NULL && g_file_test (authority, G_FILE_TEST_EXISTS))
    target->authority = g_strdup (authority);
}

/* What display managers give the server on its command line serves when no client told. */
static void
learn_from_server (BlDesktopTarget *target, const char *pid)
{
  gsize length;
  g_autofree char *words = read_proc (pid, "cmdline", &length);
  const char *display, *authority;

  if (words == NULL || !bl_desktop_server_parse (words, length, &display, &authority) || display == NULL
      || (target->display != NULL && !g_str_equal (target->display, display)))
    return;
  if (target->display == NULL)
    target->display = g_strdup (display);
  if (target->authority == NULL && authority != NULL && g_file_test (authority, G_FILE_TEST_EXISTS))
    target->authority = g_strdup (authority);
}

static void
look_at_processes (BlDesktopTarget *target, void (*learn) (BlDesktopTarget *target, const char *pid))
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (proc != NULL && (target->display == NULL || target->authority == NULL)
         && (name = g_dir_read_name (proc)) != NULL)
    {
      if (g_ascii_isdigit (name[0]))
        learn (target, name);
    }
}

/* In a worker thread: /proc may be large. */
static void
complete_target (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  BlDesktopTarget *target = task_data;

  look_at_processes (target, learn_from_environment);
  look_at_processes (target, learn_from_server);
  if (target->display == NULL)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                             "This device shows no X screen at the moment.");
  else
    g_task_return_pointer (task, g_object_steal_data (G_OBJECT (task), "target"),
                           (GDestroyNotify)bl_desktop_target_free);
}

/* ---- what logind tells -------------------------------------------------------------------------------- */

static void
session_known_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) properties = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;
  BlDesktopTarget *target = g_task_get_task_data (task);
  const char *type = NULL, *display = NULL;
  guint32 uid = 0;
  struct passwd *account;

  if (properties == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_variant_lookup (properties, "Type", "&s", &type);
  g_variant_lookup (properties, "Display", "&s", &display);
  g_variant_lookup (properties, "User", "(uo)", &uid, NULL);
  if (g_strcmp0 (type, "wayland") == 0)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               "This device shows a Wayland session, which cannot be shown yet.");
      return;
    }
  account = getpwuid (uid);
  target->uid = uid;
  target->gid = account != NULL ? account->pw_gid : uid;
  target->display = display != NULL && display[0] == ':' ? g_strdup (display) : NULL;
  g_task_run_in_thread (task, complete_target);
}

static void
seat_known_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) value = NULL;
  BlDesktopTarget *target = g_task_get_task_data (task);
  const char *id = NULL, *path = NULL;

  if (reply != NULL)
    {
      g_variant_get (reply, "(v)", &value);
      if (g_variant_is_of_type (value, G_VARIANT_TYPE ("(so)")))
        g_variant_get (value, "(&s&o)", &id, &path);
    }
  if (id == NULL || *id == '\0')
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                               "Nobody uses the screen of this device: %s",
                               error != NULL ? error->message : "its seat has no active session");
      return;
    }
  target->session = g_strdup (path);
  g_dbus_connection_call (G_DBUS_CONNECTION (source), LOGIND, path, "org.freedesktop.DBus.Properties",
                          "GetAll", g_variant_new ("(s)", LOGIND ".Session"), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, BUS_TIMEOUT_MS, NULL, session_known_cb,
                          g_steal_pointer (&task));
}

static void
bus_known_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = bl_bus_connect_finish (result, &error);

  if (bus == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                               "This device does not tell who uses its screen: %s", error->message);
      return;
    }
  g_dbus_connection_call (
      bus, LOGIND, "/org/freedesktop/login1/seat/seat0", "org.freedesktop.DBus.Properties", "Get",
      g_variant_new ("(ss)", LOGIND ".Seat", "ActiveSession"), G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE,
      BUS_TIMEOUT_MS, NULL, seat_known_cb, g_steal_pointer (&task));
}

void
bl_desktop_target_find_async (GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  const char *display = g_getenv ("DISPLAY");
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  BlDesktopTarget *target = g_new0 (BlDesktopTarget, 1);

  target->uid = geteuid ();
  target->gid = getegid ();
  if (display != NULL && *display != '\0')
    {
      target->display = g_strdup (display);
      target->authority = g_strdup (g_getenv ("XAUTHORITY"));
      g_task_return_pointer (task, target, (GDestroyNotify)bl_desktop_target_free);
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, target, NULL);
  g_object_set_data_full (G_OBJECT (task), "target", target, (GDestroyNotify)bl_desktop_target_free);
  bl_bus_connect (G_BUS_TYPE_SYSTEM, cancellable, bus_known_cb, task);
}

BlDesktopTarget *
bl_desktop_target_find_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- lock --------------------------------------------------------------------------------------------- */

static void
locked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_warning ("the screen was not locked: %s", error->message);
}

static void
lock_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *session = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = bl_bus_connect_finish (result, &error);

  if (bus == NULL)
    g_warning ("the screen was not locked: %s", error->message);
  else
    g_dbus_connection_call (bus, LOGIND, session, LOGIND ".Session", "Lock", NULL, NULL,
                            G_DBUS_CALL_FLAGS_NONE, BUS_TIMEOUT_MS, NULL, locked_cb, NULL);
}

void
bl_desktop_target_lock (const BlDesktopTarget *target)
{
  if (target->session == NULL)
    g_message ("the screen was not locked: logind does not know its session");
  else
    bl_bus_connect (G_BUS_TYPE_SYSTEM, NULL, lock_bus_cb, g_strdup (target->session));
}
