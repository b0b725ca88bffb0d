// SPDX-License-Identifier: Apache-2.0
// What this machine is, read from /proc, /sys, os-release, logind, udisks2 and the drives; no program is run. The shapes are
// those MeshCentral's page and meshctrl show (agent-channel section 10).
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** Root is "" for this machine; tests give a directory with made-up /proc and /sys. All return floating a{sv}. */

/** osdesc, root, users, lastbootuptime, value, name is left out. CAPABILITIES is filled in by the caller. Quick: any thread. */
GVariant *bl_inventory_core_info (const char *root, const char *version, gint64 capabilities);
/** {identifiers, linux, network, tpm, battery, agentvers}. Waits for drives and file systems: any thread but the main one.
 * @bus: (nullable): the system bus, for udisks2 */
GVariant *bl_inventory_hardware (const char *root, const char *version, GDBusConnection *bus);
/** Hex SHA-384 over a value, to tell whether it changed. Returns: (transfer full) */
char *bl_inventory_hash (GVariant *value);
/** The same over hardware without what changes all the time: temperatures, hours, a volume that fills by less than five
 * percent. Returns: (transfer full) */
char *bl_inventory_steady_hash (GVariant *hardware);

G_END_DECLS
