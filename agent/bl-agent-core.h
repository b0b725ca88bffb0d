// SPDX-License-Identifier: Apache-2.0
// BlAgentCore: the core script that servers push (agent-channel section 4): answers what the server asks about it and about
// this program's updates.
#pragma once

#include "bl-agent-channel.h"

G_BEGIN_DECLS

typedef struct _BlAgentCore BlAgentCore;

/** All borrowed. */
BlAgentCore *bl_agent_core_new (BlAgentChannel *channel, BlMsh *msh, BlAgentIdentity *identity, const char *state_dir,
                                GError **error);
void bl_agent_core_free (BlAgentCore *core);

void bl_agent_core_set_connected (BlAgentCore *core, gboolean connected);
/** A numbered command. */
void bl_agent_core_command (BlAgentCore *core, const BlAgentMsg *message);
/** A JSON message that no plugin serves. */
void bl_agent_core_json (BlAgentCore *core, GVariant *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentCore, bl_agent_core_free)

G_END_DECLS
