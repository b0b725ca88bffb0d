// SPDX-License-Identifier: Apache-2.0
/**
 * BlSqliteDb: one connection to the database file, with prepared statements kept for their next use.
 *
 * One thread at a time. SQL text is constant; values are bound. Errors are BOWLINE_ERROR_STORAGE and name the
 * file, what was tried and SQLite's reason.
 */
#pragma once

#include <gio/gio.h>
#include <sqlite3.h>

G_BEGIN_DECLS

typedef struct _BlSqliteDb BlSqliteDb;

typedef enum
{
  BL_SQLITE_DB_WRITE, /* creates the file with mode 0600 */
  BL_SQLITE_DB_READ,
} BlSqliteDbMode;

BlSqliteDb *bl_sqlite_db_open (const char *path, BlSqliteDbMode mode, GError **error);
/** @db: (nullable) */
void bl_sqlite_db_close (BlSqliteDb *db);
sqlite3 *bl_sqlite_db_get_handle (BlSqliteDb *db);
const char *bl_sqlite_db_get_path (BlSqliteDb *db);

/** Runs one or more statements without values. @sql: constant */
gboolean bl_sqlite_db_exec (BlSqliteDb *db, const char *sql, GError **error);
/** Returns: (transfer none): the statement, reset and with no values bound, valid until the next call of this
 * function; %NULL with @error. @sql: without values */
sqlite3_stmt *bl_sqlite_db_prepare (BlSqliteDb *db, const char *sql, GError **error);
/** Runs a statement to its end and resets it. */
gboolean bl_sqlite_db_run (BlSqliteDb *db, sqlite3_stmt *statement, GError **error);
/** The next row: 1, the end: 0 (then it is reset), or -1 with @error. */
int bl_sqlite_db_step (BlSqliteDb *db, sqlite3_stmt *statement, GError **error);
/** The number in the first column of the first row of @sql, 0 without a row. */
gboolean bl_sqlite_db_get_int (BlSqliteDb *db, const char *sql, gint64 *value, GError **error);
/** Fills @error from the connection's last failure. @what: what was tried */
void bl_sqlite_db_set_error (BlSqliteDb *db, const char *what, GError **error);
/** Returns: whether the last failure means that the file cannot grow or be written at the moment. */
gboolean bl_sqlite_db_cannot_write (BlSqliteDb *db);
/** Returns: whether the last failure was one of appending to a file. */
gboolean bl_sqlite_db_cannot_grow (BlSqliteDb *db);

/** Binds text that stays valid until the statement is reset; %NULL binds null. */
void bl_sqlite_bind_text (sqlite3_stmt *statement, int index, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlSqliteDb, bl_sqlite_db_close)

G_END_DECLS
