// SPDX-License-Identifier: Apache-2.0
/* Upgrade and CONNECT: requests that cannot be split by their parts, answers in any pieces, within limits. */
#include "common/bl-ws-handshake.h"

#include <string.h>

#include "common/bl-error.h"

/* The example of RFC 6455 section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void
test_keys (void)
{
  g_autofree char *accept = bl_ws_accept_key (KEY);
  g_assert_cmpstr (accept, ==, ACCEPT);
  g_autofree char *key = bl_ws_make_key ();
  g_assert_true (bl_ws_key_is_valid (key));
  g_assert_true (bl_ws_key_is_valid (KEY));
  g_assert_false (bl_ws_key_is_valid ("dGhlIHNhbXBsZSBub25jZQ="));
  g_assert_false (bl_ws_key_is_valid ("dGhlIHNhbXBsZSBub25jZQAA"));
  g_assert_false (bl_ws_key_is_valid ("dGhlIHNhbX lZSBub25jZQ=="));
  g_assert_false (bl_ws_key_is_valid (""));
  g_assert_false (bl_ws_key_is_valid (NULL));
}

static void
test_requests (void)
{
  const char *headers[] = { "User-Agent: Bowline Agent", NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *request = bl_ws_build_upgrade_request ("h:1", "/agent.ashx", KEY, headers, &error);
  g_assert_cmpstr (request, ==,
                   "GET /agent.ashx HTTP/1.1\r\nHost: h:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: " KEY
                   "\r\nSec-WebSocket-Version: 13\r\nUser-Agent: Bowline Agent\r\n\r\n");
  const char *split[] = { "X: a\r\nY: b", NULL };
  g_assert_null (bl_ws_build_upgrade_request ("h", "/", KEY, split, NULL));
  g_assert_null (bl_ws_build_upgrade_request ("h\r\nX: y", "/", KEY, NULL, NULL));
  g_assert_null (bl_ws_build_upgrade_request ("h", "/a b", KEY, NULL, NULL));
  g_assert_null (bl_ws_build_upgrade_request ("h", "a", KEY, NULL, NULL));
  g_assert_null (bl_ws_build_upgrade_request ("h", "/", "short", NULL, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_autofree char *connect = bl_http_build_connect ("::1", 443, "u", "p", NULL);
  g_assert_cmpstr (
      connect, ==,
      "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
  g_assert_null (bl_http_build_connect ("a/b", 443, NULL, NULL, NULL));
}

static BlHttpResult
feed_all (BlHttpResponse *response, const char *text, gsize len, gsize step, gsize *total, GError **error)
{
  *total = 0;
  for (gsize at = 0; at < len;)
    {
      gsize used;
      BlHttpResult result
          = bl_http_response_feed (response, (const guint8 *)text + at, MIN (step, len - at), &used, error);
      at += used;
      *total = at;
      if (result != BL_HTTP_NEED_MORE)
        return result;
    }
  return BL_HTTP_NEED_MORE;
}

static void
test_response (void)
{
  const char text[]
      = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive,  Upgrade\r\n"
        "Sec-WebSocket-Accept:   " ACCEPT "  \r\n\r\n\x81\x01"
        "c";
  for (gsize step = 1; step < sizeof text; step++)
    {
      g_autoptr (BlHttpResponse) response = bl_http_response_new ();
      g_autoptr (GError) error = NULL;
      gsize total;
      g_assert_cmpint (feed_all (response, text, sizeof text - 1, step, &total, &error), ==, BL_HTTP_DONE);
      g_assert_cmpuint (total, ==, sizeof text - 1 - 3);
      g_assert_cmpuint (bl_http_response_get_status (response), ==, 101);
      g_assert_cmpstr (bl_http_response_get_reason (response), ==, "Switching Protocols");
      g_assert_true (bl_ws_check_upgrade (response, KEY, &error));
      g_assert_no_error (error);
    }
}

static gboolean
upgrade_with (const char *text, GError **error)
{
  g_autoptr (BlHttpResponse) response = bl_http_response_new ();
  gsize total;
  if (feed_all (response, text, strlen (text), 1000, &total, error) != BL_HTTP_DONE)
    return FALSE;
  return bl_ws_check_upgrade (response, KEY, error);
}

static void
test_refused (void)
{
#define GOOD "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n"
  const char *bad[] = {
    "HTTP/1.1 200 OK\r\n" GOOD "\r\n",
    "HTTP/2 101 x\r\n" GOOD "\r\n",
    "ICY 101 x\r\n" GOOD "\r\n",
    "HTTP/1.1 1010 x\r\n" GOOD "\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
    "HTTP/1.1 101 x\r\n" GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    "HTTP/1.1 101 x\r\n" GOOD "no colon\r\n\r\n",
    "HTTP/1.1 101 x\r\n" GOOD "Bad Name: x\r\n\r\n",
    "HTTP/1.1 101 x\r\n" GOOD "A: b\nC: d\r\n\r\n",
    "\r\n\r\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_false (upgrade_with (bad[i], &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
    }
  g_assert_true (upgrade_with ("HTTP/1.1 101 x\r\n" GOOD "\r\n", NULL));
  g_assert_true (upgrade_with ("HTTP/1.1 101\r\n" GOOD "\r\n", NULL));
}

static void
test_limits (void)
{
  g_autoptr (BlHttpResponse) response = bl_http_response_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *fill = g_strnfill (2 * BL_HTTP_MAX_RESPONSE_HEAD, 'x');
  gsize total;
  g_assert_cmpint (feed_all (response, fill, strlen (fill), 1000, &total, &error), ==, BL_HTTP_ERROR);
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_autoptr (GString) many = g_string_new ("HTTP/1.1 200 OK\r\n");
  for (guint i = 0; i <= BL_HTTP_MAX_HEADERS; i++)
    g_string_append (many, "A: b\r\n");
  g_string_append (many, "\r\n");
  g_autoptr (BlHttpResponse) second = bl_http_response_new ();
  g_assert_cmpint (feed_all (second, many->str, many->len, 1000, &total, &error), ==, BL_HTTP_ERROR);
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
}

static void
test_connect (void)
{
  const struct
  {
    const char *text;
    gint code;
  } cases[] = { { "HTTP/1.0 200 Connection established\r\n\r\n", -1 },
                { "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
                  BL_ERROR_AUTH },
                { "HTTP/1.1 502 Bad Gateway\r\n\r\n", BL_ERROR_FAILED } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (BlHttpResponse) response = bl_http_response_new ();
      g_autoptr (GError) error = NULL;
      gsize total;
      g_assert_cmpint (feed_all (response, cases[i].text, strlen (cases[i].text), 7, &total, &error), ==,
                       BL_HTTP_DONE);
      g_assert_cmpint (bl_http_check_connect (response, &error), ==, cases[i].code < 0);
      if (cases[i].code >= 0)
        g_assert_error (error, BL_ERROR, cases[i].code);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ws-handshake/keys", test_keys);
  g_test_add_func ("/ws-handshake/requests", test_requests);
  g_test_add_func ("/ws-handshake/response", test_response);
  g_test_add_func ("/ws-handshake/refused", test_refused);
  g_test_add_func ("/ws-handshake/limits", test_limits);
  g_test_add_func ("/ws-handshake/connect", test_connect);
  return g_test_run ();
}
