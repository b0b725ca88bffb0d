// SPDX-License-Identifier: Apache-2.0
/* What stands before the archive of our own agent in a program that installs itself. Pure; any thread. */
#pragma once

#include "common/bl-hash.h"
#include "common/bl-msh.h"

G_BEGIN_DECLS

/**
 * bl_agent_installer_head: fills in the script that unpacks what stands behind it.
 * @script: the script with its marks, each once: @SIZE@, @SHA384@, @SETTINGS@
 * @settings: for the group; equal settings give an equal script
 * @size: bytes of the archive; @hash: of the archive
 * Returns: (transfer full) (nullable): NULL when a mark is missing
 */
GBytes *bl_agent_installer_head (const char *script,
                                 BlMsh *settings,
                                 guint64 size,
                                 const guint8 hash[BL_SHA384_SIZE]);

/**
 * bl_agent_installer_archive: Returns: (nullable): the file name of our own agent's archive for the system of MeshAgent's
 * build @id (agent-channel.md section 6)
 */
const char *bl_agent_installer_archive (guint id);

G_END_DECLS
