// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-db-sqlite"

#include "bl-sqlite-db.h"
#include <bowline/error.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Other programs (a back-up, an administrator's shell) may hold the file for a moment. */
#define BUSY_MS 5000
/* Event queries come in many shapes; when this many statements are kept, all are dropped. */
#define STATEMENTS_MAX 64u

struct _BlSqliteDb
{
  char *path;
  sqlite3 *handle;
  GHashTable *statements; /* SQL text: sqlite3_stmt */
};

static void
statement_free (gpointer data)
{
  sqlite3_finalize (data);
}

static gboolean
bl_sqlite_db_set_up (BlSqliteDb *db, BlSqliteDbMode mode, GError **error)
{
  const char *sql = "PRAGMA foreign_keys = OFF;"
                    "PRAGMA trusted_schema = OFF;"
                    "PRAGMA cache_size = -1024;"
                    "PRAGMA temp_store = MEMORY;";

  sqlite3_extended_result_codes (db->handle, 1);
  sqlite3_busy_timeout (db->handle, BUSY_MS);
  (void)sqlite3_db_config (db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  (void)sqlite3_limit (db->handle, SQLITE_LIMIT_ATTACHED, 0);
  if (!bl_sqlite_db_exec (db, sql, error))
    return FALSE;
  return mode == BL_SQLITE_DB_WRITE || bl_sqlite_db_exec (db, "PRAGMA query_only = ON", error);
}

/* The file holds password hashes and keys: it must never exist with another mode, not even for a moment. */
static gboolean
create_private (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd >= 0)
    {
      close (fd);
      return TRUE;
    }
  if (errno == EEXIST)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: cannot be created: %s", path,
               g_strerror (errno));
  return FALSE;
}

BlSqliteDb *
bl_sqlite_db_open (const char *path, BlSqliteDbMode mode, GError **error)
{
  g_autoptr (BlSqliteDb) db = g_new0 (BlSqliteDb, 1);
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE
              | (mode == BL_SQLITE_DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);

  db->path = g_strdup (path);
  db->statements = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, statement_free);
  if (mode == BL_SQLITE_DB_WRITE && !create_private (path, error))
    return NULL;
  if (sqlite3_open_v2 (path, &db->handle, flags, NULL) != SQLITE_OK)
    {
      bl_sqlite_db_set_error (db, "cannot be opened", error);
      return NULL;
    }
  if (!bl_sqlite_db_set_up (db, mode, error))
    return NULL;
  return g_steal_pointer (&db);
}

void
bl_sqlite_db_close (BlSqliteDb *db)
{
  if (db == NULL)
    return;
  g_hash_table_unref (db->statements);
  if (sqlite3_close (db->handle) != SQLITE_OK)
    g_warning ("%s: a statement is still in use at the end", db->path);
  g_free (db->path);
  g_free (db);
}

sqlite3 *
bl_sqlite_db_get_handle (BlSqliteDb *db)
{
  return db->handle;
}

const char *
bl_sqlite_db_get_path (BlSqliteDb *db)
{
  return db->path;
}

static const char *
hint_for (int code)
{
  switch (code & 0xff)
    {
    case SQLITE_FULL:
      return " (no space left on the disk, or the configured maximum size is reached)";
    case SQLITE_IOERR:
      return " (the disk, or a limit on the size of files, refuses it)";
    case SQLITE_BUSY:
      return " (another program holds the database)";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return " (restore a back-up with 'bowlinectl restore FILE')";
    default:
      return "";
    }
}

void
bl_sqlite_db_set_error (BlSqliteDb *db, const char *what, GError **error)
{
  int code = db->handle != NULL ? sqlite3_extended_errcode (db->handle) : SQLITE_NOMEM;
  int system = db->handle != NULL ? sqlite3_system_errno (db->handle) : 0;
  gboolean io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;

  if (error != NULL && *error != NULL)
    return;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s: %s%s%s%s", db->path, what,
               db->handle != NULL ? sqlite3_errmsg (db->handle) : "out of memory",
               io && system != 0 ? ": " : "", io && system != 0 ? g_strerror (system) : "", hint_for (code));
}

gboolean
bl_sqlite_db_cannot_write (BlSqliteDb *db)
{
  switch (sqlite3_errcode (db->handle) & 0xff)
    {
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      return TRUE;
    default:
      return FALSE;
    }
}

gboolean
bl_sqlite_db_cannot_grow (BlSqliteDb *db)
{
  int code = sqlite3_errcode (db->handle) & 0xff;

  return code == SQLITE_FULL || code == SQLITE_IOERR;
}

gboolean
bl_sqlite_db_exec (BlSqliteDb *db, const char *sql, GError **error)
{
  if (sqlite3_exec (db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  bl_sqlite_db_set_error (db, "statement failed", error);
  return FALSE;
}

sqlite3_stmt *
bl_sqlite_db_prepare (BlSqliteDb *db, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (db->statements, sql);

  if (statement == NULL)
    {
      if (g_hash_table_size (db->statements) >= STATEMENTS_MAX)
        g_hash_table_remove_all (db->statements);
      if (sqlite3_prepare_v3 (db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
        {
          bl_sqlite_db_set_error (db, "statement refused", error);
          return NULL;
        }
      g_hash_table_insert (db->statements, (gpointer)sqlite3_sql (statement), statement);
    }
  (void)sqlite3_reset (statement);
  (void)sqlite3_clear_bindings (statement);
  return statement;
}

int
bl_sqlite_db_step (BlSqliteDb *db, sqlite3_stmt *statement, GError **error)
{
  int code = sqlite3_step (statement);

  if (code == SQLITE_ROW)
    return 1;
  if (code != SQLITE_DONE)
    {
      bl_sqlite_db_set_error (db, "statement failed", error);
      (void)sqlite3_reset (statement);
      return -1;
    }
  (void)sqlite3_reset (statement);
  return 0;
}

gboolean
bl_sqlite_db_run (BlSqliteDb *db, sqlite3_stmt *statement, GError **error)
{
  int step;

  do
    step = bl_sqlite_db_step (db, statement, error);
  while (step > 0);
  return step == 0;
}

gboolean
bl_sqlite_db_get_int (BlSqliteDb *db, const char *sql, gint64 *value, GError **error)
{
  sqlite3_stmt *statement = bl_sqlite_db_prepare (db, sql, error);
  int step;

  *value = 0;
  if (statement == NULL)
    return FALSE;
  step = bl_sqlite_db_step (db, statement, error);
  if (step > 0)
    *value = sqlite3_column_int64 (statement, 0);
  (void)sqlite3_reset (statement);
  return step >= 0;
}

void
bl_sqlite_bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  if (text == NULL)
    (void)sqlite3_bind_null (statement, index);
  else
    (void)sqlite3_bind_text (statement, index, text, -1, SQLITE_STATIC);
}
