// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-host.h"

#include "bl-build-config.h"

static char *state_dir;
static GKeyFile *settings;
static GHashTable *hosts; // id -> Host

typedef struct
{
  BowlineHost public_host;
  BlModuleManifest *manifest;
  GHashTable *values; // key -> BlSettingValue
} Host;

static void
value_free (gpointer data)
{
  bl_setting_value_clear (data);
  g_free (data);
}

static char *
configured_text (const Host *host, const char *key)
{
  g_autofree char *group = g_strconcat ("plugin ", host->public_host.id, NULL);
  return settings != NULL ? g_key_file_get_value (settings, group, key, NULL) : NULL;
}

static void
read_values (Host *host)
{
  for (guint i = 0; i < host->manifest->n_settings; i++)
    {
      const BlSetting *setting = &host->manifest->settings[i];
      BlSettingValue *value = g_new0 (BlSettingValue, 1);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = configured_text (host, setting->key);
      if (text == NULL || !bl_setting_check (setting, text, value, &error))
        {
          if (error != NULL)
            g_warning ("[plugin %s] %s: %s; the default counts", host->public_host.id, setting->key, error->message);
          (void)bl_setting_check (setting, setting->default_value, value, NULL); // checked with the manifest
        }
      g_hash_table_insert (host->values, g_strdup (setting->key), value);
    }
}

static BowlineHost *
create_host (const BlModuleManifest *manifest, gpointer user_data)
{
  Host *host = g_hash_table_lookup (hosts, manifest->id);
  if (host == NULL)
    {
      host = g_new0 (Host, 1);
      host->public_host.magic = BOWLINE_HOST_MAGIC;
      host->public_host.id = g_strdup (manifest->id);
      host->manifest = bl_module_manifest_ref ((BlModuleManifest *)manifest);
      host->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, value_free);
      read_values (host);
      g_hash_table_insert (hosts, host->public_host.id, host);
    }
  return &host->public_host;
}

static void
release_host (BowlineHost *host, gpointer user_data)
{
  const BlAgentHostHooks *hooks = user_data;
  hooks->released (host, hooks->user_data);
}

static gboolean
is_enabled (const BlModuleManifest *manifest, gpointer user_data)
{
  g_autofree char *group = g_strconcat ("plugin ", manifest->id, NULL);
  if (settings == NULL || !g_key_file_has_key (settings, group, "enabled", NULL))
    return manifest->enabled;
  return g_key_file_get_boolean (settings, group, "enabled", NULL); // anything but true leaves the plugin out
}

static void
log_module (guint32 level, const char *module, const char *message, gpointer user_data)
{
  g_log (G_LOG_DOMAIN, level <= BOWLINE_LOG_WARNING ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO, "plugin %s: %s", module,
         message);
}

const BlModuleManagerHooks *
bl_agent_host_get_hooks (void)
{
  static const BlModuleManagerHooks hooks
      = { .is_enabled = is_enabled, .create_host = create_host, .release_host = release_host, .log = log_module };
  return &hooks;
}

// ---- behind <bowline/host.h> ---------------------------------------------------------------------------------------

static GMainContext *
get_main_context (BowlineHost *host)
{
  return g_main_context_default ();
}

static const char *
get_plugin_id (BowlineHost *host)
{
  return host->id;
}

static const char *
get_version (BowlineHost *host)
{
  return BL_VERSION;
}

static const char *
get_data_dir (BowlineHost *host)
{
  return state_dir;
}

static const char *
get_package_data_dir (BowlineHost *host)
{
  return BL_PKGDATADIR;
}

static const BlSettingValue *
find_value (BowlineHost *host, const char *key)
{
  static char *no_items[] = { NULL };
  static const BlSettingValue empty = { .text = (char *)"", .items = no_items };
  const BlSettingValue *value = g_hash_table_lookup (((Host *)host)->values, key);
  if (value == NULL)
    g_warning ("plugin %s asks for the setting %s, which its manifest does not declare", host->id, key);
  return value != NULL ? value : &empty;
}

static const char *
get_string (BowlineHost *host, const char *key)
{
  return find_value (host, key)->text;
}

static gint64
get_int (BowlineHost *host, const char *key)
{
  return find_value (host, key)->number;
}

static gboolean
get_boolean (BowlineHost *host, const char *key)
{
  return find_value (host, key)->number != 0;
}

static const char *const *
get_list (BowlineHost *host, const char *key)
{
  return (const char *const *)find_value (host, key)->items;
}

static void
log_text (BowlineHost *host, guint32 level, GVariant *fields, const char *message)
{
  g_autoptr (GVariant) owned = fields != NULL ? g_variant_ref_sink (fields) : NULL;
  g_autofree char *text = owned != NULL ? g_variant_print (owned, FALSE) : NULL;
  const GLogLevelFlags flags = level <= BOWLINE_LOG_WARNING  ? G_LOG_LEVEL_WARNING
                               : level <= BOWLINE_LOG_NOTICE ? G_LOG_LEVEL_MESSAGE
                               : level == BOWLINE_LOG_INFO   ? G_LOG_LEVEL_INFO
                                                             : G_LOG_LEVEL_DEBUG;
  g_log (G_LOG_DOMAIN, flags, "%s: %s%s%s", host->id, message, text != NULL ? " " : "", text != NULL ? text : "");
}

typedef struct
{
  void (*work) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
  GDestroyNotify free_data;
} Job;

static void
run_job (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  job->work (job->data);
  g_task_return_boolean (task, TRUE);
}

static void
job_done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Job *job = g_task_get_task_data (G_TASK (result));
  if (job->done != NULL)
    job->done (job->data);
  if (job->free_data != NULL)
    job->free_data (job->data);
}

static gboolean
offload (BowlineHost *host, void (*work) (gpointer), void (*done) (gpointer), gpointer data, GDestroyNotify free_data)
{
  Job *job = g_new0 (Job, 1);
  *job = (Job){ .work = work, .done = done, .data = data, .free_data = free_data };
  g_autoptr (GTask) task = g_task_new (NULL, NULL, job_done_cb, NULL);
  g_task_set_task_data (task, job, g_free);
  g_task_run_in_thread (task, run_job);
  return TRUE;
}

void
bl_agent_host_install (const char *directory, GKeyFile *key_file)
{
  static const BowlineHostOps ops = {
    .get_main_context = get_main_context, .get_plugin_id = get_plugin_id, .get_version = get_version,
    .get_data_dir = get_data_dir, .get_package_data_dir = get_package_data_dir, .get_string = get_string,
    .get_int = get_int, .get_boolean = get_boolean, .get_list = get_list, .log = log_text, .offload = offload,
  };
  state_dir = g_strdup (directory);
  settings = key_file != NULL ? g_key_file_ref (key_file) : NULL;
  hosts = g_hash_table_new (g_str_hash, g_str_equal);
  bowline_private_install_host_ops (&ops);
}
