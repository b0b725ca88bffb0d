// SPDX-License-Identifier: Apache-2.0
/* BlSetting: types, ranges and the check of one value's text. */
#include "bl-setting.h"

#include <bowline/error.h>
#include <string.h>

#define BL_SETTING_MAX_TEXT (64u * 1024u)
#define BL_SETTING_MAX_ITEMS 1024u
#define BL_SETTING_MAX_WORD 64u

static const char *const type_names[] = {
  [BL_SETTING_STRING] = "string",   [BL_SETTING_INT] = "int",       [BL_SETTING_BOOL] = "bool",
  [BL_SETTING_LIST] = "list",       [BL_SETTING_CHOICE] = "choice", [BL_SETTING_PATH] = "path",
  [BL_SETTING_SECONDS] = "seconds", [BL_SETTING_BYTES] = "bytes",
};

typedef struct
{
  char suffix;
  gint64 factor;
} Unit;

static const Unit second_units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
static const Unit byte_units[] = { { 'K', 1024 }, { 'M', 1024 * 1024 }, { 'G', 1024 * 1024 * 1024 } };

gboolean
bl_setting_type_from_string (const char *name, BlSettingType *type)
{
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (type_names); i++)
    if (strcmp (type_names[i], name) == 0)
      {
        *type = (BlSettingType)i;
        return TRUE;
      }
  return FALSE;
}

const char *
bl_setting_type_to_string (BlSettingType type)
{
  return (guint)type < G_N_ELEMENTS (type_names) ? type_names[type] : "unknown";
}

void
bl_setting_value_clear (BlSettingValue *value)
{
  g_clear_pointer (&value->text, g_free);
  g_clear_pointer (&value->items, g_strfreev);
  value->number = 0;
}

static gboolean
has_range (const BlSetting *setting)
{
  return setting->minimum != 0 || setting->maximum != 0;
}

static char *
range_text (const BlSetting *setting, const char *thing, const char *units)
{
  if (!has_range (setting))
    return g_strdup_printf ("%s%s", thing, units);
  return g_strdup_printf ("%s from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "%s", thing, setting->minimum,
                          setting->maximum, units);
}

static const char *
item_text (const BlSetting *setting)
{
  if (setting->flags & BL_SETTING_ORIGIN)
    return "origins such as https://example.org:8443";
  return NULL;
}

static char *
list_text (const BlSetting *setting)
{
  const char *items = item_text (setting);

  if (setting->flags & BL_SETTING_HEX)
    return g_strdup_printf ("a list of items of %" G_GINT64_FORMAT " hex digits", setting->maximum);
  if (!has_range (setting))
    return g_strdup ("a list");
  if (items == NULL)
    items = "items";
  if (setting->minimum == 0)
    return g_strdup_printf ("a list of up to %" G_GINT64_FORMAT " %s", setting->maximum, items);
  return g_strdup_printf ("a list of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " %s", setting->minimum,
                          setting->maximum, items);
}

char *
bl_setting_dup_expectation (const BlSetting *setting)
{
  switch (setting->type)
    {
    case BL_SETTING_INT:
      return range_text (setting, "an integer", "");
    case BL_SETTING_SECONDS:
      return range_text (setting, "seconds", " (or with s, m, h or d)");
    case BL_SETTING_BYTES:
      return range_text (setting, "bytes", " (or with K, M or G)");
    case BL_SETTING_BOOL:
      return g_strdup ("true or false");
    case BL_SETTING_PATH:
      return g_strdup ("an absolute path, or nothing");
    case BL_SETTING_CHOICE:
      {
        g_auto (GStrv) values = g_strsplit (setting->values != NULL ? setting->values : "", "|", -1);
        g_autofree char *list = g_strjoinv (", ", values);

        return g_strdup_printf ("one of %s", list);
      }
    case BL_SETTING_LIST:
      return list_text (setting);
    case BL_SETTING_STRING:
    default:
      if (has_range (setting) && setting->minimum == 0)
        return g_strdup_printf ("text of up to %" G_GINT64_FORMAT " bytes", setting->maximum);
      return has_range (setting) ? range_text (setting, "text", " bytes long") : g_strdup ("text");
    }
}

static gboolean
refuse (const BlSetting *setting, const char *text, GError **error)
{
  g_autofree char *expected = bl_setting_dup_expectation (setting);
  g_autofree char *shown = g_utf8_make_valid (text, MIN (strlen (text), BL_SETTING_MAX_WORD));
  g_autofree char *found = g_strescape (shown, NULL);

  if (setting->flags & BL_SETTING_SECRET)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected %s, found other text", expected);
  else if (*text == '\0')
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected %s, found nothing", expected);
  else
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected %s, found \"%s\"", expected, found);
  return FALSE;
}

static gboolean
in_range (const BlSetting *setting, gint64 number)
{
  return !has_range (setting) || (number >= setting->minimum && number <= setting->maximum);
}

/* A decimal number with at most one of @units behind it. */
static gboolean
parse_number (const char *text, const Unit *units, gsize n_units, gint64 *number)
{
  gint64 factor = 1, plain;
  gsize length = strlen (text);
  char digits[24];

  if (length == 0 || length >= sizeof digits)
    return FALSE;
  for (gsize i = 0; i < n_units; i++)
    if (text[length - 1] == units[i].suffix)
      {
        factor = units[i].factor;
        length--;
        break;
      }
  memcpy (digits, text, length);
  digits[length] = '\0';
  if (!g_ascii_string_to_signed (digits, 10, G_MININT64, G_MAXINT64, &plain, NULL))
    return FALSE;
  return !__builtin_mul_overflow (plain, factor, number);
}

static gboolean
parse_boolean (const char *text, gint64 *number)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  *number = g_strv_contains (yes, text);
  return *number || g_strv_contains (no, text);
}

static gboolean
choice_is_known (const char *values, const char *text)
{
  g_auto (GStrv) list = g_strsplit (values != NULL ? values : "", "|", -1);

  return g_strv_contains ((const char *const *)list, text);
}

static gboolean
item_is_hex (const BlSetting *setting, const char *item)
{
  gint64 length = (gint64)strlen (item);

  if (length % 2 != 0 || strspn (item, "0123456789abcdefABCDEF") != (gsize)length)
    return FALSE;
  return in_range (setting, length);
}

static gboolean
item_is_origin (const char *item)
{
  g_autoptr (GUri) uri = g_uri_parse (item, G_URI_FLAGS_NONE, NULL);

  if (uri == NULL || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    return FALSE;
  if (g_strcmp0 (g_uri_get_scheme (uri), "https") != 0 && g_strcmp0 (g_uri_get_scheme (uri), "http") != 0)
    return FALSE;
  return *g_uri_get_path (uri) == '\0' && g_uri_get_query (uri) == NULL && g_uri_get_fragment (uri) == NULL
         && g_uri_get_userinfo (uri) == NULL;
}

static gboolean
parse_list (const BlSetting *setting, const char *text, char ***items)
{
  g_auto (GStrv) pieces = g_strsplit_set (text, ";, \t", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);

  for (char **p = pieces; *p != NULL; p++)
    {
      if (**p == '\0')
        continue;
      if ((setting->flags & BL_SETTING_HEX) && !item_is_hex (setting, *p))
        return FALSE;
      if ((setting->flags & BL_SETTING_ORIGIN) && !item_is_origin (*p))
        return FALSE;
      g_ptr_array_add (kept, g_strdup (*p));
    }
  if (kept->len > BL_SETTING_MAX_ITEMS)
    return FALSE;
  if (!(setting->flags & BL_SETTING_HEX) && !in_range (setting, kept->len))
    return FALSE;
  g_ptr_array_add (kept, NULL);
  *items = (char **)g_ptr_array_free (g_steal_pointer (&kept), FALSE);
  return TRUE;
}

static gboolean
parse_value (const BlSetting *setting, const char *text, BlSettingValue *value)
{
  switch (setting->type)
    {
    case BL_SETTING_INT:
      return parse_number (text, NULL, 0, &value->number) && in_range (setting, value->number);
    case BL_SETTING_SECONDS:
      return parse_number (text, second_units, G_N_ELEMENTS (second_units), &value->number)
             && in_range (setting, value->number);
    case BL_SETTING_BYTES:
      return parse_number (text, byte_units, G_N_ELEMENTS (byte_units), &value->number)
             && in_range (setting, value->number);
    case BL_SETTING_BOOL:
      return parse_boolean (text, &value->number);
    case BL_SETTING_CHOICE:
      return choice_is_known (setting->values, text);
    case BL_SETTING_PATH:
      return *text == '\0' || g_path_is_absolute (text);
    case BL_SETTING_LIST:
      return parse_list (setting, text, &value->items);
    case BL_SETTING_STRING:
      return in_range (setting, (gint64)strlen (text));
    default:
      return FALSE;
    }
}

gboolean
bl_setting_check (const BlSetting *setting, const char *text, BlSettingValue *value, GError **error)
{
  BlSettingValue parsed = { 0 };

  if (strlen (text) > BL_SETTING_MAX_TEXT || !g_utf8_validate (text, -1, NULL)
      || !parse_value (setting, text, &parsed))
    {
      bl_setting_value_clear (&parsed);
      return refuse (setting, text, error);
    }
  parsed.text = g_strdup (text);
  *value = parsed;
  return TRUE;
}

/* Levenshtein distance of two short words. */
static guint
edit_distance (const char *a, const char *b)
{
  guint row[BL_SETTING_MAX_WORD + 1];
  gsize length_a = strlen (a), length_b = strlen (b);

  if (length_a > BL_SETTING_MAX_WORD || length_b > BL_SETTING_MAX_WORD)
    return G_MAXUINT;
  for (gsize j = 0; j <= length_b; j++)
    row[j] = (guint)j;
  for (gsize i = 1; i <= length_a; i++)
    {
      guint diagonal = row[0];

      row[0] = (guint)i;
      for (gsize j = 1; j <= length_b; j++)
        {
          guint replaced = diagonal + (g_ascii_tolower (a[i - 1]) != g_ascii_tolower (b[j - 1]));

          diagonal = row[j];
          row[j] = MIN (replaced, MIN (row[j], row[j - 1]) + 1);
        }
    }
  return row[length_b];
}

const char *
bl_setting_nearest (const char *word, const char *const *candidates)
{
  const char *best = NULL;
  guint best_distance = (guint)MIN (strlen (word) / 3 + 1, 4) + 1;

  for (; candidates != NULL && *candidates != NULL; candidates++)
    {
      guint distance = edit_distance (word, *candidates);

      if (distance < best_distance)
        {
          best = *candidates;
          best_distance = distance;
        }
    }
  return best;
}
