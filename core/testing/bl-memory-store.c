// SPDX-License-Identifier: Apache-2.0
#include "bl-memory-store.h"
#include "common/bl-variant.h"

typedef enum
{
  ASK_COMMIT,
  ASK_READ,
  ASK_LIST,
  ASK_QUERY,
  ASK_FLUSH,
} AskKind;

typedef struct
{
  AskKind kind;
  GVariant *puts;
  char **deletes;
  char *id;
  char *prefix;
  guint32 limit;
  void (*done) (const GError *error, gpointer user_data);
  void (*result) (GVariant *result, const GError *error, gpointer user_data);
  gpointer user_data;
} Ask;

struct _BlMemoryStore
{
  GHashTable *documents;
  GPtrArray *events;
  GQueue asks;
  gboolean held;
  gboolean failing;
  guint commits;
  guint idle;
};

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  g_clear_pointer (&ask->puts, g_variant_unref);
  g_strfreev (ask->deletes);
  g_free (ask->id);
  g_free (ask->prefix);
  g_free (ask);
}

BlMemoryStore *
bl_memory_store_new (void)
{
  BlMemoryStore *store = g_new0 (BlMemoryStore, 1);

  store->documents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_variant_unref);
  store->events = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  g_queue_init (&store->asks);
  return store;
}

void
bl_memory_store_free (BlMemoryStore *store)
{
  if (store == NULL)
    return;
  store->failing = TRUE;
  while (bl_memory_store_step (store))
    continue;
  g_clear_handle_id (&store->idle, g_source_remove);
  g_ptr_array_unref (store->events);
  g_hash_table_unref (store->documents);
  g_free (store);
}

static void
answer_commit (BlMemoryStore *store, Ask *ask)
{
  g_autoptr (GError) error = NULL;
  gsize n = ask->puts != NULL ? g_variant_n_children (ask->puts) : 0;

  if (store->failing)
    {
      error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the disk is full");
      ask->done (error, ask->user_data);
      return;
    }
  for (gsize i = 0; i < n; i++)
    {
      GVariant *put = g_variant_get_child_value (ask->puts, i);

      g_hash_table_insert (store->documents, g_strdup (bl_variant_get_string (put, "_id")), put);
    }
  for (guint i = 0; ask->deletes != NULL && ask->deletes[i] != NULL; i++)
    g_hash_table_remove (store->documents, ask->deletes[i]);
  ask->done (NULL, ask->user_data);
}

static void
answer_list (BlMemoryStore *store, Ask *ask)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) list = NULL;
  GHashTableIter iter;
  gpointer key, value;
  guint32 n = 0;

  g_hash_table_iter_init (&iter, store->documents);
  while (n < ask->limit && g_hash_table_iter_next (&iter, &key, &value))
    {
      if (g_strcmp0 (bl_variant_get_string (value, "type"), ask->id) != 0
          || (ask->prefix != NULL && !g_str_has_prefix (key, ask->prefix)))
        continue;
      g_variant_builder_add_value (&builder, value);
      n++;
    }
  list = g_variant_ref_sink (g_variant_builder_end (&builder));
  ask->result (list, NULL, ask->user_data);
}

static void
answer_query (BlMemoryStore *store, Ask *ask)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) list = NULL;

  for (guint i = store->events->len; i > 0; i--)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (g_ptr_array_index (store->events, i - 1), 2);

      g_variant_builder_add_value (&builder, event);
    }
  list = g_variant_ref_sink (g_variant_builder_end (&builder));
  ask->result (list, NULL, ask->user_data);
}

gboolean
bl_memory_store_step (BlMemoryStore *store)
{
  Ask *ask = g_queue_pop_head (&store->asks);

  if (ask == NULL)
    return FALSE;
  if (ask->kind == ASK_COMMIT)
    answer_commit (store, ask);
  else if (ask->kind == ASK_READ)
    ask->result (g_hash_table_lookup (store->documents, ask->id), NULL, ask->user_data);
  else if (ask->kind == ASK_LIST)
    answer_list (store, ask);
  else if (ask->kind == ASK_QUERY)
    answer_query (store, ask);
  else
    ask->done (NULL, ask->user_data);
  ask_free (ask);
  return TRUE;
}

static gboolean
idle_cb (gpointer user_data)
{
  BlMemoryStore *store = user_data;

  if (!store->held && bl_memory_store_step (store))
    return G_SOURCE_CONTINUE;
  store->idle = 0;
  return G_SOURCE_REMOVE;
}

static void
push (BlMemoryStore *store, Ask *ask)
{
  g_queue_push_tail (&store->asks, ask);
  if (store->idle == 0 && !store->held)
    store->idle = g_idle_add (idle_cb, store);
}

void
bl_memory_store_set_held (BlMemoryStore *store, gboolean held)
{
  store->held = held;
  if (!held && store->idle == 0)
    store->idle = g_idle_add (idle_cb, store);
}

void
bl_memory_store_set_failing (BlMemoryStore *store, gboolean failing)
{
  store->failing = failing;
}

guint
bl_memory_store_get_pending (BlMemoryStore *store)
{
  return store->asks.length;
}

guint
bl_memory_store_get_commits (BlMemoryStore *store)
{
  return store->commits;
}

GVariant *
bl_memory_store_peek (BlMemoryStore *store, const char *id)
{
  return g_hash_table_lookup (store->documents, id);
}

guint
bl_memory_store_count (BlMemoryStore *store)
{
  return g_hash_table_size (store->documents);
}

void
bl_memory_store_plant (BlMemoryStore *store, const char *id, GVariant *document)
{
  if (document != NULL)
    g_hash_table_insert (store->documents, g_strdup (id), g_variant_take_ref (document));
  else
    g_hash_table_remove (store->documents, id);
}

GPtrArray *
bl_memory_store_get_events (BlMemoryStore *store)
{
  return store->events;
}

static gboolean
store_load (
    gpointer self, const char *const *types, BowlineStoreRowFunc func, gpointer user_data, GError **error)
{
  BlMemoryStore *store = self;
  GHashTableIter iter;
  gpointer value;

  if (store->failing)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the file is damaged");
      return FALSE;
    }
  g_hash_table_iter_init (&iter, store->documents);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (g_strv_contains (types, bl_variant_get_string (value, "type")))
      func (value, user_data);
  return TRUE;
}

static void
store_commit (gpointer self,
              GVariant *puts,
              const char *const *deletes,
              guint32 flags,
              void (*done) (const GError *error, gpointer user_data),
              gpointer user_data)
{
  BlMemoryStore *store = self;
  Ask *ask = g_new0 (Ask, 1);

  ask->puts = puts != NULL ? g_variant_ref (puts) : NULL;
  ask->deletes = g_strdupv ((char **)deletes);
  ask->done = done;
  ask->user_data = user_data;
  store->commits++;
  push (store, ask);
}

static void
store_read (gpointer self,
            const char *id,
            void (*done) (GVariant *document, const GError *error, gpointer user_data),
            gpointer user_data)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->kind = ASK_READ;
  ask->id = g_strdup (id);
  ask->result = done;
  ask->user_data = user_data;
  push (self, ask);
}

static void
store_list (gpointer self,
            const char *type,
            const char *prefix,
            guint32 limit,
            void (*done) (GVariant *documents, const GError *error, gpointer user_data),
            gpointer user_data)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->kind = ASK_LIST;
  ask->id = g_strdup (type);
  ask->prefix = g_strdup (prefix);
  ask->limit = limit;
  ask->result = done;
  ask->user_data = user_data;
  push (self, ask);
}

static void
store_add_event (gpointer self, const char *const *targets, gint64 time_ms, GVariant *event)
{
  BlMemoryStore *store = self;

  g_ptr_array_add (store->events,
                   g_variant_ref_sink (g_variant_new ("(^asx@a{sv})", targets, time_ms, event)));
}

static void
store_query_events (gpointer self,
                    GVariant *filter,
                    void (*done) (GVariant *events, const GError *error, gpointer user_data),
                    gpointer user_data)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->kind = ASK_QUERY;
  ask->result = done;
  ask->user_data = user_data;
  push (self, ask);
}

static void
store_flush (gpointer self, void (*done) (const GError *error, gpointer user_data), gpointer user_data)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->kind = ASK_FLUSH;
  ask->done = done;
  ask->user_data = user_data;
  push (self, ask);
}

static GVariant *
store_status (gpointer self)
{
  BlMemoryStore *store = self;

  return g_variant_ref_sink (
      g_variant_new_parsed ("{'engine': <'memory'>, 'healthy': <%b>}", !store->failing));
}

const BowlineStore *
bl_memory_store_get_table (void)
{
  static const BowlineStore table = {
    .struct_size = sizeof (BowlineStore),
    .load = store_load,
    .commit = store_commit,
    .read = store_read,
    .list = store_list,
    .add_event = store_add_event,
    .query_events = store_query_events,
    .flush = store_flush,
    .status = store_status,
  };

  return &table;
}
