// SPDX-License-Identifier: Apache-2.0
/* Answers with programs. */
#include "bl-agent-body.h"

#include <string.h>
#include <unistd.h>

#define PIECE (64 * 1024)
#define TAG_BYTES 24 /* of the hash, in the tag */

typedef struct
{
  GBytes *bytes; /* NULL: the file from `from` to `to` */
  guint64 from;
  guint64 to;
} Part;

struct _BlAgentBody
{
  gint ref_count;
  BowlineHttpRequest *request; /* once it is being sent */
  BlAgentBinary *binary;
  int fd;
  GArray *parts;
  guint next; /* part */
  guint64 length;
  gboolean started;
  gboolean done;
  GChecksum *checksum; /* over what the parts are, not what is in them: the file's hash is known */
};

static void
part_clear (gpointer data)
{
  Part *part = data;

  g_clear_pointer (&part->bytes, g_bytes_unref);
}

BlAgentBody *
bl_agent_body_new (BlAgentBinary *binary)
{
  BlAgentBody *body;
  int fd = bl_agent_binary_open (binary);

  if (fd < 0)
    return NULL;
  body = g_new0 (BlAgentBody, 1);
  body->ref_count = 1;
  body->binary = bl_agent_binary_ref (binary);
  body->fd = fd;
  body->parts = g_array_new (FALSE, FALSE, sizeof (Part));
  g_array_set_clear_func (body->parts, part_clear);
  body->checksum = g_checksum_new (G_CHECKSUM_SHA384);
  g_checksum_update (body->checksum, binary->entry.hash, sizeof binary->entry.hash);
  return body;
}

void
bl_agent_body_free (BlAgentBody *body)
{
  if (body == NULL || --body->ref_count > 0)
    return;
  close (body->fd);
  g_clear_pointer (&body->request, bowline_http_request_unref);
  g_array_unref (body->parts);
  g_checksum_free (body->checksum);
  bl_agent_binary_unref (body->binary);
  g_free (body);
}

void
bl_agent_body_add_file (BlAgentBody *body, guint64 from, guint64 to)
{
  const Part part = { NULL, from, to };
  g_autofree char *mark = g_strdup_printf ("file %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", from, to);

  g_checksum_update (body->checksum, (const guchar *) mark, -1);
  body->length += to - from;
  g_array_append_val (body->parts, part);
}

void
bl_agent_body_add_bytes (BlAgentBody *body, GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  const Part part = { g_bytes_ref (bytes), 0, size };
  g_autofree char *mark = g_strdup_printf ("bytes %" G_GSIZE_FORMAT "\n", size);

  g_checksum_update (body->checksum, (const guchar *) mark, -1);
  g_checksum_update (body->checksum, data, (gssize) size);
  body->length += size;
  g_array_append_val (body->parts, part);
}

/* Returns: (transfer full) (nullable): the next piece; NULL when the file cannot be read any more */
static GBytes *
take_piece (BlAgentBody *body, Part *part)
{
  gsize want = (gsize) MIN (part->to - part->from, PIECE);
  g_autofree guint8 *piece = NULL;
  gssize n;

  if (part->bytes != NULL)
    {
      part->from += want;
      return g_bytes_new_from_bytes (part->bytes, (gsize) part->from - want, want);
    }
  piece = g_malloc (want);
  n = pread (body->fd, piece, want, (off_t) part->from);
  if (n <= 0)
    return NULL;
  part->from += (guint64) n;
  return g_bytes_new_take (g_steal_pointer (&piece), (gsize) n);
}

/* Nothing is called for it any more. */
static void
gone_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlAgentBody *body = user_data;

  body->done = TRUE;
  bl_agent_body_free (body);
}

static void
finish (BlAgentBody *body, gboolean complete)
{
  body->done = TRUE;
  bowline_http_request_end (body->request, complete);
  bl_agent_body_free (body);
}

static void
writable_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlAgentBody *body = user_data;
  gboolean more = TRUE;

  body->started = TRUE;
  while (body->next < body->parts->len)
    {
      Part *part = &g_array_index (body->parts, Part, body->next);
      g_autoptr (GBytes) piece = NULL;

      if (part->from == part->to)
        {
          body->next++;
          continue;
        }
      if (!more)
        return;
      piece = take_piece (body, part);
      if (piece == NULL)
        {
          finish (body, FALSE);
          return;
        }
      more = bowline_http_request_write (request, piece);
    }
  finish (body, TRUE);
}

/* As RFC 9110 section 5.6.7 wants it, whatever language the server speaks. */
static char *
http_date (gint64 time)
{
  static const char days[] = "MonTueWedThuFriSatSun";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (time);

  return g_strdup_printf ("%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * (g_date_time_get_day_of_week (when) - 1),
                          g_date_time_get_day_of_month (when), months + 3 * (g_date_time_get_month (when) - 1),
                          g_date_time_get_year (when), g_date_time_get_hour (when), g_date_time_get_minute (when),
                          g_date_time_get_second (when));
}

static char *
make_tag (BlAgentBody *body)
{
  guint8 digest[BL_SHA384_SIZE];
  gsize size = sizeof digest;
  g_autofree char *hex = NULL;

  g_checksum_get_digest (body->checksum, digest, &size);
  hex = bl_hex_encode (digest, TAG_BYTES, FALSE);
  return g_strdup_printf ("\"%s\"", hex);
}

void
bl_agent_body_send (BlAgentBody *body, BowlineHttpRequest *request, const char *name)
{
  g_autofree char *tag = make_tag (body);
  g_autofree char *disposition = g_strdup_printf ("attachment; filename=\"%s\"", name);
  g_autofree char *date = http_date (body->binary->time);
  const char *known = bowline_http_request_get_header (request, "If-None-Match");

  bowline_http_request_add_header (request, "ETag", tag);
  bowline_http_request_add_header (request, "Last-Modified", date);
  bowline_http_request_add_header (request, "Cache-Control", "no-cache");
  if (known != NULL && strstr (known, tag) != NULL)
    {
      bowline_http_request_respond (request, 304, NULL, NULL);
      bl_agent_body_free (body);
      return;
    }
  bowline_http_request_add_header (request, "Content-Disposition", disposition);
  body->request = bowline_http_request_ref (request);
  body->ref_count++; /* it may end in one of the two calls */
  bowline_http_request_begin (request, 200, "application/octet-stream", (gint64) body->length, writable_cb, gone_cb, body);
  if (!body->started && !body->done)
    writable_cb (request, body);
  bl_agent_body_free (body);
}
