// SPDX-License-Identifier: Apache-2.0
/* HTTP answers to our own requests: any split gives the same result. Input: a byte with the piece size, then
 * the answer. */
#include "fuzz.h"

#include "common/bl-ws-handshake.h"

static BlHttpResult
run (BlHttpResponse *response, const guint8 *data, gsize size, gsize step, gsize *total)
{
  BlHttpResult result = BL_HTTP_NEED_MORE;

  *total = 0;
  while (result == BL_HTTP_NEED_MORE && *total < size)
    {
      gsize used, n = MIN (step, size - *total);
      g_autoptr (GError) error = NULL;
      result = bl_http_response_feed (response, data + *total, n, &used, &error);
      g_assert_cmpuint (used, <=, n);
      g_assert_cmpint (result == BL_HTTP_ERROR, ==, error != NULL);
      *total += used;
    }
  return result;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (BlHttpResponse) one = bl_http_response_new ();
  g_autoptr (BlHttpResponse) two = bl_http_response_new ();
  gsize total_one, total_two;

  if (size < 2)
    return 0;
  BlHttpResult a = run (one, data + 1, size - 1, size, &total_one);
  BlHttpResult b = run (two, data + 1, size - 1, 1 + data[0] % 40, &total_two);
  g_assert_cmpint (a, ==, b);
  if (a != BL_HTTP_DONE)
    return 0;
  g_assert_cmpuint (total_one, ==, total_two);
  g_assert_cmpuint (bl_http_response_get_status (one), ==, bl_http_response_get_status (two));
  g_assert_cmpstr (bl_http_response_get_reason (one), ==, bl_http_response_get_reason (two));
  g_assert_cmpstr (bl_http_response_get_header (one, "Upgrade"), ==,
                   bl_http_response_get_header (two, "Upgrade"));
  (void)bl_ws_check_upgrade (one, "dGhlIHNhbXBsZSBub25jZQ==", NULL);
  (void)bl_http_check_connect (one, NULL);
  return 0;
}
