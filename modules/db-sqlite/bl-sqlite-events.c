// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-events.h"
#include "bl-sqlite-documents.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"
#include <bowline/error.h>

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

static guint
filter_get_limit (GVariant *filter)
{
  return (guint)CLAMP (bl_variant_get_int (filter, "limit", 100), 1, (gint64)BL_SQLITE_EVENTS_MAX);
}

/* ---- asking for targets alone: the newest of each, merged
 * --------------------------------------------------- */

/* Where an event stands in the order of the answer. */
typedef struct
{
  gint64 time;
  gint64 event;
} Place;

static int
place_compare_newest_first (gconstpointer a, gconstpointer b)
{
  const Place *first = a;
  const Place *second = b;

  if (first->time != second->time)
    return first->time < second->time ? 1 : -1;
  return first->event < second->event ? 1 : first->event > second->event ? -1 : 0;
}

/* Sorts, drops what came by two targets, and cuts at @limit. */
static void
places_cut (GArray *places, guint limit)
{
  guint kept = 0;

  g_array_sort (places, place_compare_newest_first);
  for (guint i = 0; i < places->len && kept < limit; i++)
    {
      Place place = g_array_index (places, Place, i);

      if (kept == 0 || place_compare_newest_first (&place, &g_array_index (places, Place, kept - 1)) != 0)
        g_array_index (places, Place, kept++) = place;
    }
  g_array_set_size (places, kept);
}

typedef struct
{
  gint64 start;
  gint64 end;
  guint limit;
  gboolean is_cut; /* there are limit places: older ones than the last are of no interest */
  GArray *places;
} Merge;

static gboolean
merge_add (Merge *merge, Place place)
{
  if (merge->is_cut
      && place_compare_newest_first (&place, &g_array_index (merge->places, Place, merge->limit - 1)) > 0)
    return FALSE;
  g_array_append_val (merge->places, place);
  if (merge->places->len >= 2 * merge->limit)
    {
      places_cut (merge->places, merge->limit);
      merge->is_cut = merge->places->len == merge->limit;
    }
  return TRUE;
}

static gboolean
merge_target (BlSqliteDb *db, Merge *merge, const char *target, GError **error)
{
  sqlite3_stmt *statement = bl_sqlite_db_prepare (
      db,
      "SELECT time, event FROM event_targets WHERE target = ?1 AND time >= ?2 AND time <= ?3 "
      "ORDER BY time DESC, event DESC LIMIT ?4",
      error);
  int step;

  if (statement == NULL)
    return FALSE;
  bl_sqlite_bind_text (statement, 1, target);
  (void)sqlite3_bind_int64 (statement, 2, merge->start);
  (void)sqlite3_bind_int64 (statement, 3, merge->end);
  (void)sqlite3_bind_int64 (statement, 4, merge->limit);
  while ((step = bl_sqlite_db_step (db, statement, error)) > 0)
    if (!merge_add (merge,
                    (Place){ sqlite3_column_int64 (statement, 0), sqlite3_column_int64 (statement, 1) }))
      break;
  (void)sqlite3_reset (statement);
  (void)sqlite3_clear_bindings (statement);
  return step >= 0;
}

/* An event that expired meanwhile is simply not there. */
static gboolean
read_event (BlSqliteDb *db, gint64 event, GVariantBuilder *builder, GError **error)
{
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, "SELECT json FROM events WHERE id = ?1", error);
  g_autoptr (GVariant) value = NULL;
  int step;

  if (statement == NULL)
    return FALSE;
  (void)sqlite3_bind_int64 (statement, 1, event);
  step = bl_sqlite_db_step (db, statement, error);
  if (step > 0)
    value = bl_sqlite_parse_column (statement, 0, "of an event");
  (void)sqlite3_reset (statement);
  if (value != NULL)
    g_variant_builder_add_value (builder, value);
  return step >= 0;
}

static gboolean
query_targets (BlSqliteDb *db, GVariant *filter, GVariant *ids, GVariantBuilder *builder, GError **error)
{
  g_autoptr (GArray) places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_autofree const char **targets = g_variant_get_strv (ids, NULL);
  Merge merge = {
    .start = bl_variant_get_int (filter, "start", G_MININT64),
    .end = bl_variant_get_int (filter, "end", G_MAXINT64),
    .limit = filter_get_limit (filter),
    .places = places,
  };

  for (guint i = 0; targets[i] != NULL; i++)
    if (!merge_target (db, &merge, targets[i], error))
      return FALSE;
  places_cut (places, merge.limit);
  for (guint i = 0; i < places->len; i++)
    if (!read_event (db, g_array_index (places, Place, i).event, builder, error))
      return FALSE;
  return TRUE;
}

/* ---- with further conditions: events are walked newest first
 * ------------------------------------------------- */

char *
bl_sqlite_events_build_query (GVariant *filter)
{
  static const struct
  {
    const char *key;
    const char *condition;
  } conditions[] = {
    { "start", " AND e.time >= :start" },
    { "end", " AND e.time <= :end" },
    { "nodeid", " AND e.nodeid = :nodeid" },
    { "userid", " AND e.userid = :userid" },
    { "action", " AND e.action = :action" },
    /* the "+" keeps SQLite from looking up every target for every event */
    { "ids", " AND EXISTS (SELECT 1 FROM event_targets AS t WHERE t.event = e.id AND +t.target IN "
             "(SELECT value FROM json_each (:ids)))" },
  };
  GString *sql = g_string_new ("SELECT e.id, e.json FROM events AS e WHERE 1");

  for (guint i = 0; i < G_N_ELEMENTS (conditions); i++)
    if (bl_variant_has (filter, conditions[i].key))
      g_string_append (sql, conditions[i].condition);
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
bind_filter (sqlite3_stmt *statement, GVariant *filter, GVariant *ids, GError **error)
{
  g_autofree char *json = NULL;

  bind_named_text (statement, ":nodeid", bl_variant_get_string (filter, "nodeid"));
  bind_named_text (statement, ":userid", bl_variant_get_string (filter, "userid"));
  bind_named_text (statement, ":action", bl_variant_get_string (filter, "action"));
  bind_named_int (statement, ":start", bl_variant_get_int (filter, "start", 0));
  bind_named_int (statement, ":end", bl_variant_get_int (filter, "end", 0));
  bind_named_int (statement, ":limit", filter_get_limit (filter));
  if (ids == NULL)
    return TRUE;
  json = bl_json_to_string (ids, error);
  if (json != NULL)
    bind_named_text (statement, ":ids", json);
  return json != NULL;
}

static gboolean
query_walk (BlSqliteDb *db, GVariant *filter, GVariant *ids, GVariantBuilder *builder, GError **error)
{
  g_autofree char *sql = bl_sqlite_events_build_query (filter);
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, sql, error);
  int step = -1;

  if (statement == NULL)
    return FALSE;
  if (bind_filter (statement, filter, ids, error))
    while ((step = bl_sqlite_db_step (db, statement, error)) > 0)
      {
        const char *id = (const char *)sqlite3_column_text (statement, 0);
        g_autoptr (GVariant) event = bl_sqlite_parse_column (statement, 1, id);

        if (event != NULL)
          g_variant_builder_add_value (builder, event);
      }
  (void)sqlite3_clear_bindings (statement);
  return step == 0;
}

GVariant *
bl_sqlite_events_query (BlSqliteDb *db, GVariant *filter, GError **error)
{
  g_autoptr (GVariant) ids = bl_variant_get_child (filter, "ids");
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  gboolean targets_alone = ids != NULL && !bl_variant_has (filter, "nodeid")
                           && !bl_variant_has (filter, "userid") && !bl_variant_has (filter, "action");
  gboolean ok = FALSE;

  if (ids != NULL && !g_variant_is_of_type (ids, G_VARIANT_TYPE_STRING_ARRAY))
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "event filter: ids: expected as, found %s",
                 g_variant_get_type_string (ids));
  else if (targets_alone)
    ok = query_targets (db, filter, ids, &builder, error);
  else
    ok = query_walk (db, filter, ids, &builder, error);
  if (ok)
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
