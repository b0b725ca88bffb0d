// SPDX-License-Identifier: Apache-2.0
/* The form of a log line, and that secrets and forged lines do not get into it. */
#include "bl-log.h"

#include <string.h>

static char *
formatted (GVariant *fields, const char *message)
{
  return bl_log_format ("http", BOWLINE_LOG_WARNING, fields, message);
}

static void
test_plain (void)
{
  g_autofree char *line = formatted (NULL, "hello");

  g_assert_cmpstr (line, ==, "WARNING http: hello");
}

static void
test_fields (void)
{
  g_autofree char *line = formatted (
      g_variant_new_parsed ("{'port': <int64 443>, 'path': <'/a b'>, 'up': <true>, 'none': <''>}"), "m");

  g_assert_cmpstr (line, ==, "WARNING http: m port=443 path=\"/a b\" up=true none=\"\"");
}

static void
test_secrets (void)
{
  g_autofree char *line = formatted (
      g_variant_new_parsed ("{'password': <'hunter2'>, 'session-key': <'abc'>, 'raw': <b'bytes'>,"
                            " 'Cookie': <['a']>}"),
      "m");

  g_assert_null (strstr (line, "hunter2"));
  g_assert_null (strstr (line, "abc"));
  g_assert_null (strstr (line, "bytes'"));
  g_assert_nonnull (strstr (line, "raw=\"<6 bytes>\""));
  g_assert_nonnull (strstr (line, "password=\"<7 characters>\""));
  g_assert_nonnull (strstr (line, "Cookie=\"<not shown>\""));
}

static void
test_one_line (void)
{
  g_autofree char *line
      = formatted (g_variant_new_parsed ("{'a': <'x\\nERROR core: forged'>}"), "one\ntwo\x1b[31m\xff");

  g_assert_null (strchr (line, '\n'));
  g_assert_null (strchr (line, '\x1b'));
  g_assert_true (g_utf8_validate (line, -1, NULL));
  g_assert_true (g_str_has_prefix (line, "WARNING http: one\\ntwo\\u001b[31m"));
}

static void
test_bounded (void)
{
  g_autofree char *big = g_strnfill (1 << 20, 'a');
  g_autofree char *line = formatted (NULL, big);

  g_assert_cmpuint (strlen (line), <, 10000);
}

static void
test_level (void)
{
  guint32 level = 0;

  g_assert_true (bl_log_level_from_string ("debug", &level));
  g_assert_cmpuint (level, ==, BOWLINE_LOG_DEBUG);
  g_assert_false (bl_log_level_from_string ("loud", &level));
}

static int counted;

static void
count (const char *component, guint32 level, const char *message)
{
  if (strcmp (component, "test") == 0)
    counted++;
}

static void
test_hook (void)
{
  bl_log_set_hook (count);
  bl_log_set_level (BOWLINE_LOG_WARNING);
  bl_log ("test", BOWLINE_LOG_INFO, NULL, "not written");
  bl_log ("test", BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'n': <1>}"), "written %d", 1);
  g_assert_cmpint (counted, ==, 1);
  bl_log_set_hook (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/plain", test_plain);
  g_test_add_func ("/log/fields", test_fields);
  g_test_add_func ("/log/secrets", test_secrets);
  g_test_add_func ("/log/one-line", test_one_line);
  g_test_add_func ("/log/bounded", test_bounded);
  g_test_add_func ("/log/level", test_level);
  g_test_add_func ("/log/hook", test_hook);
  return g_test_run ();
}
