// SPDX-License-Identifier: Apache-2.0
// What this machine is, read from /proc, /sys, os-release, logind and the kernel's interface list; no program is run. The
// shapes are those MeshCentral's page and meshctrl show (agent-channel section 10).
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** Root is "" for this machine; tests give a directory with made-up /proc and /sys. All return floating a{sv}. */

/** osdesc, root, users, lastbootuptime, value, name is left out. CAPABILITIES is filled in by the caller. */
GVariant *bl_inventory_core_info (const char *root, const char *version, gint64 capabilities);
/** {netif2: {interface: [{mac, address, family, netmask, status, type}]}} */
GVariant *bl_inventory_network (void);
/** {identifiers, linux, agentvers} */
GVariant *bl_inventory_hardware (const char *root, const char *version);
/** Hex SHA-384 over a value, to tell whether it changed. Returns: (transfer full) */
char *bl_inventory_hash (GVariant *value);

G_END_DECLS
