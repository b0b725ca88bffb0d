// SPDX-License-Identifier: Apache-2.0
/* The list of mounts: names in it are anybody's. */
#include "fuzz.h"

#include "agent/plugins/inventory/bl-inventory-mounts.h"
#include "common/bl-json.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (data == NULL)
    return 0;
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_autoptr (GPtrArray) mounts = bl_inventory_mounts_parse (text);
  g_autoptr (GVariant) list = g_variant_ref_sink (bl_inventory_mounts_describe (mounts));
  g_autofree char *json = bl_json_to_string (list, NULL);
  g_assert_nonnull (json);
  g_assert_cmpuint (mounts->len, <=, BL_INVENTORY_MAX_MOUNTS);
  return 0;
}
