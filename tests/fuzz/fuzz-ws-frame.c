// SPDX-License-Identifier: Apache-2.0
/* WebSocket messages: any split of the stream gives the same messages and the same end. Input: a byte with
 * role and piece size, then the stream. */
#include "fuzz.h"

#include "common/bl-ws-frame.h"

#define MAX_MESSAGE 1000

/* Writes what came out as text; ends with the close code of a failure. */
static GString *
run (BlWsRole role, const guint8 *data, gsize size, gsize step)
{
  GString *log = g_string_new (NULL);
  g_auto (BlWsParser) parser;

  bl_ws_parser_init (&parser, role, MAX_MESSAGE);
  for (gsize at = 0; at < size; at += step)
    {
      gsize left = MIN (step, size - at), pos = 0, used;
      g_autofree guint8 *piece = g_memdup2 (data + at, left);
      BlWsResult result;
      BlWsMessage m;

      do
        {
          g_autoptr (GError) error = NULL;
          result = bl_ws_parser_feed (&parser, piece + pos, left - pos, &used, &m, &error);
          g_assert_cmpint (result == BL_WS_ERROR, ==, error != NULL);
          pos += used;
          g_assert_cmpuint (pos, <=, left);
          g_assert_cmpuint (bl_ws_parser_get_buffered (&parser), <=, MAX_MESSAGE + 1024);
          if (result == BL_WS_MESSAGE)
            {
              g_assert_cmpuint (m.len, <=, MAX_MESSAGE);
              g_string_append_printf (log, "%x %u %" G_GSIZE_FORMAT ":", m.opcode, m.close_code, m.len);
              g_string_append_len (log, (const char *)m.data, (gssize)m.len);
            }
        }
      while (result == BL_WS_MESSAGE);
      if (result == BL_WS_ERROR)
        {
          g_string_append_printf (log, "E%u", bl_ws_parser_get_close_code (&parser));
          break;
        }
      g_assert_cmpuint (pos, ==, left);
    }
  return log;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 2)
    return 0;
  BlWsRole role = data[0] & 1 ? BL_WS_CLIENT : BL_WS_SERVER;
  GString *whole = run (role, data + 1, size - 1, size);
  GString *pieces = run (role, data + 1, size - 1, 1 + (data[0] >> 1) % 40);
  g_assert_cmpmem (whole->str, whole->len, pieces->str, pieces->len);
  g_string_free (whole, TRUE);
  g_string_free (pieces, TRUE);
  return 0;
}
