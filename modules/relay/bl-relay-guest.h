// SPDX-License-Identifier: Apache-2.0
// Guests of device shares: they have no control channel, so that the relay has their sessions opened. Main context.
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

/** Returns: %TRUE while @guest's share exists and is open, and whoever made it may still share @node_id. */
gboolean bl_relay_guest_is_welcome (BowlineHost *host, BowlinePrincipal *guest, const char *node_id);
/** Returns: (transfer full): the name the share @share_id was made for */
char *bl_relay_guest_dup_name (BowlineHost *host, const char *share_id);
/**
 * bl_relay_guest_order: has the device come to the session @id.
 * @protocol: (nullable): number as the guest's client wrote it; which ones are possible say the share's rights
 */
gboolean bl_relay_guest_order (
    BowlineHost *host, BowlinePrincipal *guest, const char *id, const char *protocol, GError **error);

G_END_DECLS
