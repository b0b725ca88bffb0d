// SPDX-License-Identifier: Apache-2.0
/* The directory over a store that answers when, and as, the test says. */
#include "bl-directory.h"
#include "common/bl-variant.h"
#include "testing/bl-memory-store.h"
#include <malloc.h>
#include <string.h>

typedef struct
{
  BlMemoryStore *memory;
  BlStore *store;
  BlEventBus *bus;
  BlDirectory *directory;
  GString *changes; /* "put ID;" or "delete ID;" for each publication */
} Fixture;

static void
changed_cb (const char *topic, GVariant *payload, gpointer user_data)
{
  const char *id, *kind;

  g_variant_get (payload, "(&sm&s)", &id, &kind);
  g_string_append_printf (user_data, "%s %s;", kind, id);
}

static void
fixture_register (Fixture *f)
{
  g_autoptr (GError) error = NULL;

  bl_store_register (f->store, NULL, bl_memory_store_get_table (), f->memory, &error);
  g_assert_no_error (error);
}

static void
fixture_set_up (Fixture *f, gconstpointer data)
{
  f->memory = bl_memory_store_new ();
  f->store = bl_store_new ();
  f->bus = bl_event_bus_new ();
  f->directory = bl_directory_new (f->store, f->bus);
  f->changes = g_string_new (NULL);
  bl_event_bus_subscribe (f->bus, NULL, "directory.changed", changed_cb, f->changes);
  if (data == NULL)
    fixture_register (f);
}

static void
fixture_tear_down (Fixture *f, gconstpointer data)
{
  bl_directory_free (f->directory);
  bl_memory_store_free (f->memory);
  bl_store_free (f->store);
  bl_event_bus_free (f->bus);
  g_string_free (f->changes, TRUE);
}

static void
assert_changes (Fixture *f, const char *expected)
{
  g_assert_cmpstr (f->changes->str, ==, expected);
  g_string_truncate (f->changes, 0);
}

/* What became of one commit. */
typedef struct
{
  gboolean is_done;
  int code; /* -1: kept */
  char *message;
} Outcome;

static void
outcome_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Outcome *outcome = user_data;
  g_autoptr (GError) error = NULL;

  outcome->is_done = TRUE;
  outcome->code = bl_directory_commit_finish (NULL, result, &error) ? -1 : error->code;
  g_free (outcome->message);
  outcome->message = error != NULL ? g_strdup (error->message) : NULL;
}

static GVariant *
node (const char *id, const char *mesh, const char *name)
{
  return g_variant_new_parsed ("{'_id': <%s>, 'type': <'node'>, 'meshid': <%s>, 'name': <%s>}", id, mesh,
                               name);
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
put (Fixture *f, const char *id, const char *name, Outcome *outcome)
{
  GVariant *document = node (id, "mesh//a", name);

  memset (outcome, 0, sizeof *outcome);
  bl_directory_commit_async (f->directory, g_variant_new_array (NULL, &document, 1), NULL, 0, NULL,
                             outcome_cb, outcome);
}

static void
put_text (Fixture *f, const char *text, const char *const *deletes, Outcome *outcome)
{
  g_autoptr (GVariant) puts = text != NULL ? g_variant_parse (NULL, text, NULL, NULL, NULL) : NULL;

  memset (outcome, 0, sizeof *outcome);
  bl_directory_commit_async (f->directory, puts, deletes, 0, NULL, outcome_cb, outcome);
}

static void
step (Fixture *f, gboolean failing)
{
  bl_memory_store_set_failing (f->memory, failing);
  g_assert_true (bl_memory_store_step (f->memory));
  bl_memory_store_set_failing (f->memory, FALSE);
  settle ();
}

static void
assert_name (Fixture *f, const char *id, const char *name)
{
  g_autoptr (GVariant) document = bl_directory_dup (f->directory, id);

  g_assert_cmpstr (bl_variant_get_string (document, "name"), ==, name);
}

static void
assert_stored (Fixture *f, const char *id, const char *name)
{
  g_assert_cmpstr (bl_variant_get_string (bl_memory_store_peek (f->memory, id), "name"), ==, name);
}

static gboolean
collect_cb (const char *id, GVariant *document, gpointer user_data)
{
  g_assert_cmpstr (bl_variant_get_string (document, "_id"), ==, id);
  g_ptr_array_add (user_data, g_strdup (id));
  return ((GPtrArray *)user_data)->len < 3;
}

static void
test_reading (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) kept = NULL;
  Outcome outcome;

  put_text (f,
            "[{'_id': <'node//1'>, 'type': <'node'>, 'meshid': <'mesh//a'>, 'name': <'one'>},"
            " {'_id': <'node//2'>, 'type': <'node'>, 'meshid': <'mesh//b'>, 'name': <'two'>},"
            " {'_id': <'node//3'>, 'type': <'node'>, 'meshid': <'mesh//a'>, 'name': <'three'>},"
            " {'_id': <'user//a'>, 'type': <'user'>, 'meshid': <'mesh//a'>, 'name': <'anna'>},"
            " {'_id': <'sinode//1'>, 'type': <'sysinfo'>, 'name': <'cold'>}]",
            NULL, &outcome);
  settle ();
  g_assert_cmpint (outcome.code, ==, -1);
  g_assert_cmpuint (bl_directory_count (f->directory, "node"), ==, 3);
  g_assert_cmpuint (bl_directory_count (f->directory, "user"), ==, 1);
  g_assert_cmpuint (bl_directory_count (f->directory, "sysinfo"), ==, 0);
  g_assert_true (bl_directory_contains (f->directory, "user//a"));
  g_assert_false (bl_directory_contains (f->directory, "sinode//1"));
  assert_changes (f, "put node//1;put node//2;put node//3;put user//a;");

  bl_directory_foreach (f->directory, "node", "mesh//a", collect_cb, ids);
  g_assert_cmpuint (ids->len, ==, 2);
  bl_directory_foreach (f->directory, "node", "mesh//none", collect_cb, ids);
  g_assert_cmpuint (ids->len, ==, 2);
  bl_directory_foreach (f->directory, "node", NULL, collect_cb, ids); /* stops at three */
  g_assert_cmpuint (ids->len, ==, 3);

  /* a document in a reader's hands outlives its replacement */
  kept = bl_directory_dup (f->directory, "node//1");
  put (f, "node//1", "uno", &outcome);
  g_assert_cmpstr (bl_variant_get_string (kept, "name"), ==, "one");
  assert_name (f, "node//1", "uno");
  settle ();
}

static void
test_moves_group (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  static const char *const deletes[] = { "node//1", NULL };
  Outcome outcome;

  put (f, "node//1", "one", &outcome);
  put_text (f, "[{'_id': <'node//1'>, 'type': <'node'>, 'meshid': <'mesh//b'>}]", NULL, &outcome);
  bl_directory_foreach (f->directory, "node", "mesh//a", collect_cb, ids);
  g_assert_cmpuint (ids->len, ==, 0);
  bl_directory_foreach (f->directory, "node", "mesh//b", collect_cb, ids);
  g_assert_cmpuint (ids->len, ==, 1);
  put_text (f, NULL, deletes, &outcome);
  bl_directory_foreach (f->directory, "node", NULL, collect_cb, ids);
  g_assert_cmpuint (ids->len, ==, 1);
  g_assert_cmpuint (bl_directory_count (f->directory, "node"), ==, 0);
  settle ();
  g_assert_cmpint (outcome.code, ==, -1);
  g_assert_cmpuint (bl_memory_store_count (f->memory), ==, 0);
}

static void
test_commit_fails (Fixture *f, gconstpointer data)
{
  static const char *const deletes[] = { "node//2", NULL };
  Outcome first, second;

  put (f, "node//1", "one", &first);
  put (f, "node//2", "two", &second);
  settle ();
  g_string_truncate (f->changes, 0);

  bl_memory_store_set_held (f->memory, TRUE);
  put_text (
      f, "[{'_id': <'node//1'>, 'type': <'node'>, 'name': <'uno'>}, {'_id': <'node//3'>, 'type': <'node'>}]",
      deletes, &first);
  g_assert_false (first.is_done);
  assert_name (f, "node//1", "uno");
  assert_name (f, "node//2", NULL);
  assert_changes (f, "put node//1;put node//3;delete node//2;");
  step (f, TRUE);
  g_assert_true (first.is_done);
  g_assert_cmpint (first.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_cmpstr (first.message, ==, "the disk is full");
  assert_name (f, "node//1", "one");
  assert_name (f, "node//2", "two");
  g_assert_false (bl_directory_contains (f->directory, "node//3"));
  g_assert_nonnull (strstr (f->changes->str, "put node//1;"));
  g_assert_nonnull (strstr (f->changes->str, "put node//2;"));
  g_assert_nonnull (strstr (f->changes->str, "delete node//3;"));
  g_free (first.message);
}

/* A change of the same document waits for the one before, and falls with it. */
static void
test_overlap_chain (Fixture *f, gconstpointer data)
{
  Outcome c0, c1, c2, c3;

  put (f, "node//1", "zero", &c0);
  settle ();
  bl_memory_store_set_held (f->memory, TRUE);
  put (f, "node//1", "one", &c1);
  put (f, "node//1", "two", &c2);
  put (f, "node//9", "other", &c3);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 2);
  assert_name (f, "node//1", "two");
  step (f, FALSE); /* c1 */
  g_assert_cmpint (c1.code, ==, -1);
  g_assert_false (c2.is_done);
  assert_name (f, "node//1", "two");
  step (f, FALSE); /* c3 */
  step (f, TRUE);  /* c2 */
  g_assert_cmpint (c2.code, ==, BOWLINE_ERROR_STORAGE);
  assert_name (f, "node//1", "one");
  assert_stored (f, "node//1", "one");
  assert_name (f, "node//9", "other");
  g_clear_pointer (&c2.message, g_free);

  put (f, "node//1", "three", &c1);
  put (f, "node//1", "four", &c2);
  put (f, "node//1", "five", &c3);
  step (f, TRUE);
  g_assert_cmpint (c1.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_cmpint (c2.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_cmpint (c3.code, ==, BOWLINE_ERROR_STORAGE);
  assert_name (f, "node//1", "one");
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 0);
  g_free (c1.message);
  g_free (c2.message);
  g_free (c3.message);
}

/* c3 names documents of c1 and c2: it falls with c1, what c2 put stays. */
static void
test_overlap_cross (Fixture *f, gconstpointer data)
{
  Outcome c1, c2, c3, c4;

  bl_memory_store_set_held (f->memory, TRUE);
  put (f, "node//a", "a1", &c1);
  put (f, "node//b", "b2", &c2);
  put_text (f,
            "[{'_id': <'node//a'>, 'type': <'node'>, 'name': <'a3'>}, {'_id': <'node//b'>, 'type': <'node'>, "
            "'name': <'b3'>}]",
            NULL, &c3);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 2);
  step (f, TRUE); /* c1 */
  g_assert_cmpint (c1.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_cmpint (c3.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_false (c2.is_done);
  assert_name (f, "node//a", NULL);
  assert_name (f, "node//b", "b2");
  put (f, "node//b", "b4", &c4); /* still behind c2 */
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 1);
  step (f, FALSE); /* c2 */
  g_assert_cmpint (c2.code, ==, -1);
  step (f, FALSE); /* c4 */
  g_assert_cmpint (c4.code, ==, -1);
  assert_stored (f, "node//b", "b4");
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 0);
  g_free (c1.message);
  g_free (c3.message);
}

/* What waited for one commit goes to the store at once, each document as it is in the end. */
static void
test_batch (Fixture *f, gconstpointer data)
{
  static const char *const deletes[] = { "node//c", NULL };
  Outcome c[6];

  bl_memory_store_set_held (f->memory, TRUE);
  put (f, "node//a", "a0", &c[0]);
  put (f, "node//a", "a1", &c[1]);
  put_text (f,
            "[{'_id': <'node//a'>, 'type': <'node'>, 'name': <'a2'>}, {'_id': <'node//c'>, 'type': <'node'>, "
            "'name': <'c2'>}]",
            NULL, &c[2]);
  put_text (f, NULL, deletes, &c[3]);
  put (f, "node//b", "b4", &c[4]);
  put_text (f,
            "[{'_id': <'node//a'>, 'type': <'node'>, 'name': <'a5'>}, {'_id': <'node//b'>, 'type': <'node'>, "
            "'name': <'b5'>}]",
            NULL, &c[5]);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 2); /* c0 and c4 */
  step (f, FALSE);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 2); /* c4, c1 to c3; c5 waits for c4, too */
  step (f, FALSE);
  g_assert_cmpint (c[4].code, ==, -1);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 1); /* c5 waits for the batch still */
  g_assert_false (c[1].is_done || c[5].is_done);
  put (f, "node//a", "a6", &c[0]); /* behind the batch */
  step (f, FALSE);
  for (guint i = 1; i < 4; i++)
    g_assert_cmpint (c[i].code, ==, -1);
  assert_stored (f, "node//a", "a2");
  assert_stored (f, "node//c", NULL);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 1); /* c5 with what came behind it */
  step (f, FALSE);
  g_assert_true (c[5].code == -1 && c[0].code == -1);
  assert_stored (f, "node//a", "a6");
  assert_stored (f, "node//b", "b5");
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 0);
}

/* What was refused in company is tried alone: only what really cannot be kept falls, and what builds on it. */
static void
test_batch_refused (Fixture *f, gconstpointer data)
{
  Outcome c[5];

  bl_memory_store_set_held (f->memory, TRUE);
  put (f, "node//a", "a0", &c[0]);
  put (f, "node//a", "a1", &c[1]);
  put (f, "node//a", "a2", &c[2]);
  put (f, "node//a", "a3", &c[3]);
  step (f, FALSE);
  step (f, TRUE); /* c1 to c3 */
  g_assert_false (c[1].is_done || c[2].is_done || c[3].is_done);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 1);
  put (f, "node//a", "a4", &c[4]);
  step (f, FALSE); /* c1 */
  g_assert_cmpint (c[1].code, ==, -1);
  step (f, TRUE); /* c2 */
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 0);
  for (guint i = 2; i < 5; i++)
    {
      g_assert_cmpint (c[i].code, ==, BOWLINE_ERROR_STORAGE);
      g_free (c[i].message);
    }
  assert_name (f, "node//a", "a1");
  assert_stored (f, "node//a", "a1");
}

/* What is beyond the limit of a batch goes with the next. */
static void
test_batch_limit (Fixture *f, gconstpointer data)
{
  enum { N = BL_DIRECTORY_MAX_BATCH + 10 };
  static Outcome outcomes[N + 1];
  guint steps = 0;

  bl_memory_store_set_held (f->memory, TRUE);
  for (guint i = 0; i <= N; i++)
    put (f, "node//a", "x", &outcomes[i]);
  for (; bl_memory_store_get_pending (f->memory) > 0; steps++)
    step (f, FALSE);
  g_assert_cmpuint (steps, ==, 3); /* the first, a full batch, the rest */
  for (guint i = 0; i <= N; i++)
    g_assert_cmpint (outcomes[i].code, ==, -1);
}

static void
test_invalid (Fixture *f, gconstpointer data)
{
  g_autofree char *long_id = g_strnfill (600, 'x');
  g_autofree char *long_text = g_strdup_printf ("[{'_id': <'%s'>, 'type': <'node'>}]", long_id);
  g_autofree char *control = g_strdup ("[{'_id': <'node//\\n'>, 'type': <'node'>}]");
  const char *const twice[] = { "node//1", "node//1", NULL };
  const struct
  {
    const char *puts;
    const char *const *deletes;
    int code;
  } cases[] = {
    { "[{'type': <'node'>}]", NULL, BOWLINE_ERROR_INVALID },
    { "[{'_id': <int64 5>, 'type': <'node'>}]", NULL, BOWLINE_ERROR_INVALID },
    { "[{'_id': <''>, 'type': <'node'>}]", NULL, BOWLINE_ERROR_INVALID },
    { "[{'_id': <'node//1'>}]", NULL, BOWLINE_ERROR_INVALID },
    { "[{'_id': <'node//1'>, 'type': <''>}]", NULL, BOWLINE_ERROR_INVALID },
    { "[{'_id': <'n'>, 'type': <'node'>}, {'_id': <'n'>, 'type': <'node'>}]", NULL, BOWLINE_ERROR_INVALID },
    { "[{'_id': <'node//1'>, 'type': <'node'>}]", twice, BOWLINE_ERROR_INVALID },
    { NULL, twice, BOWLINE_ERROR_INVALID },
    { "['text']", NULL, BOWLINE_ERROR_INVALID },
    { long_text, NULL, BOWLINE_ERROR_INVALID },
    { control, NULL, BOWLINE_ERROR_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Outcome outcome;

      put_text (f, cases[i].puts, cases[i].deletes, &outcome);
      settle ();
      g_test_message ("%s: %s", cases[i].puts, outcome.message);
      g_assert_cmpint (outcome.code, ==, cases[i].code);
      g_free (outcome.message);
    }
  g_assert_cmpuint (bl_memory_store_get_commits (f->memory), ==, 0);
  g_assert_cmpuint (bl_directory_count (f->directory, "node"), ==, 0);
  assert_changes (f, "");
}

static void
test_limits (Fixture *f, gconstpointer data)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autofree char *large = g_strnfill (BL_DIRECTORY_MAX_DOCUMENT, 'x');
  Outcome outcome = { 0 };

  for (guint i = 0; i <= BL_DIRECTORY_MAX_COMMIT; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", i);

      g_variant_builder_add_value (&builder, node (id, "mesh//a", "x"));
    }
  bl_directory_commit_async (f->directory, g_variant_builder_end (&builder), NULL, 0, NULL, outcome_cb,
                             &outcome);
  settle ();
  g_assert_cmpint (outcome.code, ==, BOWLINE_ERROR_LIMIT);
  g_clear_pointer (&outcome.message, g_free);
  put (f, "node//1", large, &outcome);
  settle ();
  g_assert_cmpint (outcome.code, ==, BOWLINE_ERROR_LIMIT);
  g_free (outcome.message);
}

static gboolean
patch (Fixture *f, const char *id, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *fields = g_variant_parse (NULL, text, NULL, NULL, &error);
  gboolean changed;

  g_assert_no_error (error);
  changed = bl_directory_patch (f->directory, id, fields);
  g_variant_unref (fields);
  return changed;
}

static gboolean
deadline_cb (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_for_commits (Fixture *f, guint n)
{
  gboolean late = FALSE;
  guint source = g_timeout_add_seconds (10, deadline_cb, &late);

  while (bl_memory_store_get_commits (f->memory) < n && !late)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (late);
  g_source_remove (source);
  settle ();
}

static void
test_patch (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) document = NULL;
  Outcome outcome;

  put (f, "node//1", "one", &outcome);
  put (f, "node//2", "two", &outcome);
  settle ();
  g_string_truncate (f->changes, 0);
  g_assert_true (patch (f, "node//1", "{'ip': <'10.0.0.1'>, 'osdesc': <'Debian'>}"));
  g_assert_false (patch (f, "node//1", "{'ip': <'10.0.0.1'>, 'none': <@mv nothing>}"));
  g_assert_true (patch (f, "node//1", "{'ip': <'10.0.0.2'>}"));
  g_assert_true (patch (f, "node//1", "{'osdesc': <@mv nothing>}"));
  g_assert_true (patch (f, "node//2", "{'ip': <'10.0.0.3'>}"));
  g_assert_false (patch (f, "node//3", "{'ip': <'10.0.0.3'>}"));
  assert_changes (f, "put node//1;put node//1;put node//1;put node//2;");
  g_assert_cmpuint (bl_memory_store_get_commits (f->memory), ==, 2);
  wait_for_commits (f, 3); /* five patches, one transaction */
  document = bl_directory_dup (f->directory, "node//1");
  g_assert_cmpstr (bl_variant_get_string (document, "ip"), ==, "10.0.0.2");
  g_assert_false (bl_variant_has (document, "osdesc"));
  g_assert_cmpvariant (document, bl_memory_store_peek (f->memory, "node//1"));
  g_assert_cmpstr (bl_variant_get_string (bl_memory_store_peek (f->memory, "node//2"), "ip"), ==, "10.0.0.3");
}

static void
test_patch_refused (Fixture *f, gconstpointer data)
{
  Outcome outcome;

  put (f, "node//1", "one", &outcome);
  settle ();
  g_test_expect_message ("bowline-directory", G_LOG_LEVEL_WARNING, "*_id and type*never change");
  g_assert_false (patch (f, "node//1", "{'_id': <'node//2'>}"));
  g_test_expect_message ("bowline-directory", G_LOG_LEVEL_WARNING, "*_id and type*never change");
  g_assert_false (patch (f, "node//1", "{'type': <'user'>}"));
  g_test_expect_message ("bowline-directory", G_LOG_LEVEL_WARNING, "*expected a{sv}*");
  g_assert_false (patch (f, "node//1", "['x']"));
  g_test_assert_expected_messages ();
}

/* What a device reports while a commit is under way outlives the commit's failure. */
static void
test_patch_survives (Fixture *f, gconstpointer data)
{
  Outcome c0, c1, c2;

  put (f, "node//1", "zero", &c0);
  settle ();
  bl_memory_store_set_held (f->memory, TRUE);
  put (f, "node//1", "one", &c1);
  g_assert_true (patch (f, "node//1", "{'ip': <'10.0.0.1'>, 'meshid': <@mv nothing>}"));
  put_text (f, "[{'_id': <'node//1'>, 'type': <'node'>, 'name': <'two'>, 'ip': <'10.0.0.1'>}]", NULL, &c2);
  step (f, TRUE);
  g_assert_cmpint (c2.code, ==, BOWLINE_ERROR_STORAGE);
  assert_name (f, "node//1", "zero");
  {
    g_autoptr (GVariant) document = bl_directory_dup (f->directory, "node//1");

    g_assert_cmpstr (bl_variant_get_string (document, "ip"), ==, "10.0.0.1");
    g_assert_false (bl_variant_has (document, "meshid"));
  }
  bl_memory_store_set_held (f->memory, FALSE);
  wait_for_commits (f, 3);
  g_assert_cmpstr (bl_variant_get_string (bl_memory_store_peek (f->memory, "node//1"), "ip"), ==, "10.0.0.1");
  assert_stored (f, "node//1", "zero");
  g_free (c1.message);
  g_free (c2.message);
}

static void
flushed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (bl_directory_flush_finish (NULL, result, NULL));
  *(gboolean *)user_data = TRUE;
}

/* A store that refuses: reports wait in memory and are written when it takes changes again. */
static void
test_patch_retried (Fixture *f, gconstpointer data)
{
  gboolean flushed = FALSE;
  Outcome outcome;

  put (f, "node//1", "one", &outcome);
  settle ();
  bl_memory_store_set_failing (f->memory, TRUE);
  g_assert_true (patch (f, "node//1", "{'ip': <'10.0.0.1'>}"));
  g_test_expect_message ("bowline-directory", G_LOG_LEVEL_WARNING, "reports of devices wait*disk is full");
  wait_for_commits (f, 2);
  g_test_assert_expected_messages ();
  g_assert_null (bl_variant_get_string (bl_memory_store_peek (f->memory, "node//1"), "ip"));
  bl_memory_store_set_failing (f->memory, FALSE);
  g_test_expect_message ("bowline-directory", G_LOG_LEVEL_MESSAGE, "reports of devices are stored again");
  bl_directory_flush_async (f->directory, NULL, flushed_cb, &flushed);
  while (!flushed)
    g_main_context_iteration (NULL, TRUE);
  g_test_assert_expected_messages ();
  g_assert_cmpstr (bl_variant_get_string (bl_memory_store_peek (f->memory, "node//1"), "ip"), ==, "10.0.0.1");
}

typedef struct
{
  gboolean is_done;
  GVariant *value;
  GError *error;
} Reading;

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reading *reading = user_data;

  g_clear_pointer (&reading->value, g_variant_unref);
  g_clear_error (&reading->error);
  reading->is_done = TRUE;
  reading->value = bl_directory_read_finish (NULL, result, &reading->error);
}

static void
test_read_cold (Fixture *f, gconstpointer data)
{
  static const char *const deletes[] = { "sinode//1", NULL };
  Reading reading = { 0 };
  Outcome c1, c2, c3;

  bl_memory_store_plant (f->memory, "sinode//1",
                         g_variant_new_parsed ("{'_id': <'sinode//1'>, 'type': <'sysinfo'>}"));
  bl_directory_read_async (f->directory, "sinode//1", NULL, read_cb, &reading);
  settle ();
  g_assert_nonnull (reading.value);

  bl_memory_store_set_held (f->memory, TRUE);
  put_text (f, "[{'_id': <'sinode//1'>, 'type': <'sysinfo'>, 'n': <int64 1>}]", NULL, &c1);
  put_text (f, "[{'_id': <'sinode//1'>, 'type': <'sysinfo'>, 'n': <int64 2>}]", NULL, &c2);
  bl_directory_read_async (f->directory, "sinode//1", NULL, read_cb, &reading);
  settle ();
  g_assert_cmpint (bl_variant_get_int (reading.value, "n", 0), ==, 2);
  put_text (f, NULL, deletes, &c3);
  bl_directory_read_async (f->directory, "sinode//1", NULL, read_cb, &reading);
  settle ();
  g_assert_null (reading.value);
  g_assert_no_error (reading.error);
  step (f, FALSE);
  step (f, TRUE); /* the second and the deletion, which are then tried one by one */
  step (f, TRUE); /* the second falls, and the deletion with it */
  bl_memory_store_set_held (f->memory, FALSE);
  bl_directory_read_async (f->directory, "sinode//1", NULL, read_cb, &reading);
  settle ();
  g_assert_cmpint (bl_variant_get_int (reading.value, "n", 0), ==, 1);
  bl_directory_read_async (f->directory, "", NULL, read_cb, &reading);
  settle ();
  g_assert_error (reading.error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_clear_error (&reading.error);
  g_free (c2.message);
  g_free (c3.message);
}

static void
list_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Reading *reading = user_data;

  g_clear_pointer (&reading->value, g_variant_unref);
  reading->is_done = TRUE;
  reading->value = bl_directory_list_finish (NULL, result, &reading->error);
}

static void
test_list (Fixture *f, gconstpointer data)
{
  Reading reading = { 0 };
  Outcome c1, c2, c3;

  bl_memory_store_set_held (f->memory, TRUE);
  put_text (f, "[{'_id': <'ntnode//1'>, 'type': <'note'>}]", NULL, &c1);
  put_text (f, "[{'_id': <'ntnode//1'>, 'type': <'note'>}, {'_id': <'ntnode//2'>, 'type': <'note'>}]", NULL,
            &c2);
  bl_directory_list_async (f->directory, "note", NULL, 100, NULL, list_cb, &reading);
  /* the second change is not with the store yet, so the list is not either */
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 1);
  step (f, FALSE);
  g_assert_cmpuint (bl_memory_store_get_pending (f->memory), ==, 2);
  step (f, FALSE);
  step (f, FALSE);
  g_assert_cmpuint (g_variant_n_children (reading.value), ==, 2);

  bl_memory_store_set_held (f->memory, FALSE);
  put (f, "node//1", "one", &c3);
  bl_directory_list_async (f->directory, "node", "node//", 100, NULL, list_cb, &reading);
  settle ();
  g_assert_cmpuint (g_variant_n_children (reading.value), ==, 1);
  bl_directory_list_async (f->directory, "node", "x", 100, NULL, list_cb, &reading);
  settle ();
  g_assert_cmpuint (g_variant_n_children (reading.value), ==, 0);
  bl_directory_list_async (f->directory, "note", NULL, 0, NULL, list_cb, &reading);
  settle ();
  g_assert_error (reading.error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_clear_error (&reading.error);
  bl_directory_list_async (f->directory, "note", NULL, 100001, NULL, list_cb, &reading);
  settle ();
  g_assert_error (reading.error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_clear_error (&reading.error);
}

static void
test_load (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Outcome outcome;

  put (f, "node//1", "one", &outcome);
  settle ();
  g_assert_cmpint (outcome.code, ==, BOWLINE_ERROR_NOT_SUPPORTED);
  g_assert_false (bl_directory_contains (f->directory, "node//1"));
  g_free (outcome.message);

  bl_memory_store_plant (f->memory, "node//1", node ("node//1", "mesh//a", "one"));
  bl_memory_store_plant (f->memory, "user//a",
                         g_variant_new_parsed ("{'_id': <'user//a'>, 'type': <'user'>}"));
  bl_memory_store_plant (f->memory, "bad", g_variant_new_parsed ("{'type': <'user'>}"));
  bl_memory_store_plant (f->memory, "cold", g_variant_new_parsed ("{'_id': <'cold'>, 'type': <'note'>}"));
  bl_memory_store_set_failing (f->memory, TRUE);
  g_assert_false (bl_store_register (f->store, NULL, bl_memory_store_get_table (), f->memory, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE);
  g_assert_null (bl_store_get (f->store, NULL));
  bl_memory_store_set_failing (f->memory, FALSE);
  g_test_expect_message ("bowline-directory", G_LOG_LEVEL_WARNING, "*left out*_id*");
  fixture_register (f);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (bl_directory_count (f->directory, "node"), ==, 1);
  g_assert_cmpuint (bl_directory_count (f->directory, "user"), ==, 1);
  g_assert_false (bl_directory_contains (f->directory, "cold"));
}

static void
test_store_table (Fixture *f, gconstpointer data)
{
  BowlineStore table = *bl_memory_store_get_table ();
  g_autoptr (GError) error = NULL;

  table.list = NULL;
  g_assert_false (bl_store_register (f->store, NULL, &table, f->memory, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "list"));
  g_clear_error (&error);
  table = *bl_memory_store_get_table ();
  table.struct_size = 8;
  g_assert_false (bl_store_register (f->store, NULL, &table, f->memory, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
  g_clear_error (&error);
  fixture_register (f);
  g_assert_false (bl_store_register (f->store, NULL, bl_memory_store_get_table (), f->memory, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS);
  g_assert_true (bl_store_is_healthy (f->store));
  bl_memory_store_set_failing (f->memory, TRUE);
  g_assert_false (bl_store_is_healthy (f->store));
}

static void
test_free_under_way (Fixture *f, gconstpointer data)
{
  Outcome c1, c2;
  gboolean late = FALSE;

  bl_memory_store_set_held (f->memory, TRUE);
  put (f, "node//1", "one", &c1);
  put (f, "node//1", "two", &c2);
  g_assert_true (patch (f, "node//1", "{'ip': <'10.0.0.1'>}"));
  bl_directory_free (g_steal_pointer (&f->directory));
  settle ();
  g_assert_cmpint (c1.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_cmpint (c2.code, ==, BOWLINE_ERROR_STORAGE);
  g_assert_true (bl_memory_store_step (f->memory)); /* the late answer finds nobody */
  g_assert_false (late);
  g_free (c1.message);
  g_free (c2.message);
}

/* ---- a long random run: memory and store agree when all is quiet
 * -------------------------------------------- */

#define RANDOM_IDS 12u

static void
random_commit (Fixture *f, guint n)
{
  GVariantBuilder puts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GStrvBuilder) deletes = g_strv_builder_new ();
  g_auto (GStrv) ids = NULL;
  guint first = (guint)g_test_rand_int_range (0, RANDOM_IDS);
  guint count = (guint)g_test_rand_int_range (1, 4);

  for (guint i = 0; i < count; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", (first + i) % RANDOM_IDS);
      g_autofree char *name = g_strdup_printf ("v%u", n);

      if (g_test_rand_int_range (0, 4) == 0)
        g_strv_builder_add (deletes, id);
      else
        g_variant_builder_add_value (&puts, node (id, n % 2 ? "mesh//a" : "mesh//b", name));
    }
  ids = g_strv_builder_end (deletes);
  bl_directory_commit_async (f->directory, g_variant_builder_end (&puts), (const char *const *)ids, 0, NULL,
                             NULL, NULL);
}

static void
test_random (Fixture *f, gconstpointer data)
{
  gboolean flushed = FALSE;

  bl_memory_store_set_held (f->memory, TRUE);
  for (guint n = 0; n < 3000; n++)
    {
      int choice = g_test_rand_int_range (0, 10);

      if (choice < 3)
        random_commit (f, n);
      else if (choice < 5)
        {
          g_autofree char *id = g_strdup_printf ("node//%d", g_test_rand_int_range (0, RANDOM_IDS));

          bl_directory_patch (f->directory, id, g_variant_new_parsed ("{'ip': <%x>}", (gint64)n));
        }
      else if (choice < 6)
        bl_directory_flush_async (f->directory, NULL, NULL, NULL);
      else
        {
          bl_memory_store_set_failing (f->memory, g_test_rand_int_range (0, 3) == 0);
          (void)bl_memory_store_step (f->memory);
          settle ();
        }
    }
  bl_memory_store_set_failing (f->memory, FALSE);
  bl_memory_store_set_held (f->memory, FALSE);
  for (guint i = 0; i < 2; i++, flushed = FALSE) /* patches of the first round may have been under way */
    {
      bl_directory_flush_async (f->directory, NULL, flushed_cb, &flushed);
      while (!flushed)
        g_main_context_iteration (NULL, TRUE);
    }
  g_assert_cmpuint (bl_directory_count (f->directory, "node"), ==, bl_memory_store_count (f->memory));
  for (guint i = 0; i < RANDOM_IDS; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%u", i);
      g_autoptr (GVariant) document = bl_directory_dup (f->directory, id);

      if (document == NULL)
        g_assert_null (bl_memory_store_peek (f->memory, id));
      else
        g_assert_cmpvariant (document, bl_memory_store_peek (f->memory, id));
    }
}

static void
ignore_log (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
}

static void
test_random_quiet (Fixture *f, gconstpointer data)
{
  guint handler = g_log_set_handler ("bowline-directory", G_LOG_LEVEL_MASK, ignore_log, NULL);
  GLogLevelFlags fatal = g_log_set_always_fatal (G_LOG_FATAL_MASK);

  test_random (f, data);
  g_log_set_always_fatal (fatal);
  g_log_remove_handler ("bowline-directory", handler);
}

/* ---- memory
 * ------------------------------------------------------------------------------------------------- */

static GVariant *
real_node (guint n)
{
  g_autofree char *id = g_strdup_printf ("node//%064u", n);

  return g_variant_new_parsed (
      "{'_id': <%s>, 'type': <'node'>, 'mtype': <int64 2>, 'icon': <int64 1>, 'name': <'WORKSTATION-042'>, "
      "'rname': <'WORKSTATION-042'>, 'domain': <''>, "
      "'meshid': <'mesh//aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>, "
      "'agent': <{'ver': <int64 1>, 'id': <int64 6>, 'caps': <int64 31>, 'core': <'Aug 20 2026, 123456'>, "
      "'root': <true>}>, 'host': <'192.168.100.42'>, 'ip': <'192.168.100.42'>, "
      "'osdesc': <'Debian GNU/Linux 12 (bookworm)'>, 'firstconnect': <int64 1790000000000>, "
      "'users': <[<'anna'>]>, 'lusers': <[<'anna'>]>, 'lastbootuptime': <int64 1790000000000>, "
      "'tags': <[<'office'>, <'floor 2'>]>, 'volumes': <{'/': <{'size': <int64 500000000000>, "
      "'sizeremaining': "
      "<int64 200000000000>}>}>}",
      id);
}

static gboolean
count_cb (const char *id, GVariant *document, gpointer user_data)
{
  (*(guint *)user_data)++;
  return TRUE;
}

static void
test_memory (Fixture *f, gconstpointer data)
{
  const guint n = 5000;
  GVariantBuilder puts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  Outcome outcome = { 0 };
  struct mallinfo2 before, after;
  guint count = 0;
  gsize size;
  gint64 begin;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GVariant) document = g_variant_ref_sink (real_node (i));

      g_variant_builder_add_value (&puts, document);
    }
  bl_directory_commit_async (f->directory, g_variant_builder_end (&puts), NULL, 0, NULL, outcome_cb,
                             &outcome);
  settle ();
  g_assert_cmpint (outcome.code, ==, -1);
  {
    g_autoptr (GVariant) one = bl_directory_dup (
        f->directory, "node//0000000000000000000000000000000000000000000000000000000000000001");

    size = g_variant_get_size (one);
  }

  /* the same documents again through a fresh directory's load, to see what they alone take */
  bl_directory_free (f->directory);
  bl_store_free (f->store);
  f->store = bl_store_new ();
  f->directory = bl_directory_new (f->store, f->bus);
  before = mallinfo2 ();
  begin = g_get_monotonic_time ();
  fixture_register (f);
  begin = g_get_monotonic_time () - begin;
  after = mallinfo2 ();
  g_assert_cmpuint (bl_directory_count (f->directory, "node"), ==, n);
  g_test_message ("document %" G_GSIZE_FORMAT " bytes; in memory %" G_GSIZE_FORMAT
                  " counted, %" G_GSIZE_FORMAT " by malloc; %.1f us to load one",
                  size, bl_directory_get_memory (f->directory) / n,
                  (gsize)(after.uordblks - before.uordblks) / n, (double)begin / n);
  g_assert_cmpuint (bl_directory_get_memory (f->directory) / n, <, size + 128);

  begin = g_get_monotonic_time ();
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("node//%064u", i);

      g_assert_true (bl_directory_patch (
          f->directory, id, g_variant_new_parsed ("{'ip': <'10.0.0.1'>, 'lastbootuptime': <int64 5>}")));
    }
  begin = g_get_monotonic_time () - begin;
  g_test_message ("%.1f us to patch one", (double)begin / n);
  begin = g_get_monotonic_time ();
  bl_directory_foreach (f->directory, "node", NULL, count_cb, &count);
  g_assert_cmpuint (count, ==, n);
  g_test_message ("%.2f us to visit one", (double)(g_get_monotonic_time () - begin) / n);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *f, gconstpointer data);
    gboolean without_store;
  } cases[] = {
    { "/directory/reading", test_reading, FALSE },
    { "/directory/moves-group", test_moves_group, FALSE },
    { "/directory/commit-fails", test_commit_fails, FALSE },
    { "/directory/overlap-chain", test_overlap_chain, FALSE },
    { "/directory/overlap-cross", test_overlap_cross, FALSE },
    { "/directory/batch", test_batch, FALSE },
    { "/directory/batch-refused", test_batch_refused, FALSE },
    { "/directory/batch-limit", test_batch_limit, FALSE },
    { "/directory/invalid", test_invalid, FALSE },
    { "/directory/limits", test_limits, FALSE },
    { "/directory/patch", test_patch, FALSE },
    { "/directory/patch-refused", test_patch_refused, FALSE },
    { "/directory/patch-survives", test_patch_survives, FALSE },
    { "/directory/patch-retried", test_patch_retried, FALSE },
    { "/directory/read-cold", test_read_cold, FALSE },
    { "/directory/list", test_list, FALSE },
    { "/directory/load", test_load, TRUE },
    { "/directory/store-table", test_store_table, TRUE },
    { "/directory/free-under-way", test_free_under_way, FALSE },
    { "/directory/random", test_random_quiet, FALSE },
    { "/directory/memory", test_memory, FALSE },
  };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_test_add (cases[i].path, Fixture, cases[i].without_store ? "" : NULL, fixture_set_up, cases[i].func,
                fixture_tear_down);
  return g_test_run ();
}
