// SPDX-License-Identifier: Apache-2.0
#include "bl-server-tree.h"

#include <bowline/error.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bl-files-proto.h"

#define OWN ".bowline-" /* names that are no user's */
#define PART OWN "part-"
#define NEW OWN "new"
#define BLOCK (256u * 1024u)

static gboolean
fail (GError **error, guint code, const char *name, const char *why)
{
  g_set_error (error, BOWLINE_ERROR, code, "%s: %s", name, why);
  return FALSE;
}

static gboolean
fail_errno (GError **error, const char *name)
{
  const int number = errno;
  guint code = BOWLINE_ERROR_STORAGE;

  if (number == ENOENT || number == ENOTDIR || number == ELOOP)
    code = BOWLINE_ERROR_NOT_FOUND;
  else if (number == EEXIST || number == ENOTEMPTY)
    code = BOWLINE_ERROR_EXISTS;
  return fail (error, code, name, g_strerror (number));
}

gboolean
bl_server_tree_name_is_valid (const char *name)
{
  return bl_files_name_is_valid (name) && !g_str_has_prefix (name, OWN);
}

static gboolean
check_name (const char *name, GError **error)
{
  return bl_server_tree_name_is_valid (name) || fail (error, BOWLINE_ERROR_INVALID, name, "not a file name");
}

/* ---- folders -------------------------------------------------------------------------------------------------------- */

/* "user//name" is kept in "user-name". Returns: (nullable): NULL when it is the id of nothing that has files */
static char *
owner_folder (const char *id)
{
  const char *rest = strchr (id, '/');

  if (rest == NULL || rest[1] != '/' || !(g_str_has_prefix (id, "user/") || g_str_has_prefix (id, "mesh/"))
      || !bl_files_name_is_valid (rest + 2))
    return NULL;
  return g_strdup_printf ("%.4s-%s", id, rest + 2);
}

/* Closes @at. Returns: -1 with an error */
static int
step (int at, const char *name, gboolean create, GError **error)
{
  int fd = -1;

  if (!create || mkdirat (at, name, 0700) == 0 || errno == EEXIST)
    fd = openat (at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    fail_errno (error, name);
  close (at);
  return fd;
}

int
bl_server_tree_open (int root, const char *const *path, gboolean create, GError **error)
{
  g_autofree char *owner = path[0] != NULL ? owner_folder (path[0]) : NULL;
  int at;

  if (owner == NULL || strlen (owner) > NAME_MAX || g_strv_length ((char **)path) > BL_SERVER_TREE_MAX_DEPTH)
    {
      fail (error, BOWLINE_ERROR_INVALID, path[0] != NULL ? path[0] : "", "expected the folder of an account or a group");
      return -1;
    }
  at = fcntl (root, F_DUPFD_CLOEXEC, 0);
  if (at < 0)
    {
      fail_errno (error, owner);
      return -1;
    }
  at = step (at, owner, create, error);
  for (guint i = 1; at >= 0 && path[i] != NULL; i++)
    {
      if (!check_name (path[i], error))
        {
          close (at);
          return -1;
        }
      at = step (at, path[i], create, error);
    }
  return at;
}

/* Returns: (nullable): @folder itself stays open */
static DIR *
read_folder (int folder)
{
  int fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;

  if (dir == NULL && fd >= 0)
    close (fd);
  return dir;
}

/* Returns: (nullable): the next name that is a user's, with what it is */
static const char *
next_entry (DIR *dir, struct stat *info)
{
  const struct dirent *entry;

  while ((entry = readdir (dir)) != NULL)
    if (bl_server_tree_name_is_valid (entry->d_name)
        && fstatat (dirfd (dir), entry->d_name, info, AT_SYMLINK_NOFOLLOW) == 0
        && (S_ISREG (info->st_mode) || S_ISDIR (info->st_mode)))
      return entry->d_name;
  return NULL;
}

static GVariant *
list (int folder, guint depth, BlServerTreeUse *use)
{
  DIR *dir = depth < BL_SERVER_TREE_MAX_DEPTH ? read_folder (folder) : NULL;
  GVariantBuilder entries;
  struct stat info;
  const char *name;

  g_variant_builder_init (&entries, G_VARIANT_TYPE_VARDICT);
  while (dir != NULL && use->entries < BL_SERVER_TREE_MAX_ENTRIES && (name = next_entry (dir, &info)) != NULL)
    {
      GVariantBuilder entry;
      int inner = -1;

      use->entries++;
      g_variant_builder_init (&entry, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&entry, "{sv}", "t", g_variant_new_int64 (S_ISDIR (info.st_mode) ? 2 : 3));
      if (S_ISREG (info.st_mode))
        {
          use->bytes += (guint64)info.st_size;
          g_variant_builder_add (&entry, "{sv}", "s", g_variant_new_int64 (info.st_size));
          g_variant_builder_add (&entry, "{sv}", "d",
                                 g_variant_new_int64 ((gint64)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000));
        }
      else
        {
          inner = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
          g_variant_builder_add (&entry, "{sv}", "f", list (inner, inner >= 0 ? depth + 1 : BL_SERVER_TREE_MAX_DEPTH, use));
        }
      if (inner >= 0)
        close (inner);
      g_variant_builder_add (&entries, "{sv}", name, g_variant_builder_end (&entry));
    }
  if (dir != NULL)
    closedir (dir);
  return g_variant_builder_end (&entries);
}

GVariant *
bl_server_tree_list (int folder, BlServerTreeUse *use)
{
  return g_variant_ref_sink (list (folder, 0, use));
}

/* Uploads count as well: whoever breaks them off again and again shall not fill the disk. */
static void
measure_part (int folder, const char *name, BlServerTreeUse *use)
{
  struct stat info;

  if (!g_str_has_prefix (name, OWN) || fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  if (info.st_mtim.tv_sec < g_get_real_time () / G_USEC_PER_SEC - BL_SERVER_TREE_PART_AGE)
    (void)unlinkat (folder, name, 0); /* it is looked at again next time */
  else
    use->bytes += (guint64)info.st_size;
}

static void
measure (int folder, guint depth, BlServerTreeUse *use)
{
  DIR *dir = depth < BL_SERVER_TREE_MAX_DEPTH ? read_folder (folder) : NULL;
  const struct dirent *entry;
  struct stat info;

  while (dir != NULL && (entry = readdir (dir)) != NULL)
    {
      if (!bl_server_tree_name_is_valid (entry->d_name))
        measure_part (folder, entry->d_name, use);
      else if (fstatat (folder, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0)
        {
          int inner = S_ISDIR (info.st_mode)
                          ? openat (folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                          : -1;

          use->entries++;
          use->bytes += S_ISREG (info.st_mode) ? (guint64)info.st_size : 0;
          if (inner >= 0)
            {
              measure (inner, depth + 1, use);
              close (inner);
            }
        }
    }
  if (dir != NULL)
    closedir (dir);
}

void
bl_server_tree_measure (int folder, BlServerTreeUse *use)
{
  measure (folder, 0, use);
}

/* ---- changes -------------------------------------------------------------------------------------------------------- */

gboolean
bl_server_tree_make (int folder, const char *name, GError **error)
{
  return check_name (name, error) && (mkdirat (folder, name, 0700) == 0 || fail_errno (error, name));
}

static gboolean
empty_folder (int folder, guint depth)
{
  DIR *dir = depth <= BL_SERVER_TREE_MAX_DEPTH ? read_folder (folder) : NULL;
  const struct dirent *entry;
  gboolean ok = dir != NULL;

  while (ok && (entry = readdir (dir)) != NULL)
    {
      int inner;

      if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, "..") || unlinkat (folder, entry->d_name, 0) == 0)
        continue;
      inner = openat (folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      ok = inner >= 0 && empty_folder (inner, depth + 1);
      if (inner >= 0)
        close (inner);
      ok = ok && unlinkat (folder, entry->d_name, AT_REMOVEDIR) == 0;
    }
  if (dir != NULL)
    closedir (dir);
  return ok;
}

gboolean
bl_server_tree_remove (int folder, const char *name, gboolean recursive, GError **error)
{
  struct stat info;
  gboolean ok;
  int inner;

  if (!check_name (name, error))
    return FALSE;
  if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return fail_errno (error, name);
  if (!S_ISDIR (info.st_mode))
    return unlinkat (folder, name, 0) == 0 || fail_errno (error, name);
  if (recursive)
    {
      inner = openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      ok = inner >= 0 && empty_folder (inner, 0);
      if (!ok)
        fail_errno (error, name);
      if (inner >= 0)
        close (inner);
      if (!ok)
        return FALSE;
    }
  return unlinkat (folder, name, AT_REMOVEDIR) == 0 || fail_errno (error, name);
}

gboolean
bl_server_tree_forget (int root, const char *id, GError **error)
{
  g_autofree char *owner = owner_folder (id);
  g_autoptr (GError) local = NULL;

  if (owner == NULL || bl_server_tree_remove (root, owner, TRUE, &local)
      || g_error_matches (local, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
bl_server_tree_move (int from, const char *name, int to, const char *new_name, GError **error)
{
  if (!check_name (name, error) || !check_name (new_name, error))
    return FALSE;
  return renameat2 (from, name, to, new_name, RENAME_NOREPLACE) == 0 || fail_errno (error, new_name);
}

static gboolean
write_all (int fd, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      const ssize_t n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize)n;
    }
  return TRUE;
}

static gboolean
copy_bytes (int from, int to)
{
  g_autofree guint8 *block = g_malloc (BLOCK);
  ssize_t n;

  while ((n = read (from, block, BLOCK)) > 0)
    if (!write_all (to, block, (gsize)n))
      return FALSE;
  return n == 0;
}

static gboolean copy_folder (int from, int to, guint depth);

/* Makes @to_name from @name, whatever that is. */
static gboolean
copy_entry (int from, const char *name, int to, const char *to_name, guint depth)
{
  int source = openat (from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat info;
  gboolean ok = source >= 0 && fstat (source, &info) == 0;
  int target = -1;

  if (ok && S_ISDIR (info.st_mode))
    {
      ok = mkdirat (to, to_name, 0700) == 0
           && (target = openat (to, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) >= 0
           && copy_folder (source, target, depth + 1);
    }
  else if (ok)
    {
      target = openat (to, to_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
      ok = target >= 0 && copy_bytes (source, target);
    }
  if (target >= 0)
    close (target);
  if (source >= 0)
    close (source);
  return ok;
}

static gboolean
copy_folder (int from, int to, guint depth)
{
  DIR *dir = depth <= BL_SERVER_TREE_MAX_DEPTH ? read_folder (from) : NULL;
  struct stat info;
  const char *name;
  gboolean ok = dir != NULL;

  while (ok && (name = next_entry (dir, &info)) != NULL)
    ok = copy_entry (from, name, to, name, depth);
  if (dir != NULL)
    closedir (dir);
  return ok;
}

/* What an interrupted copy or write left. */
static void
clear_new (int folder)
{
  int inner = openat (folder, NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (inner >= 0)
    {
      (void)empty_folder (inner, 0); /* what stays makes the next step fail */
      close (inner);
      (void)unlinkat (folder, NEW, AT_REMOVEDIR);
    }
  else
    (void)unlinkat (folder, NEW, 0);
}

/* A folder that is copied into itself would never end: the copy is made beside it, in the folder that it goes to. */
static gboolean
is_inside (int folder, int other)
{
  struct stat wanted, at;
  int fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fstat (other, &wanted) != 0)
    wanted = (struct stat){ 0 };
  for (guint i = 0; fd >= 0 && i <= BL_SERVER_TREE_MAX_DEPTH; i++)
    {
      const gboolean same = fstat (fd, &at) == 0 && at.st_ino == wanted.st_ino && at.st_dev == wanted.st_dev;
      int up = same ? -1 : openat (fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

      close (fd);
      if (same)
        return TRUE;
      fd = up;
    }
  if (fd >= 0)
    close (fd);
  return FALSE;
}

gboolean
bl_server_tree_copy (int from, int to, const char *name, GError **error)
{
  int source = check_name (name, error) ? openat (from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
  gboolean ok;

  if (source < 0)
    return error == NULL || *error != NULL ? FALSE : fail_errno (error, name);
  ok = !is_inside (to, source);
  close (source);
  if (!ok)
    return fail (error, BOWLINE_ERROR_INVALID, name, "a folder cannot be copied into itself");
  clear_new (to);
  ok = copy_entry (from, name, to, NEW, 0) && renameat2 (to, NEW, to, name, RENAME_NOREPLACE) == 0;
  if (ok)
    return TRUE;
  fail_errno (error, name);
  clear_new (to);
  return FALSE;
}

/* ---- contents ------------------------------------------------------------------------------------------------------- */

int
bl_server_tree_open_file (int folder, const char *name, struct stat *info, GError **error)
{
  int fd = check_name (name, error) ? openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;

  if (fd >= 0 && fstat (fd, info) == 0 && S_ISREG (info->st_mode))
    return fd;
  if (fd >= 0)
    {
      close (fd);
      fail (error, BOWLINE_ERROR_NOT_FOUND, name, "not a file");
    }
  else if (error != NULL && *error == NULL)
    fail_errno (error, name);
  return -1;
}

/* What is there under @name and is a file gives way. */
static gboolean
put_in_place (int folder, const char *temporary, const char *name, GError **error)
{
  if (renameat (folder, temporary, folder, name) == 0)
    return TRUE;
  fail_errno (error, name);
  (void)unlinkat (folder, temporary, 0); /* the failure that counts is told */
  return FALSE;
}

gboolean
bl_server_tree_write (int folder, const char *name, GBytes *content, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (content, &length);
  gboolean ok;
  int fd;

  if (!check_name (name, error))
    return FALSE;
  clear_new (folder);
  fd = openat (folder, NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  ok = fd >= 0 && write_all (fd, data, length) && fsync (fd) == 0;
  if (!ok)
    fail_errno (error, name);
  if (fd >= 0)
    close (fd);
  if (ok)
    return put_in_place (folder, NEW, name, error);
  (void)unlinkat (folder, NEW, 0);
  return FALSE;
}

/* Opens the part and sees that it is as long as the sender thinks. */
static int
open_part (int folder, const char *part, guint64 offset, GError **error)
{
  int fd = openat (folder, part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (offset == 0 ? O_TRUNC : 0), 0600);
  struct stat info;

  if (fd < 0 || fstat (fd, &info) != 0)
    fail_errno (error, part);
  else if ((guint64)info.st_size != offset || !S_ISREG (info.st_mode))
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected offset %" G_GINT64_FORMAT, (gint64)info.st_size);
  else
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

gboolean
bl_server_tree_append (
    int folder, const char *name, const char *part, guint64 offset, guint64 size, GBytes *piece, GError **error)
{
  g_autofree char *temporary = g_strconcat (PART, part, NULL);
  gsize length;
  const guint8 *data = g_bytes_get_data (piece, &length);
  gboolean ok, last;
  int fd;

  if (!check_name (name, error) || !check_name (part, error))
    return FALSE;
  if (size < offset || length > size - offset || (length == 0 && size != 0))
    return fail (error, BOWLINE_ERROR_INVALID, name, "this piece does not lie in the file");
  fd = open_part (folder, temporary, offset, error);
  if (fd < 0)
    return FALSE;
  last = offset + length == size;
  ok = lseek (fd, (off_t)offset, SEEK_SET) >= 0 && write_all (fd, data, length) && (!last || fsync (fd) == 0);
  if (!ok)
    {
      fail_errno (error, name);
      (void)ftruncate (fd, (off_t)offset); /* it can be sent again; if not even that works, the next offset will not fit */
    }
  close (fd);
  return ok && (!last || put_in_place (folder, temporary, name, error));
}
