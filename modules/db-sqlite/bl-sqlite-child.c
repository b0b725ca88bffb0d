// SPDX-License-Identifier: Apache-2.0
/*
 * A process for the tests of the store to kill or to starve:
 *   load FILE FIRST   commits without end, from number FIRST on, and prints each number that was confirmed
 *   full FILE         meets the limit of a file's size, and goes on when it is lifted; exit status 0: all as
 * it should be
 */
#include "bl-sqlite-store.h"
#include "common/bl-variant.h"
#include "tests/conformance/bl-store-conformance.h"
#include <bowline/directory.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#define UNDER_WAY 40
#define DOCUMENTS 300

typedef struct
{
  BlSqliteStore *store;
  const BowlineStore *table;
  gint64 next;
  guint under_way;
} Load;

typedef struct
{
  Load *load;
  gint64 number;
} Confirmation;

static void
say (const char *text)
{
  gsize length = strlen (text);

  while (length > 0)
    {
      gssize written = write (STDOUT_FILENO, text, length);

      if (written < 0)
        _exit (errno == EPIPE ? 0 : 3);
      text += written;
      length -= (gsize)written;
    }
}

static void
confirmed_cb (const GError *error, gpointer user_data)
{
  g_autofree Confirmation *confirmation = user_data;
  g_autofree char *line = g_strdup_printf ("%" G_GINT64_FORMAT "\n", confirmation->number);

  if (error != NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      _exit (3);
    }
  confirmation->load->under_way--;
  say (line);
}

/* Two documents with one number: either both are there or none. */
static GVariant *
make_pair (gint64 number)
{
  g_autofree char *a = g_strdup_printf ("node//a%" G_GINT64_FORMAT, number % DOCUMENTS);
  g_autofree char *b = g_strdup_printf ("node//b%" G_GINT64_FORMAT, number % DOCUMENTS);

  return g_variant_new_parsed (
      "[{'_id': <%s>, 'type': <'node'>, 'n': <%x>}, {'_id': <%s>, 'type': <'node'>, 'n': <%x>}]", a, number,
      b, number);
}

static void
load_one (Load *load)
{
  static const char *const targets[] = { "mesh//a", "*", NULL };
  Confirmation *confirmation = g_new0 (Confirmation, 1);
  g_autoptr (GVariant) puts = g_variant_ref_sink (make_pair (load->next));
  g_autoptr (GVariant) event
      = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'a'>, 'n': <%x>}", load->next));

  confirmation->load = load;
  confirmation->number = load->next++;
  load->under_way++;
  load->table->commit (load->store, puts, NULL, load->next % 7 == 0 ? BOWLINE_COMMIT_DURABLE : 0,
                       confirmed_cb, confirmation);
  /* the next confirmation is for the event, too: the store keeps the order */
  load->table->add_event (load->store, targets, load->next, event);
}

static BlSqliteStore *
open_store (const char *path)
{
  BlSqliteOptions options = { .path = path, .check = BL_SQLITE_CHECK_FULL };
  g_autoptr (GError) error = NULL;
  BlSqliteStore *store = bl_sqlite_store_open (&options, &error);

  if (store == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      _exit (3);
    }
  bl_sqlite_store_start (store, NULL);
  return store;
}

static G_NORETURN void
run_load (const char *path, const char *first)
{
  Load load = { .store = open_store (path),
                .table = bl_sqlite_store_get_table (),
                .next = g_ascii_strtoll (first, NULL, 10) };

  say ("ready\n");
  for (;;)
    {
      while (load.under_way < UNDER_WAY)
        load_one (&load);
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  (void)getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static gboolean
is_healthy (const BowlineStore *table, gpointer self)
{
  g_autoptr (GVariant) status = table->status (self);
  gboolean healthy = FALSE;

  g_assert_true (g_variant_lookup (status, "healthy", "b", &healthy));
  g_assert_cmpint (healthy, ==, !bl_variant_has (status, "problem"));
  return healthy;
}

static guint
fill (const BowlineStore *table, gpointer self)
{
  guint n = 0;

  for (;;)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", n);
      g_autoptr (GError) error = NULL;

      if (bl_store_sync_commit (table, self, bl_store_make_puts (id, id, 3000), NULL, 0, &error))
        {
          n++;
          g_assert_cmpuint (n, <, 10000);
          continue;
        }
      g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
      fprintf (stderr, "refused: %s\n", error->message);
      return n;
    }
}

static void
assert_all_there (const BowlineStore *table, gpointer self, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) list = bl_store_sync_list (table, self, "node", NULL, 100000, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (list), ==, n);
}

typedef struct
{
  void (*limit) (gpointer data);
  void (*lift) (gpointer data);
  gpointer data;
} Shortage;

static int
run_shortage (const char *path, const Shortage *shortage)
{
  static const char *const targets[] = { "*", NULL };
  const BowlineStore *table = bl_sqlite_store_get_table ();
  BlSqliteStore *store = open_store (path);
  g_autoptr (GVariant) event = g_variant_ref_sink (g_variant_new_parsed ("{'action': <'while full'>}"));
  g_autoptr (GVariant) events = NULL;
  gint64 deadline;
  guint n;

  shortage->limit (shortage->data);
  n = fill (table, store);
  g_assert_cmpuint (n, >, 5);
  g_assert_false (is_healthy (table, store));
  assert_all_there (table, store, n);
  table->add_event (store, targets, 1000, event);
  g_assert_false (bl_store_sync_flush (table, store, NULL));

  /* nobody asks for anything: the store finds out by itself */
  shortage->lift (shortage->data);
  deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  while (!is_healthy (table, store) && g_get_monotonic_time () < deadline)
    g_usleep (5000);
  g_assert_true (is_healthy (table, store));
  events = bl_store_sync_query (table, store, g_variant_new_parsed ("@a{sv} {}"), NULL);
  g_assert_cmpuint (g_variant_n_children (events), ==, 1);
  g_assert_true (
      bl_store_sync_commit (table, store, bl_store_make_puts ("node//after", "x", 10), NULL, 0, NULL));
  assert_all_there (table, store, n + 1);
  bl_sqlite_store_close (store);
  store = open_store (path);
  assert_all_there (table, store, n + 1);
  bl_sqlite_store_close (store);
  return 0;
}

static void
limit_size (gpointer data)
{
  (void)signal (SIGXFSZ, SIG_IGN);
  limit_files (1000000);
}

static void
lift_size (gpointer data)
{
  limit_files (RLIM_INFINITY);
}

static int
run_full (const char *path)
{
  const Shortage shortage = { limit_size, lift_size, NULL };

  return run_shortage (path, &shortage);
}

static void
put_ballast (gpointer data)
{
  g_autofree char *bytes = g_strnfill (1200000, 'b');
  g_autoptr (GError) error = NULL;

  g_file_set_contents (data, bytes, -1, &error);
  g_assert_no_error (error);
}

static void
drop_ballast (gpointer data)
{
  g_assert_cmpint (unlink (data), ==, 0);
}

static int
run_space (const char *directory)
{
  g_autofree char *path = g_build_filename (directory, "bowline.db", NULL);
  g_autofree char *ballast = g_build_filename (directory, "ballast", NULL);
  const Shortage shortage = { put_ballast, drop_ballast, ballast };

  if (unshare (geteuid () == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0
      || mount (NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) != 0
      || mount ("tmpfs", directory, "tmpfs", MS_NOSUID | MS_NODEV, "size=2m") != 0)
    {
      fprintf (stderr, "a file system of its own is not allowed: %s\n", g_strerror (errno));
      return 77;
    }
  return run_shortage (path, &shortage);
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "load"))
    run_load (argv[2], argv[3]);
  if (argc == 3 && g_str_equal (argv[1], "full"))
    return run_full (argv[2]);
  if (argc == 3 && g_str_equal (argv[1], "space"))
    return run_space (argv[2]);
  fprintf (stderr, "usage: %s load FILE FIRST | full FILE | space DIRECTORY\n", argv[0]);
  return 2;
}
