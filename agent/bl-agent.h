// SPDX-License-Identifier: Apache-2.0
// BlAgent: the running agent: settings, identity, plugins, channel and tunnels, put together.
#pragma once

#include "bl-agent-identity.h"
#include "common/bl-msh.h"

G_BEGIN_DECLS

// [agent] of the settings: reconnect-delay and reconnect-delay-max, milliseconds
#define BL_AGENT_RECONNECT_MIN_MS 10
#define BL_AGENT_RECONNECT_MAX_MS 3600000
// update-trial, seconds
#define BL_AGENT_TRIAL_MAX_SECONDS 3600
#define BL_AGENT_STATUS_NAME "status" // in the state directory: one line, whether it is connected

typedef struct _BlAgent BlAgent;

// Why the program should end by itself.
typedef enum
{
  BL_AGENT_END_RESTART, // another release is current
  BL_AGENT_END_REMOVE,  // the server wants the agent gone
} BlAgentEnd;

typedef struct
{
  BlMsh *msh;               // taken
  BlAgentIdentity *identity; // taken
  GKeyFile *settings;       // (nullable): the agent's own settings file
  const char *state_dir;
  const char *const *plugin_dirs;
  const char *release_root; // (nullable): see bl-agent-release.h
  void (*end) (BlAgentEnd end, gpointer user_data);
  gpointer user_data;
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
