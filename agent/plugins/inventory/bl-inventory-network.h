// SPDX-License-Identifier: Apache-2.0
// The network as the kernel has it now, and word of its changes. Main thread.
#pragma once

#include <gio/gio.h>

#include "bl-inventory-netlink.h"

G_BEGIN_DECLS

/** {netif2: {interface: [{mac, address, family, netmask, gateway, gatewaymac, status, type, index, mtu, speed}]}}, floating:
 * one entry an address, as MeshCentral's page shows them (agent-channel section 10). @root: "" or a directory with a /sys */
GVariant *bl_inventory_network (const char *root);
/** The same out of links that are read already. */
GVariant *bl_inventory_network_describe (BlInventoryLinks *links, const char *root);
/** Name servers of resolv.conf, or those behind a local stub of systemd-resolved. Returns: (transfer floating): as */
GVariant *bl_inventory_network_dns (const char *root);
/** Calls @changed in the main loop when links, addresses or routes change; often several times for one change.
 * Returns: a source id of the default context, 0 when the kernel has no such socket for us */
guint bl_inventory_network_watch (GSourceFunc changed, gpointer user_data);

G_END_DECLS
