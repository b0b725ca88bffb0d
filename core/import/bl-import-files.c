// SPDX-License-Identifier: Apache-2.0
#include "bl-import-files.h"

#include <bowline/error.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND "file"
#define BLOCK (256u * 1024u)
#define TEMPORARY ".bowline-import"

typedef struct
{
  gboolean dry_run;
  BlImportReport *report;
  guint files;
} Copy;

static gboolean
fail_errno (GError **error, const char *what, const char *name)
{
  int saved = errno;

  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s %s: %s", what, name, g_strerror (saved));
  return FALSE;
}

static int
open_entry (int directory, const char *name, int flags)
{
  int fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOATIME | flags);

  return fd < 0 && errno == EPERM
             ? openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags)
             : fd;
}

static gboolean
copy_bytes (int from, int to)
{
  g_autofree char *block = g_malloc (BLOCK);

  for (;;)
    {
      ssize_t n = read (from, block, BLOCK);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n == 0;
      for (ssize_t done = 0; done < n;)
        {
          ssize_t written = write (to, block + done, (size_t)(n - done));
          if (written < 0 && errno != EINTR)
            return FALSE;
          done += MAX (written, 0);
        }
    }
}

/* The file appears whole, or not at all. */
static gboolean
copy_file (int from, const struct stat *st, int to_directory, const char *name, GError **error)
{
  const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st->st_mtim };
  int to;

  (void)unlinkat (to_directory, TEMPORARY, 0); /* of an import that was broken off */
  to = openat (to_directory, TEMPORARY, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (to < 0)
    return fail_errno (error, "new file", name);
  gboolean ok = copy_bytes (from, to) && futimens (to, times) == 0 && fsync (to) == 0;
  if (close (to) != 0 || !ok
      || renameat2 (to_directory, TEMPORARY, to_directory, name, RENAME_NOREPLACE) != 0)
    {
      fail_errno (error, "copying", name);
      (void)unlinkat (to_directory, TEMPORARY, 0); /* the failure is told already */
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_file (Copy *copy, int from, const struct stat *st, int to_directory, const char *name, GError **error)
{
  struct stat there;

  bl_import_report_count (copy->report, KIND, BL_IMPORT_FOUND, 1);
  if (++copy->files > BL_IMPORT_FILES_MAX)
    {
      bl_import_report_left (copy->report, KIND, "more than ten million", 1);
      return TRUE;
    }
  if (to_directory >= 0 && fstatat (to_directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0)
    {
      const gboolean same = S_ISREG (there.st_mode) && there.st_size == st->st_size
                            && there.st_mtim.tv_sec == st->st_mtim.tv_sec;
      bl_import_report_count (copy->report, KIND, same ? BL_IMPORT_SAME : BL_IMPORT_KEPT, 1);
      return TRUE;
    }
  bl_import_report_count (copy->report, KIND, BL_IMPORT_NEW, 1);
  return copy->dry_run || copy_file (from, st, to_directory, name, error);
}

static gboolean copy_directory (Copy *copy, int from, int to, guint depth, GError **error);

/* Returns: a descriptor, or -1: there is none yet, and a dry run makes none */
static int
open_target (Copy *copy, int directory, const char *name, GError **error)
{
  int fd;

  if (!copy->dry_run && mkdirat (directory, name, 0700) != 0 && errno != EEXIST)
    {
      fail_errno (error, "new folder", name);
      return -1;
    }
  fd = directory >= 0 ? openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (fd < 0 && !copy->dry_run)
    fail_errno (error, "folder", name);
  return fd;
}

static gboolean
take_entry (Copy *copy, int from_directory, int to_directory, const char *name, guint depth, GError **error)
{
  struct stat st;
  int from = open_entry (from_directory, name, 0);
  gboolean ok = TRUE;

  if (from < 0 && (errno == ELOOP || errno == ENXIO))
    bl_import_report_left (copy->report, KIND, "a symbolic link, a socket or the like", 1);
  else if (from < 0 || fstat (from, &st) != 0)
    ok = fail_errno (error, "reading", name);
  else if (S_ISREG (st.st_mode))
    ok = take_file (copy, from, &st, to_directory, name, error);
  else if (!S_ISDIR (st.st_mode))
    bl_import_report_left (copy->report, KIND, "a symbolic link, a socket or the like", 1);
  else if (depth >= BL_IMPORT_FILES_MAX_DEPTH)
    bl_import_report_left (copy->report, KIND, "in more than 32 folders", 1);
  else
    {
      g_autoptr (GError) local = NULL;
      int to = open_target (copy, to_directory, name, &local);

      ok = local == NULL && copy_directory (copy, from, to, depth + 1, &local);
      if (to >= 0)
        close (to);
      if (!ok)
        g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s/", name);
    }
  if (from >= 0)
    close (from);
  return ok;
}

static gboolean
copy_directory (Copy *copy, int from, int to, guint depth, GError **error)
{
  int again = openat (from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = again >= 0 ? fdopendir (again) : NULL;
  struct dirent *entry;
  gboolean ok = TRUE;

  if (dir == NULL)
    {
      fail_errno (error, "reading", "folder");
      if (again >= 0)
        close (again);
      return FALSE;
    }
  while (ok && (entry = readdir (dir)) != NULL)
    {
      if (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, ".."))
        continue;
      ok = take_entry (copy, from, to, entry->d_name, depth, error);
    }
  closedir (dir);
  return ok;
}

gboolean
bl_import_files (const char *from, const char *to, gboolean dry_run, BlImportReport *report, GError **error)
{
  g_autofree char *domain = g_build_filename (from, "domain", NULL);
  Copy copy = { .dry_run = dry_run, .report = report };
  int from_fd = open_entry (AT_FDCWD, domain, O_DIRECTORY);
  int to_fd = -1;
  gboolean ok = TRUE;

  if (from_fd < 0)
    return errno == ENOENT || fail_errno (error, "reading", domain);
  if (!dry_run && g_mkdir_with_parents (to, 0700) != 0)
    ok = fail_errno (error, "new folder", to);
  if (ok)
    {
      to_fd = open (to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      ok = (to_fd >= 0 || dry_run || fail_errno (error, "folder", to))
           && copy_directory (&copy, from_fd, to_fd, 0, error);
    }
  if (!ok)
    g_prefix_error (error, "%s: ", from);
  if (to_fd >= 0)
    close (to_fd);
  close (from_fd);
  return ok;
}
