// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentDownloads: what a machine needs to become a device: settings of a group, agent programs, and the scripts that
 * install them (web-http.md section 4). Main context.
 */
#pragma once

#include "bl-agent-binaries.h"

G_BEGIN_DECLS

typedef struct _BlAgentDownloads BlAgentDownloads;

/** Registers /meshsettings and /meshagents. @binaries outlives it. */
BlAgentDownloads *bl_agent_downloads_new (BowlineHost *host, BlAgentBinaries *binaries, GError **error);
void bl_agent_downloads_free (BlAgentDownloads *downloads);

/** Returns: (transfer full): path of a file installed with the program, in an installed tree or a build tree */
char *bl_agent_downloads_find (BowlineHost *host, const char *directory, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentDownloads, bl_agent_downloads_free)

G_END_DECLS
