// SPDX-License-Identifier: Apache-2.0
#include "common/bl-rights-bits.h"
#include "common/bl-share.h"
#include "common/bl-variant.h"

#define HOUR G_GINT64_CONSTANT (3600000)
#define DAY (24 * HOUR)
#define START G_GINT64_CONSTANT (1700000000000)

static BlShareWindow
window_at (const char *text, gint64 now)
{
  g_autoptr (GVariant) share = g_variant_ref_sink (g_variant_new_parsed (text));

  return bl_share_window (share, now);
}

static void
test_unlimited (void)
{
  BlShareWindow window = window_at ("{'p': <@x 1>}", START);

  g_assert_cmpint (window.state, ==, BL_SHARE_OPEN);
  g_assert_cmpint (window.end_ms, ==, 0);
  g_assert_cmpint (bl_share_window (NULL, START).state, ==, BL_SHARE_OVER);
}

static void
test_range (void)
{
  const char *share = "{'startTime': <@x 1700000000000>, 'expireTime': <@x 1700000060000>}";

  g_assert_cmpint (window_at (share, START - 1).state, ==, BL_SHARE_EARLY);
  g_assert_cmpint (window_at (share, START).state, ==, BL_SHARE_OPEN);
  g_assert_cmpint (window_at (share, START + 59999).state, ==, BL_SHARE_OPEN);
  g_assert_cmpint (window_at (share, START + 60000).state, ==, BL_SHARE_OVER);
}

static void
test_recurring (void)
{
  const char *daily = "{'startTime': <@x 1700000000000>, 'duration': <@x 60>, 'recurring': <@x 1>}";
  const char *weekly = "{'startTime': <@x 1700000000000>, 'duration': <@x 60>, 'recurring': <@x 2>}";
  BlShareWindow window;

  g_assert_cmpint (window_at (daily, START - 1).state, ==, BL_SHARE_EARLY);
  g_assert_cmpint (window_at (daily, START - 1).start_ms, ==, START);
  window = window_at (daily, START + 5 * DAY + HOUR - 1);
  g_assert_cmpint (window.state, ==, BL_SHARE_OPEN);
  g_assert_cmpint (window.end_ms, ==, START + 5 * DAY + HOUR);
  window = window_at (daily, START + 5 * DAY + HOUR);
  g_assert_cmpint (window.state, ==, BL_SHARE_EARLY);
  g_assert_cmpint (window.start_ms, ==, START + 6 * DAY);
  g_assert_cmpint (window_at (weekly, START + 5 * DAY).state, ==, BL_SHARE_EARLY);
  g_assert_cmpint (window_at (weekly, START + 7 * DAY).state, ==, BL_SHARE_OPEN);
  /* longer than its period: always open */
  g_assert_cmpint (window_at ("{'startTime': <@x 1700000000000>, 'duration': <@x 3000>, 'recurring': <@x 1>}",
                              START + 9 * DAY + 23 * HOUR)
                       .state,
                   ==, BL_SHARE_OPEN);
}

static void
test_nonsense (void)
{
  static const char *const documents[] = {
    "{'startTime': <@x 1700000000000>}",
    "{'expireTime': <@x 1700000000000>}",
    "{'startTime': <'1'>, 'expireTime': <@x 1800000000000>}",
    "{'startTime': <@x -9223372036854775807>, 'expireTime': <@x 9223372036854775807>}",
    "{'startTime': <@x 1700000000000>, 'expireTime': <@x 1600000000000>}",
    "{'recurring': <@x 1>, 'duration': <@x 60>}",
    "{'recurring': <@x 3>, 'duration': <@x 60>, 'startTime': <@x 1700000000000>}",
    "{'recurring': <@x 1>, 'duration': <@x 9223372036854775807>, 'startTime': <@x 1700000000000>}",
    "{'recurring': <@x 1>, 'duration': <@x -1>, 'startTime': <@x 1700000000000>}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (documents); i++)
    g_assert_cmpint (window_at (documents[i], START + 1).state, ==, BL_SHARE_OVER);
}

static void
test_rights (void)
{
  const guint32 enough = BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_GUEST_SHARING;
  g_autoptr (GVariant) share
      = g_variant_ref_sink (g_variant_new_parsed ("{'p': <@x 2>, 'viewOnly': <true>}"));
  guint32 bits = bl_share_restrictions (share);

  g_assert_true (bl_share_allowed (BL_RIGHT_ALL));
  g_assert_true (bl_share_allowed (enough));
  g_assert_false (bl_share_allowed (BL_RIGHT_REMOTE_CONTROL));
  g_assert_false (bl_share_allowed (BL_RIGHT_GUEST_SHARING));
  g_assert_false (bl_share_allowed (enough | BL_RIGHT_LIMITED_INPUT));
  g_assert_true (bl_share_protocols_allowed (BL_RIGHT_ALL, 7));
  g_assert_true (bl_share_protocols_allowed (enough | BL_RIGHT_NO_TERMINAL, BL_SHARE_DESKTOP));
  g_assert_false (bl_share_protocols_allowed (enough | BL_RIGHT_NO_TERMINAL, BL_SHARE_TERMINAL));
  g_assert_false (bl_share_protocols_allowed (enough | BL_RIGHT_NO_DESKTOP, 7));
  g_assert_false (bl_share_protocols_allowed (enough | BL_RIGHT_NO_FILES, BL_SHARE_FILES));
  g_assert_cmpuint (bits & (BL_RIGHT_NO_TERMINAL | BL_RIGHT_NO_FILES | BL_RIGHT_VIEW_ONLY), ==,
                    BL_RIGHT_NO_TERMINAL | BL_RIGHT_NO_FILES | BL_RIGHT_VIEW_ONLY);
  g_assert_cmpuint (bits & BL_RIGHT_NO_DESKTOP, ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/share/unlimited", test_unlimited);
  g_test_add_func ("/share/range", test_range);
  g_test_add_func ("/share/recurring", test_recurring);
  g_test_add_func ("/share/nonsense", test_nonsense);
  g_test_add_func ("/share/rights", test_rights);
  return g_test_run ();
}
