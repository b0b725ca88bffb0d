// SPDX-License-Identifier: Apache-2.0
/* Token bucket and backoff with a clock of the test's own. */
#include "common/bl-rate.h"

#define SECOND G_GINT64_CONSTANT (1000000)

static void
test_bucket (void)
{
  BlRate rate;
  gint64 now = 5 * SECOND;
  bl_rate_init (&rate, 10, 5, now);
  g_assert_true (bl_rate_is_full (&rate, now));
  for (guint i = 0; i < 5; i++)
    g_assert_true (bl_rate_take (&rate, 1, now));
  g_assert_false (bl_rate_take (&rate, 1, now));
  g_assert_cmpint (bl_rate_wait (&rate, 1, now), ==, SECOND / 10);
  g_assert_false (bl_rate_take (&rate, 1, now + SECOND / 10 - 1));
  g_assert_true (bl_rate_take (&rate, 1, now + SECOND / 10));
  g_assert_cmpint (bl_rate_wait (&rate, 6, now + SECOND), ==, -1);
  g_assert_true (bl_rate_take (&rate, 5, now + 100 * SECOND));
  g_assert_false (bl_rate_is_full (&rate, now + 100 * SECOND));
  /* A clock that steps back neither gives nor takes. */
  g_assert_false (bl_rate_take (&rate, 1, now));
  g_assert_true (bl_rate_take (&rate, 1, now + 101 * SECOND));
}

static void
test_extremes (void)
{
  BlRate rate;
  bl_rate_init (&rate, G_MAXUINT32, G_MAXUINT32, 0);
  g_assert_true (bl_rate_take (&rate, G_MAXUINT32, 1));
  g_assert_true (bl_rate_take (&rate, G_MAXUINT32, G_MAXINT64));
  bl_rate_init (&rate, 0, 1, 0);
  g_assert_true (bl_rate_take (&rate, 1, 0));
  g_assert_cmpint (bl_rate_wait (&rate, 1, G_MAXINT64), ==, -1);
}

static void
test_backoff (void)
{
  BlBackoff backoff;
  for (guint round = 0; round < 200; round++)
    {
      guint32 last = 500;
      bl_backoff_init (&backoff, 500, 240000);
      for (guint i = 0; i < 30; i++)
        {
          guint32 delay = bl_backoff_next (&backoff, (guint32)g_test_rand_int ());
          g_assert_cmpuint (delay, >=, MIN (last, 240000));
          g_assert_cmpuint (delay, <=, MIN (2 * last, 360000));
          last = MIN (delay, 240000);
        }
      bl_backoff_reset (&backoff);
      g_assert_cmpuint (bl_backoff_next (&backoff, 0), ==, 500);
    }
  bl_backoff_init (&backoff, 500, 240000);
  for (guint i = 0; i < 12; i++)
    bl_backoff_next (&backoff, G_MAXUINT32);
  g_assert_cmpuint (bl_backoff_next (&backoff, G_MAXUINT32), ==, 360000);
  g_assert_cmpuint (bl_backoff_next (&backoff, 0), ==, 240000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rate/bucket", test_bucket);
  g_test_add_func ("/rate/extremes", test_extremes);
  g_test_add_func ("/rate/backoff", test_backoff);
  return g_test_run ();
}
