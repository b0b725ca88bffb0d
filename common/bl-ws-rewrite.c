// SPDX-License-Identifier: Apache-2.0
/* BlWsRewriter: streams frames through a relay with new headers, taking control frames out. */
#include "common/bl-ws-frame.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-ws-header.h"

enum
{
  STATE_HEADER,
  STATE_PAYLOAD, /* of a data frame */
  STATE_CONTROL, /* of a control frame */
  STATE_CLOSED,
  STATE_FAILED,
};

void
bl_ws_rewriter_init (BlWsRewriter *self, BlWsRole role, gboolean mask_output, guint64 max_frame)
{
  *self = (BlWsRewriter){
    .input_masked = role == BL_WS_SERVER,
    .output_masked = mask_output != FALSE,
    .max_frame = max_frame,
  };
}

gboolean
bl_ws_rewriter_at_frame_boundary (const BlWsRewriter *self)
{
  return self->state != STATE_PAYLOAD && self->pending_pos == self->pending_len;
}

gboolean
bl_ws_rewriter_at_message_boundary (const BlWsRewriter *self)
{
  return !self->message_open && bl_ws_rewriter_at_frame_boundary (self);
}

/* A complete header: control frames go to the side, data frames get their new header queued. */
static gboolean
begin_frame (BlWsRewriter *self, const BlWsHeader *h, GError **error)
{
  self->header_len = 0;
  self->frame_opcode = h->opcode;
  self->frame_left = h->payload;
  self->mask_phase_in = 0;
  memcpy (self->mask_in, h->mask, sizeof self->mask_in);
  if (bl_ws_opcode_is_control (h->opcode))
    {
      self->control_len = 0;
      self->control_frames++;
      self->state = STATE_CONTROL;
      return TRUE;
    }
  if (self->max_frame > 0 && h->payload > self->max_frame)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "WebSocket frame too long: expected at most %" G_GUINT64_FORMAT
                   " bytes, found %" G_GUINT64_FORMAT,
                   self->max_frame, h->payload);
      return FALSE;
    }
  self->message_open = !h->fin;
  self->data_frames++;
  self->mask_phase_out = 0;
  if (self->output_masked)
    bl_random_bytes (self->mask_out, sizeof self->mask_out);
  self->pending_pos = 0;
  self->pending_len = (guint8)bl_ws_write_header (self->pending, h->opcode, h->fin, h->payload,
                                                  self->output_masked ? self->mask_out : NULL);
  self->state = STATE_PAYLOAD;
  return TRUE;
}

static gboolean
take_header (BlWsRewriter *self, const guint8 *in, gsize len, gsize *used, GError **error)
{
  BlWsHeader h;
  gsize have = self->header_len;
  gsize take = MIN (len, BL_WS_MAX_HEADER - have);
  memcpy (self->header + have, in, take);
  int n = bl_ws_header_parse (self->header, have + take, self->input_masked, self->message_open, &h, error);
  if (n < 0)
    return FALSE;
  if (n == 0)
    {
      self->header_len = (guint8)(have + take);
      *used = take;
      return TRUE;
    }
  *used = (gsize)n - have;
  return begin_frame (self, &h, error);
}

/* Copies payload with the masks changed; with both masked, the two are applied one after the other. */
static void
copy_payload (BlWsRewriter *self, guint8 *out, const guint8 *in, gsize n)
{
  guint8 mask[4] = { 0 };
  for (guint i = 0; i < 4; i++)
    {
      if (self->input_masked)
        mask[i] ^= self->mask_in[(self->mask_phase_in + i) & 3];
      if (self->output_masked)
        mask[i] ^= self->mask_out[(self->mask_phase_out + i) & 3];
    }
  bl_ws_mask_copy (out, in, n, mask, 0);
  self->mask_phase_in = (guint32)((self->mask_phase_in + n) & 3);
  self->mask_phase_out = (guint32)((self->mask_phase_out + n) & 3);
  self->frame_left -= n;
  self->data_bytes += n;
}

static gsize
take_control (BlWsRewriter *self, const guint8 *in, gsize len)
{
  gsize n = (gsize)MIN ((guint64)len, self->frame_left);
  memcpy (self->control + self->control_len, in, n);
  if (self->input_masked)
    bl_ws_mask (self->control + self->control_len, n, self->mask_in, self->mask_phase_in);
  self->mask_phase_in = (guint32)((self->mask_phase_in + n) & 3);
  self->control_len = (guint8)(self->control_len + n);
  self->frame_left -= n;
  return n;
}

static gboolean
finish_control (BlWsRewriter *self, BlWsControl *control, GError **error)
{
  const guint8 *data = self->control;
  gsize len = self->control_len;
  *control = (BlWsControl){ .opcode = self->frame_opcode };
  self->state = STATE_HEADER;
  if (self->frame_opcode == BL_WS_CLOSE)
    {
      if (!bl_ws_close_parse (data, len, &control->close_code, error))
        return FALSE;
      self->state = STATE_CLOSED;
      data += MIN (len, 2);
      len -= MIN (len, 2);
    }
  memcpy (control->data, data, len);
  control->len = len;
  return TRUE;
}

static gsize
write_pending (BlWsRewriter *self, guint8 *out, gsize space)
{
  gsize n = MIN (space, (gsize)(self->pending_len - self->pending_pos));
  memcpy (out, self->pending + self->pending_pos, n);
  self->pending_pos = (guint8)(self->pending_pos + n);
  return n;
}

static BlWsRewriteResult
fail (BlWsRewriter *self)
{
  self->state = STATE_FAILED;
  return BL_WS_REWRITE_ERROR;
}

BlWsRewriteResult
bl_ws_rewriter_feed (BlWsRewriter *self,
                     const guint8 *in,
                     gsize in_len,
                     gsize *consumed,
                     guint8 *out,
                     gsize out_size,
                     gsize *produced,
                     BlWsControl *control,
                     GError **error)
{
  gsize i = 0, o = 0;
  gsize used = 0;
  *consumed = *produced = 0;
  while (TRUE)
    {
      switch (self->state)
        {
        case STATE_HEADER:
          if (i == in_len)
            return BL_WS_REWRITE_MORE;
          if (!take_header (self, in + i, in_len - i, &used, error))
            return fail (self);
          i += used;
          break;
        case STATE_PAYLOAD:
          o += write_pending (self, out + o, out_size - o);
          used = MIN (MIN (in_len - i, out_size - o), (gsize)MIN (self->frame_left, G_MAXSIZE));
          if (self->pending_pos < self->pending_len)
            used = 0;
          copy_payload (self, out + o, in + i, used);
          i += used;
          o += used;
          if (self->frame_left == 0 && self->pending_pos == self->pending_len)
            self->state = STATE_HEADER;
          else
            {
              *consumed = i;
              *produced = o;
              return BL_WS_REWRITE_MORE;
            }
          break;
        case STATE_CONTROL:
          i += take_control (self, in + i, in_len - i);
          if (self->frame_left == 0 && !finish_control (self, control, error))
            return fail (self);
          if (self->frame_left == 0)
            {
              *consumed = i;
              *produced = o;
              return BL_WS_REWRITE_CONTROL;
            }
          break;
        case STATE_CLOSED:
          i = in_len;
          *consumed = i;
          *produced = o;
          return BL_WS_REWRITE_MORE;
        default:
          g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "WebSocket stream already failed");
          return BL_WS_REWRITE_ERROR;
        }
      *consumed = i;
      *produced = o;
      if (self->state == STATE_CONTROL && i == in_len && self->frame_left > 0)
        return BL_WS_REWRITE_MORE;
    }
}
