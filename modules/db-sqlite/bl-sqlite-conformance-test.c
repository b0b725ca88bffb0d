// SPDX-License-Identifier: Apache-2.0
/* The SQLite store against what every store must do. */
#include "bl-sqlite-store.h"
#include "tests/conformance/bl-store-conformance.h"

static gpointer
open_store (const char *place, GError **error)
{
  g_autofree char *path = g_build_filename (place, "bowline.db", NULL);
  BlSqliteOptions options = { .path = path, .check = BL_SQLITE_CHECK_FULL };
  BlSqliteStore *store = bl_sqlite_store_open (&options, error);

  if (store != NULL)
    bl_sqlite_store_start (store, NULL);
  return store;
}

static void
close_store (gpointer self)
{
  bl_sqlite_store_close (self);
}

int
main (int argc, char **argv)
{
  static BlStoreFactory factory = { .open = open_store, .close = close_store };

  g_test_init (&argc, &argv, NULL);
  factory.table = bl_sqlite_store_get_table ();
  bl_store_conformance_add ("/sqlite/conformance", &factory);
  return g_test_run ();
}
