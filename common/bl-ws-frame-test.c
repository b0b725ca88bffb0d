// SPDX-License-Identifier: Apache-2.0
/* The message assembler: every split of a stream gives the same messages; every rule of RFC 6455 is enforced.
 */
#include "common/bl-ws-frame.h"

#include <string.h>

#include "common/bl-error.h"

typedef struct
{
  GString *log; /* one letter and the payload of every message */
  guint16 code; /* close code of a failure, 0 for none */
} Run;

/* Feeds @len bytes in pieces of @step. */
static Run
run_parser (const guint8 *data, gsize len, BlWsRole role, gsize max, gsize step)
{
  Run run = { g_string_new (NULL), 0 };
  g_auto (BlWsParser) parser;
  bl_ws_parser_init (&parser, role, max);
  for (gsize at = 0; at < len; at += step)
    {
      gsize piece_len = MIN (step, len - at);
      g_autofree guint8 *piece = g_memdup2 (data + at, piece_len);
      gsize pos = 0;
      while (TRUE)
        {
          BlWsMessage m;
          gsize used;
          g_autoptr (GError) error = NULL;
          BlWsResult result = bl_ws_parser_feed (&parser, piece + pos, piece_len - pos, &used, &m, &error);
          pos += used;
          g_assert_cmpuint (pos, <=, piece_len);
          if (result == BL_WS_ERROR)
            {
              g_assert_nonnull (error);
              run.code = bl_ws_parser_get_close_code (&parser);
              g_assert_cmpuint (bl_ws_parser_get_buffered (&parser), ==, 0);
              return run;
            }
          g_assert_no_error (error);
          if (result == BL_WS_NEED_MORE)
            break;
          g_string_append_printf (run.log, "%x", m.opcode);
          if (m.opcode == BL_WS_CLOSE)
            g_string_append_printf (run.log, "(%u)", m.close_code);
          g_string_append_len (run.log, (const char *)m.data, (gssize)m.len);
          g_string_append_c (run.log, ';');
        }
      g_assert_cmpuint (pos, ==, piece_len);
    }
  return run;
}

static void
expect (GByteArray *stream, BlWsRole role, gsize max, const char *log, guint16 code)
{
  for (gsize step = 1; step <= stream->len + 1; step = step < 20 ? step + 1 : step * 2)
    {
      Run run = run_parser (stream->data, stream->len, role, max, step);
      g_assert_cmpuint (run.code, ==, code);
      if (log)
        g_assert_cmpstr (run.log->str, ==, log);
      g_string_free (run.log, TRUE);
    }
}

/* Appends one frame with any first byte, masked for a server. */
static void
add_frame (GByteArray *out, guint8 first, const char *payload, gsize len, gboolean masked)
{
  guint8 header[BL_WS_MAX_HEADER];
  const guint8 mask[4] = { 1, 2, 3, 0xF0 };
  gsize n = bl_ws_write_header (header, first & 15, TRUE, len, masked ? mask : NULL);
  header[0] = first;
  g_byte_array_append (out, header, (guint)n);
  if (len == 0)
    return;
  g_byte_array_append (out, (const guint8 *)payload, (guint)len);
  if (masked)
    bl_ws_mask (out->data + out->len - len, len, mask, 0);
}

static void
add_text (GByteArray *out, guint8 first, const char *payload)
{
  add_frame (out, first, payload, strlen (payload), TRUE);
}

static void
test_messages (void)
{
  g_autoptr (GByteArray) s = g_byte_array_new ();
  add_text (s, 0x81, "hello");
  add_text (s, 0x82, "");
  add_text (s, 0x01, "fr");
  add_text (s, 0x89, "ping");
  add_text (s, 0x00, "");
  add_text (s, 0x00, "agmen");
  add_text (s, 0x8A, "");
  add_text (s, 0x80, "ted");
  add_text (s, 0x82, "binary, long enough to be unmasked in words");
  add_text (s, 0x88,
            "\x03\xE8"
            "bye");
  add_text (s, 0x81, "after close");
  expect (s, BL_WS_SERVER, 1000,
          "1hello;2;9ping;a;1fragmented;2binary, long enough to be unmasked in words;8(1000)bye;", 0);
}

static void
test_client (void)
{
  g_autoptr (GByteArray) s = g_byte_array_new ();
  bl_ws_append_frame (s, BL_WS_SERVER, BL_WS_TEXT, "c", 1);
  bl_ws_append_frame (s, BL_WS_SERVER, BL_WS_CLOSE, NULL, 0);
  expect (s, BL_WS_CLIENT, 10, "1c;8(1005);", 0);
  /* What a client makes, a server reads. */
  g_byte_array_set_size (s, 0);
  bl_ws_append_frame (s, BL_WS_CLIENT, BL_WS_BINARY, "abcdefghijk", 11);
  expect (s, BL_WS_SERVER, 11, "2abcdefghijk;", 0);
  expect (s, BL_WS_CLIENT, 11, "", BL_WS_CODE_PROTOCOL);
}

static void
test_lengths (void)
{
  const gsize lengths[] = { 0, 1, 125, 126, 127, 65535, 65536, 70000 };
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *fill = g_strnfill (lengths[i], 'x');
      g_autofree char *log = g_strdup_printf ("2%s;", fill);
      g_autoptr (GByteArray) s = g_byte_array_new ();
      add_frame (s, 0x82, fill, lengths[i], TRUE);
      expect (s, BL_WS_SERVER, lengths[i], log, 0);
      if (lengths[i] > 0)
        expect (s, BL_WS_SERVER, lengths[i] - 1, "", BL_WS_CODE_TOO_BIG);
    }
}

static void
refuse (const char *bytes, gsize len, guint16 code)
{
  g_autoptr (GByteArray) s = g_byte_array_new ();
  g_byte_array_append (s, (const guint8 *)bytes, (guint)len);
  expect (s, BL_WS_CLIENT, 1000000, NULL, code);
}

#define REFUSE(bytes, code) refuse (bytes, sizeof (bytes) - 1, code)

static void
test_refused (void)
{
  REFUSE ("\xC1\x00", 1002);                 /* reserved bit: compression was not agreed */
  REFUSE ("\x83\x00", 1002);                 /* opcode 3 */
  REFUSE ("\x8B\x00", 1002);                 /* opcode 11 */
  REFUSE ("\x81\x80\x01\x02\x03\x04", 1002); /* masked by a server */
  REFUSE ("\x80\x00", 1002);                 /* continuation of nothing */
  REFUSE ("\x01\x00\x81\x00", 1002);         /* a second message inside the first */
  REFUSE ("\x09\x00", 1002);                 /* fragmented ping */
  REFUSE ("\x89\x7E\x00\x7E", 1002);         /* ping of 126 bytes */
  REFUSE ("\x82\x7E\x00\x7D", 1002);         /* length not minimal */
  REFUSE ("\x82\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF", 1002);
  REFUSE ("\x82\x7F\x80\x00\x00\x00\x00\x00\x00\x00", 1002); /* top bit */
  REFUSE ("\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 1009);
  REFUSE ("\x88\x01\x03", 1002);     /* half a close code */
  REFUSE ("\x88\x02\x03\xED", 1002); /* 1005 is not for the wire */
  REFUSE ("\x88\x02\x00\x00", 1002);
  REFUSE ("\x88\x03\x03\xE8\xFF", 1007); /* reason not UTF-8 */
  REFUSE ("\x81\x01\xFF", 1007);
  REFUSE ("\x01\x01\xC3\x80\x01\x41", 1007);
  g_autoptr (GByteArray) s = g_byte_array_new ();
  g_byte_array_append (s, (const guint8 *)"\x81\x01x", 3);
  expect (s, BL_WS_SERVER, 10, "", 1002); /* unmasked by a client */
}

/* A character cut by fragment borders is fine; the whole message counts. */
static void
test_split_character (void)
{
  g_autoptr (GByteArray) s = g_byte_array_new ();
  add_text (s, 0x01, "\xF0\x9F");
  add_text (s, 0x80, "\x98\x80");
  expect (s, BL_WS_SERVER, 100, "1\xF0\x9F\x98\x80;", 0);
}

static void
test_message_limit_over_fragments (void)
{
  g_autoptr (GByteArray) s = g_byte_array_new ();
  for (guint i = 0; i < 5; i++)
    add_text (s, i == 0 ? 0x02 : 0x00, "0123456789");
  expect (s, BL_WS_SERVER, 49, "", BL_WS_CODE_TOO_BIG);
  add_text (s, 0x80, "");
  expect (s, BL_WS_SERVER, 50, "201234567890123456789012345678901234567890123456789;", 0);
}

static void
test_memory (void)
{
  g_auto (BlWsParser) parser;
  BlWsMessage m;
  gsize used;
  /* 1 GiB announced, ten bytes sent: memory follows what came. */
  guint8 big[] = { 0x82, 0x7F, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
  bl_ws_parser_init (&parser, BL_WS_CLIENT, 2000000000);
  g_assert_cmpint (bl_ws_parser_feed (&parser, big, sizeof big, &used, &m, NULL), ==, BL_WS_NEED_MORE);
  g_assert_cmpuint (bl_ws_parser_get_buffered (&parser), <=, 1024);
  bl_ws_parser_clear (&parser);

  /* After a message that needed a buffer, the next call gives the buffer back. */
  guint8 one[] = { 0x02, 0x01, 'a' }, two[] = { 0x80, 0x01, 'b' };
  bl_ws_parser_init (&parser, BL_WS_CLIENT, 100);
  g_assert_cmpint (bl_ws_parser_feed (&parser, one, sizeof one, &used, &m, NULL), ==, BL_WS_NEED_MORE);
  g_assert_cmpuint (bl_ws_parser_get_buffered (&parser), >, 0);
  g_assert_cmpint (bl_ws_parser_feed (&parser, two, sizeof two, &used, &m, NULL), ==, BL_WS_MESSAGE);
  g_assert_cmpmem (m.data, m.len, "ab", 2);
  g_assert_cmpint (bl_ws_parser_feed (&parser, two, 0, &used, &m, NULL), ==, BL_WS_NEED_MORE);
  g_assert_cmpuint (bl_ws_parser_get_buffered (&parser), ==, 0);

  /* A whole message in one piece is not copied. */
  guint8 whole[] = { 0x82, 0x01, 'z' };
  g_assert_cmpint (bl_ws_parser_feed (&parser, whole, sizeof whole, &used, &m, NULL), ==, BL_WS_MESSAGE);
  g_assert_true (m.data == whole + 2);
}

static void
test_close_frames (void)
{
  g_autofree char *long_reason = g_strnfill (200, 'r');
  memcpy (long_reason + 122, "\xC3\xA4", 2);
  g_autoptr (GBytes) close = bl_ws_build_close (BL_WS_SERVER, 1001, long_reason);
  /* The two-byte character at the border does not fit and is left out whole. */
  g_assert_cmpuint (g_bytes_get_size (close), ==, 2 + 2 + 122);
  g_autoptr (GBytes) bare = bl_ws_build_close (BL_WS_SERVER, 0, NULL);
  g_assert_cmpmem (g_bytes_get_data (bare, NULL), g_bytes_get_size (bare), "\x88\x00", 2);
  const guint16 good[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1014, 3000, 4999 };
  const guint16 bad[] = { 0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535 };
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (bl_ws_close_code_is_valid (good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bl_ws_close_code_is_valid (bad[i]));
}

static void
test_mask (void)
{
  const guint8 mask[4] = { 0x11, 0x22, 0x33, 0x44 };
  for (gsize len = 0; len < 40; len++)
    for (guint phase = 0; phase < 4; phase++)
      {
        guint8 data[40] = { 0 };
        bl_ws_mask (data, len, mask, phase);
        for (gsize i = 0; i < sizeof data; i++)
          g_assert_cmphex (data[i], ==, i < len ? mask[(i + phase) & 3] : 0);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ws-frame/messages", test_messages);
  g_test_add_func ("/ws-frame/client", test_client);
  g_test_add_func ("/ws-frame/lengths", test_lengths);
  g_test_add_func ("/ws-frame/refused", test_refused);
  g_test_add_func ("/ws-frame/split-character", test_split_character);
  g_test_add_func ("/ws-frame/message-limit", test_message_limit_over_fragments);
  g_test_add_func ("/ws-frame/memory", test_memory);
  g_test_add_func ("/ws-frame/close-frames", test_close_frames);
  g_test_add_func ("/ws-frame/mask", test_mask);
  return g_test_run ();
}
