// SPDX-License-Identifier: Apache-2.0
/* Compares the UTF-8 check with GLib's, and checks what cleaning removes. */
#include "common/bl-utf8.h"

#include <string.h>

static void
test_all_characters (void)
{
  for (gunichar c = 1; c <= 0x110000; c++)
    {
      char text[8];
      int n = g_unichar_to_utf8 (c, text);
      g_assert_cmpint (bl_utf8_is_valid (text, (gsize)n), ==, g_utf8_validate (text, n, NULL));
      g_assert_false (n > 1 && bl_utf8_is_valid (text, (gsize)n - 1));
    }
}

static void
test_random (void)
{
  for (guint round = 0; round < 20000; round++)
    {
      char text[24];
      const char *end;
      gsize len = (gsize)g_test_rand_int_range (0, sizeof text);
      for (gsize i = 0; i < len; i++)
        text[i] = (char)g_test_rand_int_range (1, g_test_rand_bit () ? 0x80 : 0x100);
      g_utf8_validate (text, (gssize)len, &end);
      g_assert_cmpuint (bl_utf8_valid_prefix (text, len), ==, (gsize)(end - text));
    }
  g_assert_true (bl_utf8_is_valid ("a\0b", 3));
}

static void
expect_clean (const char *text, gsize max, gboolean newlines, const char *expected)
{
  g_autofree char *clean = bl_utf8_clean (text, strlen (text), max, newlines);
  g_assert_cmpstr (clean, ==, expected);
}

static void
test_clean (void)
{
  expect_clean ("Gr\xC3\xBC\xC3\x9F"
                "e",
                100, FALSE,
                "Gr\xC3\xBC\xC3\x9F"
                "e");
  expect_clean ("Gr\xC3\xBC\xC3\x9F"
                "e",
                3, FALSE, "Gr\xC3\xBC");
  expect_clean ("a\x1B[31mb\r\n\tc\x7F", 100, FALSE, "a[31mbc");
  expect_clean ("a\r\n\tb\a", 100, TRUE, "a\r\n\tb");
  expect_clean ("a\xFF\xC3", 100, FALSE, "a\xEF\xBF\xBD\xEF\xBF\xBD");
  expect_clean ("exe\xE2\x80\xAEgpj", 100, FALSE, "exegpj");
  expect_clean ("abc", 0, FALSE, "");
  g_autofree char *nul = bl_utf8_clean ("a\0b", 3, 9, TRUE);
  g_assert_cmpstr (nul, ==, "ab");
}

static void
test_show (void)
{
  g_autofree char *shown = bl_show ("a\nb", 3);
  g_assert_cmpstr (shown, ==, "ab");
  g_autofree char *x = g_strnfill (80, 'x');
  g_autofree char *same = bl_show (x, 80);
  g_assert_cmpstr (same, ==, x);
  g_autofree char *y = g_strnfill (5000, 'x');
  g_autofree char *cut = bl_show (y, 5000);
  g_assert_cmpuint (strlen (cut), ==, 83);
  g_assert_true (g_str_has_suffix (cut, "x..."));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/utf8/all-characters", test_all_characters);
  g_test_add_func ("/utf8/random", test_random);
  g_test_add_func ("/utf8/clean", test_clean);
  g_test_add_func ("/utf8/show", test_show);
  return g_test_run ();
}
