// SPDX-License-Identifier: Apache-2.0
#include "bl-restore-finish.h"

#include "bl-archive.h"
#include "common/bl-error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD "restore.old"

static gboolean
move (const char *from_directory, const char *to_directory, const char *name, GError **error)
{
  g_autofree char *from = g_build_filename (from_directory, name, NULL);
  g_autofree char *to = g_build_filename (to_directory, name, NULL);
  int saved;

  if (rename (from, to) == 0 || errno == ENOENT)
    return TRUE;
  saved = errno;
  g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "restore: %s: %s", from, g_strerror (saved));
  return FALSE;
}

/* The log of a database belongs to it: it goes first, so that it never lies beside another one. */
static gboolean
replace (const char *data_dir,
         const char *ready,
         const char *old,
         const char *name,
         const char *const *with,
         GError **error)
{
  g_autofree char *new_one = g_build_filename (ready, name, NULL);

  if (g_access (new_one, F_OK) != 0)
    return TRUE;
  for (guint i = 0; with[i] != NULL; i++)
    {
      if (!move (data_dir, old, with[i], error))
        return FALSE;
    }
  return move (data_dir, old, name, error) && bl_archive_sync_directory (data_dir, error)
         && move (ready, data_dir, name, error) && bl_archive_sync_directory (data_dir, error);
}

gboolean
bl_restore_finish (const char *data_dir, char **aside, GError **error)
{
  static const char *const logs[] = { BL_ARCHIVE_STORE "-wal", BL_ARCHIVE_STORE "-shm", NULL };
  static const char *const none[] = { NULL };
  g_autofree char *ready = g_build_filename (data_dir, BL_RESTORE_READY, NULL);
  g_autofree char *old = g_build_filename (data_dir, OLD, NULL);
  g_autofree char *kept = NULL;

  if (aside != NULL)
    *aside = NULL;
  if (g_access (ready, F_OK) != 0)
    return TRUE;
  if (g_mkdir (old, 0700) != 0 && errno != EEXIST)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "restore: %s: %s", old, g_strerror (errno));
      return FALSE;
    }
  if (!replace (data_dir, ready, old, BL_ARCHIVE_STORE, logs, error)
      || !replace (data_dir, ready, old, BL_ARCHIVE_CERTS, none, error))
    return FALSE;
  kept = g_strdup_printf ("%s/before-restore-%" G_GINT64_FORMAT, data_dir,
                          g_get_real_time () / G_USEC_PER_SEC);
  if (rename (old, kept) != 0 || rmdir (ready) != 0)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "restore: %s: %s", ready, g_strerror (errno));
      return FALSE;
    }
  if (aside != NULL)
    *aside = g_steal_pointer (&kept);
  return bl_archive_sync_directory (data_dir, error);
}
