// SPDX-License-Identifier: Apache-2.0
/* The JSON writer. */
#include "common/bl-json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/bl-error.h"

static gboolean append_value (GString *out, GVariant *value, guint depth, GError **error);

void
bl_json_append_string (GString *out, const char *text)
{
  static const char hex[] = "0123456789abcdef";
  const char *run = text;
  g_string_append_c (out, '"');
  for (const char *p = text;; p++)
    {
      guint8 c = (guint8) *p;
      if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
        continue;
      g_string_append_len (out, run, p - run);
      run = p + 1;
      if (c == '\0')
        break;
      switch (c)
        {
        case '\n':
          g_string_append (out, "\\n");
          break;
        case '\r':
          g_string_append (out, "\\r");
          break;
        case '\t':
          g_string_append (out, "\\t");
          break;
        case '"':
        case '\\':
          g_string_append_c (out, '\\');
          g_string_append_c (out, (char) c);
          break;
        default:
          g_string_append (out, "\\u00");
          g_string_append_c (out, hex[c >> 4]);
          g_string_append_c (out, hex[c & 15]);
        }
    }
  g_string_append_c (out, '"');
}

static void
append_unsigned (GString *out, guint64 value)
{
  char digits[20];
  gsize n = sizeof digits;
  do
    digits[--n] = (char) ('0' + value % 10);
  while ((value /= 10) > 0);
  g_string_append_len (out, digits + n, (gssize) (sizeof digits - n));
}

static void
append_signed (GString *out, gint64 value)
{
  if (value < 0)
    g_string_append_c (out, '-');
  append_unsigned (out, value < 0 ? 0 - (guint64) value : (guint64) value);
}

/* The shortest text that reads back as the same double, and reads back as a double. */
static gboolean
append_double (GString *out, double value, GError **error)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (!isfinite (value))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_UNSUPPORTED, "JSON cannot hold infinity or NaN");
      return FALSE;
    }
  for (int digits = 15; digits <= 17; digits++)
    {
      char format[] = "%.15g";
      format[3] = (char) ('0' + digits - 10);
      g_ascii_formatd (text, sizeof text, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }
  g_string_append (out, text);
  if (strpbrk (text, ".e") == NULL)
    g_string_append (out, ".0");
  return TRUE;
}

static gboolean
unsupported (GVariant *value, GError **error)
{
  g_set_error (error, BL_ERROR, BL_ERROR_UNSUPPORTED, "JSON cannot hold a value of type %s",
               g_variant_get_type_string (value));
  return FALSE;
}

static gboolean
append_object (GString *out, GVariant *value, guint depth, GError **error)
{
  gsize n = g_variant_n_children (value);
  g_string_append_c (out, '{');
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
      g_autoptr (GVariant) child = g_variant_get_child_value (entry, 1);
      if (i > 0)
        g_string_append_c (out, ',');
      bl_json_append_string (out, g_variant_get_string (key, NULL));
      g_string_append_c (out, ':');
      if (!append_value (out, child, depth + 1, error))
        return FALSE;
    }
  g_string_append_c (out, '}');
  return TRUE;
}

/* Arrays, and tuples, which become arrays. */
static gboolean
append_array (GString *out, GVariant *value, guint depth, GError **error)
{
  gsize n = g_variant_n_children (value);
  g_string_append_c (out, '[');
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);
      if (i > 0)
        g_string_append_c (out, ',');
      if (!append_value (out, child, depth + 1, error))
        return FALSE;
    }
  g_string_append_c (out, ']');
  return TRUE;
}

static gboolean
append_container (GString *out, GVariant *value, guint depth, GError **error)
{
  /* GVariant's own limit; a parsed document is far below it. */
  if (depth > 64)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_UNSUPPORTED, "JSON: expected at most 64 levels");
      return FALSE;
    }
  const char *type = g_variant_get_type_string (value);
  if (g_str_has_prefix (type, "a{s") || g_str_has_prefix (type, "a{o"))
    return append_object (out, value, depth, error);
  if (strcmp (type, "ay") == 0 || g_str_has_prefix (type, "a{"))
    return unsupported (value, error);
  return append_array (out, value, depth, error);
}

static gboolean
append_value (GString *out, GVariant *value, guint depth, GError **error)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      g_string_append (out, g_variant_get_boolean (value) ? "true" : "false");
      return TRUE;
    case G_VARIANT_CLASS_BYTE:
      append_unsigned (out, g_variant_get_byte (value));
      return TRUE;
    case G_VARIANT_CLASS_INT16:
      append_signed (out, g_variant_get_int16 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT16:
      append_unsigned (out, g_variant_get_uint16 (value));
      return TRUE;
    case G_VARIANT_CLASS_INT32:
      append_signed (out, g_variant_get_int32 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT32:
      append_unsigned (out, g_variant_get_uint32 (value));
      return TRUE;
    case G_VARIANT_CLASS_INT64:
      append_signed (out, g_variant_get_int64 (value));
      return TRUE;
    case G_VARIANT_CLASS_UINT64:
      append_unsigned (out, g_variant_get_uint64 (value));
      return TRUE;
    case G_VARIANT_CLASS_DOUBLE:
      return append_double (out, g_variant_get_double (value), error);
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      bl_json_append_string (out, g_variant_get_string (value, NULL));
      return TRUE;
    case G_VARIANT_CLASS_VARIANT:
    case G_VARIANT_CLASS_MAYBE:
      {
        if (g_variant_n_children (value) == 0)
          {
            g_string_append (out, "null");
            return TRUE;
          }
        g_autoptr (GVariant) child = g_variant_get_child_value (value, 0);
        return append_value (out, child, depth, error);
      }
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
      return append_container (out, value, depth, error);
    case G_VARIANT_CLASS_HANDLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
    default:
      return unsupported (value, error);
    }
}

gboolean
bl_json_append (GString *out, GVariant *value, GError **error)
{
  gsize before = out->len;
  if (append_value (out, value, 0, error))
    return TRUE;
  g_string_truncate (out, before);
  return FALSE;
}

char *
bl_json_to_string (GVariant *value, GError **error)
{
  g_autoptr (GString) out = g_string_sized_new (256);
  if (!bl_json_append (out, value, error))
    return NULL;
  return g_string_free (g_steal_pointer (&out), FALSE);
}

GBytes *
bl_json_from_variant (GVariant *value, GError **error)
{
  g_autoptr (GString) out = g_string_sized_new (256);
  if (!bl_json_append (out, value, error))
    return NULL;
  return g_string_free_to_bytes (g_steal_pointer (&out));
}
