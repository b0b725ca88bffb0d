// SPDX-License-Identifier: Apache-2.0
/* MeshCentral's cookies and our own tokens. */
#include "common/bl-cookie.h"

#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "common/bl-bytes.h"
#include "common/bl-error.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-limits.h"
#include "common/bl-variant.h"

#define IV_SIZE 12
#define TAG_SIZE 16
#define CBC_BLOCK 16
#define CBC_HEAD 48
#define TOKEN_VERSION 1
/* What every token's derivation and authentication begins with; changes with the format. */
#define TOKEN_LABEL "bowline-token-1"

static gboolean
gcm_seal (const guint8 *key,
          const guint8 *iv,
          const BlWriter *aad,
          gconstpointer data,
          gsize len,
          guint8 *out,
          GError **error)
{
  gnutls_aead_cipher_hd_t handle;
  gnutls_datum_t key_datum = { (guint8 *)key, 32 };
  gsize out_len = len + TAG_SIZE;
  int rc = gnutls_aead_cipher_init (&handle, GNUTLS_CIPHER_AES_256_GCM, &key_datum);
  if (rc == 0)
    {
      rc = gnutls_aead_cipher_encrypt (handle, iv, IV_SIZE, aad ? aad->out->data : NULL,
                                       aad ? aad->out->len : 0, TAG_SIZE, data, len, out, &out_len);
      gnutls_aead_cipher_deinit (handle);
    }
  if (rc != 0)
    g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "AES-256-GCM: %s", gnutls_strerror (rc));
  return rc == 0;
}

/* @sealed is ciphertext and tag. */
static GBytes *
gcm_open (const guint8 *key, const guint8 *iv, const BlWriter *aad, const guint8 *sealed, gsize len)
{
  gnutls_aead_cipher_hd_t handle;
  gnutls_datum_t key_datum = { (guint8 *)key, 32 };
  gsize plain_len = len - TAG_SIZE;
  g_autofree guint8 *plain = g_malloc (plain_len + 1);
  int rc = gnutls_aead_cipher_init (&handle, GNUTLS_CIPHER_AES_256_GCM, &key_datum);
  if (rc == 0)
    {
      rc = gnutls_aead_cipher_decrypt (handle, iv, IV_SIZE, aad ? aad->out->data : NULL,
                                       aad ? aad->out->len : 0, TAG_SIZE, sealed, len, plain, &plain_len);
      gnutls_aead_cipher_deinit (handle);
    }
  return rc == 0 ? g_bytes_new_take (g_steal_pointer (&plain), plain_len) : NULL;
}

static gboolean
not_authentic (GError **error, const char *what)
{
  g_set_error (error, BL_ERROR, BL_ERROR_AUTH, "%s: not sealed with this key", what);
  return FALSE;
}

static gboolean
check_length (const char *what, gsize len, gsize max, GError **error)
{
  if (len <= max)
    return TRUE;
  g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
               "%s: expected at most %" G_GSIZE_FORMAT " bytes, found %" G_GSIZE_FORMAT, what, max, len);
  return FALSE;
}

/* Returns: (transfer full) (nullable): @text sealed under a fresh IV */
static char *
seal_cookie (const guint8 *key, const char *text, GError **error)
{
  gsize len = strlen (text);
  /* GCM gives ciphertext and tag; the cookie has the tag in front. */
  g_autofree guint8 *sealed = g_malloc (len + TAG_SIZE);
  g_autofree guint8 *cookie = g_malloc (IV_SIZE + TAG_SIZE + len);
  bl_random_bytes (cookie, IV_SIZE);
  if (!gcm_seal (key, cookie, NULL, text, len, sealed, error))
    return NULL;
  memcpy (cookie + IV_SIZE, sealed + len, TAG_SIZE);
  memcpy (cookie + IV_SIZE + TAG_SIZE, sealed, len);
  return bl_base64_encode (cookie, IV_SIZE + TAG_SIZE + len, TRUE);
}

char *
bl_cookie_encode (const guint8 key[BL_COOKIE_KEY_SIZE], GVariant *object, gint64 now, GError **error)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (object);
  g_autoptr (GVariant) stamped = bl_doc_set_int (sunk, "time", now);
  g_autofree char *text = bl_json_to_string (stamped, error);
  g_autofree char *encoded = text != NULL ? seal_cookie (key, text, error) : NULL;
  if (encoded == NULL || !check_length ("cookie", strlen (encoded), BL_COOKIE_MAX, error))
    return NULL;
  /* meshctrl puts a cookie into an address as the replacement of JavaScript's replace(), which makes one "$"
   * of two: one cookie in twenty would come back as another one. The longest has two such places on average,
   * so that this ends soon. */
  while (encoded != NULL && strstr (encoded, "$$") != NULL)
    {
      g_free (encoded);
      encoded = seal_cookie (key, text, error);
    }
  return g_steal_pointer (&encoded);
}

/* Base64 of random bytes is never this long and made of hex digits only, so the two forms cannot be confused.
 */
static GBytes *
cookie_raw (const char *text, gsize len)
{
  g_autofree guint8 *raw = g_malloc (len / 2 + 1);
  if (len % 2 == 0 && bl_hex_decode (text, len, raw, len / 2))
    return g_bytes_new_take (g_steal_pointer (&raw), len / 2);
  return bl_base64_decode (text, len);
}

static gboolean
check_cookie_time (GVariant *object, gint64 now, guint max_age, GError **error)
{
  double made = bl_variant_get_double (object, "time", -1);
  double limit = bl_variant_get_double (object, "expire", max_age);
  if (made < 0)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "cookie: expected a number 'time', found none");
      return FALSE;
    }
  double age = (double)now - made;
  if (age < -BL_COOKIE_SKEW || (limit > 0 && age > limit * 60) || limit < 0)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_EXPIRED,
                   "cookie: expected an age of -%d to %.0f s, found %.0f s", BL_COOKIE_SKEW, limit * 60, age);
      return FALSE;
    }
  return TRUE;
}

GVariant *
bl_cookie_decode (
    const guint8 key[BL_COOKIE_KEY_SIZE], const char *text, gint64 now, guint max_age, GError **error)
{
  gsize len;
  if (!check_length ("cookie", strlen (text), BL_COOKIE_MAX, error))
    return NULL;
  g_autoptr (GBytes) bytes = cookie_raw (text, strlen (text));
  const guint8 *raw = bytes ? g_bytes_get_data (bytes, &len) : NULL;
  if (raw == NULL || len < IV_SIZE + TAG_SIZE + 2)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID,
                           "cookie: expected base64 of IV, tag and ciphertext");
      return NULL;
    }
  gsize cipher_len = len - IV_SIZE - TAG_SIZE;
  g_autofree guint8 *sealed = g_malloc (cipher_len + TAG_SIZE);
  memcpy (sealed, raw + IV_SIZE + TAG_SIZE, cipher_len);
  memcpy (sealed + cipher_len, raw + IV_SIZE, TAG_SIZE);
  g_autoptr (GBytes) plain = gcm_open (key, raw, NULL, sealed, cipher_len + TAG_SIZE);
  if (plain == NULL)
    return not_authentic (error, "cookie"), NULL;
  gsize plain_len;
  const char *json = g_bytes_get_data (plain, &plain_len);
  g_autoptr (GVariant) object = bl_json_parse_object (json, plain_len, NULL, BL_JSON_DEFAULT, error);
  if (object == NULL || !check_cookie_time (object, now, max_age, error))
    return NULL;
  return g_steal_pointer (&object);
}

/* --- the CBC form --- */

static gboolean
cbc_decrypt (const guint8 *key, const guint8 *iv, guint8 *data, gsize len)
{
  gnutls_cipher_hd_t handle;
  gnutls_datum_t key_datum = { (guint8 *)key, 32 };
  gnutls_datum_t iv_datum = { (guint8 *)iv, CBC_BLOCK };
  int rc = gnutls_cipher_init (&handle, GNUTLS_CIPHER_AES_256_CBC, &key_datum, &iv_datum);
  if (rc == 0)
    {
      rc = gnutls_cipher_decrypt2 (handle, data, len, data, len);
      gnutls_cipher_deinit (handle);
    }
  return rc == 0;
}

/* PKCS#7, looking at the same bytes whatever they hold. Returns: the length without padding; @good turns 0
 * for a bad one, and one byte is taken off then. */
static gsize
cbc_unpad (const guint8 *data, gsize len, guint *good)
{
  guint pad = data[len - 1];
  guint bad = (pad == 0) | (pad > CBC_BLOCK);
  for (guint i = 1; i <= CBC_BLOCK; i++)
    bad |= (i <= pad) & (data[len - i] != pad);
  *good &= !bad;
  return len - (bad ? 1 : pad);
}

/* {"a":3,"u":"user//name","time":1700000000} with any blanks: three members, four texts in quotes, no
 * escapes. */
static gboolean
is_login_token (const char *json, gsize len, GVariant *object)
{
  guint quotes = 0;
  for (gsize i = 0; i < len; i++)
    {
      quotes += json[i] == '"';
      if (json[i] == '\\')
        return FALSE;
    }
  return quotes == 8 && g_variant_n_children (object) == 3 && bl_variant_get_int (object, "a", 0) == 3
         && bl_variant_get_string (object, "u") != NULL && bl_variant_get_int (object, "time", -1) >= 0;
}

/* Returns: (transfer full) (nullable): the object of an authentic cookie, whatever its time */
static GVariant *
cbc_open (const guint8 *key, const guint8 *raw, gsize len)
{
  if (len < 2 * CBC_BLOCK + CBC_HEAD || len % CBC_BLOCK != 0)
    return NULL;
  gsize plain_len = len - CBC_BLOCK;
  g_autofree guint8 *plain = g_memdup2 (raw + CBC_BLOCK, plain_len);
  guint8 hmac[CBC_HEAD], constant[CBC_HEAD];
  if (!cbc_decrypt (key + CBC_HEAD, raw, plain, plain_len))
    return NULL;
  guint good = 1;
  gsize json_len = cbc_unpad (plain, plain_len, &good) - CBC_HEAD;
  const char *json = (const char *)plain + CBC_HEAD;
  if (gnutls_hmac_fast (GNUTLS_MAC_SHA384, key, CBC_HEAD, json, json_len, hmac) != 0
      || gnutls_hash_fast (GNUTLS_DIG_SHA3_384, key, CBC_HEAD, constant) != 0)
    return NULL;
  guint is_hmac = gnutls_memcmp (plain, hmac, CBC_HEAD) == 0;
  guint is_constant = gnutls_memcmp (plain, constant, CBC_HEAD) == 0;
  if (!(good & (is_hmac | is_constant)))
    return NULL;
  g_autoptr (GVariant) object = bl_json_parse_object (json, json_len, NULL, BL_JSON_DEFAULT, NULL);
  if (object == NULL || (!is_hmac && !is_login_token (json, json_len, object)))
    return NULL;
  return g_steal_pointer (&object);
}

GVariant *
bl_cookie_decode_any (
    const guint8 key[BL_COOKIE_FULL_KEY_SIZE], const char *text, gint64 now, guint max_age, GError **error)
{
  g_autoptr (GError) local = NULL;
  GVariant *object = bl_cookie_decode (key, text, now, max_age, &local);
  if (object != NULL)
    return object;
  if (g_error_matches (local, BL_ERROR, BL_ERROR_EXPIRED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  gsize len = 0;
  g_autoptr (GBytes) bytes = strlen (text) <= BL_COOKIE_MAX ? cookie_raw (text, strlen (text)) : NULL;
  const guint8 *raw = bytes ? g_bytes_get_data (bytes, &len) : NULL;
  g_autoptr (GVariant) opened = raw != NULL ? cbc_open (key, raw, len) : NULL;
  if (opened == NULL)
    return not_authentic (error, "cookie"), NULL;
  return check_cookie_time (opened, now, max_age, error) ? g_steal_pointer (&opened) : NULL;
}

/* --- tokens --- */

/* One key for each purpose, so that a mistake in one use cannot make tokens of another. */
static gboolean
derive_key (const guint8 *master, const char *purpose, guint8 key[32], GError **error)
{
  gnutls_datum_t input = { (guint8 *)master, BL_TOKEN_KEY_SIZE };
  gnutls_datum_t salt = { (guint8 *)TOKEN_LABEL, strlen (TOKEN_LABEL) };
  guint8 extracted[32];
  int rc = gnutls_hkdf_extract (GNUTLS_MAC_SHA256, &input, &salt, extracted);
  if (rc == 0)
    {
      gnutls_datum_t middle = { extracted, sizeof extracted };
      gnutls_datum_t info = { (guint8 *)purpose, (unsigned int)strlen (purpose) };
      rc = gnutls_hkdf_expand (GNUTLS_MAC_SHA256, &middle, &info, key, 32);
    }
  gnutls_memset (extracted, 0, sizeof extracted);
  if (rc != 0)
    g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "HKDF: %s", gnutls_strerror (rc));
  return rc == 0;
}

/* Lengths keep ("ab", "c") apart from ("a", "bc"). */
static void
write_aad (BlWriter *aad, const char *purpose, const char *audience)
{
  const char *parts[] = { TOKEN_LABEL, purpose, audience ? audience : "" };
  bl_writer_init (aad, 128);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      gsize len = strlen (parts[i]);
      bl_writer_u32be (aad, (guint32)len);
      bl_writer_bytes (aad, parts[i], len);
    }
  bl_writer_u8 (aad, audience != NULL);
}

static char *
url_safe (const guint8 *data, gsize len)
{
  char *text = bl_base64_encode (data, len, FALSE);
  return g_strdelimit (g_strdelimit (text, "@", '-'), "$", '_');
}

static GBytes *
from_url_safe (const char *text)
{
  if (strpbrk (text, "@$+/=") != NULL)
    return NULL;
  g_autofree char *copy = g_strdup (text);
  g_strdelimit (g_strdelimit (copy, "-", '@'), "_", '$');
  return bl_base64_decode (copy, strlen (copy));
}

char *
bl_token_seal (const guint8 master[BL_TOKEN_KEY_SIZE],
               const char *purpose,
               const char *audience,
               GVariant *payload,
               gint64 now,
               guint lifetime,
               GError **error)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (payload);
  g_auto (BlWriter) plain = { 0 };
  g_auto (BlWriter) aad = { 0 };
  guint8 key[32];
  g_autofree char *text = bl_json_to_string (sunk, error);
  if (text == NULL || !derive_key (master, purpose, key, error))
    return NULL;
  bl_writer_init (&plain, strlen (text) + 8);
  bl_writer_u64be (&plain, (guint64)(now + MAX (lifetime, 1)));
  bl_writer_bytes (&plain, text, strlen (text));
  write_aad (&aad, purpose, audience);
  gsize len = 1 + IV_SIZE + plain.out->len + TAG_SIZE;
  g_autofree guint8 *token = g_malloc (len);
  token[0] = TOKEN_VERSION;
  bl_random_bytes (token + 1, IV_SIZE);
  gboolean sealed
      = gcm_seal (key, token + 1, &aad, plain.out->data, plain.out->len, token + 1 + IV_SIZE, error);
  gnutls_memset (key, 0, sizeof key);
  g_autofree char *encoded = url_safe (token, len);
  if (!sealed || !check_length ("token", strlen (encoded), BL_TOKEN_MAX, error))
    return NULL;
  return g_steal_pointer (&encoded);
}

GVariant *
bl_token_open (const guint8 master[BL_TOKEN_KEY_SIZE],
               const char *purpose,
               const char *audience,
               const char *text,
               gint64 now,
               GError **error)
{
  g_auto (BlWriter) aad = { 0 };
  guint8 key[32];
  gsize len = 0;
  if (!check_length ("token", strlen (text), BL_TOKEN_MAX, error))
    return NULL;
  g_autoptr (GBytes) bytes = from_url_safe (text);
  const guint8 *raw = bytes ? g_bytes_get_data (bytes, &len) : NULL;
  if (raw == NULL || len < 1 + IV_SIZE + 8 + TAG_SIZE || raw[0] != TOKEN_VERSION)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "token: expected version %d in URL-safe base64",
                   TOKEN_VERSION);
      return NULL;
    }
  if (!derive_key (master, purpose, key, error))
    return NULL;
  write_aad (&aad, purpose, audience);
  g_autoptr (GBytes) plain = gcm_open (key, raw + 1, &aad, raw + 1 + IV_SIZE, len - 1 - IV_SIZE);
  gnutls_memset (key, 0, sizeof key);
  if (plain == NULL)
    return not_authentic (error, "token"), NULL;
  BlReader reader;
  bl_reader_init (&reader, g_bytes_get_data (plain, NULL), g_bytes_get_size (plain));
  gint64 expires = (gint64)bl_reader_u64be (&reader);
  const char *json = (const char *)bl_reader_rest (&reader, &len);
  if (json == NULL || now >= expires)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_EXPIRED, "token: expired %" G_GINT64_FORMAT " s ago",
                   now - expires);
      return NULL;
    }
  return bl_json_parse_object (json, len, NULL, BL_JSON_DEFAULT, error);
}
