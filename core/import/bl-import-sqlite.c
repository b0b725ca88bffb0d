// SPDX-License-Identifier: Apache-2.0
/* MeshCentral's SQLite form: the same documents as JSON in one column. */
#include "bl-import-source.h"

#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <bowline/error.h>
#include <sqlite3.h>
#include <string.h>

static void
fail (sqlite3 *db, const char *path, const char *table, GError **error)
{
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s, table %s: %s", path, table,
               sqlite3_errmsg (db));
}

/* Table names cannot be bound; these are all there are. */
static const char *
query_for (const char *table)
{
  static const char *const queries[][2] = {
    { "main", "SELECT doc, id, NULL, NULL FROM main" },
    /* Who may see an event stands in a table of its own, and its time in a column. */
    { "events", "SELECT doc, NULL, time, (SELECT json_group_array (target) FROM eventids WHERE fkid = "
                "events.id) FROM events" },
    { "power", "SELECT doc, NULL, time, NULL FROM power" },
    { "serverstats", "SELECT '{}', NULL, NULL, NULL FROM serverstats" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      if (g_str_equal (queries[i][0], table))
        return queries[i][1];
    }
  g_return_val_if_reached (NULL);
}

static GVariant *
add_columns (GVariant *document, sqlite3_stmt *statement)
{
  const char *id = (const char *)sqlite3_column_text (statement, 1);
  const char *targets = (const char *)sqlite3_column_text (statement, 3);
  GVariant *full = g_variant_ref (document);

  if (id != NULL && !bl_variant_has (document, "_id"))
    {
      g_autoptr (GVariant) before = full;
      full = bl_doc_set_string (before, "_id", id);
    }
  if (sqlite3_column_type (statement, 2) == SQLITE_INTEGER
      || sqlite3_column_type (statement, 2) == SQLITE_FLOAT)
    {
      g_autoptr (GVariant) before = full;
      full = bl_doc_set_int (before, "time", sqlite3_column_int64 (statement, 2));
    }
  if (targets != NULL && !bl_variant_has (document, "ids"))
    {
      g_autoptr (GVariant) list = bl_json_parse (targets, strlen (targets), NULL, BL_JSON_DEFAULT, NULL);
      g_autoptr (GVariant) before = full;
      full = list != NULL ? bl_doc_set (before, "ids", list) : g_variant_ref (before);
    }
  return full;
}

static gboolean
read_rows (sqlite3_stmt *statement, GPtrArray *documents, BlNedbStats *stats)
{
  static const BlJsonLimits limits = { .max_bytes = BL_NEDB_MAX_LINE, .max_string = BL_NEDB_MAX_LINE };
  int step;

  while ((step = sqlite3_step (statement)) == SQLITE_ROW)
    {
      const char *text = (const char *)sqlite3_column_text (statement, 0);
      g_autoptr (GVariant) document = text != NULL ? bl_json_parse_object (text, strlen (text), &limits,
                                                                           BL_JSON_REPLACE_INVALID_UTF8, NULL)
                                                   : NULL;

      stats->lines++;
      if (document == NULL)
        stats->bad++;
      else
        g_ptr_array_add (documents, add_columns (document, statement));
    }
  return step == SQLITE_DONE;
}

GPtrArray *
bl_import_read_sqlite (const char *path, const char *table, BlNedbStats *stats, GError **error)
{
  g_autoptr (GPtrArray) documents = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  sqlite3 *db = NULL;
  sqlite3_stmt *statement = NULL;
  gboolean ok = FALSE;

  memset (stats, 0, sizeof *stats);
  if (sqlite3_open_v2 (path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK)
    fail (db, path, table, error);
  else
    {
      (void)sqlite3_db_config (db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
      (void)sqlite3_db_config (db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
      ok = sqlite3_prepare_v2 (db, query_for (table), -1, &statement, NULL) == SQLITE_OK
           && read_rows (statement, documents, stats);
      if (!ok)
        fail (db, path, table, error);
    }
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return ok ? g_steal_pointer (&documents) : NULL;
}
