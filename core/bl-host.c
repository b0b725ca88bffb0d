// SPDX-License-Identifier: Apache-2.0
/* The functions of <bowline/host.h>, and what core keeps for each plugin. */
#include "bl-host.h"

#include "bl-log.h"
#include <string.h>

#define CORE_ID "core"
#define SERVER_PREFIX "server."

typedef struct
{
  char *section;    /* "module ID" */
  guint generation; /* counts releases: what was begun before one is not reported to the plugin after it */
} PluginData;

typedef struct
{
  BlHostReleaseFunc func;
  gpointer user_data;
} ReleaseFunc;

static BlHostEnvironment environment;
static GHashTable *hosts; /* id -> BowlineHost; they live as long as the process */
static GArray *release_funcs;
static BlModuleManager *module_manager;

BowlineHost *
bl_host_get (const char *id)
{
  BowlineHost *host;
  PluginData *data;

  if (hosts == NULL)
    hosts = g_hash_table_new (g_str_hash, g_str_equal);
  host = g_hash_table_lookup (hosts, id);
  if (host != NULL)
    return host;
  data = g_new0 (PluginData, 1);
  data->section = g_strconcat ("module ", id, NULL);
  host = g_new0 (BowlineHost, 1);
  host->magic = BOWLINE_HOST_MAGIC;
  host->id = g_strdup (id);
  host->priv = data;
  g_hash_table_insert (hosts, host->id, host);
  return host;
}

BowlineHost *
bl_host_get_core (void)
{
  return bl_host_get (CORE_ID);
}

/* ---- release --------------------------------------------------------------------------------------------
 */

void
bl_host_add_release_func (BlHostReleaseFunc func, gpointer user_data)
{
  ReleaseFunc entry = { func, user_data };

  if (release_funcs == NULL)
    release_funcs = g_array_new (FALSE, FALSE, sizeof (ReleaseFunc));
  g_array_append_val (release_funcs, entry);
}

void
bl_host_remove_release_func (BlHostReleaseFunc func, gpointer user_data)
{
  for (guint i = 0; release_funcs != NULL && i < release_funcs->len; i++)
    {
      const ReleaseFunc *entry = &g_array_index (release_funcs, ReleaseFunc, i);

      if (entry->func != func || entry->user_data != user_data)
        continue;
      g_array_remove_index (release_funcs, i);
      return;
    }
}

void
bl_host_release (BowlineHost *host)
{
  ((PluginData *)host->priv)->generation++;
  for (guint i = release_funcs != NULL ? release_funcs->len : 0; i > 0; i--)
    {
      ReleaseFunc entry = g_array_index (release_funcs, ReleaseFunc, i - 1);

      entry.func (host, entry.user_data);
    }
}

static void
release_services (BowlineHost *host, gpointer user_data)
{
  if (environment.services != NULL)
    bl_service_registry_remove_owner (environment.services, host);
}

/* ---- module manager -------------------------------------------------------------------------------------
 */

static gboolean
hook_is_enabled (const BlModuleManifest *manifest, gpointer user_data)
{
  return bl_config_module_is_enabled (environment.config, manifest->id);
}

static BowlineHost *
hook_create_host (const BlModuleManifest *manifest, gpointer user_data)
{
  return bl_host_get (manifest->id);
}

static void
hook_release_host (BowlineHost *host, gpointer user_data)
{
  bl_host_release (host);
}

static void
hook_log (guint32 level, const char *module, const char *message, gpointer user_data)
{
  GVariantDict fields;

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "module", "s", module);
  bl_log_text ("modules", level, g_variant_dict_end (&fields), message);
}

const BlModuleManagerHooks *
bl_host_get_module_hooks (void)
{
  static const BlModuleManagerHooks hooks = {
    .is_enabled = hook_is_enabled,
    .create_host = hook_create_host,
    .release_host = hook_release_host,
    .log = hook_log,
  };

  return &hooks;
}

void
bl_host_set_module_manager (BlModuleManager *manager)
{
  module_manager = manager;
}

BlModuleManager *
bl_host_get_module_manager (void)
{
  return module_manager;
}

void
bl_host_call_end (BowlineHost *host, gint64 begin, const char *what, const char *detail)
{
  gint64 taken = g_get_monotonic_time () - begin;

  if (taken < G_TIME_SPAN_MILLISECOND || module_manager == NULL)
    return;
  if (detail != NULL)
    {
      g_autofree char *text = g_strdup_printf ("%s %s", what, detail);

      bl_module_manager_note_call (module_manager, host->id, text, taken);
    }
  else
    bl_module_manager_note_call (module_manager, host->id, what, taken);
}

/* ---- functions of <bowline/host.h> ----------------------------------------------------------------------
 */

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
  return environment.version;
}

static const char *
get_data_dir (BowlineHost *host)
{
  return environment.data_dir;
}

static const char *
get_package_data_dir (BowlineHost *host)
{
  return environment.package_data_dir;
}

/* Section and key of what a plugin asks for: its own key, or "server.KEY". */
static const char *
section_of (BowlineHost *host, const char **key)
{
  if (g_str_has_prefix (*key, SERVER_PREFIX))
    {
      *key += strlen (SERVER_PREFIX);
      return "server";
    }
  return ((PluginData *)host->priv)->section;
}

static const char *
get_string (BowlineHost *host, const char *key)
{
  const char *section = section_of (host, &key);

  return bl_config_get_string (environment.config, section, key);
}

static gint64
get_int (BowlineHost *host, const char *key)
{
  const char *section = section_of (host, &key);

  return bl_config_get_int (environment.config, section, key);
}

static gboolean
get_boolean (BowlineHost *host, const char *key)
{
  const char *section = section_of (host, &key);

  return bl_config_get_boolean (environment.config, section, key);
}

static const char *const *
get_list (BowlineHost *host, const char *key)
{
  const char *section = section_of (host, &key);

  return bl_config_get_list (environment.config, section, key);
}

static void
write_log (BowlineHost *host, guint32 level, GVariant *fields, const char *message)
{
  bl_log_text (host->id, level, fields, message);
}

static gboolean
register_service (BowlineHost *host,
                  const char *name,
                  guint32 major,
                  gconstpointer table,
                  gpointer user_data,
                  GError **error)
{
  return bl_service_registry_add (environment.services, host, name, major, table, user_data, error);
}

static gboolean
lookup_service (BowlineHost *host, const char *name, guint32 major, gpointer table, gpointer *user_data)
{
  return bl_service_registry_lookup (environment.services, name, major, table, user_data);
}

/* Work of a plugin that may be gone when the work is done. */
typedef struct
{
  PluginData *plugin;
  guint generation;
  void (*work) (gpointer data);
  void (*done) (gpointer data);
  gpointer data;
  GDestroyNotify free_data;
} OffloadedJob;

static void
job_work (gpointer data)
{
  OffloadedJob *job = data;

  job->work (job->data);
}

static void
job_done (gpointer data)
{
  OffloadedJob *job = data;

  if (job->done != NULL && job->generation == job->plugin->generation)
    job->done (job->data);
}

static void
job_free (gpointer data)
{
  OffloadedJob *job = data;

  if (job->free_data != NULL)
    job->free_data (job->data);
  g_free (job);
}

static gboolean
offload (BowlineHost *host,
         void (*work) (gpointer data),
         void (*done) (gpointer data),
         gpointer data,
         GDestroyNotify free_data)
{
  PluginData *plugin = host->priv;
  const OffloadedJob filled = { plugin, plugin->generation, work, done, data, free_data };
  OffloadedJob *job = g_memdup2 (&filled, sizeof filled);

  if (bl_worker_pool_push (environment.workers, job_work, job_done, job, job_free))
    return TRUE;
  g_free (job);
  return FALSE;
}

static const BowlineHostOps host_ops = {
  .get_main_context = get_main_context,
  .get_plugin_id = get_plugin_id,
  .get_version = get_version,
  .get_data_dir = get_data_dir,
  .get_package_data_dir = get_package_data_dir,
  .get_string = get_string,
  .get_int = get_int,
  .get_boolean = get_boolean,
  .get_list = get_list,
  .log = write_log,
  .register_service = register_service,
  .lookup_service = lookup_service,
  .offload = offload,
};

void
bl_host_install (const BlHostEnvironment *given)
{
  environment = *given;
  bl_host_add_release_func (release_services, NULL);
  bowline_private_install_host_ops (&host_ops);
}
