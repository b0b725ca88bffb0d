// SPDX-License-Identifier: Apache-2.0
/*
 * BlDesktopClipboard: the text clipboard of the screen, for messages of the server. It has a capture program
 * of its own that makes no pictures, started when it is first used and ended when it was idle for long. Main
 * context.
 */
#pragma once

#include <bowline/agent.h>

G_BEGIN_DECLS

typedef struct _BlDesktopClipboard BlDesktopClipboard;

BlDesktopClipboard *bl_desktop_clipboard_new (BowlineHost *host, const char *program);
void bl_desktop_clipboard_free (BlDesktopClipboard *clipboard);
/** Answers `getclip` with `data`, `setclip` with `success`; %FALSE in it when it cannot be done. */
void bl_desktop_clipboard_message (BlDesktopClipboard *clipboard, BowlineMessageCall *call);

G_END_DECLS
