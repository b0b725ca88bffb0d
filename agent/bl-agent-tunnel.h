// SPDX-License-Identifier: Apache-2.0
// Tunnels: the device's end of relay sessions (relay-tunnel section 1). Each is a WebSocket of its own to the same server,
// pinned to the certificate of the proven channel; it waits for the other end, checks the rights once more, and gives
// the frames to the feature of its protocol, or to a TCP port for a port relay.
#pragma once

#include "bl-agent-features.h"
#include "bl-agent-presence.h"

G_BEGIN_DECLS

#define BL_AGENT_MAX_TUNNELS 256u
#define BL_AGENT_TUNNEL_MAX_MESSAGE (4u * 1024u * 1024u)

typedef struct _BlAgentTunnels BlAgentTunnels;

/** All borrowed. */
BlAgentTunnels *bl_agent_tunnels_new (BlAgentChannel *channel, BlAgentFeatures *features, BlAgentPresence *presence);
/** Ends all tunnels. */
void bl_agent_tunnels_free (BlAgentTunnels *tunnels);
/** Puts it behind the tunnel functions of <bowline/agent.h> and <bowline/presence.h>. Once. */
void bl_agent_tunnels_install (BlAgentTunnels *tunnels);

/** Opens the tunnel that a `msg` of type `tunnel` orders. What is wrong with it is logged. */
void bl_agent_tunnels_open (BlAgentTunnels *tunnels, GVariant *order);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentTunnels, bl_agent_tunnels_free)

G_END_DECLS
