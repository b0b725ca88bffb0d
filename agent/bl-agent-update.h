// SPDX-License-Identifier: Apache-2.0
// BlAgentUpdate: takes a new archive of the agent from its proven server in blocks (agent-channel section 4, commands 12 to
// 14), checks it against the hash the server names, unpacks it, has it started once, and makes it the current release, on
// trial until it has reached the server. An agent that belongs to a package manager, or whose settings say disableUpdate,
// answers that it takes none. Main context.
#pragma once

#include "bl-agent-channel.h"

G_BEGIN_DECLS

#define BL_AGENT_UPDATE_MAX (64u * 1024u * 1024u) // bytes of an archive

typedef struct _BlAgentUpdate BlAgentUpdate;

typedef struct
{
  BlAgentChannel *channel;  // borrowed; outlives the update
  const char *root;         // (nullable): see bl-agent-release.h; NULL: another way of updates is responsible
  gboolean disabled;        // by the settings
  guint trial_seconds;      // 0: BL_AGENT_RELEASE_TRIAL_SECONDS
  // The program must be started anew, since another release is current. Called at most once.
  void (*restart) (gpointer user_data);
  gpointer user_data;
} BlAgentUpdateOptions;

BlAgentUpdate *bl_agent_update_new (const BlAgentUpdateOptions *options);
void bl_agent_update_free (BlAgentUpdate *update);
/** The agent is online: a release on trial has passed. */
void bl_agent_update_set_connected (BlAgentUpdate *update, gboolean connected);
/** Returns: whether MESSAGE was one of ours. */
gboolean bl_agent_update_command (BlAgentUpdate *update, const BlAgentMsg *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentUpdate, bl_agent_update_free)

G_END_DECLS
