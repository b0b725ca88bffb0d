// SPDX-License-Identifier: Apache-2.0
#include "common/bl-presets.h"

#include "common/bl-error.h"

#include <string.h>

static GPtrArray *
parse (const char *text, GError **error)
{
  return bl_presets_parse (text, strlen (text), error);
}

static void
test_good (void)
{
  static const char list[] = "[{\"name\":\"Disk\",\"type\":\"SH\",\"cmd\":\"df -h\"},"
                             "{\"name\":\"Ää\",\"type\":\"ps1\",\"runas\":\"UserFirst\",\"file\":\"a.ps1\",\"other\":1}]";
  g_autofree char *object = g_strdup_printf ("{\"title\":\"x\",\"preconfiguredScripts\":%s}", list);
  g_autoptr (GPtrArray) presets = parse (list, NULL);
  g_autoptr (GPtrArray) same = parse (object, NULL);
  g_autoptr (GPtrArray) none = parse ("[]", NULL);
  const BlPreset *first = presets->pdata[0], *second = presets->pdata[1];

  g_assert_cmpuint (presets->len, ==, 2);
  g_assert_cmpuint (same->len, ==, 2);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_cmpstr (first->commands, ==, "df -h");
  g_assert_cmpint (first->type, ==, 3);
  g_assert_cmpint (first->run_as, ==, -1);
  g_assert_null (first->file);
  g_assert_cmpstr (second->file, ==, "a.ps1");
  g_assert_cmpint (second->type, ==, 2);
  g_assert_cmpint (second->run_as, ==, 1);
}

static void
test_bad (void)
{
  static const char *const bad[][2] = {
    { "", "" },
    { "3", "an array" },
    { "{}", "an array" },
    { "{\"preconfiguredScripts\":{}}", "an array" },
    { "[3]", "number 1: expected an object" },
    { "[{\"type\":\"sh\",\"cmd\":\"x\"}]", "a name" },
    { "[{\"name\":\"\",\"type\":\"sh\",\"cmd\":\"x\"}]", "a name" },
    { "[{\"name\":\"123456789012345678901234567890123\",\"type\":\"sh\",\"cmd\":\"x\"}]", "a name" },
    { "[{\"name\":\"a\",\"type\":\"\",\"cmd\":\"x\"}]", "the type" },
    { "[{\"name\":\"a\",\"type\":\"zsh\",\"cmd\":\"x\"}]", "the type" },
    { "[{\"name\":\"a\",\"type\":\"sh\",\"cmd\":\"x\"},{\"name\":\"b\",\"type\":\"sh\"}]", "number 2: expected either" },
    { "[{\"name\":\"a\",\"type\":\"sh\",\"cmd\":\"x\",\"file\":\"y\"}]", "either" },
    { "[{\"name\":\"a\",\"type\":\"sh\",\"cmd\":\"\"}]", "65535" },
    { "[{\"name\":\"a\",\"type\":\"sh\",\"file\":\"\"}]", "a file" },
    { "[{\"name\":\"a\",\"type\":\"sh\",\"cmd\":\"x\",\"runas\":\"root\"}]", "runas" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (bad[i][0], &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, bad[i][1]));
    }
}

static void
test_limits (void)
{
  g_autoptr (GString) many = g_string_new ("[");
  g_autoptr (GPtrArray) presets = NULL;

  for (guint i = 0; i < BL_PRESETS_MAX; i++)
    g_string_append_printf (many, "%s{\"name\":\"n\",\"type\":\"sh\",\"cmd\":\"x\"}", i > 0 ? "," : "");
  g_string_append_c (many, ']');
  presets = parse (many->str, NULL);
  g_assert_cmpuint (presets->len, ==, BL_PRESETS_MAX);
  g_string_truncate (many, many->len - 1);
  g_string_append (many, ",{\"name\":\"n\",\"type\":\"sh\",\"cmd\":\"x\"}]");
  g_assert_null (parse (many->str, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/presets/good", test_good);
  g_test_add_func ("/presets/bad", test_bad);
  g_test_add_func ("/presets/limits", test_limits);
  return g_test_run ();
}
