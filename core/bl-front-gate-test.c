// SPDX-License-Identifier: Apache-2.0
#include "bl-http-gate.h"
#include "bl-tls-hello.h"
#include "common/bl-error.h"

#include <bowline/http.h>
#include <string.h>

static BlHttpGate *
make_gate (void)
{
  static const char *const bind[] = { "192.0.2.1", "2001:db8::1", NULL };
  static const char *const hosts[] = { "Other.Example", "203.0.113.5", NULL };
  static const char *const origins[] = { "https://Portal.example:443", NULL };
  static const char *const proxies[] = { "10.0.0.0/8", "::1", NULL };
  const BlHttpGateConfig config = { "server.example", bind, hosts, origins, proxies };
  g_autoptr (GError) error = NULL;
  BlHttpGate *gate = bl_http_gate_new (&config, &error);
  g_assert_no_error (error);
  return gate;
}

static void
test_hosts (void)
{
  g_autoptr (BlHttpGate) gate = make_gate ();
  static const char *const good[] = { "server.example", "SERVER.example:8443", "server.example.", "localhost", "localhost:1",
                                      "127.0.0.1:8443", "[::1]", "[0:0::1]:443", "192.0.2.1", "[2001:db8::1]:8443",
                                      "other.example", "203.0.113.5:1" };
  static const char *const bad[] = { "", "evil.example", "server.example.evil.example", "server.example:0",
                                     "server.example:65536", "server.example:x", "server.example:", "server.example:1:2",
                                     "[::1", "::1", "[::2]", "[127.0.0.1]", "a b", "localhost/", "localhost\t", "@localhost",
                                     "user@localhost", ".localhost", "127.1", "0.0.0.0", "[::1]x" };
  g_autofree char *long_name = g_strnfill (400, 'a');
  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (bl_http_gate_host_is_allowed (gate, good[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (bl_http_gate_host_is_allowed (gate, bad[i]));
  g_assert_false (bl_http_gate_host_is_allowed (gate, long_name));
  g_assert_false (bl_http_gate_host_is_allowed (gate, NULL));
}

typedef struct
{
  const char *method, *host, *origin, *fetch_site;
  gboolean secure, upgrade;
  guint32 flags;
  guint status;
  gboolean cookies;
} Case;

#define COOKIE BOWLINE_ENDPOINT_COOKIE
#define DEVICE BOWLINE_ENDPOINT_DEVICE
#define ANY BOWLINE_ENDPOINT_ANY_HOST

static void
test_decisions (void)
{
  static const Case cases[] = {
    /* pages */
    { "GET", "server.example", NULL, "none", TRUE, FALSE, COOKIE, 0, TRUE },
    { "GET", "server.example", NULL, "same-origin", TRUE, FALSE, COOKIE, 0, TRUE },
    { "GET", "server.example", NULL, "same-site", TRUE, FALSE, COOKIE, 0, FALSE },
    { "GET", "server.example", NULL, "cross-site", TRUE, FALSE, COOKIE, 0, FALSE },
    { "GET", "server.example", NULL, NULL, TRUE, FALSE, COOKIE, 0, FALSE },
    { "GET", "server.example", NULL, "none", TRUE, FALSE, 0, 0, FALSE },
    { "GET", "server.example", "https://evil.example", "none", TRUE, FALSE, COOKIE, 0, FALSE },
    { "HEAD", "server.example", NULL, "none", TRUE, FALSE, COOKIE, 0, TRUE },
    { "GET", "evil.example", NULL, "none", TRUE, FALSE, COOKIE, 421, FALSE },
    { "GET", "evil.example", NULL, NULL, TRUE, FALSE, ANY, 0, FALSE },
    { "GET", NULL, NULL, NULL, TRUE, FALSE, ANY, 400, FALSE },
    { "GET", "a b", NULL, NULL, TRUE, FALSE, ANY, 400, FALSE },
    /* changes */
    { "POST", "server.example", "https://server.example", NULL, TRUE, FALSE, COOKIE, 0, TRUE },
    { "POST", "server.example:443", "https://SERVER.example", NULL, TRUE, FALSE, COOKIE, 0, TRUE },
    { "POST", "server.example:8443", "https://server.example:8443", NULL, TRUE, FALSE, COOKIE, 0, TRUE },
    { "POST", "server.example:8443", "https://server.example", NULL, TRUE, FALSE, COOKIE, 403, FALSE },
    { "POST", "server.example", "http://server.example", NULL, TRUE, FALSE, COOKIE, 403, FALSE },
    { "POST", "server.example", "http://server.example", NULL, FALSE, FALSE, COOKIE, 0, TRUE },
    { "POST", "server.example", "null", NULL, TRUE, FALSE, COOKIE, 403, FALSE },
    { "POST", "server.example", "", NULL, TRUE, FALSE, COOKIE, 403, FALSE },
    { "POST", "server.example", "https://portal.example", NULL, TRUE, FALSE, COOKIE, 0, TRUE },
    { "POST", "server.example", "https://server.example/path", NULL, TRUE, FALSE, COOKIE, 403, FALSE },
    { "POST", "server.example", NULL, "same-origin", TRUE, FALSE, COOKIE, 0, FALSE },
    { "DELETE", "server.example", "https://evil.example", NULL, TRUE, FALSE, 0, 403, FALSE },
    /* sockets */
    { "GET", "server.example", "https://server.example", NULL, TRUE, TRUE, COOKIE, 0, TRUE },
    { "GET", "server.example", "https://evil.example", "same-origin", TRUE, TRUE, COOKIE, 403, FALSE },
    { "GET", "server.example", NULL, "none", TRUE, TRUE, COOKIE, 0, FALSE },
    { "GET", "server.example", "https://localhost", NULL, TRUE, TRUE, COOKIE, 403, FALSE },
    { "GET", "evil.example", "https://evil.example", NULL, TRUE, TRUE, COOKIE, 421, FALSE },
    { "GET", "evil.example", "https://evil.example", NULL, TRUE, TRUE, DEVICE | ANY, 403, FALSE },
    { "GET", "server.example", "https://server.example", NULL, TRUE, TRUE, DEVICE, 403, FALSE },
    { "GET", "198.51.100.7", NULL, NULL, TRUE, TRUE, DEVICE | ANY, 0, FALSE },
  };
  g_autoptr (BlHttpGate) gate = make_gate ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *c = &cases[i];
      const BlHttpGateRequest request
          = { c->method, c->host, c->origin, c->fetch_site, c->secure, c->upgrade, c->flags };
      BlHttpGateVerdict verdict;
      bl_http_gate_decide (gate, &request, &verdict);
      if (verdict.status != c->status || verdict.cookies != c->cookies)
        g_error ("case %u: status %u, cookies %d", i, verdict.status, verdict.cookies);
    }
}

static void
assert_client (const char *peer, const char *forwarded, const char *expected)
{
  g_autoptr (BlHttpGate) gate = make_gate ();
  g_autofree char *client = bl_http_gate_dup_client (gate, peer, forwarded);
  g_assert_cmpstr (client, ==, expected);
}

static void
test_forwarded (void)
{
  g_autofree char *many = g_strnfill (200, ',');
  assert_client ("192.0.2.7", "1.2.3.4", "192.0.2.7");
  assert_client ("10.1.1.1", NULL, "10.1.1.1");
  assert_client ("10.1.1.1", "1.2.3.4", "1.2.3.4");
  assert_client ("10.1.1.1", "6.6.6.6, 1.2.3.4", "1.2.3.4");
  assert_client ("10.1.1.1", "6.6.6.6, 1.2.3.4, 10.2.2.2", "1.2.3.4");
  assert_client ("10.1.1.1", "junk", "10.1.1.1");
  assert_client ("10.1.1.1", "junk, 10.2.2.2", "10.2.2.2");
  assert_client ("::1", "2001:db8::7", "2001:db8::7");
  assert_client ("10.1.1.1", many, "10.1.1.1");
}

static void
assert_cookie (const char *header, const char *expected)
{
  g_autofree char *value = bl_http_cookie_dup (header, "__Host-bowline");
  g_assert_cmpstr (value, ==, expected);
}

static void
test_cookies (void)
{
  g_autofree char *long_value = g_strnfill (5000, 'a');
  g_autofree char *long_cookie = g_strconcat ("__Host-bowline=", long_value, NULL);
  assert_cookie (NULL, NULL);
  assert_cookie ("", NULL);
  assert_cookie (";;; ;", NULL);
  assert_cookie ("__Host-bowline=abc", "abc");
  assert_cookie ("a=b; __Host-bowline=abc; c=d", "abc");
  assert_cookie ("a=b;__Host-bowline=a=b ", "a=b");
  assert_cookie ("x__Host-bowline=abc", NULL);
  assert_cookie ("__Host-bowline", NULL);
  assert_cookie ("__Host-bowline=", "");
  assert_cookie ("__host-bowline=abc", NULL);
  assert_cookie ("__Host-bowline=abc; __Host-bowline=abc", "abc");
  assert_cookie ("__Host-bowline=abc; __Host-bowline=xyz", NULL);
  assert_cookie ("__Host-bowline=\"abc\"", NULL);
  assert_cookie ("__Host-bowline=a b", NULL);
  assert_cookie (long_cookie, NULL);
}

static void
test_query (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) query = bl_http_query_parse ("id=node%2F%2Fa&x=1+2&empty=&flag&id=second&&u=%C3%BC", &error);
  g_autoptr (GString) many = g_string_new (NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (g_hash_table_lookup (query, "id"), ==, "node//a");
  g_assert_cmpstr (g_hash_table_lookup (query, "x"), ==, "1+2");
  g_assert_cmpstr (g_hash_table_lookup (query, "empty"), ==, "");
  g_assert_cmpstr (g_hash_table_lookup (query, "flag"), ==, "");
  g_assert_cmpstr (g_hash_table_lookup (query, "u"), ==, "ü");
  g_assert_null (g_hash_table_lookup (query, "none"));

  static const char *const bad[] = { "a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "%00=a" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (bl_http_query_parse (bad[i], NULL));
  for (guint i = 0; i < 65; i++)
    g_string_append_printf (many, "p%u=1&", i);
  g_assert_null (bl_http_query_parse (many->str, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
}

static void
test_paths (void)
{
  static const char *const bad[] = { "", "a", "/..", "/a/../b", "/a/%2e%2E/b", "/%00", "/%zz", "/./", "/a%2f..%2fb" };
  g_autofree char *path = bl_http_path_decode ("/a%20b/c..d", NULL);
  g_assert_cmpstr (path, ==, "/a b/c..d");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (bl_http_path_decode (bad[i], NULL));
}

static void
test_config (void)
{
  static const char *const bad[] = { "not a host", NULL };
  const BlHttpGateConfig configs[] = { { .allowed_hosts = bad }, { .allowed_origins = bad }, { .trusted_proxies = bad } };
  static const char *const names[] = { "allowed-hosts", "allowed-origins", "trusted-proxies" };
  for (guint i = 0; i < G_N_ELEMENTS (configs); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (bl_http_gate_new (&configs[i], &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, names[i]));
      g_assert_nonnull (strstr (error->message, "not a host"));
    }
}

/* ---- ClientHello --------------------------------------------------------------------------------------------------- */

static void
put_vector (GByteArray *out, guint length_bytes, const guint8 *data, guint length)
{
  const guint8 size[2] = { (guint8) (length >> 8), (guint8) length };
  g_byte_array_append (out, size + (2 - length_bytes), length_bytes);
  g_byte_array_append (out, data, length);
}

static GByteArray *
make_hello (guint16 suite, guint16 signature, const char *name)
{
  GByteArray *hello = g_byte_array_new ();
  g_autoptr (GByteArray) extensions = g_byte_array_new ();
  static const guint8 version_random[34] = { 3, 3 };
  const guint8 suites[] = { 0x00, 0x2f, (guint8) (suite >> 8), (guint8) suite };
  const guint8 algorithms[] = { 0, 13, 0, 6, 0, 4, 4, 1, (guint8) (signature >> 8), (guint8) signature };
  static const guint8 null = 0;

  g_byte_array_append (hello, version_random, sizeof version_random);
  put_vector (hello, 1, NULL, 0);
  put_vector (hello, 2, suites, sizeof suites);
  put_vector (hello, 1, &null, 1);
  if (name != NULL)
    {
      g_autoptr (GByteArray) entry = g_byte_array_new (), list = g_byte_array_new ();
      static const guint8 type[2] = { 0, 0 };
      g_byte_array_append (entry, &null, 1);
      put_vector (entry, 2, (const guint8 *) name, (guint) strlen (name));
      put_vector (list, 2, entry->data, entry->len);
      g_byte_array_append (extensions, type, 2);
      put_vector (extensions, 2, list->data, list->len);
    }
  g_byte_array_append (extensions, algorithms, sizeof algorithms);
  put_vector (hello, 2, extensions->data, extensions->len);
  return hello;
}

static void
assert_hello (guint16 suite, guint16 signature, const char *name, gboolean ecdsa, const char *expected)
{
  g_autoptr (GByteArray) bytes = make_hello (suite, signature, name);
  g_autoptr (GError) error = NULL;
  BlTlsHello hello;
  g_assert_true (bl_tls_hello_parse (bytes->data, bytes->len, &hello, &error));
  g_assert_no_error (error);
  g_assert_cmpint (hello.ecdsa, ==, ecdsa);
  g_assert_cmpstr (hello.server_name, ==, expected);
  /* cut anywhere it is malformed, except right before the extensions */
  for (guint length = 0; length < bytes->len; length++)
    {
      g_autofree guint8 *copy = g_memdup2 (bytes->data, length);
      if (!bl_tls_hello_parse (copy, length, &hello, NULL))
        g_assert_cmpstr (hello.server_name, ==, "");
      else
        g_assert_false (hello.ecdsa);
    }
}

static void
test_hello (void)
{
  g_autofree char *long_name = g_strnfill (300, 'a');
  assert_hello (0x1301, 0x0403, "Server.Example", TRUE, "server.example");
  assert_hello (0xc02b, 0x0403, NULL, TRUE, "");
  assert_hello (0xc02f, 0x0403, NULL, FALSE, "");
  assert_hello (0x1301, 0x0804, NULL, FALSE, "");
  assert_hello (0x1301, 0x0403, long_name, TRUE, "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/front/gate/hosts", test_hosts);
  g_test_add_func ("/front/gate/decisions", test_decisions);
  g_test_add_func ("/front/gate/forwarded", test_forwarded);
  g_test_add_func ("/front/gate/cookies", test_cookies);
  g_test_add_func ("/front/gate/query", test_query);
  g_test_add_func ("/front/gate/paths", test_paths);
  g_test_add_func ("/front/gate/config", test_config);
  g_test_add_func ("/front/gate/client-hello", test_hello);
  return g_test_run ();
}
