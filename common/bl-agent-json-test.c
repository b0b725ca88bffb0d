// SPDX-License-Identifier: Apache-2.0
/* What devices report: real messages pass, hostile ones are cut, cleaned or refused with the field's name. */
#include "common/bl-agent-json.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

static GVariant *
check (const char *text, GError **error)
{
  g_autoptr (GVariant) message
      = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_REPLACE_INVALID_UTF8, error);
  g_assert_nonnull (message);
  return bl_agent_json_check (message, error);
}

static void
expect (const char *text, const char *kept)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = check (text, &error);
  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (result));
  g_autofree char *found = bl_json_to_string (result, NULL);
  g_assert_cmpstr (found, ==, kept);
}

static void
refuse (const char *text, gint code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) result = check (text, &error);
  g_assert_null (result);
  g_assert_error (error, BL_ERROR, code);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_real (void)
{
  expect ("{\"action\":\"ping\"}", "{\"action\":\"ping\"}");
  expect ("{\"action\":\"coreinfo\",\"caps\":15,\"value\":\"core v1\",\"osdesc\":\"Debian\",\"root\":true,"
          "\"users\":[\"a\"],\"lusers\":null}",
          "{\"action\":\"coreinfo\",\"caps\":15,\"value\":\"core "
          "v1\",\"osdesc\":\"Debian\",\"root\":true,\"users\":[\"a\"]}");
  expect ("{\"action\":\"netinfo\",\"netif2\":{\"eth0\":[{\"family\":\"IPv4\",\"address\":\"10.0.0.1\","
          "\"index\":2}]}}",
          "{\"action\":\"netinfo\",\"netif2\":{\"eth0\":[{\"family\":\"IPv4\",\"address\":\"10.0.0.1\","
          "\"index\":2}]}}");
  expect ("{\"action\":\"sessions\",\"type\":\"kvm\",\"value\":{\"user//admin\":1}}",
          "{\"action\":\"sessions\",\"type\":\"kvm\",\"value\":{\"user//admin\":1}}");
  expect ("{\"action\":\"battery\",\"state\":\"ac\",\"level\":97.5}",
          "{\"action\":\"battery\",\"state\":\"ac\",\"level\":97}");
  expect ("{\"action\":\"msg\",\"type\":\"console\",\"value\":\"a\\r\\nb\",\"sessionid\":\"user//a/1\"}",
          "{\"action\":\"msg\",\"type\":\"console\",\"value\":\"a\\r\\nb\",\"sessionid\":\"user//a/1\"}");
  expect ("{\"action\":\"log\",\"msg\":\"x\",\"msgid\":5,\"msgArgs\":[\"a\",3,null],\"userid\":\"user//a\"}",
          "{\"action\":\"log\",\"msg\":\"x\",\"msgid\":5,\"msgArgs\":[\"a\",3],\"userid\":\"user//a\"}");
  expect ("{\"action\":\"msg\",\"type\":\"setclip\",\"success\":true,\"tag\":1}",
          "{\"action\":\"msg\",\"type\":\"setclip\",\"success\":true,\"tag\":1}");
}

static void
test_cleaned (void)
{
  expect ("{\"action\":\"coreinfo\",\"osdesc\":\"<b>\\u001b[1mx\\n\\u202ey\",\"evil\":1,\"root\":1}",
          "{\"action\":\"coreinfo\",\"osdesc\":\"<b>[1mxy\",\"root\":true}");
  expect ("{\"action\":\"sysinfo\",\"data\":{\"a\\u0007b\":\"c\\u0000d\",\"__proto__\":{\"x\":1},"
          "\"a\\u0008b\":2}}",
          "{\"action\":\"sysinfo\",\"data\":{\"ab\":\"c\xEF\xBF\xBD"
          "d\"}}");
  g_autofree char *long_text = g_strnfill (300, 'x');
  g_autofree char *text = g_strdup_printf ("{\"action\":\"coreinfo\",\"osdesc\":\"%s\"}", long_text);
  g_autoptr (GVariant) result = check (text, NULL);
  g_assert_cmpuint (strlen (bl_variant_get_string (result, "osdesc")), ==, 256);
}

static void
test_refused (void)
{
  refuse ("{}", BL_ERROR_INVALID, "action: expected a text, found none");
  refuse ("{\"action\":\"format\"}", BL_ERROR_UNKNOWN, "action: expected a known one, found 'format'");
  refuse ("{\"action\":\"msg\",\"type\":\"tunnel\"}", BL_ERROR_UNKNOWN,
          "type: expected a known one, found 'tunnel'");
  refuse ("{\"action\":\"msg\"}", BL_ERROR_UNKNOWN, "type: expected a known one, found 'msg'");
  refuse ("{\"action\":\"coreinfo\",\"osdesc\":{}}", BL_ERROR_INVALID,
          "coreinfo: osdesc: expected a text, found type a{sv}");
  refuse ("{\"action\":\"coreinfo\",\"caps\":-1}", BL_ERROR_INVALID,
          "coreinfo: caps: expected 0 to 4294967295, found -1");
  refuse ("{\"action\":\"coreinfo\",\"root\":\"yes\"}", BL_ERROR_INVALID,
          "coreinfo: root: expected a boolean, found type s");
  refuse ("{\"action\":\"coreinfo\",\"users\":[[]]}", BL_ERROR_INVALID,
          "coreinfo: users: expected an array of texts, found type av");
  refuse ("{\"action\":\"battery\",\"level\":101}", BL_ERROR_INVALID,
          "battery: level: expected 0 to 100, found 101");
  refuse ("{\"action\":\"battery\",\"state\":\"a\\nc\"}", BL_ERROR_INVALID,
          "battery: state: expected no control characters, found 0x0a");
  refuse ("{\"action\":\"battery\",\"state\":\"123456789\"}", BL_ERROR_TOO_LARGE,
          "battery: state: expected at most 8 bytes, found 9");
  refuse ("{\"action\":\"agentName\"}", BL_ERROR_INVALID, "agentName: value: expected a value, found none");
  refuse ("{\"action\":\"msg\",\"type\":\"setclip\",\"success\":{}}", BL_ERROR_INVALID,
          "msg: success: expected a text, a number or a boolean, found type a{sv}");
}

static void
test_free_bounds (void)
{
  g_autoptr (GString) deep = g_string_new ("{\"action\":\"sysinfo\",\"data\":");
  for (guint i = 0; i < 20; i++)
    g_string_append (deep, "{\"k\":");
  g_string_append_c (deep, '1');
  for (guint i = 0; i < 21; i++)
    g_string_append_c (deep, '}');
  g_autoptr (GVariant) result = check (deep->str, NULL);
  g_autofree char *kept = bl_json_to_string (result, NULL);
  guint levels = 0;
  for (const char *p = kept; *p; p++)
    levels += *p == '{';
  g_assert_cmpuint (levels, ==, 14);

  g_autofree char *fill = g_strnfill (70000, 'x');
  g_autofree char *large
      = g_strdup_printf ("{\"action\":\"sessions\",\"type\":\"app\",\"value\":\"%s\"}", fill);
  g_autoptr (GError) error = NULL;
  g_assert_null (check (large, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);

  g_autofree char *many = g_strdup_printf ("{\"action\":\"coreinfo\",\"users\":[%s1]}", "1,");
  g_autoptr (GVariant) users = check (many, NULL);
  g_assert_nonnull (users);
}

static void
test_known (void)
{
  g_assert_true (bl_agent_json_is_known ("msg"));
  g_assert_true (bl_agent_json_is_known ("coreinfo"));
  g_assert_false (bl_agent_json_is_known ("Coreinfo"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent-json/real", test_real);
  g_test_add_func ("/agent-json/cleaned", test_cleaned);
  g_test_add_func ("/agent-json/refused", test_refused);
  g_test_add_func ("/agent-json/free-bounds", test_free_bounds);
  g_test_add_func ("/agent-json/known", test_known);
  return g_test_run ();
}
