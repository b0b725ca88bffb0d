// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-tiles.h"

#include <string.h>

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
  };
}

void
bl_x11_tiles_clear (BlX11Tiles *tiles)
{
  g_clear_pointer (&tiles->suspected, g_free);
  g_clear_pointer (&tiles->changed, g_free);
  g_clear_pointer (&tiles->quality, g_free);
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
          tiles->suspected[row * tiles->columns + column] = 1;
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
      if (memchr (tiles->suspected + (gsize)row * (gsize)tiles->columns, 1, (gsize)tiles->columns) == NULL)
        continue;
      from = from < 0 ? row : from;
      to = row;
    }
  *first = from * BL_X11_CELL;
  *end = MIN ((to + 1) * BL_X11_CELL, tiles->height);
  return TRUE;
}

static gboolean
cell_differs (const guint8 *before, const guint8 *now, gsize stride, int rows, gsize bytes)
{
  for (int y = 0; y < rows; y++)
    {
      if (memcmp (before + (gsize)y * stride, now + (gsize)y * stride, bytes) != 0)
        return TRUE;
    }
  return FALSE;
}

guint
bl_x11_tiles_compare (BlX11Tiles *tiles, guint8 *before, const guint8 *now, gsize stride, gboolean all)
{
  guint n = 0;

  for (int cell = 0; cell < tiles->rows * tiles->columns; cell++)
    {
      const int x = cell % tiles->columns * BL_X11_CELL;
      const int y = cell / tiles->columns * BL_X11_CELL;
      const gsize start = (gsize)y * stride + (gsize)x * 4;
      const gsize bytes = (gsize)MIN (BL_X11_CELL, tiles->width - x) * 4;
      const int rows = MIN (BL_X11_CELL, tiles->height - y);

      if (!tiles->suspected[cell])
        continue;
      tiles->suspected[cell] = 0;
      if (!all && tiles->quality[cell] != 0
          && !cell_differs (before + start, now + start, stride, rows, bytes))
        continue;
      for (int row = 0; row < rows; row++)
        memcpy (before + start + (gsize)row * stride, now + start + (gsize)row * stride, bytes);
      tiles->changed[cell] = 1;
      n++;
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
