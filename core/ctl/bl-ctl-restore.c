// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-restore.h"

#include "bl-ctl-tree.h"
#include "core/backup/bl-archive.h"
#include "core/backup/bl-restore-finish.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_NAME "bowlined.lock"
#define NEW "restore.new"   // being unpacked and tried
#define PICK "restore.pick" // what of it is kept; becomes BL_RESTORE_READY

static gboolean
fail_errno (GError **error, const char *path)
{
  const int saved = errno;
  g_set_error (error, G_IO_ERROR, (gint)g_io_error_from_errno (saved), "%s: %s", path, g_strerror (saved));
  return FALSE;
}

// The server's own lock: none runs, and none starts meanwhile.
static int
lock (const char *data_dir, GError **error)
{
  if (g_mkdir_with_parents (data_dir, 0700) != 0)
    {
      fail_errno (error, data_dir);
      return -1;
    }
  g_autofree char *path = g_build_filename (data_dir, LOCK_NAME, NULL);
  const int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  if (fd >= 0 && errno == EWOULDBLOCK)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "the server of %s runs; stop it first", data_dir);
  else
    fail_errno (error, path);
  if (fd >= 0)
    close (fd);
  return -1;
}

static gboolean
make_empty (const char *path, GError **error)
{
  if (!bl_ctl_tree_remove (path))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   "%s, of a restore that was broken off, cannot be removed", path);
      return FALSE;
    }
  return g_mkdir (path, 0700) == 0 || fail_errno (error, path);
}

static gboolean
unpack_and_try (const char *file, const char *directory, BlCtlProbe probe, gpointer user_data, GError **error)
{
  if (!bl_archive_extract (file, directory, error))
    return FALSE;
  if (probe (directory, user_data, error))
    return TRUE;
  g_prefix_error (error, "no server can use what is in the archive: ");
  return FALSE;
}

// The server that was tried left more than what is wanted.
static gboolean
pick (const char *from, const char *to, const char *name, GError **error)
{
  g_autofree char *old = g_build_filename (from, name, NULL);
  g_autofree char *picked = g_build_filename (to, name, NULL);
  return rename (old, picked) == 0 || fail_errno (error, old);
}

static gboolean
decide (const char *data_dir, const char *tried, char **aside, GError **error)
{
  g_autofree char *picked = g_build_filename (data_dir, PICK, NULL);
  g_autofree char *ready = g_build_filename (data_dir, BL_RESTORE_READY, NULL);
  if (!make_empty (picked, error) || !pick (tried, picked, BL_ARCHIVE_STORE, error)
      || !pick (tried, picked, BL_ARCHIVE_CERTS, error) || !bl_archive_sync_directory (picked, error))
    return FALSE;
  // From here on the new data counts, whatever happens: the next start finishes what is not done here.
  return (rename (picked, ready) == 0 || fail_errno (error, ready))
         && bl_archive_sync_directory (data_dir, error) && bl_restore_finish (data_dir, aside, error);
}

static gboolean
restore_locked (const char *data_dir,
                const char *file,
                BlCtlProbe probe,
                gpointer user_data,
                char **aside,
                GError **error)
{
  g_autofree char *directory = g_build_filename (data_dir, NEW, NULL);
  gboolean ok = bl_restore_finish (data_dir, NULL, error) && make_empty (directory, error)
                && unpack_and_try (file, directory, probe, user_data, error)
                && decide (data_dir, directory, aside, error);
  if (!bl_ctl_tree_remove (directory))
    g_printerr ("bowlinectl: %s was not removed\n", directory);
  return ok;
}

static gboolean
check (const char *file, BlCtlProbe probe, gpointer user_data, GError **error)
{
  g_autofree char *scratch = bl_ctl_tree_scratch (error);
  if (scratch == NULL)
    return FALSE;
  const gboolean ok = unpack_and_try (file, scratch, probe, user_data, error);
  if (!bl_ctl_tree_remove (scratch))
    g_printerr ("bowlinectl: %s was not removed\n", scratch);
  return ok;
}

gboolean
bl_ctl_restore (const char *data_dir,
                const char *file,
                gboolean check_only,
                BlCtlProbe probe,
                gpointer user_data,
                char **aside,
                GError **error)
{
  *aside = NULL;
  if (check_only)
    return check (file, probe, user_data, error);
  const int fd = lock (data_dir, error);
  if (fd < 0)
    return FALSE;
  const gboolean ok = restore_locked (data_dir, file, probe, user_data, aside, error);
  close (fd);
  if (ok)
    bl_ctl_tree_give_back (data_dir);
  return ok;
}
