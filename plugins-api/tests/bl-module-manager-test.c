// SPDX-License-Identifier: Apache-2.0
/* Each broken plugin is refused with its own message, and the others run on. */
#include "bl-module-manager.h"

#include "bl-module-loader.h"
#include "bowline-private.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *root;
  BlModuleManager *manager;
  BowlineHost host;
  const char *disabled;
  GString *deactivated;
  guint released;
  GAsyncResult *result;
} Fixture;

static Fixture *current;

/* ---- hooks ------------------------------------------------------------------------------------------------
 */

static gboolean
is_enabled (const BlModuleManifest *manifest, gpointer user_data)
{
  Fixture *fixture = user_data;

  return g_strcmp0 (manifest->id, fixture->disabled) != 0;
}

static BowlineHost *
create_host (const BlModuleManifest *manifest, gpointer user_data)
{
  Fixture *fixture = user_data;

  return &fixture->host;
}

static void
release_host (BowlineHost *host, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->released++;
}

static const BlModuleManagerHooks hooks
    = { .is_enabled = is_enabled, .create_host = create_host, .release_host = release_host };

static void
publish (BowlineHost *host, const char *topic, GVariant *payload)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (payload);
  const char *id;

  g_variant_get (owned, "(&s)", &id);
  g_string_append_printf (current->deactivated, "%s ", id);
}

static const BowlineTopicOps topic_ops = { .publish = publish };

/* ---- files ------------------------------------------------------------------------------------------------
 */

static void
copy_file (const char *name, const char *directory, guint mode)
{
  g_autofree char *from = g_build_filename (BAD_PLUGINS_DIR, name, NULL);
  g_autofree char *to = g_build_filename (directory, name, NULL);
  g_autofree char *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (from, &data, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents (to, data, (gssize)length, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_chmod (to, (int)mode), ==, 0);
}

static char *
plugin_directory (Fixture *fixture, const char *name)
{
  char *directory = g_build_filename (fixture->root, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (directory, 0755), ==, 0);
  return directory;
}

static void
add_plugin (Fixture *fixture, const char *id, const char *subdirectory, guint library_mode)
{
  g_autofree char *directory = plugin_directory (fixture, subdirectory != NULL ? subdirectory : id);
  g_autofree char *library = g_strdup_printf ("bowline-module-%s.so", id);
  g_autofree char *manifest = g_strdup_printf ("%s.module", id);

  copy_file (library, directory, library_mode);
  copy_file (manifest, directory, 0644);
}

static void
add_text (Fixture *fixture, const char *id, const char *text)
{
  g_autofree char *directory = plugin_directory (fixture, id);
  g_autofree char *name = g_strdup_printf ("%s.module", id);
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        remove_tree (child);
      else
        g_remove (child);
    }
  g_rmdir (path);
}

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bowline-modules-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->host.magic = BOWLINE_HOST_MAGIC;
  fixture->host.id = (char *)"fixture";
  fixture->deactivated = g_string_new (NULL);
  fixture->manager = bl_module_manager_new (BOWLINE_PLUGIN_KIND_SERVER, &hooks, fixture);
  current = fixture;
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  bl_module_manager_free (fixture->manager);
  g_string_free (fixture->deactivated, TRUE);
  g_clear_object (&fixture->result);
  remove_tree (fixture->root);
  g_free (fixture->root);
}

/* ---- running ----------------------------------------------------------------------------------------------
 */

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->result = g_object_ref (result);
}

static gboolean
start (Fixture *fixture, GCancellable *cancellable, GError **error)
{
  const char *const directories[] = { "/nonexistent/modules", fixture->root, NULL };

  g_autoptr (GVariant) before = NULL;

  bl_module_manager_scan (fixture->manager, directories);
  before = bl_module_manager_list (fixture->manager);
  g_assert_cmpuint (g_variant_n_children (before), >, 0);
  bl_module_manager_start_async (fixture->manager, 1, cancellable, started_cb, fixture);
  while (fixture->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return bl_module_manager_start_finish (fixture->manager, fixture->result, error);
}

static void
assert_state (Fixture *fixture, const char *id, const char *state)
{
  g_assert_cmpstr (bl_module_manager_get_state (fixture->manager, id), ==, state);
}

/* All modules' reasons, "ID: REASON\n". */
static char *
reasons (Fixture *fixture)
{
  g_autoptr (GVariant) list = bl_module_manager_list (fixture->manager);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (list, i);
      const char *id = "", *reason = "";

      g_variant_lookup (entry, "id", "&s", &id);
      g_variant_lookup (entry, "reason", "&s", &reason);
      g_string_append_printf (text, "%s: %s\n", id, reason);
    }
  return g_string_free (text, FALSE);
}

/* @template's %s is the directory of the modules. */
static void
assert_reason (Fixture *fixture, const char *id, const char *template)
{
  g_autofree char *all = reasons (fixture);
  g_auto (GStrv) pieces = g_strsplit (template, "%s", -1);
  g_autofree char *expected = g_strjoinv (fixture->root, pieces);
  g_autofree char *line = g_strdup_printf ("%s: %s\n", id, expected);

  if (strstr (all, line) == NULL)
    g_test_message ("expected: %sfound: %s", line, all);
  g_assert_nonnull (strstr (all, line));
}

static void
test_broken (Fixture *fixture, gconstpointer unused)
{
  static const char *const plain[]
      = { "good",     "needs-good",    "no-symbol",     "wrong-major",        "newer-minor",  "short-struct",
          "wrong-id", "failing-start", "hanging-start", "missing-dependency", "needs-failing" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    add_plugin (fixture, plain[i], NULL, 0644);
  add_plugin (fixture, "world-writable", NULL, 0666);
  add_plugin (fixture, "good", "other", 0644);
  add_text (fixture, "nonsense", "this is not a key file");

  g_assert_true (start (fixture, NULL, &error));
  g_assert_no_error (error);
  assert_state (fixture, "good", "active");
  assert_state (fixture, "needs-good", "active");
  assert_reason (
      fixture, "no-symbol",
      "%s/no-symbol/bowline-module-no-symbol.so: symbol: expected bowline_plugin_query_1, found none");
  assert_reason (fixture, "wrong-major",
                 "%s/wrong-major/bowline-module-wrong-major.so: descriptor: abi_major: expected 1, found 2");
  assert_reason (fixture, "newer-minor",
                 "%s/newer-minor/bowline-module-newer-minor.so: descriptor: min_host_minor: expected at most "
                 "0, found 99:"
                 " it needs a newer program");
  assert_reason (fixture, "short-struct",
                 "%s/short-struct/bowline-module-short-struct.so: descriptor: struct_size: expected at least "
                 "72, found 40");
  assert_reason (fixture, "wrong-id",
                 "%s/wrong-id/bowline-module-wrong-id.so: descriptor: id: expected \"wrong-id\" as in the "
                 "manifest, found"
                 " \"another\"");
  assert_reason (
      fixture, "failing-start",
      "%s/failing-start/bowline-module-failing-start.so: activation failed: the fixture cannot start");
  assert_reason (fixture, "hanging-start",
                 "%s/hanging-start/bowline-module-hanging-start.so: activation: expected an answer within 1 "
                 "s, found none");
  assert_reason (
      fixture, "missing-dependency",
      "%s/missing-dependency/missing-dependency.module: [Module] Requires: expected a module that provides"
      " \"org.example.absent\", found none");
  assert_reason (fixture, "needs-failing",
                 "%s/needs-failing/needs-failing.module: [Module] Requires: expected \"failing-start\" to be "
                 "active, found"
                 " module \"failing-start\" failed");
  assert_reason (fixture, "world-writable",
                 "%s/world-writable/bowline-module-world-writable.so: mode: expected writable by its owner "
                 "only, found 0666");
  assert_reason (fixture, "good",
                 "%s/other/good.module: [Module] Id: expected an id of its own, found \"good\", which is"
                 " %s/good/good.module");
  assert_state (fixture, "nonsense", "refused");
  /* The two that got as far as a host and failed. */
  g_assert_cmpuint (fixture->released, ==, 2);

  bl_module_manager_stop (fixture->manager);
  g_assert_cmpstr (fixture->deactivated->str, ==, "needs-good good ");
  assert_state (fixture, "good", "stopped");
}

static void
test_disabled (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GPtrArray) manifests = NULL;

  add_plugin (fixture, "good", NULL, 0644);
  add_plugin (fixture, "needs-good", NULL, 0644);
  fixture->disabled = "good";
  g_assert_true (start (fixture, NULL, NULL));
  assert_state (fixture, "good", "disabled");
  assert_reason (fixture, "needs-good",
                 "%s/needs-good/needs-good.module: [Module] Requires: expected \"good\" to be active, found "
                 "module \"good\""
                 " disabled");
  manifests = bl_module_manager_dup_manifests (fixture->manager);
  g_assert_cmpuint (manifests->len, ==, 2);
}

#define MANIFEST(id, more)                                                                                   \
  "[Module]\nId=" id "\nVersion=1\nAbiMajor=1\nAbiMinMinor=0\nKind=server\nName=N\nSummary=S\n" more

static void
test_manifest_refusals (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  add_text (fixture, "a", MANIFEST ("a", "Requires=b\n"));
  add_text (fixture, "b", MANIFEST ("b", "After=a\n"));
  add_text (fixture, "c", MANIFEST ("c", "Conflicts=d\n"));
  add_text (fixture, "d", MANIFEST ("d", ""));
  add_text (fixture, "e",
            "[Module]\nId=e\nVersion=1\nAbiMajor=2\nAbiMinMinor=0\nKind=server\nName=N\nSummary=S\n");
  add_text (fixture, "f",
            "[Module]\nId=f\nVersion=1\nAbiMajor=1\nAbiMinMinor=5\nKind=server\nName=N\nSummary=S\n");
  add_text (fixture, "g", MANIFEST ("g", "Required=true\n"));
  add_text (fixture, "h",
            "[Module]\nId=h\nVersion=1\nAbiMajor=1\nAbiMinMinor=0\nKind=agent\nName=N\nSummary=S\n");
  g_assert_false (start (fixture, NULL, &error));
  g_assert_true (g_str_has_prefix (error->message, "required module \"g\" did not start: "));
  assert_reason (fixture, "a", "dependencies: expected an order, found a circle among \"a\" \"b\"");
  assert_reason (
      fixture, "d",
      "%s/d/d.module: [Module] Conflicts: expected only one of \"d\" and \"c\" to be enabled, found both");
  assert_reason (fixture, "e", "%s/e/e.module: [Module] AbiMajor: expected 1, found 2");
  assert_reason (
      fixture, "f",
      "%s/f/f.module: [Module] AbiMinMinor: expected at most 0, found 5: it needs a newer program");
  g_assert_null (bl_module_manager_get_state (fixture->manager, "h"));
}

static gboolean
cancel_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  add_plugin (fixture, "good", NULL, 0644);
  add_plugin (fixture, "hanging-start", NULL, 0644);
  g_idle_add (cancel_cb, cancellable);
  g_assert_false (start (fixture, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_state (fixture, "hanging-start", "failed");
}

static void
test_slow_calls (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GVariant) entry = NULL;
  gint64 slow = 0, slowest = 0;

  add_plugin (fixture, "good", NULL, 0644);
  g_assert_true (start (fixture, NULL, NULL));
  bl_module_manager_note_call (fixture->manager, "good", "endpoint /x", 1000);
  bl_module_manager_note_call (fixture->manager, "good", "endpoint /x", 120 * 1000);
  list = bl_module_manager_list (fixture->manager);
  entry = g_variant_get_child_value (list, 0);
  g_assert_true (g_variant_lookup (entry, "slow-calls", "x", &slow));
  g_assert_true (g_variant_lookup (entry, "slowest-ms", "x", &slowest));
  g_assert_cmpint (slow, ==, 1);
  g_assert_cmpint (slowest, ==, 120);
}

static void
test_file_checks (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *directory = plugin_directory (fixture, "dir");
  g_autofree char *path = g_build_filename (directory, "file", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (path, "x", -1, NULL));
  g_assert_true (bl_module_loader_check_file (path, &error));
  g_assert_false (bl_module_loader_check_file ("relative", NULL));
  g_assert_false (bl_module_loader_check_file (directory, NULL));
  g_chmod (path, 0664);
  g_assert_false (bl_module_loader_check_file (path, NULL));
  g_chmod (path, 0644);
  g_chmod (directory, 0777);
  g_assert_false (bl_module_loader_check_file (path, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED);
  g_chmod (directory, 0755);
}

static void
test_links (Fixture *fixture, gconstpointer unused)
{
  g_autofree char *safe = plugin_directory (fixture, "safe");
  g_autofree char *open = plugin_directory (fixture, "open");
  g_autofree char *target = g_build_filename (open, "target", NULL);
  g_autofree char *link = g_build_filename (safe, "link", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (target, "x", -1, NULL));
  g_assert_cmpint (symlink (target, link), ==, 0);
  g_assert_true (bl_module_loader_check_file (link, &error));
  g_assert_no_error (error);
  g_chmod (open, 0777);
  g_assert_false (bl_module_loader_check_file (link, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_DENIED);
  g_chmod (open, 0755);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  bowline_private_install_topic_ops (&topic_ops);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/module-manager/broken", test_broken);
  ADD ("/module-manager/disabled", test_disabled);
  ADD ("/module-manager/manifest-refusals", test_manifest_refusals);
  ADD ("/module-manager/cancel", test_cancel);
  ADD ("/module-manager/slow-calls", test_slow_calls);
  ADD ("/module-manager/file-checks", test_file_checks);
  ADD ("/module-manager/links", test_links);
  return g_test_run ();
}
