// SPDX-License-Identifier: Apache-2.0
// One files tunnel: requests are done one after the other on a thread of its own, answers go back on the main context.
// The thread never touches the tunnel, and the main context never touches the disk.
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

#define BL_FILES_MAX_QUEUED (4u * 1024u * 1024u) // bytes of requests that wait for the disk; then the viewer waits

/** Serves TUNNEL (protocol 5 or 10) from now on; it ends with it. PROGRAM: bowline-files; (nullable): not there. */
void bl_files_session_open (BowlineHost *host, BowlineTunnel *tunnel, const char *program);

G_END_DECLS
