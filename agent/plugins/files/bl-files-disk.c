// SPDX-License-Identifier: Apache-2.0
#include "bl-files-disk.h"

#include "bl-files-io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BLOCK (1024 * 1024)
#define HASH_BLOCK 65536


int
bl_files_open_directory (const char *path, GError **error)
{
  const int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    bl_files_fail_errno (error, path);
  return fd;
}

int
bl_files_create (int directory, const char *name, GError **error)
{
  const int fd = openat (directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0)
    bl_files_fail_errno (error, name);
  return fd;
}

// A stream over a duplicate, so that FD stays the caller's.
static DIR *
open_stream (int fd)
{
  const int copy = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = copy >= 0 ? fdopendir (copy) : NULL;
  if (dir == NULL && copy >= 0)
    close (copy);
  return dir;
}

static gboolean
is_dot (const char *name)
{
  return g_str_equal (name, ".") || g_str_equal (name, "..");
}

// ---- listing -------------------------------------------------------------------------------------------------------

char *
bl_files_list (const char *path, GVariant *reqid)
{
  auto_fd fd = bl_files_open_directory (path, NULL);
  auto_dir dir = fd >= 0 ? open_stream (fd) : NULL;
  if (dir == NULL)
    return bl_files_answer_unreadable (path, reqid);
  BlFilesListing *listing = bl_files_listing_new (path, reqid);
  guint n = 0;
  for (struct dirent *entry; n < BL_FILES_MAX_LISTED && (entry = readdir (dir)) != NULL;)
    {
      struct stat info;
      char target[PATH_MAX];
      if (is_dot (entry->d_name) || fstatat (fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        continue;
      const gboolean is_link = S_ISLNK (info.st_mode);
      if (is_link)
        {
          const ssize_t length = readlinkat (fd, entry->d_name, target, sizeof target - 1);
          target[MAX (length, 0)] = '\0';
          (void)fstatat (fd, entry->d_name, &info, 0); // a link to nowhere stands for itself
        }
      const gboolean directory = S_ISDIR (info.st_mode);
      bl_files_listing_add (listing, entry->d_name, directory ? BL_FILES_ENTRY_DIRECTORY : BL_FILES_ENTRY_FILE,
                            directory ? 0 : (guint64)info.st_size, info.st_mtime, is_link ? target : NULL);
      n++;
    }
  return bl_files_listing_end (listing);
}

gboolean
bl_files_make_directory (const char *path, GError **error)
{
  return mkdir (path, 0777 & ~022) == 0 || bl_files_fail_errno (error, path);
}

// ---- removing ------------------------------------------------------------------------------------------------------

static gboolean
remove_entry (int parent, const char *name, gboolean recursive, guint depth, GError **error)
{
  if (unlinkat (parent, name, 0) == 0)
    return TRUE;
  if (errno != EISDIR && errno != EPERM)
    return bl_files_fail_errno (error, name);
  if (unlinkat (parent, name, AT_REMOVEDIR) == 0)
    return TRUE;
  if ((errno != ENOTEMPTY && errno != EEXIST) || !recursive)
    return bl_files_fail_errno (error, name);
  if (depth >= BL_FILES_MAX_DEPTH)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: deeper than %d folders", name, BL_FILES_MAX_DEPTH);
      return FALSE;
    }
  auto_fd fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  auto_dir dir = fd >= 0 ? open_stream (fd) : NULL;
  if (dir == NULL)
    return bl_files_fail_errno (error, name);
  for (struct dirent *entry; (entry = readdir (dir)) != NULL;)
    {
      if (!is_dot (entry->d_name) && !remove_entry (fd, entry->d_name, TRUE, depth + 1, error))
        return FALSE;
    }
  return unlinkat (parent, name, AT_REMOVEDIR) == 0 || bl_files_fail_errno (error, name);
}

gboolean
bl_files_remove (const char *path, const char *const *names, gboolean recursive, GError **error)
{
  auto_fd fd = bl_files_open_directory (path, error);
  for (guint i = 0; fd >= 0 && names[i] != NULL; i++)
    {
      if (!remove_entry (fd, names[i], recursive, 0, error))
        return FALSE;
    }
  return fd >= 0;
}

gboolean
bl_files_rename (const char *path, const char *old_name, const char *new_name, GError **error)
{
  auto_fd fd = bl_files_open_directory (path, error);
  return fd >= 0
         && (renameat2 (fd, old_name, fd, new_name, RENAME_NOREPLACE) == 0 || bl_files_fail_errno (error, old_name));
}

// ---- copying -------------------------------------------------------------------------------------------------------

static gboolean
copy_file (int source_dir, int target_dir, const char *name, mode_t mode, GCancellable *cancellable, GError **error)
{
  auto_fd in = openat (source_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (in < 0)
    return bl_files_fail_errno (error, name);
  auto_fd out = openat (target_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
  if (out < 0)
    return bl_files_fail_errno (error, name);
  for (;;)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      const ssize_t n = sendfile (out, in, NULL, COPY_BLOCK);
      if (n == 0)
        return TRUE;
      if (n < 0 && errno != EINTR)
        {
          bl_files_fail_errno (error, name);
          unlinkat (target_dir, name, 0); // half a copy is no copy
          return FALSE;
        }
    }
}

static gboolean copy_entry (int source_dir, int target_dir, const char *name, guint depth, GCancellable *cancellable,
                            GError **error);

static gboolean
copy_directory (int source_dir, int target_dir, const char *name, const struct stat *info, guint depth,
                GCancellable *cancellable, GError **error)
{
  if (depth >= BL_FILES_MAX_DEPTH)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: deeper than %d folders", name, BL_FILES_MAX_DEPTH);
      return FALSE;
    }
  auto_fd in = openat (source_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (in < 0 || mkdirat (target_dir, name, info->st_mode & 0777) != 0)
    return bl_files_fail_errno (error, name);
  auto_fd out = openat (target_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  auto_dir dir = out >= 0 ? open_stream (in) : NULL;
  if (dir == NULL)
    return bl_files_fail_errno (error, name);
  for (struct dirent *entry; (entry = readdir (dir)) != NULL;)
    {
      if (!is_dot (entry->d_name) && !copy_entry (in, out, entry->d_name, depth + 1, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_entry (int source_dir, int target_dir, const char *name, guint depth, GCancellable *cancellable, GError **error)
{
  struct stat info;
  char link[PATH_MAX];
  if (fstatat (source_dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return bl_files_fail_errno (error, name);
  if (S_ISDIR (info.st_mode))
    return copy_directory (source_dir, target_dir, name, &info, depth, cancellable, error);
  if (S_ISREG (info.st_mode))
    return copy_file (source_dir, target_dir, name, info.st_mode, cancellable, error);
  if (!S_ISLNK (info.st_mode))
    return TRUE; // sockets, devices and pipes are not copied
  const ssize_t length = readlinkat (source_dir, name, link, sizeof link - 1);
  if (length < 0)
    return bl_files_fail_errno (error, name);
  link[length] = '\0';
  return symlinkat (link, target_dir, name) == 0 || bl_files_fail_errno (error, name);
}

static gboolean
move_entry (int source_dir, int target_dir, const char *name, GCancellable *cancellable, GError **error)
{
  if (renameat2 (source_dir, name, target_dir, name, RENAME_NOREPLACE) == 0)
    return TRUE;
  if (errno != EXDEV)
    return bl_files_fail_errno (error, name);
  return copy_entry (source_dir, target_dir, name, 0, cancellable, error)
         && remove_entry (source_dir, name, TRUE, 0, error);
}

gboolean
bl_files_transfer (const char *source, const char *target, const char *const *names, gboolean move,
                   GCancellable *cancellable, GError **error)
{
  auto_fd source_dir = bl_files_open_directory (source, error);
  auto_fd target_dir = source_dir >= 0 ? bl_files_open_directory (target, error) : -1;
  for (guint i = 0; target_dir >= 0 && names[i] != NULL; i++)
    {
      if (!(move ? move_entry (source_dir, target_dir, names[i], cancellable, error)
                 : copy_entry (source_dir, target_dir, names[i], 0, cancellable, error)))
        return FALSE;
    }
  return target_dir >= 0;
}

// ---- finding and hashing -------------------------------------------------------------------------------------------

typedef struct
{
  GPatternSpec *pattern;
  GCancellable *cancellable;
  void (*found) (const char *relative, gpointer user_data);
  gpointer user_data;
  guint n;
} Search;

static void
search_directory (Search *search, int fd, const char *prefix, guint depth)
{
  auto_dir dir = open_stream (fd);
  if (dir == NULL || depth > BL_FILES_MAX_DEPTH)
    return;
  for (struct dirent *entry; (entry = readdir (dir)) != NULL;)
    {
      if (is_dot (entry->d_name) || search->n >= BL_FILES_MAX_FOUND || g_cancellable_is_cancelled (search->cancellable))
        continue;
      g_autofree char *lower = g_ascii_strdown (entry->d_name, -1);
      g_autofree char *relative = prefix[0] != '\0' ? g_strconcat (prefix, "/", entry->d_name, NULL)
                                                    : g_strdup (entry->d_name);
      if (g_pattern_spec_match_string (search->pattern, lower))
        {
          search->n++;
          search->found (relative, search->user_data);
        }
      auto_fd child = openat (fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (child >= 0)
        search_directory (search, child, relative, depth + 1);
    }
}

void
bl_files_find (const char *path, const char *filter, GCancellable *cancellable,
               void (*found) (const char *relative, gpointer user_data), gpointer user_data)
{
  auto_fd fd = bl_files_open_directory (path, NULL);
  if (fd < 0)
    return;
  g_autofree char *lower = g_ascii_strdown (filter, -1);
  g_autofree char *spec = strpbrk (lower, "*?") != NULL ? g_strdup (lower) : g_strconcat ("*", lower, "*", NULL);
  Search search = {
    .pattern = g_pattern_spec_new (spec), .cancellable = cancellable, .found = found, .user_data = user_data
  };
  search_directory (&search, fd, "", 0);
  g_pattern_spec_free (search.pattern);
}

gboolean
bl_files_hash (const char *path, const char *name, guint64 length, guint8 hash[48])
{
  guint8 buffer[HASH_BLOCK];
  struct stat info;
  gnutls_hash_hd_t state;
  auto_fd dir = bl_files_open_directory (path, NULL);
  auto_fd fd = dir >= 0 ? openat (dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
  if (fd < 0 || fstat (fd, &info) != 0 || !S_ISREG (info.st_mode) || gnutls_hash_init (&state, GNUTLS_DIG_SHA384) != 0)
    return FALSE;
  guint64 left = length > 0 ? length : G_MAXUINT64;
  gboolean good = TRUE;
  while (good && left > 0)
    {
      const ssize_t n = read (fd, buffer, MIN (left, sizeof buffer));
      if (n == 0)
        break;
      good = n > 0 || errno == EINTR;
      if (n > 0)
        {
          good = gnutls_hash (state, buffer, (size_t)n) == 0;
          left -= (guint64)n;
        }
    }
  gnutls_hash_deinit (state, hash);
  return good && (length == 0 || left == 0);
}
