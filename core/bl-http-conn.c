// SPDX-License-Identifier: Apache-2.0
/* A connection while libsoup serves it: libsoup knows no deadlines, so they are kept here. */
#define G_LOG_DOMAIN "bowline-front"

#include "bl-http-front-private.h"
#include "bl-tls-linger.h"

#include <string.h>

/* libsoup reads ahead in blocks of this size, so a header's bytes are known only that exactly. */
#define BL_HTTP_READ_AHEAD 8192
#define BL_HTTP_MAX_DRAIN (64 * 1024)

static const char conn_key[] = "bl-http-conn";

BlHttpConn *
bl_http_conn_of (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);
  return address != NULL ? g_object_get_data (G_OBJECT (address), conn_key) : NULL;
}

static void
bl_http_conn_free (BlHttpConn *self)
{
  bl_tls_stream_forget (self->stream);
  g_object_set_data (G_OBJECT (self->address), conn_key, NULL);
  g_object_unref (self->address);
  g_queue_unlink (&self->front->conns, &self->link);
  g_free (self);
}

void
bl_http_conn_set_state (BlHttpConn *self, BlHttpConnState state, gint64 deadline_us)
{
  self->state = state;
  self->deadline_us = deadline_us;
  bl_tls_stream_set_idle (self->stream, state == BL_HTTP_CONN_IDLE);
  if (state == BL_HTTP_CONN_IDLE)
    self->header_bytes = 0;
}

static void
bl_http_conn_read (BlHttpConn *self, gsize n)
{
  const BlFrontOptions *options = &self->front->options;

  if (self->state == BL_HTTP_CONN_IDLE && n > 0)
    bl_http_conn_set_state (self, BL_HTTP_CONN_HEADER,
                            g_get_monotonic_time () + options->header_timeout * G_USEC_PER_SEC);
  if (self->state != BL_HTTP_CONN_HEADER)
    return;
  self->header_bytes += n;
  if (self->header_bytes > options->max_headers + BL_HTTP_READ_AHEAD)
    bl_http_conn_refuse (self, 431);
}

static void
bl_http_conn_event (BlTlsStream *stream, BlTlsStreamEvent event, gsize n, gpointer user_data)
{
  BlHttpConn *self = user_data;

  switch (event)
    {
    case BL_TLS_STREAM_READ:
      bl_http_conn_read (self, n);
      break;
    case BL_TLS_STREAM_WROTE:
      self->blocked_us = 0;
      break;
    case BL_TLS_STREAM_BLOCKED:
      if (self->blocked_us == 0)
        self->blocked_us = g_get_monotonic_time ();
      break;
    case BL_TLS_STREAM_CLOSED:
      {
        BlTlsConn *conn = bl_tls_stream_steal_conn (stream);
        if (conn != NULL)
          bl_tls_linger (self->front->threads[self->front->next_thread++ % self->front->n_threads], conn);
        bl_http_conn_free (self);
      }
      break;
    }
}

void
bl_http_conn_accept (gpointer front, gpointer conn, guintptr unused)
{
  BlHttpFront *owner = front;
  BlHttpConn *self;
  g_autoptr (GError) error = NULL;

  if (owner->stopping)
    {
      bl_tls_conn_free (conn);
      return;
    }
  self = g_new0 (BlHttpConn, 1);
  self->front = owner;
  self->link.data = self;
  g_queue_push_tail_link (&owner->conns, &self->link);
  self->address = g_inet_socket_address_new_from_string (bl_tls_conn_get_address (conn), 1);
  if (self->address == NULL)
    self->address = g_inet_socket_address_new_from_string ("0.0.0.0", 1);
  g_object_set_data (G_OBJECT (self->address), conn_key, self);
  g_autoptr (BlTlsStream) stream = bl_tls_stream_new (conn, bl_http_conn_event, self);
  self->stream = stream;
  bl_http_conn_set_state (self, BL_HTTP_CONN_IDLE,
                          g_get_monotonic_time () + owner->options.header_timeout * G_USEC_PER_SEC);
  if (!soup_server_accept_iostream (owner->server, G_IO_STREAM (stream), owner->local_address, self->address, &error))
    g_warning ("cannot serve a connection: %s", error->message);
}

void
bl_http_conn_tick (BlHttpConn *self, gint64 now_us)
{
  const gint64 stall_us = self->front->options.stall_timeout * G_USEC_PER_SEC;
  const gboolean late = self->deadline_us != 0 && now_us >= self->deadline_us;
  const gboolean stalled = self->blocked_us != 0 && now_us - self->blocked_us >= stall_us;

  if (late || stalled)
    bl_tls_stream_cut (self->stream, TRUE);
}

void
bl_http_conn_refuse (BlHttpConn *self, guint status)
{
  BlTlsConn *conn = bl_tls_stream_get_conn (self->stream);
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  g_autoptr (GString) text = g_string_new (NULL);
  SoupMessageHeadersIter iter;
  const char *name, *value;
  const char *phrase = status == 431 ? "Request Header Fields Too Large" : soup_status_get_phrase (status);

  self->front->refused++;
  bl_http_headers_apply (self->front, headers, NULL, FALSE);
  g_string_append_printf (text,
                          "HTTP/1.1 %u %s\r\nConnection: close\r\nCache-Control: no-store\r\n"
                          "Content-Type: text/plain; charset=utf-8\r\nContent-Length: %u\r\n",
                          status, phrase, (guint) strlen (phrase) + 1);
  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_string_append_printf (text, "%s: %s\r\n", name, value);
  g_string_append_printf (text, "\r\n%s\n", phrase);
  /* the first bytes of this exchange: the socket has room for them, or the peer does not read anyway */
  if (conn != NULL)
    bl_tls_conn_push (conn, text->str, text->len);
  bl_tls_stream_cut (self->stream, FALSE);
}

BlTlsConn *
bl_http_conn_steal (BlHttpConn *self, SoupServerMessage *message, GBytes **rest)
{
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (message);
  g_autoptr (GByteArray) drained = g_byte_array_new ();
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  guint8 buffer[4096];
  gssize n;

  bl_tls_stream_stop_reading (self->stream);
  while (drained->len < BL_HTTP_MAX_DRAIN
         && (n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (drained, buffer, (guint) n);
  BlTlsConn *conn = bl_tls_stream_steal_conn (self->stream);
  *rest = drained->len > 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&drained)) : NULL;
  bl_http_conn_free (self);
  return conn;
}
