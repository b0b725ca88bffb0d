// SPDX-License-Identifier: Apache-2.0
/* Heads of archive members: what is taken has a safe name and comes back the same. */
#include "fuzz.h"

#include "common/bl-ustar.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint8 block[BL_USTAR_BLOCK] = { 0 };
  BlUstarEntry entry, again;

  if (size > 0)
    memcpy (block, data, MIN (size, sizeof block));
  if (bl_ustar_read (block, &entry, NULL) != BL_USTAR_ENTRY)
    return 0;
  g_assert_true (bl_ustar_name_is_safe (entry.name));
  if (!bl_ustar_write (&entry, block)) /* a size in twelve digits without an end */
    return 0;
  g_assert_cmpint (bl_ustar_read (block, &again, NULL), ==, BL_USTAR_ENTRY);
  g_assert_cmpstr (again.name, ==, entry.name);
  g_assert_cmpuint (again.size, ==, entry.size);
  return 0;
}
