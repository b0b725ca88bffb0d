// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-dmi.h"
#include "bl-inventory-network.h"
#include "bl-inventory-probe.h"
#include "bl-inventory-testing.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <glib/gstdio.h>
#include <string.h>

typedef BlInventoryRoot Fixture;

// Two modules, an empty socket between them, and the end.
static const guint8 table[] = "\x00\x06\x00\x00\x01\x00" "BIOS\0"
                              "\0\x11\x1C\x01\x00" "\0\0\0\0\0\0\0\0" "\x00\x40\0\0" "\x01\x02\0\0\0"
                              "\x80\x0C" "\x03\0\0\x04" "\0" "DIMM 0\0" "BANK 0\0" "Maker\0" " Part\x01 \0"
                              "\0\x11\x15\x02\x00" "\0\0\0\0\0\0\0\0" "\x00\x00\0\0" "\x01\0\0\0\0" "DIMM 1\0"
                              "\0\x11\x20\x03\x00" "\0\0\0\0\0\0\0\0" "\xFF\x7F\0\0" "\x01\0\0\0\0"
                              "\0\0" "\0\0\0\0\0" "\x00\x00\x01\x00" "DIMM 2\0"
                              "\0\x7F\x04\x04\x00\0";

static void
set_up (Fixture *f, gconstpointer data)
{
  bl_inventory_root_init (f);
  bl_inventory_root_put (f, "/etc/os-release", "NAME=x\nPRETTY_NAME=\"Test OS 7 (fine)\"\n");
  bl_inventory_root_put (f, "/proc/stat", "cpu 1 2\nbtime 1700000000\nprocesses 5\n");
  bl_inventory_root_put (f, "/proc/cpuinfo", "processor\t: 0\nmodel name\t: Imaginary CPU\xff 9000\n");
  bl_inventory_root_put (f, "/proc/meminfo", "MemTotal:       2048 kB\nSwapTotal:       0 kB\n");
  bl_inventory_root_put (f, "/sys/class/dmi/id/bios_vendor", "Maker\n");
  bl_inventory_root_put (f, "/sys/block/sda/size", "2000\n");
  bl_inventory_root_put (f, "/sys/block/sda/device/model", "Disk\n");
  bl_inventory_root_put (f, "/sys/block/loop0/size", "8\n");
  bl_inventory_root_put (f, "/sys/class/tpm/tpm0/tpm_version_major", "2\n");
  bl_inventory_root_put_bytes (f, "/sys/firmware/dmi/tables/DMI", table, sizeof table);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bl_inventory_root_clear (f);
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
  g_autoptr (GVariant) hardware = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2", NULL));
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

static GVariant *
nth (GVariant *list, gsize n)
{
  g_autoptr (GVariant) boxed = g_variant_get_child_value (list, n);
  return g_variant_get_variant (boxed);
}

static void
test_firmware (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) hardware = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2", NULL));
  g_autoptr (GVariant) ids = bl_variant_get_object (hardware, "identifiers");
  g_autoptr (GVariant) chip = bl_variant_get_object (hardware, "tpm");
  g_autoptr (GVariant) system = bl_variant_get_object (hardware, "linux");
  g_autoptr (GVariant) memory = bl_variant_get_object (system, "memory");
  g_autoptr (GVariant) modules = bl_variant_get_array (memory, "Memory_Device");
  g_assert_cmpstr (bl_variant_get_string (ids, "bios_mode"), ==, "Legacy");
  g_assert_cmpstr (bl_variant_get_string (chip, "SpecVersion"), ==, "2.0");
  g_assert_cmpuint (g_variant_n_children (modules), ==, 2);
  g_autoptr (GVariant) first = nth (modules, 0);
  g_autoptr (GVariant) second = nth (modules, 1);
  g_assert_cmpstr (bl_variant_get_string (first, "Locator"), ==, "DIMM 0");
  g_assert_cmpstr (bl_variant_get_string (first, "Bank_Locator"), ==, "BANK 0");
  g_assert_cmpstr (bl_variant_get_string (first, "Manufacturer"), ==, "Maker");
  g_assert_cmpstr (bl_variant_get_string (first, "PartNumber"), ==, "Part");
  g_assert_cmpstr (bl_variant_get_string (first, "Size"), ==, "16 GB");
  g_assert_cmpstr (bl_variant_get_string (first, "Speed"), ==, "3200 MT/s");
  g_assert_cmpstr (bl_variant_get_string (second, "Size"), ==, "64 GB");
  g_assert_null (bl_variant_get_string (second, "Speed"));
}

// However it is cut, only whole structures count.
static void
test_cut_tables (void)
{
  for (gsize length = 0; length <= sizeof table; length++)
    {
      g_autofree guint8 *copy = g_memdup2 (table, length);
      g_autoptr (GVariant) list = g_variant_ref_sink (bl_inventory_dmi_memory (copy, length));
      g_assert_cmpuint (g_variant_n_children (list), <=, 2);
    }
}

static void
test_many_modules (void)
{
  g_autoptr (GByteArray) many = g_byte_array_new ();
  for (guint i = 0; i <= BL_INVENTORY_MAX_MODULES; i++)
    g_byte_array_append (many, (const guint8 *)"\x11\x0E\0\0\0\0\0\0\0\0\0\0\x00\x04\0\0", 16);
  g_autoptr (GVariant) list = g_variant_ref_sink (bl_inventory_dmi_memory (many->data, many->len));
  g_assert_cmpuint (g_variant_n_children (list), ==, BL_INVENTORY_MAX_MODULES);
}

static void
test_hash_tells_changes (Fixture *f, gconstpointer data)
{
  g_autoptr (GVariant) first = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2", NULL));
  g_autoptr (GVariant) same = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2", NULL));
  bl_inventory_root_put (f, "/proc/meminfo", "MemTotal:       4096 kB\n");
  g_autoptr (GVariant) other = g_variant_ref_sink (bl_inventory_hardware (f->root, "1.2", NULL));
  g_autofree char *a = bl_inventory_hash (first);
  g_autofree char *b = bl_inventory_hash (same);
  g_autofree char *c = bl_inventory_hash (other);
  g_assert_cmpstr (a, ==, b);
  g_assert_cmpstr (a, !=, c);
}

static void
test_network (void)
{
  g_autoptr (GVariant) info = g_variant_ref_sink (bl_inventory_network (""));
  g_autoptr (GVariant) interfaces = bl_variant_get_object (info, "netif2");
  g_autoptr (GVariant) loopback = bl_variant_get_array (interfaces, "lo");
  g_assert_nonnull (loopback);
  g_assert_cmpuint (g_variant_n_children (loopback), >=, 1);
}

static void
test_empty_root (void)
{
  g_autoptr (GVariant) hardware = g_variant_ref_sink (bl_inventory_hardware ("/nonexistent", "1", NULL));
  g_autoptr (GVariant) system = bl_variant_get_object (hardware, "linux");
  g_assert_cmpstr (bl_variant_get_string (system, "Caption"), ==, "Linux");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/inventory/core-info", Fixture, NULL, set_up, test_core_info, tear_down);
  g_test_add ("/inventory/hardware", Fixture, NULL, set_up, test_hardware, tear_down);
  g_test_add ("/inventory/firmware", Fixture, NULL, set_up, test_firmware, tear_down);
  g_test_add_func ("/inventory/cut-tables", test_cut_tables);
  g_test_add_func ("/inventory/many-modules", test_many_modules);
  g_test_add ("/inventory/hash-tells-changes", Fixture, NULL, set_up, test_hash_tells_changes, tear_down);
  g_test_add_func ("/inventory/network", test_network);
  g_test_add_func ("/inventory/empty-root", test_empty_root);
  return g_test_run ();
}
