// SPDX-License-Identifier: Apache-2.0
/* Cookies of MeshCentral's format and our tokens: what must open, and everything that must not. */
#include "common/bl-cookie.h"

#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

#define NOW G_GINT64_CONSTANT (1700000000)

static const guint8 key[32] = "0123456789abcdef0123456789abcde";
static const guint8 other_key[32] = "0123456789abcdef0123456789abcdf";

static char *
make (GVariant *object, gint64 now)
{
  g_autoptr (GError) error = NULL;
  char *cookie = bl_cookie_encode (key, object, now, &error);
  g_assert_no_error (error);
  return cookie;
}

static void
check (const char *cookie, gint64 now, guint max_age, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) object = bl_cookie_decode (key, cookie, now, max_age, &error);
  if (code < 0)
    {
      g_assert_no_error (error);
      g_assert_nonnull (object);
    }
  else
    {
      g_assert_null (object);
      g_assert_error (error, BL_ERROR, code);
    }
}

static void
test_cookie (void)
{
  g_autofree char *cookie
      = make (g_variant_new_parsed ("{'u': <'user//admin'>, 'a': <int64 3>, 'time': <int64 1>}"), NOW);
  g_assert_cmpuint (strlen (cookie) % 4, ==, 0);
  g_assert_null (strpbrk (cookie, "+/"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) object = bl_cookie_decode (key, cookie, NOW, 60, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (bl_variant_get_string (object, "u"), ==, "user//admin");
  g_assert_cmpint (bl_variant_get_int (object, "a", 0), ==, 3);
  g_assert_cmpint (bl_variant_get_int (object, "time", 0), ==, NOW);
  g_assert_null (bl_cookie_decode (other_key, cookie, NOW, 60, NULL));

  g_autoptr (GBytes) raw = bl_base64_decode (cookie, strlen (cookie));
  g_autofree char *hex = bl_hex_encode (g_bytes_get_data (raw, NULL), g_bytes_get_size (raw), FALSE);
  check (hex, NOW, 60, -1);
  g_autofree char *bare = bl_base64_encode (g_bytes_get_data (raw, NULL), g_bytes_get_size (raw), FALSE);
  check (bare, NOW, 60, -1);
}

/* Cookies of the same key from the other implementation's format description: IV, tag, ciphertext. */
static void
test_layout (void)
{
  g_autofree char *cookie = make (g_variant_new_parsed ("@a{sv} {}"), NOW);
  g_autoptr (GBytes) raw = bl_base64_decode (cookie, strlen (cookie));
  g_assert_cmpuint (g_bytes_get_size (raw), ==, 12 + 16 + strlen ("{\"time\":1700000000}"));
}

/* A client that gives a cookie to JavaScript's replace() sends the same cookie. */
static void
test_no_double_dollar (void)
{
  g_autofree char *user = g_strnfill (200, 'u');
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *cookie = make (g_variant_new_parsed ("{'u': <%s>}", user), NOW);
      g_assert_null (strstr (cookie, "$$"));
      check (cookie, NOW, 60, -1);
    }
}

static void
test_times (void)
{
  g_autofree char *cookie = make (g_variant_new_parsed ("@a{sv} {}"), NOW);
  check (cookie, NOW - 30, 60, -1);
  check (cookie, NOW - 31, 60, BL_ERROR_EXPIRED);
  check (cookie, NOW + 3600, 60, -1);
  check (cookie, NOW + 3601, 60, BL_ERROR_EXPIRED);
  check (cookie, NOW + 1000000000, 0, -1);
  g_autofree char *expires = make (g_variant_new_parsed ("{'expire': <int64 2>}"), NOW);
  check (expires, NOW + 120, 60, -1);
  check (expires, NOW + 121, 60, BL_ERROR_EXPIRED);
  g_autofree char *forever = make (g_variant_new_parsed ("{'expire': <int64 0>}"), NOW);
  check (forever, NOW + 1000000000, 60, -1);
  g_autofree char *negative = make (g_variant_new_parsed ("{'expire': <int64 -1>}"), NOW);
  check (negative, NOW, 60, BL_ERROR_EXPIRED);
}

static void
test_damage (void)
{
  g_autofree char *cookie = make (g_variant_new_parsed ("{'u': <'user//admin'>}"), NOW);
  for (gsize i = 0; i < strlen (cookie); i++)
    {
      g_autofree char *bad = g_strdup (cookie);
      bad[i] = bad[i] == 'A' ? 'B' : 'A';
      g_assert_null (bl_cookie_decode (key, bad, NOW, 60, NULL));
      /* The padding alone may be missing. */
      bad[i] = '\0';
      if (cookie[i] != '=')
        g_assert_null (bl_cookie_decode (key, bad, NOW, 60, NULL));
    }
  check ("", NOW, 60, BL_ERROR_INVALID);
  check ("!!!!", NOW, 60, BL_ERROR_INVALID);
  check ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NOW, 60, BL_ERROR_AUTH);
  g_autofree char *large = g_strnfill (10000, 'A');
  check (large, NOW, 60, BL_ERROR_TOO_LARGE);
  g_autofree char *fill = g_strnfill (10000, 'x');
  g_assert_null (bl_cookie_encode (key, g_variant_new_parsed ("{'x': <%s>}", fill), NOW, NULL));
}

static void
check_token (const char *token, const char *purpose, const char *audience, gint64 now, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) payload = bl_token_open (key, purpose, audience, token, now, &error);
  if (code < 0)
    {
      g_assert_no_error (error);
      g_assert_cmpint (bl_variant_get_int (payload, "rights", 0), ==, 8);
    }
  else
    {
      g_assert_null (payload);
      g_assert_error (error, BL_ERROR, code);
    }
}

static void
test_token (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = bl_token_seal (key, "relay-ticket", "node//x",
                                          g_variant_new_parsed ("{'rights': <int64 8>}"), NOW, 60, &error);
  g_assert_no_error (error);
  for (const char *p = token; *p; p++)
    g_assert_true (g_ascii_isalnum (*p) || *p == '-' || *p == '_');
  check_token (token, "relay-ticket", "node//x", NOW, -1);
  check_token (token, "relay-ticket", "node//x", NOW + 59, -1);
  check_token (token, "relay-ticket", "node//x", NOW + 60, BL_ERROR_EXPIRED);
  check_token (token, "relay-ticket", "node//y", NOW, BL_ERROR_AUTH);
  check_token (token, "relay-ticket", NULL, NOW, BL_ERROR_AUTH);
  check_token (token, "session", "node//x", NOW, BL_ERROR_AUTH);
  check_token (token, "relay-ticketnode", "//x", NOW, BL_ERROR_AUTH);
  check_token ("", "session", NULL, NOW, BL_ERROR_INVALID);
  check_token ("AQ@@", "session", NULL, NOW, BL_ERROR_INVALID);
  g_assert_null (bl_token_open (other_key, "relay-ticket", "node//x", token, NOW, NULL));
  for (gsize i = 0; i < strlen (token); i++)
    {
      g_autofree char *bad = g_strdup (token);
      bad[i] = bad[i] == 'A' ? 'B' : 'A';
      g_assert_null (bl_token_open (key, "relay-ticket", "node//x", bad, NOW, NULL));
    }
  /* No audience and an empty one are different things. */
  g_autofree char *empty
      = bl_token_seal (key, "p", "", g_variant_new_parsed ("{'rights': <int64 8>}"), NOW, 60, NULL);
  check_token (empty, "p", "", NOW, -1);
  check_token (empty, "p", NULL, NOW, BL_ERROR_AUTH);
}

/* A cookie is never a token, nor the other way round. */
static void
test_kinds (void)
{
  g_autofree char *cookie = make (g_variant_new_parsed ("{'rights': <int64 8>}"), NOW);
  g_autofree char *token
      = bl_token_seal (key, "p", NULL, g_variant_new_parsed ("{'time': <int64 1700000000>}"), NOW, 60, NULL);
  g_assert_null (bl_token_open (key, "p", NULL, cookie, NOW, NULL));
  g_assert_null (bl_cookie_decode (key, token, NOW, 60, NULL));
}

/* --- the CBC form --- */

static const guint8 full_key[80]
    = "0123456789abcdef0123456789abcdeABCDEFGHIJKLMNOPQRSTUVWXYZ........0123456789abcde";

enum
{
  HEAD_CONSTANT,
  HEAD_HMAC,
  HEAD_RANDOM,
};

/* As a program without GCM makes it. @padding: written as it is, 0 for a right one */
static char *
make_cbc (const char *json, int head, guint8 padding)
{
  gsize json_len = strlen (json), pad = 16 - (48 + json_len) % 16, len = 48 + json_len + pad;
  g_autofree guint8 *raw = g_malloc0 (16 + len);
  guint8 *plain = raw + 16;
  gnutls_cipher_hd_t handle;
  gnutls_datum_t cipher_key = { (guint8 *)full_key + 48, 32 }, iv = { raw, 16 };

  bl_random_bytes (raw, 16 + 48);
  if (head == HEAD_CONSTANT)
    g_assert_cmpint (gnutls_hash_fast (GNUTLS_DIG_SHA3_384, full_key, 48, plain), ==, 0);
  else if (head == HEAD_HMAC)
    g_assert_cmpint (gnutls_hmac_fast (GNUTLS_MAC_SHA384, full_key, 48, json, json_len, plain), ==, 0);
  memcpy (plain + 48, json, json_len);
  memset (plain + 48 + json_len, padding != 0 ? padding : (int)pad, pad);
  g_assert_cmpint (gnutls_cipher_init (&handle, GNUTLS_CIPHER_AES_256_CBC, &cipher_key, &iv), ==, 0);
  g_assert_cmpint (gnutls_cipher_encrypt2 (handle, plain, len, plain, len), ==, 0);
  gnutls_cipher_deinit (handle);
  return bl_base64_encode (raw, 16 + len, TRUE);
}

static const char login[] = "{\"a\":3, \"u\":\"user//john___1\",\"time\":1700000000}";

static void
check_any (const char *cookie, gint64 now, gint code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) object = bl_cookie_decode_any (full_key, cookie, now, 60, &error);
  if (code < 0)
    g_assert_no_error (error);
  else
    g_assert_error (error, BL_ERROR, code);
}

static void
check_cbc (const char *json, int head, gint64 now, gint code)
{
  g_autofree char *cookie = make_cbc (json, head, 0);
  check_any (cookie, now, code);
}

static void
test_cbc (void)
{
  check_cbc (login, HEAD_CONSTANT, NOW, -1);
  check_cbc (login, HEAD_HMAC, NOW, -1);
  check_cbc (login, HEAD_RANDOM, NOW, BL_ERROR_AUTH);
  check_cbc (login, HEAD_CONSTANT, NOW + 3601, BL_ERROR_EXPIRED);
  check_cbc (login, HEAD_CONSTANT, NOW - 31, BL_ERROR_EXPIRED);
  /* The constant head opens that one object only. */
  static const char *const others[] = {
    "{\"userid\":\"user//a\",\"domainid\":\"\",\"time\":1700000000}",
    "{\"a\":3,\"u\":\"user//a\",\"time\":1700000000,\"expire\":0}",
    "{\"a\":3,\"u\":\"user//a\",\"u\":\"user//b\",\"time\":1700000000}",
    "{\"a\":3,\"u\":\"user\\u002f/a\",\"time\":1700000000}",
    "{\"a\":4,\"u\":\"user//a\",\"time\":1700000000}",
    "{\"a\":3,\"u\":\"user//a\",\"time\":\"x\"}",
    "{\"a\":3,\"u\":\"user//a\",\"time\":1700000000}x",
  };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    check_cbc (others[i], HEAD_CONSTANT, NOW, BL_ERROR_AUTH);
  check_cbc (others[0], HEAD_HMAC, NOW, -1);
  g_autofree char *gcm = bl_cookie_encode (full_key, g_variant_new_parsed ("{'u': <'x'>}"), NOW, NULL);
  check_any (gcm, NOW, -1);
  check_any (gcm, NOW + 3601, BL_ERROR_EXPIRED);
}

/* Wrong padding, wrong head, wrong text and a wrong key are told apart by nothing. */
static void
test_cbc_failures (void)
{
  g_autofree char *cookie = make_cbc (login, HEAD_CONSTANT, 0);
  g_autoptr (GBytes) bytes = bl_base64_decode (cookie, strlen (cookie));
  gsize len;
  const guint8 *raw = g_bytes_get_data (bytes, &len);
  g_autoptr (GError) first = NULL;

  g_assert_null (bl_cookie_decode_any (full_key, "", NOW, 60, &first));
  for (gsize i = 0; i < len * 8; i++)
    {
      g_autofree guint8 *damaged = g_memdup2 (raw, len);
      g_autoptr (GError) error = NULL;
      damaged[i / 8] ^= (guint8)(1 << i % 8);
      g_autofree char *text = bl_base64_encode (damaged, len, TRUE);
      g_assert_null (bl_cookie_decode_any (full_key, text, NOW, 60, &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_AUTH);
      g_assert_cmpstr (error->message, ==, first->message);
    }
  for (gsize cut = 1; cut < len; cut++)
    {
      g_autofree char *text = bl_base64_encode (raw, len - cut, TRUE);
      check_any (text, NOW, BL_ERROR_AUTH);
    }
  for (guint padding = 1; padding < 256; padding++)
    {
      g_autofree char *text = make_cbc (login, HEAD_HMAC, (guint8)padding);
      const gboolean right = padding == 16 - strlen (login) % 16;
      check_any (text, NOW, right ? -1 : BL_ERROR_AUTH);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cookie/cookie", test_cookie);
  g_test_add_func ("/cookie/layout", test_layout);
  g_test_add_func ("/cookie/no-double-dollar", test_no_double_dollar);
  g_test_add_func ("/cookie/times", test_times);
  g_test_add_func ("/cookie/damage", test_damage);
  g_test_add_func ("/cookie/token", test_token);
  g_test_add_func ("/cookie/kinds", test_kinds);
  g_test_add_func ("/cookie/cbc", test_cbc);
  g_test_add_func ("/cookie/cbc-failures", test_cbc_failures);
  return g_test_run ();
}
