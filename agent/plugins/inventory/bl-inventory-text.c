// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-text.h"

#include <string.h>

#define NAMES_MAX 4096u

char *
bl_inventory_read_text (const char *root, const char *path)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (full);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  g_autofree char *text = g_malloc (BL_INVENTORY_FILE_MAX + 1);
  gsize length;
  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, BL_INVENTORY_FILE_MAX, &length, NULL, NULL))
    return NULL;
  text[length] = '\0';
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_strstrip (valid);
  return valid[0] != '\0' ? g_steal_pointer (&valid) : NULL;
}

void
bl_inventory_add_text (GVariantBuilder *builder, const char *key, const char *text)
{
  if (text == NULL || text[0] == '\0')
    return;
  g_autofree char *bounded = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), BL_INVENTORY_TEXT_MAX));
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (bounded));
}

void
bl_inventory_add_file (GVariantBuilder *builder, const char *key, const char *root, const char *path)
{
  g_autofree char *text = bl_inventory_read_text (root, path);
  bl_inventory_add_text (builder, key, text);
}

gint64
bl_inventory_read_number (const char *root, const char *path, gint64 fallback)
{
  g_autofree char *text = bl_inventory_read_text (root, path);
  char *end = NULL;
  const gint64 value = text != NULL ? g_ascii_strtoll (text, &end, 10) : 0;
  return text != NULL && end != text ? value : fallback;
}

char *
bl_inventory_find_line (const char *text, const char *key)
{
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      const char *colon = strchr (lines[i], ':');
      if (colon == NULL || !g_str_has_prefix (lines[i], key))
        continue;
      g_autofree char *name = g_strchomp (g_strndup (lines[i], (gsize)(colon - lines[i])));
      if (g_str_equal (name, key))
        return g_strstrip (g_strdup (colon + 1));
    }
  return NULL;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
bl_inventory_list (const char *root, const char *path, guint max)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autoptr (GDir) dir = g_dir_open (full, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  for (const char *name; dir != NULL && names->len < NAMES_MAX && (name = g_dir_read_name (dir)) != NULL;)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  if (names->len > max)
    g_ptr_array_set_size (names, (gint)max);
  return names;
}
