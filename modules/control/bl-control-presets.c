// SPDX-License-Identifier: Apache-2.0
#include "bl-control-presets.h"

#include <string.h>

/* A file of commands, beside the list unless its name is absolute. */
static gboolean
read_commands (BlPreset *preset, const char *list, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (list);
  g_autofree char *path = g_path_is_absolute (preset->file) ? g_strdup (preset->file)
                                                             : g_build_filename (folder, preset->file, NULL);
  gsize size;

  if (!g_file_get_contents (path, &preset->commands, &size, error))
    return FALSE;
  if (size > 0 && size <= BL_PRESETS_MAX_COMMANDS && g_utf8_validate (preset->commands, (gssize)size, NULL))
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected 1 to %u bytes of UTF-8", path,
               BL_PRESETS_MAX_COMMANDS);
  return FALSE;
}

gboolean
bl_control_presets_load (BlControl *control, GError **error)
{
  const char *path = bowline_host_get_string (control->host, "preset-commands");
  g_autoptr (GPtrArray) presets = NULL;
  g_autofree char *text = NULL;
  gsize size;

  if (path[0] == '\0')
    return TRUE;
  if (g_file_get_contents (path, &text, &size, error))
    presets = bl_presets_parse (text, size, error);
  for (guint i = 0; presets != NULL && i < presets->len; i++)
    {
      BlPreset *preset = presets->pdata[i];

      if (preset->file != NULL && !read_commands (preset, path, error))
        g_clear_pointer (&presets, g_ptr_array_unref);
    }
  if (presets == NULL)
    {
      g_prefix_error (error, "preset-commands: %s: ", path);
      return FALSE;
    }
  control->presets = g_steal_pointer (&presets);
  return TRUE;
}

GVariant *
bl_control_presets_list (BlControl *control)
{
  GVariantBuilder list;

  if (control->presets == NULL || control->presets->len == 0)
    return NULL;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < control->presets->len; i++)
    {
      const BlPreset *preset = control->presets->pdata[i];
      GVariantDict entry;

      g_variant_dict_init (&entry, NULL);
      g_variant_dict_insert (&entry, "name", "s", preset->name);
      g_variant_dict_insert (&entry, "type", "x", preset->type);
      g_variant_builder_add (&list, "v", g_variant_dict_end (&entry));
    }
  return g_variant_builder_end (&list);
}

const BlPreset *
bl_control_presets_get (BlControl *control, gint64 index)
{
  return control->presets != NULL && index >= 0 && index < control->presets->len ? control->presets->pdata[index]
                                                                                 : NULL;
}
