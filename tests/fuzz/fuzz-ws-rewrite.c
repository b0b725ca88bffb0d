// SPDX-License-Identifier: Apache-2.0
/* The relay's rewriter: any split gives the same output, in place too, and the output reads back without an
 * error. Input: a byte with role and piece size, then the stream. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-ws-frame.h"

typedef struct
{
  GByteArray *out;
  GString *controls;
  gboolean failed;
} Run;

/* One buffer for both, as the pump does it. */
static Run
run (BlWsRole role, const guint8 *data, gsize size, gsize step)
{
  Run r = { g_byte_array_new (), g_string_new (NULL), FALSE };
  g_autofree guint8 *buffer = g_malloc (BL_WS_REWRITE_HEADROOM + step);
  BlWsRewriter rewriter;

  bl_ws_rewriter_init (&rewriter, role, FALSE, 100000);
  for (gsize at = 0; at < size && !r.failed; at += step)
    {
      gsize n = MIN (step, size - at), pos = 0, used, made;
      BlWsRewriteResult result;
      BlWsControl control;

      memcpy (buffer + BL_WS_REWRITE_HEADROOM, data + at, n);
      do
        {
          guint8 *in = buffer + BL_WS_REWRITE_HEADROOM + pos;
          result = bl_ws_rewriter_feed (&rewriter, in, n - pos, &used, in - BL_WS_REWRITE_HEADROOM,
                                        n - pos + BL_WS_REWRITE_HEADROOM, &made, &control, NULL);
          g_byte_array_append (r.out, in - BL_WS_REWRITE_HEADROOM, (guint)made);
          pos += used;
          g_assert_cmpuint (pos, <=, n);
          if (result == BL_WS_REWRITE_CONTROL)
            {
              g_string_append_printf (r.controls, "%x %u:", control.opcode, control.close_code);
              g_string_append_len (r.controls, (const char *)control.data, (gssize)control.len);
            }
        }
      while (result == BL_WS_REWRITE_CONTROL);
      r.failed = result == BL_WS_REWRITE_ERROR;
      if (!r.failed)
        g_assert_cmpuint (pos, ==, n);
    }
  return r;
}

static void
run_clear (Run *r)
{
  g_byte_array_unref (r->out);
  g_string_free (r->controls, TRUE);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 2)
    return 0;
  BlWsRole role = data[0] & 1 ? BL_WS_CLIENT : BL_WS_SERVER;
  Run whole = run (role, data + 1, size - 1, size);
  Run pieces = run (role, data + 1, size - 1, 1 + (data[0] >> 1) % 40);
  g_assert_cmpint (whole.failed, ==, pieces.failed);
  g_assert_cmpmem (whole.controls->str, whole.controls->len, pieces.controls->str, pieces.controls->len);
  g_assert_cmpmem (whole.out->data, whole.out->len, pieces.out->data, pieces.out->len);
  Run again = run (BL_WS_CLIENT, whole.out->data, whole.out->len, whole.out->len + 1);
  g_assert_false (again.failed);
  g_assert_cmpmem (whole.out->data, whole.out->len, again.out->data, again.out->len);
  run_clear (&whole);
  run_clear (&pieces);
  run_clear (&again);
  return 0;
}
