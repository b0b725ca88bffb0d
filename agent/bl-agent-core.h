// SPDX-License-Identifier: Apache-2.0
// BlAgentCore: the core script that servers push (agent-channel section 4), run in the script host, a process of its own
// under limits. What plugins serve never reaches it; it gets the rest, above all the console. It also answers what the
// server asks about it and about this program's updates.
#pragma once

#include "bl-agent-features.h"

G_BEGIN_DECLS

typedef struct _BlAgentCore BlAgentCore;

/** The script said coreinfo: it runs. What a server is told then are the plugins' own facts. */
typedef void (*BlAgentCoreStarted) (gpointer user_data);

/** All borrowed; @settings is (nullable), its section [script] sets what scripts may do. Returns: (transfer full), or %NULL when the state directory cannot be used. */
BlAgentCore *bl_agent_core_new (BlAgentChannel *channel, BlAgentFeatures *features, BlMsh *msh, BlAgentIdentity *identity,
                                const char *state_dir, GKeyFile *settings, BlAgentCoreStarted started, gpointer user_data,
                                GError **error);
void bl_agent_core_free (BlAgentCore *core);

void bl_agent_core_set_connected (BlAgentCore *core, gboolean connected);
/** A numbered command. */
void bl_agent_core_command (BlAgentCore *core, const BlAgentMsg *message);
/** A JSON message, before any plugin sees it. Returns: whether it was about scripts of administrators */
gboolean bl_agent_core_take (BlAgentCore *core, GVariant *message);
/** A JSON message that no plugin serves. */
void bl_agent_core_json (BlAgentCore *core, GVariant *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentCore, bl_agent_core_free)

G_END_DECLS
