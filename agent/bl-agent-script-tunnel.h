// SPDX-License-Identifier: Apache-2.0
// A WebSocket that a core script opened (its operation "ws.connect"): joins the script's stream to a socket of the agent.
// Only the server of the channel is accepted at the other end.
#pragma once

#include "bl-agent-channel.h"
#include "bl-script-runner.h"

G_BEGIN_DECLS

/** Opens the WebSocket ARGS (see BlScriptOps.ws_connect) ask for. OTHER_PIN (nullable): 48 bytes, a further certificate
 * the proven server named. CHANNEL is borrowed during the call. */
void bl_agent_script_tunnel_open (BlAgentChannel *channel, const guint8 *other_pin, BlScriptStream *stream, GVariant *args);

G_END_DECLS
