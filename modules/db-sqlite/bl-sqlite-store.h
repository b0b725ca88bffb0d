// SPDX-License-Identifier: Apache-2.0
/**
 * BlSqliteStore: the store over one SQLite file.
 *
 * A writer thread takes what waits, up to 100 rows or what came within 50 ms, into one transaction; changes
 * that somebody waits for start it at once. A reader thread has its own connection and sees what was asked
 * for before. While the file cannot be written, changes fail, events wait in memory up to a limit, reads go
 * on, and the writer tries again, at longer and longer distances. Functions: main context of the creator.
 */
#pragma once

#include "bl-sqlite-schema.h"
#include <bowline/store.h>

G_BEGIN_DECLS

typedef struct _BlSqliteStore BlSqliteStore;

typedef struct
{
  const char *path;
  BlSqliteCheck check;
  guint event_days;  /* 0: events are kept for ever */
  guint64 max_bytes; /* of the database file; 0: no limit but the disk */
  guint max_queued;  /* rows that wait for the writer; 0: the default */
} BlSqliteOptions;

/**
 * bl_sqlite_store_open: opens or creates the file, checks it, brings it to the current schema. May take long;
 * any thread. Its threads begin with bl_sqlite_store_start().
 */
BlSqliteStore *bl_sqlite_store_open (const BlSqliteOptions *options, GError **error);
/** Starts both threads; callbacks will arrive on @context. @context: (nullable): the default one */
void bl_sqlite_store_start (BlSqliteStore *store, GMainContext *context);
/** Finishes everything requested, runs its callbacks, ends the threads and frees the store. */
void bl_sqlite_store_close (BlSqliteStore *store);
/** Returns: (transfer none): the functions of the store; self is the #BlSqliteStore */
const BowlineStore *bl_sqlite_store_get_table (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlSqliteStore, bl_sqlite_store_close)

G_END_DECLS
