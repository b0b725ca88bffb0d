// SPDX-License-Identifier: Apache-2.0
/* Identifiers, their texts, random values, constant-time comparison. */
#include "common/bl-ids.h"

#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "common/bl-error.h"
#include "common/bl-utf8.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$";

/* Value of a base64 character, -1 for none; both alphabets. */
static int
base64_value (char c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  if (c == '@' || c == '+')
    return 62;
  if (c == '$' || c == '/')
    return 63;
  return -1;
}

/* Writes the text of @len bytes without padding and without NUL. Returns its length. */
static gsize
base64_write (const guint8 *data, gsize len, char *out)
{
  gsize n = 0;
  for (gsize i = 0; i < len; i += 3)
    {
      guint32 group = (guint32)data[i] << 16;
      gsize left = len - i;
      if (left > 1)
        group |= (guint32)data[i + 1] << 8;
      if (left > 2)
        group |= data[i + 2];
      out[n++] = alphabet[group >> 18];
      out[n++] = alphabet[group >> 12 & 63];
      if (left > 1)
        out[n++] = alphabet[group >> 6 & 63];
      if (left > 2)
        out[n++] = alphabet[group & 63];
    }
  return n;
}

char *
bl_base64_encode (gconstpointer data, gsize len, gboolean padding)
{
  char *out = g_malloc (len / 3 * 4 + 5);
  gsize n = base64_write (data, len, out);
  while (padding && n % 4 != 0)
    out[n++] = '=';
  out[n] = '\0';
  return out;
}

GBytes *
bl_base64_decode (const char *text, gsize text_len)
{
  gsize len = text_len;
  while (len > 0 && text_len - len < 2 && text[len - 1] == '=')
    len--;
  if ((len != text_len && text_len % 4 != 0) || len % 4 == 1)
    return NULL;
  g_autofree guint8 *out = g_malloc (len / 4 * 3 + 3);
  gsize n = 0;
  guint32 bits = 0;
  guint have = 0;
  for (gsize i = 0; i < len; i++)
    {
      int value = base64_value (text[i]);
      if (value < 0)
        return NULL;
      bits = bits << 6 | (guint32)value;
      have += 6;
      if (have >= 8)
        {
          have -= 8;
          out[n++] = (guint8)(bits >> have);
          bits &= (1u << have) - 1;
        }
    }
  if (bits != 0)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&out), n);
}

void
bl_id48_to_text (const guint8 id[BL_ID48_SIZE], char text[BL_ID48_TEXT + 1])
{
  gsize n = base64_write (id, BL_ID48_SIZE, text);
  text[n] = '\0';
}

gboolean
bl_id48_from_text (const char *text, gssize len, guint8 id[BL_ID48_SIZE])
{
  gsize n = len < 0 ? strlen (text) : (gsize)len;
  if (n != BL_ID48_TEXT)
    return FALSE;
  for (gsize i = 0; i < BL_ID48_TEXT; i += 4)
    {
      int v[4];
      for (gsize k = 0; k < 4; k++)
        {
          v[k] = text[i + k] == '+' || text[i + k] == '/' ? -1 : base64_value (text[i + k]);
          if (v[k] < 0)
            return FALSE;
        }
      guint8 *out = id + i / 4 * 3;
      out[0] = (guint8)(v[0] << 2 | v[1] >> 4);
      out[1] = (guint8)(v[1] << 4 | v[2] >> 2);
      out[2] = (guint8)(v[2] << 6 | v[3]);
    }
  return TRUE;
}

char *
bl_hex_encode (gconstpointer data, gsize len, gboolean upper)
{
  const guint8 *bytes = data;
  const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  char *out = g_malloc (len * 2 + 1);
  for (gsize i = 0; i < len; i++)
    {
      out[2 * i] = digits[bytes[i] >> 4];
      out[2 * i + 1] = digits[bytes[i] & 15];
    }
  out[2 * len] = '\0';
  return out;
}

gboolean
bl_hex_decode (const char *text, gsize text_len, guint8 *out, gsize size)
{
  if (text_len / 2 != size || text_len % 2 != 0)
    return FALSE;
  for (gsize i = 0; i < size; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]);
      int low = g_ascii_xdigit_value (text[2 * i + 1]);
      if (high < 0 || low < 0)
        return FALSE;
      out[i] = (guint8)(high << 4 | low);
    }
  return TRUE;
}

char *
bl_id48_to_hex (const guint8 id[BL_ID48_SIZE], gboolean upper)
{
  return bl_hex_encode (id, BL_ID48_SIZE, upper);
}

char *
bl_id48_group_text (const guint8 id[BL_ID48_SIZE])
{
  static const guint8 zeros[16];
  if (memcmp (id + 32, zeros, sizeof zeros) == 0)
    return bl_hex_encode (id, 32, FALSE);
  char *text = g_malloc (BL_ID48_TEXT + 1);
  bl_id48_to_text (id, text);
  return text;
}

const char *
bl_id_kind_to_string (BlIdKind kind)
{
  switch (kind)
    {
    case BL_ID_NODE:
      return "node";
    case BL_ID_MESH:
      return "mesh";
    case BL_ID_USER:
      return "user";
    case BL_ID_UGRP:
      return "ugrp";
    case BL_ID_NONE:
    default:
      return NULL;
    }
}

static BlIdKind
kind_from_text (const char *text)
{
  for (guint kind = BL_ID_NODE; kind <= BL_ID_UGRP; kind <<= 1)
    {
      const char *name = bl_id_kind_to_string (kind);
      if (strncmp (text, name, 4) == 0 && text[4] == '/')
        return kind;
    }
  return BL_ID_NONE;
}

static gboolean
domain_is_valid (const char *domain, gsize len)
{
  if (len > BL_DOMAIN_MAX)
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_islower (domain[i]) && !g_ascii_isdigit (domain[i]) && strchr ("-_.", domain[i]) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
hash_text_is_valid (const char *text, gsize len)
{
  guint8 id[BL_ID48_SIZE];
  return bl_id48_from_text (text, (gssize)len, id);
}

static gboolean
user_name_is_valid (const char *name, gsize len)
{
  if (len == 0 || len > BL_USER_NAME_MAX || name[0] == '~' || !bl_utf8_is_valid (name, len))
    return FALSE;
  for (const char *p = name; p < name + len; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      if (c == '/' || c == '"' || c == '<' || c == '>' || !g_unichar_isgraph (c) || g_unichar_isupper (c))
        return FALSE;
    }
  return TRUE;
}

static gboolean
bad_id (GError **error, const char *text, const char *expected)
{
  g_autofree char *shown = bl_show (text, BL_ID_MAX);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "id '%s': expected %s", shown, expected);
  return FALSE;
}

gboolean
bl_id_parse (const char *text, guint kinds, BlId *id, GError **error)
{
  if (text == NULL)
    return bad_id (error, "", "kind/domain/name");
  if (strnlen (text, BL_ID_MAX + 1) > BL_ID_MAX)
    return bad_id (error, text, "at most 256 bytes");
  BlIdKind kind = kind_from_text (text);
  if (kind == BL_ID_NONE || (kinds & kind) == 0)
    return bad_id (error, text, "another kind of id");
  const char *domain = text + 5;
  const char *slash = strchr (domain, '/');
  if (slash == NULL)
    return bad_id (error, text, "three parts");
  gsize domain_len = (gsize)(slash - domain);
  const char *rest = slash + 1;
  gsize rest_len = strlen (rest);
  if (!domain_is_valid (domain, domain_len))
    return bad_id (error, text, "a domain of lower-case letters, digits, '-', '_' and '.'");
  if (kind == BL_ID_USER && !user_name_is_valid (rest, rest_len))
    return bad_id (error, text, "a user name");
  if (kind != BL_ID_USER && !hash_text_is_valid (rest, rest_len))
    return bad_id (error, text, "64 characters of base64 with @ and $");
  *id = (BlId){ kind, domain, domain_len, rest, rest_len };
  return TRUE;
}

gboolean
bl_id_is_valid (const char *text, guint kinds)
{
  BlId id;
  return bl_id_parse (text, kinds, &id, NULL);
}

char *
bl_id_build (BlIdKind kind, const char *domain, const char *rest)
{
  return g_strconcat (bl_id_kind_to_string (kind), "/", domain ? domain : "", "/", rest, NULL);
}

char *
bl_id_complete (BlIdKind kind, const char *domain, const char *text, GError **error)
{
  BlId id;
  if (text == NULL || strnlen (text, BL_ID_MAX + 1) > BL_ID_MAX)
    {
      bad_id (error, text ? text : "", "at most 256 bytes");
      return NULL;
    }
  g_autofree char *full = strchr (text, '/') ? g_strdup (text) : bl_id_build (kind, domain, text);
  if (!bl_id_parse (full, kind, &id, error))
    return NULL;
  return g_steal_pointer (&full);
}

char *
bl_id_from_hash (BlIdKind kind, const char *domain, const guint8 id[BL_ID48_SIZE])
{
  char text[BL_ID48_TEXT + 1];
  bl_id48_to_text (id, text);
  return bl_id_build (kind, domain, text);
}

char *
bl_id_random (BlIdKind kind, const char *domain)
{
  guint8 id[BL_ID48_SIZE];
  bl_random_bytes (id, sizeof id);
  return bl_id_from_hash (kind, domain, id);
}

void
bl_random_bytes (gpointer out, gsize len)
{
  /* Going on with predictable keys or masks would be worse than stopping. */
  if (gnutls_rnd (GNUTLS_RND_RANDOM, out, len) != 0)
    abort ();
}

char *
bl_random_hex (gsize bytes)
{
  g_autofree guint8 *raw = g_malloc (bytes);
  bl_random_bytes (raw, bytes);
  return bl_hex_encode (raw, bytes, FALSE);
}

gboolean
bl_equal_ct (gconstpointer a, gconstpointer b, gsize len)
{
  return gnutls_memcmp (a, b, len) == 0;
}

gboolean
bl_str_equal_ct (const char *a, const char *b)
{
  if (a == NULL || b == NULL)
    return FALSE;
  gsize len = strlen (a);
  return strlen (b) == len && bl_equal_ct (a, b, len);
}
