// SPDX-License-Identifier: Apache-2.0
// The agent as its plugins see it: the functions of <bowline/host.h> on the device. Settings are the defaults of the
// plugin's manifest, or what the agent's settings file says in section [plugin ID].
#pragma once

#include "bl-module-manager.h"
#include "bowline-private.h"

G_BEGIN_DECLS

/** Installs the functions. STATE_DIR is copied; SETTINGS (nullable) is the parsed settings file, a reference is taken. */
void bl_agent_host_install (const char *state_dir, GKeyFile *settings);

/** Called for each plugin that is released, to remove what it registered. */
typedef void (*BlAgentHostReleased) (BowlineHost *host, gpointer user_data);
/** Returns: (transfer none): what the module manager asks of the program; user_data is a BlAgentHostHooks. */
const BlModuleManagerHooks *bl_agent_host_get_hooks (void);

typedef struct
{
  BlAgentHostReleased released;
  gpointer user_data;
} BlAgentHostHooks;

G_END_DECLS
