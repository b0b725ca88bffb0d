// SPDX-License-Identifier: Apache-2.0
/* The front over real sockets: HTTP, limits, the gate, security headers. */
#include "testing/bl-front-fixture.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static guint
ask (BlFrontFixture *fixture, const char *line, const char *host, const char *headers, char **head, char **body)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = g_strdup_printf ("%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", line, host, headers);

  g_assert_nonnull (client);
  const guint status = bl_front_client_ask (client, text, head, &bytes);
  if (body != NULL)
    *body = bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : g_strdup ("");
  return status;
}

static void
assert_security_headers (const char *head)
{
  g_autofree char *lower = g_ascii_strdown (head, -1);
  g_assert_nonnull (strstr (lower, "content-security-policy: default-src 'none'"));
  g_assert_nonnull (strstr (lower, "x-content-type-options: nosniff"));
  g_assert_nonnull (strstr (lower, "referrer-policy: no-referrer"));
  g_assert_nonnull (strstr (lower, "permissions-policy: "));
  g_assert_nonnull (strstr (lower, "cross-origin-opener-policy: same-origin"));
  g_assert_nonnull (strstr (lower, "x-frame-options: "));
  g_assert_null (strstr (lower, "unsafe-inline"));
  g_assert_null (strstr (lower, "\r\nserver:"));
}

static void
client_requests (BlFrontFixture *fixture)
{
  g_autofree char *head = NULL, *body = NULL, *policy = NULL;

  g_assert_cmpuint (ask (fixture, "GET /hello", fixture->authority, "", &head, &body), ==, 200);
  g_assert_cmpstr (body, ==, "hello\n");
  assert_security_headers (head);
  g_assert_null (strstr (head, "Strict-Transport-Security"));
  policy = g_strdup_printf ("connect-src 'self' wss://%s;", fixture->authority);
  g_assert_nonnull (strstr (head, policy));

  g_clear_pointer (&head, g_free);
  g_assert_cmpuint (ask (fixture, "GET /nothing", fixture->authority, "", &head, NULL), ==, 404);
  assert_security_headers (head);
  g_clear_pointer (&head, g_free);
  g_assert_cmpuint (ask (fixture, "DELETE /hello", fixture->authority, "", &head, NULL), ==, 405);
  assert_security_headers (head);
  g_assert_nonnull (strstr (head, "Allow: GET"));
  g_clear_pointer (&head, g_free);
  g_assert_cmpuint (ask (fixture, "GET /drop", fixture->authority, "", &head, NULL), ==, 500);
  assert_security_headers (head);
  g_clear_pointer (&head, g_free);
  g_clear_pointer (&head, g_free);
  g_assert_cmpuint (ask (fixture, "GET /headers", fixture->authority, "", &head, NULL), ==, 200);
  g_assert_nonnull (strstr (head, "X-Frame-Options: DENY\r\n"));
  g_assert_nonnull (strstr (head, "X-Good: yes\r\n"));
  g_assert_null (strstr (head, "Evil"));
  g_assert_cmpuint (ask (fixture, "GET /echo.ws", fixture->authority, "", NULL, NULL), ==, 404);
  g_assert_cmpuint (ask (fixture, "GET /hello?a=%zz", fixture->authority, "", NULL, NULL), ==, 400);
}

static void
client_keepalive (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  g_autofree char *text = g_strdup_printf ("GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpuint (bl_front_client_ask (client, text, NULL, NULL), ==, 200);
}

static void
client_gate (BlFrontFixture *fixture)
{
  g_autofree char *body = NULL, *own = NULL, *text = NULL, *head = NULL;
  const char *cookie = "Cookie: __Host-bowline=abc; x=y\r\n";

  g_assert_cmpuint (ask (fixture, "GET /hello", "evil.example", "", &head, &body), ==, 421);
  assert_security_headers (head);
  g_assert_cmpstr (body, ==, "Misdirected Request\n");
  g_assert_cmpuint (ask (fixture, "GET /health.ashx", "evil.example", "", NULL, NULL), ==, 200);
  g_assert_cmpuint (ask (fixture, "GET /hello", "server.example", "", NULL, NULL), ==, 200);
  g_assert_cmpuint (ask (fixture, "GET /hello", "127.0.0.1", "Host: evil.example\r\n", NULL, NULL), ==, 400);

  /* without an Origin a cookie counts only when the browser vouches */
  g_clear_pointer (&body, g_free);
  g_assert_cmpuint (ask (fixture, "GET /mirror?q=1%202+3", fixture->authority, cookie, NULL, &body), ==, 200);
  g_assert_nonnull (strstr (body, "cookie=- q=1 2+3"));
  g_assert_nonnull (strstr (body, "address=127.0.0.1"));
  g_assert_nonnull (strstr (body, "secure=1"));
  g_assert_nonnull (strstr (body, "hash=48"));
  g_clear_pointer (&body, g_free);
  text = g_strconcat (cookie, "Sec-Fetch-Site: same-origin\r\n", NULL);
  ask (fixture, "GET /mirror", fixture->authority, text, NULL, &body);
  g_assert_nonnull (strstr (body, "cookie=abc"));

  g_free (text);
  text = g_strconcat (cookie, "Origin: https://evil.example\r\nContent-Length: 2\r\n\r\nhi", NULL);
  g_assert_cmpuint (ask (fixture, "POST /mirror", fixture->authority, text, NULL, NULL), ==, 403);
  own = g_strdup_printf ("%sOrigin: https://%s\r\nContent-Length: 2\r\n\r\nhi", cookie, fixture->authority);
  g_clear_pointer (&body, g_free);
  g_assert_cmpuint (ask (fixture, "POST /mirror", fixture->authority, own, NULL, &body), ==, 200);
  g_assert_nonnull (strstr (body, "cookie=abc"));
  g_assert_nonnull (strstr (body, "body=2"));
}

static void
client_limits (BlFrontFixture *fixture)
{
  g_autofree char *many = g_strnfill (30000, 'a');
  g_autofree char *header = g_strdup_printf ("X-Long: %s\r\n", many);
  g_autofree char *head = NULL;

  g_assert_cmpuint (ask (fixture, "GET /hello", fixture->authority, header, &head, NULL), ==, 431);
  assert_security_headers (head);
  g_clear_pointer (&head, g_free);
  g_assert_cmpuint (
      ask (fixture, "POST /mirror", fixture->authority, "Content-Length: 10000000000\r\n", &head, NULL), ==, 413);
  assert_security_headers (head);
  g_assert_cmpuint (ask (fixture, "POST /mirror", fixture->authority,
                         "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", NULL, NULL), ==, 400);

  /* a chunked body that grows past the limit */
  g_autofree char *chunks = g_strdup_printf ("Transfer-Encoding: chunked\r\n\r\n7d0\r\n%.2000s\r\n0\r\n", many);
  g_assert_cmpuint (ask (fixture, "POST /mirror", fixture->authority, chunks, NULL, NULL), ==, 413);
}

static void
client_garbage (BlFrontFixture *fixture)
{
  for (guint i = 0; i < 40; i++)
    {
      guint8 bytes[512];
      for (guint j = 0; j < sizeof bytes; j++)
        bytes[j] = (guint8) g_random_int ();
      if (i % 2 == 0)
        {
          const int fd = bl_front_client_dial (fixture->port);
          if (i % 4 == 0)
            memcpy (bytes, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
          g_assert_cmpint (send (fd, bytes, i * 10 + 1, MSG_NOSIGNAL), >, 0);
          close (fd);
          continue;
        }
      g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
      if (i % 4 == 1)
        memcpy (bytes, "GET / HTTP/9.9\r\n\r\n", 18);
      bl_front_client_send (client, bytes, i * 10 + 20);
      bl_front_client_send (client, "\r\n\r\n", 4);
    }
  g_assert_cmpuint (ask (fixture, "GET /hello", fixture->authority, "", NULL, NULL), ==, 200);
  /* what libsoup answers by itself */
  g_autofree char *head = NULL;
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  g_assert_cmpuint (bl_front_client_ask (client, "NONSENSE\r\n\r\n", &head, NULL), ==, 400);
  assert_security_headers (head);
}

static void
client_stream (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  g_autofree char *text = g_strdup_printf ("GET /stream?size=5000000 HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  g_autoptr (GBytes) body = NULL; g_autofree char *head = NULL;
  g_assert_cmpuint (bl_front_client_ask (client, text, &head, &body), ==, 200);
  g_assert_cmpuint (g_bytes_get_size (body), ==, 5000000);
  /* the same connection goes on */
  g_autofree char *again = g_strdup_printf ("GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  g_assert_cmpuint (bl_front_client_ask (client, again, NULL, NULL), ==, 200);
}

static gboolean
is_gone (BlFrontFixture *fixture)
{
  return fixture->gone == 1;
}

static void
client_stream_left (BlFrontFixture *fixture)
{
  BlFrontClient *client = bl_front_client_new (fixture->port, NULL);
  g_autofree char *text
      = g_strdup_printf ("GET /stream?size=500000000 HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  guint8 buffer[1000];
  bl_front_client_send (client, text, strlen (text));
  g_assert_cmpint (bl_front_client_read (client, buffer, sizeof buffer), >, 0);
  bl_front_client_free (client);
  bl_front_fixture_await (fixture, is_gone, 10);
}

static gboolean
has_late (BlFrontFixture *fixture)
{
  return fixture->late != NULL;
}

static void
answer_late (BlFrontFixture *fixture)
{
  g_autoptr (GBytes) body = g_bytes_new_static ("late", 4);
  bowline_http_request_respond (fixture->late, 200, "text/plain", body);
  bowline_http_request_respond (fixture->late, 200, "text/plain", body);
  g_clear_pointer (&fixture->late, bowline_http_request_unref);
}

static void
client_late (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, NULL);
  g_autofree char *text = g_strdup_printf ("GET /late HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  g_autoptr (GBytes) body = NULL;
  bl_front_client_send (client, text, strlen (text));
  bl_front_fixture_await (fixture, has_late, 10);
  bl_front_fixture_call (fixture, answer_late);
  g_assert_cmpuint (bl_front_client_ask (client, NULL, NULL, &body), ==, 200);
  g_assert_cmpuint (g_bytes_get_size (body), ==, 4);
}

static void
tune_timeouts (BlFrontOptions *options)
{
  options->handshake_timeout = 1;
  options->header_timeout = 1;
  options->keepalive_timeout = 1;
  options->stall_timeout = 1;
}

static void
client_slow (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) header = bl_front_client_new (fixture->port, NULL);
  g_autoptr (BlFrontClient) idle = bl_front_client_new (fixture->port, NULL);
  g_autoptr (BlFrontClient) silent = bl_front_client_new (fixture->port, NULL);
  g_autoptr (BlFrontClient) reader = bl_front_client_new (fixture->port, NULL);
  g_autofree char *hello = g_strdup_printf ("GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  g_autofree char *stream
      = g_strdup_printf ("GET /stream?size=500000000 HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  guint8 buffer[100];

  bl_front_client_send (header, "GET /hello HTTP/1.1\r\n", 21);
  bl_front_client_send (reader, stream, strlen (stream));
  g_assert_cmpuint (bl_front_client_ask (idle, hello, NULL, NULL), ==, 200);
  g_assert_cmpint (bl_front_client_read (silent, buffer, sizeof buffer), <=, 0);
  g_assert_cmpint (bl_front_client_read (header, buffer, sizeof buffer), <=, 0);
  g_assert_cmpint (bl_front_client_read (idle, buffer, sizeof buffer), <=, 0);
  bl_front_fixture_await (fixture, is_gone, 10);
}

static void
tune_redirect (BlFrontOptions *options)
{
  /* to the front 0 means "none", so ask the kernel for a free one */
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  const int fd = socket (AF_INET, SOCK_STREAM, 0);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address, &size), ==, 0);
  close (fd);
  options->redirect_port = ntohs (address.sin_port);
  options->public_port = 443;
}

static void
client_redirect (BlFrontFixture *fixture)
{
  const guint16 port = bl_http_front_get_redirect_port (fixture->front);
  g_autoptr (BlFrontClient) client = bl_front_client_new (port, "plain");
  g_autofree char *head = NULL, *foreign = NULL;

  g_assert_cmpuint (
      bl_front_client_ask (client, "GET /a%20b?x=%26 HTTP/1.1\r\nHost: server.example:80\r\n\r\n", &head, NULL), ==, 302);
  g_assert_nonnull (strstr (head, "Location: https://server.example/a%20b?x=%26\r\n"));
  assert_security_headers (head);
  g_assert_cmpuint (bl_front_client_ask (client, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", NULL, NULL), ==, 200);
  g_assert_cmpuint (
      bl_front_client_ask (client, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", &foreign, NULL), ==, 421);
  g_assert_null (strstr (foreign, "Location"));
}

static void
tune_offload (BlFrontOptions *options)
{
  static const char *const proxies[] = { "127.0.0.0/8", NULL };
  options->tls_offload = TRUE;
  options->trusted_proxies = proxies;
  options->hsts = TRUE;
}

static void
client_offload (BlFrontFixture *fixture)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, "plain");
  g_autoptr (GBytes) body = NULL;
  g_autofree char *head = NULL;
  const char *text = "GET /mirror HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Host: server.example\r\n"
                     "X-Forwarded-Proto: https\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9, 127.0.0.2\r\n\r\n";
  g_assert_cmpuint (bl_front_client_ask (client, text, &head, &body), ==, 200);
  g_autofree char *seen = g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  g_assert_nonnull (strstr (seen, "address=203.0.113.9 host=server.example secure=1"));
  g_assert_nonnull (strstr (head, "Strict-Transport-Security"));

  g_autoptr (BlFrontClient) foreign = bl_front_client_new (fixture->port, "plain");
  g_assert_cmpuint (bl_front_client_upgrade (foreign, "inner", "/echo.ws",
                                             "X-Forwarded-Host: server.example\r\nOrigin: https://evil.example\r\n"),
                    ==, 403);
  g_autoptr (BlFrontClient) own = bl_front_client_new (fixture->port, "plain");
  g_assert_cmpuint (bl_front_client_upgrade (own, "inner", "/echo.ws",
                                             "X-Forwarded-Host: server.example\r\nOrigin: https://server.example\r\n"),
                    ==, 101);
}

static void
run (void (*tune) (BlFrontOptions *options), void (*client) (BlFrontFixture *fixture))
{
  BlFrontFixture *fixture = bl_front_fixture_new (tune);
  bl_front_fixture_run (fixture, client);
  bl_front_fixture_free (fixture);
}

static void
test_requests (void)
{
  g_test_expect_message ("bowline-front", G_LOG_LEVEL_WARNING, "*dropped without an answer*");
  g_test_expect_message ("bowline-front", G_LOG_LEVEL_WARNING, "*forbidden characters*");
  run (NULL, client_requests);
  g_test_assert_expected_messages ();
}

static void
test_keepalive (void)
{
  run (NULL, client_keepalive);
}

static void
test_gate (void)
{
  run (NULL, client_gate);
}

static void
test_limits (void)
{
  run (tune_timeouts, client_limits);
}

static void
test_garbage (void)
{
  run (NULL, client_garbage);
}

static void
test_stream (void)
{
  run (NULL, client_stream);
  run (NULL, client_stream_left);
}

static void
test_late (void)
{
  g_test_expect_message ("bowline-front", G_LOG_LEVEL_WARNING, "*answered twice*");
  run (NULL, client_late);
  g_test_assert_expected_messages ();
}

static void
test_slow (void)
{
  run (tune_timeouts, client_slow);
}

static void
test_redirect (void)
{
  run (tune_redirect, client_redirect);
}

static void
test_offload (void)
{
  run (tune_offload, client_offload);
}

static void
test_port_taken (void)
{
  static const char *const loopback[] = { "127.0.0.1", NULL };
  BlFrontFixture *fixture = bl_front_fixture_new (NULL);
  BlFrontOptions options;
  g_autoptr (GError) error = NULL, zero = NULL;

  bl_front_options_init (&options);
  options.bind = loopback;
  options.port = fixture->port;
  BlHttpFront *second = bl_http_front_new (&options, &error);
  g_assert_no_error (error);
  bl_http_front_set_credentials (second, fixture->credentials);
  g_assert_false (bl_http_front_start (second, &error));
  g_autofree char *holder = g_strdup_printf ("port %u: Address already in use (held by process %d, ", fixture->port, getpid ());
  g_assert_nonnull (strstr (error->message, holder));
  bl_http_front_free (second);

  options.port = 0;
  second = bl_http_front_new (&options, NULL);
  bl_http_front_set_credentials (second, fixture->credentials);
  g_assert_false (bl_http_front_start (second, &zero));
  g_assert_nonnull (strstr (zero->message, "port 0"));
  bl_http_front_free (second);
  bl_front_fixture_free (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/front/http/requests", test_requests);
  g_test_add_func ("/front/http/keepalive", test_keepalive);
  g_test_add_func ("/front/http/gate", test_gate);
  g_test_add_func ("/front/http/limits", test_limits);
  g_test_add_func ("/front/http/garbage", test_garbage);
  g_test_add_func ("/front/http/stream", test_stream);
  g_test_add_func ("/front/http/late", test_late);
  g_test_add_func ("/front/http/slow", test_slow);
  g_test_add_func ("/front/http/redirect", test_redirect);
  g_test_add_func ("/front/http/offload", test_offload);
  g_test_add_func ("/front/http/port-taken", test_port_taken);
  return g_test_run ();
}
