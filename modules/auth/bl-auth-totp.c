// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-totp.h"

#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#define MAX_SECRET 64u
#define MAX_BACKUP_CODES 32u

/* RFC 4648 base32. Returns: bytes, 0 when @text is not base32 or too long. */
static gsize
decode_base32 (const char *text, guint8 out[MAX_SECRET])
{
  gsize n = 0;
  guint32 bits = 0;
  guint count = 0;

  for (; *text != '\0' && *text != '='; text++)
    {
      char c = g_ascii_toupper (*text);
      guint value;

      if (c >= 'A' && c <= 'Z')
        value = (guint)(c - 'A');
      else if (c >= '2' && c <= '7')
        value = (guint)(c - '2') + 26;
      else
        return 0;
      bits = (bits << 5) | value;
      count += 5;
      if (count < 8)
        continue;
      if (n == MAX_SECRET)
        return 0;
      count -= 8;
      out[n++] = (guint8)(bits >> count);
    }
  return n;
}

char *
bl_auth_base32_encode (const guint8 *bytes, gsize size)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  GString *text = g_string_sized_new ((size * 8 + 4) / 5);
  guint32 bits = 0;
  guint count = 0;

  for (gsize i = 0; i < size; i++)
    {
      bits = (bits << 8) | bytes[i];
      for (count += 8; count >= 5; count -= 5)
        g_string_append_c (text, alphabet[(bits >> (count - 5)) & 31]);
    }
  if (count > 0)
    g_string_append_c (text, alphabet[(bits << (5 - count)) & 31]);
  return g_string_free (text, FALSE);
}

gint
bl_auth_totp_code (const char *secret, gint64 step)
{
  guint8 key[MAX_SECRET], mac[20];
  gsize length = decode_base32 (secret, key);
  guint64 counter = GUINT64_TO_BE ((guint64)step);
  guint offset;
  guint32 number;

  if (length == 0 || gnutls_hmac_fast (GNUTLS_MAC_SHA1, key, length, &counter, sizeof counter, mac) < 0)
    return -1;
  offset = mac[19] & 15;
  memcpy (&number, mac + offset, sizeof number);
  return (gint)((GUINT32_FROM_BE (number) & 0x7FFFFFFF) % 1000000);
}

gboolean
bl_auth_totp_check (const char *secret, const char *code, gint64 now, gint64 last_step, gint64 *step)
{
  gint64 middle = now / BL_AUTH_TOTP_PERIOD;
  gboolean fits = FALSE;

  if (strlen (code) != 6 || strspn (code, "0123456789") != 6)
    return FALSE;
  for (gint64 at = middle - BL_AUTH_TOTP_WINDOW; at <= middle + BL_AUTH_TOTP_WINDOW; at++)
    {
      gint number = bl_auth_totp_code (secret, at);
      g_autofree char *expected = g_strdup_printf ("%06d", number);

      if (number < 0 || at <= last_step || !bl_str_equal_ct (expected, code))
        continue;
      *step = at;
      fits = TRUE;
    }
  return fits;
}

static gboolean
is_code (GVariant *key, const char *code)
{
  const char *text = bl_variant_get_string (key, "p");
  g_autofree char *number = NULL;

  if (text == NULL)
    {
      number = g_strdup_printf ("%08" G_GINT64_FORMAT, bl_variant_get_int (key, "p", -1));
      text = number;
    }
  return bl_variant_get_bool (key, "u", FALSE) && bl_str_equal_ct (text, code);
}

GVariant *
bl_auth_backup_code_use (GVariant *keys, const char *code)
{
  g_autoptr (GVariant) list = bl_variant_get_array (keys, "keys");
  GVariantBuilder builder;
  gboolean used = FALSE;

  if (strlen (code) != 8 || strspn (code, "0123456789") != 8 || list == NULL
      || g_variant_n_children (list) > MAX_BACKUP_CODES)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (list, i);
      g_autoptr (GVariant) key = g_variant_get_variant (boxed);

      if (!used && g_variant_is_of_type (key, G_VARIANT_TYPE_VARDICT) && is_code (key, code))
        {
          GVariant *spent = bl_doc_set_bool (key, "u", FALSE);

          g_variant_unref (key);
          key = spent;
          used = TRUE;
        }
      g_variant_builder_add (&builder, "v", key);
    }
  if (!used)
    {
      g_variant_builder_clear (&builder);
      return NULL;
    }
  return bl_doc_set (keys, "keys", g_variant_builder_end (&builder));
}
