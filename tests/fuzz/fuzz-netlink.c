// SPDX-License-Identifier: Apache-2.0
/* Datagrams of rtnetlink, cut and bent. */
#include "fuzz.h"

#include "agent/plugins/inventory/bl-inventory-netlink.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (data == NULL)
    return 0;
  g_autoptr (BlInventoryLinks) links = bl_inventory_links_new ();
  for (guint i = 0; i < 2; i++) /* the second time what needs a link finds one */
    (void)bl_inventory_links_feed (links, data, size);
  bl_inventory_links_finish (links);
  g_assert_cmpuint (links->links->len, <=, BL_INVENTORY_MAX_LINKS);
  for (guint i = 0; i < links->links->len; i++)
    {
      const BlInventoryLink *link = links->links->pdata[i];
      g_assert_cmpuint (strlen (link->name), <, sizeof link->name);
      g_assert_cmpuint (link->addresses->len, <=, BL_INVENTORY_MAX_ADDRESSES);
    }
  return 0;
}
