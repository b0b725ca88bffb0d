// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-pace.h"

#define MS 1000

static void
test_interval (void)
{
  BlX11Pace pace;

  bl_x11_pace_init (&pace, 40);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 5 * MS), ==, 0);
  bl_x11_pace_begin (&pace, 5 * MS);
  bl_x11_pace_sent (&pace, 3, 8 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 15 * MS), ==, 30 * MS);
  bl_x11_pace_drained (&pace, 16 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 45 * MS), ==, 0);
}

/* The interval runs from the beginning of a frame, and one that costs more than that is followed by a rest.
 */
static void
test_cost (void)
{
  BlX11Pace pace;

  bl_x11_pace_init (&pace, 20);
  bl_x11_pace_begin (&pace, 100 * MS);
  bl_x11_pace_sent (&pace, 1, 112 * MS);
  bl_x11_pace_looked (&pace, 4 * MS, 115 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 115 * MS), ==, 5 * MS);
  bl_x11_pace_begin (&pace, 200 * MS);
  bl_x11_pace_looked (&pace, 60 * MS, 260 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 260 * MS), ==, 30 * MS);
  bl_x11_pace_begin (&pace, 300 * MS); /* long for other reasons: the device was busy with something else */
  bl_x11_pace_looked (&pace, 4 * MS, 360 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 362 * MS), ==, 0);
}

static void
test_acks (void)
{
  BlX11Pace pace;

  bl_x11_pace_init (&pace, 20);
  bl_x11_pace_sent (&pace, 2, 1 * MS);
  bl_x11_pace_acked (&pace, 2, 11 * MS);
  g_assert_true (pace.acks && pace.n_frames == 0);
  bl_x11_pace_sent (&pace, 1, 21 * MS);
  bl_x11_pace_begin (&pace, 41 * MS);
  bl_x11_pace_sent (&pace, 1, 41 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 61 * MS), ==, -1); // two in flight are enough at 10 ms
  bl_x11_pace_acked (&pace, 99, 62 * MS);                      // never sent
  g_assert_cmpint (bl_x11_pace_wait (&pace, 62 * MS), ==, -1);
  bl_x11_pace_acked (&pace, 3, 63 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 63 * MS), ==, 0);
  bl_x11_pace_sent (&pace, 1, 63 * MS);
  g_assert_cmpint (bl_x11_pace_wait (&pace, 3000 * MS), ==, 0); // it does not wait for ever
}

/* A viewer far away gets its full rate. */
static void
test_far (void)
{
  BlX11Pace pace;
  gint64 now = 0;
  guint frames = 0;

  bl_x11_pace_init (&pace, 40);
  for (guint32 acked = 0; now < 10000 * MS; now += 5 * MS)
    {
      if (bl_x11_pace_wait (&pace, now) == 0)
        {
          bl_x11_pace_begin (&pace, now);
          bl_x11_pace_sent (&pace, 1, now);
          frames++;
        }
      while (pace.n_frames > 0 && now - pace.frames[0].time >= 200 * MS)
        bl_x11_pace_acked (&pace, ++acked, now);
    }
  g_assert_cmpuint (frames, >=, 240);
  g_assert_cmpuint (bl_x11_pace_quality (&pace, 80), ==, 80);
}

static void
test_quality (void)
{
  BlX11Pace pace;

  bl_x11_pace_init (&pace, 20);
  for (guint i = 0; i < 20; i++)
    {
      bl_x11_pace_sent (&pace, 1, i * 400 * MS);
      bl_x11_pace_drained (&pace, i * 400 * MS + 300 * MS);
    }
  g_assert_cmpuint (bl_x11_pace_quality (&pace, 80), ==, BL_X11_QUALITY_MIN);
  g_assert_cmpuint (bl_x11_pace_quality (&pace, 10), ==, 10);
  for (guint i = 20; i < 60; i++)
    {
      bl_x11_pace_sent (&pace, 1, i * 400 * MS);
      bl_x11_pace_drained (&pace, i * 400 * MS + 5 * MS);
    }
  g_assert_cmpuint (bl_x11_pace_quality (&pace, 80), ==, 80);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/x11-pace/interval", test_interval);
  g_test_add_func ("/x11-pace/cost", test_cost);
  g_test_add_func ("/x11-pace/acks", test_acks);
  g_test_add_func ("/x11-pace/far", test_far);
  g_test_add_func ("/x11-pace/quality", test_quality);
  return g_test_run ();
}
