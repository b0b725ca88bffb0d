// SPDX-License-Identifier: Apache-2.0
/* What is particular to the SQLite store: files, schema, damage, the full disk, limits, expiry, back-ups. */
#include "bl-sqlite-documents.h"
#include "bl-sqlite-events.h"
#include "bl-sqlite-store-private.h"
#include "common/bl-variant.h"
#include "tests/conformance/bl-store-conformance.h"
#include <bowline/directory.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *directory;
  char *path;
  const BowlineStore *table;
  BlSqliteStore *store;
} Fixture;

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("bowline-sqlite-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "bowline.db", NULL);
  f->table = bl_sqlite_store_get_table ();
}

static void
fixture_close (Fixture *f)
{
  g_clear_pointer (&f->store, bl_sqlite_store_close);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  fixture_close (f);
  bl_store_remove_directory (f->directory);
  g_free (f->directory);
  g_free (f->path);
}

static void
open_with (Fixture *f, BlSqliteOptions options)
{
  g_autoptr (GError) error = NULL;

  options.path = f->path;
  f->store = bl_sqlite_store_open (&options, &error);
  g_assert_no_error (error);
  bl_sqlite_store_start (f->store, NULL);
}

static void
open_plain (Fixture *f)
{
  open_with (f, (BlSqliteOptions){ .check = BL_SQLITE_CHECK_FULL });
}

/* @parts: (array zero-terminated=1): what the refusal must say */
static void
assert_refused (Fixture *f, const char *const *parts)
{
  BlSqliteOptions options = { .path = f->path, .check = BL_SQLITE_CHECK_FULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (bl_sqlite_store_open (&options, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
  g_test_message ("%s", error->message);
  for (guint i = 0; parts[i] != NULL; i++)
    g_assert_nonnull (strstr (error->message, parts[i]));
}

static gboolean
put (Fixture *f, const char *id, gsize size, GError **error)
{
  return bl_store_sync_commit (f->table, f->store, bl_store_make_puts (id, id, size), NULL, 0, error);
}

static void
run_sql (Fixture *f, const char *sql)
{
  g_autoptr (GError) error = NULL;
  sqlite3 *handle = NULL;

  g_assert_cmpint (sqlite3_open (f->path, &handle), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (handle, sql, NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (handle), ==, SQLITE_OK);
}

static gint64
get_number (Fixture *f, const char *sql)
{
  g_autoptr (BlSqliteDb) db = bl_sqlite_db_open (f->path, BL_SQLITE_DB_READ, NULL);
  gint64 value = -1;

  g_assert_true (bl_sqlite_db_get_int (db, sql, &value, NULL));
  return value;
}

static void
test_file (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "in use by another", NULL };
  struct stat buffer;

  open_plain (f);
  g_assert_true (put (f, "node//1", 10, NULL));
  g_assert_cmpint (stat (f->path, &buffer), ==, 0);
  g_assert_cmpuint (buffer.st_mode & 0777, ==, 0600);
  {
    g_autofree char *wal = g_strconcat (f->path, "-wal", NULL);

    g_assert_cmpint (stat (wal, &buffer), ==, 0);
    g_assert_cmpuint (buffer.st_mode & 0777, ==, 0600);
  }
  assert_refused (f, parts);
  g_assert_cmpint (get_number (f, "PRAGMA user_version"), ==, bl_sqlite_schema_get_version ());
  g_assert_cmpint (get_number (f, "PRAGMA application_id"), ==, BL_SQLITE_APPLICATION_ID);
  g_assert_cmpint (get_number (f, "SELECT count(*) FROM documents WHERE id = 'node//1' AND type = 'node' AND "
                                  "meshid = 'mesh//a' AND json_extract(json, '$.name') = 'node//1'"),
                   ==, 1);
}

static void
test_no_directory (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "bowline.db", "No such file", NULL };

  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  assert_refused (f, parts);
  g_assert_cmpint (g_mkdir (f->directory, 0700), ==, 0);
}

static void
test_newer (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "bowline.db", "version 99", "up to 1", NULL };
  struct stat before, after;

  open_plain (f);
  fixture_close (f);
  run_sql (f, "PRAGMA user_version = 99");
  g_assert_cmpint (stat (f->path, &before), ==, 0);
  assert_refused (f, parts);
  g_assert_cmpint (stat (f->path, &after), ==, 0);
  g_assert_cmpint (before.st_mtim.tv_nsec, ==, after.st_mtim.tv_nsec);
}

static void
test_versions_disagree (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "header says schema version 1", "schema_version 0", NULL };

  open_plain (f);
  fixture_close (f);
  run_sql (f, "DELETE FROM schema_version");
  assert_refused (f, parts);
}

static void
test_foreign (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "bowline.db", "another program", NULL };

  run_sql (f, "CREATE TABLE mine (a)");
  assert_refused (f, parts);
}

static void
test_not_a_database (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "bowline.db", "not a database", "bowlinectl restore", NULL };
  g_autofree char *text = g_strnfill (20000, 'z');

  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
  assert_refused (f, parts);
}

/* Bytes inside a page are overwritten, as by a bad disk. */
static void
test_damaged (Fixture *f, gconstpointer data)
{
  static const char *const parts[] = { "bowline.db is damaged", "bowlinectl restore", ".recover", NULL };
  g_autofree char *contents = NULL;
  gsize length;

  open_plain (f);
  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", i);

      g_assert_true (put (f, id, 500, NULL));
    }
  fixture_close (f);
  g_assert_true (g_file_get_contents (f->path, &contents, &length, NULL));
  memset (contents + length - 3 * 4096, 0x5a, 4096);
  g_assert_true (g_file_set_contents (f->path, contents, (gssize)length, NULL));
  assert_refused (f, parts);
}

static void
test_migration (Fixture *f, gconstpointer data)
{
  guint n;
  const BlSqliteMigration *released = bl_sqlite_schema_get_migrations (&n);
  const BlSqliteMigration later[] = {
    released[0],
    { 2, "ALTER TABLE documents ADD COLUMN note TEXT; UPDATE documents SET note = 'moved'" },
    { 3, "CREATE INDEX documents_note ON documents (note)" },
  };
  const BlSqliteMigration broken[]
      = { released[0], later[1], later[2], { 4, "UPDATE documents SET note = 'x'; nonsense" } };
  g_autofree char *fixture = g_test_build_filename (G_TEST_DIST, "fixtures", "schema-1.sql", NULL);
  g_autofree char *sql = NULL;
  g_autoptr (GError) error = NULL;
  BlSqliteDb *db;

  /* a file as version 0.1.0 wrote it */
  g_assert_true (g_file_get_contents (fixture, &sql, NULL, NULL));
  run_sql (f, sql);
  db = bl_sqlite_db_open (f->path, BL_SQLITE_DB_WRITE, NULL);
  g_test_expect_message ("bowline-db-sqlite", G_LOG_LEVEL_MESSAGE, "*version 2 is in place");
  g_test_expect_message ("bowline-db-sqlite", G_LOG_LEVEL_MESSAGE, "*version 3 is in place");
  g_assert_true (bl_sqlite_schema_migrate (db, later, G_N_ELEMENTS (later), &error));
  g_test_assert_expected_messages ();
  g_assert_no_error (error);
  g_assert_true (bl_sqlite_schema_migrate (db, later, G_N_ELEMENTS (later), &error));
  /* a step that fails is undone as a whole */
  g_assert_false (bl_sqlite_schema_migrate (db, broken, G_N_ELEMENTS (broken), &error));
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "schema version 4"));
  g_clear_error (&error);
  bl_sqlite_db_close (db);
  g_assert_cmpint (get_number (f, "PRAGMA user_version"), ==, 3);
  g_assert_cmpint (get_number (f, "SELECT count(*) FROM schema_version"), ==, 3);
  g_assert_cmpint (get_number (f, "SELECT count(*) FROM documents WHERE note = 'moved'"), ==, 2);
}

/* What version 0.1.0 wrote is read by this one. */
static void
test_old_file (Fixture *f, gconstpointer data)
{
  g_autofree char *fixture = g_test_build_filename (G_TEST_DIST, "fixtures", "schema-1.sql", NULL);
  g_autofree char *sql = NULL;
  g_autoptr (GVariant) user = NULL;
  g_autoptr (GVariant) events = NULL;

  g_assert_true (g_file_get_contents (fixture, &sql, NULL, NULL));
  run_sql (f, sql);
  open_plain (f);
  user = bl_store_sync_read (f->table, f->store, "user//admin", NULL);
  g_assert_cmpint (bl_variant_get_int (user, "siteadmin", 0), ==, 4294967295);
  events
      = bl_store_sync_query (f->table, f->store, g_variant_new_parsed ("{'ids': <['user//admin']>}"), NULL);
  g_assert_cmpuint (g_variant_n_children (events), ==, 1);
}

static void
count_cb (GVariant *document, gpointer user_data)
{
  (*(guint *)user_data)++;
}

static void
test_garbage_json (Fixture *f, gconstpointer data)
{
  static const char *const types[] = { "node", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = NULL;
  BlSqliteOptions options = { .path = f->path };
  guint n = 0;

  open_plain (f);
  g_assert_true (put (f, "node//1", 10, NULL));
  g_assert_true (put (f, "node//2", 10, NULL));
  g_assert_true (put (f, "node//3", 10, NULL));
  fixture_close (f);
  run_sql (f, "UPDATE documents SET json = '{\"_id\": \"node//1\"' WHERE id = 'node//1';"
              "UPDATE documents SET json = '[]' WHERE id = 'node//2'");
  f->store = bl_sqlite_store_open (&options, &error);
  g_assert_no_error (error);
  g_test_expect_message ("bowline-db-sqlite", G_LOG_LEVEL_WARNING, "row node//1 is left out*");
  g_test_expect_message ("bowline-db-sqlite", G_LOG_LEVEL_WARNING, "row node//2 is left out*");
  g_assert_true (f->table->load (f->store, types, count_cb, &n, &error));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (n, ==, 1);
  bl_sqlite_store_start (f->store, NULL);
  g_assert_true (put (f, "node//1", 10, NULL)); /* and may be written again */
  document = bl_store_sync_read (f->table, f->store, "node//1", NULL);
  g_assert_nonnull (document);
}

static gboolean
is_healthy (Fixture *f)
{
  g_autoptr (GVariant) status = f->table->status (f->store);

  return bl_variant_get_bool (status, "healthy", FALSE);
}

static gint64
get_status (Fixture *f, const char *key)
{
  g_autoptr (GVariant) status = f->table->status (f->store);

  return bl_variant_get_int (status, key, -1);
}

static void
wait_until_healthy (Fixture *f)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  while (!is_healthy (f) && g_get_monotonic_time () < deadline)
    g_usleep (1000);
  g_assert_true (is_healthy (f));
}

/* The file meets its configured size: refusals, reads go on, space comes back, all is well. */
static void
test_full (Fixture *f, gconstpointer data)
{
  static const char *const targets[] = { "*", NULL };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = NULL;
  g_autoptr (GVariant) event = g_variant_ref_sink (bl_store_make_puts ("x", "y", 200000));
  g_autoptr (GVariant) first = g_variant_get_child_value (event, 0);
  g_autoptr (GVariant) large = bl_doc_set_string (first, "action", "large");
  guint n = 0;

  open_with (f, (BlSqliteOptions){ .max_bytes = 400000 });
  for (;; n++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", n);

      if (n == 0)
        g_test_expect_message ("bowline-db-sqlite", G_LOG_LEVEL_WARNING, "changes cannot be stored*full*");
      if (!put (f, id, 3000, &error))
        break;
      g_strv_builder_add (builder, id);
      g_assert_cmpuint (n, <, 1000);
    }
  g_test_assert_expected_messages ();
  g_test_message ("%s", error->message);
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "bowline.db"));
  g_assert_nonnull (strstr (error->message, "maximum size"));
  g_assert_cmpuint (n, >, 20);
  g_assert_false (is_healthy (f));
  document = bl_store_sync_read (f->table, f->store, "node//5", NULL);
  g_assert_nonnull (document);
  f->table->add_event (f->store, targets, 1000, large);
  g_assert_false (bl_store_sync_flush (f->table, f->store, NULL));
  g_assert_cmpint (get_status (f, "queued"), ==, 1);

  /* deleting needs no space */
  ids = g_strv_builder_end (builder);
  g_test_expect_message ("bowline-db-sqlite", G_LOG_LEVEL_MESSAGE, "*changes are stored again");
  g_assert_true (bl_store_sync_commit (f->table, f->store, NULL, (const char *const *)ids, 0, NULL));
  wait_until_healthy (f);
  g_test_assert_expected_messages ();
  g_assert_true (bl_store_sync_flush (f->table, f->store, NULL));
  g_assert_cmpint (get_status (f, "queued"), ==, 0);
  g_assert_cmpint (get_status (f, "events"), ==, 1);
  g_assert_true (put (f, "node//again", 3000, NULL));
  fixture_close (f);
  open_plain (f);
  g_assert_cmpint (get_status (f, "documents"), ==, 1);
}

typedef struct
{
  guint kept;
  guint refused;
} Tally;

static void
tally_cb (const GError *error, gpointer user_data)
{
  Tally *tally = user_data;

  if (error == NULL)
    tally->kept++;
  else
    {
      g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
      g_assert_nonnull (strstr (error->message, "wait for the disk"));
      tally->refused++;
    }
}

/* Another program holds the file, changes pile up: those beyond the limit are refused at once. */
static void
test_bounded_queue (Fixture *f, gconstpointer data)
{
  static const char *const targets[] = { "*", NULL };
  g_autoptr (GVariant) puts = g_variant_ref_sink (bl_store_make_puts ("node//1", "x", 10));
  g_autoptr (GVariant) event = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'a'>}"));
  g_autoptr (GVariant) status = NULL;
  Tally tally = { 0 };
  sqlite3 *other = NULL;

  open_with (f, (BlSqliteOptions){ .max_queued = 50 });
  g_assert_cmpint (sqlite3_open (f->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
  for (guint i = 0; i < 300; i++)
    f->table->commit (f->store, puts, NULL, 0, tally_cb, &tally);
  for (guint i = 0; i < 10; i++)
    f->table->add_event (f->store, targets, 1000, event);
  while (tally.refused < 100)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (tally.kept, ==, 0);
  g_assert_cmpint (sqlite3_exec (other, "ROLLBACK", NULL, NULL, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_close (other), ==, SQLITE_OK);
  while (tally.kept + tally.refused < 300)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (tally.kept, >=, 50);
  g_assert_cmpuint (tally.kept, <=, 150);
  status = f->table->status (f->store);
  g_assert_cmpint (bl_variant_get_int (status, "dropped-events", 0), ==, 10);
  g_assert_cmpint (bl_variant_get_int (status, "queued", -1), ==, 0);
}

static void
test_expiry (Fixture *f, gconstpointer data)
{
  static const char *const targets[] = { "mesh//a", "*", NULL };
  gint64 day = 24 * 60 * 60 * G_GINT64_CONSTANT (1000);
  gint64 now = g_get_real_time () / 1000;
  g_autoptr (GVariant) event = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'a'>}"));
  g_autoptr (BlSqliteDb) db = NULL;
  guint removed = 0;
  gint64 n = 0;

  open_plain (f);
  for (guint i = 0; i < 1200; i++)
    f->table->add_event (f->store, targets, now - (i < 700 ? 91 : 89) * day, event);
  g_assert_true (bl_store_sync_flush (f->table, f->store, NULL));
  fixture_close (f);
  db = bl_sqlite_db_open (f->path, BL_SQLITE_DB_WRITE, NULL);
  g_assert_true (bl_sqlite_events_expire (db, now - 90 * day, 500, &removed, NULL));
  g_assert_cmpuint (removed, ==, 500);
  g_assert_true (bl_sqlite_events_expire (db, now - 90 * day, 500, &removed, NULL));
  g_assert_cmpuint (removed, ==, 200);
  g_assert_true (bl_sqlite_events_expire (db, now - 90 * day, 500, &removed, NULL));
  g_assert_cmpuint (removed, ==, 0);
  g_assert_true (bl_sqlite_db_get_int (db, "SELECT count(*) FROM events", &n, NULL));
  g_assert_cmpint (n, ==, 500);
  g_assert_true (bl_sqlite_db_get_int (db, "SELECT count(*) FROM event_targets", &n, NULL));
  g_assert_cmpint (n, ==, 1000);
}

/* The store does it by itself a little after its start. */
static void
test_expires_by_itself (Fixture *f, gconstpointer data)
{
  static const char *const targets[] = { "*", NULL };
  g_autoptr (GVariant) event = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'a'>}"));
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  open_with (f, (BlSqliteOptions){ .event_days = 1 });
  for (guint i = 0; i < 700; i++)
    f->table->add_event (f->store, targets, 1000, event);
  f->table->add_event (f->store, targets, g_get_real_time () / 1000, event);
  g_assert_true (bl_store_sync_flush (f->table, f->store, NULL));
  while (get_status (f, "events") != 1 && g_get_monotonic_time () < deadline)
    g_usleep (10000);
  g_assert_cmpint (get_status (f, "events"), ==, 1);
}

static void
test_backup (Fixture *f, gconstpointer data)
{
  g_autofree char *copy = g_build_filename (f->directory, "copy.db", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) list = NULL;
  struct stat buffer;

  open_plain (f);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", i);
      g_autoptr (GVariant) puts = g_variant_ref_sink (bl_store_make_puts (id, "x", 2000));

      f->table->commit (f->store, puts, NULL, 0, NULL, NULL);
    }
  g_assert_true (bl_store_sync_backup (f->table, f->store, copy, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stat (copy, &buffer), ==, 0);
  g_assert_cmpuint (buffer.st_mode & 0777, ==, 0600);
  /* an existing file is never overwritten */
  g_assert_false (bl_store_sync_backup (f->table, f->store, copy, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, "File exists"));
  fixture_close (f);

  g_assert_cmpint (g_remove (f->path), ==, 0);
  g_assert_cmpint (g_rename (copy, f->path), ==, 0);
  open_plain (f);
  list = bl_store_sync_list (f->table, f->store, "node", NULL, 1000, NULL);
  g_assert_cmpuint (g_variant_n_children (list), ==, 200);
}

static void
test_backup_fails (Fixture *f, gconstpointer data)
{
  g_autofree char *copy = g_build_filename (f->directory, "none", "copy.db", NULL);
  g_autoptr (GError) error = NULL;

  open_plain (f);
  g_assert_false (bl_store_sync_backup (f->table, f->store, copy, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, copy));
}

static void
close_cb (const GError *error, gpointer user_data)
{
  Fixture *f = user_data;

  g_assert_no_error (error);
  fixture_close (f);
}

/* The end of the server comes in the answer to its last flush; what was asked for before is still answered.
 */
static void
test_close_from_callback (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) puts = g_variant_ref_sink (bl_store_make_puts ("node//1", "x", 10));
  Tally tally = { 0 };

  open_plain (f);
  for (guint i = 0; i < 10; i++)
    f->table->commit (f->store, puts, NULL, 0, tally_cb, &tally);
  f->table->flush (f->store, close_cb, f);
  for (guint i = 0; i < 10; i++)
    f->table->commit (f->store, puts, NULL, 0, tally_cb, &tally);
  while (f->store != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (tally.kept, ==, 20);
  open_plain (f);
  g_assert_cmpint (get_status (f, "documents"), ==, 1);
}

/* Conditions are in the statement, values never. */
static void
test_query_text (void)
{
  static const struct
  {
    const char *filter;
    const char *has;
    const char *has_not;
  } cases[] = {
    { "{'ids': <['a']>, 'nodeid': <'n'>}", ":ids", ":action" },
    { "{'nodeid': <\"n'; DROP TABLE events\">}", "e.nodeid = :nodeid", "DROP" },
    { "{'action': <'x'>, 'start': <int64 5>}", "e.time >= :start", ":end" },
    { "{'userid': <'u'>, 'end': <int64 5>}", "e.userid = :userid", ":ids" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GVariant) filter = g_variant_parse (NULL, cases[i].filter, NULL, NULL, NULL);
      g_autofree char *sql = bl_sqlite_events_build_query (filter);

      g_assert_nonnull (strstr (sql, cases[i].has));
      g_assert_null (strstr (sql, cases[i].has_not));
    }
}

/* Not a limit, a figure: how long things take. */
static void
test_speed (Fixture *f, gconstpointer data)
{
  static const char *const targets[] = { "node//1", "mesh//a", "*", NULL };
  static const char *const types[] = { "node", NULL };
  g_autoptr (GVariant) puts = g_variant_ref_sink (bl_store_make_puts ("node//1", "x", 600));
  g_autoptr (GVariant) event = g_variant_ref_sink (g_variant_new_parsed (
      "{'action': <'changenode'>, 'etype': <'node'>, 'nodeid': <'node//1'>, 'userid': <'user//a'>, "
      "'msg': <'Changed device WORKSTATION-042 from group office: osdesc, ip, users, lastbootuptime'>}"));
  BlSqliteOptions options = { .path = f->path };
  gint64 begin;
  guint n = 0;
  Tally tally = { 0 };

  open_plain (f);
  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 10000; i++)
    f->table->add_event (f->store, targets, 1000 + i, event);
  g_assert_true (bl_store_sync_flush (f->table, f->store, NULL));
  g_test_message ("10000 events: %.0f/s", 1e10 / (double)(g_get_monotonic_time () - begin));

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 200; i++)
    g_assert_true (bl_store_sync_commit (f->table, f->store, puts, NULL, BOWLINE_COMMIT_DURABLE, NULL));
  g_test_message ("durable changes one by one: %.0f/s", 2e8 / (double)(g_get_monotonic_time () - begin));

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", i % 5000);
      g_autoptr (GVariant) one = g_variant_ref_sink (bl_store_make_puts (id, "x", 600));

      f->table->commit (f->store, one, NULL, BOWLINE_COMMIT_DURABLE, tally_cb, &tally);
    }
  while (tally.kept < 10000)
    g_main_context_iteration (NULL, TRUE);
  g_test_message ("durable changes together: %.0f/s", 1e10 / (double)(g_get_monotonic_time () - begin));

  begin = g_get_monotonic_time ();
  {
    g_autoptr (GVariant) events = bl_store_sync_query (
        f->table, f->store,
        g_variant_new_parsed ("{'ids': <['*', 'mesh//a', 'node//1']>, 'limit': <int64 100>}"), NULL);

    g_assert_cmpuint (g_variant_n_children (events), ==, 100);
  }
  g_test_message ("the newest 100 of 10000 events: %.1f ms",
                  (double)(g_get_monotonic_time () - begin) / 1000);

  fixture_close (f);
  begin = g_get_monotonic_time ();
  f->store = bl_sqlite_store_open (&options, NULL);
  g_assert_true (f->table->load (f->store, types, count_cb, &n, NULL));
  g_assert_cmpuint (n, ==, 5000);
  g_test_message ("open and load 5000 documents: %.1f ms", (double)(g_get_monotonic_time () - begin) / 1000);
}

/* What nobody waits for is written together with others: at the latest after 50 ms, with the next change, or
 * when a list must show it. */
static void
test_relaxed (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) first = g_variant_ref_sink (bl_store_make_puts ("node//1", "x", 10));
  g_autoptr (GVariant) second = g_variant_ref_sink (bl_store_make_puts ("node//2", "x", 10));
  g_autoptr (GVariant) list = NULL;
  Tally tally = { 0 };
  gint64 begin;

  open_plain (f);
  begin = g_get_monotonic_time ();
  f->table->commit (f->store, first, NULL, BOWLINE_COMMIT_RELAXED, tally_cb, &tally);
  while (tally.kept < 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, BL_SQLITE_BATCH_US);
  g_assert_cmpint (get_number (f, "SELECT count(*) FROM documents"), ==, 1);

  f->table->commit (f->store, second, NULL, BOWLINE_COMMIT_RELAXED, tally_cb, &tally);
  g_assert_true (put (f, "node//3", 10, NULL));
  g_assert_cmpuint (tally.kept, ==, 2);

  f->table->commit (f->store, NULL, (const char *const[]){ "node//1", NULL }, BOWLINE_COMMIT_RELAXED,
                    tally_cb, &tally);
  list = bl_store_sync_list (f->table, f->store, "node", NULL, 10, NULL);
  g_assert_cmpuint (g_variant_n_children (list), ==, 2);

  /* what lingers is not left behind at the end */
  f->table->commit (f->store, first, NULL, BOWLINE_COMMIT_RELAXED, tally_cb, &tally);
  f->table->commit (f->store, second, NULL, BOWLINE_COMMIT_RELAXED, tally_cb, &tally);
  fixture_close (f);
  g_assert_cmpint (get_number (f, "SELECT count(*) FROM documents"), ==, 3);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "/sqlite/file", test_file },
    { "/sqlite/no-directory", test_no_directory },
    { "/sqlite/newer", test_newer },
    { "/sqlite/versions-disagree", test_versions_disagree },
    { "/sqlite/foreign", test_foreign },
    { "/sqlite/not-a-database", test_not_a_database },
    { "/sqlite/damaged", test_damaged },
    { "/sqlite/migration", test_migration },
    { "/sqlite/old-file", test_old_file },
    { "/sqlite/garbage-json", test_garbage_json },
    { "/sqlite/full", test_full },
    { "/sqlite/bounded-queue", test_bounded_queue },
    { "/sqlite/expiry", test_expiry },
    { "/sqlite/expires-by-itself", test_expires_by_itself },
    { "/sqlite/backup", test_backup },
    { "/sqlite/backup-fails", test_backup_fails },
    { "/sqlite/close-from-callback", test_close_from_callback },
    { "/sqlite/relaxed", test_relaxed },
    { "/sqlite/speed", test_speed },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].path, Fixture, NULL, fixture_set_up, cases[i].func, fixture_tear_down);
  g_test_add_func ("/sqlite/query-text", test_query_text);
  return g_test_run ();
}
