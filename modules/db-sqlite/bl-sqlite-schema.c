// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-schema.h"
#include <bowline/error.h>

#define TO_STRING_(x) #x
#define TO_STRING(x) TO_STRING_ (x)

/* A released step never changes. A new one is added at the end. */
static const BlSqliteMigration migrations[] = {
  { 1,
    /* "json" is the document; the other columns repeat what is asked for, so that it can have an index. */
    "CREATE TABLE documents ("
    "  id TEXT PRIMARY KEY NOT NULL,"
    "  type TEXT NOT NULL,"
    "  domain TEXT,"
    "  meshid TEXT,"
    "  nodeid TEXT,"
    "  userid TEXT,"
    "  json TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX documents_type ON documents (type, id);"
    "CREATE INDEX documents_meshid ON documents (meshid) WHERE meshid IS NOT NULL;"
    "CREATE INDEX documents_nodeid ON documents (nodeid) WHERE nodeid IS NOT NULL;"
    "CREATE TABLE events ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  time INTEGER NOT NULL,"
    "  domain TEXT,"
    "  action TEXT NOT NULL,"
    "  nodeid TEXT,"
    "  userid TEXT,"
    "  json TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX events_time ON events (time, id);"
    "CREATE INDEX events_nodeid ON events (nodeid, time, id) WHERE nodeid IS NOT NULL;"
    "CREATE INDEX events_userid ON events (userid, time, id) WHERE userid IS NOT NULL;"
    "CREATE TABLE event_targets ("
    "  target TEXT NOT NULL,"
    "  time INTEGER NOT NULL,"
    "  event INTEGER NOT NULL,"
    "  PRIMARY KEY (target, time, event)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX event_targets_event ON event_targets (event);"
    /* one row, rewritten to find out whether the disk takes data again */
    "CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), time INTEGER NOT NULL) STRICT;" },
};

const BlSqliteMigration *
bl_sqlite_schema_get_migrations (guint *n)
{
  *n = G_N_ELEMENTS (migrations);
  return migrations;
}

gint64
bl_sqlite_schema_get_version (void)
{
  return migrations[G_N_ELEMENTS (migrations) - 1].version;
}

/* What SQLite finds wrong first; %NULL: nothing. */
static char *
find_damage (BlSqliteDb *db, BlSqliteCheck check)
{
  const char *sql = check == BL_SQLITE_CHECK_FULL ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)";
  g_autoptr (GError) error = NULL;
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, sql, &error);
  g_autofree char *text = NULL;

  if (statement != NULL && bl_sqlite_db_step (db, statement, &error) > 0)
    text = g_strdup ((const char *)sqlite3_column_text (statement, 0));
  if (statement != NULL)
    (void)sqlite3_reset (statement);
  if (text != NULL && g_str_equal (text, "ok"))
    return NULL;
  if (text != NULL)
    return g_strdelimit (g_steal_pointer (&text), "\n", ' ');
  return g_strdup (error != NULL ? error->message : "the check gave no answer");
}

static gboolean
refuse_damage (BlSqliteDb *db, const char *damage, GError **error)
{
  g_set_error (
      error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
      "%s is damaged: %s. Keep a copy of the file and of the files beside it, then restore a back-up with "
      "'bowlinectl restore FILE', or save what is readable with 'sqlite3 %s .recover'",
      bl_sqlite_db_get_path (db), damage, bl_sqlite_db_get_path (db));
  return FALSE;
}

gboolean
bl_sqlite_schema_check (BlSqliteDb *db, BlSqliteCheck check, GError **error)
{
  g_autofree char *damage = NULL;
  g_autoptr (GError) reading = NULL;
  gint64 application = 0;
  gint64 objects = 0;

  if (!bl_sqlite_db_get_int (db, "PRAGMA application_id", &application, &reading)
      || !bl_sqlite_db_get_int (db, "SELECT count(*) FROM sqlite_schema", &objects, &reading))
    return refuse_damage (db, reading->message, error);
  if (objects > 0 && application != BL_SQLITE_APPLICATION_ID)
    {
      g_set_error (
          error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
          "%s is a database of another program: expected application id 0x%x, found 0x%x. Move it away or "
          "choose another file",
          bl_sqlite_db_get_path (db), BL_SQLITE_APPLICATION_ID, (guint)application);
      return FALSE;
    }
  if (check == BL_SQLITE_CHECK_OFF || objects == 0)
    return TRUE;
  damage = find_damage (db, check);
  return damage == NULL || refuse_damage (db, damage, error);
}

/* The version stands in the header, so that a newer file is recognised whatever its tables are, and in a
 * table. */
static gboolean
read_version (BlSqliteDb *db, gint64 newest, gint64 *version, GError **error)
{
  gint64 in_table = 0;

  if (!bl_sqlite_db_get_int (db, "PRAGMA user_version", version, error))
    return FALSE;
  if (*version > newest)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
                   "%s has schema version %" G_GINT64_FORMAT
                   ", this program knows versions up to %" G_GINT64_FORMAT
                   ". Use the newer Bowline that wrote it, or restore a back-up made before",
                   bl_sqlite_db_get_path (db), *version, newest);
      return FALSE;
    }
  if (*version == 0)
    return TRUE;
  if (!bl_sqlite_db_get_int (db, "SELECT max(version) FROM schema_version", &in_table, error))
    return FALSE;
  if (in_table == *version)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE,
               "%s: its header says schema version %" G_GINT64_FORMAT
               ", its table schema_version %" G_GINT64_FORMAT
               ". Restore a back-up with 'bowlinectl restore FILE'",
               bl_sqlite_db_get_path (db), *version, in_table);
  return FALSE;
}

static gboolean
apply_in_transaction (BlSqliteDb *db, const BlSqliteMigration *migration, GError **error)
{
  g_autofree char *user_version
      = g_strdup_printf ("PRAGMA user_version = %" G_GINT64_FORMAT, migration->version);
  sqlite3_stmt *statement;

  if (!bl_sqlite_db_exec (db,
                          "CREATE TABLE IF NOT EXISTS schema_version ("
                          "  version INTEGER PRIMARY KEY, applied TEXT NOT NULL) STRICT;"
                          "PRAGMA application_id = " TO_STRING (BL_SQLITE_APPLICATION_ID),
                          error)
      || !bl_sqlite_db_exec (db, migration->sql, error))
    return FALSE;
  statement = bl_sqlite_db_prepare (
      db, "INSERT INTO schema_version VALUES (?1, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))", error);
  if (statement == NULL)
    return FALSE;
  (void)sqlite3_bind_int64 (statement, 1, migration->version);
  return bl_sqlite_db_run (db, statement, error) && bl_sqlite_db_exec (db, user_version, error)
         && bl_sqlite_db_exec (db, "COMMIT", error);
}

static gboolean
apply (BlSqliteDb *db, const BlSqliteMigration *migration, GError **error)
{
  if (!bl_sqlite_db_exec (db, "BEGIN IMMEDIATE", error))
    return FALSE;
  if (apply_in_transaction (db, migration, error))
    return TRUE;
  g_prefix_error (error, "schema version %" G_GINT64_FORMAT ": ", migration->version);
  if (!sqlite3_get_autocommit (bl_sqlite_db_get_handle (db)))
    (void)bl_sqlite_db_exec (db, "ROLLBACK", NULL);
  return FALSE;
}

gboolean
bl_sqlite_schema_migrate (BlSqliteDb *db, const BlSqliteMigration *steps, guint n_steps, GError **error)
{
  gint64 newest = steps[n_steps - 1].version;
  gint64 version = 0;

  if (!read_version (db, newest, &version, error))
    return FALSE;
  for (guint i = 0; i < n_steps; i++)
    {
      if (steps[i].version <= version)
        continue;
      if (!apply (db, &steps[i], error))
        return FALSE;
      if (version > 0)
        g_message ("%s: schema version %" G_GINT64_FORMAT " is in place", bl_sqlite_db_get_path (db),
                   steps[i].version);
    }
  return TRUE;
}
