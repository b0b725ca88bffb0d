// SPDX-License-Identifier: Apache-2.0
// One terminal tunnel: moves bytes between the viewer and the shell, with back-pressure both ways, and ends the shell's
// whole session when the tunnel ends.
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

/** Serves TUNNEL from now on; it ends with it. What goes wrong is told to the viewer. */
void bl_terminal_session_open (BowlineHost *host, BowlineTunnel *tunnel);

G_END_DECLS
