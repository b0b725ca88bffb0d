// SPDX-License-Identifier: Apache-2.0
/** Documents as rows: the JSON and the columns that repeat what is asked for. On the thread of the
 * connection. */
#pragma once

#include "bl-sqlite-db.h"

G_BEGIN_DECLS

#define BL_SQLITE_MAX_JSON (8u * 1024u * 1024u) /* bytes of one document or event */

/** @document: a{sv} */
gboolean bl_sqlite_documents_put (BlSqliteDb *db, GVariant *document, GError **error);
gboolean bl_sqlite_documents_delete (BlSqliteDb *db, const char *id, GError **error);
/** @document: (out) (transfer full) (nullable): %NULL when there is none. Returns: %FALSE with @error */
gboolean bl_sqlite_documents_read (BlSqliteDb *db, const char *id, GVariant **document, GError **error);

/** @document: (transfer none) */
typedef void (*BlSqliteDocumentFunc) (GVariant *document, gpointer user_data);
/** Calls @func for each document of @type; one whose JSON is broken is skipped with a warning.
 * @prefix: (nullable): of the id; @limit: 0: none. In order of ids. */
gboolean bl_sqlite_documents_foreach (BlSqliteDb *db,
                                      const char *type,
                                      const char *prefix,
                                      guint limit,
                                      BlSqliteDocumentFunc func,
                                      gpointer user_data,
                                      GError **error);

/** Returns: (transfer full) (nullable): the object in a row's column; %NULL, with a warning naming @id, when
 * it is broken */
GVariant *bl_sqlite_parse_column (sqlite3_stmt *statement, int column, const char *id);

G_END_DECLS
