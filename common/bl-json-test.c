// SPDX-License-Identifier: Apache-2.0
/* JSON to GVariant and back: the grammar, the limits, the messages, and that the serialised form is
 * GVariant's own. */
#include "common/bl-json.h"

#include <math.h>
#include <string.h>

#include "common/bl-error.h"
#include "common/bl-variant.h"

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = bl_json_parse (text, strlen (text), NULL, BL_JSON_DEFAULT, &error);
  g_assert_no_error (error);
  g_assert_false (g_variant_is_floating (value));
  return value;
}

/* The bytes we wrote must be what GVariant itself accepts as normal and would write. */
static void
check_normal (GVariant *value)
{
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (value);
  g_autoptr (GVariant) untrusted
      = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (value), bytes, FALSE));
  g_assert_true (g_variant_is_normal_form (untrusted));
  g_autofree char *text = g_variant_print (value, TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) built = g_variant_parse (g_variant_get_type (value), text, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) expected = g_variant_get_data_as_bytes (built);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                   g_bytes_get_data (expected, NULL), g_bytes_get_size (expected));
}

static void
expect (const char *text, const char *printed)
{
  g_autoptr (GVariant) value = parse (text);
  g_autofree char *found = g_variant_print (value, TRUE);
  g_assert_cmpstr (found, ==, printed);
  check_normal (value);
}

static void
test_values (void)
{
  expect ("null", "@mv nothing");
  expect (" true ", "true");
  expect ("false", "false");
  expect ("0", "int64 0");
  expect ("-0", "int64 0");
  expect ("4294967295", "int64 4294967295");
  expect ("9223372036854775807", "int64 9223372036854775807");
  expect ("-9223372036854775808", "int64 -9223372036854775808");
  expect ("9223372036854775808", "9.2233720368547758e+18");
  expect ("-9223372036854775809", "-9.2233720368547758e+18");
  expect ("1.5", "1.5");
  expect ("1.0", "1.0");
  expect ("1e3", "1000.0");
  expect ("-1.25E-2", "-0.012500000000000001");
  expect ("\"\"", "''");
  expect ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"",
          "'a\"\\\\/\\b\\f\\n\\r\\t\xC3\xA4\xF0\x9F\x98\x80'");
  expect ("[]", "@av []");
  expect ("{}", "@a{sv} {}");
  expect ("[1,\"a\",[true,null]]", "[<int64 1>, <'a'>, <[<true>, <@mv nothing>]>]");
  expect ("{\"a\":1,\"b\":{\"c\":[{}]}}", "{'a': <int64 1>, 'b': <{'c': <[<@a{sv} {}>]>}>}");
  expect ("\r\n\t { \"a\" : [ 1 , 2 ] } \n", "{'a': <[<int64 1>, <int64 2>]>}");
}

static void
test_duplicates (void)
{
  expect ("{\"a\":1,\"b\":2,\"a\":\"last\"}", "{'b': <int64 2>, 'a': <'last'>}");
  expect ("{\"a\":1,\"a\":2,\"a\":3}", "{'a': <int64 3>}");
  expect ("{\"x\":{\"a\":1,\"a\":[1,2]},\"y\":0}",
          "{'x': <{'a': <[<int64 1>, <int64 2>]>}>, 'y': <int64 0>}");
  g_autoptr (GString) text = g_string_new ("{");
  for (guint i = 0; i < 1000; i++)
    g_string_append_printf (text, "%s\"key%u\":%u", i > 0 ? "," : "", i % 300, i);
  g_string_append_c (text, '}');
  g_autoptr (GVariant) doc = parse (text->str);
  g_assert_cmpuint (g_variant_n_children (doc), ==, 300);
  g_assert_cmpint (bl_variant_get_int (doc, "key299", -1), ==, 899);
  g_assert_cmpint (bl_variant_get_int (doc, "key0", -1), ==, 900);
  check_normal (doc);
}

/* Containers of every size around the borders where framing offsets get wider. */
static void
test_sizes (void)
{
  const guint sizes[]
      = { 1, 2, 7, 8, 100, 200, 240, 250, 255, 256, 257, 300, 65000, 65500, 65530, 65536, 70000 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint more = 0; more < 12; more++)
      {
        g_autofree char *fill = g_strnfill (sizes[i] + more, 'x');
        g_autofree char *text = g_strdup_printf ("{\"a\":[\"%s\",1],\"%s\":\"\"}", fill, fill);
        g_autoptr (GVariant) value = parse (text);
        check_normal (value);
        g_autofree char *again = bl_json_to_string (value, NULL);
        g_assert_cmpstr (again, ==, text);
      }
}

static void
refuse (const char *text, gint code, const char *message)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (bl_json_parse (text, strlen (text), NULL, BL_JSON_DEFAULT, &error));
  g_assert_error (error, BL_ERROR, code);
  if (message)
    g_assert_cmpstr (error->message, ==, message);
}

static void
test_refused (void)
{
  const char *bad[] = { "",
                        " ",
                        "{",
                        "[",
                        "\"",
                        "[1,]",
                        "{\"a\":1,}",
                        "{a:1}",
                        "{'a':1}",
                        "{\"a\" 1}",
                        "[1 2]",
                        "01",
                        "-",
                        "+1",
                        "1.",
                        ".5",
                        "1e",
                        "1e+",
                        "0x10",
                        "NaN",
                        "Infinity",
                        "tru",
                        "nul",
                        "truex",
                        "[1]]",
                        "// c",
                        "\"\\x\"",
                        "\"\\u12g4\"",
                        "\"a\nb\"",
                        "\"\\ud800\"",
                        "\"\\udc00\"",
                        "\"\\ud800\\u0041\"",
                        "\"\\u0000\"",
                        "\"\xFF\"",
                        "\"\xC3\"",
                        "{\"a\":}",
                        "[,1]",
                        "-01",
                        "1e999",
                        "\xEF\xBB\xBF{}",
                        NULL };
  for (guint i = 0; bad[i]; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value = bl_json_parse (bad[i], strlen (bad[i]), NULL, BL_JSON_DEFAULT, &error);
      g_assert_null (value);
      g_assert_nonnull (error);
    }
  refuse ("{\n  \"a\": tru\n}", BL_ERROR_INVALID,
          "JSON: line 2, column 8 (offset 9): expected a value, found 't'");
  refuse ("[1", BL_ERROR_INVALID, "JSON: line 1, column 3 (offset 2): expected ',' or ']', found the end");
  refuse ("[\"\xFF\"]", BL_ERROR_INVALID,
          "JSON: line 1, column 3 (offset 2): expected UTF-8, found byte 0xff");
}

static void
test_replace (void)
{
  const char *text = "\"a\xFF\\ud800b\\u0000\\ud83d\\ude00\\udc00\"";
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value
      = bl_json_parse (text, strlen (text), NULL, BL_JSON_REPLACE_INVALID_UTF8, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==,
                   "a\xEF\xBF\xBD\xEF\xBF\xBD"
                   "b\xEF\xBF\xBD\xF0\x9F\x98\x80\xEF\xBF\xBD");
}

static void
test_limits (void)
{
  BlJsonLimits limits = { .max_bytes = 40, .max_depth = 2, .max_values = 5, .max_string = 8 };
  struct
  {
    const char *text;
    gboolean good;
  } cases[] = {
    { "[[1]]", TRUE },
    { "[[[1]]]", FALSE },
    { "[1,2,3,4]", TRUE },
    { "[1,2,3,4,5]", FALSE },
    { "\"12345678\"", TRUE },
    { "\"123456789\"", FALSE },
    { "{\"123456789\":1}", FALSE },
    { "[                                      ]", TRUE },
    { "[                                       ]", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) value
          = bl_json_parse (cases[i].text, strlen (cases[i].text), &limits, BL_JSON_DEFAULT, &error);
      g_assert_cmpint (value != NULL, ==, cases[i].good);
      if (!cases[i].good)
        g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
    }
  g_autofree char *deep = g_strnfill (100000, '[');
  refuse (deep, BL_ERROR_TOO_LARGE, NULL);
  g_autofree char *digits = g_strnfill (BL_JSON_MAX_NUMBER + 1, '1');
  refuse (digits, BL_ERROR_TOO_LARGE, NULL);
}

/* The deepest document we take must stay within what GVariant itself can walk. */
static void
test_deepest (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < BL_JSON_MAX_DEPTH; i++)
    g_string_append (text, i % 2 ? "[" : "{\"k\":");
  g_string_append_c (text, '1');
  for (guint i = BL_JSON_MAX_DEPTH; i-- > 0;)
    g_string_append_c (text, i % 2 ? ']' : '}');
  g_autoptr (GVariant) value = parse (text->str);
  g_autofree char *again = bl_json_to_string (value, NULL);
  g_assert_cmpstr (again, ==, text->str);
}

static void
test_object (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (bl_json_parse_object ("[1]", 3, NULL, BL_JSON_DEFAULT, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_autoptr (GVariant) value = bl_json_parse_object ("{}", 2, NULL, BL_JSON_DEFAULT, NULL);
  g_assert_true (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT));
}

static void
test_write (void)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (
      "{'u': <uint32 4294967295>, 't': <uint64 18446744073709551615>, 'i': <int32 -5>, 'y': <byte 7>, 'n': "
      "<int16 -1>,"
      " 'q': <uint16 9>, 'd': <0.1>, 'e': <1e300>, 'f': <2.0>, 'as': <['a', 'b']>, 's': <'q\"\\\\\n\x01'>, "
      "'v': <<true>>,"
      " 'm': <@ms nothing>, 'o': <objectpath '/a'>, 'tuple': <(1, 'x')>, 'dict': <{'k': 1}>}"));
  g_autofree char *text = bl_json_to_string (value, NULL);
  g_assert_cmpstr (
      text, ==,
      "{\"u\":4294967295,\"t\":18446744073709551615,\"i\":-5,\"y\":7,\"n\":-1,\"q\":9,\"d\":0.1,\"e\":1e+300,"
      "\"f\":2.0,\"as\":[\"a\",\"b\"],\"s\":\"q\\\"\\\\\\n\\u0001\",\"v\":true,\"m\":null,\"o\":\"/a\","
      "\"tuple\":[1,\"x\"],\"dict\":{\"k\":1}}");
  g_autoptr (GString) out = g_string_new ("keep");
  g_autoptr (GVariant) bytes = g_variant_ref_sink (g_variant_new_parsed ("[<b'abc'>]"));
  g_autoptr (GError) error = NULL;
  g_assert_false (bl_json_append (out, bytes, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_UNSUPPORTED);
  g_assert_cmpstr (out->str, ==, "keep");
  g_autoptr (GVariant) nan = g_variant_ref_sink (g_variant_new_double (NAN));
  g_assert_false (bl_json_append (out, nan, NULL));
}

static void
test_doubles (void)
{
  for (guint i = 0; i < 5000; i++)
    {
      union
      {
        guint64 bits;
        double value;
      } number;
      number.bits = (guint64)(guint32)g_test_rand_int () << 32 | (guint32)g_test_rand_int ();
      if (!isfinite (number.value))
        continue;
      g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_double (number.value));
      g_autofree char *text = bl_json_to_string (value, NULL);
      g_autoptr (GVariant) back = parse (text);
      g_assert_true (g_variant_equal (value, back));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/values", test_values);
  g_test_add_func ("/json/duplicates", test_duplicates);
  g_test_add_func ("/json/sizes", test_sizes);
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/replace", test_replace);
  g_test_add_func ("/json/limits", test_limits);
  g_test_add_func ("/json/deepest", test_deepest);
  g_test_add_func ("/json/object", test_object);
  g_test_add_func ("/json/write", test_write);
  g_test_add_func ("/json/doubles", test_doubles);
  return g_test_run ();
}
