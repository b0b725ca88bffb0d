// SPDX-License-Identifier: Apache-2.0
/* The line scanner of the configuration. */
#include "bl-config-scanner.h"

#include <bowline/error.h>
#include <string.h>

void
bl_config_place_free (BlConfigPlace *place)
{
  g_free (place->section);
  g_free (place->key);
  g_free (place);
}

static void G_GNUC_PRINTF (4, 5)
    refuse (GError **error, const char *name, guint line, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s:%u: %s", name, line, detail);
}

/* What a message may show of a line. */
static char *
excerpt (const char *text)
{
  g_autofree char *head = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), 40));

  return g_strescape (head, NULL);
}

static gboolean
take_section (const char *name, guint line, const char *text, char **section, GError **error)
{
  gsize length = strlen (text);
  g_autofree char *shown = excerpt (text);

  if (length < 3 || text[length - 1] != ']')
    {
      refuse (error, name, line, "expected a section such as [server], found \"%s\"", shown);
      return FALSE;
    }
  g_free (*section);
  *section = g_strndup (text + 1, length - 2);
  if (strpbrk (*section, "[]") == NULL)
    return TRUE;
  refuse (error, name, line, "expected a section such as [server], found \"%s\"", shown);
  return FALSE;
}

static guint
line_of (GPtrArray *places, const char *section, const char *key)
{
  for (guint i = 0; i < places->len; i++)
    {
      const BlConfigPlace *place = places->pdata[i];

      if (strcmp (place->section, section) == 0 && strcmp (place->key, key) == 0)
        return place->line;
    }
  return 0;
}

static gboolean
take_key (
    const char *name, guint line, const char *text, const char *section, GPtrArray *places, GError **error)
{
  const char *equals = strchr (text, '=');
  g_autofree char *shown = excerpt (text);
  g_autofree char *key = NULL;
  BlConfigPlace *place;
  guint earlier;

  if (equals == NULL || equals == text)
    {
      refuse (error, name, line, "expected KEY=VALUE, [SECTION] or # comment, found \"%s\"", shown);
      return FALSE;
    }
  key = g_strstrip (g_strndup (text, (gsize)(equals - text)));
  if (section == NULL)
    {
      refuse (error, name, line, "%s: expected a section such as [server] first, found none", key);
      return FALSE;
    }
  earlier = line_of (places, section, key);
  if (earlier != 0)
    {
      refuse (error, name, line, "[%s] %s: expected a key once in a file, found it on line %u too", section,
              key, earlier);
      return FALSE;
    }
  place = g_new0 (BlConfigPlace, 1);
  place->section = g_strdup (section);
  place->key = g_steal_pointer (&key);
  place->line = line;
  g_ptr_array_add (places, place);
  return TRUE;
}

GPtrArray *
bl_config_scan (const char *name, const char *data, gsize length, GError **error)
{
  g_autoptr (GPtrArray) places = g_ptr_array_new_with_free_func ((GDestroyNotify)bl_config_place_free);
  g_autofree char *section = NULL;
  const char *p = data, *end = data + length;
  guint line = 0;

  while (p < end)
    {
      const char *feed = memchr (p, '\n', (gsize)(end - p));
      const char *stop = feed != NULL ? feed : end;
      g_autofree char *text = NULL;
      gboolean good = TRUE;

      line++;
      if (!g_utf8_validate_len (p, (gsize)(stop - p), NULL))
        {
          refuse (error, name, line, "expected UTF-8 text, found other bytes");
          return NULL;
        }
      text = g_strstrip (g_strndup (p, (gsize)(stop - p)));
      if (*text == '[')
        good = take_section (name, line, text, &section, error);
      else if (*text != '\0' && *text != '#')
        good = take_key (name, line, text, section, places, error);
      if (!good)
        return NULL;
      p = feed != NULL ? feed + 1 : end;
    }
  return g_steal_pointer (&places);
}
