// SPDX-License-Identifier: Apache-2.0
/*
 * BlX11Screen: the picture of an X screen, or of one of its monitors: what changed since it was last asked,
 * scaled as the viewer wants it. One thread.
 */
#pragma once

#include "bl-x11-tiles.h"
#include "common/bl-desktop-proto.h"

#include <xcb/xcb.h>

G_BEGIN_DECLS

typedef struct _BlX11Screen BlX11Screen;

/** The connection is borrowed. Returns: (transfer full) (nullable): %NULL with *@reason (static) when the
 * screen cannot be shown */
BlX11Screen *bl_x11_screen_new (xcb_connection_t *connection, int number, const char **reason);
void bl_x11_screen_free (BlX11Screen *screen);

xcb_window_t bl_x11_screen_get_root (BlX11Screen *screen);

/** Returns: %TRUE when the event was the screen's. */
gboolean bl_x11_screen_handle (BlX11Screen *screen, const xcb_generic_event_t *event);

/** Returns: %TRUE once after the size or the monitors changed; the viewer starts over. */
gboolean bl_x11_screen_take_resized (BlX11Screen *screen);
/** Returns: whether something may have changed since the last bl_x11_screen_update() */
gboolean bl_x11_screen_is_damaged (BlX11Screen *screen);

/** Monitors, the whole screen aside. Returns: their number */
guint bl_x11_screen_get_displays (BlX11Screen *screen, const BlDesktopDisplay **displays);
/** @id: of a monitor, anything else: all of them. Returns: the id that is shown now */
guint16 bl_x11_screen_select (BlX11Screen *screen, guint16 id);
guint16 bl_x11_screen_get_selected (BlX11Screen *screen);
void bl_x11_screen_set_scaling (BlX11Screen *screen, guint16 scaling);

/** Size of the picture after selection and scaling. */
void bl_x11_screen_get_size (BlX11Screen *screen, int *width, int *height);
/** A point of the picture, as one of the screen. */
void bl_x11_screen_to_root (BlX11Screen *screen, int x, int y, int *root_x, int *root_y);

/** The next update takes everything. */
void bl_x11_screen_refresh (BlX11Screen *screen);
/**
 * Looks at the screen. Returns: (transfer none) (nullable): the grid with what changed; %NULL when the server
 * did not give a picture, for example during a change of size
 */
BlX11Tiles *bl_x11_screen_update (BlX11Screen *screen);
/** Pixels that belong to the grid: blue, green, red, unused. */
const guint8 *bl_x11_screen_get_pixels (BlX11Screen *screen, gsize *stride);

G_END_DECLS
