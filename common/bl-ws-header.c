// SPDX-License-Identifier: Apache-2.0
/* Strict parsing of RFC 6455 frame headers, word-wise masking. */
#include "common/bl-ws-header.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-utf8.h"

static int
invalid (GError **error, const char *expected, guint found)
{
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "WebSocket frame: expected %s, found 0x%02x", expected,
               found);
  return -1;
}

/* Checks the first two bytes, which say all about a frame but its length. */
static int
check_start (const guint8 *data, gboolean masked, gboolean in_message, GError **error)
{
  guint opcode = data[0] & 0x0F;
  gboolean fin = (data[0] & 0x80) != 0;
  if ((data[0] & 0x70) != 0)
    return invalid (error, "no reserved bits", data[0]);
  if (opcode > BL_WS_PONG || (opcode > BL_WS_BINARY && opcode < BL_WS_CLOSE))
    return invalid (error, "a known opcode", opcode);
  if (((data[1] & 0x80) != 0) != (masked != FALSE))
    return invalid (error, masked ? "a masked frame" : "an unmasked frame", data[1]);
  if (bl_ws_opcode_is_control (opcode))
    {
      if (!fin)
        return invalid (error, "an unfragmented control frame", data[0]);
      if ((data[1] & 0x7F) > BL_WS_MAX_CONTROL_PAYLOAD)
        return invalid (error, "a control frame of at most 125 bytes", data[1] & 0x7F);
      if (opcode == BL_WS_CLOSE && (data[1] & 0x7F) == 1)
        return invalid (error, "a close frame with no code or two bytes of it", data[1] & 0x7F);
    }
  else if (opcode == BL_WS_CONTINUATION && !in_message)
    return invalid (error, "the start of a message", data[0]);
  else if (opcode != BL_WS_CONTINUATION && in_message)
    return invalid (error, "a continuation of the open message", data[0]);
  return 0;
}

int
bl_ws_header_parse (
    const guint8 *data, gsize len, gboolean masked, gboolean in_message, BlWsHeader *header, GError **error)
{
  if (len < 2)
    return 0;
  if (check_start (data, masked, in_message, error) < 0)
    return -1;
  gsize n = 2;
  guint64 payload = data[1] & 0x7F;
  if (payload == 126)
    {
      if (len < 4)
        return 0;
      payload = (guint64)data[2] << 8 | data[3];
      n = 4;
      if (payload < 126)
        return invalid (error, "the shortest form of the length", (guint)payload);
    }
  else if (payload == 127)
    {
      if (len < 10)
        return 0;
      memcpy (&payload, data + 2, sizeof payload);
      payload = GUINT64_FROM_BE (payload);
      n = 10;
      if (payload <= G_MAXUINT16)
        return invalid (error, "the shortest form of the length", (guint)payload);
      if (payload > G_MAXINT64)
        return invalid (error, "a length below 2^63", data[2]);
    }
  memset (header->mask, 0, sizeof header->mask);
  if (masked)
    {
      if (len < n + 4)
        return 0;
      memcpy (header->mask, data + n, 4);
      n += 4;
    }
  header->payload = payload;
  header->opcode = data[0] & 0x0F;
  header->fin = (data[0] & 0x80) != 0;
  return (int)n;
}

void
bl_ws_mask_copy (guint8 *dst, const guint8 *src, gsize len, const guint8 mask[4], guint phase)
{
  guint8 turned[8];
  guint64 wide, word;
  for (guint i = 0; i < sizeof turned; i++)
    turned[i] = mask[(phase + i) & 3];
  memcpy (&wide, turned, sizeof wide);
  for (; len >= sizeof word; len -= sizeof word, src += sizeof word, dst += sizeof word)
    {
      memcpy (&word, src, sizeof word);
      word ^= wide;
      memcpy (dst, &word, sizeof word);
    }
  for (gsize i = 0; i < len; i++)
    dst[i] = src[i] ^ turned[i];
}

gboolean
bl_ws_close_parse (const guint8 *payload, gsize len, guint16 *code, GError **error)
{
  *code = BL_WS_CODE_NONE;
  if (len == 0)
    return TRUE;
  if (len == 1)
    {
      invalid (error, "a close code of two bytes", payload[0]);
      return FALSE;
    }
  guint16 value = (guint16)(payload[0] << 8 | payload[1]);
  if (!bl_ws_close_code_is_valid (value))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "WebSocket close: expected a code of RFC 6455, found %u", value);
      return FALSE;
    }
  if (!bl_utf8_is_valid ((const char *)payload + 2, len - 2))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_UNSUPPORTED, "WebSocket close: the reason is not UTF-8");
      return FALSE;
    }
  *code = value;
  return TRUE;
}
