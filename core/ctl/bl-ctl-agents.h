// SPDX-License-Identifier: Apache-2.0
// bowlinectl agents: takes agent programs from a folder into the data directory, and lists them. It works on
// the files itself, as whoever runs it, so that the folder need not be readable for the server, and the
// server cannot change what it hands out. The server sees a new list at the next request.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** "agents import DIR": DIR holds programs, or is an installed npm package meshcentral. Returns: an exit
 * status */
int bl_ctl_agents_import (const char *data_dir, const char *from, gboolean json);
/** "agents list" */
int bl_ctl_agents_list (const char *data_dir, const char *operand, gboolean json);

G_END_DECLS
