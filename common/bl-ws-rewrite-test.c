// SPDX-License-Identifier: Apache-2.0
/* The streaming rewriter: for any split of input and output the far end reads the same frames. */
#include "common/bl-ws-frame.h"

#include <string.h>

#include "common/bl-error.h"

typedef struct
{
  GByteArray *out;
  GString *controls;
  gboolean failed;
} Run;

static Run
run_rewriter (BlWsRewriter *rw, const guint8 *data, gsize len, gsize step, gsize out_size)
{
  Run run = { g_byte_array_new (), g_string_new (NULL), FALSE };
  gsize at = 0, offered = 0;
  g_autofree guint8 *out = g_malloc (out_size);
  while (TRUE)
    {
      BlWsControl control;
      gsize used, made;
      g_autoptr (GError) error = NULL;
      offered = MIN (len, MAX (offered, at + step));
      BlWsRewriteResult result
          = bl_ws_rewriter_feed (rw, data + at, offered - at, &used, out, out_size, &made, &control, &error);
      g_assert_cmpuint (used, <=, offered - at);
      g_assert_cmpuint (made, <=, out_size);
      if (made > 0)
        g_byte_array_append (run.out, out, (guint)made);
      at += used;
      if (result == BL_WS_REWRITE_ERROR)
        {
          g_assert_nonnull (error);
          run.failed = TRUE;
          return run;
        }
      if (result == BL_WS_REWRITE_CONTROL)
        {
          g_string_append_printf (run.controls, "%x(%u)%.*s;", control.opcode, control.close_code,
                                  (int)control.len, (const char *)control.data);
          continue;
        }
      if (at == len && made == 0)
        return run;
    }
}

static void
add (GByteArray *out, gboolean masked, guint8 first, const char *payload)
{
  guint8 header[BL_WS_MAX_HEADER];
  const guint8 mask[4] = { 9, 0x80, 3, 0x55 };
  gsize len = strlen (payload);
  gsize n = bl_ws_write_header (header, first & 15, TRUE, len, masked ? mask : NULL);
  header[0] = first;
  g_byte_array_append (out, header, (guint)n);
  g_byte_array_append (out, (const guint8 *)payload, (guint)len);
  if (masked)
    bl_ws_mask (out->data + out->len - len, len, mask, 0);
}

static void
build (GByteArray *out, gboolean masked, gboolean controls)
{
  g_autofree char *large = g_strnfill (70000, 'L');
  g_autofree char *middle = g_strnfill (300, 'M');
  add (out, masked, 0x81, "c");
  add (out, masked, 0x82, "");
  add (out, masked, 0x02, "first part ");
  if (controls)
    add (out, masked, 0x89, "are you there");
  add (out, masked, 0x00, "");
  add (out, masked, 0x80, middle);
  if (controls)
    add (out, masked, 0x8A, "");
  add (out, masked, 0x82, large);
  if (controls)
    add (out, masked, 0x88,
         "\x03\xE9"
         "gone");
  if (controls)
    add (out, masked, 0x82, "never seen");
}

/* Takes the masks off a stream of masked frames, to compare it. */
static void
unmask_stream (GByteArray *stream, GByteArray *plain)
{
  BlWsRewriter rw;
  bl_ws_rewriter_init (&rw, BL_WS_SERVER, FALSE, 0);
  Run run = run_rewriter (&rw, stream->data, stream->len, stream->len, stream->len + 100);
  g_assert_false (run.failed);
  g_byte_array_append (plain, run.out->data, run.out->len);
  g_byte_array_unref (run.out);
  g_string_free (run.controls, TRUE);
}

static void
test_all_roles (void)
{
  const gsize steps[] = { 1, 2, 3, 5, 7, 13, 14, 64, 1000, 65536, 1000000 };
  const gsize outs[] = { 14, 15, 33, 4096, 65536 };
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  build (expected, FALSE, FALSE);
  for (guint masks = 0; masks < 4; masks++)
    for (guint s = 0; s < G_N_ELEMENTS (steps); s++)
      for (guint o = 0; o < G_N_ELEMENTS (outs); o++)
        {
          gboolean masked_in = masks & 1, masked_out = masks & 2;
          g_autoptr (GByteArray) in = g_byte_array_new ();
          g_autoptr (GByteArray) plain = g_byte_array_new ();
          BlWsRewriter rw;
          build (in, masked_in, TRUE);
          bl_ws_rewriter_init (&rw, masked_in ? BL_WS_SERVER : BL_WS_CLIENT, masked_out, 0);
          Run run = run_rewriter (&rw, in->data, in->len, steps[s], outs[o]);
          g_assert_false (run.failed);
          g_assert_cmpstr (run.controls->str, ==, "9(0)are you there;a(0);8(1001)gone;");
          if (masked_out)
            unmask_stream (run.out, plain);
          else
            g_byte_array_append (plain, run.out->data, run.out->len);
          g_assert_cmpmem (plain->data, plain->len, expected->data, expected->len);
          g_assert_cmpuint (rw.data_frames, ==, 6);
          g_assert_cmpuint (rw.data_bytes, ==, 1 + 11 + 300 + 70000);
          g_assert_cmpuint (rw.control_frames, ==, 3);
          g_byte_array_unref (run.out);
          g_string_free (run.controls, TRUE);
        }
}

/* One buffer for input and output, as the relay pump uses it. */
static void
test_in_place (void)
{
  g_autoptr (GByteArray) in = g_byte_array_new ();
  g_autoptr (GByteArray) expected = g_byte_array_new ();
  build (in, TRUE, FALSE);
  build (expected, FALSE, FALSE);
  for (gsize step = 1; step < 20000; step = step * 3 / 2 + 1)
    {
      g_autofree guint8 *buffer = g_malloc (BL_WS_REWRITE_HEADROOM + step);
      g_autoptr (GByteArray) got = g_byte_array_new ();
      BlWsRewriter rw;
      bl_ws_rewriter_init (&rw, BL_WS_SERVER, FALSE, 0);
      for (gsize at = 0; at < in->len; at += step)
        {
          BlWsControl control;
          gsize used, made, n = MIN (step, in->len - at);
          memcpy (buffer + BL_WS_REWRITE_HEADROOM, in->data + at, n);
          BlWsRewriteResult result
              = bl_ws_rewriter_feed (&rw, buffer + BL_WS_REWRITE_HEADROOM, n, &used, buffer,
                                     BL_WS_REWRITE_HEADROOM + n, &made, &control, NULL);
          g_assert_cmpint (result, ==, BL_WS_REWRITE_MORE);
          g_assert_cmpuint (used, ==, n);
          g_byte_array_append (got, buffer, (guint)made);
        }
      g_assert_cmpmem (got->data, got->len, expected->data, expected->len);
    }
}

static void
refuse (const char *bytes, gsize len, guint64 max_frame)
{
  BlWsRewriter rw;
  bl_ws_rewriter_init (&rw, BL_WS_CLIENT, FALSE, max_frame);
  for (gsize step = 1; step <= len; step++)
    {
      bl_ws_rewriter_init (&rw, BL_WS_CLIENT, FALSE, max_frame);
      Run run = run_rewriter (&rw, (const guint8 *)bytes, len, step, 100);
      g_assert_true (run.failed);
      g_byte_array_unref (run.out);
      g_string_free (run.controls, TRUE);
    }
}

#define REFUSE(bytes, max) refuse (bytes, sizeof (bytes) - 1, max)

static void
test_refused (void)
{
  REFUSE ("\xC2\x00", 0);
  REFUSE ("\x83\x00", 0);
  REFUSE ("\x82\x80\x01\x02\x03\x04", 0);
  REFUSE ("\x80\x00", 0);
  REFUSE ("\x02\x00\x82\x00", 0);
  REFUSE ("\x89\x7E\x00\x7E", 0);
  REFUSE ("\x82\x7E\x00\x01", 0);
  REFUSE ("\x88\x01x", 0);
  REFUSE ("\x88\x02\x03\xED", 0);
  REFUSE ("\x82\x0Bxxxxxxxxxxx", 10);
}

static void
test_boundaries (void)
{
  BlWsRewriter rw;
  BlWsControl control;
  guint8 out[64];
  gsize used, made;
  const guint8 in[] = { 0x02, 3, 'a', 'b', 'c', 0x80, 1, 'd' };
  bl_ws_rewriter_init (&rw, BL_WS_CLIENT, FALSE, 0);
  g_assert_true (bl_ws_rewriter_at_message_boundary (&rw));
  bl_ws_rewriter_feed (&rw, in, 3, &used, out, sizeof out, &made, &control, NULL);
  g_assert_false (bl_ws_rewriter_at_frame_boundary (&rw));
  bl_ws_rewriter_feed (&rw, in + 3, 2, &used, out, sizeof out, &made, &control, NULL);
  g_assert_true (bl_ws_rewriter_at_frame_boundary (&rw));
  g_assert_false (bl_ws_rewriter_at_message_boundary (&rw));
  bl_ws_rewriter_feed (&rw, in + 5, 3, &used, out, sizeof out, &made, &control, NULL);
  g_assert_true (bl_ws_rewriter_at_message_boundary (&rw));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ws-rewrite/all-roles", test_all_roles);
  g_test_add_func ("/ws-rewrite/in-place", test_in_place);
  g_test_add_func ("/ws-rewrite/refused", test_refused);
  g_test_add_func ("/ws-rewrite/boundaries", test_boundaries);
  return g_test_run ();
}
