// SPDX-License-Identifier: Apache-2.0
/* What drives answer about their health: every reading of any bytes is bounded and has a JSON form. */
#include "fuzz.h"

#include "agent/plugins/inventory/bl-inventory-health.h"
#include "common/bl-json.h"

static void
check (const BlInventoryHealth *health)
{
  g_autoptr (GVariant) told = g_variant_ref_sink (bl_inventory_health_describe (health));
  g_autofree char *text = bl_json_to_string (told, NULL);
  g_assert_nonnull (text);
  g_assert_cmpint (health->hours, >=, -1);
  g_assert_cmpint (health->temperature, <=, 150);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  BlInventoryHealth health;
  guint8 count, middle, high;
  if (data == NULL)
    return 0;
  if (bl_inventory_health_nvme (data, size, &health))
    check (&health);
  if (size >= BL_INVENTORY_ATA_PAGE)
    {
      // A checksum that fits, or hardly anything gets past it.
      g_autofree guint8 *page = g_memdup2 (data, BL_INVENTORY_ATA_PAGE);
      guint8 sum = 0;
      for (guint i = 0; i < BL_INVENTORY_ATA_PAGE - 1; i++)
        sum = (guint8)(sum + page[i]);
      page[BL_INVENTORY_ATA_PAGE - 1] = (guint8)-sum;
      if (bl_inventory_health_ata (page, BL_INVENTORY_ATA_PAGE, &health))
        check (&health);
    }
  if (!bl_inventory_health_sense (data, size, &count, &middle, &high))
    g_assert_cmpint (bl_inventory_health_verdict (data, size), ==, BL_INVENTORY_HEALTH_UNKNOWN);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) any = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("a{oa{sa{sv}}}"), bytes, FALSE));
  g_autoptr (GVariant) objects = g_variant_get_normal_form (any);
  g_autoptr (GHashTable) drives = bl_inventory_health_udisks (objects);
  g_assert_cmpuint (g_hash_table_size (drives), <=, BL_INVENTORY_MAX_DRIVES);
  return 0;
}
