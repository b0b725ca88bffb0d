// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-directory"

#include "bl-directory-private.h"
#include "bowline-private.h"
#include "common/bl-variant.h"
#include <bowline/error.h>

/* Patches are gathered for half of the 50 ms a crash may cost; the rest is the store's. */
#define PATCH_DELAY_MS 25u
#define PATCH_DELAY_MAX_MS 30000u
#define PATCH_MAX_DOCUMENTS 500u /* in one transaction */

/* Patched documents on their way to the store. */
typedef struct
{
  BlDirectory *directory; /* NULL: it is gone */
  GPtrArray *ids;
} PatchWrite;

static const char *const hot_types[]
    = { "user", "ugrp", "mesh", "node", "deviceshare", "logintoken", "loginkey", "server", NULL };

static BlDirectory *installed_directory;

static void bl_directory_write_patches (BlDirectory *directory);

gboolean
bl_directory_is_hot_type (const char *type)
{
  return g_strv_contains (hot_types, type);
}

static void
bl_directory_load_cb (GVariant *variant, gpointer user_data)
{
  BlDirectory *directory = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (BlDocument) document = bl_document_new (variant, &error);

  if (document == NULL)
    {
      g_warning ("a stored document is left out: %s", error->message);
      return;
    }
  bl_document_index_put (directory->index, document);
}

static gboolean
bl_directory_load (BlStore *store, gpointer user_data, GError **error)
{
  gpointer self;
  const BowlineStore *table = bl_store_get (store, &self);

  return table->load (self, hot_types, bl_directory_load_cb, user_data, error);
}

BlDirectory *
bl_directory_new (BlStore *store, BlEventBus *bus)
{
  BlDirectory *directory = g_new0 (BlDirectory, 1);

  directory->store = store;
  directory->bus = bus;
  directory->index = bl_document_index_new ();
  directory->flights = bl_directory_flights_new ();
  directory->dirty = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  directory->writes = g_ptr_array_new ();
  directory->patch_delay_ms = PATCH_DELAY_MS;
  g_queue_init (&directory->unfinished);
  g_queue_init (&directory->waiters);
  bl_store_set_load_func (store, bl_directory_load, directory);
  return directory;
}

void
bl_directory_free (BlDirectory *directory)
{
  if (directory == NULL)
    return;
  if (installed_directory == directory)
    {
      bowline_private_install_directory_ops (NULL);
      installed_directory = NULL;
    }
  bl_store_set_load_func (directory->store, NULL, NULL);
  bl_directory_commit_abandon (directory);
  for (guint i = 0; i < directory->writes->len; i++)
    ((PatchWrite *)g_ptr_array_index (directory->writes, i))->directory = NULL;
  g_clear_handle_id (&directory->patch_source, g_source_remove);
  g_ptr_array_unref (directory->writes);
  g_hash_table_unref (directory->dirty);
  g_hash_table_unref (directory->flights);
  bl_document_index_free (directory->index);
  g_free (directory);
}

GVariant *
bl_directory_dup (BlDirectory *directory, const char *id)
{
  BlDocument *document = bl_document_index_lookup (directory->index, id);

  return document != NULL ? bl_document_dup_variant (document) : NULL;
}

gboolean
bl_directory_contains (BlDirectory *directory, const char *id)
{
  return bl_document_index_lookup (directory->index, id) != NULL;
}

guint
bl_directory_count (BlDirectory *directory, const char *type)
{
  return bl_document_index_count (directory->index, type);
}

void
bl_directory_foreach (BlDirectory *directory,
                      const char *type,
                      const char *meshid,
                      BowlineDirectoryFunc func,
                      gpointer user_data)
{
  g_autoptr (GPtrArray) list = bl_document_index_dup_list (directory->index, type, meshid);

  for (guint i = 0; i < list->len; i++)
    {
      BlDocument *document = g_ptr_array_index (list, i);
      g_autoptr (GVariant) variant = bl_document_dup_variant (document);

      if (!func (bl_document_get_id (document), variant, user_data))
        return;
    }
}

void
bl_directory_publish (BlDirectory *directory, const char *id, gboolean is_put)
{
  bl_event_bus_publish (directory->bus, "directory.changed",
                        g_variant_new ("(sms)", id, is_put ? "put" : "delete"));
}

void
bl_directory_set (BlDirectory *directory, const char *id, BlDocument *document)
{
  if (document != NULL)
    bl_document_index_put (directory->index, document);
  else
    bl_document_index_remove (directory->index, id);
}

/* ---- patches: small changes nobody waits for --------------------------------------------------------------
 */

void
bl_directory_mark_dirty (BlDirectory *directory, const char *id)
{
  if (!g_hash_table_contains (directory->dirty, id))
    g_hash_table_add (directory->dirty, g_strdup (id));
}

static gboolean
bl_directory_patch_cb (gpointer user_data)
{
  BlDirectory *directory = user_data;

  directory->patch_source = 0;
  bl_directory_write_patches (directory);
  return G_SOURCE_REMOVE;
}

void
bl_directory_schedule_patches (BlDirectory *directory)
{
  if (directory->patch_source == 0 && g_hash_table_size (directory->dirty) > 0)
    directory->patch_source = g_timeout_add (directory->patch_delay_ms, bl_directory_patch_cb, directory);
}

static void
patch_write_finish (BlDirectory *directory, PatchWrite *write, const GError *error)
{
  g_ptr_array_remove_fast (directory->writes, write);
  if (error == NULL)
    {
      if (directory->patch_delay_ms > PATCH_DELAY_MS)
        g_message ("reports of devices are stored again");
      directory->patch_delay_ms = PATCH_DELAY_MS;
      return;
    }
  if (directory->patch_delay_ms == PATCH_DELAY_MS)
    g_warning ("reports of devices wait in memory, the store refuses them: %s", error->message);
  directory->patch_delay_ms = CLAMP (directory->patch_delay_ms * 2, 500, PATCH_DELAY_MAX_MS);
  for (guint i = 0; i < write->ids->len; i++)
    bl_directory_mark_dirty (directory, g_ptr_array_index (write->ids, i));
  g_clear_handle_id (&directory->patch_source, g_source_remove);
}

static void
patch_write_done_cb (const GError *error, gpointer user_data)
{
  PatchWrite *write = user_data;

  if (write->directory != NULL)
    {
      patch_write_finish (write->directory, write, error);
      bl_directory_schedule_patches (write->directory);
    }
  g_ptr_array_unref (write->ids);
  g_free (write);
}

/* Takes the next dirty documents that no commit is changing. Returns: (transfer floating): aa{sv} */
static GVariant *
bl_directory_take_dirty (BlDirectory *directory, GPtrArray *ids)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, directory->dirty);
  while (ids->len < PATCH_MAX_DOCUMENTS && g_hash_table_iter_next (&iter, &key, NULL))
    {
      g_autoptr (GVariant) document = NULL;

      if (g_hash_table_contains (directory->flights, key))
        continue;
      document = bl_directory_dup (directory, key);
      if (document != NULL)
        {
          g_variant_builder_add_value (&builder, document);
          g_ptr_array_add (ids, g_strdup (key));
        }
      g_hash_table_iter_remove (&iter);
    }
  return g_variant_builder_end (&builder);
}

static void
bl_directory_write_patches (BlDirectory *directory)
{
  gpointer self;
  const BowlineStore *table = bl_store_get (directory->store, &self);
  guint rounds = g_hash_table_size (directory->dirty) / PATCH_MAX_DOCUMENTS + 1;

  for (guint i = 0; table != NULL && i < rounds; i++)
    {
      g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GVariant) puts = g_variant_ref_sink (bl_directory_take_dirty (directory, ids));
      PatchWrite *write;

      if (ids->len == 0)
        return;
      write = g_new0 (PatchWrite, 1);
      write->directory = directory;
      write->ids = g_ptr_array_ref (ids);
      g_ptr_array_add (directory->writes, write);
      table->commit (self, puts, NULL, BOWLINE_COMMIT_RELAXED, patch_write_done_cb, write);
    }
}

static gboolean
patch_changes (GVariant *document, GVariant *fields)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, fields);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) now = bl_variant_get_child (document, key);
      gboolean same = now == NULL ? bl_variant_is_null (value) : g_variant_equal (now, value);

      g_variant_unref (value);
      if (!same)
        return TRUE;
    }
  return FALSE;
}

static gboolean
patch_is_allowed (const char *id, GVariant *fields)
{
  if (!g_variant_is_of_type (fields, G_VARIANT_TYPE_VARDICT))
    {
      g_warning ("patch of %s: expected a{sv}, found %s", id, g_variant_get_type_string (fields));
      return FALSE;
    }
  if (bl_variant_has (fields, "_id") || bl_variant_has (fields, "type"))
    {
      g_warning ("patch of %s: _id and type of a document never change", id);
      return FALSE;
    }
  return TRUE;
}

gboolean
bl_directory_merge (BlDirectory *directory, const char *id, GVariant *patch)
{
  g_autoptr (GVariant) old = bl_directory_dup (directory, id);
  g_autoptr (GVariant) merged = NULL;
  g_autoptr (BlDocument) document = NULL;
  g_autoptr (GError) error = NULL;

  if (old == NULL)
    return FALSE;
  merged = bl_doc_merge (old, patch);
  document = bl_document_new (merged, &error);
  if (document == NULL)
    {
      g_warning ("patch of %s: %s", id, error->message);
      return FALSE;
    }
  bl_directory_set (directory, id, document);
  return TRUE;
}

/* Remembers the patch beside the commits it must survive. Unlike a merge this keeps the nulls. */
static void
flight_add_patch (Flight *flight, GVariant *fields)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, fields);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      GVariant *patches = bl_doc_set (flight->patches, key, value);

      g_clear_pointer (&flight->patches, g_variant_unref);
      flight->patches = patches;
      g_variant_unref (value);
    }
}

gboolean
bl_directory_patch (BlDirectory *directory, const char *id, GVariant *fields)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (fields);
  g_autoptr (GVariant) old = bl_directory_dup (directory, id);
  Flight *flight;

  if (old == NULL || !patch_is_allowed (id, held) || !patch_changes (old, held)
      || !bl_directory_merge (directory, id, held))
    return FALSE;
  flight = g_hash_table_lookup (directory->flights, id);
  if (flight != NULL)
    flight_add_patch (flight, held);
  bl_directory_mark_dirty (directory, id);
  bl_directory_schedule_patches (directory);
  bl_directory_publish (directory, id, TRUE);
  return TRUE;
}

/* ---- reading ----------------------------------------------------------------------------------------------
 */

static void
bl_directory_read_cb (GVariant *document, const GError *error, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_pointer (task, document != NULL ? g_variant_ref (document) : NULL,
                           (GDestroyNotify)g_variant_unref);
}

void
bl_directory_read_async (BlDirectory *directory,
                         const char *id,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  GVariant *value = bl_directory_dup (directory, id);
  gpointer self;
  const BowlineStore *table = bl_store_get (directory->store, &self);

  g_task_set_source_tag (task, bl_directory_read_async);
  if (!bl_document_check_id (id, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (value != NULL || bl_directory_commit_peek (directory, id, &value) || table == NULL)
    g_task_return_pointer (task, value, (GDestroyNotify)g_variant_unref);
  else
    table->read (self, id, bl_directory_read_cb, g_steal_pointer (&task));
}

GVariant *
bl_directory_read_finish (BlDirectory *directory, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

typedef struct
{
  char *type;
  char *prefix;
  guint32 limit;
} ListRequest;

static void
list_request_free (gpointer data)
{
  ListRequest *request = data;

  g_free (request->type);
  g_free (request->prefix);
  g_free (request);
}

static GVariant *
bl_directory_list_hot (BlDirectory *directory, ListRequest *request)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GPtrArray) list = bl_document_index_dup_list (directory->index, request->type, NULL);
  guint n = 0;

  for (guint i = 0; i < list->len && n < request->limit; i++)
    {
      g_autoptr (GVariant) document = NULL;

      if (request->prefix != NULL
          && !g_str_has_prefix (bl_document_get_id (g_ptr_array_index (list, i)), request->prefix))
        continue;
      document = bl_document_dup_variant (g_ptr_array_index (list, i));
      g_variant_builder_add_value (&builder, document);
      n++;
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* All changes asked for earlier are with the store now. @directory: %NULL: it is gone */
static void
bl_directory_list_ready (BlDirectory *directory, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  ListRequest *request = g_task_get_task_data (task);
  gpointer self;
  const BowlineStore *table = directory != NULL ? bl_store_get (directory->store, &self) : NULL;

  if (table != NULL)
    table->list (self, request->type, request->prefix, request->limit, bl_directory_read_cb,
                 g_steal_pointer (&task));
  else
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "no module provides a store");
}

void
bl_directory_list_async (BlDirectory *directory,
                         const char *type,
                         const char *prefix,
                         guint32 limit,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  ListRequest *request = g_new0 (ListRequest, 1);

  request->type = g_strdup (type);
  request->prefix = g_strdup (prefix);
  request->limit = limit;
  g_task_set_task_data (task, request, list_request_free);
  g_task_set_source_tag (task, bl_directory_list_async);
  if (limit == 0 || limit > BL_DIRECTORY_MAX_LIST)
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                             "list: expected a limit of 1 to %u, found %u", BL_DIRECTORY_MAX_LIST, limit);
  else if (bl_directory_is_hot_type (type))
    g_task_return_pointer (task, bl_directory_list_hot (directory, request), (GDestroyNotify)g_variant_unref);
  else
    bl_directory_commit_wait (directory, FALSE, bl_directory_list_ready, g_steal_pointer (&task));
}

GVariant *
bl_directory_list_finish (BlDirectory *directory, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- end and status ---------------------------------------------------------------------------------------
 */

static void
bl_directory_flushed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (bl_store_flush_finish (NULL, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
bl_directory_flush_ready (BlDirectory *directory, gpointer user_data)
{
  GTask *task = user_data;

  if (directory == NULL)
    {
      g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the server stops");
      g_object_unref (task);
      return;
    }
  bl_directory_write_patches (directory);
  bl_store_flush_async (directory->store, g_task_get_cancellable (task), bl_directory_flushed_cb, task);
}

void
bl_directory_flush_async (BlDirectory *directory,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, bl_directory_flush_async);
  bl_directory_commit_wait (directory, TRUE, bl_directory_flush_ready, task);
}

gboolean
bl_directory_flush_finish (BlDirectory *directory, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

gsize
bl_directory_get_memory (BlDirectory *directory)
{
  return bl_document_index_get_memory (directory->index);
}

/* ---- <bowline/directory.h> --------------------------------------------------------------------------------
 */

static GVariant *
ops_dup (BowlineHost *host, const char *id)
{
  return bl_directory_dup (installed_directory, id);
}

static gboolean
ops_contains (BowlineHost *host, const char *id)
{
  return bl_directory_contains (installed_directory, id);
}

static guint
ops_count (BowlineHost *host, const char *type)
{
  return bl_directory_count (installed_directory, type);
}

static void
ops_foreach (
    BowlineHost *host, const char *type, const char *meshid, BowlineDirectoryFunc func, gpointer user_data)
{
  bl_directory_foreach (installed_directory, type, meshid, func, user_data);
}

static void
ops_commit_async (BowlineHost *host,
                  GVariant *puts,
                  const char *const *deletes,
                  guint32 flags,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  bl_directory_commit_async (installed_directory, puts, deletes, flags, cancellable, callback, user_data);
}

static gboolean
ops_commit_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return bl_directory_commit_finish (installed_directory, result, error);
}

static gboolean
ops_patch (BowlineHost *host, const char *id, GVariant *fields)
{
  return bl_directory_patch (installed_directory, id, fields);
}

static void
ops_read_async (BowlineHost *host,
                const char *id,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  bl_directory_read_async (installed_directory, id, cancellable, callback, user_data);
}

static GVariant *
ops_read_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return bl_directory_read_finish (installed_directory, result, error);
}

static void
ops_list_async (BowlineHost *host,
                const char *type,
                const char *prefix,
                guint32 limit,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  bl_directory_list_async (installed_directory, type, prefix, limit, cancellable, callback, user_data);
}

static GVariant *
ops_list_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return bl_directory_list_finish (installed_directory, result, error);
}

void
bl_directory_install (BlDirectory *directory)
{
  static const BowlineDirectoryOps ops = {
    .dup = ops_dup,
    .contains = ops_contains,
    .count = ops_count,
    .foreach = ops_foreach,
    .commit_async = ops_commit_async,
    .commit_finish = ops_commit_finish,
    .patch = ops_patch,
    .read_async = ops_read_async,
    .read_finish = ops_read_finish,
    .list_async = ops_list_async,
    .list_finish = ops_list_finish,
  };

  installed_directory = directory;
  bowline_private_install_directory_ops (&ops);
}
