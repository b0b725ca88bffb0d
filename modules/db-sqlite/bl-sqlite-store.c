// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-store-private.h"
#include "bl-sqlite-documents.h"
#include <bowline/directory.h>
#include <bowline/error.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void
request_free (gpointer data)
{
  Request *request = data;

  g_clear_pointer (&request->value, g_variant_unref);
  g_clear_pointer (&request->answer, g_variant_unref);
  g_clear_error (&request->error);
  g_strfreev (request->names);
  g_free (request->id);
  g_free (request->prefix);
  g_free (request);
}

/* ---- the way back to the main context ---------------------------------------------------------------------
 */

typedef struct
{
  GSource source;
  BlSqliteStore *store;
} Mailbox;

static void
request_answer (Request *request)
{
  if (request->done != NULL)
    request->done (request->error, request->user_data);
  if (request->result != NULL)
    request->result (request->answer, request->error, request->user_data);
}

static void bl_sqlite_store_unref (BlSqliteStore *store);

/* Runs the callbacks of what is finished by now. One of them may close the store. */
static void
bl_sqlite_store_deliver (BlSqliteStore *store)
{
  guint n;

  store->refs++;
  g_mutex_lock (&store->lock);
  n = store->finished.length;
  while (n-- > 0 && !store->closed)
    {
      Request *request = g_queue_pop_head (&store->finished);

      store->unfinished--;
      g_mutex_unlock (&store->lock);
      request_answer (request);
      request_free (request);
      g_mutex_lock (&store->lock);
    }
  if (store->finished.length > 0 && !store->closed)
    g_source_set_ready_time (store->mailbox, 0);
  g_mutex_unlock (&store->lock);
  bl_sqlite_store_unref (store);
}

static gboolean
mailbox_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, -1);
  bl_sqlite_store_deliver (((Mailbox *)source)->store);
  return G_SOURCE_CONTINUE;
}

void
bl_sqlite_store_finish (BlSqliteStore *store, Request *request)
{
  if (request->done == NULL && request->result == NULL)
    {
      request_free (request);
      return;
    }
  g_queue_push_tail (&store->finished, request);
  g_source_set_ready_time (store->mailbox, 0);
  g_cond_broadcast (&store->idle_cond);
}

/* ---- opening ----------------------------------------------------------------------------------------------
 */

/* Two servers on one file would each trust their own memory. */
static gboolean
take_lock (BlSqliteStore *store, GError **error)
{
  g_autofree char *path = g_strconcat (store->path, ".lock", NULL);

  store->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (store->lock_fd >= 0 && flock (store->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  if (store->lock_fd >= 0 && errno == EWOULDBLOCK)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
                 "%s is in use by another Bowline server; stop it first", store->path);
  else
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

static gboolean
limit_size (BlSqliteDb *db, guint64 max_bytes, GError **error)
{
  g_autofree char *sql = NULL;
  gint64 page_size;

  if (max_bytes == 0)
    return TRUE;
  if (!bl_sqlite_db_get_int (db, "PRAGMA page_size", &page_size, error))
    return FALSE;
  sql = g_strdup_printf ("PRAGMA max_page_count = %" G_GUINT64_FORMAT,
                         MAX (max_bytes / (guint64)page_size, 1));
  return bl_sqlite_db_exec (db, sql, error);
}

static gboolean
open_databases (BlSqliteStore *store, const BlSqliteOptions *options, GError **error)
{
  guint n;
  const BlSqliteMigration *migrations = bl_sqlite_schema_get_migrations (&n);

  store->db = bl_sqlite_db_open (store->path, BL_SQLITE_DB_WRITE, error);
  if (store->db == NULL || !bl_sqlite_schema_check (store->db, options->check, error))
    return FALSE;
  if (!bl_sqlite_db_exec (store->db,
                          "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                          "PRAGMA journal_size_limit = 16777216",
                          error)
      || !bl_sqlite_schema_migrate (store->db, migrations, n, error)
      || !limit_size (store->db, options->max_bytes, error))
    return FALSE;
  store->read_db = bl_sqlite_db_open (store->path, BL_SQLITE_DB_READ, error);
  return store->read_db != NULL
         && bl_sqlite_db_get_int (store->db, "SELECT count(*) FROM documents", &store->documents, error)
         && bl_sqlite_db_get_int (store->db, "SELECT count(*) FROM events", &store->events, error);
}

static void
bl_sqlite_store_unref (BlSqliteStore *store)
{
  if (--store->refs > 0)
    return;
  bl_sqlite_db_close (store->read_db);
  bl_sqlite_db_close (store->db);
  if (store->lock_fd >= 0)
    close (store->lock_fd);
  g_queue_clear_full (&store->writes, request_free);
  g_mutex_clear (&store->lock);
  g_cond_clear (&store->writer_cond);
  g_cond_clear (&store->reader_cond);
  g_cond_clear (&store->copier_cond);
  g_cond_clear (&store->idle_cond);
  g_free (store->problem);
  g_free (store->path);
  g_free (store);
}

BlSqliteStore *
bl_sqlite_store_open (const BlSqliteOptions *options, GError **error)
{
  BlSqliteStore *store = g_new0 (BlSqliteStore, 1);

  store->refs = 1;
  store->path = g_strdup (options->path);
  store->lock_fd = -1;
  store->event_days = options->event_days;
  store->max_queued = options->max_queued > 0 ? options->max_queued : BL_SQLITE_MAX_QUEUED;
  store->healthy = TRUE;
  g_mutex_init (&store->lock);
  g_cond_init (&store->writer_cond);
  g_cond_init (&store->reader_cond);
  g_cond_init (&store->copier_cond);
  g_cond_init (&store->idle_cond);
  g_queue_init (&store->writes);
  g_queue_init (&store->reads);
  g_queue_init (&store->backups);
  g_queue_init (&store->finished);
  if (take_lock (store, error) && open_databases (store, options, error))
    return store;
  bl_sqlite_store_unref (store);
  return NULL;
}

void
bl_sqlite_store_start (BlSqliteStore *store, GMainContext *context)
{
  static GSourceFuncs funcs = { .dispatch = mailbox_dispatch };

  store->mailbox = g_source_new (&funcs, sizeof (Mailbox));
  ((Mailbox *)store->mailbox)->store = store;
  g_source_set_static_name (store->mailbox, "bowline-db-sqlite");
  g_source_attach (store->mailbox, context);
  store->writer = g_thread_new ("sqlite-writer", bl_sqlite_writer_run, store);
  store->reader = g_thread_new ("sqlite-reader", bl_sqlite_reader_run, store);
}

static void
stop_threads (BlSqliteStore *store)
{
  g_mutex_lock (&store->lock);
  store->stopping = TRUE;
  g_cond_broadcast (&store->writer_cond);
  g_cond_broadcast (&store->reader_cond);
  g_cond_broadcast (&store->copier_cond);
  g_mutex_unlock (&store->lock);
  g_thread_join (store->reader);
  if (store->copier != NULL)
    g_thread_join (store->copier);
  g_thread_join (store->writer);
}

void
bl_sqlite_store_close (BlSqliteStore *store)
{
  if (store == NULL)
    return;
  if (store->writer != NULL)
    {
      /* a callback may ask for more; it is still done */
      g_mutex_lock (&store->lock);
      while (store->unfinished > 0)
        {
          while (g_queue_is_empty (&store->finished))
            g_cond_wait (&store->idle_cond, &store->lock);
          g_mutex_unlock (&store->lock);
          bl_sqlite_store_deliver (store);
          g_mutex_lock (&store->lock);
        }
      store->closed = TRUE;
      g_mutex_unlock (&store->lock);
      stop_threads (store);
      g_source_destroy (store->mailbox);
      g_source_unref (store->mailbox);
      g_clear_pointer (&store->read_db, bl_sqlite_db_close);
      g_clear_pointer (&store->db, bl_sqlite_db_close);
    }
  bl_sqlite_store_unref (store);
}

/* ---- the functions of the store ---------------------------------------------------------------------------
 */

typedef struct
{
  BowlineStoreRowFunc func;
  gpointer user_data;
} LoadCall;

static void
load_row (GVariant *document, gpointer user_data)
{
  LoadCall *call = user_data;

  call->func (document, call->user_data);
}

static gboolean
store_load (
    gpointer self, const char *const *types, BowlineStoreRowFunc func, gpointer user_data, GError **error)
{
  BlSqliteStore *store = self;
  LoadCall call = { func, user_data };

  for (guint i = 0; types[i] != NULL; i++)
    if (!bl_sqlite_documents_foreach (store->read_db, types[i], NULL, 0, load_row, &call, error))
      return FALSE;
  (void)sqlite3_db_release_memory (bl_sqlite_db_get_handle (store->read_db));
  return TRUE;
}

/* Returns: why @request cannot be taken; %NULL: it can. Under the lock. */
static GError *
refuse (BlSqliteStore *store, Request *request)
{
  if (store->closed)
    return g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "the store is stopped");
  if (store->queued_rows + request->rows > store->max_queued && store->queued_rows > 0)
    return g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
                        "%u changes wait for the disk already, at most %u may", store->queued_rows,
                        store->max_queued);
  if (store->queued_bytes + request->bytes > BL_SQLITE_MAX_QUEUED_BYTES && store->queued_bytes > 0)
    return g_error_new (BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
                        "%" G_GSIZE_FORMAT " bytes of changes wait for the disk already, at most %u may",
                        store->queued_bytes, BL_SQLITE_MAX_QUEUED_BYTES);
  return NULL;
}

static void
push_write (BlSqliteStore *store, Request *request)
{
  g_mutex_lock (&store->lock);
  if (request->done != NULL)
    store->unfinished++;
  request->error = refuse (store, request);
  if (request->error != NULL)
    {
      if (request->kind == REQUEST_EVENT)
        store->dropped_events++;
      bl_sqlite_store_finish (store, request);
      g_mutex_unlock (&store->lock);
      return;
    }
  request->seq = ++store->last_seq;
  store->queued_rows += request->rows;
  store->queued_bytes += request->bytes;
  if (request->kind == REQUEST_COMMIT)
    store->last_commit_seq = request->seq;
  if (request->kind == REQUEST_COMMIT && !request->lingers)
    store->last_awaited_seq = request->seq;
  if (!request->lingers)
    store->waiting++;
  g_queue_push_tail (&store->writes, request);
  if (!request->lingers || store->queued_rows >= BL_SQLITE_BATCH_ROWS || store->writes.length == 1)
    g_cond_signal (&store->writer_cond);
  g_mutex_unlock (&store->lock);
}

static void
store_commit (gpointer self,
              GVariant *puts,
              const char *const *deletes,
              guint32 flags,
              BlSqliteDone done,
              gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_COMMIT;
  request->value = puts != NULL ? g_variant_ref (puts) : NULL;
  request->names = g_strdupv ((char **)deletes);
  request->flags = flags;
  request->lingers = (flags & (BOWLINE_COMMIT_RELAXED | BOWLINE_COMMIT_DURABLE)) == BOWLINE_COMMIT_RELAXED;
  request->arrived = g_get_monotonic_time ();
  request->rows = (guint)(puts != NULL ? g_variant_n_children (puts) : 0)
                  + (deletes != NULL ? g_strv_length ((char **)deletes) : 0);
  request->bytes = puts != NULL ? g_variant_get_size (puts) : 0;
  request->done = done;
  request->user_data = user_data;
  push_write (self, request);
}

static void
store_add_event (gpointer self, const char *const *targets, gint64 time_ms, GVariant *event)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_EVENT;
  request->value = g_variant_ref (event);
  request->names = g_strdupv ((char **)targets);
  request->time_ms = time_ms;
  request->lingers = TRUE;
  request->rows = 1;
  request->bytes = g_variant_get_size (event);
  request->arrived = g_get_monotonic_time ();
  push_write (self, request);
}

static void
store_flush (gpointer self, BlSqliteDone done, gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_FLUSH;
  request->done = done;
  request->user_data = user_data;
  push_write (self, request);
}

static void
push_read (BlSqliteStore *store, Request *request)
{
  GQueue *queue = request->kind == REQUEST_BACKUP ? &store->backups : &store->reads;

  g_mutex_lock (&store->lock);
  store->unfinished++;
  /* a document is not held up by what lingers, and a list not by events */
  request->seq = request->kind == REQUEST_READ   ? store->last_awaited_seq
                 : request->kind == REQUEST_LIST ? store->last_commit_seq
                                                 : store->last_seq;
  if (store->closed || queue->length >= BL_SQLITE_MAX_READS)
    {
      request->error
          = g_error_new (BOWLINE_ERROR, store->closed ? BOWLINE_ERROR_STORAGE : BOWLINE_ERROR_LIMIT, "%s",
                         store->closed ? "the store is stopped" : "too many requests wait for the store");
      bl_sqlite_store_finish (store, request);
    }
  else
    {
      if (store->done_seq < request->seq && store->hurry_seq < request->seq)
        {
          store->hurry_seq = request->seq;
          g_cond_signal (&store->writer_cond);
        }
      g_queue_push_tail (queue, request);
      if (request->kind == REQUEST_BACKUP && store->copier == NULL)
        store->copier = g_thread_new ("sqlite-copier", bl_sqlite_copier_run, store);
      g_cond_signal (request->kind == REQUEST_BACKUP ? &store->copier_cond : &store->reader_cond);
    }
  g_mutex_unlock (&store->lock);
}

static void
store_read (gpointer self, const char *id, BlSqliteResult done, gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_READ;
  request->id = g_strdup (id);
  request->result = done;
  request->user_data = user_data;
  push_read (self, request);
}

static void
store_list (gpointer self,
            const char *type,
            const char *prefix,
            guint32 limit,
            BlSqliteResult done,
            gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_LIST;
  request->id = g_strdup (type);
  request->prefix = g_strdup (prefix);
  request->limit = limit;
  request->result = done;
  request->user_data = user_data;
  push_read (self, request);
}

static void
store_query_events (gpointer self, GVariant *filter, BlSqliteResult done, gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_QUERY;
  request->value = g_variant_ref (filter);
  request->result = done;
  request->user_data = user_data;
  push_read (self, request);
}

static void
store_backup (gpointer self, const char *path, BlSqliteDone done, gpointer user_data)
{
  Request *request = g_new0 (Request, 1);

  request->kind = REQUEST_BACKUP;
  request->id = g_strdup (path);
  request->done = done;
  request->user_data = user_data;
  push_read (self, request);
}

static gint64
file_size (const char *path, const char *suffix)
{
  g_autofree char *name = g_strconcat (path, suffix, NULL);
  struct stat buffer;

  return stat (name, &buffer) == 0 ? (gint64)buffer.st_size : 0;
}

static GVariant *
store_status (gpointer self)
{
  BlSqliteStore *store = self;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_mutex_lock (&store->lock);
  g_variant_dict_insert (&dict, "healthy", "b", store->healthy);
  if (store->problem != NULL)
    g_variant_dict_insert (&dict, "problem", "s", store->problem);
  g_variant_dict_insert (&dict, "documents", "x", store->documents);
  g_variant_dict_insert (&dict, "events", "x", store->events);
  g_variant_dict_insert (&dict, "queued", "x", (gint64)store->queued_rows + store->held_rows);
  g_variant_dict_insert (&dict, "dropped-events", "x", (gint64)store->dropped_events);
  g_mutex_unlock (&store->lock);
  g_variant_dict_insert (&dict, "engine", "s", "sqlite");
  g_variant_dict_insert (&dict, "path", "s", store->path);
  g_variant_dict_insert (&dict, "schema", "x", bl_sqlite_schema_get_version ());
  g_variant_dict_insert (&dict, "bytes", "x", file_size (store->path, "") + file_size (store->path, "-wal"));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

const BowlineStore *
bl_sqlite_store_get_table (void)
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
    .backup = store_backup,
  };

  return &table;
}
