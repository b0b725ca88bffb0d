// SPDX-License-Identifier: Apache-2.0
/* RFC 6455: frame headers, whole frames, and the bounded assembler of messages. */
#include "common/bl-ws-frame.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-utf8.h"
#include "common/bl-ws-header.h"

enum
{
  STATE_HEADER,
  STATE_PAYLOAD,
  STATE_CLOSED, /* a close frame was delivered */
  STATE_FAILED,
};

/* Small enough not to matter, large enough for the usual command. */
#define FIRST_ALLOCATION 512
#define CLIENT_STEP 8

void
bl_ws_parser_init (BlWsParser *self, BlWsRole role, gsize max_message)
{
  *self = (BlWsParser){ .role = (guint8)role, .max_message = max_message };
}

void
bl_ws_parser_clear (BlWsParser *self)
{
  g_clear_pointer (&self->buffer, g_free);
  self->used = self->allocated = 0;
}

void
bl_ws_parser_set_max_message (BlWsParser *self, gsize max_message)
{
  self->max_message = max_message;
}

guint16
bl_ws_parser_get_close_code (const BlWsParser *self)
{
  return self->close_code;
}

gsize
bl_ws_parser_get_buffered (const BlWsParser *self)
{
  return self->allocated;
}

static BlWsResult
parser_fail (BlWsParser *self, guint16 code)
{
  bl_ws_parser_clear (self);
  self->state = STATE_FAILED;
  self->close_code = code;
  return BL_WS_ERROR;
}

static void
buffer_append (BlWsParser *self, const guint8 *data, gsize len)
{
  if (len == 0)
    return;
  gsize need = self->used + len;
  if (need > self->allocated)
    {
      /* Grow with what has come, not with what was announced; the last step fits exactly when the end is
       * known. */
      gsize grown = MAX (MAX (need, self->allocated * 2), FIRST_ALLOCATION);
      /* A message of some size comes in a few pieces: growing in larger steps moves less. Still by what has come. */
      if (self->role == BL_WS_CLIENT)
        grown = MAX (grown, need * CLIENT_STEP);
      if (self->frame_fin && need + self->frame_left - len < grown)
        grown = (gsize)(need + self->frame_left - len);
      grown = MAX (grown, need);
      self->buffer = g_realloc (self->buffer, grown);
      self->allocated = grown;
    }
  memcpy (self->buffer + self->used, data, len);
  self->used += len;
}

/* Reads header bytes; a complete one changes the state. */
static BlWsResult
parser_header (BlWsParser *self, const guint8 *data, gsize len, gsize *consumed, GError **error)
{
  BlWsHeader h;
  gsize have = self->header_len;
  gsize take = MIN (len, BL_WS_MAX_HEADER - have);
  memcpy (self->header + have, data, take);
  int n = bl_ws_header_parse (self->header, have + take, self->role == BL_WS_SERVER,
                              self->message_opcode != 0, &h, error);
  if (n < 0)
    return parser_fail (self, BL_WS_CODE_PROTOCOL);
  if (n == 0)
    {
      self->header_len = (guint8)(have + take);
      *consumed = take;
      return BL_WS_NEED_MORE;
    }
  *consumed = (gsize)n - have;
  self->header_len = 0;
  if (!bl_ws_opcode_is_control (h.opcode)
      && (h.payload > self->max_message || self->used > self->max_message - (gsize)h.payload))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "WebSocket message too long: expected at most %" G_GSIZE_FORMAT
                   " bytes, found %" G_GUINT64_FORMAT,
                   self->max_message, h.payload + self->used);
      return parser_fail (self, BL_WS_CODE_TOO_BIG);
    }
  self->frame_opcode = h.opcode;
  self->frame_fin = h.fin;
  self->frame_left = h.payload;
  self->mask_phase = 0;
  memcpy (self->mask, h.mask, sizeof self->mask);
  if (h.opcode == BL_WS_TEXT || h.opcode == BL_WS_BINARY)
    self->message_opcode = h.opcode;
  self->control_len = 0;
  self->state = STATE_PAYLOAD;
  return BL_WS_NEED_MORE;
}

static BlWsResult
deliver_control (BlWsParser *self, BlWsMessage *message, GError **error)
{
  self->state = STATE_HEADER;
  *message = (BlWsMessage){ .opcode = self->frame_opcode, .data = self->control, .len = self->control_len };
  if (self->frame_opcode != BL_WS_CLOSE)
    return BL_WS_MESSAGE;
  if (!bl_ws_close_parse (self->control, self->control_len, &message->close_code, error))
    return parser_fail (self, g_error_matches (error ? *error : NULL, BL_ERROR, BL_ERROR_UNSUPPORTED)
                                  ? BL_WS_CODE_BAD_DATA
                                  : BL_WS_CODE_PROTOCOL);
  if (self->control_len >= 2)
    {
      message->data += 2;
      message->len -= 2;
    }
  bl_ws_parser_clear (self);
  self->state = STATE_CLOSED;
  return BL_WS_MESSAGE;
}

static BlWsResult
deliver_message (BlWsParser *self, const guint8 *data, gsize len, BlWsMessage *message, GError **error)
{
  if (self->message_opcode == BL_WS_TEXT)
    {
      gsize good = bl_utf8_valid_prefix ((const char *)data, len);
      if (good != len)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                       "WebSocket text is not UTF-8: byte 0x%02x at offset %" G_GSIZE_FORMAT, data[good],
                       good);
          return parser_fail (self, BL_WS_CODE_BAD_DATA);
        }
    }
  *message = (BlWsMessage){ .opcode = self->message_opcode, .data = data, .len = len };
  self->message_opcode = 0;
  self->state = STATE_HEADER;
  self->release = 1;
  return BL_WS_MESSAGE;
}

/* Takes payload; the whole of a single-frame message is handed on where it lies. */
static BlWsResult
parser_payload (
    BlWsParser *self, guint8 *data, gsize len, gsize *consumed, BlWsMessage *message, GError **error)
{
  gsize take = (gsize)MIN ((guint64)len, self->frame_left);
  if (self->role == BL_WS_SERVER)
    bl_ws_mask (data, take, self->mask, self->mask_phase);
  self->mask_phase = (guint32)((self->mask_phase + take) & 3);
  *consumed = take;

  if (bl_ws_opcode_is_control (self->frame_opcode))
    {
      memcpy (self->control + self->control_len, data, take);
      self->control_len = (guint8)(self->control_len + take);
      self->frame_left -= take;
      return self->frame_left > 0 ? BL_WS_NEED_MORE : deliver_control (self, message, error);
    }
  if (self->frame_fin && self->used == 0 && take == self->frame_left)
    {
      self->frame_left = 0;
      return deliver_message (self, data, take, message, error);
    }
  buffer_append (self, data, take);
  self->frame_left -= take;
  if (self->frame_left > 0)
    return BL_WS_NEED_MORE;
  if (self->frame_fin)
    return deliver_message (self, self->buffer ? self->buffer : data, self->used, message, error);
  self->state = STATE_HEADER;
  return BL_WS_NEED_MORE;
}

BlWsResult
bl_ws_parser_feed (
    BlWsParser *self, guint8 *data, gsize len, gsize *consumed, BlWsMessage *message, GError **error)
{
  gsize pos = 0;
  *consumed = 0;
  if (self->release)
    {
      bl_ws_parser_clear (self);
      self->release = 0;
    }
  while (TRUE)
    {
      gsize used = 0;
      BlWsResult result;
      g_autoptr (GError) local = NULL;
      switch (self->state)
        {
        case STATE_HEADER:
          if (pos == len)
            return BL_WS_NEED_MORE;
          result = parser_header (self, data + pos, len - pos, &used, &local);
          break;
        case STATE_PAYLOAD:
          /* An empty payload is complete without further input. */
          if (pos == len && self->frame_left > 0)
            return BL_WS_NEED_MORE;
          result = parser_payload (self, data + pos, len - pos, &used, message, &local);
          break;
        case STATE_CLOSED:
          /* RFC 6455 section 5.5.1: nothing counts after close. */
          *consumed = len;
          return BL_WS_NEED_MORE;
        default:
          g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "WebSocket stream already failed");
          return BL_WS_ERROR;
        }
      pos += used;
      *consumed = pos;
      if (result == BL_WS_ERROR)
        g_propagate_error (error, g_steal_pointer (&local));
      if (result != BL_WS_NEED_MORE)
        return result;
    }
}

gsize
bl_ws_write_header (
    guint8 out[BL_WS_MAX_HEADER], BlWsOpcode opcode, gboolean fin, guint64 len, const guint8 *mask)
{
  gsize n = 2;
  guint8 bit = mask ? 0x80 : 0;
  out[0] = (guint8)((fin ? 0x80 : 0) | (opcode & 0x0F));
  if (len < 126)
    {
      out[1] = (guint8)(bit | len);
    }
  else if (len <= G_MAXUINT16)
    {
      out[1] = bit | 126;
      out[2] = (guint8)(len >> 8);
      out[3] = (guint8)len;
      n = 4;
    }
  else
    {
      guint64 be = GUINT64_TO_BE (len);
      out[1] = bit | 127;
      memcpy (out + 2, &be, sizeof be);
      n = 10;
    }
  if (mask)
    {
      memcpy (out + n, mask, 4);
      n += 4;
    }
  return n;
}

void
bl_ws_mask (guint8 *data, gsize len, const guint8 mask[4], guint phase)
{
  bl_ws_mask_copy (data, data, len, mask, phase);
}

void
bl_ws_append_frame (GByteArray *out, BlWsRole role, BlWsOpcode opcode, gconstpointer data, gsize len)
{
  guint8 header[BL_WS_MAX_HEADER];
  guint8 mask[4];
  g_return_if_fail (len <= G_MAXINT32 && out->len <= G_MAXINT32 - len - BL_WS_MAX_HEADER);
  if (role == BL_WS_CLIENT)
    bl_random_bytes (mask, sizeof mask);
  gsize n = bl_ws_write_header (header, opcode, TRUE, len, role == BL_WS_CLIENT ? mask : NULL);
  g_byte_array_append (out, header, (guint)n);
  if (len == 0)
    return;
  if (role != BL_WS_CLIENT)
    {
      g_byte_array_append (out, data, (guint)len);
      return;
    }
  g_byte_array_set_size (out, out->len + (guint)len);
  bl_ws_mask_copy (out->data + out->len - len, data, len, mask, 0);
}

GBytes *
bl_ws_build_frame (BlWsRole role, BlWsOpcode opcode, gconstpointer data, gsize len)
{
  g_return_val_if_fail (len <= G_MAXINT32 - BL_WS_MAX_HEADER, NULL);
  GByteArray *out = g_byte_array_sized_new ((guint)len + BL_WS_MAX_HEADER);
  bl_ws_append_frame (out, role, opcode, data, len);
  return g_byte_array_free_to_bytes (out);
}

GBytes *
bl_ws_build_close (BlWsRole role, guint16 code, const char *reason)
{
  guint8 payload[BL_WS_MAX_CONTROL_PAYLOAD];
  gsize len = 0;
  if (code == 0 || code == BL_WS_CODE_NONE)
    return bl_ws_build_frame (role, BL_WS_CLOSE, NULL, 0);
  payload[len++] = (guint8)(code >> 8);
  payload[len++] = (guint8)code;
  if (reason)
    {
      gsize n = bl_utf8_valid_prefix (reason, MIN (strlen (reason), sizeof payload - len));
      memcpy (payload + len, reason, n);
      len += n;
    }
  return bl_ws_build_frame (role, BL_WS_CLOSE, payload, len);
}

gboolean
bl_ws_close_code_is_valid (guint16 code)
{
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
