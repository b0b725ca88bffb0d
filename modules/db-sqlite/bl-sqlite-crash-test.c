// SPDX-License-Identifier: Apache-2.0
/* kill -9 under load, again and again on the same file: nothing that was confirmed is lost, nothing is torn.
 */
#include "bl-sqlite-store.h"
#include "common/bl-variant.h"
#include "tests/conformance/bl-store-conformance.h"
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 50

static char *child_path;

typedef struct
{
  char *directory;
  char *path;
  GHashTable *confirmed; /* slot: highest number confirmed for it */
  gint64 next;
  gint64 total;
  gint64 highest;
} Crash;

static GSubprocess *
spawn (Crash *crash, GDataInputStream **lines)
{
  g_autofree char *first = g_strdup_printf ("%" G_GINT64_FORMAT, crash->next);
  g_autoptr (GError) error = NULL;
  GSubprocess *child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, child_path, "load",
                                         crash->path, first, NULL);
  g_autofree char *line = NULL;

  g_assert_no_error (error);
  *lines = g_data_input_stream_new (g_subprocess_get_stdout_pipe (child));
  line = g_data_input_stream_read_line (*lines, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (line, ==, "ready");
  return child;
}

static void
confirm (Crash *crash, gint64 number)
{
  g_hash_table_insert (crash->confirmed, GINT_TO_POINTER (number % 300), GSIZE_TO_POINTER ((gsize)number));
  crash->highest = MAX (crash->highest, number);
  crash->total++;
}

/* Reads what was confirmed until the pipe ends; the process is killed after a random number of lines, while
 * it writes on. */
static void
read_and_kill (Crash *crash, GSubprocess *child, GDataInputStream *lines)
{
  gint kill_after = g_test_rand_int_range (1, 2000);
  gboolean killed = FALSE;
  gint n = 0;

  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *line = g_data_input_stream_read_line (lines, NULL, NULL, &error);

      g_assert_no_error (error);
      if (line == NULL)
        break;
      confirm (crash, g_ascii_strtoll (line, NULL, 10));
      if (++n < kill_after || killed)
        continue;
      g_subprocess_send_signal (child, SIGKILL);
      killed = TRUE;
    }
  g_assert_true (g_subprocess_wait (child, NULL, NULL));
  g_assert_true (g_subprocess_get_if_signaled (child));
  g_assert_cmpint (g_subprocess_get_term_sig (child), ==, SIGKILL);
}

static gint64
read_number (const BowlineStore *table, gpointer store, char kind, gint slot)
{
  g_autofree char *id = g_strdup_printf ("node//%c%d", kind, slot);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = bl_store_sync_read (table, store, id, &error);

  g_assert_no_error (error);
  return bl_variant_get_int (document, "n", -1);
}

static void
check (Crash *crash)
{
  const BowlineStore *table = bl_sqlite_store_get_table ();
  BlSqliteOptions options = { .path = crash->path, .check = BL_SQLITE_CHECK_FULL };
  g_autoptr (GError) error = NULL;
  BlSqliteStore *store = bl_sqlite_store_open (&options, &error);

  g_assert_no_error (error);
  bl_sqlite_store_start (store, NULL);
  for (gint slot = 0; slot < 300; slot++)
    {
      gint64 a = read_number (table, store, 'a', slot);
      gint64 b = read_number (table, store, 'b', slot);
      gpointer confirmed;

      g_assert_cmpint (a, ==, b);
      if (g_hash_table_lookup_extended (crash->confirmed, GINT_TO_POINTER (slot), NULL, &confirmed))
        g_assert_cmpint (a, >=, (gint64)GPOINTER_TO_SIZE (confirmed));
      crash->next = MAX (crash->next, a + 1);
    }
  {
    /* events are in the order of the changes around them: all but those behind the last confirmed one */
    g_autoptr (GVariant) events
        = bl_store_sync_query (table, store, g_variant_new_parsed ("{'limit': <int64 10000>}"), &error);
    gint64 last = -1;

    g_assert_no_error (error);
    if (g_variant_n_children (events) > 0)
      {
        g_autoptr (GVariant) newest = g_variant_get_child_value (events, 0);

        last = bl_variant_get_int (newest, "n", -1);
      }
    g_assert_cmpint (last, >=, crash->highest - 40 - 1);
  }
  bl_sqlite_store_close (store);
}

static void
test_kill (void)
{
  Crash crash = { .confirmed = g_hash_table_new (NULL, NULL), .highest = -1 };
  gint64 begin = g_get_monotonic_time ();

  crash.directory = g_dir_make_tmp ("bowline-crash-XXXXXX", NULL);
  crash.path = g_build_filename (crash.directory, "bowline.db", NULL);
  for (guint i = 0; i < ROUNDS; i++)
    {
      g_autoptr (GDataInputStream) lines = NULL;
      g_autoptr (GSubprocess) child = spawn (&crash, &lines);

      read_and_kill (&crash, child, lines);
      check (&crash);
    }
  g_test_message ("%d kills, %" G_GINT64_FORMAT " confirmed changes, %.1f s", ROUNDS, crash.total,
                  (double)(g_get_monotonic_time () - begin) / G_TIME_SPAN_SECOND);
  g_hash_table_unref (crash.confirmed);
  bl_store_remove_directory (crash.directory);
  g_free (crash.directory);
  g_free (crash.path);
}

static void
test_full (void)
{
  g_autofree char *directory = g_dir_make_tmp ("bowline-full-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "bowline.db", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, child_path, "full", path, NULL);
  g_autofree char *said = NULL;
  BlSqliteOptions options = { .path = path, .check = BL_SQLITE_CHECK_FULL };
  BlSqliteStore *store;

  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (child, NULL, NULL, NULL, &said, &error));
  g_test_message ("%s", said);
  g_assert_true (g_subprocess_get_successful (child));
  g_assert_nonnull (strstr (said, "refused: "));
  g_assert_nonnull (strstr (said, "bowline.db"));
  g_assert_nonnull (strstr (said, "limit on the size of files"));
  store = bl_sqlite_store_open (&options, &error);
  g_assert_no_error (error);
  bl_sqlite_store_close (store);
  bl_store_remove_directory (directory);
}

/* A disk that is really full: no space for the file, its log and what is shared between connections. */
static void
test_space (void)
{
  g_autofree char *directory = g_dir_make_tmp ("bowline-space-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) child
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDERR_PIPE, &error, child_path, "space", directory, NULL);
  g_autofree char *said = NULL;

  g_assert_no_error (error);
  g_assert_true (g_subprocess_communicate_utf8 (child, NULL, NULL, NULL, &said, &error));
  bl_store_remove_directory (directory);
  g_test_message ("%s", said);
  g_assert_true (g_subprocess_get_if_exited (child));
  if (g_subprocess_get_exit_status (child) == 77)
    {
      g_test_skip (said);
      return;
    }
  g_assert_cmpint (g_subprocess_get_exit_status (child), ==, 0);
  g_assert_nonnull (strstr (said, "no space left on the disk"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  child_path = g_test_build_filename (G_TEST_BUILT, "bl-sqlite-child", NULL);
  g_test_add_func ("/sqlite/kill-under-load", test_kill);
  g_test_add_func ("/sqlite/file-size-limit", test_full);
  g_test_add_func ("/sqlite/disk-full", test_space);
  return g_test_run ();
}
