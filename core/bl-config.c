// SPDX-License-Identifier: Apache-2.0
/* BlConfig: reads, merges and checks the configuration. */
#include "bl-config.h"

#include "bl-build-config.h"
#include "bl-config-scanner.h"
#include <bowline/error.h>
#include <glib/gstdio.h>
#include <string.h>

#define SECTION_SERVER "server"
#define SECTION_MODULE "module "
#define KEY_ENABLED "enabled"
#define MAX_DROP_INS 256u
#define MAX_ENTRIES 4096u
#define MAX_PROBLEMS 20u

/* One assignment as it was read; later ones win. */
typedef struct
{
  char *section;
  char *key;
  char *text;
  char *origin; /* "FILE:LINE" or "--set SECTION.KEY" */
} Entry;

typedef struct
{
  char *name;
  GPtrArray *settings; /* borrowed BlSetting */
  GHashTable *values;  /* key -> BlSettingValue, complete after the check */
  GHashTable *given;   /* keys a file or --set gives */
  BlModuleManifest *manifest;
  BlSetting enabled;
  gboolean unchecked;
} Section;

struct _BlConfig
{
  gatomicrefcount refs;
  GPtrArray *entries;   /* Entry */
  GPtrArray *overrides; /* Entry */
  GHashTable *sections; /* name -> Section */
  char *drop_in_directory;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->section);
  g_free (entry->key);
  g_free (entry->text);
  g_free (entry->origin);
  g_free (entry);
}

static void
value_free (gpointer data)
{
  bl_setting_value_clear (data);
  g_free (data);
}

static void
section_free (gpointer data)
{
  Section *section = data;

  g_free (section->name);
  g_ptr_array_unref (section->settings);
  g_hash_table_unref (section->values);
  g_hash_table_unref (section->given);
  g_clear_pointer (&section->manifest, bl_module_manifest_unref);
  g_free (section);
}

static Section *
add_section (BlConfig *config, const char *name)
{
  Section *section = g_new0 (Section, 1);

  section->name = g_strdup (name);
  section->settings = g_ptr_array_new ();
  section->values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, value_free);
  section->given = g_hash_table_new (g_str_hash, g_str_equal);
  g_hash_table_replace (config->sections, section->name, section);
  return section;
}

BlConfig *
bl_config_new (void)
{
  BlConfig *config = g_new0 (BlConfig, 1);
  guint n_settings;
  const BlSetting *settings = bl_config_get_server_settings (&n_settings);
  Section *server;

  g_atomic_ref_count_init (&config->refs);
  config->entries = g_ptr_array_new_with_free_func (entry_free);
  config->overrides = g_ptr_array_new_with_free_func (entry_free);
  config->sections = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, section_free);
  config->drop_in_directory = g_build_filename (BL_SYSCONFDIR, "conf.d", NULL);
  server = add_section (config, SECTION_SERVER);
  for (guint i = 0; i < n_settings; i++)
    g_ptr_array_add (server->settings, (gpointer)&settings[i]);
  return config;
}

BlConfig *
bl_config_ref (BlConfig *config)
{
  g_atomic_ref_count_inc (&config->refs);
  return config;
}

void
bl_config_unref (BlConfig *config)
{
  if (!g_atomic_ref_count_dec (&config->refs))
    return;
  g_ptr_array_unref (config->entries);
  g_ptr_array_unref (config->overrides);
  g_hash_table_unref (config->sections);
  g_free (config->drop_in_directory);
  g_free (config);
}

/* ---- reading --------------------------------------------------------------------------------------------
 */

static void
add_entry (GPtrArray *entries, const char *section, const char *key, char *text, char *origin)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->section = g_strdup (section);
  entry->key = g_strdup (key);
  entry->text = text;
  entry->origin = origin;
  g_ptr_array_add (entries, entry);
}

static gboolean
take_places (BlConfig *config, const char *name, GKeyFile *file, GPtrArray *places, GError **error)
{
  for (guint i = 0; i < places->len; i++)
    {
      const BlConfigPlace *place = places->pdata[i];
      g_autoptr (GError) local = NULL;
      char *text = g_key_file_get_string (file, place->section, place->key, &local);

      if (text == NULL)
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s:%u: [%s] %s: %s", name, place->line,
                       place->section, place->key, local->message);
          return FALSE;
        }
      add_entry (config->entries, place->section, place->key, text,
                 g_strdup_printf ("%s:%u", name, place->line));
    }
  return TRUE;
}

gboolean
bl_config_parse (BlConfig *config, const char *name, const char *data, gsize length, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GPtrArray) places = NULL;

  if (length > BL_CONFIG_MAX_BYTES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "%s: expected at most %u bytes, found %" G_GSIZE_FORMAT, name, BL_CONFIG_MAX_BYTES,
                   length);
      return FALSE;
    }
  places = bl_config_scan (name, data, length, error);
  if (places == NULL)
    return FALSE;
  if (config->entries->len + places->len > MAX_ENTRIES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "%s: expected at most %u keys in all files, found %u", name, MAX_ENTRIES,
                   config->entries->len + places->len);
      return FALSE;
    }
  if (!g_key_file_load_from_data (file, data, length, G_KEY_FILE_NONE, error))
    {
      if (places->len == 0 && g_error_matches (*error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_NOT_FOUND))
        {
          g_clear_error (error);
          return TRUE;
        }
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }
  return take_places (config, name, file, places, error);
}

static gboolean
read_file (BlConfig *config, const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length = 0;
  GStatBuf info;

  if (g_stat (path, &info) == 0 && info.st_size > (goffset)BL_CONFIG_MAX_BYTES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                   "%s: expected at most %u bytes, found %" G_GINT64_FORMAT, path, BL_CONFIG_MAX_BYTES,
                   (gint64)info.st_size);
      return FALSE;
    }
  return g_file_get_contents (path, &data, &length, error)
         && bl_config_parse (config, path, data, length, error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
read_drop_ins (BlConfig *config, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (config->drop_in_directory, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".conf") && *name != '.')
      g_ptr_array_add (names, g_strdup (name));
  if (names->len > MAX_DROP_INS)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "%s: expected at most %u files, found %u",
                   config->drop_in_directory, MAX_DROP_INS, names->len);
      return FALSE;
    }
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (config->drop_in_directory, names->pdata[i], NULL);

      if (!read_file (config, path, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
bl_config_override (BlConfig *config, const char *assignment, GError **error)
{
  const char *equals = strchr (assignment, '=');
  g_autofree char *left = equals != NULL ? g_strndup (assignment, (gsize)(equals - assignment)) : NULL;
  char *dot = left != NULL ? strrchr (left, '.') : NULL;
  g_autofree char *section = NULL;

  if (dot == NULL || dot == left || dot[1] == '\0' || !g_utf8_validate (assignment, -1, NULL))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "--set: expected SECTION.KEY=VALUE, found \"%s\"", left != NULL ? left : assignment);
      return FALSE;
    }
  if (config->overrides->len >= MAX_ENTRIES)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "--set: expected at most %u", MAX_ENTRIES);
      return FALSE;
    }
  *dot = '\0';
  if (strcmp (left, SECTION_SERVER) == 0 || g_str_has_prefix (left, SECTION_MODULE))
    section = g_strdup (left);
  else
    section = g_strconcat (SECTION_MODULE, left, NULL);
  add_entry (config->overrides, section, dot + 1, g_strdup (equals + 1),
             g_strdup_printf ("--set %s.%s", left, dot + 1));
  return TRUE;
}

gboolean
bl_config_load (BlConfig *config, const char *file, const char *const *overrides, GError **error)
{
  g_autofree char *standard = g_build_filename (BL_SYSCONFDIR, "bowline.conf", NULL);
  g_autofree char *absolute = g_canonicalize_filename (file != NULL ? file : standard, NULL);
  g_autofree char *directory = g_path_get_dirname (absolute);

  g_free (config->drop_in_directory);
  config->drop_in_directory = g_build_filename (directory, "conf.d", NULL);
  if ((file != NULL || g_file_test (absolute, G_FILE_TEST_EXISTS)) && !read_file (config, absolute, error))
    return FALSE;
  if (!read_drop_ins (config, error))
    return FALSE;
  for (; overrides != NULL && *overrides != NULL; overrides++)
    if (!bl_config_override (config, *overrides, error))
      return FALSE;
  return bl_config_check_server (config, error);
}

/* ---- checking -------------------------------------------------------------------------------------------
 */

static const BlSetting *
find_setting (Section *section, const char *key)
{
  for (guint i = 0; i < section->settings->len; i++)
    {
      const BlSetting *setting = section->settings->pdata[i];

      if (strcmp (setting->key, key) == 0)
        return setting;
    }
  return NULL;
}

static void G_GNUC_PRINTF (3, 4)
    add_problem (GPtrArray *problems, const Entry *entry, const char *format, ...)
{
  g_autofree char *detail = NULL;
  va_list args;

  if (problems->len >= MAX_PROBLEMS)
    return;
  va_start (args, format);
  detail = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (problems,
                   g_strdup_printf ("%s: [%s] %s: %s", entry->origin, entry->section, entry->key, detail));
}

static void
report_unknown_key (GPtrArray *problems, Section *section, const Entry *entry)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  const char *nearest;

  for (guint i = 0; i < section->settings->len; i++)
    g_ptr_array_add (known, (gpointer)((const BlSetting *)section->settings->pdata[i])->key);
  g_ptr_array_add (known, NULL);
  nearest = bl_setting_nearest (entry->key, (const char *const *)known->pdata);
  if (nearest != NULL)
    add_problem (problems, entry, "unknown key; the nearest known one is %s", nearest);
  else
    add_problem (problems, entry, "unknown key");
}

static void
report_unknown_section (GPtrArray *problems, BlConfig *config, const Entry *entry)
{
  g_autofree const char **known = (const char **)g_hash_table_get_keys_as_array (config->sections, NULL);
  const char *nearest = bl_setting_nearest (entry->section, known);

  if (nearest != NULL)
    add_problem (problems, entry, "unknown section; the nearest known one is [%s]", nearest);
  else
    add_problem (problems, entry,
                 "unknown section; expected [server], or [module NAME] of an installed module");
}

static void
apply_entry (BlConfig *config, Section *section, const Entry *entry, GPtrArray *problems)
{
  const BlSetting *setting = find_setting (section, entry->key);
  g_autoptr (GError) error = NULL;
  BlSettingValue *value;

  if (setting == NULL)
    {
      if (!section->unchecked)
        report_unknown_key (problems, section, entry);
      return;
    }
  value = g_new0 (BlSettingValue, 1);
  if (!bl_setting_check (setting, entry->text, value, &error))
    {
      value_free (value);
      add_problem (problems, entry, "%s", error->message);
      return;
    }
  g_hash_table_replace (section->values, (gpointer)setting->key, value);
  g_hash_table_add (section->given, (gpointer)setting->key);
}

static void
set_defaults (Section *section)
{
  for (guint i = 0; i < section->settings->len; i++)
    {
      const BlSetting *setting = section->settings->pdata[i];
      BlSettingValue *value = g_new0 (BlSettingValue, 1);
      g_autoptr (GError) error = NULL;

      if (!bl_setting_check (setting, setting->default_value, value, &error))
        g_critical ("[%s] %s: default: %s", section->name, setting->key, error->message);
      g_hash_table_replace (section->values, (gpointer)setting->key, value);
    }
}

/* @only: (nullable): check just this section and leave the others for later. */
static gboolean
check (BlConfig *config, const char *only, GError **error)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  GPtrArray *sources[] = { config->entries, config->overrides };
  g_autofree char *text = NULL;
  GHashTableIter iter;
  gpointer section;

  g_hash_table_iter_init (&iter, config->sections);
  while (g_hash_table_iter_next (&iter, NULL, &section))
    if (only == NULL || strcmp (((Section *)section)->name, only) == 0)
      set_defaults (section);
  for (guint s = 0; s < G_N_ELEMENTS (sources); s++)
    for (guint i = 0; i < sources[s]->len; i++)
      {
        const Entry *entry = sources[s]->pdata[i];

        if (only != NULL && strcmp (entry->section, only) != 0)
          continue;
        section = g_hash_table_lookup (config->sections, entry->section);
        if (section != NULL)
          apply_entry (config, section, entry, problems);
        else
          report_unknown_section (problems, config, entry);
      }
  if (problems->len == 0)
    return TRUE;
  g_ptr_array_add (problems, NULL);
  text = g_strjoinv ("\n", (char **)problems->pdata);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, text);
  return FALSE;
}

gboolean
bl_config_check_server (BlConfig *config, GError **error)
{
  return check (config, SECTION_SERVER, error);
}

gboolean
bl_config_check (BlConfig *config, GError **error)
{
  return check (config, NULL, error);
}

void
bl_config_add_module (BlConfig *config, const BlModuleManifest *manifest)
{
  g_autofree char *name = g_strconcat (SECTION_MODULE, manifest->id, NULL);
  Section *section = add_section (config, name);

  section->manifest = bl_module_manifest_ref ((BlModuleManifest *)manifest);
  section->enabled = (BlSetting){
    .key = KEY_ENABLED,
    .type = BL_SETTING_BOOL,
    .default_value = manifest->enabled ? "true" : "false",
    .summary = "Whether the module is loaded.",
  };
  g_ptr_array_add (section->settings, &section->enabled);
  for (guint i = 0; i < manifest->n_settings; i++)
    g_ptr_array_add (section->settings, &manifest->settings[i]);
}

void
bl_config_add_unchecked_module (BlConfig *config, const char *id)
{
  g_autofree char *name = g_strconcat (SECTION_MODULE, id, NULL);

  if (g_hash_table_lookup (config->sections, name) == NULL)
    add_section (config, name)->unchecked = TRUE;
}

/* ---- getters --------------------------------------------------------------------------------------------
 */

static const BlSettingValue *
find_value (BlConfig *config, const char *section_name, const char *key)
{
  Section *section = g_hash_table_lookup (config->sections, section_name);
  const BlSettingValue *value = section != NULL ? g_hash_table_lookup (section->values, key) : NULL;

  if (value == NULL)
    g_warning ("[%s] %s: asked for a key that is not declared", section_name, key);
  return value;
}

const char *
bl_config_get_string (BlConfig *config, const char *section, const char *key)
{
  const BlSettingValue *value = find_value (config, section, key);

  return value != NULL && value->text != NULL ? value->text : "";
}

gint64
bl_config_get_int (BlConfig *config, const char *section, const char *key)
{
  const BlSettingValue *value = find_value (config, section, key);

  return value != NULL ? value->number : 0;
}

gboolean
bl_config_get_boolean (BlConfig *config, const char *section, const char *key)
{
  return bl_config_get_int (config, section, key) != 0;
}

const char *const *
bl_config_get_list (BlConfig *config, const char *section, const char *key)
{
  static const char *const empty[] = { NULL };
  const BlSettingValue *value = find_value (config, section, key);

  return value != NULL && value->items != NULL ? (const char *const *)value->items : empty;
}

gboolean
bl_config_has_key (BlConfig *config, const char *section_name, const char *key)
{
  Section *section = g_hash_table_lookup (config->sections, section_name);

  return section != NULL && find_setting (section, key) != NULL;
}

gboolean
bl_config_is_set (BlConfig *config, const char *section_name, const char *key)
{
  Section *section = g_hash_table_lookup (config->sections, section_name);

  return section != NULL && g_hash_table_contains (section->given, key);
}

gboolean
bl_config_module_is_enabled (BlConfig *config, const char *id)
{
  g_autofree char *name = g_strconcat (SECTION_MODULE, id, NULL);

  return bl_config_has_key (config, name, KEY_ENABLED) && bl_config_get_boolean (config, name, KEY_ENABLED);
}

char *
bl_config_dup_drop_in_directory (BlConfig *config)
{
  return g_strdup (config->drop_in_directory);
}

gboolean
bl_config_set_module_enabled (const char *drop_in_directory, const char *id, gboolean enabled, GError **error)
{
  g_autofree char *name = NULL, *path = NULL, *text = NULL;

  if (!bl_module_manifest_id_is_valid (id))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected the id of a module, found \"%s\"",
                   id);
      return FALSE;
    }
  if (!g_file_test (drop_in_directory, G_FILE_TEST_IS_DIR)
      && (g_mkdir_with_parents (drop_in_directory, 0755) != 0 || g_chmod (drop_in_directory, 0755) != 0))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "%s: %s", drop_in_directory,
                   g_strerror (errno));
      return FALSE;
    }
  name = g_strdup_printf ("50-module-%s.conf", id);
  path = g_build_filename (drop_in_directory, name, NULL);
  text
      = g_strdup_printf ("# Written by bowlinectl module %s %s\n[" SECTION_MODULE "%s]\n" KEY_ENABLED "=%s\n",
                         enabled ? "enable" : "disable", id, id, enabled ? "true" : "false");
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 0644, error))
    return FALSE;
  /* The server may run as another user than the one who writes, and with another umask. */
  if (g_chmod (path, 0644) == 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "%s: %s", path, g_strerror (errno));
  return FALSE;
}
