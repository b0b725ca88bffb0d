// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-probe.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <glib/gstdio.h>
#include <string.h>

typedef struct
{
  char *root;
  GPtrArray *made; // files and folders, in the order they were made
} Fixture;

static void
put (Fixture *f, const char *path, const char *content)
{
  g_autofree char *full = g_strconcat (f->root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, content, -1, NULL));
  for (char *slash = full + strlen (f->root); (slash = strchr (slash + 1, '/')) != NULL;)
    g_ptr_array_add (f->made, g_strndup (full, (gsize)(slash - full)));
  g_ptr_array_add (f->made, g_steal_pointer (&full));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = g_dir_make_tmp ("bl-inventory-XXXXXX", NULL);
  f->made = g_ptr_array_new_with_free_func (g_free);
  put (f, "/etc/os-release", "NAME=x\nPRETTY_NAME=\"Test OS 7 (fine)\"\n");
  put (f, "/proc/stat", "cpu 1 2\nbtime 1700000000\nprocesses 5\n");
  put (f, "/proc/cpuinfo", "processor\t: 0\nmodel name\t: Imaginary CPU\xff 9000\n");
  put (f, "/proc/meminfo", "MemTotal:       2048 kB\nSwapTotal:       0 kB\n");
  put (f, "/sys/class/dmi/id/bios_vendor", "Maker\n");
  put (f, "/sys/block/sda/size", "2000\n");
  put (f, "/sys/block/sda/device/model", "Disk\n");
  put (f, "/sys/block/loop0/size", "8\n");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (guint i = f->made->len; i > 0; i--)
    g_remove (f->made->pdata[i - 1]);
  g_rmdir (f->root);
  g_ptr_array_unref (f->made);
  g_free (f->root);
}

static void
test_core_info (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) info = g_variant_ref_sink (bl_inventory_core_info (f->root, "1.2", 6));
  g_assert_cmpstr (bl_variant_get_string (info, "action"), ==, "coreinfo");
  g_assert_cmpstr (bl_variant_get_string (info, "osdesc"), ==, "Test OS 7 (fine)");
  g_assert_cmpint (bl_variant_get_int (info, "lastbootuptime", 0), ==, 1700000000000);
  g_assert_cmpint (bl_variant_get_int (info, "caps", 0), ==, 6);
}

static void
test_hardware (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) hardware = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2"));
  g_autoptr (GVariant) ids = bl_variant_get_object (hardware, "identifiers");
  g_autoptr (GVariant) system = bl_variant_get_object (hardware, "linux");
  g_autoptr (GVariant) disks = bl_variant_get_array (ids, "storage_devices");
  g_assert_cmpstr (bl_variant_get_string (ids, "bios_vendor"), ==, "Maker");
  g_assert_nonnull (strstr (bl_variant_get_string (ids, "cpu_name"), "9000"));
  g_assert_null (bl_variant_get_string (ids, "product_serial"));
  g_assert_cmpint (bl_variant_get_int (system, "MemoryTotal", 0), ==, 2048 * 1024);
  g_assert_cmpuint (g_variant_n_children (disks), ==, 1);
  g_autofree char *json = bl_json_to_string (hardware, NULL);
  g_assert_nonnull (json);
}

static void
test_hash_tells_changes (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) first = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2"));
  g_autoptr (GVariant) same = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2"));
  put (f, "/proc/meminfo", "MemTotal:       4096 kB\n");
  g_autoptr (GVariant) other = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2"));
  g_autofree char *a = bl_inventory_hash (first);
  g_autofree char *b = bl_inventory_hash (same);
  g_autofree char *c = bl_inventory_hash (other);
  g_assert_cmpstr (a, ==, b);
  g_assert_cmpstr (a, !=, c);
}

static void
test_network (void)
{
  g_autoptr (GVariant) info = g_variant_ref_sink (bl_inventory_network ());
  g_autoptr (GVariant) interfaces = bl_variant_get_object (info, "netif2");
  g_autoptr (GVariant) loopback = bl_variant_get_array (interfaces, "lo");
  g_assert_nonnull (loopback);
  g_assert_cmpuint (g_variant_n_children (loopback), >=, 1);
}

static void
test_empty_root (void)
{
  g_autoptr (GVariant) hardware = g_variant_ref_sink (bl_inventory_hardware ("/nonexistent", "1"));
  g_autoptr (GVariant) system = bl_variant_get_object (hardware, "linux");
  g_assert_cmpstr (bl_variant_get_string (system, "Caption"), ==, "Linux");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/inventory/core-info", Fixture, NULL, set_up, test_core_info, tear_down);
  g_test_add ("/inventory/hardware", Fixture, NULL, set_up, test_hardware, tear_down);
  g_test_add ("/inventory/hash-tells-changes", Fixture, NULL, set_up, test_hash_tells_changes, tear_down);
  g_test_add_func ("/inventory/network", test_network);
  g_test_add_func ("/inventory/empty-root", test_empty_root);
  return g_test_run ();
}
