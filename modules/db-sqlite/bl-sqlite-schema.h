// SPDX-License-Identifier: Apache-2.0
/**
 * The schema of the database: its versions, the way forward from each of them, and the checks at the start.
 */
#pragma once

#include "bl-sqlite-db.h"

G_BEGIN_DECLS

#define BL_SQLITE_APPLICATION_ID 0x426f776c /* "Bowl" */

/** One way forward: statements that turn version - 1 into version. */
typedef struct
{
  gint64 version;
  const char *sql;
} BlSqliteMigration;

/** Returns: (transfer none): all of them, oldest first. @n: (out) */
const BlSqliteMigration *bl_sqlite_schema_get_migrations (guint *n);
/** Returns: the newest version, the one this program works with. */
gint64 bl_sqlite_schema_get_version (void);

typedef enum
{
  BL_SQLITE_CHECK_OFF,
  BL_SQLITE_CHECK_QUICK,
  BL_SQLITE_CHECK_FULL,
} BlSqliteCheck;

/** Refuses a file that is not ours, or is damaged, with a message that says what to do. */
gboolean bl_sqlite_schema_check (BlSqliteDb *db, BlSqliteCheck check, GError **error);
/**
 * bl_sqlite_schema_migrate: brings the database forward, each step in a transaction of its own.
 * Returns: %FALSE when the file is of a newer version, or a step failed and was undone
 */
gboolean bl_sqlite_schema_migrate (BlSqliteDb *db,
                                   const BlSqliteMigration *migrations,
                                   guint n_migrations,
                                   GError **error);

G_END_DECLS
