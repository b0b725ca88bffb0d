// SPDX-License-Identifier: Apache-2.0
#include "bl-store-conformance.h"
#include "common/bl-variant.h"
#include <bowline/directory.h>
#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  const BlStoreFactory *factory;
  const BowlineStore *table;
  char *directory;
  gpointer self;
} Fixture;

static void
fixture_open (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  f->self = f->factory->open (f->directory, &error);
  g_assert_no_error (error);
  g_assert_nonnull (f->self);
}

static void
fixture_reopen (Fixture *f)
{
  f->factory->close (f->self);
  fixture_open (f);
}

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->factory = data;
  f->table = f->factory->table;
  f->directory = g_dir_make_tmp ("bowline-store-XXXXXX", NULL);
  fixture_open (f);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  f->factory->close (f->self);
  bl_store_remove_directory (f->directory);
  g_free (f->directory);
}

static void
put (Fixture *f, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *puts = g_variant_parse (G_VARIANT_TYPE ("aa{sv}"), text, NULL, NULL, &error);

  g_assert_no_error (error);
  bl_store_sync_commit (f->table, f->self, puts, NULL, 0, &error);
  g_variant_unref (puts);
  g_assert_no_error (error);
}

static void
assert_name (Fixture *f, const char *id, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = bl_store_sync_read (f->table, f->self, id, &error);

  g_assert_no_error (error);
  if (name == NULL)
    g_assert_null (document);
  else
    g_assert_cmpstr (bl_variant_get_string (document, "name"), ==, name);
}

static void
test_types (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) document = NULL;
  g_autoptr (GVariant) expected = NULL;

  put (f, "[{'_id': <'user//é'>, 'type': <'user'>, 'i': <int64 -9007199254740993>, 'd': <0.1>, 'b': <true>, "
          "'s': <'\"\\\\ \\n 𝄞'>, 'o': <{'k/%.$,': <int64 1>}>, 'a': <[<int64 1>, <'x'>, <@a{sv} {}>]>, "
          "'n': <@mv nothing>, 'e': <@av []>}]");
  fixture_reopen (f);
  document = bl_store_sync_read (f->table, f->self, "user//é", &error);
  g_assert_no_error (error);
  expected
      = g_variant_parse (NULL,
                         "{'_id': <'user//é'>, 'type': <'user'>, 'i': <int64 -9007199254740993>, 'd': <0.1>, "
                         "'b': <true>, 's': <'\"\\\\ \\n 𝄞'>, 'o': <{'k/%.$,': <int64 1>}>, "
                         "'a': <[<int64 1>, <'x'>, <@a{sv} {}>]>, 'n': <@mv nothing>, 'e': <@av []>}",
                         NULL, NULL, NULL);
  g_assert_cmpvariant (document, expected);
}

static void
test_replace_delete (Fixture *f, gconstpointer data)
{
  static const char *const deletes[] = { "node//1", "node//none", NULL };
  g_autoptr (GError) error = NULL;

  put (f, "[{'_id': <'node//1'>, 'type': <'node'>, 'name': <'one'>}, {'_id': <'node//2'>, 'type': <'node'>, "
          "'name': "
          "<'two'>}]");
  put (f, "[{'_id': <'node//1'>, 'type': <'node'>, 'name': <'uno'>}]");
  assert_name (f, "node//1", "uno");
  assert_name (f, "node//3", NULL);
  bl_store_sync_commit (f->table, f->self, NULL, deletes, BOWLINE_COMMIT_DURABLE, &error);
  g_assert_no_error (error);
  assert_name (f, "node//1", NULL);
  fixture_reopen (f);
  assert_name (f, "node//1", NULL);
  assert_name (f, "node//2", "two");
}

static void
count_row (GVariant *document, gpointer user_data)
{
  GString *ids = user_data;

  g_assert_true (g_variant_is_of_type (document, G_VARIANT_TYPE_VARDICT));
  g_string_append_printf (ids, "%s ", bl_variant_get_string (document, "_id"));
}

static void
test_load (Fixture *f, gconstpointer data)
{
  static const char *const types[] = { "node", "user", NULL };
  g_autoptr (GString) ids = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  put (f, "[{'_id': <'node//2'>, 'type': <'node'>}, {'_id': <'sinode//1'>, 'type': <'sysinfo'>}, "
          "{'_id': <'user//a'>, 'type': <'user'>}, {'_id': <'node//1'>, 'type': <'node'>}]");
  fixture_reopen (f);
  g_assert_true (f->table->load (f->self, types, count_row, ids, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (ids->str, "node//1 "));
  g_assert_nonnull (strstr (ids->str, "node//2 "));
  g_assert_nonnull (strstr (ids->str, "user//a "));
  g_assert_null (strstr (ids->str, "sinode"));
}

static void
assert_list (Fixture *f, const char *type, const char *prefix, guint limit, gsize expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) documents = bl_store_sync_list (f->table, f->self, type, prefix, limit, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (documents), ==, "aa{sv}");
  g_assert_cmpuint (g_variant_n_children (documents), ==, expected);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  put (f, "[{'_id': <'ntnode//1'>, 'type': <'note'>}, {'_id': <'ntnode//2'>, 'type': <'note'>}, "
          "{'_id': <'ntmesh//%_'>, 'type': <'note'>}, {'_id': <'ntmesh//%é'>, 'type': <'note'>}, "
          "{'_id': <'ntx'>, 'type': <'other'>}]");
  assert_list (f, "note", NULL, 100, 4);
  assert_list (f, "note", "", 100, 4);
  assert_list (f, "note", "ntnode//", 100, 2);
  assert_list (f, "note", "ntmesh//%_", 100, 1);
  assert_list (f, "note", "ntmesh//%", 100, 2);
  assert_list (f, "note", NULL, 3, 3);
  assert_list (f, "note", "n' OR 1=1 --", 100, 0);
  assert_list (f, "none", NULL, 100, 0);
}

/* A read that is asked for right behind a change, without waiting, sees it. */
static void
read_cb (GVariant *document, const GError *error, gpointer user_data)
{
  char **name = user_data;

  g_assert_no_error (error);
  *name = g_strdup (bl_variant_get_string (document, "name"));
}

static void
count_cb (const GError *error, gpointer user_data)
{
  g_assert_no_error (error);
  (*(guint *)user_data)++;
}

static void
test_read_your_writes (Fixture *f, gconstpointer data)
{
  g_autofree char *name = NULL;
  guint committed = 0;

  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *text = g_strdup_printf ("n%u", i);
      g_autoptr (GVariant) puts = g_variant_ref_sink (bl_store_make_puts ("node//1", text, 10));

      f->table->commit (f->self, puts, NULL, 0, count_cb, &committed);
    }
  f->table->read (f->self, "node//1", read_cb, &name);
  while (name == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (name, ==, "n299");
  while (committed < 300)
    g_main_context_iteration (NULL, TRUE);
}

/* One bad document in a change: nothing of it is kept, its neighbours are. */
static void
test_atomic (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) bad = g_variant_ref_sink (
      g_variant_new_parsed ("[{'_id': <'node//1'>, 'type': <'node'>, 'name': <'one'>}, "
                            "{'_id': <'node//2'>, 'type': <'node'>, 'name': <b'bytes'>}]"));
  guint committed = 0;
  g_autoptr (GVariant) good = g_variant_ref_sink (bl_store_make_puts ("node//3", "three", 10));

  f->table->commit (f->self, good, NULL, 0, count_cb, &committed);
  g_assert_false (bl_store_sync_commit (f->table, f->self, bad, NULL, 0, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (committed, ==, 1);
  assert_name (f, "node//1", NULL);
  assert_name (f, "node//2", NULL);
  assert_name (f, "node//3", "three");
}

static void
add_event (Fixture *f, gint64 time_ms, const char *targets, const char *text)
{
  g_auto (GStrv) list = g_strsplit (targets, " ", -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) event = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  g_assert_no_error (error);
  f->table->add_event (f->self, (const char *const *)list, time_ms, event);
}

/* @expected: the numbers of the events, newest first */
static void
assert_events (Fixture *f, const char *filter, const char *expected)
{
  g_autoptr (GString) found = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  GVariant *parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, filter, NULL, NULL, &error);
  g_autoptr (GVariant) events = NULL;

  g_assert_no_error (error);
  events = bl_store_sync_query (f->table, f->self, parsed, &error);
  g_variant_unref (parsed);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_type_string (events), ==, "aa{sv}");
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (events, i);

      g_string_append_printf (found, "%" G_GINT64_FORMAT " ", bl_variant_get_int (event, "n", -1));
    }
  g_assert_cmpstr (g_strchomp (found->str), ==, expected);
}

static void
test_events (Fixture *f, gconstpointer data)
{
  add_event (f, 1000, "node//1 mesh//a *",
             "{'action': <'a'>, 'nodeid': <'node//1'>, 'userid': <'user//x'>, 'n': <int64 1>}");
  add_event (f, 2000, "node//2 mesh//a", "{'action': <'b'>, 'nodeid': <'node//2'>, 'n': <int64 2>}");
  add_event (f, 3000, "user//x", "{'action': <'a'>, 'userid': <'user//x'>, 'n': <int64 3>}");
  add_event (f, 3000, "mesh//b mesh//b", "{'action': <'c'>, 'n': <int64 4>}");
  add_event (f, 500, "mesh//a", "{'action': <'late'>, 'n': <int64 5>}");
  assert_events (f, "{}", "4 3 2 1 5");
  assert_events (f, "{'limit': <int64 2>}", "4 3");
  assert_events (f, "{'ids': <['mesh//a']>}", "2 1 5");
  assert_events (f, "{'ids': <['mesh//a', 'node//1', 'mesh//b']>}", "4 2 1 5");
  assert_events (f, "{'ids': <['mesh//a', 'node//1']>, 'limit': <int64 1>}", "2");
  assert_events (f, "{'ids': <@as []>}", "");
  assert_events (f, "{'ids': <['nobody', '%', \"' OR 1=1\"]>}", "");
  assert_events (f, "{'nodeid': <'node//1'>}", "1");
  assert_events (f, "{'userid': <'user//x'>}", "3 1");
  assert_events (f, "{'userid': <'user//x'>, 'ids': <['*']>}", "1");
  assert_events (f, "{'userid': <'user//x'>, 'ids': <['mesh//b']>}", "");
  assert_events (f, "{'action': <'a'>}", "3 1");
  assert_events (f, "{'action': <'a'>, 'nodeid': <'node//2'>}", "");
  assert_events (f, "{'start': <int64 1000>, 'end': <int64 2000>}", "2 1");
  assert_events (f, "{'ids': <['mesh//a']>, 'start': <int64 1001>}", "2");
  assert_events (f, "{'ids': <['mesh//a']>, 'end': <int64 999>}", "5");
  fixture_reopen (f);
  assert_events (f, "{}", "4 3 2 1 5");
}

/* Many targets take another way through the engine; the answer is the same. */
static void
test_events_many_targets (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) filter = g_string_new ("{'ids': <['mesh//a'");

  add_event (f, 1000, "mesh//a mesh//c", "{'action': <'a'>, 'n': <int64 1>}");
  add_event (f, 2000, "mesh//b", "{'action': <'a'>, 'n': <int64 2>}");
  add_event (f, 3000, "node//700", "{'action': <'a'>, 'n': <int64 3>}");
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (filter, ", 'node//%u'", i);
  g_string_append (filter, "]>}");
  assert_events (f, filter->str, "3 1");
}

/* The newest of many, which came in no order, by targets that share some of them. */
static void
test_events_limit (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 500; i++)
    {
      guint n = i * 7 % 500;
      g_autofree char *text = g_strdup_printf ("{'action': <'a'>, 'n': <int64 %u>}", n);
      g_autofree char *targets = g_strdup_printf ("mesh//a node//%u%s", n % 5, n % 2 ? " user//odd" : "");

      add_event (f, 1000 + n, targets, text);
    }
  assert_events (f, "{'ids': <['mesh//a', 'node//1', 'user//odd']>, 'limit': <int64 4>}", "499 498 497 496");
  assert_events (f, "{'ids': <['node//1', 'user//odd', 'none']>, 'limit': <int64 6>}",
                 "499 497 496 495 493 491");
  assert_events (f, "{'ids': <['node//1']>, 'end': <int64 1010>}", "6 1");
  assert_events (f, "{'ids': <['node//1', 'node//2']>, 'start': <int64 1490>, 'end': <int64 1495>}",
                 "492 491");
}

static void
test_status (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) status = NULL;
  gboolean healthy = FALSE;

  put (f, "[{'_id': <'node//1'>, 'type': <'node'>}]");
  g_assert_true (bl_store_sync_flush (f->table, f->self, &error));
  g_assert_no_error (error);
  fixture_reopen (f);
  status = f->table->status (f->self);
  g_assert_cmpstr (g_variant_get_type_string (status), ==, "a{sv}");
  g_assert_true (g_variant_lookup (status, "healthy", "b", &healthy));
  g_assert_true (healthy);
  g_assert_nonnull (bl_variant_get_string (status, "engine"));
  g_assert_cmpint (bl_variant_get_int (status, "documents", -1), ==, 1);
  g_assert_cmpint (bl_variant_get_int (status, "events", -1), ==, 0);
  g_assert_cmpint (bl_variant_get_int (status, "schema", -1), >, 0);
  g_assert_cmpint (bl_variant_get_int (status, "bytes", -1), >, 0);
  g_assert_cmpint (bl_variant_get_int (status, "queued", -1), ==, 0);
}

/* Everything asked for before the end is kept, and answered. */
static void
test_close_finishes (Fixture *f, gconstpointer data)
{
  guint committed = 0;

  for (guint i = 0; i < 250; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", i);
      g_autoptr (GVariant) puts = g_variant_ref_sink (bl_store_make_puts (id, "x", 10));

      f->table->commit (f->self, puts, NULL, 0, count_cb, &committed);
      add_event (f, 1000 + i, "mesh//a", "{'action': <'a'>, 'n': <int64 1>}");
    }
  fixture_reopen (f);
  g_assert_cmpuint (committed, ==, 250);
  assert_list (f, "node", NULL, 1000, 250);
  {
    g_autoptr (GVariant) events
        = bl_store_sync_query (f->table, f->self, g_variant_new_parsed ("{'limit': <int64 1000>}"), NULL);

    g_assert_cmpuint (g_variant_n_children (events), ==, 250);
  }
}

static void
test_empty_commit (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (bl_store_sync_commit (f->table, f->self, NULL, NULL, 0, &error));
  g_assert_no_error (error);
  g_assert_true (bl_store_sync_commit (
      f->table, f->self, g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0), NULL, 0, &error));
  g_assert_no_error (error);
}

void
bl_store_conformance_add (const char *prefix, const BlStoreFactory *factory)
{
  static const struct
  {
    const char *name;
    void (*func) (Fixture *f, gconstpointer data);
  } cases[] = {
    { "types", test_types },
    { "replace-delete", test_replace_delete },
    { "load", test_load },
    { "list", test_list },
    { "read-your-writes", test_read_your_writes },
    { "atomic", test_atomic },
    { "events", test_events },
    { "events-many-targets", test_events_many_targets },
    { "events-limit", test_events_limit },
    { "status", test_status },
    { "close-finishes", test_close_finishes },
    { "empty-commit", test_empty_commit },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/%s", prefix, cases[i].name);

      g_test_add (path, Fixture, factory, fixture_set_up, cases[i].func, fixture_tear_down);
    }
}
