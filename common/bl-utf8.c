// SPDX-License-Identifier: Apache-2.0
/* UTF-8 checks for text from peers. */
#include "common/bl-utf8.h"

#include <string.h>

/* Length of the valid character at @p, 0 when there is none. @n bytes are readable, n > 0. */
static inline gsize
char_length (const guint8 *p, gsize n)
{
  guint8 c = p[0];
  if (c < 0x80)
    return 1;
  if (c < 0xC2 || c > 0xF4)
    return 0;
  if (n < 2 || (p[1] & 0xC0) != 0x80)
    return 0;
  if (c < 0xE0)
    return 2;
  if (n < 3 || (p[2] & 0xC0) != 0x80)
    return 0;
  if (c < 0xF0)
    {
      /* No overlong forms, no surrogates. */
      if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F))
        return 0;
      return 3;
    }
  if (n < 4 || (p[3] & 0xC0) != 0x80)
    return 0;
  if ((c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F))
    return 0;
  return 4;
}

gsize
bl_utf8_valid_prefix (const char *text, gsize len)
{
  const guint8 *p = (const guint8 *)text;
  gsize i = 0;
  while (i < len)
    {
      guint64 word;
      while (len - i >= sizeof word
             && (memcpy (&word, p + i, sizeof word), (word & 0x8080808080808080u) == 0))
        i += sizeof word;
      if (i == len)
        break;
      gsize n = char_length (p + i, len - i);
      if (n == 0)
        break;
      i += n;
    }
  return i;
}

gboolean
bl_utf8_is_valid (const char *text, gsize len)
{
  return bl_utf8_valid_prefix (text, len) == len;
}

static gboolean
is_unwanted (gunichar c, gboolean keep_newlines)
{
  if (c < 0x20)
    return !(keep_newlines && (c == '\t' || c == '\n' || c == '\r'));
  /* DEL and C1; LINE and PARAGRAPH SEPARATOR; marks that reorder text so that a name can pretend to be
   * another. */
  return (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F || c == 0x061C
         || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

char *
bl_utf8_clean (const char *text, gsize len, gsize max_chars, gboolean keep_newlines)
{
  const guint8 *p = (const guint8 *)text;
  GString *out = g_string_sized_new (MIN (len, max_chars * 4) + 1);
  gsize chars = 0;
  for (gsize i = 0; i < len && chars < max_chars;)
    {
      gsize n = char_length (p + i, len - i);
      if (n == 0)
        {
          g_string_append (out, "\xEF\xBF\xBD");
          chars++;
          i++;
          continue;
        }
      if (!is_unwanted (n == 1 ? p[i] : g_utf8_get_char (text + i), keep_newlines))
        {
          g_string_append_len (out, text + i, (gssize)n);
          chars++;
        }
      i += n;
    }
  return g_string_free (out, FALSE);
}

char *
bl_show (const char *text, gsize len)
{
  gsize end = strnlen (text, len);
  /* A character takes at most four bytes; one more than fits tells that it was cut. */
  char *shown = bl_utf8_clean (text, MIN (end, 4 * 81), 81, FALSE);
  if (g_utf8_strlen (shown, -1) <= 80)
    return shown;
  char *last = g_utf8_offset_to_pointer (shown, 80);
  *last = '\0';
  char *cut = g_strconcat (shown, "...", NULL);
  g_free (shown);
  return cut;
}
