// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-tiles.h"

#include <string.h>

/* Of a suspected cell. */
#define SUSPECT_MAYBE 1
#define SUSPECT_DIFFERS 2
/*
 * A cell that changed so many times in a row is hot: it is taken to have changed whenever damage is reported
 * there, without a look and without a copy, which together cost half as much as the picture of it. At
 * HEAT_MAX it is looked at again, as damage alone does not mean that anything changed.
 */
#define HEAT_HOT 4
#define HEAT_MAX 12

void
bl_x11_tiles_init (BlX11Tiles *tiles, int width, int height)
{
  const int columns = (width + BL_X11_CELL - 1) / BL_X11_CELL;
  const int rows = (height + BL_X11_CELL - 1) / BL_X11_CELL;
  const gsize n = (gsize)columns * (gsize)rows;

  *tiles = (BlX11Tiles){
    .width = width,
    .height = height,
    .columns = columns,
    .rows = rows,
    .suspected = g_malloc0 (n),
    .changed = g_malloc0 (n),
    .quality = g_malloc0 (n),
    .heat = g_malloc0 (n),
  };
}

void
bl_x11_tiles_clear (BlX11Tiles *tiles)
{
  g_clear_pointer (&tiles->suspected, g_free);
  g_clear_pointer (&tiles->changed, g_free);
  g_clear_pointer (&tiles->quality, g_free);
  g_clear_pointer (&tiles->heat, g_free);
}

void
bl_x11_tiles_suspect (BlX11Tiles *tiles, int x, int y, int width, int height)
{
  const int left = MAX (x, 0) / BL_X11_CELL;
  const int top = MAX (y, 0) / BL_X11_CELL;
  const int right = MIN (x + width, tiles->width);
  const int bottom = MIN (y + height, tiles->height);

  for (int row = top; row * BL_X11_CELL < bottom; row++)
    {
      for (int column = left; column * BL_X11_CELL < right; column++)
        {
          tiles->suspected[row * tiles->columns + column] = SUSPECT_MAYBE;
          tiles->any_suspected = TRUE;
        }
    }
}

void
bl_x11_tiles_suspect_all (BlX11Tiles *tiles)
{
  bl_x11_tiles_suspect (tiles, 0, 0, tiles->width, tiles->height);
}

gboolean
bl_x11_tiles_rows (const BlX11Tiles *tiles, int *first, int *end)
{
  int from = -1, to = -1;

  if (!tiles->any_suspected)
    return FALSE;
  for (int row = 0; row < tiles->rows; row++)
    {
      if (memchr (tiles->suspected + (gsize)row * (gsize)tiles->columns, SUSPECT_MAYBE, (gsize)tiles->columns)
          == NULL)
        continue;
      from = from < 0 ? row : from;
      to = row;
    }
  *first = from * BL_X11_CELL;
  *end = MIN ((to + 1) * BL_X11_CELL, tiles->height);
  return TRUE;
}

/* Whether the cell needs a look: the others are known to have changed, or taken to. */
static gboolean
needs_look (const BlX11Tiles *tiles, int cell)
{
  return tiles->quality[cell] != 0 && tiles->heat[cell] < HEAT_HOT;
}

/*
 * Marks the suspected cells of a row that differ. Line by line over the whole width, as the memory lies:
 * going down each cell by itself would touch a page for every line of it.
 */
static void
look_at_row (BlX11Tiles *tiles, int row, const guint8 *before, const guint8 *now, gsize stride, gboolean all)
{
  const int first = row * tiles->columns;
  const int lines = MIN (BL_X11_CELL, tiles->height - row * BL_X11_CELL);
  int left = 0;

  for (int column = 0; column < tiles->columns; column++)
    {
      const int cell = first + column;

      if (tiles->suspected[cell] && (all || !needs_look (tiles, cell)))
        tiles->suspected[cell] = SUSPECT_DIFFERS;
      left += tiles->suspected[cell] == SUSPECT_MAYBE;
    }
  for (int line = 0; line < lines && left > 0; line++)
    {
      for (int column = 0; column < tiles->columns; column++)
        {
          const gsize start = (gsize)line * stride + (gsize)column * BL_X11_CELL * 4;
          const gsize bytes = (gsize)MIN (BL_X11_CELL, tiles->width - column * BL_X11_CELL) * 4;

          if (tiles->suspected[first + column] != SUSPECT_MAYBE
              || memcmp (before + start, now + start, bytes) == 0)
            continue;
          tiles->suspected[first + column] = SUSPECT_DIFFERS;
          left--;
        }
    }
}

static void
copy_cell (const BlX11Tiles *tiles, int column, int lines, guint8 *before, const guint8 *now, gsize stride)
{
  const gsize start = (gsize)column * BL_X11_CELL * 4;
  const gsize bytes = (gsize)MIN (BL_X11_CELL, tiles->width - column * BL_X11_CELL) * 4;

  for (int line = 0; line < lines; line++)
    memcpy (before + start + (gsize)line * stride, now + start + (gsize)line * stride, bytes);
}

static guint
settle_row (BlX11Tiles *tiles, int row, guint8 *before, const guint8 *now, gsize stride)
{
  const int lines = MIN (BL_X11_CELL, tiles->height - row * BL_X11_CELL);
  guint n = 0;

  for (int column = 0; column < tiles->columns; column++)
    {
      const int cell = row * tiles->columns + column;
      const guint8 found = tiles->suspected[cell];

      tiles->suspected[cell] = 0;
      if (found == SUSPECT_MAYBE)
        tiles->heat[cell] = 0;
      if (found != SUSPECT_DIFFERS)
        continue;
      tiles->heat[cell] = tiles->heat[cell] + 1 == HEAT_MAX ? HEAT_HOT - 1 : tiles->heat[cell] + 1;
      if (tiles->heat[cell] < HEAT_HOT) /* the next look compares with it */
        copy_cell (tiles, column, lines, before, now, stride);
      tiles->changed[cell] = 1;
      n++;
    }
  return n;
}

guint
bl_x11_tiles_compare (BlX11Tiles *tiles, guint8 *before, const guint8 *now, gsize stride, gboolean all)
{
  guint n = 0;

  for (int row = 0; row < tiles->rows; row++)
    {
      const gsize start = (gsize)row * BL_X11_CELL * stride;

      if (memchr (tiles->suspected + (gsize)row * (gsize)tiles->columns, SUSPECT_MAYBE, (gsize)tiles->columns)
          == NULL)
        continue;
      look_at_row (tiles, row, before + start, now + start, stride, all);
      n += settle_row (tiles, row, before + start, now + start, stride);
    }
  tiles->any_suspected = FALSE;
  return n;
}

guint
bl_x11_tiles_mark_below (BlX11Tiles *tiles, guint8 quality)
{
  guint n = 0;

  for (int cell = 0; cell < tiles->rows * tiles->columns; cell++)
    {
      if (tiles->quality[cell] >= quality)
        continue;
      tiles->changed[cell] = 1;
      n++;
    }
  return n;
}

static int
run_length (const BlX11Tiles *tiles, int row, int column)
{
  const guint8 *cells = tiles->changed + row * tiles->columns;
  int length = 0;

  while (length < BL_X11_RECT_CELLS_WIDE && column + length < tiles->columns && cells[column + length])
    length++;
  return length;
}

gboolean
bl_x11_tiles_take (BlX11Tiles *tiles, guint8 quality, BlX11Rect *rect)
{
  const gsize n = (gsize)tiles->rows * (gsize)tiles->columns;
  const guint8 *found = memchr (tiles->changed, 1, n);
  int row, column, wide, high = 1;

  if (found == NULL)
    return FALSE;
  row = (int)(found - tiles->changed) / tiles->columns;
  column = (int)(found - tiles->changed) % tiles->columns;
  wide = run_length (tiles, row, column);
  while (high < BL_X11_RECT_CELLS_HIGH && row + high < tiles->rows
         && run_length (tiles, row + high, column) >= wide)
    high++;
  for (int y = row; y < row + high; y++)
    {
      memset (tiles->changed + y * tiles->columns + column, 0, (gsize)wide);
      memset (tiles->quality + y * tiles->columns + column, quality, (gsize)wide);
    }
  rect->x = column * BL_X11_CELL;
  rect->y = row * BL_X11_CELL;
  rect->width = MIN (wide * BL_X11_CELL, tiles->width - rect->x);
  rect->height = MIN (high * BL_X11_CELL, tiles->height - rect->y);
  return TRUE;
}
