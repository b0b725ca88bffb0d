// SPDX-License-Identifier: Apache-2.0
#include "bl-system.h"

#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROCESSES_MAX 20000u
#define COMMAND_MAX 512u
#define FILE_MAX (64 * 1024)

static char *
read_file (const char *root, guint pid, const char *name, gsize *length)
{
  g_autofree char *path = g_strdup_printf ("%s/proc/%u/%s", root, pid, name);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  g_autofree char *text = g_malloc0 (FILE_MAX + 1);

  *length = 0;
  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, FILE_MAX, length, NULL, NULL))
    return NULL;
  return g_steal_pointer (&text);
}

char *
bl_system_process_command (const char *root, guint pid)
{
  gsize length;
  g_autofree char *line = read_file (root, pid, "cmdline", &length);
  g_autofree char *cut = NULL;

  if (line == NULL)
    return NULL;
  for (gsize i = 0; i + 1 < length; i++)
    line[i] = line[i] == '\0' ? ' ' : line[i];
  if (length == 0) /* kernel threads have only a name */
    {
      g_free (line);
      line = read_file (root, pid, "comm", &length);
      if (line == NULL)
        return NULL;
    }
  cut = g_strndup (g_strstrip (line), COMMAND_MAX);
  return g_utf8_make_valid (cut, -1);
}

static char *
user_name (GHashTable *names, uid_t uid)
{
  char *name = g_hash_table_lookup (names, GUINT_TO_POINTER (uid));
  struct passwd entry, *found = NULL;
  char buffer[16384];

  if (name != NULL)
    return name;
  if (getpwuid_r (uid, &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
    name = g_utf8_make_valid (entry.pw_name, -1);
  else
    name = g_strdup_printf ("%u", (guint)uid);
  g_hash_table_insert (names, GUINT_TO_POINTER (uid), name);
  return name;
}

GVariant *
bl_system_process_list (const char *root)
{
  g_autofree char *path = g_strconcat (root, "/proc", NULL);
  g_autoptr (GDir) proc = g_dir_open (path, 0, NULL);
  g_autoptr (GHashTable) names = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  GVariantBuilder list;
  guint n = 0;
  const char *name;

  g_variant_builder_init (&list, G_VARIANT_TYPE_VARDICT);
  while (proc != NULL && n < PROCESSES_MAX && (name = g_dir_read_name (proc)) != NULL)
    {
      guint64 pid;
      struct stat info;
      GVariantBuilder process;

      if (!g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT32, &pid, NULL))
        continue;
      g_autofree char *directory = g_build_filename (path, name, NULL);
      g_autofree char *command = bl_system_process_command (root, (guint)pid);
      if (command == NULL || stat (directory, &info) != 0)
        continue; /* it ended meanwhile */
      g_variant_builder_init (&process, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&process, "{sv}", "pid", g_variant_new_int64 ((gint64)pid));
      g_variant_builder_add (&process, "{sv}", "cmd", g_variant_new_string (command));
      g_variant_builder_add (&process, "{sv}", "user", g_variant_new_string (user_name (names, info.st_uid)));
      g_variant_builder_add (&list, "{sv}", name, g_variant_builder_end (&process));
      n++;
    }
  return g_variant_builder_end (&list);
}

static void
list_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_pointer (task, g_variant_ref_sink (bl_system_process_list ("")),
                         (GDestroyNotify)g_variant_unref);
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BowlineMessageCall) call = user_data;
  g_autoptr (GVariant) list = g_task_propagate_pointer (G_TASK (result), NULL);

  if (list != NULL)
    bl_system_answer_text (call, list);
}

static void
tell_one (BowlineMessageCall *call)
{
  const gint64 pid = bl_variant_get_int (bowline_message_call_get_message (call), "pid", 0);
  g_autofree char *command = pid > 0 && pid <= G_MAXINT32 ? bl_system_process_command ("", (guint)pid) : NULL;
  GVariantBuilder answer, value;

  g_variant_builder_init (&answer, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&value, G_VARIANT_TYPE_VARDICT);
  if (command != NULL)
    g_variant_builder_add (&value, "{sv}", "cmd", g_variant_new_string (command));
  g_variant_builder_add (&answer, "{sv}", "pid", g_variant_new_int64 (pid));
  g_variant_builder_add (&answer, "{sv}", "value", g_variant_builder_end (&value));
  bowline_message_call_answer (call, g_variant_builder_end (&answer));
}

/* "pid" or "pid|command": with a command, the process must still have it. */
static void
end_process (BowlineHost *host, BowlineMessageCall *call)
{
  GVariant *message = bowline_message_call_get_message (call);
  const char *value = bl_variant_get_string (message, "value");
  g_autofree char *digits
      = value != NULL ? g_strdup (value)
                      : g_strdup_printf ("%" G_GINT64_FORMAT, bl_variant_get_int (message, "value", 0));
  char *bar = strchr (digits, '|');
  guint64 pid;
  g_autofree char *command = NULL;

  if (bar != NULL)
    *bar++ = '\0';
  /* Never init, and never the agent itself. */
  if (!g_ascii_string_to_unsigned (digits, 10, 2, G_MAXINT32, &pid, NULL) || (pid_t)pid == getpid ())
    return;
  command = bl_system_process_command ("", (guint)pid);
  if (command == NULL || (bar != NULL && *bar != '\0' && strcmp (bar, command) != 0))
    return;
  g_autofree char *text = g_strdup_printf ("Ended process %u (%s)", (guint)pid, command);
  if (kill ((pid_t)pid, SIGTERM) == 0)
    bl_system_log (host, call, 19, text);
  else
    bowline_host_log (host, BOWLINE_LOG_WARNING, NULL, "process %u was not ended: %s", (guint)pid,
                      g_strerror (errno));
}

void
bl_system_processes (BowlineHost *host, BowlineMessageCall *call, const char *type)
{
  if (!bl_system_may (call, BL_RIGHT_REMOTE_CONTROL))
    return;
  if (g_str_equal (type, "psinfo"))
    tell_one (call);
  else if (g_str_equal (type, "pskill"))
    end_process (host, call);
  else
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, listed_cb, bowline_message_call_ref (call));
      g_task_run_in_thread (task, list_thread);
    }
}
