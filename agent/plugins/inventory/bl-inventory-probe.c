// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-probe.h"

#include "bl-inventory-dmi.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-json.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define FILE_MAX 65536
#define TEXT_MAX 256
#define DISKS_MAX 64
#define SECTOR 512

// First bytes of a small file, trimmed; NULL when it is missing or says nothing.
static char *
read_text (const char *root, const char *path)
{
  g_autofree char *full = g_strconcat (root, path, NULL);
  g_autoptr (GFile) file = g_file_new_for_path (full);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, NULL);
  g_autofree char *text = g_malloc (FILE_MAX + 1);
  gsize length;
  if (stream == NULL || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, FILE_MAX, &length, NULL, NULL))
    return NULL;
  text[length] = '\0';
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_strstrip (valid);
  return valid[0] != '\0' ? g_steal_pointer (&valid) : NULL;
}

static void
add_text (GVariantBuilder *builder, const char *key, const char *text)
{
  if (text == NULL)
    return;
  g_autofree char *bounded = g_utf8_substring (text, 0, MIN (g_utf8_strlen (text, -1), TEXT_MAX));
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (bounded));
}

static void
add_file (GVariantBuilder *builder, const char *key, const char *root, const char *path)
{
  g_autofree char *text = read_text (root, path);
  add_text (builder, key, text);
}

// Value of the first line "KEY<blanks>: VALUE".
static char *
find_line (const char *text, const char *key)
{
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", -1) : NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      const char *colon = strchr (lines[i], ':');
      if (colon == NULL || !g_str_has_prefix (lines[i], key))
        continue;
      g_autofree char *name = g_strchomp (g_strndup (lines[i], (gsize)(colon - lines[i])));
      if (g_str_equal (name, key))
        return g_strstrip (g_strdup (colon + 1));
    }
  return NULL;
}

static gint64
boot_time_ms (const char *root)
{
  g_autofree char *stat = read_text (root, "/proc/stat");
  const char *line = stat != NULL ? strstr (stat, "\nbtime ") : NULL;
  return line != NULL ? g_ascii_strtoll (line + strlen ("\nbtime "), NULL, 10) * 1000 : 0;
}

static char *
os_description (const char *root)
{
  g_autofree char *release = read_text (root, "/etc/os-release");
  g_auto (GStrv) lines = release != NULL ? g_strsplit (release, "\n", -1) : NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL; i++)
    {
      if (g_str_has_prefix (lines[i], "PRETTY_NAME="))
        return g_shell_unquote (lines[i] + strlen ("PRETTY_NAME="), NULL);
    }
  return g_strdup ("Linux");
}

// ---- coreinfo ------------------------------------------------------------------------------------------------------

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
        g_ptr_array_add (names, g_utf8_make_valid (found->pw_name, -1));
    }
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

// ---- network -------------------------------------------------------------------------------------------------------

typedef struct
{
  char mac[18];
  const char *type;
  gboolean up;
  GPtrArray *addresses; // GVariant a{sv}
} Interface;

static void
interface_free (gpointer data)
{
  g_ptr_array_unref (((Interface *)data)->addresses);
  g_free (data);
}

static Interface *
find_interface (GHashTable *interfaces, const struct ifaddrs *entry)
{
  Interface *interface = g_hash_table_lookup (interfaces, entry->ifa_name);
  if (interface == NULL)
    {
      interface = g_new0 (Interface, 1);
      interface->type = (entry->ifa_flags & IFF_LOOPBACK) != 0 ? "loopback" : "ethernet";
      interface->up = (entry->ifa_flags & IFF_RUNNING) != 0;
      interface->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
      g_strlcpy (interface->mac, "00:00:00:00:00:00", sizeof interface->mac);
      g_hash_table_insert (interfaces, g_strdup (entry->ifa_name), interface);
    }
  return interface;
}

static void
format_address (const struct sockaddr *address, char *text, gsize size)
{
  text[0] = '\0';
  if (address != NULL && address->sa_family == AF_INET)
    inet_ntop (AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, text, (socklen_t)size);
  else if (address != NULL && address->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text, (socklen_t)size);
}

static void
add_address (Interface *interface, const struct ifaddrs *entry)
{
  char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
  GVariantBuilder item;
  format_address (entry->ifa_addr, address, sizeof address);
  format_address (entry->ifa_netmask, mask, sizeof mask);
  g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&item, "{sv}", "address", g_variant_new_string (address));
  g_variant_builder_add (&item, "{sv}", "netmask", g_variant_new_string (mask));
  g_variant_builder_add (&item, "{sv}", "family",
                         g_variant_new_string (entry->ifa_addr->sa_family == AF_INET ? "IPv4" : "IPv6"));
  g_ptr_array_add (interface->addresses, g_variant_ref_sink (g_variant_builder_end (&item)));
}

static void
read_link_address (Interface *interface, const struct ifaddrs *entry)
{
  const struct sockaddr_ll *link = (const struct sockaddr_ll *)(const void *)entry->ifa_addr;
  const guint8 *m = link->sll_addr;
  if (link->sll_halen == 6)
    g_snprintf (interface->mac, sizeof interface->mac, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
                m[5]);
}

static GVariant *
describe_interface (const Interface *interface)
{
  GVariantBuilder list;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < MAX (interface->addresses->len, 1); i++)
    {
      GVariantBuilder item;
      g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&item, "{sv}", "mac", g_variant_new_string (interface->mac));
      g_variant_builder_add (&item, "{sv}", "type", g_variant_new_string (interface->type));
      g_variant_builder_add (&item, "{sv}", "status", g_variant_new_string (interface->up ? "up" : "down"));
      if (i < interface->addresses->len)
        {
          GVariantIter iter;
          const char *key;
          GVariant *value;
          g_variant_iter_init (&iter, interface->addresses->pdata[i]);
          while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
            g_variant_builder_add (&item, "{sv}", key, value);
        }
      g_variant_builder_add (&list, "v", g_variant_builder_end (&item));
    }
  return g_variant_builder_end (&list);
}

GVariant *
bl_inventory_network (void)
{
  struct ifaddrs *all = NULL;
  g_autoptr (GHashTable) interfaces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, interface_free);
  if (getifaddrs (&all) == 0)
    {
      for (const struct ifaddrs *entry = all; entry != NULL; entry = entry->ifa_next)
        {
          Interface *interface = find_interface (interfaces, entry);
          if (entry->ifa_addr == NULL)
            continue;
          if (entry->ifa_addr->sa_family == AF_PACKET)
            read_link_address (interface, entry);
          else if (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6)
            add_address (interface, entry);
        }
      freeifaddrs (all);
    }
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (interfaces), (GCompareFunc)strcmp);
  GVariantBuilder netif, info;
  g_variant_builder_init (&netif, G_VARIANT_TYPE_VARDICT);
  for (GList *item = names; item != NULL; item = item->next)
    g_variant_builder_add (&netif, "{sv}", item->data,
                           describe_interface (g_hash_table_lookup (interfaces, item->data)));
  g_variant_builder_init (&info, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&info, "{sv}", "netif2", g_variant_builder_end (&netif));
  return g_variant_builder_end (&info);
}

// ---- hardware ------------------------------------------------------------------------------------------------------

static GVariant *
describe_disks (const char *root)
{
  GVariantBuilder list;
  g_autofree char *path = g_strconcat (root, "/sys/block", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint n = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (const char *name; dir != NULL && n < DISKS_MAX && (name = g_dir_read_name (dir)) != NULL;)
    {
      g_autofree char *size_path = g_strconcat ("/sys/block/", name, "/size", NULL);
      g_autofree char *model_path = g_strconcat ("/sys/block/", name, "/device/model", NULL);
      g_autofree char *size = read_text (root, size_path);
      if (size == NULL || g_str_equal (size, "0") || g_str_has_prefix (name, "loop") || g_str_has_prefix (name, "ram"))
        continue;
      GVariantBuilder item;
      g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
      add_text (&item, "Caption", name);
      add_file (&item, "Model", root, model_path);
      g_variant_builder_add (&item, "{sv}", "Size",
                             g_variant_new_int64 (g_ascii_strtoll (size, NULL, 10) * SECTOR));
      g_variant_builder_add (&list, "v", g_variant_builder_end (&item));
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
  g_autofree char *version = read_text (root, "/sys/class/tpm/tpm0/tpm_version_major");
  GVariantBuilder chip;
  if (g_strcmp0 (version, "1") != 0 && g_strcmp0 (version, "2") != 0)
    return;
  g_variant_builder_init (&chip, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&chip, "{sv}", "SpecVersion", g_variant_new_string (version[0] == '1' ? "1.2" : "2.0"));
  g_variant_builder_add (&chip, "{sv}", "IsEnabled", g_variant_new_boolean (TRUE));
  g_variant_builder_add (builder, "{sv}", "tpm", g_variant_builder_end (&chip));
}

static GVariant *
describe_identifiers (const char *root)
{
  static const char *const dmi[] = {
    "bios_date",  "bios_vendor",   "bios_version",   "board_name",   "board_serial",
    "board_vendor", "board_version", "product_name", "product_serial", "product_uuid",
  };
  GVariantBuilder builder;
  g_autofree char *cpuinfo = read_text (root, "/proc/cpuinfo");
  g_autofree char *cpu = find_line (cpuinfo, "model name");
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < G_N_ELEMENTS (dmi); i++)
    {
      g_autofree char *path = g_strconcat ("/sys/class/dmi/id/", dmi[i], NULL);
      add_file (&builder, dmi[i], root, path);
    }
  add_text (&builder, "cpu_name", cpu);
  g_autofree char *efi = g_strconcat (root, "/sys/firmware/efi", NULL);
  g_autofree char *firmware = g_strconcat (root, "/sys/firmware", NULL);
  if (g_file_test (firmware, G_FILE_TEST_IS_DIR))
    add_text (&builder, "bios_mode", g_file_test (efi, G_FILE_TEST_IS_DIR) ? "UEFI" : "Legacy");
  g_variant_builder_add (&builder, "{sv}", "storage_devices", describe_disks (root));
  return g_variant_builder_end (&builder);
}

static void
add_kilobytes (GVariantBuilder *builder, const char *key, const char *meminfo, const char *line)
{
  g_autofree char *text = find_line (meminfo, line);
  if (text != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_int64 (g_ascii_strtoll (text, NULL, 10) * 1024));
}

static GVariant *
describe_linux (const char *root)
{
  GVariantBuilder builder;
  g_autofree char *meminfo = read_text (root, "/proc/meminfo");
  g_autofree char *system = os_description (root);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_text (&builder, "Caption", system);
  add_file (&builder, "Kernel", root, "/proc/sys/kernel/osrelease");
  g_variant_builder_add (&builder, "{sv}", "LastBootUpTime", g_variant_new_int64 (boot_time_ms (root)));
  add_kilobytes (&builder, "MemoryTotal", meminfo, "MemTotal");
  add_kilobytes (&builder, "SwapTotal", meminfo, "SwapTotal");
  add_memory_modules (&builder, root);
  g_variant_builder_add (&builder, "{sv}", "Processors", g_variant_new_int64 (sysconf (_SC_NPROCESSORS_CONF)));
  return g_variant_builder_end (&builder);
}

GVariant *
bl_inventory_hardware (const char *root, const char *version)
{
  GVariantBuilder builder, agent;
  g_variant_builder_init (&agent, G_VARIANT_TYPE_VARDICT);
  add_text (&agent, "bowline", version);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "identifiers", describe_identifiers (root));
  g_variant_builder_add (&builder, "{sv}", "linux", describe_linux (root));
  add_tpm (&builder, root);
  g_variant_builder_add (&builder, "{sv}", "agentvers", g_variant_builder_end (&agent));
  return g_variant_builder_end (&builder);
}

char *
bl_inventory_hash (GVariant *value)
{
  guint8 hash[BL_SHA384_SIZE];
  g_autofree char *text = bl_json_to_string (value, NULL); // made here, so it has a JSON form
  bl_sha384 (text, strlen (text), hash);
  return bl_hex_encode (hash, sizeof hash, FALSE);
}
