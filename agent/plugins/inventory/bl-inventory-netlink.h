// SPDX-License-Identifier: Apache-2.0
// The kernel's list of network interfaces, addresses, routes and neighbours, out of rtnetlink messages. Pure; any thread.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_INVENTORY_MAX_LINKS 256u
#define BL_INVENTORY_MAX_ADDRESSES 64u  // of one interface
#define BL_INVENTORY_MAX_NEIGHBOURS 1024u

typedef struct
{
  int family; /* AF_INET or AF_INET6 */
  guint8 bytes[16];
  guint8 prefix; /* bits of the net */
} BlInventoryAddress;

typedef struct
{
  int index;
  char name[17];
  guint8 mac[6]; /* zero when it has none of that length */
  gboolean loopback;
  gboolean up;
  guint32 mtu;
  GArray *addresses; /* BlInventoryAddress */
  gboolean has_gateway[2];
  BlInventoryAddress gateways[2]; /* IPv4, IPv6: of the default route with the lowest metric */
  guint32 metrics[2];
  guint8 gateway_macs[2][6]; /* zero while unknown */
} BlInventoryLink;

typedef struct
{
  GPtrArray *links; /* BlInventoryLink, as the kernel has them */
  GArray *neighbours;
} BlInventoryLinks;

BlInventoryLinks *bl_inventory_links_new (void);
void bl_inventory_links_free (BlInventoryLinks *links);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlInventoryLinks, bl_inventory_links_free)

/** Takes one datagram of a dump. Links come before addresses, routes and neighbours. @data: @length bytes, any content
 * Returns: %FALSE when the dump is over: done, refused, or damaged */
gboolean bl_inventory_links_feed (BlInventoryLinks *links, const guint8 *data, gsize length);
/** After the last dump: gives gateways the hardware addresses of their neighbours. */
void bl_inventory_links_finish (BlInventoryLinks *links);

G_END_DECLS
