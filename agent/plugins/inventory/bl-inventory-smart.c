// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-smart.h"

#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define UDISKS_MILLISECONDS 3000
#define DRIVE_MILLISECONDS 3000

#define NVME_GET_LOG_PAGE 0x02
#define NVME_HEALTH_PAGE 0x02u
#define NVME_ALL_NAMESPACES 0xFFFFFFFFu

#define ATA_PASS_THROUGH_16 0x85
#define ATA_NO_DATA (3 << 1)
#define ATA_DATA_IN (4 << 1)
#define ATA_CHECK_CONDITION 0x20 // have the registers told
#define ATA_ONE_BLOCK_IN 0x0E    // from the device, in blocks, as many as the count says
#define ATA_CHECK_POWER 0xE5
#define ATA_SMART 0xB0
#define ATA_SMART_READ 0xD0
#define ATA_SMART_STATUS 0xDA
#define POWER_STANDBY 0x00
#define POWER_STANDBY_Y 0x01

GHashTable *
bl_inventory_smart_udisks (GDBusConnection *bus)
{
  g_autoptr (GVariant) answer = NULL;
  if (bus != NULL)
    answer = g_dbus_connection_call_sync (bus, "org.freedesktop.UDisks2", "/org/freedesktop/UDisks2",
                                          "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                                          G_VARIANT_TYPE ("(a{oa{sa{sv}}})"), G_DBUS_CALL_FLAGS_NO_AUTO_START,
                                          UDISKS_MILLISECONDS, NULL, NULL);
  g_autoptr (GVariant) objects
      = answer != NULL ? g_variant_get_child_value (answer, 0)
                       : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{oa{sa{sv}}}"), NULL, 0));
  return bl_inventory_health_udisks (objects);
}

static gboolean
ask_nvme (int fd, BlInventoryHealth *health)
{
  guint8 page[BL_INVENTORY_NVME_LOG] = { 0 };
  struct nvme_admin_cmd command = {
    .opcode = NVME_GET_LOG_PAGE,
    .nsid = NVME_ALL_NAMESPACES,
    .addr = (guint64)(guintptr)page,
    .data_len = sizeof page,
    .cdw10 = NVME_HEALTH_PAGE | ((guint32)(sizeof page / 4 - 1) << 16),
    .timeout_ms = DRIVE_MILLISECONDS,
  };
  return ioctl (fd, NVME_IOCTL_ADMIN_CMD, &command) == 0 && bl_inventory_health_nvme (page, sizeof page, health);
}

// One command of ATA through SCSI. @page: %NULL for a command without data. Returns: bytes of sense data, -1 when refused
static gssize
ask_ata (int fd, guint8 command, guint8 feature, guint8 *page, guint8 *sense)
{
  guint8 block[16] = { ATA_PASS_THROUGH_16 };
  const gboolean smart = command == ATA_SMART;
  block[1] = page != NULL ? ATA_DATA_IN : ATA_NO_DATA;
  block[2] = page != NULL ? ATA_ONE_BLOCK_IN : ATA_CHECK_CONDITION;
  block[4] = feature;
  block[6] = page != NULL ? 1 : 0;
  block[10] = smart ? 0x4F : 0;
  block[12] = smart ? 0xC2 : 0;
  block[14] = command;
  sg_io_hdr_t request = {
    .interface_id = 'S',
    .dxfer_direction = page != NULL ? SG_DXFER_FROM_DEV : SG_DXFER_NONE,
    .cmd_len = sizeof block,
    .cmdp = block,
    .mx_sb_len = BL_INVENTORY_SENSE_MAX,
    .sbp = sense,
    .dxfer_len = page != NULL ? BL_INVENTORY_ATA_PAGE : 0,
    .dxferp = page,
    .timeout = DRIVE_MILLISECONDS,
  };
  memset (sense, 0, BL_INVENTORY_SENSE_MAX);
  if (ioctl (fd, SG_IO, &request) != 0 || request.host_status != 0)
    return -1;
  return request.sb_len_wr;
}

static gboolean
ask_disk (int fd, BlInventoryHealth *health)
{
  guint8 page[BL_INVENTORY_ATA_PAGE] = { 0 }, sense[BL_INVENTORY_SENSE_MAX], count, middle, high;
  gssize n = ask_ata (fd, ATA_CHECK_POWER, 0, NULL, sense);
  // No answer: not an ATA drive.
  if (n <= 0 || !bl_inventory_health_sense (sense, (gsize)n, &count, &middle, &high) || count == POWER_STANDBY
      || count == POWER_STANDBY_Y)
    return FALSE;
  if (ask_ata (fd, ATA_SMART, ATA_SMART_READ, page, sense) < 0
      || !bl_inventory_health_ata (page, sizeof page, health))
    return FALSE;
  n = ask_ata (fd, ATA_SMART, ATA_SMART_STATUS, NULL, sense);
  if (n > 0 && bl_inventory_health_verdict (sense, (gsize)n) == BL_INVENTORY_HEALTH_FAILING)
    {
      health->state = BL_INVENTORY_HEALTH_FAILING;
      health->reasons |= BL_INVENTORY_REASON_ATTRIBUTE;
    }
  return TRUE;
}

gboolean
bl_inventory_smart_ask (const char *name, BlInventoryHealth *health)
{
  const gboolean nvme = g_str_has_prefix (name, "nvme");
  g_autofree char *path = g_strconcat ("/dev/", name, NULL);
  if (geteuid () != 0 || strchr (name, '/') != NULL || (!nvme && !g_str_has_prefix (name, "sd")))
    return FALSE;
  const int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return FALSE;
  const gboolean known = nvme ? ask_nvme (fd, health) : ask_disk (fd, health);
  close (fd);
  return known;
}
