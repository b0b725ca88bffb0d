// SPDX-License-Identifier: Apache-2.0
/* The main thread's half of a WebSocket: <bowline/http.h>'s functions, and the calls of the module's handler. */
#define G_LOG_DOMAIN "bowline-front"

#include "bl-ws-socket.h"

#include "bl-host.h"

#include <string.h>

BowlineWebSocket *
bl_ws_socket_new (const BlWsSocketConfig *config)
{
  BowlineWebSocket *self = g_new0 (BowlineWebSocket, 1);
  g_atomic_ref_count_init (&self->refs);
  self->group = config->group;
  self->io = config->io;
  self->host = config->host;
  self->label = g_intern_string (config->label); /* there are few paths and many sockets */
  self->max_queued = config->max_queued;
  self->idle_timeout = config->idle_timeout;
  self->max_message = config->max_message;
  self->close_code = BL_WS_CODE_ABNORMAL;
  self->link.data = self;
  bl_ws_parser_init (&self->parser, BL_WS_SERVER, config->max_message);
  return self;
}

BowlineWebSocket *
bl_ws_socket_ref (BowlineWebSocket *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
bl_ws_socket_unref (BowlineWebSocket *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  bl_ws_parser_clear (&self->parser);
  g_clear_pointer (&self->conn, bl_tls_conn_free);
  g_clear_pointer (&self->initial, g_bytes_unref);
  g_free (self->rewriter);
  g_free (self->close_reason);
  g_free (self);
}

gboolean
bl_ws_socket_has_handler (BowlineWebSocket *self)
{
  return self->has_handler;
}

static void
bl_ws_socket_post (BowlineWebSocket *self, BlMailFunc func, gpointer argument, guintptr number)
{
  bl_io_thread_post (self->io, func, bl_ws_socket_ref (self), argument, number);
}

void
bl_ws_socket_start (BowlineWebSocket *self, BlTlsConn *conn, GBytes *initial)
{
  self->conn = conn;
  self->initial = initial;
  self->held = TRUE;
  g_queue_push_tail_link (&self->group->sockets, &self->link);
  bl_ws_socket_ref (self); /* until `closed` was called */
  bl_ws_socket_post (self, bl_ws_io_start, NULL, 0);
}

void
bl_ws_socket_release (BowlineWebSocket *self)
{
  bl_ws_socket_post (self, bl_ws_io_release, NULL, 0);
}

/* ---- what the module asks ------------------------------------------------------------------------------------------ */

static void
bl_ws_socket_set_handler (BowlineWebSocket *self, const BowlineSocketHandler *handler, gpointer user_data)
{
  memset (&self->handler, 0, sizeof self->handler);
  memcpy (&self->handler, handler, MIN (handler->struct_size, sizeof self->handler));
  self->user_data = user_data;
  self->has_handler = self->handler.message != NULL;
  g_atomic_int_set (&self->wants_drained, self->handler.drained != NULL);
  if (!self->has_handler)
    g_warning ("%s: a WebSocket handler without `message` is not used", self->label);
}

static gsize
bl_ws_socket_send (BowlineWebSocket *self, guint32 type, GBytes *message)
{
  const gsize size = g_bytes_get_size (message);
  if (self->main_closing || self->main_closed)
    return g_atomic_pointer_get (&self->queued);
  const gsize queued = (gsize) g_atomic_pointer_add (&self->queued, size) + size;
  if (queued > self->max_queued && queued > size)
    {
      self->main_closing = TRUE;
      bl_ws_socket_post (self, bl_ws_io_overflow, NULL, 0);
      return queued;
    }
  const guint8 opcode = type == BOWLINE_MESSAGE_TEXT ? BL_WS_TEXT : BL_WS_BINARY;
  bl_ws_socket_post (self, bl_ws_io_send, g_bytes_ref (message), opcode);
  return queued;
}

static gsize
bl_ws_socket_send_text (BowlineWebSocket *self, const char *text)
{
  g_autoptr (GBytes) message = g_bytes_new (text, strlen (text));
  return bl_ws_socket_send (self, BOWLINE_MESSAGE_TEXT, message);
}

static void
bl_ws_socket_pause (BowlineWebSocket *self)
{
  if (self->main_paused || self->main_closed)
    return;
  self->main_paused = TRUE;
  bl_ws_socket_post (self, bl_ws_io_pause, NULL, TRUE);
}

static void
bl_ws_socket_resume (BowlineWebSocket *self)
{
  if (!self->main_paused || self->main_closed)
    return;
  self->main_paused = FALSE;
  bl_ws_socket_post (self, bl_ws_io_pause, NULL, FALSE);
}

static void
bl_ws_socket_close (BowlineWebSocket *self, guint32 code, const char *reason)
{
  if (self->main_closing || self->main_closed)
    return;
  if (code != 0 && !bl_ws_close_code_is_valid ((guint16) MIN (code, G_MAXUINT16)))
    {
      g_warning ("%s: %u is no close code that may be sent", self->label, code);
      code = BL_WS_CODE_INTERNAL;
    }
  self->main_closing = TRUE;
  bl_ws_socket_post (self, bl_ws_io_close, g_strdup (reason), code);
}

static void
bl_ws_socket_abort (BowlineWebSocket *self)
{
  if (self->main_closed)
    return;
  self->main_closing = TRUE;
  bl_ws_socket_post (self, bl_ws_io_abort, NULL, 0);
}

static void
bl_ws_socket_get_stats (BowlineWebSocket *self, BowlineSocketStats *stats)
{
  BowlineSocketStats now = { .struct_size = sizeof now };
  const guint32 size = stats->struct_size;
  now.bytes_in = __atomic_load_n (&self->stats.bytes_in, __ATOMIC_RELAXED);
  now.bytes_out = __atomic_load_n (&self->stats.bytes_out, __ATOMIC_RELAXED);
  now.messages_in = __atomic_load_n (&self->stats.messages_in, __ATOMIC_RELAXED);
  now.messages_out = __atomic_load_n (&self->stats.messages_out, __ATOMIC_RELAXED);
  memcpy (stats, &now, MIN (size, sizeof now));
  stats->struct_size = size;
}

static void
bl_ws_socket_set_idle_timeout (BowlineWebSocket *self, guint32 seconds)
{
  if (!self->main_closed)
    bl_ws_socket_post (self, bl_ws_io_set_idle, NULL, seconds);
}

static void
bl_ws_socket_set_max_message (BowlineWebSocket *self, guint32 bytes)
{
  if (!self->main_closed)
    bl_ws_socket_post (self, bl_ws_io_set_max_message, NULL, MIN (bytes, self->max_message));
}

static gboolean
bl_ws_socket_join (BowlineWebSocket *a, BowlineWebSocket *b, GError **error)
{
  const char *problem = NULL;

  if (a == b)
    problem = "a socket cannot be joined to itself";
  else if (a->io != b->io)
    problem = "the two sockets were opened with different affinity values";
  else if (a->main_joined || b->main_joined)
    problem = "one of the sockets is part of a pair already";
  else if (a->main_closing || b->main_closing || a->main_closed || b->main_closed)
    problem = "one of the sockets is closing";
  if (problem != NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: %s", a->label, problem);
      return FALSE;
    }
  a->main_joined = b->main_joined = TRUE;
  a->main_paused = b->main_paused = FALSE;
  bl_ws_socket_post (a, bl_ws_io_join, bl_ws_socket_ref (b), 0);
  return TRUE;
}

void
bl_ws_socket_release_host (BowlineWebSocket *self, BowlineHost *host)
{
  if (self->host != host)
    return;
  memset (&self->handler, 0, sizeof self->handler);
  self->has_handler = FALSE;
  bl_ws_socket_close (self, BL_WS_CODE_GOING_AWAY, "module stops");
}

const BowlineWebSocketOps bl_ws_socket_ops = {
  .ref = bl_ws_socket_ref,
  .unref = bl_ws_socket_unref,
  .set_handler = bl_ws_socket_set_handler,
  .send = bl_ws_socket_send,
  .send_text = bl_ws_socket_send_text,
  .pause = bl_ws_socket_pause,
  .resume = bl_ws_socket_resume,
  .close = bl_ws_socket_close,
  .abort = bl_ws_socket_abort,
  .get_stats = bl_ws_socket_get_stats,
  .set_idle_timeout = bl_ws_socket_set_idle_timeout,
  .join = bl_ws_socket_join,
  .set_max_message = bl_ws_socket_set_max_message,
};

/* ---- what the I/O thread tells ------------------------------------------------------------------------------------- */

void
bl_ws_main_message (gpointer socket, gpointer message, guintptr type)
{
  BowlineWebSocket *self = socket;
  g_autoptr (GBytes) bytes = message;
  const gsize size = g_bytes_get_size (bytes);

  if (self->has_handler && !self->main_closing && !self->main_closed && !self->main_joined)
    {
      const gint64 begin = bl_host_call_begin ();
      self->handler.message (self, (guint32) type, bytes, self->user_data);
      bl_host_call_end (self->host, begin, "message", self->label);
    }
  const gsize cost = size + BL_WS_MESSAGE_COST;
  const gsize left = (gsize) g_atomic_pointer_add (&self->pending_main, -(gssize) cost) - cost;
  if (left <= BL_WS_MAX_PENDING_MAIN / 2 && g_atomic_int_compare_and_exchange (&self->starved, TRUE, FALSE))
    bl_ws_socket_post (self, bl_ws_io_resume_input, NULL, 0);
  bl_ws_socket_unref (self);
}

void
bl_ws_main_drained (gpointer socket, gpointer unused, guintptr unused2)
{
  BowlineWebSocket *self = socket;

  if (self->handler.drained != NULL && !self->main_closing && !self->main_closed
      && g_atomic_pointer_get (&self->queued) == 0)
    {
      const gint64 begin = bl_host_call_begin ();
      self->handler.drained (self, self->user_data);
      bl_host_call_end (self->host, begin, "drained", self->label);
    }
  bl_ws_socket_unref (self);
}

void
bl_ws_main_closed (gpointer socket, gpointer reason, guintptr code)
{
  BowlineWebSocket *self = socket;
  BlWsGroup *group = self->group;
  g_autofree char *text = reason;

  self->main_closed = TRUE;
  g_queue_unlink (&group->sockets, &self->link);
  if (self->handler.closed != NULL)
    {
      const gint64 begin = bl_host_call_begin ();
      self->handler.closed (self, (guint32) code, text != NULL ? text : "", self->user_data);
      bl_host_call_end (self->host, begin, "closed", self->label);
    }
  memset (&self->handler, 0, sizeof self->handler);
  bl_ws_socket_unref (self); /* of bl_ws_socket_start() */
  bl_ws_socket_unref (self); /* of this mail */
  if (group->gone != NULL)
    group->gone (group->user_data);
}
