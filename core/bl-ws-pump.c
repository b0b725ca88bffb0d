// SPDX-License-Identifier: Apache-2.0
/*
 * A pair of WebSockets: every frame of one goes to the other, unmasked and re-headed on the way, never held as a message
 * (relay-tunnel section 1.3). What the receiver does not take at once is at most one buffer; until it is gone, nothing
 * more is read from the sender. Our own frames (pongs, messages of the module, close) go between frames. I/O thread.
 */
#define G_LOG_DOMAIN "bowline-front"

#include "bl-ws-socket.h"

#include <string.h>

#define BL_WS_PUMP_ROUNDS 8

gboolean
bl_ws_pump_is_blocked (BowlineWebSocket *self)
{
  BowlineWebSocket *peer = self->peer;
  return peer != NULL && (peer->wire.first != NULL || bl_tls_conn_flush (peer->conn) == BL_TLS_AGAIN);
}

void
bl_ws_pump_inject (BowlineWebSocket *self)
{
  const BlWsRewriter *stream = self->peer->rewriter;

  while (self->waiting.first != NULL)
    {
      BlWsOut *out = self->waiting.first;
      const gboolean control = out->opcode >= BL_WS_CLOSE;
      if (control ? !bl_ws_rewriter_at_frame_boundary (stream) : !bl_ws_rewriter_at_message_boundary (stream))
        return;
      self->waiting.first = out->next;
      if (self->waiting.first == NULL)
        self->waiting.last = NULL;
      bl_ws_out_push (&self->wire, out);
    }
}

/* Sends framed bytes to @self, and keeps what it does not take. */
static void
bl_ws_pump_forward (BowlineWebSocket *self, const guint8 *data, gsize size)
{
  BlTlsWindow window = { .data = bl_io_thread_get_wire_out (self->io), .size = BL_IO_WIRE_SIZE };

  bl_tls_conn_begin_pushing (self->conn, &window);
  while (size > 0 && self->wire.first == NULL)
    {
      const gssize n = bl_tls_conn_push (self->conn, data, MIN (size, BL_TLS_RECORD));
      if (n == BL_TLS_FAILED)
        {
          bl_tls_conn_end_pushing (self->conn);
          bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
          return;
        }
      if (n == BL_TLS_AGAIN)
        break;
      data += n;
      size -= (gsize) n;
    }
  bl_tls_conn_end_pushing (self->conn);
  if (size > 0)
    bl_ws_out_push (&self->wire, bl_ws_out_new (0, g_bytes_new (data, size), 0));
}

static void
bl_ws_pump_control (BowlineWebSocket *self, const BlWsControl *control)
{
  if (control->opcode == BL_WS_PING)
    bl_ws_io_pong (self, control->data, control->len);
  if (control->opcode != BL_WS_CLOSE)
    return;
  bl_ws_pump_unjoin (self);
  bl_ws_io_got_close (self, control->close_code, (const char *) control->data, control->len);
}

static void
bl_ws_pump_account (BowlineWebSocket *self, guint64 bytes_before, guint64 frames_before)
{
  const gsize bytes = (gsize) (self->rewriter->data_bytes - bytes_before);
  const gsize frames = (gsize) (self->rewriter->data_frames - frames_before);

  if (bytes == 0 && frames == 0)
    return;
  bl_ws_io_count_in (self, bytes, frames);
  if (self->peer != NULL)
    bl_ws_io_count_out (self->peer, bytes, frames);
  g_atomic_pointer_add (&self->group->relayed, (gssize) bytes);
}

/* @in: with BL_WS_REWRITE_HEADROOM bytes before it */
static void
bl_ws_pump_feed (BowlineWebSocket *self, guint8 *in, gsize length)
{
  g_autoptr (GError) error = NULL;
  BlWsControl control;

  while (length > 0 && self->state < BL_WS_STATE_ENDING)
    {
      BowlineWebSocket *peer = self->peer;
      const guint64 bytes = self->rewriter->data_bytes, frames = self->rewriter->data_frames;
      gsize take = length, consumed = 0, produced = 0;
      /* something waits for the end of this frame: stop exactly there */
      if (peer != NULL && peer->waiting.first != NULL)
        take = (gsize) MIN ((guint64) length, MAX (self->rewriter->frame_left, 1));

      const BlWsRewriteResult result
          = bl_ws_rewriter_feed (self->rewriter, in, take, &consumed, in - BL_WS_REWRITE_HEADROOM,
                                 take + BL_WS_REWRITE_HEADROOM, &produced, &control, &error);
      bl_ws_pump_account (self, bytes, frames);
      if (produced > 0 && peer != NULL)
        bl_ws_pump_forward (peer, in - BL_WS_REWRITE_HEADROOM, produced);
      if (self->peer != NULL)
        {
          bl_ws_pump_inject (self->peer);
          if (self->peer->wire.first != NULL)
            bl_ws_io_defer_flush (self->peer);
        }
      if (result == BL_WS_REWRITE_ERROR)
        {
          g_debug ("%s: %s: %s", self->label, bl_tls_conn_get_address (self->conn), error->message);
          bl_ws_io_fail (self, BL_WS_CODE_PROTOCOL, NULL);
          return;
        }
      if (result == BL_WS_REWRITE_CONTROL)
        bl_ws_pump_control (self, &control);
      in += consumed;
      length -= consumed;
    }
}

void
bl_ws_pump_ready (BowlineWebSocket *self)
{
  guint8 *buffer = bl_io_thread_get_buffer (self->io);

  for (guint round = 0; round < BL_WS_PUMP_ROUNDS && self->state < BL_WS_STATE_ENDING; round++)
    {
      gsize used = 0;
      if (bl_ws_pump_is_blocked (self))
        return;
      const gssize n = bl_ws_io_fill (self, buffer, &used);
      if (used > 0)
        {
          self->last_input_us = bl_io_thread_get_time (self->io);
          self->pinged = FALSE;
          bl_ws_pump_feed (self, buffer, used);
        }
      if (self->state >= BL_WS_STATE_ENDING || n == BL_TLS_AGAIN)
        return;
      if (n <= 0)
        {
          bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
          return;
        }
    }
}

static gboolean
bl_ws_pump_can_join (BowlineWebSocket *self)
{
  const BlWsParser *parser = &self->parser;
  return self->state == BL_WS_STATE_OPEN && self->peer == NULL && parser->header_len == 0 && parser->frame_left == 0
         && parser->message_opcode == 0 && parser->control_len == 0;
}

static void
bl_ws_pump_begin (BowlineWebSocket *self)
{
  if (self->initial != NULL && self->peer != NULL)
    {
      g_autoptr (GBytes) initial = g_steal_pointer (&self->initial);
      gsize size;
      const guint8 *data = g_bytes_get_data (initial, &size);
      g_autofree guint8 *copy = g_malloc (BL_WS_REWRITE_HEADROOM + size);
      memcpy (copy + BL_WS_REWRITE_HEADROOM, data, size);
      bl_ws_pump_feed (self, copy + BL_WS_REWRITE_HEADROOM, size);
    }
  bl_ws_io_defer_flush (self);
}

void
bl_ws_io_join (gpointer socket, gpointer other, guintptr unused)
{
  g_autoptr (BowlineWebSocket) a = socket;
  g_autoptr (BowlineWebSocket) b = other;

  if (!bl_ws_pump_can_join (a) || !bl_ws_pump_can_join (b))
    {
      /* one left meanwhile, or was not paused and is inside a message */
      bl_ws_io_begin_close (a, 0, NULL);
      bl_ws_io_begin_close (b, 0, NULL);
      return;
    }
  a->peer = bl_ws_socket_ref (b);
  b->peer = bl_ws_socket_ref (a);
  g_atomic_int_add (&a->group->joined, 2);
  a->paused = b->paused = FALSE;
  a->held = b->held = FALSE;
  a->rewriter = g_new0 (BlWsRewriter, 1);
  b->rewriter = g_new0 (BlWsRewriter, 1);
  bl_ws_rewriter_init (a->rewriter, BL_WS_SERVER, FALSE, 0);
  bl_ws_rewriter_init (b->rewriter, BL_WS_SERVER, FALSE, 0);
  a->last_input_us = b->last_input_us = bl_io_thread_get_time (a->io);
  bl_ws_pump_begin (a);
  bl_ws_pump_begin (b);
}

void
bl_ws_pump_unjoin (BowlineWebSocket *self)
{
  g_autoptr (BowlineWebSocket) peer = g_steal_pointer (&self->peer);

  if (peer == NULL)
    return;
  g_atomic_int_add (&self->group->joined, -2);
  self->cut_off = !bl_ws_rewriter_at_frame_boundary (peer->rewriter);
  peer->cut_off = !bl_ws_rewriter_at_frame_boundary (self->rewriter);
  bl_ws_out_clear (self, &self->waiting);
  bl_ws_out_clear (peer, &peer->waiting);
  g_clear_pointer (&peer->peer, bl_ws_socket_unref);
  bl_ws_io_begin_close (peer, 0, NULL);
}
