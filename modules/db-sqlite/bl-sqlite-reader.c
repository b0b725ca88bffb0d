// SPDX-License-Identifier: Apache-2.0
/* The threads that only read: answers to requests, and back-ups, which may take long. */
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-documents.h"
#include "bl-sqlite-events.h"
#include "bl-sqlite-store-private.h"
#include <bowline/error.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define QUERY_MAX_US (10 * G_TIME_SPAN_SECOND)
#define PROGRESS_STEPS 100000 /* instructions of SQLite between two looks at the clock */

/* Waits for a request in @queue whose writes are done. Returns: (nullable): %NULL at the end */
static Request *
take_next (BlSqliteStore *store, GQueue *queue, GCond *cond)
{
  Request *request;

  g_mutex_lock (&store->lock);
  for (;;)
    {
      request = g_queue_peek_head (queue);
      if (request != NULL && store->done_seq >= request->seq)
        break;
      if (request == NULL && store->stopping)
        {
          g_mutex_unlock (&store->lock);
          return NULL;
        }
      g_cond_wait (cond, &store->lock);
    }
  (void)g_queue_pop_head (queue);
  g_mutex_unlock (&store->lock);
  return request;
}

static void
give_back (BlSqliteStore *store, Request *request)
{
  g_mutex_lock (&store->lock);
  bl_sqlite_store_finish (store, request);
  g_mutex_unlock (&store->lock);
}

static int
progress_cb (gpointer data)
{
  const gint64 *deadline = data;

  return g_get_monotonic_time () > *deadline;
}

static void
collect_cb (GVariant *document, gpointer user_data)
{
  g_variant_builder_add_value (user_data, document);
}

static void
answer_list (BlSqliteStore *store, Request *request)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  if (bl_sqlite_documents_foreach (store->read_db, request->id, request->prefix, request->limit, collect_cb,
                                   &builder, &request->error))
    request->answer = g_variant_ref_sink (g_variant_builder_end (&builder));
  else
    g_variant_builder_clear (&builder);
}

gpointer
bl_sqlite_reader_run (gpointer data)
{
  BlSqliteStore *store = data;
  gint64 deadline = 0;
  Request *request;

  sqlite3_progress_handler (bl_sqlite_db_get_handle (store->read_db), PROGRESS_STEPS, progress_cb, &deadline);
  while ((request = take_next (store, &store->reads, &store->reader_cond)) != NULL)
    {
      deadline = g_get_monotonic_time () + QUERY_MAX_US;
      if (request->kind == REQUEST_READ)
        (void)bl_sqlite_documents_read (store->read_db, request->id, &request->answer, &request->error);
      else if (request->kind == REQUEST_LIST)
        answer_list (store, request);
      else
        request->answer = bl_sqlite_events_query (store->read_db, request->value, &request->error);
      give_back (store, request);
    }
  sqlite3_progress_handler (bl_sqlite_db_get_handle (store->read_db), 0, NULL, NULL);
  return NULL;
}

static gboolean
create_new (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd >= 0)
    {
      close (fd);
      return TRUE;
    }
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "back-up %s: cannot be created: %s", path,
               g_strerror (errno));
  return FALSE;
}

/* One step in one read transaction: a consistent copy, whatever is written meanwhile. */
static gboolean
copy_pages (BlSqliteDb *from, BlSqliteDb *to, GError **error)
{
  sqlite3_backup *backup
      = sqlite3_backup_init (bl_sqlite_db_get_handle (to), "main", bl_sqlite_db_get_handle (from), "main");

  if (backup == NULL)
    {
      bl_sqlite_db_set_error (to, "back-up", error);
      return FALSE;
    }
  (void)sqlite3_backup_step (backup, -1);
  if (sqlite3_backup_finish (backup) == SQLITE_OK)
    return TRUE;
  bl_sqlite_db_set_error (to, "back-up", error);
  return FALSE;
}

static gboolean
copy_to (BlSqliteStore *store, const char *path, GError **error)
{
  g_autoptr (BlSqliteDb) from = bl_sqlite_db_open (store->path, BL_SQLITE_DB_READ, error);
  g_autoptr (BlSqliteDb) to = NULL;

  if (from == NULL)
    return FALSE;
  to = bl_sqlite_db_open (path, BL_SQLITE_DB_WRITE, error);
  /* the copy shall be one file, without a log beside it */
  return to != NULL && copy_pages (from, to, error)
         && bl_sqlite_db_exec (to, "PRAGMA journal_mode = DELETE", error);
}

gpointer
bl_sqlite_copier_run (gpointer data)
{
  BlSqliteStore *store = data;
  Request *request;

  while ((request = take_next (store, &store->backups, &store->copier_cond)) != NULL)
    {
      if (create_new (request->id, &request->error) && !copy_to (store, request->id, &request->error))
        (void)g_unlink (request->id);
      give_back (store, request);
    }
  return NULL;
}
