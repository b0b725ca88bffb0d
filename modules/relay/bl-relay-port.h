// SPDX-License-Identifier: Apache-2.0
// Viewers of a TCP port that a device connects to (relay-tunnel section 8): they order their session by connecting. Targets are
// a{sv} as in BowlineAuth.port_cookie_issue. Main context.
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

/** Returns: (transfer full) (nullable): what `nodeid`, `tcpport`, `tcpaddr` and `p` of @request lead to; %NULL when malformed */
GVariant *bl_relay_port_of_query (BowlineHttpRequest *request);
/** Returns: (transfer none): the device of a @target */
const char *bl_relay_port_node (GVariant *target);
/** Returns: %TRUE while @viewer's rights on @node_id and its credential allow a session to a port that counts as @protocol. */
gboolean bl_relay_port_is_allowed (BowlineHost *host, BowlinePrincipal *viewer, const char *node_id, guint32 protocol);
/** Has the device come to the session @id. Returns: %FALSE with @error: rights are missing, the device is offline */
gboolean bl_relay_port_order (
    BowlineHost *host, BowlinePrincipal *viewer, const char *id, GVariant *target, GError **error);

G_END_DECLS
