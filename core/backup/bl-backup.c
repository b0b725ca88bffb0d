// SPDX-License-Identifier: Apache-2.0
#include "bl-backup.h"

#include "bl-archive.h"
#include "bl-build-config.h"

#include <bowline/error.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

typedef struct
{
  BlStore *store;
  char *data_dir;
  char *path;
  char *copy; /* of the store */
} Backup;

static void
backup_free (gpointer data)
{
  Backup *backup = data;

  (void)g_unlink (backup->copy); /* it may never have been made */
  g_free (backup->data_dir);
  g_free (backup->path);
  g_free (backup->copy);
  g_free (backup);
}

static gboolean
add_certificates (Backup *backup, GPtrArray *members, GError **error)
{
  g_autofree char *directory = g_build_filename (backup->data_dir, BL_ARCHIVE_CERTS, NULL);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, error);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autofree char *inside = g_strconcat (BL_ARCHIVE_CERTS "/", name, NULL);

      if (members->len >= BL_ARCHIVE_MAX_MEMBERS)
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "%s: more than %u files", directory,
                       BL_ARCHIVE_MAX_MEMBERS);
          return FALSE;
        }
      if (g_file_test (path, G_FILE_TEST_IS_REGULAR) && bl_archive_name_is_known (inside))
        bl_archive_members_add (members, inside, path);
    }
  return dir != NULL;
}

static void
archive_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Backup *backup = data;
  g_autoptr (GPtrArray) members = bl_archive_members_new ();
  GError *error = NULL;

  bl_archive_members_add (members, BL_ARCHIVE_STORE, backup->copy);
  if (add_certificates (backup, members, &error)
      && bl_archive_write (backup->path, members, BL_VERSION, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
copied_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Backup *backup = g_task_get_task_data (task);
  GError *error = NULL;

  if (bl_store_backup_finish (backup->store, result, &error))
    g_task_run_in_thread (task, archive_thread);
  else
    g_task_return_error (task, error);
}

void
bl_backup_async (
    BlStore *store, const char *data_dir, const char *path, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree char *directory = g_path_get_dirname (path);
  Backup *backup = g_new0 (Backup, 1);

  g_task_set_source_tag (task, bl_backup_async);
  g_task_set_task_data (task, backup, backup_free);
  backup->store = store;
  backup->data_dir = g_strdup (data_dir);
  backup->path = g_strdup (path);
  backup->copy = g_strdup_printf ("%s.store-%d", path, getpid ());
  /* Said before the store is copied, which may take long. */
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "%s: there is such a file already",
                             path);
  else if (g_access (directory, W_OK) != 0)
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s", directory,
                             g_strerror (errno));
  else
    bl_store_backup_async (store, backup->copy, NULL, copied_cb, g_steal_pointer (&task));
}

gboolean
bl_backup_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
