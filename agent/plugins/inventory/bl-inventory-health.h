// SPDX-License-Identifier: Apache-2.0
// What drives say about their own health: pure functions over what udisks2, an NVMe and an ATA drive answer. Any thread.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_INVENTORY_MAX_DRIVES 64u
#define BL_INVENTORY_NVME_LOG 512u
#define BL_INVENTORY_ATA_PAGE 512u
/** Fixed and descriptor sense data of ATA PASS-THROUGH are shorter. */
#define BL_INVENTORY_SENSE_MAX 64u

typedef enum
{
  BL_INVENTORY_HEALTH_UNKNOWN,
  BL_INVENTORY_HEALTH_OK,
  BL_INVENTORY_HEALTH_WARNING, /* worn or with lost sectors, but it does not expect to fail */
  BL_INVENTORY_HEALTH_FAILING, /* the drive itself expects to fail */
} BlInventoryHealthState;

/** Numbers are -1 where the drive does not say. */
typedef struct
{
  BlInventoryHealthState state;
  gint temperature; /* degrees Celsius */
  gint64 hours;     /* powered on */
  gint64 bad;       /* sectors replaced, waiting or unreadable; for NVMe media errors */
  gint wear;        /* percent of the endurance used, above 100 when it is exceeded */
  guint reasons;    /* bits of BL_INVENTORY_REASON_* */
} BlInventoryHealth;

#define BL_INVENTORY_REASON_SPARE (1u << 0)
#define BL_INVENTORY_REASON_TEMPERATURE (1u << 1)
#define BL_INVENTORY_REASON_DEGRADED (1u << 2)
#define BL_INVENTORY_REASON_READ_ONLY (1u << 3)
#define BL_INVENTORY_REASON_BACKUP (1u << 4)
#define BL_INVENTORY_REASON_ATTRIBUTE (1u << 5)
#define BL_INVENTORY_REASON_SECTORS (1u << 6)
#define BL_INVENTORY_REASON_WEAR (1u << 7)

void bl_inventory_health_init (BlInventoryHealth *health);
/** The SMART / Health log page (02h) of an NVMe drive, 512 bytes. Returns: %FALSE when it is cut or all zero */
gboolean bl_inventory_health_nvme (const guint8 *log, gsize length, BlInventoryHealth *health);
/** An ATA drive's SMART READ DATA page, 512 bytes with a checksum. It has no verdict: @health->state is OK or WARNING.
 * Returns: %FALSE when it is cut or damaged */
gboolean bl_inventory_health_ata (const guint8 *page, gsize length, BlInventoryHealth *health);
/** Registers in sense data that ATA PASS-THROUGH(16) leaves.
 * Returns: %FALSE when there are none */
gboolean bl_inventory_health_sense (const guint8 *sense, gsize length, guint8 *count, guint8 *middle, guint8 *high);
/** Verdict of SMART RETURN STATUS out of the same. */
BlInventoryHealthState bl_inventory_health_verdict (const guint8 *sense, gsize length);
/** What udisks2 knows: @objects is a{oa{sa{sv}}}, the answer of GetManagedObjects.
 * Returns: (transfer full) (element-type utf8 BlInventoryHealth): by name of the block device, as "sda" */
GHashTable *bl_inventory_health_udisks (GVariant *objects);
/** {State, Reasons, Temperature, PowerOnHours, BadSectors, WearPercent}, floating */
GVariant *bl_inventory_health_describe (const BlInventoryHealth *health);

G_END_DECLS
