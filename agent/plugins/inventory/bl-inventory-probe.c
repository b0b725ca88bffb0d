// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-probe.h"

#include "bl-inventory-devices.h"
#include "bl-inventory-dmi.h"
#include "bl-inventory-mounts.h"
#include "bl-inventory-network.h"
#include "bl-inventory-smart.h"
#include "bl-inventory-text.h"
#include "bl-inventory-virtual.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <systemd/sd-login.h>
#include <unistd.h>
#include <utmpx.h>

#define DISKS_MAX 64
#define USERS_MAX 64u
#define SECTOR 512
#define MOUNTS_MILLISECONDS 2000
#define DEPTH_MAX 16u

static gint64
boot_time_ms (const char *root)
{
  g_autofree char *stat = bl_inventory_read_text (root, "/proc/stat");
  const char *line = stat != NULL ? strstr (stat, "\nbtime ") : NULL;
  return line != NULL ? g_ascii_strtoll (line + strlen ("\nbtime "), NULL, 10) * 1000 : 0;
}

static char *
os_description (const char *root)
{
  g_autofree char *release = bl_inventory_read_text (root, "/etc/os-release");
  g_auto (GStrv) lines = release != NULL ? g_strsplit (release, "\n", -1) : NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "PRETTY_NAME="))
        return g_shell_unquote (lines[i] + strlen ("PRETTY_NAME="), NULL);
    }
  return g_strdup ("Linux");
}

// ---- coreinfo ------------------------------------------------------------------------------------------------------

static void
add_user (GPtrArray *names, const char *name)
{
  char *valid = g_utf8_make_valid (name, -1);
  if (names->len >= USERS_MAX || g_ptr_array_find_with_equal_func (names, valid, g_str_equal, NULL))
    g_free (valid);
  else
    g_ptr_array_add (names, valid);
}

// Where no logind runs, programs that let people in still write it down.
static void
add_recorded_users (GPtrArray *names)
{
  setutxent ();
  for (const struct utmpx *entry; (entry = getutxent ()) != NULL;)
    {
      g_autofree char *name = entry->ut_type == USER_PROCESS ? g_strndup (entry->ut_user, sizeof entry->ut_user) : NULL;
      if (name != NULL && name[0] != '\0')
        add_user (names, name);
    }
  endutxent ();
}

static GVariant *
logged_in_users (void)
{
  g_autofree uid_t *uids = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  const int n = sd_get_uids (&uids);
  for (int i = 0; i < n; i++)
    {
      struct passwd entry, *found = NULL;
      char buffer[4096];
      if (getpwuid_r (uids[i], &entry, buffer, sizeof buffer, &found) == 0 && found != NULL)
        add_user (names, found->pw_name);
    }
  if (n < 0)
    add_recorded_users (names);
  return g_variant_new_strv ((const char *const *)names->pdata, (gssize)names->len);
}

GVariant *
bl_inventory_core_info (const char *root, const char *version, gint64 capabilities)
{
  GVariantBuilder info;
  g_autofree char *system = os_description (root);
  g_autofree char *value = g_strconcat ("Bowline agent ", version, NULL);
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "action", g_variant_new_string ("coreinfo"));
  g_variant_builder_add (&info, "{sv}", "value", g_variant_new_string (value));
  g_variant_builder_add (&info, "{sv}", "caps", g_variant_new_int64 (capabilities));
  g_variant_builder_add (&info, "{sv}", "osdesc", g_variant_new_string (system));
  g_variant_builder_add (&info, "{sv}", "root", g_variant_new_boolean (geteuid () == 0));
  g_variant_builder_add (&info, "{sv}", "users", logged_in_users ());
  g_variant_builder_add (&info, "{sv}", "lastbootuptime", g_variant_new_int64 (boot_time_ms (root)));
  return g_variant_builder_end (&info);
}

// ---- hardware ------------------------------------------------------------------------------------------------------

// Drives a person could take out; not what the kernel makes of files, memory and other drives.
static gboolean
is_drive (const char *name)
{
  static const char *const made[] = { "loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd" };
  for (guint i = 0; i < G_N_ELEMENTS (made); i++)
    if (g_str_has_prefix (name, made[i]))
      return FALSE;
  return TRUE;
}

static void
add_health (GVariantBuilder *item, const char *root, const char *name, GHashTable *known)
{
  const BlInventoryHealth *told = g_hash_table_lookup (known, name);
  BlInventoryHealth asked;
  if (told != NULL)
    asked = *told;
  else if (root[0] != '\0' || !bl_inventory_smart_ask (name, &asked))
    return;
  g_variant_builder_add (item, "{sv}", "Smart", bl_inventory_health_describe (&asked));
}

static GVariant *
describe_disk (const char *root, const char *name, GHashTable *known)
{
  g_autofree char *folder = g_strconcat ("/sys/block/", name, NULL);
  g_autofree char *size_path = g_strconcat (folder, "/size", NULL);
  g_autofree char *model_path = g_strconcat (folder, "/device/model", NULL);
  g_autofree char *serial_path = g_strconcat (folder, "/device/serial", NULL);
  g_autofree char *spins_path = g_strconcat (folder, "/queue/rotational", NULL);
  g_autofree char *removable_path = g_strconcat (folder, "/removable", NULL);
  const gint64 sectors = bl_inventory_read_number (root, size_path, 0);
  const gint64 spins = bl_inventory_read_number (root, spins_path, -1);
  GVariantBuilder item;
  if (sectors <= 0 || sectors > G_MAXINT64 / SECTOR)
    return NULL;
  g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
  bl_inventory_add_text (&item, "Caption", name);
  bl_inventory_add_file (&item, "Model", root, model_path);
  bl_inventory_add_file (&item, "SerialNumber", root, serial_path);
  g_variant_builder_add (&item, "{sv}", "Size", g_variant_new_int64 (sectors * SECTOR));
  if (spins >= 0)
    bl_inventory_add_text (&item, "Type", spins > 0 ? "HDD" : "SSD");
  if (bl_inventory_read_number (root, removable_path, 0) > 0)
    g_variant_builder_add (&item, "{sv}", "Removable", g_variant_new_boolean (TRUE));
  add_health (&item, root, name, known);
  return g_variant_builder_end (&item);
}

static GVariant *
describe_disks (const char *root, GDBusConnection *bus)
{
  GVariantBuilder list;
  g_autoptr (GPtrArray) names = bl_inventory_list (root, "/sys/block", 4096);
  g_autoptr (GHashTable) known = bl_inventory_smart_udisks (bus);
  guint n = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < names->len && n < DISKS_MAX; i++)
    {
      GVariant *disk = is_drive (names->pdata[i]) ? describe_disk (root, names->pdata[i], known) : NULL;
      if (disk == NULL)
        continue;
      g_variant_builder_add (&list, "v", disk);
      n++;
    }
  return g_variant_builder_end (&list);
}

// The table is only readable for root; without it the total from /proc stays.
static void
add_memory_modules (GVariantBuilder *builder, const char *root)
{
  g_autofree char *path = g_strconcat (root, "/sys/firmware/dmi/tables/DMI", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  g_autofree guint8 *table = g_malloc (BL_INVENTORY_DMI_MAX);
  gsize length;
  GVariantBuilder memory;
  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), table, BL_INVENTORY_DMI_MAX, &length, NULL, NULL))
    return;
  g_autoptr (GVariant) modules = g_variant_ref_sink (bl_inventory_dmi_memory (table, length));
  if (g_variant_n_children (modules) == 0)
    return;
  g_variant_builder_init (&memory, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&memory, "{sv}", "Memory_Device", modules);
  g_variant_builder_add (builder, "{sv}", "memory", g_variant_builder_end (&memory));
}

// A chip the kernel drives is on; whose it is, it does not say.
static void
add_tpm (GVariantBuilder *builder, const char *root)
{
  g_autofree char *version = bl_inventory_read_text (root, "/sys/class/tpm/tpm0/tpm_version_major");
  GVariantBuilder chip;
  if (g_strcmp0 (version, "1") != 0 && g_strcmp0 (version, "2") != 0)
    return;
  g_variant_builder_init (&chip, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&chip, "{sv}", "SpecVersion", g_variant_new_string (version[0] == '1' ? "1.2" : "2.0"));
  g_variant_builder_add (&chip, "{sv}", "IsEnabled", g_variant_new_boolean (TRUE));
  g_variant_builder_add (builder, "{sv}", "tpm", g_variant_builder_end (&chip));
}

static GVariant *
describe_identifiers (const char *root, GDBusConnection *bus)
{
  static const char *const dmi[] = {
    "bios_date",  "bios_vendor",   "bios_version",   "board_name",   "board_serial",
    "board_vendor", "board_version", "product_name", "product_serial", "product_uuid",
  };
  GVariantBuilder builder;
  g_autofree char *cpuinfo = bl_inventory_read_text (root, "/proc/cpuinfo");
  g_autofree char *cpu = bl_inventory_find_line (cpuinfo, "model name");
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < G_N_ELEMENTS (dmi); i++)
    {
      g_autofree char *path = g_strconcat ("/sys/class/dmi/id/", dmi[i], NULL);
      bl_inventory_add_file (&builder, dmi[i], root, path);
    }
  // The name MeshCentral's page and meshctrl know this one by.
  bl_inventory_add_file (&builder, "bios_serial", root, "/sys/class/dmi/id/product_serial");
  bl_inventory_add_file (&builder, "product_vendor", root, "/sys/class/dmi/id/sys_vendor");
  bl_inventory_add_text (&builder, "cpu_name", cpu);
  GVariant *graphics = bl_inventory_graphics (root);
  if (graphics != NULL)
    g_variant_builder_add (&builder, "{sv}", "gpu_name", graphics);
  g_autofree char *efi = g_strconcat (root, "/sys/firmware/efi", NULL);
  g_autofree char *firmware = g_strconcat (root, "/sys/firmware", NULL);
  if (g_file_test (firmware, G_FILE_TEST_IS_DIR))
    bl_inventory_add_text (&builder, "bios_mode", g_file_test (efi, G_FILE_TEST_IS_DIR) ? "UEFI" : "Legacy");
  g_variant_builder_add (&builder, "{sv}", "storage_devices", describe_disks (root, bus));
  return g_variant_builder_end (&builder);
}

static void
add_kilobytes (GVariantBuilder *builder, const char *key, const char *meminfo, const char *line)
{
  g_autofree char *text = bl_inventory_find_line (meminfo, line);
  if (text != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_int64 (g_ascii_strtoll (text, NULL, 10) * 1024));
}

static GVariant *
describe_volumes (const char *root)
{
  g_autofree char *text = bl_inventory_read_text (root, "/proc/self/mountinfo");
  g_autoptr (GPtrArray) mounts = bl_inventory_mounts_parse (text);
  if (root[0] == '\0')
    bl_inventory_mounts_measure (mounts, MOUNTS_MILLISECONDS);
  return bl_inventory_mounts_describe (mounts);
}

static void
add_value (GVariantBuilder *builder, const char *key, GVariant *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, value);
}

static GVariant *
describe_linux (const char *root)
{
  GVariantBuilder builder;
  g_autofree char *meminfo = bl_inventory_read_text (root, "/proc/meminfo");
  g_autofree char *system = os_description (root);
  struct utsname kernel;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  bl_inventory_add_text (&builder, "Caption", system);
  bl_inventory_add_file (&builder, "Kernel", root, "/proc/sys/kernel/osrelease");
  if (uname (&kernel) == 0)
    bl_inventory_add_text (&builder, "arch", kernel.machine);
  g_variant_builder_add (&builder, "{sv}", "LastBootUpTime", g_variant_new_int64 (boot_time_ms (root)));
  add_kilobytes (&builder, "MemoryTotal", meminfo, "MemTotal");
  add_kilobytes (&builder, "SwapTotal", meminfo, "SwapTotal");
  add_memory_modules (&builder, root);
  g_variant_builder_add (&builder, "{sv}", "Processors", g_variant_new_int64 (sysconf (_SC_NPROCESSORS_CONF)));
  g_variant_builder_add (&builder, "{sv}", "volumes", describe_volumes (root));
  add_value (&builder, "virtual", bl_inventory_virtual (root));
  add_value (&builder, "displays", bl_inventory_displays (root));
  return g_variant_builder_end (&builder);
}

static GVariant *
describe_name_servers (const char *root)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "dns", bl_inventory_network_dns (root));
  return g_variant_builder_end (&builder);
}

GVariant *
bl_inventory_hardware (const char *root, const char *version, GDBusConnection *bus)
{
  GVariantBuilder builder, agent;
  g_variant_builder_init (&agent, G_VARIANT_TYPE_VARDICT);
  bl_inventory_add_text (&agent, "bowline", version);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "identifiers", describe_identifiers (root, bus));
  g_variant_builder_add (&builder, "{sv}", "linux", describe_linux (root));
  g_variant_builder_add (&builder, "{sv}", "network", describe_name_servers (root));
  add_tpm (&builder, root);
  add_value (&builder, "battery", bl_inventory_batteries (root));
  g_variant_builder_add (&builder, "{sv}", "agentvers", g_variant_builder_end (&agent));
  return g_variant_builder_end (&builder);
}

// ---- changes -------------------------------------------------------------------------------------------------------

static GVariant *steady (GVariant *value, guint depth);

// Fill levels in steps of five percent of the size.
static gint64
round_space (GVariant *volume, gint64 available)
{
  gint64 size = 0;
  g_variant_lookup (volume, "size", "x", &size);
  return size >= 20 ? available / (size / 20) : available;
}

static GVariant *
steady_object (GVariant *object, guint depth)
{
  static const char *const restless[] = { "used", "Temperature", "PowerOnHours", "RemainingCapacity", NULL };
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, object);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      if (g_strv_contains (restless, key))
        continue;
      if (g_str_equal (key, "available") && g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
        g_variant_builder_add (&builder, "{sv}", key,
                               g_variant_new_int64 (round_space (object, g_variant_get_int64 (value))));
      else
        g_variant_builder_add (&builder, "{sv}", key, steady (value, depth + 1));
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
steady (GVariant *value, guint depth)
{
  GVariantBuilder list;
  if (depth < DEPTH_MAX && g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return steady_object (value, depth);
  if (depth >= DEPTH_MAX || !g_variant_is_of_type (value, G_VARIANT_TYPE ("av")))
    return value;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (value, i);
      g_autoptr (GVariant) item = g_variant_get_variant (boxed);
      g_variant_builder_add (&list, "v", steady (item, depth + 1));
    }
  return g_variant_builder_end (&list);
}

char *
bl_inventory_steady_hash (GVariant *hardware)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (steady (hardware, 0));
  return bl_inventory_hash (value);
}

char *
bl_inventory_hash (GVariant *value)
{
  guint8 hash[BL_SHA384_SIZE];
  g_autofree char *text = bl_json_to_string (value, NULL); // made here, so it has a JSON form
  bl_sha384 (text, strlen (text), hash);
  return bl_hex_encode (hash, sizeof hash, FALSE);
}
