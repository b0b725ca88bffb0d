// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-spare.h"

#define START (100 * G_USEC_PER_SEC)

static BlX11Spare
make_keys (guint n)
{
  BlX11Spare spare = { 0 };

  for (guint i = 0; i < n; i++)
    bl_x11_spare_add (&spare, (guint8)(200 + i), 0);
  return spare;
}

static void
test_reuse (void)
{
  BlX11Spare spare = make_keys (3);
  gboolean fresh;
  gint64 wait;

  for (guint32 symbol = 1; symbol <= 3; symbol++)
    {
      g_assert_nonnull (bl_x11_spare_take (&spare, symbol, START + symbol, &fresh, &wait));
      g_assert_true (fresh && wait == 0);
    }
  const guint8 second = bl_x11_spare_with (&spare, 2)->code;
  g_assert_nonnull (bl_x11_spare_take (&spare, 1, START + 10, &fresh, &wait)); // it has one
  g_assert_false (fresh);
  g_assert_null (bl_x11_spare_take (&spare, 4, START + 12, &fresh, &wait)); // all were used a moment ago
  g_assert_cmpint (wait, ==, BL_X11_SPARE_REST_US - 10);
  const BlX11SpareKey *key = bl_x11_spare_take (&spare, 4, START + 12 + wait, &fresh, &wait);
  g_assert_true (key != NULL && fresh && key->code == second); // the one that was idle for longest
  g_assert_null (bl_x11_spare_with (&spare, 2));
}

static void
test_held (void)
{
  BlX11Spare spare = make_keys (1);
  gboolean fresh;
  gint64 wait;

  bl_x11_spare_take (&spare, 1, START, &fresh, &wait)->held = TRUE;
  g_assert_null (bl_x11_spare_take (&spare, 2, START + 2 * G_USEC_PER_SEC, &fresh, &wait));
  g_assert_cmpint (wait, ==, 0);
  spare.keys[0].held = FALSE;
  g_assert_nonnull (bl_x11_spare_take (&spare, 2, START + 2 * G_USEC_PER_SEC, &fresh, &wait));
}

static void
test_none (void)
{
  BlX11Spare spare = make_keys (0);
  gboolean fresh;
  gint64 wait;

  g_assert_null (bl_x11_spare_take (&spare, 1, START, &fresh, &wait));
  g_assert_cmpint (wait, ==, 0);
  for (guint i = 0; i < 100; i++)
    bl_x11_spare_add (&spare, (guint8)(8 + i), START);
  g_assert_cmpuint (spare.n, ==, BL_X11_SPARE_MAX);
  g_assert_nonnull (bl_x11_spare_find (&spare, 8));
  g_assert_null (bl_x11_spare_find (&spare, 107));
  g_assert_null (bl_x11_spare_take (&spare, 1, START, &fresh, &wait)); // another viewer may have used them
  g_assert_cmpint (wait, ==, BL_X11_SPARE_REST_US);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/x11-spare/reuse", test_reuse);
  g_test_add_func ("/x11-spare/held", test_held);
  g_test_add_func ("/x11-spare/none", test_none);
  return g_test_run ();
}
