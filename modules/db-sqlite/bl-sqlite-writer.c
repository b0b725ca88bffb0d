// SPDX-License-Identifier: Apache-2.0
/* The thread that writes: batches, the disk that is full, expiry. */
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-documents.h"
#include "bl-sqlite-events.h"
#include "bl-sqlite-store-private.h"
#include <bowline/directory.h>
#include <bowline/error.h>

#define RETRY_MIN_US (500 * G_TIME_SPAN_MILLISECOND)
#define RETRY_MAX_US (30 * G_TIME_SPAN_SECOND)
#define EXPIRE_FIRST_US (5 * G_TIME_SPAN_SECOND)
#define EXPIRE_EVERY_US (10 * G_TIME_SPAN_MINUTE)
#define EXPIRE_NEXT_US (100 * G_TIME_SPAN_MILLISECOND)
#define EXPIRE_ROWS 500u
#define COUNT_EVERY_US (2 * G_TIME_SPAN_SECOND)
#define DAY_MS (24 * 60 * 60 * G_GINT64_CONSTANT (1000))

typedef struct
{
  BlSqliteStore *store;
  BlSqliteDb *db;
  GQueue held;      /* events that could not be written yet, oldest first */
  gboolean is_full; /* synchronous is FULL on the connection */
  gint64 retry_at;  /* 0: the file can be written */
  gint64 retry_delay;
  gint64 expire_at;
  gint64 count_at;
  gboolean counts_stale;
  gboolean log_is_stuck; /* the batch failed because nothing can be appended */
  gboolean with_held;    /* the batch tries the held events, too */
  gint64 events_added;   /* by the batch */
  gboolean is_ending;
} Writer;

/* ---- one batch --------------------------------------------------------------------------------------------
 */

/* Accounts, rights and keys are on the disk before they are confirmed; the rest survives a crash of the
 * program, and is safe against power loss with the next checkpoint. */
static gboolean
writer_set_durable (Writer *writer, gboolean durable, GError **error)
{
  if (writer->is_full == durable)
    return TRUE;
  if (!bl_sqlite_db_exec (writer->db, durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                          error))
    return FALSE;
  writer->is_full = durable;
  return TRUE;
}

static void
writer_roll_back (Writer *writer)
{
  if (!sqlite3_get_autocommit (bl_sqlite_db_get_handle (writer->db)))
    (void)bl_sqlite_db_exec (writer->db, "ROLLBACK", NULL);
}

static gboolean
write_documents (Writer *writer, Request *request, GError **error)
{
  gsize n = request->value != NULL ? g_variant_n_children (request->value) : 0;

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) document = g_variant_get_child_value (request->value, i);

      if (!bl_sqlite_documents_put (writer->db, document, error))
        return FALSE;
    }
  for (guint i = 0; request->names != NULL && request->names[i] != NULL; i++)
    if (!bl_sqlite_documents_delete (writer->db, request->names[i], error))
      return FALSE;
  writer->counts_stale = TRUE;
  return TRUE;
}

/* Whether it is the file that refuses, and not this one row. */
static gboolean
is_about_file (Writer *writer, const GError *error)
{
  return g_error_matches (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE)
         && bl_sqlite_db_cannot_write (writer->db);
}

/* All of a commit or nothing of it. Returns: %FALSE with @error when the whole batch cannot go on */
static gboolean
write_commit (Writer *writer, Request *request, GError **error)
{
  g_autoptr (GError) refused = NULL;
  gboolean many = request->rows > 1; /* one statement is a unit already */

  if (many && !bl_sqlite_db_exec (writer->db, "SAVEPOINT one", error))
    return FALSE;
  if (write_documents (writer, request, &refused))
    return !many || bl_sqlite_db_exec (writer->db, "RELEASE one", error);
  if (is_about_file (writer, refused))
    {
      g_propagate_error (error, g_steal_pointer (&refused));
      return FALSE;
    }
  request->error = g_steal_pointer (&refused);
  return !many || bl_sqlite_db_exec (writer->db, "ROLLBACK TO one; RELEASE one", error);
}

static gboolean
write_event (Writer *writer, Request *request, GError **error)
{
  g_autoptr (GError) refused = NULL;

  if (bl_sqlite_events_add (writer->db, (const char *const *)request->names, request->time_ms, request->value,
                            &refused))
    {
      writer->events_added++;
      return TRUE;
    }
  if (is_about_file (writer, refused))
    {
      g_propagate_error (error, g_steal_pointer (&refused));
      return FALSE;
    }
  g_warning ("an event is left out: %s", refused->message);
  return TRUE;
}

static gboolean
write_requests (Writer *writer, GQueue *requests, GError **error)
{
  for (GList *l = requests->head; l != NULL; l = l->next)
    {
      Request *request = l->data;

      if (request->kind == REQUEST_COMMIT && !write_commit (writer, request, error))
        return FALSE;
      if (request->kind == REQUEST_EVENT && !write_event (writer, request, error))
        return FALSE;
    }
  return TRUE;
}

/* A row of its own shows that the disk takes data again, even when nothing else waits. */
static gboolean
write_probe (Writer *writer, GError **error)
{
  sqlite3_stmt *statement = bl_sqlite_db_prepare (
      writer->db,
      "INSERT INTO probe (id, time) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET time = excluded.time",
      error);

  if (statement == NULL)
    return FALSE;
  (void)sqlite3_bind_int64 (statement, 1, g_get_real_time () / 1000);
  return bl_sqlite_db_run (writer->db, statement, error);
}

static gboolean
write_once (Writer *writer, GQueue *requests, GError **error)
{
  gboolean durable = FALSE;

  for (GList *l = requests->head; l != NULL; l = l->next)
    {
      Request *request = l->data;

      durable = durable || (request->flags & BOWLINE_COMMIT_DURABLE) != 0;
      g_clear_error (&request->error);
    }
  writer->events_added = 0;
  if (writer_set_durable (writer, durable, error) && bl_sqlite_db_exec (writer->db, "BEGIN IMMEDIATE", error)
      && (writer->retry_at == 0 || write_probe (writer, error))
      && (!writer->with_held || write_requests (writer, &writer->held, error))
      && write_requests (writer, requests, error) && bl_sqlite_db_exec (writer->db, "COMMIT", error))
    return TRUE;
  writer->log_is_stuck = bl_sqlite_db_cannot_grow (writer->db);
  writer_roll_back (writer);
  writer->events_added = 0;
  return FALSE;
}

/* A log that cannot grow may be emptied into the file, and then be written from its beginning. */
static gboolean
write_batch (Writer *writer, GQueue *requests, GError **error)
{
  g_autoptr (GError) first = NULL;

  if (write_once (writer, requests, &first))
    return TRUE;
  if (!writer->log_is_stuck
      || sqlite3_wal_checkpoint_v2 (bl_sqlite_db_get_handle (writer->db), NULL, SQLITE_CHECKPOINT_PASSIVE,
                                    NULL, NULL)
             != SQLITE_OK)
    {
      g_propagate_error (error, g_steal_pointer (&first));
      return FALSE;
    }
  return write_once (writer, requests, error);
}

/* ---- what follows from a batch ----------------------------------------------------------------------------
 */

static void
writer_set_health (Writer *writer, const GError *error)
{
  BlSqliteStore *store = writer->store;
  gboolean was_healthy = writer->retry_at == 0;

  if (error == NULL)
    {
      writer->retry_at = 0;
      writer->retry_delay = RETRY_MIN_US;
    }
  else
    {
      writer->retry_at = g_get_monotonic_time () + writer->retry_delay;
      writer->retry_delay = MIN (writer->retry_delay * 2, RETRY_MAX_US);
    }
  if (error != NULL && was_healthy)
    g_warning ("changes cannot be stored, they are refused until this works again: %s", error->message);
  if (error == NULL && !was_healthy)
    g_message ("%s: changes are stored again", store->path);

  g_mutex_lock (&store->lock);
  store->healthy = error == NULL;
  g_free (store->problem);
  store->problem = error != NULL ? g_strdup (error->message) : NULL;
  g_mutex_unlock (&store->lock);
}

/* Keeps the events of a failed batch for the next try; the newest go when there are too many. */
static guint
writer_hold (Writer *writer, GQueue *requests)
{
  guint dropped = 0;
  GList *l = requests->head;

  while (l != NULL)
    {
      GList *next = l->next;
      Request *request = l->data;

      if (request->kind == REQUEST_EVENT)
        {
          g_queue_unlink (requests, l);
          if (writer->held.length < BL_SQLITE_MAX_HELD)
            g_queue_push_tail_link (&writer->held, l);
          else
            {
              g_list_free_1 (l);
              request_free (request);
              dropped++;
            }
        }
      l = next;
    }
  return dropped;
}

static void
writer_finish (Writer *writer, GQueue *requests, const GError *error, guint rows, gsize bytes, guint waiting)
{
  BlSqliteStore *store = writer->store;
  guint64 seq = requests->length > 0 ? ((Request *)g_queue_peek_tail (requests))->seq : 0;
  guint dropped = 0;
  Request *request;

  if (error != NULL)
    dropped = writer_hold (writer, requests);
  else if (writer->with_held)
    g_queue_clear_full (&writer->held, request_free);

  g_mutex_lock (&store->lock);
  store->queued_rows -= rows;
  store->queued_bytes -= bytes;
  store->waiting -= waiting;
  store->held_rows = writer->held.length;
  store->events += writer->events_added;
  store->dropped_events += dropped;
  store->done_seq = MAX (store->done_seq, seq);
  while ((request = g_queue_pop_head (requests)) != NULL)
    {
      if (error != NULL && request->error == NULL)
        request->error = g_error_copy (error);
      bl_sqlite_store_finish (store, request);
    }
  g_cond_broadcast (&store->reader_cond);
  g_cond_broadcast (&store->copier_cond);
  g_mutex_unlock (&store->lock);
}

/* @requests: taken; may be empty: then only what is held is tried */
static void
writer_run_batch (Writer *writer, GQueue *requests)
{
  g_autoptr (GError) error = NULL;
  guint rows = 0;
  gsize bytes = 0;
  guint waiting = 0;
  gboolean has_rows;

  for (GList *l = requests->head; l != NULL; l = l->next)
    {
      Request *request = l->data;

      rows += request->rows;
      bytes += request->bytes;
      waiting += !request->lingers;
    }
  /* on a full disk a change is tried at once, but not each time with thousands of events in front of it */
  writer->with_held = writer->retry_at <= g_get_monotonic_time ();
  has_rows = rows > 0 || writer->held.length > 0 || writer->retry_at != 0;
  if (has_rows)
    {
      (void)write_batch (writer, requests, &error);
      writer_set_health (writer, error);
    }
  else
    writer->events_added = 0;
  writer_finish (writer, requests, error, rows, bytes, waiting);
}

/* ---- housekeeping -----------------------------------------------------------------------------------------
 */

static void
writer_expire (Writer *writer)
{
  gint64 before = g_get_real_time () / 1000 - (gint64)writer->store->event_days * DAY_MS;
  g_autoptr (GError) error = NULL;
  guint removed = 0;
  gboolean ok;

  ok = writer_set_durable (writer, FALSE, &error) && bl_sqlite_db_exec (writer->db, "BEGIN IMMEDIATE", &error)
       && bl_sqlite_events_expire (writer->db, before, EXPIRE_ROWS, &removed, &error)
       && bl_sqlite_db_exec (writer->db, "COMMIT", &error);
  if (!ok)
    {
      writer_roll_back (writer);
      removed = 0;
      g_warning ("old events cannot be removed: %s", error->message);
    }
  writer->expire_at = g_get_monotonic_time () + (removed == EXPIRE_ROWS ? EXPIRE_NEXT_US : EXPIRE_EVERY_US);
  g_mutex_lock (&writer->store->lock);
  writer->store->events -= removed;
  g_mutex_unlock (&writer->store->lock);
}

static void
writer_count (Writer *writer)
{
  gint64 documents = 0;

  writer->counts_stale = FALSE;
  writer->count_at = g_get_monotonic_time () + COUNT_EVERY_US;
  if (!bl_sqlite_db_get_int (writer->db, "SELECT count(*) FROM documents", &documents, NULL))
    return;
  g_mutex_lock (&writer->store->lock);
  writer->store->documents = documents;
  g_mutex_unlock (&writer->store->lock);
}

static gint64
writer_get_deadline (Writer *writer)
{
  gint64 at = G_MAXINT64;

  if (writer->expire_at != 0)
    at = MIN (at, writer->expire_at);
  if (writer->retry_at != 0)
    at = MIN (at, writer->retry_at);
  if (writer->counts_stale)
    at = MIN (at, writer->count_at);
  return at;
}

static void
writer_keep_house (Writer *writer)
{
  gint64 now = g_get_monotonic_time ();

  if (writer->retry_at <= now && (writer->retry_at != 0 || writer->held.length > 0))
    {
      GQueue none = G_QUEUE_INIT;

      writer_run_batch (writer, &none);
    }
  if (writer->retry_at == 0 && writer->expire_at != 0 && writer->expire_at <= now)
    writer_expire (writer);
  else if (writer->retry_at != 0 && writer->expire_at <= now)
    writer->expire_at = writer->expire_at != 0 ? now + EXPIRE_EVERY_US : 0;
  if (writer->counts_stale && writer->count_at <= now)
    writer_count (writer);
}

/* ---- the thread -------------------------------------------------------------------------------------------
 */

/* Returns: when the next batch is due: 0: now, G_MAXINT64: nothing waits. Under the lock. */
static gint64
batch_due (BlSqliteStore *store)
{
  Request *oldest = g_queue_peek_head (&store->writes);

  if (oldest == NULL)
    return G_MAXINT64;
  if (store->waiting > 0 || store->stopping || store->hurry_seq >= oldest->seq
      || store->queued_rows >= BL_SQLITE_BATCH_ROWS)
    return 0;
  return oldest->arrived + BL_SQLITE_BATCH_US;
}

/* Waits until there is a batch, or something else to do. Returns: %FALSE at the end */
static gboolean
writer_wait (Writer *writer, GQueue *batch)
{
  BlSqliteStore *store = writer->store;
  guint rows = 0;
  gint64 due;

  g_mutex_lock (&store->lock);
  for (;;)
    {
      gint64 now = g_get_monotonic_time ();
      gint64 until = writer_get_deadline (writer);

      due = batch_due (store);
      if (due <= now || until <= now || store->stopping)
        break;
      if (MIN (due, until) == G_MAXINT64)
        g_cond_wait (&store->writer_cond, &store->lock);
      else
        (void)g_cond_wait_until (&store->writer_cond, &store->lock, MIN (due, until));
    }
  while (due <= g_get_monotonic_time () && store->writes.length > 0 && rows < BL_SQLITE_BATCH_ROWS)
    {
      Request *request = g_queue_pop_head (&store->writes);

      rows += MAX (request->rows, 1);
      g_queue_push_tail (batch, request);
    }
  writer->is_ending = store->stopping && store->writes.length == 0;
  g_mutex_unlock (&store->lock);
  return batch->length > 0 || !writer->is_ending;
}

gpointer
bl_sqlite_writer_run (gpointer data)
{
  BlSqliteStore *store = data;
  Writer writer = {
    .store = store,
    .db = store->db,
    .is_full = TRUE, /* as the store was opened */
    .retry_delay = RETRY_MIN_US,
    .expire_at = store->event_days > 0 ? g_get_monotonic_time () + EXPIRE_FIRST_US : 0,
  };
  GQueue batch = G_QUEUE_INIT;

  g_queue_init (&writer.held);
  while (writer_wait (&writer, &batch))
    {
      if (batch.length > 0)
        writer_run_batch (&writer, &batch);
      writer_keep_house (&writer);
    }
  if (writer.held.length > 0)
    {
      writer.retry_at = 1; /* long ago: one last try */
      writer_run_batch (&writer, &batch);
    }
  if (writer.held.length > 0)
    {
      g_warning ("%u events could not be stored before the end", writer.held.length);
      g_queue_clear_full (&writer.held, request_free);
    }
  return NULL;
}
