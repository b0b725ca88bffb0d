// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-devices.h"
#include "bl-inventory-health.h"
#include "bl-inventory-mounts.h"
#include "bl-inventory-network.h"
#include "bl-inventory-probe.h"
#include "bl-inventory-smart.h"
#include "bl-inventory-testing.h"
#include "bl-inventory-virtual.h"
#include "common/bl-variant.h"

#include <glib/gstdio.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

typedef BlInventoryRoot Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  bl_inventory_root_init (f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  bl_inventory_root_clear (f);
}

static GVariant *
nth (GVariant *list, gsize n)
{
  g_autoptr (GVariant) boxed = g_variant_get_child_value (list, n);
  return g_variant_get_variant (boxed);
}

// ---- health --------------------------------------------------------------------------------------------------------

static void
test_nvme (void)
{
  guint8 log[BL_INVENTORY_NVME_LOG] = { 0 };
  BlInventoryHealth health;
  g_assert_false (bl_inventory_health_nvme (log, sizeof log, &health));
  log[1] = 0x36, log[2] = 0x01; // 310 K
  log[5] = 7;
  log[128] = 0x10, log[129] = 0x27; // 10000 h
  g_assert_true (bl_inventory_health_nvme (log, sizeof log, &health));
  g_assert_cmpint (health.state, ==, BL_INVENTORY_HEALTH_OK);
  g_assert_cmpint (health.temperature, ==, 37);
  g_assert_cmpint (health.wear, ==, 7);
  g_assert_cmpint (health.hours, ==, 10000);
  g_assert_cmpint (health.bad, ==, 0);
  log[5] = 130;
  g_assert_true (bl_inventory_health_nvme (log, sizeof log, &health));
  g_assert_cmpint (health.state, ==, BL_INVENTORY_HEALTH_WARNING);
  log[0] = 0x04;
  memset (log + 160, 0xFF, 16);
  g_assert_true (bl_inventory_health_nvme (log, sizeof log, &health));
  g_assert_cmpint (health.state, ==, BL_INVENTORY_HEALTH_FAILING);
  g_assert_cmpuint (health.reasons, ==, BL_INVENTORY_REASON_DEGRADED | BL_INVENTORY_REASON_WEAR);
  g_assert_cmpint (health.bad, ==, G_MAXINT64);
  for (gsize length = 0; length < sizeof log; length++)
    g_assert_false (bl_inventory_health_nvme (log, length, &health));
}

static void
set_attribute (guint8 *page, guint n, guint8 id, guint8 low, guint8 next)
{
  guint8 *attribute = page + 2 + 12 * n;
  attribute[0] = id;
  attribute[5] = low;
  attribute[6] = next;
  page[511] = 0;
  for (guint i = 0; i < 511; i++)
    page[511] = (guint8)(page[511] - page[i]);
}

static void
test_ata (void)
{
  guint8 page[BL_INVENTORY_ATA_PAGE] = { 16, 0 };
  BlInventoryHealth health;
  set_attribute (page, 0, 9, 0xE8, 0x03);
  set_attribute (page, 1, 194, 41, 0x12);
  set_attribute (page, 2, 5, 3, 0);
  g_assert_true (bl_inventory_health_ata (page, sizeof page, &health));
  g_assert_cmpint (health.state, ==, BL_INVENTORY_HEALTH_OK);
  g_assert_cmpint (health.hours, ==, 1000);
  g_assert_cmpint (health.temperature, ==, 41);
  g_assert_cmpint (health.bad, ==, 3);
  g_assert_cmpint (health.wear, ==, -1);
  set_attribute (page, 3, 197, 1, 0);
  g_assert_true (bl_inventory_health_ata (page, sizeof page, &health));
  g_assert_cmpint (health.state, ==, BL_INVENTORY_HEALTH_WARNING);
  g_assert_cmpuint (health.reasons, ==, BL_INVENTORY_REASON_SECTORS);
  page[400] ^= 1;
  g_assert_false (bl_inventory_health_ata (page, sizeof page, &health));
  g_assert_false (bl_inventory_health_ata (page, sizeof page - 1, &health));
}

static void
test_verdict (void)
{
  guint8 descriptor[22] = { 0x72, 1, 0, 0x1D, 0, 0, 0, 14, 0x09, 12, 0, 0, 0, 0xFF, 0, 0, 0, 0x4F, 0, 0xC2, 0, 0x50 };
  guint8 fixed[18] = { 0x70, 0, 1, 0, 0x50, 0, 0, 10, 0, 0, 0xF4, 0x2C, 0x00, 0x1D };
  guint8 count, middle, high;
  g_assert_true (bl_inventory_health_sense (descriptor, sizeof descriptor, &count, &middle, &high));
  g_assert_cmpuint (count, ==, 0xFF);
  g_assert_cmpint (bl_inventory_health_verdict (descriptor, sizeof descriptor), ==, BL_INVENTORY_HEALTH_OK);
  g_assert_cmpint (bl_inventory_health_verdict (fixed, sizeof fixed), ==, BL_INVENTORY_HEALTH_FAILING);
  descriptor[17] = 0;
  g_assert_cmpint (bl_inventory_health_verdict (descriptor, sizeof descriptor), ==, BL_INVENTORY_HEALTH_UNKNOWN);
  for (gsize length = 0; length < sizeof descriptor; length++)
    g_assert_false (bl_inventory_health_sense (descriptor, length, &count, &middle, &high));
}

// Two disks with a partition, one of them failing, and a stick that says nothing.
static GVariant *
make_objects (void)
{
  return g_variant_ref_sink (g_variant_new_parsed (
      "@a{oa{sa{sv}}} {"
      "'/org/freedesktop/UDisks2/drives/A': {'org.freedesktop.UDisks2.Drive.Ata': {'SmartSupported': <true>,"
      "  'SmartEnabled': <true>, 'SmartUpdated': <@t 1700000000>, 'SmartFailing': <true>, 'SmartTemperature': <313.15>,"
      "  'SmartPowerOnSeconds': <@t 7200>, 'SmartNumBadSectors': <@x 4>}},"
      "'/org/freedesktop/UDisks2/drives/N': {'org.freedesktop.UDisks2.NVMe.Controller': {"
      "  'SmartUpdated': <@t 1700000000>, 'SmartPowerOnHours': <@t 12>, 'SmartTemperature': <@q 310>,"
      "  'SmartCriticalWarning': <['temperature', 'x']>}},"
      "'/org/freedesktop/UDisks2/drives/S': {'org.freedesktop.UDisks2.Drive.Ata': {'SmartSupported': <true>}},"
      "'/org/freedesktop/UDisks2/block_devices/sda': {'org.freedesktop.UDisks2.Block': {"
      "  'Drive': <objectpath '/org/freedesktop/UDisks2/drives/A'>, 'Device': <b'/dev/sda'>}},"
      "'/org/freedesktop/UDisks2/block_devices/sda1': {'org.freedesktop.UDisks2.Block': {"
      "  'Drive': <objectpath '/org/freedesktop/UDisks2/drives/A'>, 'Device': <b'/dev/sda1'>},"
      "  'org.freedesktop.UDisks2.Partition': {'Number': <@u 1>}},"
      "'/org/freedesktop/UDisks2/block_devices/nvme0n1': {'org.freedesktop.UDisks2.Block': {"
      "  'Drive': <objectpath '/org/freedesktop/UDisks2/drives/N'>, 'Device': <b'/dev/nvme0n1'>}},"
      "'/org/freedesktop/UDisks2/block_devices/sdb': {'org.freedesktop.UDisks2.Block': {"
      "  'Drive': <objectpath '/org/freedesktop/UDisks2/drives/S'>, 'Device': <b'/dev/sdb'>}}}"));
}

static void
test_udisks (void)
{
  g_autoptr (GVariant) objects = make_objects ();
  g_autoptr (GHashTable) found = bl_inventory_health_udisks (objects);
  const BlInventoryHealth *disk = g_hash_table_lookup (found, "sda"), *card = g_hash_table_lookup (found, "nvme0n1");
  g_assert_cmpuint (g_hash_table_size (found), ==, 2);
  g_assert_cmpint (disk->state, ==, BL_INVENTORY_HEALTH_FAILING);
  g_assert_cmpint (disk->temperature, ==, 40);
  g_assert_cmpint (disk->hours, ==, 2);
  g_assert_cmpint (disk->bad, ==, 4);
  g_assert_cmpint (card->state, ==, BL_INVENTORY_HEALTH_WARNING);
  g_assert_cmpint (card->temperature, ==, 37);
  g_autoptr (GVariant) told = g_variant_ref_sink (bl_inventory_health_describe (card));
  g_auto (GStrv) reasons = bl_variant_get_strv (told, "Reasons");
  g_assert_cmpstr (bl_variant_get_string (told, "State"), ==, "warning");
  g_assert_cmpstr (reasons[0], ==, "temperature");
  g_assert_false (bl_variant_has (told, "WearPercent"));
}

static void
answer_cb (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *method,
           GVariant *arguments,
           GDBusMethodInvocation *call,
           gpointer user_data)
{
  g_autoptr (GVariant) objects = make_objects ();
  g_dbus_method_invocation_return_value (call, g_variant_new_tuple (&objects, 1));
}

static void
named_cb (GDBusConnection *connection, const char *name, gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
}

typedef struct
{
  GDBusConnection *bus;
  GHashTable *found;
  gint done;
} Question;

static gpointer
ask_thread (gpointer data)
{
  Question *question = data;
  question->found = bl_inventory_smart_udisks (question->bus);
  g_atomic_int_set (&question->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

// A made-up udisks2 on a bus of its own.
static void
test_udisks_on_bus (void)
{
  static const GDBusInterfaceVTable table = { .method_call = answer_cb };
  static const char xml[] = "<node><interface name='org.freedesktop.DBus.ObjectManager'><method name='GetManagedObjects'>"
                            "<arg type='a{oa{sa{sv}}}' direction='out'/></method></interface></node>";
  g_autoptr (GTestDBus) daemon = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_test_dbus_up (daemon);
  GDBusConnection *bus = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (daemon),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL, NULL, NULL);
  gboolean named = FALSE;
  g_assert_nonnull (bus);
  g_autoptr (GHashTable) before = bl_inventory_smart_udisks (bus);
  g_assert_cmpuint (g_hash_table_size (before), ==, 0);
  const guint object = g_dbus_connection_register_object (bus, "/org/freedesktop/UDisks2", node->interfaces[0], &table,
                                                          NULL, NULL, NULL);
  const guint name = g_bus_own_name_on_connection (bus, "org.freedesktop.UDisks2", G_BUS_NAME_OWNER_FLAGS_NONE,
                                                   named_cb, NULL, &named, NULL);
  while (!named)
    g_main_context_iteration (NULL, TRUE);
  // The question is answered in this loop; the call has a deadline of its own.
  Question question = { .bus = bus };
  GThread *thread = g_thread_new ("ask", ask_thread, &question);
  while (!g_atomic_int_get (&question.done))
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  g_autoptr (GHashTable) found = question.found;
  g_assert_cmpuint (g_hash_table_size (found), ==, 2);
  g_bus_unown_name (name);
  g_assert_true (g_dbus_connection_unregister_object (bus, object));
  g_assert_true (g_dbus_connection_close_sync (bus, NULL, NULL));
  g_object_unref (bus);
  g_test_dbus_down (daemon);
}

// ---- volumes -------------------------------------------------------------------------------------------------------

static void
test_mounts (void)
{
  g_autoptr (GPtrArray) mounts = bl_inventory_mounts_parse (
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
      "23 22 0:21 / /proc rw - proc proc rw\n"
      "24 22 0:22 / /run rw - tmpfs tmpfs rw\n"
      "25 22 8:1 /home /srv/home rw - ext4 /dev/sda1 rw\n"
      "26 22 8:2 / /media/my\\040disk\\134 ro,nosuid master:3 shared:4 - vfat /dev/sdb1 ro\n"
      "27 22 0:40 / /mnt/far rw - nfs4 host:/export rw\n"
      "28 22 7:1 / /snap/x/1 ro - squashfs /dev/loop1 ro\n"
      "29 22 0:50 / /var/lib/docker/overlay2/x rw - overlay overlay rw\n"
      "30 22 0:51 / /run/user/1000/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw\n"
      "31 22 0:52 / /mnt/ssh rw - fuse.sshfs me@host: rw\n"
      "32 22 0:53 / relative rw - ext4 /dev/sdc1 rw\n"
      "33 22 0:54 / /short rw -\n"
      "nonsense\n\n");
  g_assert_cmpuint (mounts->len, ==, 4);
  const BlInventoryMount *root = mounts->pdata[0], *stick = mounts->pdata[1], *far = mounts->pdata[2];
  g_assert_cmpstr (root->point, ==, "/");
  g_assert_cmpstr (root->type, ==, "ext4");
  g_assert_false (root->remote || root->read_only);
  g_assert_cmpstr (stick->point, ==, "/media/my disk\\");
  g_assert_true (stick->read_only);
  g_assert_true (far->remote);
  g_assert_cmpstr (far->source, ==, "host:/export");
  // Nothing was asked yet.
  g_autoptr (GVariant) list = g_variant_ref_sink (bl_inventory_mounts_describe (mounts));
  g_autoptr (GVariant) first = nth (list, 0);
  g_assert_false (bl_variant_has (first, "size"));
}

static void
test_many_mounts (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < BL_INVENTORY_MAX_MOUNTS + 10; i++)
    g_string_append_printf (text, "%u 1 8:%u / /m%u rw - ext4 /dev/sd%u rw\n", i, i, i, i);
  g_autoptr (GPtrArray) mounts = bl_inventory_mounts_parse (text->str);
  g_assert_cmpuint (mounts->len, ==, BL_INVENTORY_MAX_MOUNTS);
}

static void
test_measure (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strdup_printf ("1 0 8:1 / %s rw - ext4 /dev/x rw\n"
                                           "2 0 0:9 / /nonexistent rw - nfs4 host:/y rw\n", f->root);
  g_autoptr (GPtrArray) mounts = bl_inventory_mounts_parse (text);
  g_assert_cmpuint (mounts->len, ==, 2);
  bl_inventory_mounts_measure (mounts, 10000);
  const BlInventoryMount *here = mounts->pdata[0], *missing = mounts->pdata[1];
  g_assert_cmpuint (here->size, >, 0);
  g_assert_cmpuint (here->used, <=, here->size);
  g_assert_cmpuint (missing->size, ==, 0);
}

// ---- network -------------------------------------------------------------------------------------------------------

static const guint8 datagram[] = {
  // link 2: eth0, up
  0x40, 0, 0, 0, 0x10, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0x43, 0x10, 1, 0, 0, 0, 0, 0, //
  9, 0, 3, 0, 'e', 't', 'h', '0', 0, 0, 0, 0, 10, 0, 1, 0, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0, 4, 0, 0xDC, 5, 0, 0, //
  // 192.0.2.5/24
  0x28, 0, 0, 0, 0x14, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 24, 0, 0, 2, 0, 0, 0, //
  8, 0, 1, 0, 192, 0, 2, 5, 8, 0, 2, 0, 192, 0, 2, 5,                            //
  // default by 192.0.2.1, metric 100
  0x34, 0, 0, 0, 0x18, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0, //
  8, 0, 5, 0, 192, 0, 2, 1, 8, 0, 4, 0, 2, 0, 0, 0, 8, 0, 6, 0, 100, 0, 0, 0,                 //
  // its hardware address
  0x30, 0, 0, 0, 0x1C, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 1, //
  8, 0, 1, 0, 192, 0, 2, 1, 10, 0, 2, 0, 2, 0, 0, 0, 0, 9, 0, 0,
};

static void
test_netlink (Fixture *f, gconstpointer data)
{
  g_autoptr (BlInventoryLinks) links = bl_inventory_links_new ();
  bl_inventory_root_put (f, "/sys/class/net/eth0/speed", "1000\n");
  g_assert_true (bl_inventory_links_feed (links, datagram, sizeof datagram));
  bl_inventory_links_finish (links);
  g_autoptr (GVariant) info = g_variant_ref_sink (bl_inventory_network_describe (links, f->root));
  g_autoptr (GVariant) all = bl_variant_get_object (info, "netif2");
  g_autoptr (GVariant) list = bl_variant_get_array (all, "eth0");
  g_assert_cmpuint (g_variant_n_children (list), ==, 1);
  g_autoptr (GVariant) entry = nth (list, 0);
  g_assert_cmpstr (bl_variant_get_string (entry, "mac"), ==, "02:00:00:00:00:01");
  g_assert_cmpstr (bl_variant_get_string (entry, "address"), ==, "192.0.2.5");
  g_assert_cmpstr (bl_variant_get_string (entry, "netmask"), ==, "255.255.255.0");
  g_assert_cmpstr (bl_variant_get_string (entry, "gateway"), ==, "192.0.2.1");
  g_assert_cmpstr (bl_variant_get_string (entry, "gatewaymac"), ==, "02:00:00:00:00:09");
  g_assert_cmpstr (bl_variant_get_string (entry, "status"), ==, "up");
  g_assert_cmpstr (bl_variant_get_string (entry, "type"), ==, "ethernet");
  g_assert_cmpint (bl_variant_get_int (entry, "speed", 0), ==, 1000000000);
  g_assert_cmpint (bl_variant_get_int (entry, "mtu", 0), ==, 1500);
}

static void
test_cut_netlink (void)
{
  for (gsize length = 0; length < sizeof datagram; length++)
    {
      g_autofree guint8 *copy = g_memdup2 (datagram, length);
      g_autoptr (BlInventoryLinks) links = bl_inventory_links_new ();
      (void)bl_inventory_links_feed (links, copy, length); // TRUE where it is cut between messages
      bl_inventory_links_finish (links);
      g_assert_cmpuint (links->links->len, <=, 1);
    }
}

static void
test_many_links (void)
{
  g_autoptr (BlInventoryLinks) links = bl_inventory_links_new ();
  for (guint i = 0; i < BL_INVENTORY_MAX_LINKS + 5; i++)
    {
      guint8 link[0x40];
      memcpy (link, datagram, sizeof link);
      link[20] = (guint8)(i & 0xFF), link[21] = (guint8)(i >> 8);
      g_assert_true (bl_inventory_links_feed (links, link, sizeof link));
    }
  g_assert_cmpuint (links->links->len, ==, BL_INVENTORY_MAX_LINKS);
  for (guint i = 0; i < BL_INVENTORY_MAX_ADDRESSES + 5; i++)
    g_assert_true (bl_inventory_links_feed (links, datagram + 0x40, 0x28));
  g_assert_cmpuint (((BlInventoryLink *)links->links->pdata[2])->addresses->len, ==, BL_INVENTORY_MAX_ADDRESSES);
}

static gboolean
changed_cb (gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

// In a network of its own: the loop-back interface comes up, and that is told.
static void
test_watch_child (void)
{
  struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
  gboolean changed = FALSE;
  if (unshare (geteuid () == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) != 0)
    {
      g_test_skip ("networks of one's own are not allowed here");
      return;
    }
  const guint watch = bl_inventory_network_watch (changed_cb, &changed);
  const int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  g_assert_cmpuint (watch, !=, 0);
  g_autoptr (GVariant) before = g_variant_ref_sink (bl_inventory_network (""));
  g_assert_cmpint (ioctl (fd, SIOCSIFFLAGS, &request), ==, 0);
  const gint64 deadline = g_get_monotonic_time () + 10 * G_USEC_PER_SEC;
  while (!changed && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, FALSE);
  g_assert_true (changed);
  g_autoptr (GVariant) after = g_variant_ref_sink (bl_inventory_network (""));
  g_autoptr (GVariant) all = bl_variant_get_object (after, "netif2");
  g_autoptr (GVariant) list = bl_variant_get_array (all, "lo");
  g_autoptr (GVariant) first = nth (list, 0);
  g_assert_false (g_variant_equal (before, after));
  g_assert_cmpstr (bl_variant_get_string (first, "address"), ==, "127.0.0.1");
  g_assert_cmpstr (bl_variant_get_string (first, "status"), ==, "up");
  g_source_remove (watch);
  close (fd);
}

static void
test_watch (void)
{
  g_test_trap_subprocess ("/inventory/watch/subprocess/child", 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

static void
test_dns (Fixture *f, gconstpointer data)
{
  bl_inventory_root_put (f, "/etc/resolv.conf", "# x\nsearch y\nnameserver \t192.0.2.53\nnameserver\nnameserver 2001:db8::1\n");
  g_autoptr (GVariant) plain = g_variant_ref_sink (bl_inventory_network_dns (f->root));
  g_assert_cmpuint (g_variant_n_children (plain), ==, 2);
  bl_inventory_root_put (f, "/etc/resolv.conf", "nameserver 127.0.0.53\n");
  bl_inventory_root_put (f, "/run/systemd/resolve/resolv.conf", "nameserver 192.0.2.99\n");
  g_autoptr (GVariant) behind = g_variant_ref_sink (bl_inventory_network_dns (f->root));
  const char *server;
  g_variant_get_child (behind, 0, "&s", &server);
  g_assert_cmpstr (server, ==, "192.0.2.99");
}

// ---- other ---------------------------------------------------------------------------------------------------------

static void
assert_virtual (const char *root, const char *type, const char *name)
{
  g_autoptr (GVariant) found = bl_inventory_virtual (root);
  if (type == NULL)
    {
      g_assert_null (found);
      return;
    }
  g_variant_ref_sink (found);
  g_assert_cmpstr (bl_variant_get_string (found, "Type"), ==, type);
  g_assert_cmpstr (bl_variant_get_string (found, "Name"), ==, name);
}

static void
test_virtual (Fixture *f, gconstpointer data)
{
  assert_virtual (f->root, NULL, NULL);
  bl_inventory_root_put (f, "/proc/cpuinfo", "processor : 0\nflags\t\t: fpu vme nohypervisor\n");
  assert_virtual (f->root, NULL, NULL);
  bl_inventory_root_put (f, "/proc/cpuinfo", "processor : 0\nflags\t\t: fpu hypervisor vme\n");
  assert_virtual (f->root, "vm", NULL);
  bl_inventory_root_put (f, "/sys/class/dmi/id/sys_vendor", "QEMU\n");
  assert_virtual (f->root, "vm", "QEMU");
  bl_inventory_root_put (f, "/sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n");
  bl_inventory_root_put (f, "/sys/class/dmi/id/product_name", "Virtual Machine\n");
  assert_virtual (f->root, "vm", "Hyper-V");
  bl_inventory_root_put_bytes (f, "/proc/1/environ", "A=b\0container=lxc\0", 18);
  assert_virtual (f->root, "container", "LXC");
  bl_inventory_root_put (f, "/run/systemd/container", "docker\n");
  assert_virtual (f->root, "container", "Docker");
}

static void
test_battery (Fixture *f, gconstpointer data)
{
  g_assert_null (bl_inventory_batteries (f->root));
  bl_inventory_root_put (f, "/sys/class/power_supply/AC/type", "Mains\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/BAT0/type", "Battery\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/BAT0/present", "1\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/BAT0/model_name", "Cell\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/BAT0/charge_full_design", "5000000\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/BAT0/charge_full", "4000000\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/BAT0/voltage_min_design", "10000000\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/mouse/type", "Battery\n");
  bl_inventory_root_put (f, "/sys/class/power_supply/mouse/scope", "Device\n");
  g_autoptr (GVariant) list = g_variant_ref_sink (bl_inventory_batteries (f->root));
  g_assert_cmpuint (g_variant_n_children (list), ==, 1);
  g_autoptr (GVariant) battery = nth (list, 0);
  g_assert_cmpstr (bl_variant_get_string (battery, "DeviceName"), ==, "Cell");
  g_assert_cmpint (bl_variant_get_int (battery, "DesignedCapacity", 0), ==, 50000);
  g_assert_cmpint (bl_variant_get_int (battery, "Health", 0), ==, 80);
}

static void
test_graphics (Fixture *f, gconstpointer data)
{
  guint8 edid[128] = { 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0x04, 0x43 };
  edid[21] = 60, edid[22] = 34;
  memcpy (edid + 54, "\0\0\0\xFC\0Screen 9\n    ", 18);
  for (guint i = 0; i < 127; i++)
    edid[127] = (guint8)(edid[127] - edid[i]);
  bl_inventory_root_put (f, "/sys/class/drm/card0/device/uevent", "DRIVER=fast\nPCI_SLOT_NAME=0000:00:02.0\n");
  bl_inventory_root_put (f, "/sys/class/drm/card0-DP-1/status", "connected\n");
  bl_inventory_root_put (f, "/sys/class/drm/card0-DP-1/modes", "2560x1440\n1920x1080\n");
  bl_inventory_root_put_bytes (f, "/sys/class/drm/card0-DP-1/edid", edid, sizeof edid);
  bl_inventory_root_put (f, "/sys/class/drm/card0-HDMI-A-1/status", "disconnected\n");
  g_autoptr (GVariant) driver = g_variant_ref_sink (bl_inventory_graphics (f->root));
  const char *name;
  g_variant_get_child (driver, 0, "&s", &name);
  g_assert_cmpstr (name, ==, "fast");
  bl_inventory_root_put (f, "/run/udev/data/+pci:0000:00:02.0",
       "E:ID_MODEL_FROM_DATABASE=Card 5\nE:ID_VENDOR_FROM_DATABASE=Maker\n");
  g_autoptr (GVariant) full = g_variant_ref_sink (bl_inventory_graphics (f->root));
  g_variant_get_child (full, 0, "&s", &name);
  g_assert_cmpstr (name, ==, "Maker Card 5");
  g_autoptr (GVariant) displays = g_variant_ref_sink (bl_inventory_displays (f->root));
  g_assert_cmpuint (g_variant_n_children (displays), ==, 1);
  g_autoptr (GVariant) display = nth (displays, 0);
  g_assert_cmpstr (bl_variant_get_string (display, "Connector"), ==, "DP-1");
  g_assert_cmpstr (bl_variant_get_string (display, "Name"), ==, "Screen 9");
  g_assert_cmpstr (bl_variant_get_string (display, "Manufacturer"), ==, "ABC");
  g_assert_cmpstr (bl_variant_get_string (display, "Resolution"), ==, "2560x1440");
  g_assert_cmpstr (bl_variant_get_string (display, "SizeCm"), ==, "60 x 34");
}

static char *
hash_text (const char *text)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (text));
  return bl_inventory_steady_hash (value);
}

static void
test_steady_hash (void)
{
  g_autofree char *first = hash_text ("{'v': <[<{'size': <@x 1000>, 'available': <@x 501>, 'used': <@x 499>}>]>,"
                                      " 's': <{'State': <'ok'>, 'Temperature': <@x 40>}>}");
  g_autofree char *same = hash_text ("{'v': <[<{'size': <@x 1000>, 'available': <@x 520>, 'used': <@x 480>}>]>,"
                                     " 's': <{'State': <'ok'>, 'Temperature': <@x 44>}>}");
  g_autofree char *full = hash_text ("{'v': <[<{'size': <@x 1000>, 'available': <@x 10>, 'used': <@x 990>}>]>,"
                                     " 's': <{'State': <'ok'>, 'Temperature': <@x 40>}>}");
  g_autofree char *failing = hash_text ("{'v': <[<{'size': <@x 1000>, 'available': <@x 501>, 'used': <@x 499>}>]>,"
                                        " 's': <{'State': <'failing'>, 'Temperature': <@x 40>}>}");
  g_assert_cmpstr (first, ==, same);
  g_assert_cmpstr (first, !=, full);
  g_assert_cmpstr (first, !=, failing);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inventory/nvme", test_nvme);
  g_test_add_func ("/inventory/ata", test_ata);
  g_test_add_func ("/inventory/verdict", test_verdict);
  g_test_add_func ("/inventory/udisks", test_udisks);
  g_test_add_func ("/inventory/udisks-on-bus", test_udisks_on_bus);
  g_test_add_func ("/inventory/mounts", test_mounts);
  g_test_add_func ("/inventory/many-mounts", test_many_mounts);
  g_test_add ("/inventory/measure", Fixture, NULL, set_up, test_measure, tear_down);
  g_test_add ("/inventory/netlink", Fixture, NULL, set_up, test_netlink, tear_down);
  g_test_add_func ("/inventory/cut-netlink", test_cut_netlink);
  g_test_add_func ("/inventory/many-links", test_many_links);
  g_test_add_func ("/inventory/watch", test_watch);
  g_test_add_func ("/inventory/watch/subprocess/child", test_watch_child);
  g_test_add ("/inventory/dns", Fixture, NULL, set_up, test_dns, tear_down);
  g_test_add ("/inventory/virtual", Fixture, NULL, set_up, test_virtual, tear_down);
  g_test_add ("/inventory/battery", Fixture, NULL, set_up, test_battery, tear_down);
  g_test_add ("/inventory/graphics", Fixture, NULL, set_up, test_graphics, tear_down);
  g_test_add_func ("/inventory/steady-hash", test_steady_hash);
  return g_test_run ();
}
