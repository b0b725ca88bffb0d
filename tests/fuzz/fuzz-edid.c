// SPDX-License-Identifier: Apache-2.0
/* What a display says about itself, with a checksum that fits. */
#include "fuzz.h"

#include "agent/plugins/inventory/bl-inventory-devices.h"
#include "common/bl-json.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  GVariantBuilder builder;
  if (data == NULL)
    return 0;
  g_autofree guint8 *copy = g_memdup2 (data, size);
  guint8 sum = 0;
  for (guint i = 0; size >= 128 && i < 127; i++)
    sum = (guint8)(sum + copy[i]);
  if (size >= 128)
    copy[127] = (guint8)-sum;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  (void)bl_inventory_edid (&builder, copy, size); /* whether it was one */
  g_autoptr (GVariant) display = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_autofree char *text = bl_json_to_string (display, NULL);
  g_assert_nonnull (text);
  g_assert_cmpuint (g_variant_n_children (display), <=, 4);
  return 0;
}
