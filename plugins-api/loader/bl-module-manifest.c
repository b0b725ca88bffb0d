// SPDX-License-Identifier: Apache-2.0
/* BlModuleManifest: a strict parser of NAME.module. */
#include "bl-module-manifest.h"

#include "bl-module-loader.h"
#include <bowline/error.h>
#include <string.h>

#define SUFFIX ".module"
#define GROUP_MODULE "Module"
#define GROUP_SETTING "Setting "

static const char *const module_keys[]
    = { "Id",        "Version",      "AbiMajor", "AbiMinMinor", "Kind",     "Provides", "Requires", "After",
        "Conflicts", "Capabilities", "Name",     "Summary",     "Required", "Enabled",  NULL };
static const char *const setting_keys[]
    = { "Type", "Default", "Minimum", "Maximum", "Values", "Summary", "Secret", NULL };

gboolean
bl_module_manifest_id_is_valid (const char *id)
{
  gsize length = strlen (id);

  return length >= 1 && length <= 40 && g_ascii_islower (id[0])
         && strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && strcmp (id, "server") != 0
         && strcmp (id, "core") != 0;
}

BlModuleManifest *
bl_module_manifest_ref (BlModuleManifest *manifest)
{
  g_atomic_ref_count_inc (&manifest->refs);
  return manifest;
}

void
bl_module_manifest_unref (BlModuleManifest *manifest)
{
  if (!g_atomic_ref_count_dec (&manifest->refs))
    return;
  for (guint i = 0; i < manifest->n_settings; i++)
    {
      g_free ((char *)manifest->settings[i].key);
      g_free ((char *)manifest->settings[i].default_value);
      g_free ((char *)manifest->settings[i].values);
      g_free ((char *)manifest->settings[i].summary);
    }
  g_free (manifest->settings);
  g_free (manifest->path);
  g_free (manifest->library);
  g_free (manifest->id);
  g_free (manifest->version);
  g_free (manifest->name);
  g_free (manifest->summary);
  g_strfreev (manifest->provides);
  g_strfreev (manifest->requires);
  g_strfreev (manifest->conflicts);
  g_strfreev (manifest->after);
  g_strfreev (manifest->capabilities);
  g_free (manifest);
}

static void G_GNUC_PRINTF (4, 5)
    refuse (GError **error, const char *group, const char *key, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "[%s] %s: %s", group, key, detail);
}

/* "Name[de]" is a translation of Name. */
static char *
untranslated (const char *key)
{
  const char *bracket = strchr (key, '[');

  return bracket != NULL ? g_strndup (key, (gsize)(bracket - key)) : g_strdup (key);
}

static gboolean
keys_are_known (GKeyFile *file, const char *group, const char *const *known, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, error);

  if (keys == NULL)
    return FALSE;
  for (char **key = keys; *key != NULL; key++)
    {
      g_autofree char *plain = untranslated (*key);
      const char *nearest;

      if (g_strv_contains (known, plain))
        continue;
      nearest = bl_setting_nearest (plain, known);
      if (nearest != NULL)
        refuse (error, group, plain, "unknown field; the nearest known one is %s", nearest);
      else
        refuse (error, group, plain, "unknown field");
      return FALSE;
    }
  return TRUE;
}

static char *
take_text (GKeyFile *file, const char *group, const char *key, gboolean mandatory, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  if (text != NULL && *text != '\0')
    return g_steal_pointer (&text);
  if (mandatory)
    {
      refuse (error, group, key, "expected text, found nothing");
      return NULL;
    }
  return g_strdup ("");
}

static gboolean
take_number (GKeyFile *file, const char *group, const char *key, guint32 *number, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);
  guint64 value;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &value, NULL))
    {
      refuse (error, group, key, "expected a number from 0 to %u, found \"%s\"", G_MAXUINT16,
              text != NULL ? text : "");
      return FALSE;
    }
  *number = (guint32)value;
  return TRUE;
}

static gboolean
take_boolean (GKeyFile *file, const char *group, const char *key, gboolean *value, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);

  if (text == NULL)
    return TRUE;
  if (strcmp (text, "true") != 0 && strcmp (text, "false") != 0)
    {
      refuse (error, group, key, "expected true or false, found \"%s\"", text);
      return FALSE;
    }
  *value = strcmp (text, "true") == 0;
  return TRUE;
}

/* Lists hold ids, or dotted names such as org.example.inventory. */
static gboolean
take_names (GKeyFile *file, const char *key, char ***names, GError **error)
{
  gsize length = 0;

  *names = g_key_file_get_string_list (file, GROUP_MODULE, key, &length, NULL);
  if (*names == NULL)
    *names = g_new0 (char *, 1);
  if (length > BL_MODULE_MANIFEST_MAX_LIST)
    {
      refuse (error, GROUP_MODULE, key, "expected at most %u names, found %" G_GSIZE_FORMAT,
              BL_MODULE_MANIFEST_MAX_LIST, length);
      return FALSE;
    }
  for (gsize i = 0; i < length; i++)
    {
      const char *name = g_strstrip ((*names)[i]);

      if (*name == '\0' || strlen (name) > 64
          || strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-._:") != strlen (name))
        {
          g_autofree char *shown = g_strescape (name, NULL);

          refuse (error, GROUP_MODULE, key, "expected names of a-z 0-9 - . _ :, found \"%s\"", shown);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
take_kind (GKeyFile *file, guint32 *kind, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, GROUP_MODULE, "Kind", NULL);

  if (g_strcmp0 (text, "server") == 0)
    *kind = BOWLINE_PLUGIN_KIND_SERVER;
  else if (g_strcmp0 (text, "agent") == 0)
    *kind = BOWLINE_PLUGIN_KIND_AGENT;
  else
    {
      refuse (error, GROUP_MODULE, "Kind", "expected server or agent, found \"%s\"",
              text != NULL ? text : "");
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_limit (GKeyFile *file, const char *group, const char *key, gint64 *limit, GError **error)
{
  static const BlSetting as_bytes = { "limit", BL_SETTING_BYTES, 0, "0", 0, 0, NULL, NULL };
  g_autofree char *text = g_key_file_get_string (file, group, key, NULL);
  BlSettingValue value = { 0 };

  if (text == NULL)
    return TRUE;
  if (!bl_setting_check (&as_bytes, text, &value, NULL))
    {
      refuse (error, group, key, "expected a number, found \"%s\"", text);
      return FALSE;
    }
  *limit = value.number;
  bl_setting_value_clear (&value);
  return TRUE;
}

static gboolean
setting_key_is_valid (const char *key)
{
  gsize length = strlen (key);

  return length >= 2 && length <= 40 && g_ascii_islower (key[0])
         && strspn (key, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && strcmp (key, "enabled") != 0;
}

/* "a;b;c" as in other key files, kept as "a|b|c". */
static char *
take_choices (GKeyFile *file, const char *group)
{
  g_autofree char *text = g_key_file_get_string (file, group, "Values", NULL);

  if (text == NULL)
    return NULL;
  if (g_str_has_suffix (text, ";"))
    text[strlen (text) - 1] = '\0';
  g_strdelimit (text, ";", '|');
  return g_steal_pointer (&text);
}

static gboolean
take_setting (GKeyFile *file, const char *group, BlSetting *setting, GError **error)
{
  const char *key = group + strlen (GROUP_SETTING);
  g_autofree char *type = g_key_file_get_string (file, group, "Type", NULL);
  BlSettingValue value = { 0 };
  gboolean secret = FALSE;

  if (!keys_are_known (file, group, setting_keys, error))
    return FALSE;
  setting->key = g_strdup (key);
  if (!setting_key_is_valid (key))
    {
      refuse (error, group, "name", "expected 2 to 40 of a-z 0-9 -, other than \"enabled\"");
      return FALSE;
    }
  if (!bl_setting_type_from_string (type, &setting->type))
    {
      refuse (error, group, "Type",
              "expected string, int, bool, list, choice, path, seconds or bytes, found \"%s\"",
              type != NULL ? type : "");
      return FALSE;
    }
  setting->default_value = take_text (file, group, "Default", FALSE, NULL);
  setting->values = take_choices (file, group);
  setting->summary = take_text (file, group, "Summary", TRUE, error);
  if (setting->summary == NULL || !take_limit (file, group, "Minimum", &setting->minimum, error)
      || !take_limit (file, group, "Maximum", &setting->maximum, error)
      || !take_boolean (file, group, "Secret", &secret, error))
    return FALSE;
  setting->flags = secret ? BL_SETTING_SECRET : 0;
  if (setting->minimum > setting->maximum)
    {
      refuse (error, group, "Maximum", "expected at least Minimum");
      return FALSE;
    }
  if (!bl_setting_check (setting, setting->default_value, &value, error))
    {
      g_prefix_error (error, "[%s] Default: ", group);
      return FALSE;
    }
  bl_setting_value_clear (&value);
  return TRUE;
}

static gboolean
take_settings (GKeyFile *file, BlModuleManifest *manifest, GError **error)
{
  gsize n_groups = 0;
  g_auto (GStrv) groups = g_key_file_get_groups (file, &n_groups);

  if (n_groups > BL_MODULE_MANIFEST_MAX_SETTINGS + 1)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "expected at most %u settings, found %" G_GSIZE_FORMAT, BL_MODULE_MANIFEST_MAX_SETTINGS,
                   n_groups - 1);
      return FALSE;
    }
  manifest->settings = g_new0 (BlSetting, n_groups);
  for (gsize i = 0; i < n_groups; i++)
    {
      if (strcmp (groups[i], GROUP_MODULE) == 0)
        continue;
      if (!g_str_has_prefix (groups[i], GROUP_SETTING))
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                       "unknown group [%s]: expected [Module] or [Setting KEY]", groups[i]);
          return FALSE;
        }
      if (!take_setting (file, groups[i], &manifest->settings[manifest->n_settings++], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_module (GKeyFile *file, BlModuleManifest *manifest, const char *expected_id, GError **error)
{
  if (!g_key_file_has_group (file, GROUP_MODULE))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected a group [Module], found none");
      return FALSE;
    }
  if (!keys_are_known (file, GROUP_MODULE, module_keys, error))
    return FALSE;
  manifest->id = take_text (file, GROUP_MODULE, "Id", TRUE, error);
  if (manifest->id == NULL)
    return FALSE;
  if (strcmp (manifest->id, expected_id) != 0 || !bl_module_manifest_id_is_valid (manifest->id))
    {
      refuse (error, GROUP_MODULE, "Id", "expected \"%s\", as the file is called, found \"%s\"", expected_id,
              manifest->id);
      return FALSE;
    }
  manifest->version = take_text (file, GROUP_MODULE, "Version", TRUE, error);
  if (manifest->version == NULL || !take_number (file, GROUP_MODULE, "AbiMajor", &manifest->abi_major, error)
      || !take_number (file, GROUP_MODULE, "AbiMinMinor", &manifest->abi_min_minor, error)
      || !take_kind (file, &manifest->kind, error)
      || !take_boolean (file, GROUP_MODULE, "Required", &manifest->required, error)
      || !take_boolean (file, GROUP_MODULE, "Enabled", &manifest->enabled, error)
      || !take_names (file, "Provides", &manifest->provides, error)
      || !take_names (file, "Requires", &manifest->requires, error)
      || !take_names (file, "After", &manifest->after, error)
      || !take_names (file, "Conflicts", &manifest->conflicts, error)
      || !take_names (file, "Capabilities", &manifest->capabilities, error))
    return FALSE;
  manifest->name = take_text (file, GROUP_MODULE, "Name", TRUE, error);
  if (manifest->name == NULL)
    return FALSE;
  manifest->summary = take_text (file, GROUP_MODULE, "Summary", TRUE, error);
  return manifest->summary != NULL;
}

BlModuleManifest *
bl_module_manifest_parse (const char *path, const char *data, gsize length, GError **error)
{
  g_autoptr (BlModuleManifest) manifest = g_new0 (BlModuleManifest, 1);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *id = NULL;
  g_autofree char *library = NULL;

  g_atomic_ref_count_init (&manifest->refs);
  manifest->enabled = TRUE;
  manifest->path = g_strdup (path);
  id = g_str_has_suffix (base, SUFFIX) ? g_strndup (base, strlen (base) - strlen (SUFFIX)) : g_strdup (base);
  if (length > BL_MODULE_MANIFEST_MAX_BYTES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "%s: expected at most %u bytes, found %" G_GSIZE_FORMAT, path,
                   BL_MODULE_MANIFEST_MAX_BYTES, length);
      return NULL;
    }
  if (!g_key_file_load_from_data (file, data, length, G_KEY_FILE_KEEP_TRANSLATIONS, error)
      || !take_module (file, manifest, id, error) || !take_settings (file, manifest, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  library = g_strdup_printf ("bowline-%s-%s.so",
                             manifest->kind == BOWLINE_PLUGIN_KIND_AGENT ? "agent" : "module", id);
  manifest->library = g_build_filename (directory, library, NULL);
  return g_steal_pointer (&manifest);
}

BlModuleManifest *
bl_module_manifest_load (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length = 0;

  if (!bl_module_loader_check_file (path, error))
    return NULL;
  if (!g_file_get_contents (path, &data, &length, error))
    return NULL;
  return bl_module_manifest_parse (path, data, length, error);
}
