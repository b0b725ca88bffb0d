// SPDX-License-Identifier: Apache-2.0
/* The I/O thread's half of a WebSocket: framing, output queue, closing handshake and deadlines. */
#define G_LOG_DOMAIN "bowline-front"

#include "bl-tls-linger.h"
#include "bl-ws-socket.h"

#include <string.h>

/* RFC 6455 leaves the time for the closing handshake open. */
#define BL_WS_CLOSE_US (5 * G_USEC_PER_SEC)
/* Rounds of 64 KiB one socket may read before the others have their turn. */
#define BL_WS_READ_ROUNDS 4

/* ---- output -------------------------------------------------------------------------------------------------------- */

BlWsOut *
bl_ws_out_new (guint8 opcode, GBytes *payload, gsize counted)
{
  BlWsOut *out = g_new0 (BlWsOut, 1);
  out->payload = payload;
  out->opcode = opcode;
  out->counted = counted;
  if (opcode != 0)
    out->header_length = (guint8) bl_ws_write_header (
        out->header, opcode, TRUE, payload != NULL ? g_bytes_get_size (payload) : 0, NULL);
  return out;
}

void
bl_ws_out_push (BlWsOutQueue *queue, BlWsOut *out)
{
  out->next = NULL;
  if (queue->last != NULL)
    queue->last->next = out;
  else
    queue->first = out;
  queue->last = out;
}

static gsize
bl_ws_out_size (const BlWsOut *out)
{
  return out->header_length + (out->payload != NULL ? g_bytes_get_size (out->payload) : 0);
}

static void
bl_ws_out_drop_first (BowlineWebSocket *self, BlWsOutQueue *queue)
{
  BlWsOut *out = queue->first;
  queue->first = out->next;
  if (queue->first == NULL)
    queue->last = NULL;
  if (out->counted > 0)
    g_atomic_pointer_add (&self->queued, -(gssize) out->counted);
  if (out->opcode == BL_WS_PONG)
    self->pong_waiting = FALSE;
  g_clear_pointer (&out->payload, g_bytes_unref);
  g_free (out);
}

void
bl_ws_out_clear (BowlineWebSocket *self, BlWsOutQueue *queue)
{
  while (queue->first != NULL)
    bl_ws_out_drop_first (self, queue);
}

/* Copies what comes next, of several pieces if they are small, so that they share a record and a system call. */
static gsize
bl_ws_io_gather (BowlineWebSocket *self, guint8 *buffer, gsize room)
{
  gsize used = 0;
  for (const BlWsOut *out = self->wire.first; out != NULL && used < room; out = out->next)
    {
      gsize offset = out->offset;
      if (offset < out->header_length)
        {
          const gsize n = MIN ((gsize) out->header_length - offset, room - used);
          memcpy (buffer + used, out->header + offset, n);
          used += n;
          offset += n;
        }
      if (out->payload != NULL && offset >= out->header_length && used < room)
        {
          gsize size;
          const guint8 *data = g_bytes_get_data (out->payload, &size);
          const gsize at = offset - out->header_length;
          const gsize n = MIN (size - at, room - used);
          if (n > 0)
            memcpy (buffer + used, data + at, n);
          used += n;
        }
    }
  return used;
}

static void
bl_ws_io_advance (BowlineWebSocket *self, gsize n)
{
  while (self->wire.first != NULL)
    {
      BlWsOut *out = self->wire.first;
      const gsize left = bl_ws_out_size (out) - out->offset;
      if (n < left)
        {
          out->offset += n;
          return;
        }
      n -= left;
      if (out->opcode == BL_WS_TEXT || out->opcode == BL_WS_BINARY)
        bl_ws_io_count_out (self, out->counted, 1);
      bl_ws_out_drop_first (self, &self->wire);
    }
}

/* All that was queued has left. */
static void
bl_ws_io_drained (BowlineWebSocket *self)
{
  if (self->sent_something && g_atomic_int_get (&self->wants_drained))
    bl_mailbox_post (self->group->main, bl_ws_main_drained, bl_ws_socket_ref (self), NULL, 0);
  self->sent_something = FALSE;
  if (self->state == BL_WS_STATE_ENDING)
    bl_ws_io_end (self, self->close_code);
}

gboolean
bl_ws_io_flush (BowlineWebSocket *self)
{
  guint8 *buffer = bl_io_thread_get_output (self->io);

  while (self->state != BL_WS_STATE_GONE)
    {
      const int held = bl_tls_conn_flush (self->conn);
      if (held == BL_TLS_FAILED)
        {
          bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
          return FALSE;
        }
      if (held == BL_TLS_AGAIN)
        break;
      if (self->wire.first == NULL)
        {
          bl_ws_io_drained (self);
          break;
        }
      const gsize n = bl_ws_io_gather (self, buffer, BL_TLS_RECORD);
      const gssize sent = bl_tls_conn_push (self->conn, buffer, n);
      if (sent == BL_TLS_FAILED)
        {
          bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
          return FALSE;
        }
      if (sent < 0)
        break;
      bl_ws_io_advance (self, (gsize) sent);
    }
  return self->state != BL_WS_STATE_GONE;
}

static void
bl_ws_io_deferred_flush (gpointer socket, gpointer unused, guintptr unused2)
{
  BowlineWebSocket *self = socket;
  self->dirty = FALSE;
  if (self->state != BL_WS_STATE_GONE && bl_ws_io_flush (self))
    {
      bl_ws_io_update_interest (self);
      if (self->peer != NULL)
        bl_ws_io_update_interest (self->peer);
    }
  bl_ws_socket_unref (self);
}

void
bl_ws_io_defer_flush (BowlineWebSocket *self)
{
  if (self->dirty || self->state == BL_WS_STATE_GONE)
    return;
  self->dirty = TRUE;
  bl_io_thread_defer (self->io, bl_ws_io_deferred_flush, bl_ws_socket_ref (self));
}

void
bl_ws_io_enqueue (BowlineWebSocket *self, BlWsOut *out)
{
  if (self->peer == NULL)
    bl_ws_out_push (&self->wire, out);
  else
    {
      bl_ws_out_push (&self->waiting, out);
      bl_ws_pump_inject (self);
    }
  bl_ws_io_defer_flush (self);
}

void
bl_ws_io_count_in (BowlineWebSocket *self, gsize bytes, gsize messages)
{
  __atomic_store_n (&self->stats.bytes_in, self->stats.bytes_in + bytes, __ATOMIC_RELAXED);
  __atomic_store_n (&self->stats.messages_in, self->stats.messages_in + messages, __ATOMIC_RELAXED);
}

void
bl_ws_io_count_out (BowlineWebSocket *self, gsize bytes, gsize messages)
{
  __atomic_store_n (&self->stats.bytes_out, self->stats.bytes_out + bytes, __ATOMIC_RELAXED);
  __atomic_store_n (&self->stats.messages_out, self->stats.messages_out + messages, __ATOMIC_RELAXED);
}

/* ---- ending -------------------------------------------------------------------------------------------------------- */

void
bl_ws_io_end (BowlineWebSocket *self, guint16 code)
{
  if (self->state == BL_WS_STATE_GONE)
    return;
  self->state = BL_WS_STATE_GONE;
  if (self->close_code == BL_WS_CODE_ABNORMAL)
    self->close_code = code;
  if (self->peer != NULL)
    bl_ws_pump_unjoin (self);
  bl_io_watch_remove (&self->watch);
  bl_ws_out_clear (self, &self->wire);
  bl_ws_out_clear (self, &self->waiting);
  bl_ws_parser_clear (&self->parser);
  g_clear_pointer (&self->initial, g_bytes_unref);
  if (self->end_hard || self->close_code == BL_WS_CODE_ABNORMAL)
    g_clear_pointer (&self->conn, bl_tls_conn_free);
  else
    bl_tls_linger (self->io, g_steal_pointer (&self->conn));
  /* the I/O thread's own reference goes with the mail */
  bl_mailbox_post (self->group->main, bl_ws_main_closed, self, g_steal_pointer (&self->close_reason),
                   self->close_code);
}

void
bl_ws_io_begin_close (BowlineWebSocket *self, guint16 code, const char *reason)
{
  guint8 payload[BL_WS_MAX_CONTROL_PAYLOAD];
  gsize length = 0;

  if (self->state != BL_WS_STATE_OPEN)
    return;
  self->deadline_us = bl_io_thread_get_time (self->io) + BL_WS_CLOSE_US;
  bl_ws_io_defer_flush (self);
  self->state = self->cut_off ? BL_WS_STATE_ENDING : BL_WS_STATE_CLOSING;
  if (self->cut_off)
    return; /* inside a frame of the other side there is no place for ours */
  if (code != 0 && code != BL_WS_CODE_NONE)
    {
      const char *end = NULL;
      const gsize room = sizeof payload - 2;
      gsize reason_length = reason != NULL ? strlen (reason) : 0;
      if (reason_length > room)
        reason_length = room;
      if (reason_length > 0 && !g_utf8_validate (reason, (gssize) reason_length, &end))
        reason_length = (gsize) (end - reason);
      payload[0] = (guint8) (code >> 8);
      payload[1] = (guint8) code;
      if (reason_length > 0)
        memcpy (payload + 2, reason, reason_length);
      length = 2 + reason_length;
    }
  bl_ws_out_push (&self->wire, bl_ws_out_new (BL_WS_CLOSE, length > 0 ? g_bytes_new (payload, length) : NULL, 0));
}

void
bl_ws_io_got_close (BowlineWebSocket *self, guint16 code, const char *reason, gsize length)
{
  if (self->state == BL_WS_STATE_ENDING || self->state == BL_WS_STATE_GONE)
    return;
  if (self->close_code == BL_WS_CODE_ABNORMAL)
    {
      self->close_code = code;
      self->close_reason = length > 0 ? g_strndup (reason, length) : NULL;
    }
  if (self->state == BL_WS_STATE_OPEN)
    bl_ws_io_begin_close (self, code, NULL);
  self->state = BL_WS_STATE_ENDING;
  bl_ws_io_defer_flush (self);
}

void
bl_ws_io_fail (BowlineWebSocket *self, guint16 code, const char *reason)
{
  if (self->state >= BL_WS_STATE_ENDING)
    return;
  if (self->peer != NULL)
    bl_ws_pump_unjoin (self);
  self->close_code = code;
  bl_ws_io_begin_close (self, code, reason);
  self->state = BL_WS_STATE_ENDING;
  bl_ws_io_defer_flush (self);
}

/* ---- input --------------------------------------------------------------------------------------------------------- */

static void
bl_ws_io_deliver (BowlineWebSocket *self, const BlWsMessage *message)
{
  const guint32 type = message->opcode == BL_WS_TEXT ? BOWLINE_MESSAGE_TEXT : BOWLINE_MESSAGE_BINARY;

  if (self->state != BL_WS_STATE_OPEN)
    return;
  bl_ws_io_count_in (self, message->len, 1);
  g_atomic_pointer_add (&self->pending_main, (gssize) (message->len + BL_WS_MESSAGE_COST));
  bl_mailbox_post (self->group->main,
                   bl_ws_main_message,
                   bl_ws_socket_ref (self),
                   g_bytes_new (message->data, message->len),
                   type);
}

void
bl_ws_io_pong (BowlineWebSocket *self, const guint8 *data, gsize length)
{
  /* RFC 6455 section 5.5.3: only the latest ping needs an answer; one that waits bounds what a flood can queue */
  if (self->pong_waiting || self->state != BL_WS_STATE_OPEN)
    return;
  self->pong_waiting = TRUE;
  bl_ws_io_enqueue (self, bl_ws_out_new (BL_WS_PONG, length > 0 ? g_bytes_new (data, length) : NULL, 0));
}

static void
bl_ws_io_parse (BowlineWebSocket *self, guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  BlWsMessage message;

  while (length > 0 && self->state < BL_WS_STATE_ENDING)
    {
      gsize consumed = 0;
      const BlWsResult result = bl_ws_parser_feed (&self->parser, data, length, &consumed, &message, &error);
      data += consumed;
      length -= consumed;
      if (result == BL_WS_NEED_MORE)
        return;
      if (result == BL_WS_ERROR)
        {
          g_debug ("%s: %s: %s", self->label, bl_tls_conn_get_address (self->conn), error->message);
          bl_ws_io_fail (self, bl_ws_parser_get_close_code (&self->parser), NULL);
        }
      else if (message.opcode == BL_WS_PING)
        bl_ws_io_pong (self, message.data, message.len);
      else if (message.opcode == BL_WS_CLOSE)
        bl_ws_io_got_close (self, message.close_code, (const char *) message.data, message.len);
      else if (message.opcode != BL_WS_PONG)
        bl_ws_io_deliver (self, &message);
    }
}

static void
bl_ws_io_parse_initial (BowlineWebSocket *self)
{
  if (self->initial == NULL || self->paused || self->held || self->peer != NULL || self->state != BL_WS_STATE_OPEN)
    return;
  gsize size;
  guint8 *data = g_bytes_unref_to_data (g_steal_pointer (&self->initial), &size);
  bl_ws_io_parse (self, data, size);
  g_free (data);
}

/* Returns: %TRUE when the module has enough to do */
static gboolean
bl_ws_io_is_starved (BowlineWebSocket *self)
{
  if ((gsize) g_atomic_pointer_get (&self->pending_main) <= BL_WS_MAX_PENDING_MAIN)
    return FALSE;
  g_atomic_int_set (&self->starved, TRUE);
  /* the module may have caught up before it could see the flag */
  if ((gsize) g_atomic_pointer_get (&self->pending_main) > BL_WS_MAX_PENDING_MAIN / 2)
    return TRUE;
  return !g_atomic_int_compare_and_exchange (&self->starved, TRUE, FALSE);
}

gssize
bl_ws_io_fill (BowlineWebSocket *self, guint8 *buffer, gsize *used)
{
  BlTlsWindow window = { .data = bl_io_thread_get_wire_in (self->io), .size = BL_IO_WIRE_SIZE };
  gssize n = 1;

  *used = 0;
  bl_tls_conn_begin_reading (self->conn, &window);
  while (*used < BL_IO_BUFFER_SIZE
         && (n = bl_tls_conn_read (self->conn, buffer + *used, BL_IO_BUFFER_SIZE - *used)) > 0)
    *used += (gsize) n;
  bl_tls_conn_end_reading (self->conn);
  return n;
}

static void
bl_ws_io_read (BowlineWebSocket *self)
{
  guint8 *buffer = bl_io_thread_get_buffer (self->io);

  for (guint round = 0; round < BL_WS_READ_ROUNDS && self->state < BL_WS_STATE_ENDING; round++)
    {
      gsize used = 0;
      const gssize n = bl_ws_io_fill (self, buffer, &used);
      if (used > 0)
        {
          self->last_input_us = bl_io_thread_get_time (self->io);
          self->pinged = FALSE;
          bl_ws_io_parse (self, buffer, used);
        }
      if (self->state >= BL_WS_STATE_ENDING)
        return;
      if (n == 0 || n == BL_TLS_FAILED)
        {
          bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
          return;
        }
      if (bl_ws_io_is_starved (self) || n == BL_TLS_AGAIN)
        return;
    }
}

void
bl_ws_io_update_interest (BowlineWebSocket *self)
{
  gboolean input, output;

  if (self->state == BL_WS_STATE_GONE)
    return;
  /* with a flush ahead in this round there is nothing to wait for yet, and two system calls to save */
  if (self->dirty)
    output = (self->watch.events & EPOLLOUT) != 0;
  else
    output = self->wire.first != NULL || bl_tls_conn_flush (self->conn) == BL_TLS_AGAIN;
  if (self->state >= BL_WS_STATE_CLOSING)
    input = self->state == BL_WS_STATE_CLOSING;
  else if (self->peer != NULL)
    input = !bl_ws_pump_is_blocked (self);
  else
    input = !self->paused && !self->held && !g_atomic_int_get (&self->starved);

  bl_io_watch_modify (&self->watch, (input ? EPOLLIN : 0u) | (output ? EPOLLOUT : 0u));
  if (input && bl_tls_conn_has_pending (self->conn))
    bl_io_watch_again (&self->watch);
}

static void
bl_ws_io_ready (BlIoWatch *watch, guint32 events)
{
  BowlineWebSocket *self = (BowlineWebSocket *) ((guint8 *) watch - G_STRUCT_OFFSET (BowlineWebSocket, watch));
  g_autoptr (BowlineWebSocket) hold = bl_ws_socket_ref (self);

  if ((events & EPOLLOUT) != 0 && !bl_ws_io_flush (self))
    return;
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    {
      if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (watch->events & EPOLLIN) == 0)
        bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
      else if (self->rewriter != NULL)
        bl_ws_pump_ready (self);
      else if ((watch->events & EPOLLIN) != 0)
        bl_ws_io_read (self);
    }
  bl_ws_io_update_interest (self);
  if (self->peer != NULL)
    bl_ws_io_update_interest (self->peer);
}

static void
bl_ws_io_tick (BlIoWatch *watch, gint64 now_us)
{
  BowlineWebSocket *self = (BowlineWebSocket *) ((guint8 *) watch - G_STRUCT_OFFSET (BowlineWebSocket, watch));
  const gint64 silent_us = now_us - self->last_input_us;

  if (self->deadline_us != 0 && now_us >= self->deadline_us)
    {
      self->end_hard = TRUE;
      bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
      return;
    }
  /* silence counts only while we listen */
  if (self->idle_timeout == 0 || self->state != BL_WS_STATE_OPEN || (watch->events & EPOLLIN) == 0)
    return;
  if (silent_us >= (gint64) self->idle_timeout * G_USEC_PER_SEC)
    {
      self->end_hard = TRUE;
      bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
    }
  else if (!self->pinged && silent_us >= (gint64) self->idle_timeout * G_USEC_PER_SEC / 2)
    {
      self->pinged = TRUE;
      bl_ws_io_enqueue (self, bl_ws_out_new (BL_WS_PING, NULL, 0));
    }
}

/* ---- mail from the main thread ------------------------------------------------------------------------------------- */

void
bl_ws_io_start (gpointer socket, gpointer unused, guintptr unused2)
{
  BowlineWebSocket *self = socket; /* its reference is the I/O thread's own until bl_ws_io_end() */
  g_autoptr (BowlineWebSocket) hold = bl_ws_socket_ref (self);

  self->watch.ready = bl_ws_io_ready;
  self->watch.tick = bl_ws_io_tick;
  self->last_input_us = bl_io_thread_get_time (self->io);
  if (!bl_io_thread_watch (self->io, &self->watch, bl_tls_conn_get_fd (self->conn), 0))
    {
      bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
      return;
    }
  bl_ws_io_update_interest (self);
}

void
bl_ws_io_release (gpointer socket, gpointer unused, guintptr unused2)
{
  g_autoptr (BowlineWebSocket) self = socket;

  self->held = FALSE;
  bl_ws_io_parse_initial (self);
  bl_ws_io_update_interest (self);
}

void
bl_ws_io_send (gpointer socket, gpointer message, guintptr type)
{
  g_autoptr (BowlineWebSocket) self = socket;
  GBytes *bytes = message;
  const gsize size = g_bytes_get_size (bytes);

  if (self->state != BL_WS_STATE_OPEN)
    {
      g_atomic_pointer_add (&self->queued, -(gssize) size);
      g_bytes_unref (bytes);
      return;
    }
  self->sent_something = TRUE;
  bl_ws_io_enqueue (self, bl_ws_out_new ((guint8) type, bytes, size));
}

void
bl_ws_io_pause (gpointer socket, gpointer unused, guintptr paused)
{
  g_autoptr (BowlineWebSocket) self = socket;

  if (self->state == BL_WS_STATE_GONE)
    return;
  self->paused = paused != 0;
  self->last_input_us = bl_io_thread_get_time (self->io);
  bl_ws_io_parse_initial (self);
  bl_ws_io_update_interest (self);
}

void
bl_ws_io_resume_input (gpointer socket, gpointer unused, guintptr unused2)
{
  g_autoptr (BowlineWebSocket) self = socket;
  bl_ws_io_update_interest (self);
}

void
bl_ws_io_close (gpointer socket, gpointer reason, guintptr code)
{
  g_autoptr (BowlineWebSocket) self = socket;
  g_autofree char *text = reason;

  if (self->state != BL_WS_STATE_OPEN)
    return;
  if (self->peer != NULL)
    bl_ws_pump_unjoin (self);
  bl_ws_io_begin_close (self, (guint16) code, text);
  bl_ws_io_update_interest (self);
}

void
bl_ws_io_overflow (gpointer socket, gpointer unused, guintptr unused2)
{
  g_autoptr (BowlineWebSocket) self = socket;

  if (self->state != BL_WS_STATE_OPEN)
    return;
  g_message ("%s: %s does not read: closed at its limit", self->label, bl_tls_conn_get_address (self->conn));
  if (self->peer != NULL)
    bl_ws_pump_unjoin (self);
  self->close_code = BL_WS_CODE_TRY_AGAIN;
  /* a frame that was begun must be finished; the rest is dropped */
  BlWsOutQueue rest = { NULL, NULL };
  if (self->wire.first != NULL && self->wire.first->offset > 0)
    {
      rest.first = self->wire.first->next;
      rest.last = rest.first != NULL ? self->wire.last : NULL;
      self->wire.last = self->wire.first;
      self->wire.first->next = NULL;
    }
  else
    {
      rest = self->wire;
      self->wire = (BlWsOutQueue){ NULL, NULL };
    }
  bl_ws_out_clear (self, &rest);
  bl_ws_io_begin_close (self, BL_WS_CODE_TRY_AGAIN, "queue limit");
  bl_ws_io_update_interest (self);
}

void
bl_ws_io_abort (gpointer socket, gpointer unused, guintptr unused2)
{
  g_autoptr (BowlineWebSocket) self = socket;
  self->end_hard = TRUE;
  bl_ws_io_end (self, BL_WS_CODE_ABNORMAL);
}

void
bl_ws_io_set_idle (gpointer socket, gpointer unused, guintptr seconds)
{
  g_autoptr (BowlineWebSocket) self = socket;
  self->idle_timeout = (guint32) seconds;
}

void
bl_ws_io_set_max_message (gpointer socket, gpointer unused, guintptr bytes)
{
  g_autoptr (BowlineWebSocket) self = socket;
  bl_ws_parser_set_max_message (&self->parser, bytes);
}
