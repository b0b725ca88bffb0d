// SPDX-License-Identifier: Apache-2.0
/* Hashes, one-time passwords, limits and addresses. */
#include "bl-auth-cookie.h"
#include "bl-auth-hash.h"
#include "bl-auth-limit.h"
#include "bl-auth-totp.h"
#include "common/bl-variant.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define SECOND G_USEC_PER_SEC

static const BlAuthHashCost cheap = { 8 * 1024 * 1024, 1 };

static void
test_argon2 (void)
{
  const BlAuthHashCost dearer = { 16 * 1024 * 1024, 1 };
  g_autofree char *hash = bl_auth_hash_make ("p\xc3\xa4ss", &cheap);
  g_autofree char *decoy = bl_auth_hash_make_decoy (&cheap);

  g_assert_true (g_str_has_prefix (hash, "$argon2id$"));
  g_assert_true (bl_auth_hash_verify (hash, NULL, "p\xc3\xa4ss"));
  g_assert_false (bl_auth_hash_verify (hash, NULL, "pass"));
  g_assert_false (bl_auth_hash_is_outdated (hash, &cheap));
  g_assert_true (bl_auth_hash_is_outdated (hash, &dearer));
  g_assert_false (bl_auth_hash_verify (decoy, NULL, ""));
  g_assert_false (bl_auth_hash_is_outdated (decoy, &cheap));
  g_assert_cmpuint (strlen (decoy), ==, strlen (hash));
}

static void
test_pbkdf2 (void)
{
  static const char salt[] = "c29tZSByYW5kb20gYnl0ZXM=";
  const gnutls_datum_t password = { (guint8 *)"s\xc3\xa9same", 7 };
  const gnutls_datum_t salt_datum = { (guint8 *)salt, sizeof salt - 1 };
  guint8 key[128];
  g_autofree char *hash = NULL;

  g_assert_cmpint (gnutls_pbkdf2 (GNUTLS_MAC_SHA384, &password, &salt_datum, 12000, key, sizeof key), ==, 0);
  hash = g_base64_encode (key, sizeof key);
  g_assert_true (bl_auth_hash_verify (hash, salt, "s\xc3\xa9same"));
  g_assert_false (bl_auth_hash_verify (hash, salt, "sesame"));
  g_assert_false (bl_auth_hash_verify (hash, NULL, "s\xc3\xa9same"));
  g_assert_true (bl_auth_hash_is_outdated (hash, &cheap));
}

static void
test_sha1 (void)
{
  static const char salt[] = "MDEyMzQ1Njc4OWFiY2RlZg==";
  static const char hash[] = "kttnXQwN+qyMN085Yi+/ekqfCCA=";

  g_assert_true (bl_auth_hash_verify (hash, salt, "s\xc3\xa9same\xf0\x9f\x98\x80"));
  g_assert_false (bl_auth_hash_verify (hash, salt, "sesame"));
  g_assert_false (bl_auth_hash_verify (hash, "MDEyMzQ1Njc4OWFiY2RlZw==", "s\xc3\xa9same\xf0\x9f\x98\x80"));
  g_assert_false (bl_auth_hash_verify (hash, NULL, "s\xc3\xa9same\xf0\x9f\x98\x80"));
  g_assert_false (bl_auth_hash_verify (hash, salt, "\xff"));
  g_assert_true (bl_auth_hash_is_outdated (hash, &cheap));
}

static void
test_hostile_hashes (void)
{
  static const char *const hashes[] = { "",
                                        "$argon2id$",
                                        "$argon2id$v=19$m=4294967295,t=1,p=1$AAAA$AAAA",
                                        "$argon2id$v=19$m=8,t=4000000000,p=1$AAAA$AAAA",
                                        "$argon2i$v=19$m=8,t=1,p=1$A$A",
                                        "$argon2id$v=19$m=-1,t=1,p=1$AAAA$AAAA" };

  for (guint i = 0; i < G_N_ELEMENTS (hashes); i++)
    g_assert_false (bl_auth_hash_verify (hashes[i], "salt", "password"));
}

/* RFC 6238 appendix B, SHA-1, cut to six digits; the secret is "12345678901234567890". */
static void
test_totp (void)
{
  static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  static const struct
  {
    gint64 time;
    const char *code;
  } cases[]
      = { { 59, "287082" }, { 1111111109, "081804" }, { 1234567890, "005924" }, { 20000000000, "353130" } };
  gint64 step = 0;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gint64 time = cases[i].time;

      g_assert_true (bl_auth_totp_check (secret, cases[i].code, time, -1, &step));
      g_assert_cmpint (step, ==, time / 30);
      g_assert_false (bl_auth_totp_check (secret, cases[i].code, time, step, &step)); /* no replay */
      g_assert_true (bl_auth_totp_check (secret, cases[i].code, time + 30, -1, &step));
      g_assert_false (bl_auth_totp_check (secret, cases[i].code, time + 60, -1, &step));
    }
  g_assert_false (bl_auth_totp_check (secret, "28708", 59, -1, &step));
  g_assert_false (bl_auth_totp_check (secret, "+87082", 59, -1, &step));
  g_assert_cmpint (bl_auth_totp_code ("not base32!", 1), ==, -1);
  g_assert_cmpint (bl_auth_totp_code ("", 1), ==, -1);
}

static void
test_backup_codes (void)
{
  g_autoptr (GVariant) keys = g_variant_ref_sink (g_variant_new_parsed (
      "{'keys': <[<{'p': <@x 1234567>, 'u': <true>}>, <{'p': <'87654321'>, 'u': <false>}>, <@x 1>]>}"));
  g_autoptr (GVariant) spent = bl_auth_backup_code_use (keys, "01234567");

  g_assert_nonnull (spent);
  g_assert_null (bl_auth_backup_code_use (spent, "01234567"));
  g_assert_null (bl_auth_backup_code_use (keys, "87654321"));
  g_assert_null (bl_auth_backup_code_use (keys, "1234567"));
  g_assert_null (bl_auth_backup_code_use (keys, ""));
}

static BlAuthLimit *
new_limit (void)
{
  const BlAuthLimitRule account = { 3, 300, 60 };
  const BlAuthLimitRule address = { 5, 600, 600 };

  return bl_auth_limit_new (&account, &address);
}

static void
test_limit_account (void)
{
  g_autoptr (BlAuthLimit) limit = new_limit ();
  gint64 now = SECOND;
  guint last = 0;

  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *address = g_strdup_printf ("192.0.2.%u", i);

      g_assert_cmpuint (bl_auth_limit_wait (limit, "user//a", address, FALSE, now), ==, 0);
      bl_auth_limit_failed (limit, "user//a", address, FALSE, now);
    }
  for (guint i = 0; i < 10; i++)
    {
      guint wait = bl_auth_limit_wait (limit, "user//a", "198.51.100.1", FALSE, now);

      g_assert_cmpuint (wait, >=, last);
      g_assert_cmpuint (wait, >, 0);
      g_assert_cmpuint (wait, <=, 60);
      last = wait;
      now += wait * SECOND;
      g_assert_cmpuint (bl_auth_limit_wait (limit, "user//a", "198.51.100.1", FALSE, now), ==, 0);
      bl_auth_limit_failed (limit, "user//a", "198.51.100.1", FALSE, now);
    }
  g_assert_cmpuint (last, ==, 60);
  bl_auth_limit_succeeded (limit, "user//a", "192.0.2.9");
  g_assert_cmpuint (bl_auth_limit_wait (limit, "user//a", "192.0.2.9", FALSE, now), ==, 0);
}

static void
test_limit_neighbour (void)
{
  g_autoptr (BlAuthLimit) limit = new_limit ();
  gint64 now = SECOND;

  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *account = g_strdup_printf ("user//guess%u", i % 7);

      bl_auth_limit_failed (limit, account, "192.0.2.1", FALSE, now);
      bl_auth_limit_failed (limit, "user//owner", "203.0.113.9", FALSE, now);
    }
  g_assert_cmpuint (bl_auth_limit_wait (limit, "user//other", "192.0.2.1", FALSE, now), >, 0);
  g_assert_cmpuint (bl_auth_limit_wait (limit, "user//owner", "192.0.2.1", FALSE, now), >, 0);
  g_assert_cmpuint (bl_auth_limit_wait (limit, "user//owner", "192.0.2.1", TRUE, now), ==, 0);
  now += 601 * SECOND; /* forgotten */
  g_assert_cmpuint (bl_auth_limit_wait (limit, "user//other", "192.0.2.1", FALSE, now), ==, 0);
}

static void
test_limit_ipv6_and_bound (void)
{
  g_autoptr (BlAuthLimit) limit = new_limit ();
  g_autofree char *key = bl_auth_limit_key_of_address ("2001:db8:1:2:3:4:5:6");

  g_assert_cmpstr (key, ==, "2001:db8:1:2::");
  for (guint i = 0; i < 6; i++)
    {
      g_autofree char *address = g_strdup_printf ("2001:db8::%x", i + 1);

      bl_auth_limit_failed (limit, "user//a", address, FALSE, SECOND);
    }
  g_assert_cmpuint (bl_auth_limit_wait (limit, "user//b", "2001:db8::ffff", FALSE, SECOND), >, 0);
  for (guint i = 0; i < 120000; i++)
    {
      g_autofree char *address = g_strdup_printf ("10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);

      bl_auth_limit_failed (limit, address, address, FALSE, 2 * SECOND);
    }
  g_assert_cmpuint (bl_auth_limit_get_size (limit), <=, 100000);
}

static void
test_addresses (void)
{
  g_assert_true (bl_auth_address_fits (BL_AUTH_IP_NONE, "192.0.2.1", "198.51.100.1"));
  g_assert_false (bl_auth_address_fits (BL_AUTH_IP_STRICT, "192.0.2.1", "192.0.2.2"));
  g_assert_true (bl_auth_address_fits (BL_AUTH_IP_STRICT, "192.0.2.1", "192.0.2.1"));
  g_assert_true (bl_auth_address_fits (BL_AUTH_IP_LAX, "192.0.2.1", "192.0.2.200"));
  g_assert_false (bl_auth_address_fits (BL_AUTH_IP_LAX, "192.0.2.1", "192.0.3.1"));
  g_assert_true (bl_auth_address_fits (BL_AUTH_IP_LAX, "10.1.2.3", "192.168.1.1"));
  g_assert_true (bl_auth_address_fits (BL_AUTH_IP_LAX, "::1", "127.0.0.1"));
  g_assert_true (bl_auth_address_fits (BL_AUTH_IP_LAX, "2001:db8:1:2::1", "2001:db8:1:2:ffff::1"));
  g_assert_false (bl_auth_address_fits (BL_AUTH_IP_LAX, "2001:db8:1:2::1", "2001:db8:1:3::1"));
  g_assert_false (bl_auth_address_fits (BL_AUTH_IP_LAX, "192.0.2.1", "nonsense"));
  g_assert_false (bl_auth_address_fits (BL_AUTH_IP_LAX, "192.0.2.1", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_true (bl_auth_hash_init (NULL));
  g_test_add_func ("/auth/argon2", test_argon2);
  g_test_add_func ("/auth/pbkdf2", test_pbkdf2);
  g_test_add_func ("/auth/sha1", test_sha1);
  g_test_add_func ("/auth/hostile-hashes", test_hostile_hashes);
  g_test_add_func ("/auth/totp", test_totp);
  g_test_add_func ("/auth/backup-codes", test_backup_codes);
  g_test_add_func ("/auth/limit/account", test_limit_account);
  g_test_add_func ("/auth/limit/neighbour", test_limit_neighbour);
  g_test_add_func ("/auth/limit/ipv6-and-bound", test_limit_ipv6_and_bound);
  g_test_add_func ("/auth/addresses", test_addresses);
  return g_test_run ();
}
