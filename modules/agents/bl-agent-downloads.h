// SPDX-License-Identifier: Apache-2.0
/**
 * What a machine needs to become a device: settings of a group, agent programs, and the script that installs them
 * (web-http.md section 4). Main context.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

/** Registers /meshsettings and /meshagents. @registrations: two */
gboolean bl_agent_downloads_register (BowlineHost *host, guint64 registrations[2], GError **error);
void bl_agent_downloads_unregister (BowlineHost *host, guint64 registrations[2]);

/** Returns: (transfer full): path of a file installed with the program, in an installed tree or a build tree */
char *bl_agent_downloads_find (BowlineHost *host, const char *directory, const char *name);

/** Returns: (nullable): file name of MeshAgent's build number @id, and the name it is given to a client by @given */
const char *bl_agent_downloads_get_file (guint id, const char **given);

G_END_DECLS
