// SPDX-License-Identifier: Apache-2.0
// BlAgentPortRelay: the far end of a port relay (relay-tunnel section 8): a TCP connection from the device to an address it
// can reach, piped to binary frames of a tunnel with back-pressure both ways.
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

typedef struct _BlAgentPortRelay BlAgentPortRelay;

/** TUNNEL is borrowed and outlives it. */
BlAgentPortRelay *bl_agent_port_relay_new (BowlineTunnel *tunnel, const char *address, guint16 port);
void bl_agent_port_relay_free (BlAgentPortRelay *relay);
/** Connects; the tunnel is closed when that fails. */
void bl_agent_port_relay_start (BlAgentPortRelay *relay);
/** A frame of the viewer. */
void bl_agent_port_relay_write (BlAgentPortRelay *relay, const guint8 *data, gsize length);
/** The tunnel has sent all it had. */
void bl_agent_port_relay_drained (BlAgentPortRelay *relay);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentPortRelay, bl_agent_port_relay_free)

G_END_DECLS
