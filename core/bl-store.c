// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-store"

#include "bl-store.h"
#include "bl-host.h"
#include "bl-table.h"

/* The table as ABI 1.0 had it; later slots may be missing. */
#define BL_STORE_SIZE_1_0 (G_STRUCT_OFFSET (BowlineStore, backup) + sizeof (gpointer))

struct _BlStore
{
  BowlineStore table; /* struct_size 0: none registered */
  gpointer self;
  BowlineHost *owner;
  BlStoreLoadFunc load_func;
  gpointer load_data;
};

static BlStore *installed_store;

BlStore *
bl_store_new (void)
{
  return g_new0 (BlStore, 1);
}

static void
bl_store_release_cb (BowlineHost *host, gpointer user_data)
{
  bl_store_remove_owner (user_data, host);
}

void
bl_store_free (BlStore *store)
{
  if (store == NULL)
    return;
  if (installed_store == store)
    {
      bl_host_remove_release_func (bl_store_release_cb, store);
      bowline_private_install_store_ops (NULL);
      installed_store = NULL;
    }
  g_free (store);
}

static gboolean
bl_store_check_table (const BowlineStore *table, GError **error)
{
  const struct
  {
    const char *name;
    gboolean set;
  } slots[] = {
    { "load", table->load != NULL },           { "commit", table->commit != NULL },
    { "read", table->read != NULL },           { "list", table->list != NULL },
    { "add_event", table->add_event != NULL }, { "query_events", table->query_events != NULL },
    { "flush", table->flush != NULL },         { "status", table->status != NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (slots); i++)
    {
      if (slots[i].set)
        continue;
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "store: the slot %s is empty", slots[i].name);
      return FALSE;
    }
  return TRUE;
}

static void
bl_store_clear (BlStore *store)
{
  memset (&store->table, 0, sizeof store->table);
  store->self = NULL;
  store->owner = NULL;
}

gboolean
bl_store_register (
    BlStore *store, BowlineHost *owner, const BowlineStore *table, gpointer self, GError **error)
{
  BowlineStore copy;

  if (store->table.struct_size != 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS, "there is a store already, provided by %s",
                   store->owner != NULL ? store->owner->id : "core");
      return FALSE;
    }
  if (!bl_table_copy (&copy, sizeof copy, table, BL_STORE_SIZE_1_0, "BowlineStore", error)
      || !bl_store_check_table (&copy, error))
    return FALSE;

  store->table = copy;
  store->self = self;
  store->owner = owner;
  if (store->load_func != NULL && !store->load_func (store, store->load_data, error))
    {
      bl_store_clear (store);
      return FALSE;
    }
  return TRUE;
}

void
bl_store_remove_owner (BlStore *store, BowlineHost *owner)
{
  if (store->table.struct_size != 0 && store->owner == owner)
    bl_store_clear (store);
}

const BowlineStore *
bl_store_get (BlStore *store, gpointer *self)
{
  if (self != NULL)
    *self = store->self;
  return store->table.struct_size != 0 ? &store->table : NULL;
}

void
bl_store_set_load_func (BlStore *store, BlStoreLoadFunc func, gpointer user_data)
{
  store->load_func = func;
  store->load_data = user_data;
}

static void
bl_store_done_cb (const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

void
bl_store_flush_async (BlStore *store,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, bl_store_flush_async);
  if (store->table.struct_size == 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  store->table.flush (store->self, bl_store_done_cb, g_steal_pointer (&task));
}

gboolean
bl_store_flush_finish (BlStore *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bl_store_backup_async (BlStore *store,
                       const char *path,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, bl_store_backup_async);
  if (store->table.backup == NULL)
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED,
                               store->table.struct_size == 0 ? "there is no store"
                                                             : "this store cannot copy itself");
      return;
    }
  store->table.backup (store->self, path, bl_store_done_cb, g_steal_pointer (&task));
}

gboolean
bl_store_backup_finish (BlStore *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

GVariant *
bl_store_dup_status (BlStore *store)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (store->table.struct_size != 0)
    return store->table.status (store->self);
  g_variant_dict_insert (&dict, "engine", "s", "none");
  g_variant_dict_insert (&dict, "healthy", "b", FALSE);
  g_variant_dict_insert (&dict, "problem", "s", "no module provides a store");
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

gboolean
bl_store_is_healthy (BlStore *store)
{
  g_autoptr (GVariant) status = bl_store_dup_status (store);
  gboolean healthy = FALSE;

  (void)g_variant_lookup (status, "healthy", "b", &healthy);
  return healthy;
}

static gboolean
ops_register_store (BowlineHost *host, const BowlineStore *table, gpointer self, GError **error)
{
  return bl_store_register (installed_store, host, table, self, error);
}

void
bl_store_install (BlStore *store)
{
  static const BowlineStoreOps ops = { .register_store = ops_register_store };

  installed_store = store;
  bl_host_add_release_func (bl_store_release_cb, store);
  bowline_private_install_store_ops (&ops);
}
