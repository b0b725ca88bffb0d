// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-hash.h"

#include "common/bl-account.h"

#include <bowline/error.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAX_SALT 1024u
#define SHA1_TEXT 28u /* 20 bytes in base64 */
/* What a stored hash may ask for: a document must not decide over the server's memory. */
#define MAX_MEMORY_KIB (1024u * 1024u)
#define MAX_PASSES 16u

gboolean
bl_auth_hash_init (GError **error)
{
  if (sodium_init () >= 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "libsodium cannot be initialised");
  return FALSE;
}

char *
bl_auth_hash_make (const char *password, const BlAuthHashCost *cost)
{
  char text[crypto_pwhash_STRBYTES];

  if (crypto_pwhash_str (text, password, strlen (password), cost->passes, cost->memory) != 0)
    return NULL;
  return g_strdup (text);
}

static void
append_random (GString *text, gsize bytes)
{
  guint8 random[64];
  char encoded[sodium_base64_ENCODED_LEN (sizeof random, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];

  randombytes_buf (random, bytes);
  sodium_bin2base64 (encoded, sizeof encoded, random, bytes, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  g_string_append (text, encoded);
}

char *
bl_auth_hash_make_decoy (const BlAuthHashCost *cost)
{
  GString *text = g_string_new (NULL);

  g_string_append_printf (text, "$argon2id$v=19$m=%" G_GSIZE_FORMAT ",t=%u,p=1$", cost->memory / 1024,
                          cost->passes);
  append_random (text, crypto_pwhash_SALTBYTES);
  g_string_append_c (text, '$');
  append_random (text, 32);
  return g_string_free (text, FALSE);
}

static gboolean
is_argon2 (const char *hash)
{
  return g_str_has_prefix (hash, "$argon2id$");
}

static gboolean
is_affordable (const char *hash)
{
  guint memory, passes;

  if (sscanf (hash, "$argon2id$v=19$m=%9u,t=%9u,", &memory, &passes) != 2)
    return FALSE;
  return memory <= MAX_MEMORY_KIB && passes <= MAX_PASSES;
}

static gboolean
pbkdf2_fits (gboolean old, const char *hash, const char *salt, const char *password)
{
  g_autofree char *encoded = bl_account_pbkdf2 (password, salt, old);

  return encoded != NULL && strlen (encoded) == strlen (hash) && sodium_memcmp (encoded, hash, strlen (hash)) == 0;
}

/* What MeshCentral took over from a still older server: base64 (SHA-1 (salt, password in UTF-16LE)). Nothing
 * else has this length; a login replaces it. */
static gboolean
sha1_fits (const char *hash, const char *salt, const char *password)
{
  gsize salt_size = 0;
  glong units = 0;
  g_autofree guchar *salt_bytes = g_base64_decode (salt, &salt_size);
  g_autofree gunichar2 *wide = g_utf8_to_utf16 (password, -1, NULL, &units, NULL);
  g_autoptr (GByteArray) input = g_byte_array_new ();
  guint8 digest[20];
  g_autofree char *encoded = NULL;
  gboolean fits;

  if (wide == NULL)
    return FALSE;
  for (glong i = 0; i < units; i++)
    wide[i] = GUINT16_TO_LE (wide[i]);
  g_byte_array_append (input, salt_bytes, (guint)salt_size);
  g_byte_array_append (input, (const guint8 *)wide, (guint)units * 2);
  fits = gnutls_hash_fast (GNUTLS_DIG_SHA1, input->data, input->len, digest) >= 0;
  encoded = g_base64_encode (digest, sizeof digest);
  fits = fits && sodium_memcmp (encoded, hash, SHA1_TEXT) == 0;
  sodium_memzero (input->data, input->len);
  sodium_memzero (wide, (gsize)units * 2);
  return fits;
}

gboolean
bl_auth_hash_verify (const char *hash, const char *salt, const char *password)
{
  if (strlen (password) > BL_AUTH_MAX_PASSWORD)
    return FALSE;
  if (is_argon2 (hash))
    return is_affordable (hash) && crypto_pwhash_str_verify (hash, password, strlen (password)) == 0;
  if (salt == NULL || *salt == '\0' || strlen (salt) > MAX_SALT)
    return FALSE;
  if (strlen (hash) == SHA1_TEXT)
    return sha1_fits (hash, salt, password);
  /* Accounts of the first MeshCentral versions were hashed with SHA-1. */
  return pbkdf2_fits (FALSE, hash, salt, password)
         || pbkdf2_fits (TRUE, hash, salt, password);
}

gboolean
bl_auth_hash_is_outdated (const char *hash, const BlAuthHashCost *cost)
{
  guint memory, passes;

  if (!is_argon2 (hash) || sscanf (hash, "$argon2id$v=19$m=%9u,t=%9u,", &memory, &passes) != 2)
    return TRUE;
  return memory < cost->memory / 1024 || passes < cost->passes;
}
