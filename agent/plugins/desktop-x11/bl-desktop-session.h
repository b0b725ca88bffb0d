// SPDX-License-Identifier: Apache-2.0
/* BlDesktopSessions: the viewers of this device's screen, each with a capture program of its own. Main
 * context. */
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

typedef struct _BlDesktopSessions BlDesktopSessions;

/** PROGRAM: the capture program. */
BlDesktopSessions *bl_desktop_sessions_new (BowlineHost *host, const char *program);
/** Ends them all. */
void bl_desktop_sessions_free (BlDesktopSessions *sessions);

void bl_desktop_sessions_open (BlDesktopSessions *sessions, BowlineTunnel *tunnel);
/** `msg` of type `getclip` or `setclip`. */
void bl_desktop_sessions_message (BlDesktopSessions *sessions, BowlineMessageCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDesktopSessions, bl_desktop_sessions_free)

G_END_DECLS
