// SPDX-License-Identifier: Apache-2.0
#include "common/bl-presets.h"

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define MEMBER "preconfiguredScripts"

static void
preset_free (gpointer data)
{
  BlPreset *preset = data;

  g_free (preset->name);
  g_free (preset->commands);
  g_free (preset->file);
  g_free (preset);
}

/* Returns: the place of @word in @words, case ignored, or -1 */
static gint64
find_word (const char *const *words, const char *word)
{
  for (gint64 i = 0; word != NULL && words[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (words[i], word) == 0)
        return i;
    }
  return -1;
}

/* Returns: (nullable): what is wrong */
static const char *
read_preset (BlPreset *preset, GVariant *object)
{
  static const char *const types[] = { "", "bat", "ps1", "sh", "agent", NULL };
  static const char *const accounts[] = { "agent", "userfirst", "user", NULL };
  const char *name = bl_variant_get_string (object, "name");
  const char *runas = bl_variant_get_string (object, "runas");
  const char *commands = bl_variant_get_string (object, "cmd");
  const char *file = bl_variant_get_string (object, "file");

  if (name == NULL || name[0] == '\0' || g_utf8_strlen (name, -1) > BL_PRESETS_MAX_NAME)
    return "expected a name of 1 to 32 characters";
  preset->name = g_strdup (name);
  preset->type = find_word (types, bl_variant_get_string (object, "type"));
  if (preset->type <= 0)
    return "expected the type bat, ps1, sh or agent";
  preset->run_as = find_word (accounts, runas);
  if (runas != NULL && preset->run_as < 0)
    return "expected runas to be agent, userfirst or user";
  if ((commands == NULL) == (file == NULL))
    return "expected either cmd or file";
  if (commands != NULL && (commands[0] == '\0' || strlen (commands) > BL_PRESETS_MAX_COMMANDS))
    return "expected cmd to have 1 to 65535 bytes";
  if (file != NULL && file[0] == '\0')
    return "expected the name of a file";
  preset->commands = g_strdup (commands);
  preset->file = g_strdup (file);
  return NULL;
}

GPtrArray *
bl_presets_parse (const char *text, gsize size, GError **error)
{
  const BlJsonLimits limits = { .max_bytes = BL_PRESETS_MAX_BYTES, .max_string = BL_PRESETS_MAX_COMMANDS };
  g_autoptr (GVariant) document = bl_json_parse (text, size, &limits, BL_JSON_DEFAULT, error);
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GPtrArray) presets = g_ptr_array_new_with_free_func (preset_free);

  if (document == NULL)
    return NULL;
  if (g_variant_is_of_type (document, G_VARIANT_TYPE ("av")))
    list = g_variant_ref (document);
  else if (g_variant_is_of_type (document, G_VARIANT_TYPE_VARDICT))
    list = bl_variant_get_array (document, MEMBER);
  if (list == NULL || g_variant_n_children (list) > BL_PRESETS_MAX)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID,
                           "expected an array of at most 100 objects, or an object with it as " MEMBER);
      return NULL;
    }
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (list, i);
      g_autoptr (GVariant) object = g_variant_get_variant (child);
      BlPreset *preset = g_new0 (BlPreset, 1);
      const char *problem = "expected an object";

      g_ptr_array_add (presets, preset);
      if (g_variant_is_of_type (object, G_VARIANT_TYPE_VARDICT))
        problem = read_preset (preset, object);
      if (problem == NULL)
        continue;
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "number %" G_GSIZE_FORMAT ": %s", i + 1, problem);
      return NULL;
    }
  return g_steal_pointer (&presets);
}
