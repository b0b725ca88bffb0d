// SPDX-License-Identifier: Apache-2.0
// Tests of the core scripts on disk.

#include "bl-core-store.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *root;
  char *directory;
  BlCoreStore *store;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GError) error = NULL;

  fixture->root = g_dir_make_tmp ("bl-core-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->directory = g_build_filename (fixture->root, "cores", NULL);
  fixture->store = bl_core_store_new (fixture->directory, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  const char *names[] = { "core", "core.good", "core.bad" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (fixture->directory, names[i], NULL);
      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);
  bl_core_store_unref (fixture->store);
  g_free (fixture->directory);
  g_free (fixture->root);
}

static void
test_keeps_and_forgets (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GBytes) core = g_bytes_new_static ("\0\0\0\0var a;", 10);
  g_autoptr (GBytes) loaded = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->directory, "core", NULL);
  guint8 hash[BL_CORE_HASH_SIZE], expected[BL_CORE_HASH_SIZE];
  struct stat info;

  g_assert_null (bl_core_store_load (fixture->store, BL_CORE_SLOT_CURRENT));
  g_assert_false (bl_core_store_get_hash (fixture->store, BL_CORE_SLOT_CURRENT, hash));
  g_assert_true (bl_core_store_set_current (fixture->store, core, &error));
  loaded = bl_core_store_load (fixture->store, BL_CORE_SLOT_CURRENT);
  g_assert_nonnull (loaded);
  g_assert_true (g_bytes_equal (core, loaded));
  g_assert_true (bl_core_store_get_hash (fixture->store, BL_CORE_SLOT_CURRENT, hash));
  bl_core_hash (g_bytes_get_data (core, NULL), g_bytes_get_size (core), expected);
  g_assert_cmpmem (hash, sizeof hash, expected, sizeof expected);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  g_assert_true (bl_core_store_mark_good (fixture->store, core, &error));
  g_assert_true (bl_core_store_set_current (fixture->store, NULL, &error));
  g_assert_null (bl_core_store_load (fixture->store, BL_CORE_SLOT_CURRENT));
  g_clear_pointer (&loaded, g_bytes_unref);
  loaded = bl_core_store_load (fixture->store, BL_CORE_SLOT_LAST_GOOD);
  g_assert_true (g_bytes_equal (core, loaded));
}

static void
test_torn_file_is_missing (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GBytes) core = g_bytes_new_static ("\0\0\0\0var abc;", 12);
  g_autofree char *path = g_build_filename (fixture->directory, "core", NULL);
  g_autofree char *text = NULL;
  gsize size;

  g_assert_true (bl_core_store_set_current (fixture->store, core, NULL));
  g_assert_true (g_file_get_contents (path, &text, &size, NULL));
  g_assert_true (g_file_set_contents (path, text, (gssize) size - 1, NULL));
  g_assert_null (bl_core_store_load (fixture->store, BL_CORE_SLOT_CURRENT));
  text[size - 1] ^= 1;
  g_assert_true (g_file_set_contents (path, text, (gssize) size, NULL));
  g_assert_null (bl_core_store_load (fixture->store, BL_CORE_SLOT_CURRENT));
}

static void
test_bad_mark_goes_with_a_new_core (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GBytes) core = g_bytes_new_static ("\0\0\0\0x", 5);

  g_assert_false (bl_core_store_is_bad (fixture->store));
  g_assert_true (bl_core_store_mark_bad (fixture->store, NULL));
  g_assert_true (bl_core_store_is_bad (fixture->store));
  g_assert_true (bl_core_store_set_current (fixture->store, core, NULL));
  g_assert_false (bl_core_store_is_bad (fixture->store));
}

static void
test_too_large (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (GBytes) core = g_bytes_new_take (g_malloc0 (BL_CORE_MAX_SIZE + 1), BL_CORE_MAX_SIZE + 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (bl_core_store_set_current (fixture->store, core, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/script/core-store/keeps", Fixture, NULL, set_up, test_keeps_and_forgets, tear_down);
  g_test_add ("/script/core-store/torn", Fixture, NULL, set_up, test_torn_file_is_missing, tear_down);
  g_test_add ("/script/core-store/bad-mark", Fixture, NULL, set_up, test_bad_mark_goes_with_a_new_core, tear_down);
  g_test_add ("/script/core-store/too-large", Fixture, NULL, set_up, test_too_large, tear_down);
  return g_test_run ();
}
