// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-health.h"

#include <string.h>

#define ZERO_CELSIUS 273
#define TEMPERATURE_MIN (-60)
#define TEMPERATURE_MAX 150
#define WEAR_WARNING 100
// A drive loses some sectors in an ordinary life.
#define SECTORS_WARNING 50

#define ATA_ATTRIBUTES 30u
#define ATA_FIRST 2u
#define ATA_SIZE 12u
#define ATA_REALLOCATED 5
#define ATA_HOURS 9
#define ATA_TEMPERATURE_AIRFLOW 190
#define ATA_TEMPERATURE 194
#define ATA_PENDING 197
#define ATA_UNREADABLE 198

#define SENSE_FIXED 0x70
#define SENSE_DESCRIPTOR 0x72
#define SENSE_ATA_RETURN 0x09
#define SENSE_ATA_LENGTH 14u

void
bl_inventory_health_init (BlInventoryHealth *health)
{
  *health = (BlInventoryHealth){ .temperature = -1, .hours = -1, .bad = -1, .wear = -1 };
}

// Little endian; numbers of 16 bytes are cut to what a gint64 holds.
static gint64
number (const guint8 *bytes, guint n)
{
  guint64 value = 0;
  for (guint i = 8; i < n; i++)
    if (bytes[i] != 0)
      return G_MAXINT64;
  for (guint i = 0; i < MIN (n, 8); i++)
    value |= (guint64)bytes[i] << (8 * i);
  return (gint64)MIN (value, (guint64)G_MAXINT64);
}

static gint
check_temperature (gint64 celsius)
{
  return celsius >= TEMPERATURE_MIN && celsius <= TEMPERATURE_MAX ? (gint)celsius : -1;
}

gboolean
bl_inventory_health_nvme (const guint8 *log, gsize length, BlInventoryHealth *health)
{
  static const guint reasons[] = { BL_INVENTORY_REASON_SPARE, BL_INVENTORY_REASON_TEMPERATURE,
                                   BL_INVENTORY_REASON_DEGRADED, BL_INVENTORY_REASON_READ_ONLY,
                                   BL_INVENTORY_REASON_BACKUP };
  gboolean empty = TRUE;
  bl_inventory_health_init (health);
  for (gsize i = 0; i < length && empty; i++)
    empty = log[i] == 0;
  if (length < BL_INVENTORY_NVME_LOG || empty)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    if ((log[0] & (1u << i)) != 0)
      health->reasons |= reasons[i];
  const gint64 kelvin = number (log + 1, 2);
  health->temperature = kelvin > 0 ? check_temperature (kelvin - ZERO_CELSIUS) : -1;
  health->wear = log[5];
  health->hours = number (log + 128, 16);
  health->bad = number (log + 160, 16);
  if (health->wear >= WEAR_WARNING)
    health->reasons |= BL_INVENTORY_REASON_WEAR;
  if ((health->reasons
       & (BL_INVENTORY_REASON_SPARE | BL_INVENTORY_REASON_DEGRADED | BL_INVENTORY_REASON_READ_ONLY
          | BL_INVENTORY_REASON_BACKUP))
      != 0)
    health->state = BL_INVENTORY_HEALTH_FAILING;
  else
    health->state = health->reasons != 0 ? BL_INVENTORY_HEALTH_WARNING : BL_INVENTORY_HEALTH_OK;
  return TRUE;
}

gboolean
bl_inventory_health_ata (const guint8 *page, gsize length, BlInventoryHealth *health)
{
  guint8 sum = 0;
  gint64 reallocated = 0, lost = 0;
  gboolean counted = FALSE;
  bl_inventory_health_init (health);
  if (length < BL_INVENTORY_ATA_PAGE)
    return FALSE;
  for (guint i = 0; i < BL_INVENTORY_ATA_PAGE; i++)
    sum = (guint8)(sum + page[i]);
  if (sum != 0 || (page[0] == 0 && page[1] == 0))
    return FALSE;
  for (guint i = 0; i < ATA_ATTRIBUTES; i++)
    {
      const guint8 *attribute = page + ATA_FIRST + i * ATA_SIZE;
      const guint8 *raw = attribute + 5;
      // Makers put other things into the upper bytes of hours and temperatures.
      if (attribute[0] == ATA_HOURS)
        health->hours = number (raw, 4) & 0xFFFFFF;
      else if (attribute[0] == ATA_TEMPERATURE || (attribute[0] == ATA_TEMPERATURE_AIRFLOW && health->temperature < 0))
        health->temperature = check_temperature (raw[0]);
      else if (attribute[0] == ATA_REALLOCATED)
        reallocated = number (raw, 4);
      else if (attribute[0] == ATA_PENDING || attribute[0] == ATA_UNREADABLE)
        lost = MAX (lost, number (raw, 4));
      else
        continue;
      counted |= attribute[0] == ATA_REALLOCATED || attribute[0] == ATA_PENDING || attribute[0] == ATA_UNREADABLE;
    }
  health->bad = counted ? reallocated + lost : -1;
  if (lost > 0 || reallocated >= SECTORS_WARNING)
    health->reasons |= BL_INVENTORY_REASON_SECTORS;
  health->state = health->reasons != 0 ? BL_INVENTORY_HEALTH_WARNING : BL_INVENTORY_HEALTH_OK;
  return TRUE;
}

gboolean
bl_inventory_health_sense (const guint8 *sense, gsize length, guint8 *count, guint8 *middle, guint8 *high)
{
  length = MIN (length, BL_INVENTORY_SENSE_MAX);
  if (length >= 12 && (sense[0] & 0x7E) == SENSE_FIXED)
    {
      // "ATA pass-through information available"; the count is in the information field.
      if (length < 14 || sense[12] != 0x00 || sense[13] != 0x1D)
        return FALSE;
      *count = sense[6];
      *middle = sense[10];
      *high = sense[11];
      return TRUE;
    }
  if (length < 8 || (sense[0] & 0x7E) != SENSE_DESCRIPTOR)
    return FALSE;
  const gsize end = MIN (length, 8u + sense[7]);
  for (gsize at = 8; at + 2 <= end; at += 2u + sense[at + 1])
    {
      if (sense[at] != SENSE_ATA_RETURN || at + SENSE_ATA_LENGTH > end)
        continue;
      *count = sense[at + 5];
      *middle = sense[at + 9];
      *high = sense[at + 11];
      return TRUE;
    }
  return FALSE;
}

BlInventoryHealthState
bl_inventory_health_verdict (const guint8 *sense, gsize length)
{
  guint8 count, middle, high;
  if (!bl_inventory_health_sense (sense, length, &count, &middle, &high))
    return BL_INVENTORY_HEALTH_UNKNOWN;
  if (middle == 0x4F && high == 0xC2)
    return BL_INVENTORY_HEALTH_OK;
  return middle == 0xF4 && high == 0x2C ? BL_INVENTORY_HEALTH_FAILING : BL_INVENTORY_HEALTH_UNKNOWN;
}

// ---- udisks2 -------------------------------------------------------------------------------------------------------

static gboolean
read_ata (GVariant *drive, BlInventoryHealth *health)
{
  gboolean supported = FALSE, enabled = FALSE, failing = FALSE;
  guint64 updated = 0, seconds = 0;
  gint64 bad = -1;
  gint attributes = 0;
  double kelvin = 0;
  g_variant_lookup (drive, "SmartSupported", "b", &supported);
  g_variant_lookup (drive, "SmartEnabled", "b", &enabled);
  g_variant_lookup (drive, "SmartUpdated", "t", &updated);
  // It never looked: everything else is zero and means nothing.
  if (!supported || !enabled || updated == 0)
    return FALSE;
  g_variant_lookup (drive, "SmartFailing", "b", &failing);
  g_variant_lookup (drive, "SmartTemperature", "d", &kelvin);
  g_variant_lookup (drive, "SmartPowerOnSeconds", "t", &seconds);
  g_variant_lookup (drive, "SmartNumBadSectors", "x", &bad);
  g_variant_lookup (drive, "SmartNumAttributesFailing", "i", &attributes);
  if (kelvin > ZERO_CELSIUS + TEMPERATURE_MIN && kelvin < ZERO_CELSIUS + TEMPERATURE_MAX)
    health->temperature = (gint)(kelvin - ZERO_CELSIUS);
  health->hours = (gint64)(seconds / 3600);
  health->bad = MAX (bad, -1);
  if (attributes > 0)
    health->reasons |= BL_INVENTORY_REASON_ATTRIBUTE;
  if (bad >= SECTORS_WARNING)
    health->reasons |= BL_INVENTORY_REASON_SECTORS;
  if (failing)
    health->state = BL_INVENTORY_HEALTH_FAILING;
  else
    health->state = health->reasons != 0 ? BL_INVENTORY_HEALTH_WARNING : BL_INVENTORY_HEALTH_OK;
  return TRUE;
}

static gboolean
read_nvme (GVariant *controller, BlInventoryHealth *health)
{
  static const struct
  {
    const char *word;
    guint reason;
  } words[] = {
    { "spare", BL_INVENTORY_REASON_SPARE },         { "temperature", BL_INVENTORY_REASON_TEMPERATURE },
    { "degraded", BL_INVENTORY_REASON_DEGRADED },   { "readonly", BL_INVENTORY_REASON_READ_ONLY },
    { "volatile_mem", BL_INVENTORY_REASON_BACKUP }, { "pmr_readonly", BL_INVENTORY_REASON_READ_ONLY },
  };
  guint64 updated = 0, hours = 0;
  guint16 kelvin = 0;
  g_autoptr (GVariant) warnings = g_variant_lookup_value (controller, "SmartCriticalWarning", G_VARIANT_TYPE ("as"));
  g_variant_lookup (controller, "SmartUpdated", "t", &updated);
  if (updated == 0)
    return FALSE;
  g_variant_lookup (controller, "SmartPowerOnHours", "t", &hours);
  g_variant_lookup (controller, "SmartTemperature", "q", &kelvin);
  health->hours = (gint64)MIN (hours, (guint64)G_MAXINT64);
  health->temperature = kelvin > 0 ? check_temperature ((gint64)kelvin - ZERO_CELSIUS) : -1;
  for (gsize i = 0; warnings != NULL && i < MIN (g_variant_n_children (warnings), 16); i++)
    {
      const char *word;
      g_variant_get_child (warnings, i, "&s", &word);
      for (guint j = 0; j < G_N_ELEMENTS (words); j++)
        if (g_str_equal (word, words[j].word))
          health->reasons |= words[j].reason;
    }
  if ((health->reasons & ~BL_INVENTORY_REASON_TEMPERATURE) != 0)
    health->state = BL_INVENTORY_HEALTH_FAILING;
  else
    health->state = health->reasons != 0 ? BL_INVENTORY_HEALTH_WARNING : BL_INVENTORY_HEALTH_OK;
  return TRUE;
}

static BlInventoryHealth *
read_drive (GVariant *interfaces)
{
  g_autofree BlInventoryHealth *health = g_new0 (BlInventoryHealth, 1);
  g_autoptr (GVariant) ata
      = g_variant_lookup_value (interfaces, "org.freedesktop.UDisks2.Drive.Ata", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) nvme
      = g_variant_lookup_value (interfaces, "org.freedesktop.UDisks2.NVMe.Controller", G_VARIANT_TYPE_VARDICT);
  bl_inventory_health_init (health);
  if ((nvme != NULL && read_nvme (nvme, health)) || (ata != NULL && read_ata (ata, health)))
    return g_steal_pointer (&health);
  return NULL;
}

// Name of a whole disk and the object of the drive behind it.
static const char *
read_block (GVariant *interfaces, const char **drive)
{
  g_autoptr (GVariant) block
      = g_variant_lookup_value (interfaces, "org.freedesktop.UDisks2.Block", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) part
      = g_variant_lookup_value (interfaces, "org.freedesktop.UDisks2.Partition", G_VARIANT_TYPE_VARDICT);
  const char *device = NULL;
  if (block == NULL || part != NULL || !g_variant_lookup (block, "Drive", "&o", drive)
      || !g_variant_lookup (block, "Device", "^&ay", &device) || !g_str_has_prefix (device, "/dev/"))
    return NULL;
  return device + strlen ("/dev/");
}

GHashTable *
bl_inventory_health_udisks (GVariant *objects)
{
  GHashTable *found = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GHashTable) drives = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      BlInventoryHealth *health
          = g_hash_table_size (drives) < BL_INVENTORY_MAX_DRIVES ? read_drive (interfaces) : NULL;
      if (health != NULL)
        g_hash_table_replace (drives, (gpointer)path, health);
    }
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      const char *drive = NULL, *name = read_block (interfaces, &drive);
      const BlInventoryHealth *health = name != NULL ? g_hash_table_lookup (drives, drive) : NULL;
      if (health != NULL && g_hash_table_size (found) < BL_INVENTORY_MAX_DRIVES)
        g_hash_table_replace (found, g_utf8_make_valid (name, -1), g_memdup2 (health, sizeof *health));
    }
  return found;
}

// ---- description ---------------------------------------------------------------------------------------------------

static void
add_number (GVariantBuilder *builder, const char *key, gint64 value)
{
  if (value >= 0)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_int64 (value));
}

GVariant *
bl_inventory_health_describe (const BlInventoryHealth *health)
{
  static const char *const states[] = { "unknown", "ok", "warning", "failing" };
  static const char *const names[]
      = { "spare", "temperature", "degraded", "readonly", "backup", "attribute", "sectors", "wear" };
  GVariantBuilder builder, reasons;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_init (&reasons, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if ((health->reasons & (1u << i)) != 0)
      g_variant_builder_add (&reasons, "s", names[i]);
  g_variant_builder_add (&builder, "{sv}", "State", g_variant_new_string (states[health->state]));
  g_variant_builder_add (&builder, "{sv}", "Reasons", g_variant_builder_end (&reasons));
  add_number (&builder, "Temperature", health->temperature);
  add_number (&builder, "PowerOnHours", health->hours);
  add_number (&builder, "BadSectors", health->bad);
  add_number (&builder, "WearPercent", health->wear);
  return g_variant_builder_end (&builder);
}
