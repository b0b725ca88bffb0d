// SPDX-License-Identifier: Apache-2.0
/* Cookies of MeshCentral's format and our tokens: what must open, and everything that must not. */
#include "common/bl-cookie.h"

#include <string.h>

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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cookie/cookie", test_cookie);
  g_test_add_func ("/cookie/layout", test_layout);
  g_test_add_func ("/cookie/times", test_times);
  g_test_add_func ("/cookie/damage", test_damage);
  g_test_add_func ("/cookie/token", test_token);
  g_test_add_func ("/cookie/kinds", test_kinds);
  return g_test_run ();
}
