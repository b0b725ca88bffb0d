// SPDX-License-Identifier: Apache-2.0
/*
 * Which parts of the picture changed: a grid of cells, each unchanged, suspected (the display system reported
 * damage there), or changed; changed cells are joined into rectangles. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_X11_CELL 32
/* Larger rectangles are cut: a viewer paints while the next one is on its way, and packets stay small. */
#define BL_X11_RECT_CELLS_WIDE 16
#define BL_X11_RECT_CELLS_HIGH 8

typedef struct
{
  int x, y, width, height; /* pixels */
} BlX11Rect;

typedef struct
{
  int width, height; /* pixels */
  int columns, rows;
  guint8 *suspected;
  guint8 *changed;
  guint8 *quality; /* that the viewer's picture of the cell has; 0: nothing was sent yet */
  guint8 *heat;    /* how often in a row the cell had changed when it was suspected */
  gboolean any_suspected;
} BlX11Tiles;

void bl_x11_tiles_init (BlX11Tiles *tiles, int width, int height);
void bl_x11_tiles_clear (BlX11Tiles *tiles);

/** bl_x11_tiles_suspect: marks the cells that the rectangle touches; parts outside are ignored. */
void bl_x11_tiles_suspect (BlX11Tiles *tiles, int x, int y, int width, int height);
void bl_x11_tiles_suspect_all (BlX11Tiles *tiles);

/** bl_x11_tiles_rows: the rows of pixels that hold suspected cells. Returns: FALSE when there are none. */
gboolean bl_x11_tiles_rows (const BlX11Tiles *tiles, int *first, int *end);

/**
 * bl_x11_tiles_compare: turns suspicion into change where @now differs from @before, and copies it there.
 * What changed each time that it was suspected is taken to have changed for the next few times, without a
 * look or a copy.
 * @all: what is suspected counts as changed without a look
 * Both hold 4 bytes a pixel, @stride bytes a row. Nothing is suspected afterwards.
 *
 * Returns: number of changed cells
 */
guint bl_x11_tiles_compare (BlX11Tiles *tiles, guint8 *before, const guint8 *now, gsize stride, gboolean all);

/** bl_x11_tiles_mark_below: counts as changed what was sent with less than @quality. Returns: their number.
 */
guint bl_x11_tiles_mark_below (BlX11Tiles *tiles, guint8 quality);

/**
 * bl_x11_tiles_take: takes the next rectangle of changed cells; they count as sent with @quality.
 * Returns: FALSE when none is left
 */
gboolean bl_x11_tiles_take (BlX11Tiles *tiles, guint8 quality, BlX11Rect *rect);

G_END_DECLS
