// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-events.h"
#include "bl-sqlite-documents.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"
#include <bowline/error.h>

/* With at most this many targets the newest of each are merged; with more, events are walked newest first. */
#define MERGE_MAX 50u

static gboolean
add_targets (BlSqliteDb *db, const char *const *targets, gint64 time_ms, gint64 event, GError **error)
{
  for (guint i = 0; targets != NULL && targets[i] != NULL; i++)
    {
      sqlite3_stmt *statement
          = bl_sqlite_db_prepare (db, "INSERT OR IGNORE INTO event_targets VALUES (?1, ?2, ?3)", error);
      gboolean ok;

      if (statement == NULL)
        return FALSE;
      bl_sqlite_bind_text (statement, 1, targets[i]);
      (void)sqlite3_bind_int64 (statement, 2, time_ms);
      (void)sqlite3_bind_int64 (statement, 3, event);
      ok = bl_sqlite_db_run (db, statement, error);
      (void)sqlite3_clear_bindings (statement);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

gboolean
bl_sqlite_events_add (
    BlSqliteDb *db, const char *const *targets, gint64 time_ms, GVariant *event, GError **error)
{
  static const char *const columns[] = { "domain", "action", "nodeid", "userid" };
  g_autoptr (GBytes) json = bl_json_from_variant (event, error);
  sqlite3_stmt *statement;
  gboolean ok;

  if (json == NULL)
    return FALSE;
  statement = bl_sqlite_db_prepare (
      db, "INSERT INTO events (time, domain, action, nodeid, userid, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      error);
  if (statement == NULL)
    return FALSE;
  (void)sqlite3_bind_int64 (statement, 1, time_ms);
  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    bl_sqlite_bind_text (statement, (int)i + 2, bl_variant_get_string (event, columns[i]));
  (void)sqlite3_bind_text (statement, 6, g_bytes_get_data (json, NULL), (int)g_bytes_get_size (json),
                           SQLITE_STATIC);
  ok = bl_sqlite_db_run (db, statement, error);
  (void)sqlite3_clear_bindings (statement);
  return ok
         && add_targets (db, targets, time_ms, sqlite3_last_insert_rowid (bl_sqlite_db_get_handle (db)),
                         error);
}

/* The number of targets asked for; -1: they are no condition. */
static int
count_ids (GVariant *filter)
{
  g_autoptr (GVariant) ids = bl_variant_get_child (filter, "ids");

  return ids != NULL ? (int)g_variant_n_children (ids) : -1;
}

/* Names of parameters are fixed: :nodeid, :userid, :action, :start, :end, :ids (a JSON array), :t0 ...,
 * :limit. */
static void
append_times (GString *sql, GVariant *filter, const char *table)
{
  if (bl_variant_has (filter, "start"))
    g_string_append_printf (sql, " AND %s.time >= :start", table);
  if (bl_variant_has (filter, "end"))
    g_string_append_printf (sql, " AND %s.time <= :end", table);
}

/* For a few targets: the newest of each by the primary key, then the newest of all. */
static void
build_merge (GString *sql, GVariant *filter, int n)
{
  g_string_append (sql, "SELECT e.id, e.json FROM events AS e WHERE e.id IN (");
  for (int i = 0; i < n; i++)
    {
      g_string_append_printf (
          sql, "%sSELECT event FROM (SELECT t.event FROM event_targets AS t WHERE t.target = :t%d",
          i > 0 ? " UNION " : "", i);
      append_times (sql, filter, "t");
      g_string_append (sql, " ORDER BY t.time DESC, t.event DESC LIMIT :limit)");
    }
  g_string_append (sql, ")");
}

static void
build_walk (GString *sql, GVariant *filter, int n)
{
  g_string_append (sql, "SELECT e.id, e.json FROM events AS e WHERE 1");
  append_times (sql, filter, "e");
  if (bl_variant_has (filter, "nodeid"))
    g_string_append (sql, " AND e.nodeid = :nodeid");
  if (bl_variant_has (filter, "userid"))
    g_string_append (sql, " AND e.userid = :userid");
  if (bl_variant_has (filter, "action"))
    g_string_append (sql, " AND e.action = :action");
  if (n >= 0)
    g_string_append (sql,
                     " AND EXISTS (SELECT 1 FROM event_targets AS t WHERE t.event = e.id AND t.target IN "
                     "(SELECT value FROM json_each (:ids)))");
}

char *
bl_sqlite_events_build_query (GVariant *filter)
{
  GString *sql = g_string_new (NULL);
  int n = count_ids (filter);

  if (n >= 1 && n <= (int)MERGE_MAX && !bl_variant_has (filter, "nodeid")
      && !bl_variant_has (filter, "userid") && !bl_variant_has (filter, "action"))
    build_merge (sql, filter, n);
  else
    build_walk (sql, filter, n);
  g_string_append (sql, " ORDER BY e.time DESC, e.id DESC LIMIT :limit");
  return g_string_free (sql, FALSE);
}

static void
bind_named_text (sqlite3_stmt *statement, const char *name, const char *text)
{
  int index = sqlite3_bind_parameter_index (statement, name);

  if (index > 0)
    (void)sqlite3_bind_text (statement, index, text, -1, SQLITE_TRANSIENT);
}

static void
bind_named_int (sqlite3_stmt *statement, const char *name, gint64 value)
{
  int index = sqlite3_bind_parameter_index (statement, name);

  if (index > 0)
    (void)sqlite3_bind_int64 (statement, index, value);
}

static gboolean
bind_ids (sqlite3_stmt *statement, GVariant *filter, GError **error)
{
  g_autoptr (GVariant) ids = bl_variant_get_child (filter, "ids");
  g_autofree char *json = NULL;
  gsize n = ids != NULL ? g_variant_n_children (ids) : 0;

  if (ids == NULL)
    return TRUE;
  if (sqlite3_bind_parameter_index (statement, ":ids") > 0)
    {
      json = bl_json_to_string (ids, error);
      if (json == NULL)
        return FALSE;
      bind_named_text (statement, ":ids", json);
      return TRUE;
    }
  for (gsize i = 0; i < n; i++)
    {
      char name[16];
      const char *id;

      g_snprintf (name, sizeof name, ":t%u", (guint)i);
      g_variant_get_child (ids, i, "&s", &id);
      bind_named_text (statement, name, id);
    }
  return TRUE;
}

static gboolean
bind_filter (sqlite3_stmt *statement, GVariant *filter, GError **error)
{
  bind_named_text (statement, ":nodeid", bl_variant_get_string (filter, "nodeid"));
  bind_named_text (statement, ":userid", bl_variant_get_string (filter, "userid"));
  bind_named_text (statement, ":action", bl_variant_get_string (filter, "action"));
  bind_named_int (statement, ":start", bl_variant_get_int (filter, "start", 0));
  bind_named_int (statement, ":end", bl_variant_get_int (filter, "end", 0));
  bind_named_int (statement, ":limit",
                  CLAMP (bl_variant_get_int (filter, "limit", 100), 1, (gint64)BL_SQLITE_EVENTS_MAX));
  return bind_ids (statement, filter, error);
}

GVariant *
bl_sqlite_events_query (BlSqliteDb *db, GVariant *filter, GError **error)
{
  g_autofree char *sql = bl_sqlite_events_build_query (filter);
  g_autoptr (GVariant) ids = bl_variant_get_child (filter, "ids");
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, sql, error);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  int step = -1;

  if (ids != NULL && !g_variant_is_of_type (ids, G_VARIANT_TYPE_STRING_ARRAY))
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "event filter: ids: expected as, found %s",
                 g_variant_get_type_string (ids));
  else if (statement != NULL && bind_filter (statement, filter, error))
    while ((step = bl_sqlite_db_step (db, statement, error)) > 0)
      {
        const char *id = (const char *)sqlite3_column_text (statement, 0);
        g_autoptr (GVariant) event = bl_sqlite_parse_column (statement, 1, id);

        if (event != NULL)
          g_variant_builder_add_value (&builder, event);
      }
  if (statement != NULL)
    (void)sqlite3_clear_bindings (statement);
  if (step == 0)
    return g_variant_ref_sink (g_variant_builder_end (&builder));
  g_variant_builder_clear (&builder);
  return NULL;
}

gboolean
bl_sqlite_events_expire (BlSqliteDb *db, gint64 before_ms, guint limit, guint *removed, GError **error)
{
  static const char *const sql[] = {
    "DELETE FROM event_targets WHERE event IN (SELECT id FROM events WHERE time < ?1 ORDER BY time, id LIMIT "
    "?2)",
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE time < ?1 ORDER BY time, id LIMIT ?2)",
  };

  *removed = 0;
  for (guint i = 0; i < G_N_ELEMENTS (sql); i++)
    {
      sqlite3_stmt *statement = bl_sqlite_db_prepare (db, sql[i], error);

      if (statement == NULL)
        return FALSE;
      (void)sqlite3_bind_int64 (statement, 1, before_ms);
      (void)sqlite3_bind_int64 (statement, 2, limit);
      if (!bl_sqlite_db_run (db, statement, error))
        return FALSE;
    }
  *removed = (guint)sqlite3_changes (bl_sqlite_db_get_handle (db));
  return TRUE;
}
