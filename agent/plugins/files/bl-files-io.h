// SPDX-License-Identifier: Apache-2.0
// What the plugin and its program bowline-files both need around system calls. Any thread.
#pragma once

#include <dirent.h>
#include <errno.h>
#include <gio/gio.h>
#include <unistd.h>

G_BEGIN_DECLS

static inline void
bl_files_close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
}

static inline void
bl_files_close_dir (DIR **dir)
{
  if (*dir != NULL)
    closedir (*dir);
}

#define auto_fd __attribute__ ((cleanup (bl_files_close_fd))) int
#define auto_dir __attribute__ ((cleanup (bl_files_close_dir))) DIR *

// Sets ERROR from errno. Returns: FALSE
static inline gboolean
bl_files_fail_errno (GError **error, const char *what)
{
  const int saved = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s: %s", what, g_strerror (saved));
  return FALSE;
}

// Reads SIZE bytes, or what is there before the end. Returns: their number, or -1 with errno
static inline gssize
bl_files_read_full (int fd, guint8 *buffer, gsize size)
{
  gsize length = 0;
  while (length < size)
    {
      const ssize_t n = read (fd, buffer + length, size - length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      if (n == 0)
        break;
      length += (gsize)n;
    }
  return (gssize)length;
}

G_END_DECLS
