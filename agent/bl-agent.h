// SPDX-License-Identifier: Apache-2.0
// BlAgent: the running agent: settings, identity, plugins, channel and tunnels, put together.
#pragma once

#include "bl-agent-identity.h"
#include "common/bl-msh.h"

G_BEGIN_DECLS

// [agent] of the settings: reconnect-delay and reconnect-delay-max, milliseconds
#define BL_AGENT_RECONNECT_MIN_MS 10
#define BL_AGENT_RECONNECT_MAX_MS 3600000

typedef struct _BlAgent BlAgent;

typedef struct
{
  BlMsh *msh;               // taken
  BlAgentIdentity *identity; // taken
  GKeyFile *settings;       // (nullable): the agent's own settings file
  const char *state_dir;
  const char *const *plugin_dirs;
} BlAgentOptions;

/** Returns: (transfer full), or %NULL with an error when the settings lack something. */
BlAgent *bl_agent_new (const BlAgentOptions *options, GError **error);
void bl_agent_free (BlAgent *agent);
/** Loads the plugins, then connects. */
void bl_agent_start (BlAgent *agent);

/** Returns: architecture number of this build (agent-channel section 6) */
guint32 bl_agent_get_arch_id (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgent, bl_agent_free)

G_END_DECLS
