// SPDX-License-Identifier: Apache-2.0
/* A connection to a message bus for the agent's plugins. Main context. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * bl_bus_connect:
 * @type: which bus, found as g_bus_get() finds it
 * @cancellable: (nullable): ends the attempt with %G_IO_ERROR_CANCELLED
 *
 * Gives a connection of its own. That of g_bus_get() ends the process when the bus ends, and a machine is to
 * be managed then more than ever. Whoever keeps it for longer than one order looks at its signal `closed`,
 * and connects again.
 */
void
bl_bus_connect (GBusType type, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** bl_bus_connect_finish: Returns: (transfer full) (nullable): %NULL with @error when there is no bus */
GDBusConnection *bl_bus_connect_finish (GAsyncResult *result, GError **error);

G_END_DECLS
