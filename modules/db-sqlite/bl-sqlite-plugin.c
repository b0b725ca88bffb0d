// SPDX-License-Identifier: Apache-2.0
/* Entry point of module db-sqlite: reads the settings, opens the store off the main context, registers it. */
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-build-config.h"
#include "bl-sqlite-store.h"
#include <bowline/plugin.h>

#define DATABASE_FILE "bowline.db"

static BlSqliteStore *running_store;

typedef struct
{
  char *path;
  BlSqliteOptions options;
} OpenJob;

static void
open_job_free (gpointer data)
{
  OpenJob *job = data;

  g_free (job->path);
  g_free (job);
}

static void
open_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  OpenJob *job = data;
  GError *error = NULL;
  BlSqliteStore *store = bl_sqlite_store_open (&job->options, &error);

  if (store != NULL)
    g_task_return_pointer (task, store, (GDestroyNotify)bl_sqlite_store_close);
  else
    g_task_return_error (task, error);
}

static BlSqliteCheck
check_from_string (const char *text)
{
  if (g_str_equal (text, "off"))
    return BL_SQLITE_CHECK_OFF;
  return g_str_equal (text, "full") ? BL_SQLITE_CHECK_FULL : BL_SQLITE_CHECK_QUICK;
}

static void
activate_async (BowlineHost *host,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  OpenJob *job = g_new0 (OpenJob, 1);

  job->path = g_build_filename (bowline_host_get_data_dir (host), DATABASE_FILE, NULL);
  job->options.path = job->path;
  job->options.check = check_from_string (bowline_host_get_string (host, "check"));
  job->options.event_days = (guint)bowline_host_get_int (host, "event-days");
  job->options.max_bytes = (guint64)bowline_host_get_int (host, "max-size");
  g_task_set_task_data (task, job, open_job_free);
  g_task_run_in_thread (task, open_in_thread);
}

static gboolean
activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  g_autoptr (BlSqliteStore) store = g_task_propagate_pointer (G_TASK (result), error);

  if (store == NULL || !bowline_host_register_store (host, bl_sqlite_store_get_table (), store, error))
    return FALSE;
  bl_sqlite_store_start (store, bowline_host_get_main_context (host));
  running_store = g_steal_pointer (&store);
  return TRUE;
}

static void
deactivate (BowlineHost *host)
{
  g_clear_pointer (&running_store, bl_sqlite_store_close);
}

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  static const BowlinePluginDescriptor descriptor = {
    .struct_size = sizeof descriptor,
    .abi_major = BOWLINE_ABI_MAJOR,
    .abi_minor = BOWLINE_ABI_MINOR,
    .kind = BOWLINE_PLUGIN_KIND_SERVER,
    .id = "db-sqlite",
    .version = BL_VERSION,
    .license = "Apache-2.0",
    .activate_async = activate_async,
    .activate_finish = activate_finish,
    .deactivate = deactivate,
  };

  return &descriptor;
}
