// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-tiles.h"

#include <string.h>

#define WIDTH 100 /* four columns, the last one narrow */
#define HEIGHT 70 /* three rows, the last one low */
#define STRIDE (WIDTH * 4)

static void
test_suspect (void)
{
  BlX11Tiles tiles;
  int first, end;

  bl_x11_tiles_init (&tiles, WIDTH, HEIGHT);
  g_assert_cmpint (tiles.columns, ==, 4);
  g_assert_cmpint (tiles.rows, ==, 3);
  g_assert_false (bl_x11_tiles_rows (&tiles, &first, &end));
  bl_x11_tiles_suspect (&tiles, -50, 40, 51, 1);
  g_assert_true (bl_x11_tiles_rows (&tiles, &first, &end));
  g_assert_true (first == 32 && end == 64 && tiles.suspected[4] == 1 && tiles.suspected[5] == 0);
  bl_x11_tiles_suspect (&tiles, 5000, 5000, 10, 10);
  bl_x11_tiles_suspect (&tiles, 10, 69, 5000, 5000);
  g_assert_true (bl_x11_tiles_rows (&tiles, &first, &end));
  g_assert_true (first == 32 && end == HEIGHT);
  bl_x11_tiles_clear (&tiles);
}

static void
test_compare (void)
{
  BlX11Tiles tiles;
  BlX11Rect rect;
  g_autofree guint8 *before = g_malloc0 (STRIDE * HEIGHT);
  g_autofree guint8 *now = g_malloc0 (STRIDE * HEIGHT);

  bl_x11_tiles_init (&tiles, WIDTH, HEIGHT);
  bl_x11_tiles_suspect_all (&tiles);
  g_assert_cmpuint (bl_x11_tiles_compare (&tiles, before, now, STRIDE, FALSE), ==,
                    12); // nothing was sent yet
  while (bl_x11_tiles_take (&tiles, 50, &rect))
    ;
  bl_x11_tiles_suspect_all (&tiles);
  g_assert_cmpuint (bl_x11_tiles_compare (&tiles, before, now, STRIDE, FALSE), ==, 0);
  now[69 * STRIDE + 99 * 4 + 3] = 1; // the very last byte
  bl_x11_tiles_suspect (&tiles, 0, 0, 10, 10);
  g_assert_cmpuint (bl_x11_tiles_compare (&tiles, before, now, STRIDE, FALSE), ==, 0); // not suspected there
  bl_x11_tiles_suspect_all (&tiles);
  g_assert_cmpuint (bl_x11_tiles_compare (&tiles, before, now, STRIDE, FALSE), ==, 1);
  g_assert_true (memcmp (before, now, STRIDE * HEIGHT) == 0);
  g_assert_true (bl_x11_tiles_take (&tiles, 50, &rect));
  g_assert_true (rect.x == 96 && rect.y == 64 && rect.width == 4 && rect.height == 6);
  g_assert_false (bl_x11_tiles_take (&tiles, 50, &rect));
  bl_x11_tiles_clear (&tiles);
}

/* Changes TILES as one frame does. Returns: whether the cell was sent */
static gboolean
frame (BlX11Tiles *tiles, guint8 *before, const guint8 *now)
{
  BlX11Rect rect;
  gboolean sent = FALSE;

  bl_x11_tiles_suspect (tiles, 0, 0, 1, 1);
  bl_x11_tiles_compare (tiles, before, now, STRIDE, FALSE);
  while (bl_x11_tiles_take (tiles, 50, &rect))
    sent = TRUE;
  return sent;
}

/* Every change is sent however long it goes on, and damage without a change is not sent for long. */
static void
test_heat (void)
{
  BlX11Tiles tiles;
  g_autofree guint8 *before = g_malloc0 (STRIDE * HEIGHT);
  g_autofree guint8 *now = g_malloc0 (STRIDE * HEIGHT);

  bl_x11_tiles_init (&tiles, WIDTH, HEIGHT);
  for (guint busy = 1; busy < 60; busy++)
    {
      guint idle = 0;

      for (guint i = 0; i < busy; i++)
        {
          now[STRIDE * 31 + 7]++;
          g_assert_true (frame (&tiles, before, now));
        }
      while (frame (&tiles, before, now))
        g_assert_cmpuint (++idle, <, 10);
      g_assert_true (memcmp (before, now, STRIDE * HEIGHT) == 0);
      g_assert_false (frame (&tiles, before, now));
      now[5] ^= 1; /* and what is cold again notices one change, once */
      g_assert_true (frame (&tiles, before, now));
      g_assert_false (frame (&tiles, before, now));
    }
  bl_x11_tiles_clear (&tiles);
}

/* Rectangles cover each changed cell once, and no other. */
static void
test_take (void)
{
  BlX11Tiles tiles;

  bl_x11_tiles_init (&tiles, 40 * BL_X11_CELL, 20 * BL_X11_CELL);
  for (guint round = 0; round < 200; round++)
    {
      const gsize n = 40 * 20;
      g_autofree guint8 *wanted = g_malloc0 (n);
      g_autofree guint8 *covered = g_malloc0 (n);
      BlX11Rect rect;

      for (gsize i = 0; i < n; i++)
        wanted[i] = tiles.changed[i] = g_test_rand_int_range (0, (gint32)(2 + round % 7)) != 0;
      while (bl_x11_tiles_take (&tiles, 1, &rect))
        {
          g_assert_cmpint (rect.width, <=, BL_X11_RECT_CELLS_WIDE * BL_X11_CELL);
          g_assert_cmpint (rect.height, <=, BL_X11_RECT_CELLS_HIGH * BL_X11_CELL);
          for (int y = rect.y / BL_X11_CELL; y < (rect.y + rect.height) / BL_X11_CELL; y++)
            for (int x = rect.x / BL_X11_CELL; x < (rect.x + rect.width) / BL_X11_CELL; x++)
              covered[y * 40 + x]++;
        }
      g_assert_cmpmem (covered, n, wanted, n);
    }
  bl_x11_tiles_clear (&tiles);
}

static void
test_quality (void)
{
  BlX11Tiles tiles;
  BlX11Rect rect;

  bl_x11_tiles_init (&tiles, WIDTH, HEIGHT);
  g_assert_cmpuint (bl_x11_tiles_mark_below (&tiles, 40), ==, 12);
  while (bl_x11_tiles_take (&tiles, 40, &rect))
    ;
  g_assert_cmpuint (bl_x11_tiles_mark_below (&tiles, 40), ==, 0);
  tiles.changed[5] = 1;
  g_assert_true (bl_x11_tiles_take (&tiles, 20, &rect));
  g_assert_cmpuint (bl_x11_tiles_mark_below (&tiles, 40), ==, 1);
  bl_x11_tiles_clear (&tiles);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/x11-tiles/suspect", test_suspect);
  g_test_add_func ("/x11-tiles/compare", test_compare);
  g_test_add_func ("/x11-tiles/heat", test_heat);
  g_test_add_func ("/x11-tiles/take", test_take);
  g_test_add_func ("/x11-tiles/quality", test_quality);
  return g_test_run ();
}
