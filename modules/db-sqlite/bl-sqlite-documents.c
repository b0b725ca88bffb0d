// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-documents.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"
#include <bowline/error.h>
#include <string.h>

gboolean
bl_sqlite_documents_put (BlSqliteDb *db, GVariant *document, GError **error)
{
  static const char *const columns[] = { "_id", "type", "domain", "meshid", "nodeid", "userid" };
  g_autoptr (GError) json_error = NULL;
  g_autoptr (GBytes) json = bl_json_from_variant (document, &json_error);
  sqlite3_stmt *statement;
  gboolean ok;

  if (json == NULL || g_bytes_get_size (json) > BL_SQLITE_MAX_JSON)
    {
      g_set_error (error, BOWLINE_ERROR, json == NULL ? BOWLINE_ERROR_INVALID : BOWLINE_ERROR_LIMIT,
                   "document %s: %s", bl_variant_get_string (document, "_id"),
                   json == NULL ? json_error->message : "it is too large");
      return FALSE;
    }
  statement
      = bl_sqlite_db_prepare (db,
                              "INSERT INTO documents (id, type, domain, meshid, nodeid, userid, json) VALUES "
                              "(?1, ?2, ?3, ?4, ?5, ?6, ?7) "
                              "ON CONFLICT (id) DO UPDATE SET type = excluded.type, domain = "
                              "excluded.domain, meshid = excluded.meshid, "
                              "nodeid = excluded.nodeid, userid = excluded.userid, json = excluded.json",
                              error);
  if (statement == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    bl_sqlite_bind_text (statement, (int)i + 1, bl_variant_get_string (document, columns[i]));
  (void)sqlite3_bind_text (statement, 7, g_bytes_get_data (json, NULL), (int)g_bytes_get_size (json),
                           SQLITE_STATIC);
  ok = bl_sqlite_db_run (db, statement, error);
  (void)sqlite3_clear_bindings (statement);
  return ok;
}

gboolean
bl_sqlite_documents_delete (BlSqliteDb *db, const char *id, GError **error)
{
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, "DELETE FROM documents WHERE id = ?1", error);
  gboolean ok;

  if (statement == NULL)
    return FALSE;
  bl_sqlite_bind_text (statement, 1, id);
  ok = bl_sqlite_db_run (db, statement, error);
  (void)sqlite3_clear_bindings (statement);
  return ok;
}

GVariant *
bl_sqlite_parse_column (sqlite3_stmt *statement, int column, const char *id)
{
  static const BlJsonLimits limits = {
    .max_bytes = BL_SQLITE_MAX_JSON,
    .max_string = BL_SQLITE_MAX_JSON,
    .max_depth = 100,
    .max_values = 2000000,
  };
  g_autoptr (GError) error = NULL;
  const char *text = (const char *)sqlite3_column_text (statement, column);
  gsize length = (gsize)sqlite3_column_bytes (statement, column);
  GVariant *value = NULL;

  if (text != NULL)
    value = bl_json_parse_object (text, length, &limits, BL_JSON_REPLACE_INVALID_UTF8, &error);
  if (value == NULL)
    g_warning ("row %s is left out, its JSON is broken: %s", id,
               error != NULL ? error->message : "it is empty");
  return value;
}

gboolean
bl_sqlite_documents_read (BlSqliteDb *db, const char *id, GVariant **document, GError **error)
{
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, "SELECT json FROM documents WHERE id = ?1", error);
  int step;

  *document = NULL;
  if (statement == NULL)
    return FALSE;
  bl_sqlite_bind_text (statement, 1, id);
  step = bl_sqlite_db_step (db, statement, error);
  if (step > 0)
    *document = bl_sqlite_parse_column (statement, 0, id);
  (void)sqlite3_reset (statement);
  (void)sqlite3_clear_bindings (statement);
  return step >= 0;
}

/* The least text above all that begin with @prefix; %NULL: there is none. UTF-8 never holds the byte 0xff. */
static char *
end_of_prefix (const char *prefix)
{
  return prefix != NULL && *prefix != '\0' ? g_strconcat (prefix, "\xff", NULL) : NULL;
}

gboolean
bl_sqlite_documents_foreach (BlSqliteDb *db,
                             const char *type,
                             const char *prefix,
                             guint limit,
                             BlSqliteDocumentFunc func,
                             gpointer user_data,
                             GError **error)
{
  g_autofree char *end = end_of_prefix (prefix);
  sqlite3_stmt *statement;
  int step;

  statement = bl_sqlite_db_prepare (
      db,
      end != NULL ? "SELECT id, json FROM documents WHERE type = ?1 AND id >= ?3 AND "
                    "id < ?4 ORDER BY id LIMIT ?2"
                  : "SELECT id, json FROM documents WHERE type = ?1 ORDER BY id LIMIT ?2",
      error);
  if (statement == NULL)
    return FALSE;
  bl_sqlite_bind_text (statement, 1, type);
  (void)sqlite3_bind_int64 (statement, 2, limit > 0 ? (gint64)limit : -1);
  if (end != NULL)
    {
      bl_sqlite_bind_text (statement, 3, prefix);
      bl_sqlite_bind_text (statement, 4, end);
    }
  while ((step = bl_sqlite_db_step (db, statement, error)) > 0)
    {
      const char *id = (const char *)sqlite3_column_text (statement, 0);
      g_autoptr (GVariant) document = bl_sqlite_parse_column (statement, 1, id);

      if (document != NULL)
        func (document, user_data);
    }
  (void)sqlite3_clear_bindings (statement);
  return step == 0;
}
