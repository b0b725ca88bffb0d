// SPDX-License-Identifier: Apache-2.0
// Asks this machine's drives for their health. Blocks while they answer: any thread but the main one.
#pragma once

#include <gio/gio.h>

#include "bl-inventory-health.h"

G_BEGIN_DECLS

/** What udisks2 knows already; it is not started for that. @bus: (nullable)
 * Returns: (transfer full) (element-type utf8 BlInventoryHealth): by name, empty when it does not run */
GHashTable *bl_inventory_smart_udisks (GDBusConnection *bus);
/** Asks the drive itself, which takes the rights of root; drives that sleep are left asleep.
 * @name: as "sda" or "nvme0n1". Returns: %FALSE when it has nothing to say */
gboolean bl_inventory_smart_ask (const char *name, BlInventoryHealth *health);

G_END_DECLS
