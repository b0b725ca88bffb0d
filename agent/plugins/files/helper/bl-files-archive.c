// SPDX-License-Identifier: Apache-2.0
#include "bl-files-archive.h"

#include "bl-files-io.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BLOCK (128 * 1024)
#define SPACE_EVERY (16 * 1024 * 1024) // bytes between two looks at the free space
#define COMPRESSION "zip:compression-level=3"

typedef struct archive Reader;
typedef struct archive Writer;
typedef struct archive_entry Entry;

static void
free_reader (Reader **reader)
{
  archive_read_free (*reader);
}

static void
free_writer (Writer **writer)
{
  archive_write_free (*writer);
}

static void
free_entry (Entry **entry)
{
  archive_entry_free (*entry);
}

#define auto_reader __attribute__ ((cleanup (free_reader))) Reader *
#define auto_writer __attribute__ ((cleanup (free_writer))) Writer *
#define auto_entry __attribute__ ((cleanup (free_entry))) Entry *

static gboolean
fail_archive (GError **error, struct archive *archive)
{
  const char *text = archive_error_string (archive);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the archive: %s", text != NULL ? text : "it cannot be used");
  return FALSE;
}

static gboolean G_GNUC_PRINTF (2, 3)
fail_text (GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, text);
  return FALSE;
}

// ---- names ---------------------------------------------------------------------------------------------------------

gboolean
bl_archive_path_is_safe (const char *path)
{
  guint parts = 0;
  if (path[0] == '\0' || path[0] == '/')
    return FALSE;
  for (const char *p = path; *p != '\0'; p++)
    {
      if ((guchar)*p < 0x20)
        return FALSE;
    }
  for (const char *p = path; *p != '\0';)
    {
      const gsize length = strcspn (p, "/");
      if (length == 0 || length > NAME_MAX || (length == 2 && p[0] == '.' && p[1] == '.')
          || ++parts > BL_ARCHIVE_MAX_DEPTH)
        return FALSE;
      p += length;
      p += *p == '/';
    }
  return TRUE;
}

gboolean
bl_archive_link_is_safe (const char *path, const char *target)
{
  int depth = 0;
  gboolean down = FALSE;
  if (target[0] == '\0' || target[0] == '/' || strlen (target) >= PATH_MAX)
    return FALSE;
  for (const char *p = strchr (path, '/'); p != NULL; p = strchr (p + 1, '/'))
    depth += p[1] != '\0';
  // Going up is certain only from the folder the link itself is in: further on a part may be another link.
  for (const char *p = target; *p != '\0'; p += strspn (p, "/"))
    {
      const gsize length = strcspn (p, "/");
      const gboolean up = length == 2 && p[0] == '.' && p[1] == '.';
      if (up && (down || --depth < 0))
        return FALSE;
      down |= !up && !(length == 1 && p[0] == '.');
      p += length;
    }
  return TRUE;
}

// ---- packing -------------------------------------------------------------------------------------------------------

typedef struct
{
  Writer *writer;
  BlArchiveProgress progress;
  gpointer user_data;
  guint entries;
  guint left_out;
  guint8 *buffer;
} Packing;

static gboolean
write_header (Packing *packing, Entry *entry, GError **error)
{
  if (++packing->entries > BL_ARCHIVE_MAX_ENTRIES)
    return fail_text (error, "more than %u files", BL_ARCHIVE_MAX_ENTRIES);
  // A warning is about a name in another encoding: it goes in as it is.
  return archive_write_header (packing->writer, entry) >= ARCHIVE_WARN || fail_archive (error, packing->writer);
}

static gboolean
pack_content (Packing *packing, int fd, guint64 size, const char *path, GError **error)
{
  // No more than was announced: the file may grow meanwhile.
  for (guint64 left = size; left > 0;)
    {
      const ssize_t n = read (fd, packing->buffer, MIN (left, BLOCK));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return bl_files_fail_errno (error, path);
      if (n == 0)
        return fail_text (error, "%s: it became shorter while it was packed", path);
      if (archive_write_data (packing->writer, packing->buffer, (gsize)n) < 0)
        return fail_archive (error, packing->writer);
      left -= (guint64)n;
    }
  return TRUE;
}

static gboolean pack_directory (Packing *packing, int fd, const char *path, guint depth, GError **error);

static gboolean
pack_open (Packing *packing, int fd, const struct stat *info, const char *path, guint depth, GError **error)
{
  auto_entry entry = archive_entry_new ();
  archive_entry_copy_stat (entry, info);
  archive_entry_set_perm (entry, info->st_mode & 0777);
  archive_entry_copy_pathname (entry, path);
  if (!write_header (packing, entry, error))
    return FALSE;
  return S_ISDIR (info->st_mode) ? pack_directory (packing, fd, path, depth, error)
                                 : pack_content (packing, fd, (guint64)info->st_size, path, error);
}

static gboolean
pack_link (Packing *packing, int parent, const char *name, const struct stat *info, const char *path, GError **error)
{
  char target[PATH_MAX];
  const ssize_t length = readlinkat (parent, name, target, sizeof target - 1);
  if (length < 0)
    {
      packing->left_out++;
      return TRUE;
    }
  target[length] = '\0';
  auto_entry entry = archive_entry_new ();
  archive_entry_copy_stat (entry, info);
  archive_entry_copy_pathname (entry, path);
  archive_entry_copy_symlink (entry, target);
  archive_entry_set_size (entry, length);
  return write_header (packing, entry, error);
}

static gboolean
pack_entry (Packing *packing, int parent, const char *name, const char *path, guint depth, GError **error)
{
  struct stat info;
  if (depth > BL_ARCHIVE_MAX_DEPTH)
    return fail_text (error, "%s: deeper than %u folders", path, BL_ARCHIVE_MAX_DEPTH);
  if (fstatat (parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK (info.st_mode))
    return pack_link (packing, parent, name, &info, path, error);
  // What it is counts once it is open: the name may mean something else by then.
  auto_fd fd = openat (parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &info) != 0 || (!S_ISREG (info.st_mode) && !S_ISDIR (info.st_mode)))
    {
      if (depth == 0)
        return fd < 0 ? bl_files_fail_errno (error, path) : fail_text (error, "%s: neither a file nor a folder", path);
      packing->left_out++;
      return TRUE;
    }
  packing->progress (path, packing->user_data);
  return pack_open (packing, fd, &info, path, depth, error);
}

static gboolean
pack_directory (Packing *packing, int fd, const char *path, guint depth, GError **error)
{
  const int copy = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto_dir dir = copy >= 0 ? fdopendir (copy) : NULL;
  if (dir == NULL)
    {
      if (copy >= 0)
        close (copy);
      packing->left_out++;
      return TRUE;
    }
  for (struct dirent *entry; (entry = readdir (dir)) != NULL;)
    {
      if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, ".."))
        continue;
      g_autofree char *child = g_strconcat (path, "/", entry->d_name, NULL);
      if (!pack_entry (packing, fd, entry->d_name, child, depth + 1, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
bl_archive_pack (int directory, const char *const *names, int output, BlArchiveProgress progress, gpointer user_data,
                 guint *left_out, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BLOCK);
  auto_writer writer = archive_write_new ();
  Packing packing = { .writer = writer, .progress = progress, .user_data = user_data, .buffer = buffer };
  if (archive_write_set_format_zip (writer) != ARCHIVE_OK || archive_write_set_options (writer, COMPRESSION) != ARCHIVE_OK
      || archive_write_set_bytes_per_block (writer, BLOCK) != ARCHIVE_OK
      || archive_write_set_bytes_in_last_block (writer, 1) != ARCHIVE_OK || archive_write_open_fd (writer, output) != ARCHIVE_OK)
    return fail_archive (error, writer);
  for (guint i = 0; names[i] != NULL; i++)
    {
      if (!pack_entry (&packing, directory, names[i], names[i], 0, error))
        {
          archive_write_fail (writer); // no end of the archive: nobody takes it for whole
          return FALSE;
        }
    }
  *left_out = packing.left_out;
  return archive_write_close (writer) == ARCHIVE_OK || fail_archive (error, writer);
}

// ---- unpacking -----------------------------------------------------------------------------------------------------

typedef struct
{
  Reader *reader;
  int directory;
  guint64 allowed; // bytes that may still come out
  guint64 unseen;  // bytes written since the last look at the free space
  guint left_out;
} Unpacking;

// Opens the folder of PATH below the top, makes what is missing of it, and points NAME to the last part.
static int
open_parent (int directory, const char *path, const char **name, GError **error)
{
  int fd = openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const char *slash;
  while (fd >= 0 && (slash = strchr (path, '/')) != NULL && slash[1] != '\0')
    {
      g_autofree char *part = g_strndup (path, (gsize)(slash - path));
      if (mkdirat (fd, part, 0755) != 0 && errno != EEXIST)
        {
          bl_files_fail_errno (error, part);
          close (fd);
          return -1;
        }
      const int next = openat (fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0)
        bl_files_fail_errno (error, part);
      close (fd);
      fd = next;
      path = slash + 1;
    }
  *name = path;
  return fd;
}

static gboolean
has_room (Unpacking *unpacking, int fd, gsize length, const char *path, GError **error)
{
  struct statvfs space;
  if (length > unpacking->allowed)
    return fail_text (error, "%s: the archive becomes more than %u times as large", path, BL_ARCHIVE_MAX_RATIO);
  unpacking->allowed -= length;
  unpacking->unseen += length;
  if (unpacking->unseen < SPACE_EVERY)
    return TRUE;
  unpacking->unseen = 0;
  if (fstatvfs (fd, &space) == 0 && (guint64)space.f_bavail * space.f_frsize < BL_ARCHIVE_KEEP_FREE)
    return fail_text (error, "%s: the disk is nearly full", path);
  return TRUE;
}

static gboolean
write_all (int fd, const guint8 *data, gsize length, off_t offset)
{
  while (length > 0)
    {
      const ssize_t n = pwrite (fd, data, length, offset);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize)n;
      offset += n;
    }
  return TRUE;
}

static gboolean
unpack_content (Unpacking *unpacking, int fd, const char *path, GError **error)
{
  const void *data;
  gsize length;
  la_int64_t offset, end = 0;
  for (;;)
    {
      const int result = archive_read_data_block (unpacking->reader, &data, &length, &offset);
      if (result == ARCHIVE_EOF)
        return TRUE;
      if (result < ARCHIVE_WARN)
        return fail_archive (error, unpacking->reader);
      // Holes count as well: a hole of petabytes is as bad as its bytes.
      if (offset < end || !has_room (unpacking, fd, length + (gsize)(offset - end), path, error))
        return offset < end ? fail_text (error, "%s: its parts are out of order", path) : FALSE;
      if (!write_all (fd, data, length, offset))
        return bl_files_fail_errno (error, path);
      end = offset + (la_int64_t)length;
    }
}

static gboolean
unpack_file (Unpacking *unpacking, int parent, const char *name, Entry *entry, GError **error)
{
  const char *path = archive_entry_pathname (entry);
  auto_fd fd = openat (parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    return bl_files_fail_errno (error, path);
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = archive_entry_mtime (entry) } };
  if (!unpack_content (unpacking, fd, path, error))
    {
      unlinkat (parent, name, 0); // half a file is no file
      return FALSE;
    }
  (void)futimens (fd, times); // a file system that keeps no times is no reason to stop
  return fchmod (fd, (archive_entry_perm (entry) & 0755) | 0400) == 0 || bl_files_fail_errno (error, path);
}

static gboolean
unpack_entry (Unpacking *unpacking, Entry *entry, GError **error)
{
  const char *path = archive_entry_pathname (entry), *name;
  const char *target = archive_entry_symlink (entry);
  const mode_t type = archive_entry_filetype (entry);
  if (path == NULL || !bl_archive_path_is_safe (path))
    return fail_text (error, "the archive holds a member that would be written elsewhere: \"%s\"", path != NULL ? path : "");
  if (archive_entry_hardlink (entry) != NULL || (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
      || (type == AE_IFLNK && (target == NULL || !bl_archive_link_is_safe (path, target))))
    {
      unpacking->left_out++;
      return TRUE;
    }
  auto_fd parent = open_parent (unpacking->directory, path, &name, error);
  if (parent < 0)
    return FALSE;
  if (type == AE_IFREG)
    return unpack_file (unpacking, parent, name, entry, error);
  if (type == AE_IFLNK)
    return symlinkat (target, parent, name) == 0 || bl_files_fail_errno (error, path);
  g_autofree char *folder = g_strndup (name, strcspn (name, "/"));
  return g_str_equal (folder, ".") || mkdirat (parent, folder, 0755) == 0 || errno == EEXIST || bl_files_fail_errno (error, path);
}

gboolean
bl_archive_unpack (int input, int directory, BlArchiveProgress progress, gpointer user_data, guint *left_out, GError **error)
{
  struct stat info;
  Entry *entry;
  int result;
  auto_reader reader = archive_read_new ();
  if (fstat (input, &info) != 0 || !S_ISREG (info.st_mode))
    return fail_text (error, "the archive: it is not a file");
  Unpacking unpacking = { .reader = reader, .directory = directory,
                          .allowed = BL_ARCHIVE_FREE_BYTES + (guint64)info.st_size * BL_ARCHIVE_MAX_RATIO };
  archive_read_support_format_zip (reader);
  archive_read_support_format_tar (reader);
  archive_read_support_filter_gzip (reader);
  archive_read_support_filter_bzip2 (reader);
  archive_read_support_filter_xz (reader);
  archive_read_support_filter_zstd (reader);
  if (archive_read_open_fd (reader, input, BLOCK) != ARCHIVE_OK)
    return fail_archive (error, reader);
  for (guint n = 0; (result = archive_read_next_header (reader, &entry)) >= ARCHIVE_WARN && result != ARCHIVE_EOF; n++)
    {
      if (n >= BL_ARCHIVE_MAX_ENTRIES)
        return fail_text (error, "the archive: more than %u members", BL_ARCHIVE_MAX_ENTRIES);
      if (archive_entry_pathname (entry) != NULL)
        progress (archive_entry_pathname (entry), user_data);
      if (!unpack_entry (&unpacking, entry, error))
        return FALSE;
    }
  *left_out = unpacking.left_out;
  return result == ARCHIVE_EOF || fail_archive (error, reader);
}
