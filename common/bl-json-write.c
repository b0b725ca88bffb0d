// SPDX-License-Identifier: Apache-2.0
/*
 * The JSON writer. What our own parser and document helpers make lies in memory in serialised form and is
 * written from there; every other GVariant takes the general way.
 */
#include "common/bl-json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/bl-error.h"
#include "common/bl-gv.h"
#include "common/bl-json-scan.h"

/* A parsed document is far below it. */
#define MAX_DEPTH 64

static gboolean append_value (GString *out, GVariant *value, guint depth, GError **error);

void
bl_json_append_string (GString *out, const char *text)
{
  static const char hex[] = "0123456789abcdef";
  gsize left = strlen (text);
  g_string_append_c (out, '"');
  while (TRUE)
    {
      gsize run = bl_json_plain_run (text, left);
      g_string_append_len (out, text, (gssize)run);
      text += run;
      left -= run;
      if (left == 0)
        break;
      guint8 c = (guint8)*text++;
      left--;
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
          g_string_append_c (out, (char)c);
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
    digits[--n] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  g_string_append_len (out, digits + n, (gssize)(sizeof digits - n));
}

static void
append_signed (GString *out, gint64 value)
{
  if (value < 0)
    g_string_append_c (out, '-');
  append_unsigned (out, value < 0 ? 0 - (guint64)value : (guint64)value);
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
      format[3] = (char)('0' + digits - 10);
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
  if (depth > MAX_DEPTH)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_UNSUPPORTED, "JSON: expected at most %d levels", MAX_DEPTH);
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

static gboolean append_raw (GString *out, const BlGvValue *value, guint depth, GError **error);

/* Any type the serialised walk does not know. */
static gboolean
append_other (GString *out, const BlGvValue *value, guint depth, GError **error)
{
  g_autofree char *type = g_strndup (value->type, value->type_len);
  g_autoptr (GVariant) boxed = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE (type), value->data, value->len, TRUE, NULL, NULL));
  return append_value (out, boxed, depth, error);
}

static gboolean
append_raw_object (GString *out, const BlGvValue *value, guint depth, GError **error)
{
  BlGvArray entries;
  BlGvValue child;
  const guint8 *entry;
  gsize len, key_len;
  char before = '{';
  bl_gv_array_open (&entries, value->data, value->len);
  while ((entry = bl_gv_array_next (&entries, &len)) != NULL)
    {
      bl_gv_read_entry (entry, len, &key_len, &child);
      g_string_append_c (out, before);
      bl_json_append_string (out, (const char *)entry);
      g_string_append_c (out, ':');
      if (!append_raw (out, &child, depth + 1, error))
        return FALSE;
      before = ',';
    }
  g_string_append (out, before == '{' ? "{}" : "}");
  return TRUE;
}

static gboolean
append_raw_array (GString *out, const BlGvValue *value, guint depth, GError **error)
{
  BlGvArray elements;
  BlGvValue child;
  const guint8 *element;
  gsize len;
  char before = '[';
  bl_gv_array_open (&elements, value->data, value->len);
  while ((element = bl_gv_array_next (&elements, &len)) != NULL)
    {
      bl_gv_read_variant (element, len, &child);
      g_string_append_c (out, before);
      if (!append_raw (out, &child, depth + 1, error))
        return FALSE;
      before = ',';
    }
  g_string_append (out, before == '[' ? "[]" : "]");
  return TRUE;
}

static gboolean
append_raw (GString *out, const BlGvValue *value, guint depth, GError **error)
{
  gint64 integer;
  double real;
  if (depth > MAX_DEPTH)
    return append_other (out, value, depth, error);
  if (bl_gv_value_is (value, "a{sv}"))
    return append_raw_object (out, value, depth, error);
  if (bl_gv_value_is (value, "av"))
    return append_raw_array (out, value, depth, error);
  if (bl_gv_value_is (value, "mv") && value->len == 0)
    {
      g_string_append (out, "null");
      return TRUE;
    }
  switch (value->type_len == 1 ? *value->type : 0)
    {
    case 's':
      bl_json_append_string (out, (const char *)value->data);
      return TRUE;
    case 'x':
      memcpy (&integer, value->data, sizeof integer);
      append_signed (out, integer);
      return TRUE;
    case 'd':
      memcpy (&real, value->data, sizeof real);
      return append_double (out, real, error);
    case 'b':
      g_string_append (out, value->data[0] ? "true" : "false");
      return TRUE;
    default:
      return append_other (out, value, depth, error);
    }
}

gboolean
bl_json_append (GString *out, GVariant *value, GError **error)
{
  gsize before = out->len;
  gboolean good;
  if ((g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT)
       || g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
      && g_variant_is_normal_form (value))
    {
      const char *type = g_variant_get_type_string (value);
      const BlGvValue raw = { g_variant_get_data (value), g_variant_get_size (value), type, strlen (type) };
      good = append_raw (out, &raw, 0, error);
    }
  else
    good = append_value (out, value, 0, error);
  if (!good)
    g_string_truncate (out, before);
  return good;
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
