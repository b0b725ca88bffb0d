// SPDX-License-Identifier: Apache-2.0
/* One value of each type at and beyond its limits, and the nearest known key. */
#include "bl-setting.h"

#include <string.h>

static gboolean
takes (BlSettingType type, gint64 minimum, gint64 maximum, const char *text, gint64 *number)
{
  const BlSetting setting = { .key = "k",
                              .type = type,
                              .minimum = minimum,
                              .maximum = maximum,
                              .values = "red|green",
                              .default_value = "" };
  BlSettingValue value = { 0 };
  g_autoptr (GError) error = NULL;
  gboolean taken = bl_setting_check (&setting, text, &value, &error);

  g_assert_true (taken == (error == NULL));
  if (number != NULL)
    *number = value.number;
  bl_setting_value_clear (&value);
  return taken;
}

static void
test_numbers (void)
{
  gint64 number = 0;

  g_assert_true (takes (BL_SETTING_INT, 0, 0, "-9223372036854775808", &number));
  g_assert_cmpint (number, ==, G_MININT64);
  g_assert_false (takes (BL_SETTING_INT, 0, 0, "9223372036854775808", NULL));
  g_assert_false (takes (BL_SETTING_INT, 0, 0, "", NULL));
  g_assert_false (takes (BL_SETTING_INT, 0, 0, "1 ", NULL));
  g_assert_false (takes (BL_SETTING_INT, 0, 0, "0x10", NULL));
  g_assert_false (takes (BL_SETTING_INT, 0, 0, "1.5", NULL));
  g_assert_false (takes (BL_SETTING_INT, 1, 5, "6", NULL));
  g_assert_true (takes (BL_SETTING_SECONDS, 0, 0, "2h", &number));
  g_assert_cmpint (number, ==, 7200);
  g_assert_false (takes (BL_SETTING_SECONDS, 0, 0, "h", NULL));
  g_assert_false (takes (BL_SETTING_SECONDS, 0, 0, "2w", NULL));
  g_assert_true (takes (BL_SETTING_BYTES, 0, 0, "3M", &number));
  g_assert_cmpint (number, ==, 3 * 1024 * 1024);
  g_assert_false (takes (BL_SETTING_BYTES, 0, 0, "9223372036854775807K", NULL));
}

static void
test_texts (void)
{
  g_autofree char *big = g_strnfill (70000, 'a');

  g_assert_true (takes (BL_SETTING_STRING, 0, 0, "anything = at all", NULL));
  g_assert_false (takes (BL_SETTING_STRING, 2, 3, "a", NULL));
  g_assert_false (takes (BL_SETTING_STRING, 0, 0, big, NULL));
  g_assert_false (takes (BL_SETTING_STRING, 0, 0, "\xff", NULL));
  g_assert_true (takes (BL_SETTING_CHOICE, 0, 0, "green", NULL));
  g_assert_false (takes (BL_SETTING_CHOICE, 0, 0, "gree", NULL));
  g_assert_true (takes (BL_SETTING_BOOL, 0, 0, "on", NULL));
  g_assert_false (takes (BL_SETTING_BOOL, 0, 0, "2", NULL));
  g_assert_true (takes (BL_SETTING_PATH, 0, 0, "/a", NULL));
  g_assert_false (takes (BL_SETTING_PATH, 0, 0, "a", NULL));
}

static gboolean
takes_list (guint32 flags, gint64 minimum, gint64 maximum, const char *text)
{
  const BlSetting setting
      = { .key = "k", .type = BL_SETTING_LIST, .flags = flags, .minimum = minimum, .maximum = maximum };
  BlSettingValue value = { 0 };
  gboolean taken = bl_setting_check (&setting, text, &value, NULL);

  bl_setting_value_clear (&value);
  return taken;
}

static void
test_lists (void)
{
  g_assert_true (takes_list (0, 0, 2, "a; b"));
  g_assert_false (takes_list (0, 0, 2, "a;b,c"));
  g_assert_true (takes_list (BL_SETTING_HEX, 4, 4, "00ff 1234"));
  g_assert_false (takes_list (BL_SETTING_HEX, 4, 4, "00f"));
  g_assert_false (takes_list (BL_SETTING_HEX, 4, 4, "00fg"));
  g_assert_true (takes_list (BL_SETTING_ORIGIN, 0, 0, "https://example.org:8443;http://[::1]:80"));
  g_assert_false (takes_list (BL_SETTING_ORIGIN, 0, 0, "https://example.org/"));
  g_assert_false (takes_list (BL_SETTING_ORIGIN, 0, 0, "example.org"));
  g_assert_false (takes_list (BL_SETTING_ORIGIN, 0, 0, "ftp://example.org"));
  g_assert_false (takes_list (BL_SETTING_ORIGIN, 0, 0, "https://user@example.org"));
}

static void
test_nearest (void)
{
  const char *const known[] = { "port", "redirect-port", "log-level", NULL };
  g_autofree char *big = g_strnfill (5000, 'p');

  g_assert_cmpstr (bl_setting_nearest ("prot", known), ==, "port");
  g_assert_cmpstr (bl_setting_nearest ("Log_Level", known), ==, "log-level");
  g_assert_cmpstr (bl_setting_nearest ("redirectport", known), ==, "redirect-port");
  g_assert_null (bl_setting_nearest ("colour", known));
  g_assert_null (bl_setting_nearest (big, known));
  g_assert_null (bl_setting_nearest ("x", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/setting/numbers", test_numbers);
  g_test_add_func ("/setting/texts", test_texts);
  g_test_add_func ("/setting/lists", test_lists);
  g_test_add_func ("/setting/nearest", test_nearest);
  return g_test_run ();
}
