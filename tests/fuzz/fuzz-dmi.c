// SPDX-License-Identifier: Apache-2.0
/* Tables of the firmware: what is read of them has a JSON form, and is bounded. */
#include "fuzz.h"

#include "agent/plugins/inventory/bl-inventory-dmi.h"
#include "common/bl-json.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (data == NULL)
    return 0;
  g_autoptr (GVariant) list = g_variant_ref_sink (bl_inventory_dmi_memory (data, size));
  g_autofree char *text = bl_json_to_string (list, NULL);
  g_assert_nonnull (text);
  g_assert_cmpuint (g_variant_n_children (list), <=, BL_INVENTORY_MAX_MODULES);
  return 0;
}
