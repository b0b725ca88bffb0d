// SPDX-License-Identifier: Apache-2.0
#include "bl-ctl-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 64u

char *
bl_ctl_tree_scratch (GError **error)
{
  return g_dir_make_tmp ("bowlinectl-XXXXXX", error);
}

// Calls itself for folders. Links are entries like any other: they are never followed.
typedef gboolean (*Visit) (int directory, const char *name, const struct stat *st, gpointer user_data);

static gboolean
walk (int directory, const char *name, guint depth, Visit visit, gpointer user_data)
{
  const int fd = openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd >= 0 && depth < MAX_DEPTH ? fdopendir (fd) : NULL;
  gboolean ok = dir != NULL;
  struct dirent *entry;
  if (dir == NULL && fd >= 0)
    close (fd);
  while (dir != NULL && (entry = readdir (dir)) != NULL)
    {
      struct stat st;
      if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, ".."))
        continue;
      if (fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        ok = FALSE;
      else
        {
          if (S_ISDIR (st.st_mode))
            ok = walk (fd, entry->d_name, depth + 1, visit, user_data) && ok;
          ok = visit (fd, entry->d_name, &st, user_data) && ok;
        }
    }
  if (dir != NULL)
    closedir (dir);
  return ok;
}

static gboolean
remove_one (int directory, const char *name, const struct stat *st, gpointer user_data)
{
  return unlinkat (directory, name, S_ISDIR (st->st_mode) ? AT_REMOVEDIR : 0) == 0;
}

gboolean
bl_ctl_tree_remove (const char *path)
{
  if (walk (AT_FDCWD, path, 0, remove_one, NULL) && rmdir (path) == 0)
    return TRUE;
  return g_access (path, F_OK) != 0;
}

// A file with further links may lie elsewhere too, as what only root should have.
static gboolean
give_one (int directory, const char *name, const struct stat *st, gpointer user_data)
{
  const struct stat *owner = user_data;
  if (st->st_uid != 0 || (!S_ISDIR (st->st_mode) && (!S_ISREG (st->st_mode) || st->st_nlink != 1)))
    return TRUE;
  return fchownat (directory, name, owner->st_uid, owner->st_gid, AT_SYMLINK_NOFOLLOW) == 0;
}

void
bl_ctl_tree_give_back (const char *data_dir)
{
  struct stat owner;
  if (geteuid () != 0 || stat (data_dir, &owner) != 0 || owner.st_uid == 0)
    return;
  if (!walk (AT_FDCWD, data_dir, 0, give_one, &owner))
    g_printerr ("bowlinectl: some files in %s could not be given to the account that owns it\n", data_dir);
}
