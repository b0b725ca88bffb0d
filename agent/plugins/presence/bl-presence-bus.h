// SPDX-License-Identifier: Apache-2.0
/* BlPresenceBus: a connection of our own to a bus, which comes back when the bus does. Main context. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _BlPresenceBus BlPresenceBus;

/**
 * bl_presence_bus_new: connects, and again after a loss, less and less often.
 * @up: the connection is there; it is borrowed until @down
 * @down: it is gone, or could not be made; told once, however often it fails. @reason is for the log
 *
 * Neither is called from within this function or after bl_presence_bus_free().
 */
BlPresenceBus *bl_presence_bus_new (GBusType type,
                                    void (*up) (GDBusConnection *connection, gpointer user_data),
                                    void (*down) (const char *reason, gpointer user_data),
                                    gpointer user_data);
void bl_presence_bus_free (BlPresenceBus *bus);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlPresenceBus, bl_presence_bus_free)

G_END_DECLS
