// SPDX-License-Identifier: Apache-2.0
/* Small files that hold keys. */
#include "bl-secret-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bowline/error.h>
#include <gnutls/gnutls.h>

static gboolean
fail_errno (GError **error, const char *path, gint code)
{
  int saved = errno;

  g_set_error (error, BOWLINE_ERROR, code, "%s: %s", path, g_strerror (saved));
  return FALSE;
}

static gboolean
check_file (int fd, const char *path, gsize max, gboolean secret, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) != 0)
    return fail_errno (error, path, BOWLINE_ERROR_FAILED);
  if (!S_ISREG (st.st_mode) || (guint64) st.st_size > max)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected a file of at most %" G_GSIZE_FORMAT " bytes",
                   path, max);
      return FALSE;
    }
  /* A group such as ssl-cert may read an administrator's key; nobody else may. */
  if (secret && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED,
                   "%s: a private key must not be open to others: expected mode 0600, found %04o", path,
                   st.st_mode & 07777u);
      return FALSE;
    }
  return TRUE;
}

GBytes *
bl_secret_file_read (const char *path, gsize max, gboolean secret, GError **error)
{
  g_autoptr (GByteArray) content = g_byte_array_new ();
  guint8 buffer[4096];
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gssize n = -1;

  if (fd < 0)
    {
      fail_errno (error, path, errno == ENOENT ? BOWLINE_ERROR_NOT_FOUND : BOWLINE_ERROR_FAILED);
      return NULL;
    }
  if (check_file (fd, path, max, secret, error))
    {
      while ((n = read (fd, buffer, sizeof buffer)) > 0 && content->len <= max)
        g_byte_array_append (content, buffer, (guint) n);
      if (n != 0)
        fail_errno (error, path, BOWLINE_ERROR_FAILED);
      gnutls_memset (buffer, 0, sizeof buffer);
    }
  close (fd);
  return n == 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&content)) : NULL;
}

static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      size -= (gsize) n;
    }
  return fsync (fd) == 0;
}

static void
sync_directory (const char *directory)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (fsync (fd) != 0)
    g_debug ("%s: %s", directory, g_strerror (errno));
  close (fd);
}

gboolean
bl_secret_file_create (const char *path, gconstpointer data, gsize size, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *temporary = g_build_filename (directory, ".new-XXXXXX", NULL);
  int fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  gboolean ok;

  if (fd < 0)
    return fail_errno (error, directory, BOWLINE_ERROR_STORAGE);
  /* link() refuses to replace a file, which rename() would do. */
  ok = write_all (fd, data, size) && link (temporary, path) == 0;
  if (!ok)
    fail_errno (error, path, errno == EEXIST ? BOWLINE_ERROR_EXISTS : BOWLINE_ERROR_STORAGE);
  close (fd);
  unlink (temporary);
  if (ok)
    sync_directory (directory);
  return ok;
}
