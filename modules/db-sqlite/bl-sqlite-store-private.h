// SPDX-License-Identifier: Apache-2.0
/** What the parts of the store share: the requests, the queues and the state they are guarded with. */
#pragma once

#include "bl-sqlite-store.h"

G_BEGIN_DECLS

#define BL_SQLITE_BATCH_ROWS 100u
#define BL_SQLITE_BATCH_US (50 * G_TIME_SPAN_MILLISECOND)
#define BL_SQLITE_MAX_QUEUED 20000u
#define BL_SQLITE_MAX_QUEUED_BYTES (64u * 1024u * 1024u)
#define BL_SQLITE_MAX_HELD 10000u /* events in memory while the file cannot be written */
#define BL_SQLITE_MAX_READS 10000u

typedef enum
{
  REQUEST_COMMIT,
  REQUEST_EVENT,
  REQUEST_FLUSH,
  REQUEST_READ,
  REQUEST_LIST,
  REQUEST_QUERY,
  REQUEST_BACKUP,
} RequestKind;

typedef void (*BlSqliteDone) (const GError *error, gpointer user_data);
typedef void (*BlSqliteResult) (GVariant *result, const GError *error, gpointer user_data);

typedef struct
{
  RequestKind kind;
  guint64 seq;     /* writes: their number; reads: the write that must be done before */
  gint64 arrived;  /* monotonic, for what may linger */
  GVariant *value; /* puts, event or filter */
  char **names;    /* deletes or targets */
  char *id;        /* id, type or path */
  char *prefix;
  guint32 flags;
  guint32 limit;
  gboolean lingers; /* nobody waits for it: it may become part of a larger batch */
  guint rows;
  gsize bytes;
  gint64 time_ms;
  BlSqliteDone done;     /* writes (nullable) */
  BlSqliteResult result; /* reads */
  gpointer user_data;
  GError *error;
  GVariant *answer;
} Request;

struct _BlSqliteStore
{
  guint refs; /* main context: a callback may close the store it came from */
  char *path;
  int lock_fd;
  guint event_days;
  guint max_queued;
  BlSqliteDb *db;      /* before the start: the main thread's, then the writer's */
  BlSqliteDb *read_db; /* the reader's */
  GMainContext *context;
  GSource *mailbox;
  GThread *writer;
  GThread *reader;
  GThread *copier; /* from the first back-up on */

  GMutex lock;
  GCond writer_cond; /* something to write, or an end */
  GCond reader_cond; /* something to read, progress of the writer, or an end */
  GCond copier_cond; /* the same for back-ups */
  GCond idle_cond;   /* something was finished */
  /* all below: under the lock */
  GQueue writes;
  GQueue reads;
  GQueue backups;
  GQueue finished;          /* for the mailbox */
  guint unfinished;         /* requests with a callback that has not run */
  guint64 last_seq;         /* newest write asked for */
  guint64 last_commit_seq;  /* newest commit */
  guint64 last_awaited_seq; /* newest commit that does not linger */
  guint64 done_seq;         /* newest write tried */
  guint64 hurry_seq;        /* a reader waits for this one */
  guint waiting;            /* writes somebody waits for */
  guint queued_rows;
  gsize queued_bytes;
  guint held_rows; /* events the writer keeps because of a full disk */
  gboolean stopping;
  gboolean closed; /* nothing is taken any more */
  gboolean healthy;
  char *problem;
  guint64 dropped_events;
  gint64 documents;
  gint64 events;
};

void request_free (gpointer request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Request, request_free)

/** Gives an answered request to the main context. Under the lock. */
void bl_sqlite_store_finish (BlSqliteStore *store, Request *request);

gpointer bl_sqlite_writer_run (gpointer store);
gpointer bl_sqlite_reader_run (gpointer store);
gpointer bl_sqlite_copier_run (gpointer store);

G_END_DECLS
