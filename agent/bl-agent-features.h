// SPDX-License-Identifier: Apache-2.0
// BlAgentFeatures: what the plugins offer: which of them serves a tunnel protocol or a message of the server; and the
// functions of <bowline/agent.h> that lead to the channel.
#pragma once

#include "bl-agent-channel.h"
#include "bowline-private.h"

G_BEGIN_DECLS

#define BL_AGENT_MAX_CALLS 256u // messages of the server that are being worked on

typedef struct _BlAgentFeatures BlAgentFeatures;

BlAgentFeatures *bl_agent_features_new (void);
void bl_agent_features_free (BlAgentFeatures *features);
/** Puts it behind the functions for features and message calls. Once. */
void bl_agent_features_install (BlAgentFeatures *features);
/** The channel to send on; %NULL while there is none. Borrowed. */
void bl_agent_features_set_channel (BlAgentFeatures *features, BlAgentChannel *channel);
/** Removes what a plugin registered. */
void bl_agent_features_remove_owner (BlAgentFeatures *features, BowlineHost *owner);

/** Returns: OR of the capabilities of all features */
guint32 bl_agent_features_get_capabilities (BlAgentFeatures *features);
/** Returns: %TRUE when a feature took the tunnel. */
gboolean bl_agent_features_open_tunnel (BlAgentFeatures *features, guint32 protocol, BowlineTunnel *tunnel);
gboolean bl_agent_features_serves_protocol (BlAgentFeatures *features, guint32 protocol);
/** Returns: %TRUE when a feature serves the message. */
gboolean bl_agent_features_dispatch (BlAgentFeatures *features, GVariant *message);
/** What a feature answers: @answer is a{sv}, or %NULL when it is done with the message and has said nothing. Once. */
typedef void (*BlAgentFeaturesAnswered) (GVariant *answer, gpointer user_data);
/** As above for something this agent wants itself. Returns: %TRUE when a feature serves it; only then @answered comes. */
gboolean bl_agent_features_call (BlAgentFeatures *features, GVariant *message, BlAgentFeaturesAnswered answered,
                                 gpointer user_data);
void bl_agent_features_connected (BlAgentFeatures *features);
void bl_agent_features_disconnected (BlAgentFeatures *features);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentFeatures, bl_agent_features_free)

G_END_DECLS
