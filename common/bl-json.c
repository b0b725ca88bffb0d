// SPDX-License-Identifier: Apache-2.0
/*
 * The JSON parser. It writes GVariant's serialised form directly: every value is a variant, variants begin on
 * eight bytes, so a child's bytes are final as soon as they are written, and a container only adds its
 * framing offsets at the end. The text is read once, and only one buffer grows.
 */
#include "common/bl-json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/bl-error.h"
#include "common/bl-gv.h"
#include "common/bl-json-scan.h"
#include "common/bl-utf8.h"

/* One open container. */
typedef struct
{
  gsize start; /* where its bytes begin in the buffer */
  guint first; /* its first entry in the stack of entries */
  gboolean object;
} Frame;

typedef struct
{
  const char *text;
  gsize len;
  gsize pos;
  BlJsonLimits limits;
  BlJsonFlags flags;
  guint values;
  BlGvBuffer out;
  GArray *entries; /* BlGvEntry of all open containers */
  GError **error;
} Parser;

static gboolean parse_value (Parser *p, guint depth);

/* Says where in the text @at is; counted only when something is wrong. */
static void
set_error (Parser *p, gint code, gsize at, const char *expected)
{
  guint line = 1;
  gsize line_start = 0;
  g_autofree char *found = NULL;
  for (gsize i = 0; i < at; i++)
    if (p->text[i] == '\n')
      {
        line++;
        line_start = i + 1;
      }
  if (at < p->len)
    {
      guint8 c = (guint8)p->text[at];
      found = g_ascii_isprint (c) ? g_strdup_printf ("'%c'", c) : g_strdup_printf ("byte 0x%02x", c);
    }
  g_set_error (p->error, BL_ERROR, code,
               "JSON: line %u, column %" G_GSIZE_FORMAT " (offset %" G_GSIZE_FORMAT
               "): expected %s, found %s",
               line, at - line_start + 1, at, expected, found ? found : "the end");
}

static gboolean
unexpected (Parser *p, const char *expected)
{
  set_error (p, BL_ERROR_INVALID, p->pos, expected);
  return FALSE;
}

static gboolean
too_large (Parser *p, const char *expected)
{
  set_error (p, BL_ERROR_TOO_LARGE, p->pos, expected);
  return FALSE;
}

static inline int
peek (const Parser *p)
{
  return p->pos < p->len ? (guint8)p->text[p->pos] : -1;
}

static inline void
skip_blanks (Parser *p)
{
  while (p->pos < p->len
         && (p->text[p->pos] == ' ' || p->text[p->pos] == '\n' || p->text[p->pos] == '\r'
             || p->text[p->pos] == '\t'))
    p->pos++;
}

/* --- strings --- */

static gboolean
read_hex4 (Parser *p, guint *value)
{
  guint result = 0;
  for (guint i = 0; i < 4; i++, p->pos++)
    {
      int digit = p->pos < p->len ? g_ascii_xdigit_value (p->text[p->pos]) : -1;
      if (digit < 0)
        return unexpected (p, "a hex digit of \\u");
      result = result << 4 | (guint)digit;
    }
  *value = result;
  return TRUE;
}

static gboolean
replacement (Parser *p, gsize at, const char *expected)
{
  if ((p->flags & BL_JSON_REPLACE_INVALID_UTF8) == 0)
    {
      set_error (p, BL_ERROR_INVALID, at, expected);
      return FALSE;
    }
  bl_gv_append (&p->out, "\xEF\xBF\xBD", 3);
  return TRUE;
}

/* After "\u"; takes the second half of a surrogate pair too. */
static gboolean
parse_unicode_escape (Parser *p)
{
  char utf8[6];
  guint c, low;
  gsize at = p->pos - 2;
  if (!read_hex4 (p, &c))
    return FALSE;
  if (c == 0)
    return replacement (p, at, "a character other than \\u0000");
  if (c >= 0xDC00 && c <= 0xDFFF)
    return replacement (p, at, "the first half of a surrogate pair");
  if (c >= 0xD800 && c <= 0xDBFF)
    {
      gsize back = p->pos;
      if (p->len - p->pos < 2 || memcmp (p->text + p->pos, "\\u", 2) != 0)
        return replacement (p, at, "a surrogate pair");
      p->pos += 2;
      if (!read_hex4 (p, &low))
        return FALSE;
      if (low < 0xDC00 || low > 0xDFFF)
        {
          p->pos = back;
          return replacement (p, at, "a surrogate pair");
        }
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
  bl_gv_append (&p->out, utf8, (gsize)g_unichar_to_utf8 (c, utf8));
  return TRUE;
}

static gboolean
parse_escape (Parser *p)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  int c = peek (p);
  const char *known = c > 0 ? strchr (from, c) : NULL;
  if (c == 'u')
    {
      p->pos++;
      return parse_unicode_escape (p);
    }
  if (known == NULL)
    return unexpected (p, "one of \" \\ / b f n r t u after a backslash");
  p->pos++;
  bl_gv_append (&p->out, &to[known - from], 1);
  return TRUE;
}

/* Copies @len raw bytes, which must be UTF-8. */
static gboolean
append_raw (Parser *p, gsize at, gsize len)
{
  while (len > 0)
    {
      gsize good = bl_utf8_valid_prefix (p->text + at, len);
      bl_gv_append (&p->out, p->text + at, good);
      at += good;
      len -= good;
      if (len == 0)
        break;
      if (!replacement (p, at, "UTF-8"))
        return FALSE;
      at++;
      len--;
    }
  return TRUE;
}

/* At the opening quote. Appends the text and its NUL to the buffer. */
static gboolean
parse_string (Parser *p)
{
  gsize start = bl_gv_size (&p->out);
  p->pos++;
  while (TRUE)
    {
      gsize run = bl_json_plain_run (p->text + p->pos, p->len - p->pos);
      if (run > 0 && !append_raw (p, p->pos, run))
        return FALSE;
      p->pos += run;
      if (bl_gv_size (&p->out) - start > p->limits.max_string)
        return too_large (p, "a shorter string");
      int c = peek (p);
      if (c == '"')
        break;
      if (c != '\\')
        return unexpected (p, c < 0 ? "the end of a string" : "an escape instead of a control character");
      p->pos++;
      if (!parse_escape (p))
        return FALSE;
    }
  p->pos++;
  bl_gv_append (&p->out, "", 1);
  return TRUE;
}

/* --- numbers --- */

static gboolean
take_digits (Parser *p)
{
  gsize start = p->pos;
  while (p->pos < p->len && g_ascii_isdigit (p->text[p->pos]))
    p->pos++;
  return p->pos > start || unexpected (p, "a digit");
}

static gboolean
append_double (Parser *p, gsize start, gsize len)
{
  char copy[BL_JSON_MAX_NUMBER + 1];
  memcpy (copy, p->text + start, len);
  copy[len] = '\0';
  double value = g_ascii_strtod (copy, NULL);
  if (!isfinite (value))
    {
      set_error (p, BL_ERROR_TOO_LARGE, start, "a number within the range of a double");
      return FALSE;
    }
  bl_gv_append (&p->out, &value, sizeof value);
  bl_gv_append (&p->out, "\0d", 2);
  return TRUE;
}

static gboolean
parse_number (Parser *p)
{
  gsize start = p->pos;
  gboolean negative = peek (p) == '-';
  gboolean integer = TRUE;
  guint64 value = 0;
  if (negative)
    p->pos++;
  gsize digits = p->pos;
  if (!take_digits (p))
    return FALSE;
  if (p->text[digits] == '0' && p->pos - digits > 1)
    {
      p->pos = digits + 1;
      return unexpected (p, "no leading zero");
    }
  gsize digits_end = p->pos;
  if (peek (p) == '.')
    {
      integer = FALSE;
      p->pos++;
      if (!take_digits (p))
        return FALSE;
    }
  if (peek (p) == 'e' || peek (p) == 'E')
    {
      integer = FALSE;
      p->pos++;
      if (peek (p) == '+' || peek (p) == '-')
        p->pos++;
      if (!take_digits (p))
        return FALSE;
    }
  if (p->pos - start > BL_JSON_MAX_NUMBER)
    {
      p->pos = start;
      return too_large (p, "a number of at most " G_STRINGIFY (BL_JSON_MAX_NUMBER) " characters");
    }
  guint64 limit = negative ? (guint64)G_MAXINT64 + 1 : (guint64)G_MAXINT64;
  for (gsize i = digits; integer && i < digits_end; i++)
    {
      guint digit = (guint)(p->text[i] - '0');
      integer = value <= (limit - digit) / 10;
      value = value * 10 + digit;
    }
  if (!integer)
    return append_double (p, start, p->pos - start);
  gint64 number = negative ? (gint64)(0 - value) : (gint64)value;
  bl_gv_append (&p->out, &number, sizeof number);
  bl_gv_append (&p->out, "\0x", 2);
  return TRUE;
}

/* --- containers --- */

/* After one entry: TRUE in @more when another follows. */
static gboolean
parse_separator (Parser *p, char close, gboolean *more)
{
  skip_blanks (p);
  int c = peek (p);
  *more = c == ',';
  if (c != ',' && c != close)
    return unexpected (p, close == '}' ? "',' or '}'" : "',' or ']'");
  p->pos++;
  if (*more)
    skip_blanks (p);
  return TRUE;
}

static gboolean
parse_member (Parser *p, guint depth)
{
  BlGvEntry entry = { 0 };
  if (peek (p) != '"')
    return unexpected (p, "a key in double quotes");
  bl_gv_align (&p->out);
  entry.start = bl_gv_size (&p->out);
  if (!parse_string (p))
    return FALSE;
  entry.key_len = bl_gv_size (&p->out) - entry.start;
  skip_blanks (p);
  if (peek (p) != ':')
    return unexpected (p, "':'");
  p->pos++;
  bl_gv_align (&p->out);
  if (!parse_value (p, depth))
    return FALSE;
  bl_gv_end_entry (&p->out, entry.start, entry.key_len);
  entry.end = bl_gv_size (&p->out);
  g_array_append_val (p->entries, entry);
  return TRUE;
}

static gboolean
parse_element (Parser *p, guint depth)
{
  BlGvEntry entry = { 0 };
  bl_gv_align (&p->out);
  entry.start = bl_gv_size (&p->out);
  if (!parse_value (p, depth))
    return FALSE;
  entry.end = bl_gv_size (&p->out);
  g_array_append_val (p->entries, entry);
  return TRUE;
}

/* At '{' or '['. The container's bytes begin where the buffer ends, which is aligned. */
static gboolean
parse_container (Parser *p, guint depth)
{
  gboolean object = peek (p) == '{';
  char close = object ? '}' : ']';
  gsize start = bl_gv_size (&p->out);
  guint first = p->entries->len;
  gboolean more = TRUE;
  if (depth >= p->limits.max_depth)
    return too_large (p, "fewer levels");
  p->pos++;
  skip_blanks (p);
  if (peek (p) == close)
    {
      p->pos++;
      more = FALSE;
    }
  while (more)
    if (!(object ? parse_member (p, depth + 1) : parse_element (p, depth + 1))
        || !parse_separator (p, close, &more))
      return FALSE;
  bl_gv_end_array (&p->out, start, p->entries, first, object);
  bl_gv_append (&p->out, object ? "\0a{sv}" : "\0av", object ? 6 : 3);
  return TRUE;
}

static gboolean
parse_word (Parser *p, const char *word, gconstpointer bytes, gsize n)
{
  gsize len = strlen (word);
  if (p->len - p->pos < len || memcmp (p->text + p->pos, word, len) != 0)
    return unexpected (p, "a value");
  p->pos += len;
  bl_gv_append (&p->out, bytes, n);
  return TRUE;
}

/* Appends one variant: value, NUL, type. The buffer's end must be aligned. */
static gboolean
parse_value (Parser *p, guint depth)
{
  skip_blanks (p);
  if (++p->values > p->limits.max_values)
    return too_large (p, "fewer values");
  switch (peek (p))
    {
    case '{':
    case '[':
      return parse_container (p, depth);
    case '"':
      if (!parse_string (p))
        return FALSE;
      bl_gv_append (&p->out, "\0s", 2);
      return TRUE;
    case 't':
      return parse_word (p, "true", "\1\0b", 3);
    case 'f':
      return parse_word (p, "false", "\0\0b", 3);
    case 'n':
      return parse_word (p, "null", "\0mv", 3);
    case '-':
    case '0' ... '9':
      return parse_number (p);
    default:
      return unexpected (p, "a value");
    }
}

GVariant *
bl_json_parse (const char *text, gsize len, const BlJsonLimits *limits, BlJsonFlags flags, GError **error)
{
  Parser p = { .text = text, .len = len, .flags = flags, .error = error };
  GVariant *value = NULL;
  if (limits)
    p.limits = *limits;
  if (p.limits.max_bytes == 0)
    p.limits.max_bytes = BL_CONTROL_MAX_JSON;
  /* A JSON level costs three of GVariant, which itself stops at 128. */
  if (p.limits.max_depth == 0 || p.limits.max_depth > BL_JSON_MAX_DEPTH)
    p.limits.max_depth = BL_JSON_MAX_DEPTH;
  if (p.limits.max_values == 0)
    p.limits.max_values = BL_JSON_MAX_VALUES;
  if (p.limits.max_string == 0)
    p.limits.max_string = p.limits.max_bytes;
  if (len > p.limits.max_bytes)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "JSON: expected at most %" G_GSIZE_FORMAT " bytes, found %" G_GSIZE_FORMAT,
                   p.limits.max_bytes, len);
      return NULL;
    }
  bl_gv_init (&p.out, len + len / 2 + 64);
  p.entries = g_array_sized_new (FALSE, FALSE, sizeof (BlGvEntry), 32);
  if (parse_value (&p, 0))
    {
      skip_blanks (&p);
      if (p.pos == len)
        value = bl_gv_finish (&p.out);
      else
        unexpected (&p, "the end");
    }
  bl_gv_clear (&p.out);
  g_array_unref (p.entries);
  return value;
}

GVariant *
bl_json_parse_object (
    const char *text, gsize len, const BlJsonLimits *limits, BlJsonFlags flags, GError **error)
{
  g_autoptr (GVariant) value = bl_json_parse (text, len, limits, flags, error);
  if (value == NULL)
    return NULL;
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "JSON: expected an object, found type %s",
                   g_variant_get_type_string (value));
      return NULL;
    }
  return g_steal_pointer (&value);
}
