// SPDX-License-Identifier: Apache-2.0
#include "bl-server-download.h"

#include <errno.h>
#include <unistd.h>

#define PIECE (64 * 1024)

typedef struct
{
  gint ref_count;
  BowlineHttpRequest *request;
  int fd;
  guint64 at;
  guint64 size;
  gboolean over;
} Download;

static void
download_unref (Download *download)
{
  if (--download->ref_count > 0)
    return;
  close (download->fd);
  bowline_http_request_unref (download->request);
  g_free (download);
}

static void
finish (Download *download)
{
  download->over = TRUE;
  bowline_http_request_end (download->request, download->at == download->size);
  download_unref (download);
}

static void
gone_cb (BowlineHttpRequest *request, gpointer user_data)
{
  Download *download = user_data;

  download->over = TRUE;
  download_unref (download);
}

static void
writable_cb (BowlineHttpRequest *request, gpointer user_data)
{
  Download *download = user_data;
  gboolean more = TRUE;

  while (more && download->at < download->size)
    {
      g_autofree guint8 *piece = g_malloc (PIECE);
      g_autoptr (GBytes) bytes = NULL;
      const ssize_t n = pread (download->fd, piece, (size_t)MIN (download->size - download->at, PIECE), (off_t)download->at);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      download->at += (guint64)n;
      bytes = g_bytes_new_take (g_steal_pointer (&piece), (gsize)n);
      more = bowline_http_request_write (request, bytes);
    }
  if (more || download->at == download->size)
    finish (download);
}

void
bl_server_download (BowlineHttpRequest *request, int fd, guint64 size, const char *name)
{
  g_autofree char *encoded = g_uri_escape_string (name, NULL, FALSE);
  /* RFC 6266: the name in UTF-8, which may not stand in quotes */
  g_autofree char *disposition = g_strdup_printf ("attachment; filename*=UTF-8''%s", encoded);
  Download *download = g_new0 (Download, 1);

  download->ref_count = 2; /* it may end in one of the two calls */
  download->request = bowline_http_request_ref (request);
  download->fd = fd;
  download->size = size;
  bowline_http_request_add_header (request, "Content-Disposition", disposition);
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_begin (request, 200, "application/octet-stream", (gint64)size, writable_cb, gone_cb, download);
  if (!download->over && download->at == 0)
    writable_cb (request, download);
  download_unref (download);
}
