// SPDX-License-Identifier: Apache-2.0
/*
 * BlX11Input: the viewer's keys and mouse, made with XTEST. Text is typed by what the keyboard map has for a
 * character; what it lacks gets a spare key. All that is held down is let go at the end. One thread.
 */
#pragma once

#include "common/bl-desktop-proto.h"

#include <xcb/xcb.h>

G_BEGIN_DECLS

typedef struct _BlX11Input BlX11Input;

/** The connection is borrowed. Returns: (transfer full) (nullable): %NULL when the server has no XTEST */
BlX11Input *bl_x11_input_new (xcb_connection_t *connection, xcb_window_t root);
/** Lets go of keys and buttons, and gives spare keys back. */
void bl_x11_input_free (BlX11Input *input);

/**
 * Both return %FALSE when the packet must be given again after bl_x11_input_wait(), before any that follows
 * it: there is no key for its character yet. @limited: only keys that write text (a device right)
 */
gboolean bl_x11_input_key (BlX11Input *input, const BlDesktopInput *packet, gboolean limited);
gboolean bl_x11_input_unicode (BlX11Input *input, const BlDesktopInput *packet);
/** Returns: us until a packet that must be given again can be */
gint64 bl_x11_input_wait (const BlX11Input *input, gint64 now);
/** @x, @y: on the root window */
void bl_x11_input_mouse (BlX11Input *input, const BlDesktopInput *packet, int x, int y);
void bl_x11_input_ctrl_alt_del (BlX11Input *input);

/** The keyboard map changed. Returns: %TRUE when the event was the map's. */
gboolean bl_x11_input_handle (BlX11Input *input, const xcb_generic_event_t *event);
/** Returns: 1 Num, 2 Scroll, 4 Caps */
guint8 bl_x11_input_get_leds (BlX11Input *input);

G_END_DECLS
