// SPDX-License-Identifier: Apache-2.0
/* BlX11Clipboard: text of the CLIPBOARD selection, both ways (ICCCM section 2). One thread. */
#pragma once

#include <glib.h>
#include <xcb/xcb.h>

G_BEGIN_DECLS

typedef struct _BlX11Clipboard BlX11Clipboard;

/** The answer to a question: @text (nullable): %NULL when there is no text */
typedef void (*BlX11ClipboardGot) (guint32 question, const char *text, gsize length, gpointer user_data);

BlX11Clipboard *bl_x11_clipboard_new (xcb_connection_t *connection,
                                      xcb_window_t root,
                                      BlX11ClipboardGot got,
                                      gpointer user_data);
void bl_x11_clipboard_free (BlX11Clipboard *clipboard);

/** Offers @text until another program takes the selection. Returns: whether it is on offer now */
gboolean bl_x11_clipboard_set (BlX11Clipboard *clipboard, const char *text, gsize length);
/** Asks the owner; the answer comes once, an empty one after two seconds. A question before it is answered
 * empty. */
void bl_x11_clipboard_get (BlX11Clipboard *clipboard, guint32 question);
gboolean bl_x11_clipboard_handle (BlX11Clipboard *clipboard, const xcb_generic_event_t *event);
/** Returns: microseconds until bl_x11_clipboard_check() has something to do, -1 for never */
gint64 bl_x11_clipboard_wait (BlX11Clipboard *clipboard, gint64 now);
void bl_x11_clipboard_check (BlX11Clipboard *clipboard, gint64 now);

G_END_DECLS
