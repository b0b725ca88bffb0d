// SPDX-License-Identifier: Apache-2.0
/* Documents: look-ups by type, and changes that keep order and share nothing with the old document. */
#include "common/bl-variant.h"

#include <string.h>

#include "common/bl-json.h"

static GVariant *
doc_from (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *doc = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, &error);
  g_assert_no_error (error);
  return doc;
}

static void
expect (GVariant *doc, const char *text)
{
  g_autofree char *found = bl_json_to_string (doc, NULL);
  g_assert_cmpstr (found, ==, text);
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (doc);
  g_autoptr (GVariant) again
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  g_assert_true (g_variant_is_normal_form (again));
}

static void
check_reads (GVariant *doc)
{
  g_assert_cmpstr (bl_variant_get_string (doc, "s"), ==, "text");
  g_assert_cmpstr (bl_variant_get_string (doc, "e"), ==, "");
  g_assert_null (bl_variant_get_string (doc, "i"));
  g_assert_null (bl_variant_get_string (doc, "none"));
  g_assert_cmpint (bl_variant_get_int (doc, "i", 0), ==, -5);
  g_assert_cmpint (bl_variant_get_int (doc, "two", 0), ==, 2);
  g_assert_cmpint (bl_variant_get_int (doc, "half", 7), ==, 7);
  g_assert_cmpint (bl_variant_get_int (doc, "s", 7), ==, 7);
  g_assert_cmpfloat (bl_variant_get_double (doc, "half", 0), ==, 0.5);
  g_assert_cmpfloat (bl_variant_get_double (doc, "i", 0), ==, -5);
  g_assert_true (bl_variant_get_bool (doc, "b", FALSE));
  g_assert_true (bl_variant_get_bool (doc, "i", TRUE));
  g_assert_false (bl_variant_get_bool (doc, "i", FALSE));
  g_assert_true (bl_variant_has (doc, "z"));
  g_assert_false (bl_variant_has (doc, "zz"));
  g_autoptr (GVariant) null = bl_variant_get_child (doc, "z");
  g_assert_true (bl_variant_is_null (null));
  g_autoptr (GVariant) object = bl_variant_get_object (doc, "o");
  g_assert_cmpint (bl_variant_get_int (object, "k", 0), ==, 1);
  g_assert_null (bl_variant_get_object (doc, "a"));
  g_autoptr (GVariant) array = bl_variant_get_array (doc, "a");
  g_assert_cmpuint (g_variant_n_children (array), ==, 2);
  g_auto (GStrv) names = bl_variant_get_strv (doc, "a");
  g_assert_cmpstr (names[1], ==, "y");
  g_assert_null (bl_variant_get_strv (doc, "mixed"));
  g_assert_null (bl_variant_get_strv (doc, "s"));
}

static const char sample[] = "{\"s\":\"text\",\"e\":\"\",\"i\":-5,\"two\":2.0,\"half\":0.5,\"b\":true,\"z\":"
                             "null,\"o\":{\"k\":1},\"a\":[\"x\",\"y\"],"
                             "\"mixed\":[\"x\",1]}";

static void
test_reads (void)
{
  g_autoptr (GVariant) doc = doc_from (sample);
  check_reads (doc);
  /* The same as a tree made by GVariant, which look-ups must serialise first. */
  g_autofree char *text = g_variant_print (doc, TRUE);
  g_autoptr (GVariant) tree = g_variant_parse (NULL, text, NULL, NULL, NULL);
  check_reads (tree);
}

static void
test_odd_documents (void)
{
  g_autoptr (GVariant) empty = bl_doc_new ();
  g_autoptr (GVariant) array = bl_json_parse ("[1]", 3, NULL, BL_JSON_DEFAULT, NULL);
  /* Not in normal form: counts as empty rather than being believed. */
  g_autoptr (GVariant) broken = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, "abcdefgh\x09", 9, FALSE, NULL, NULL));
  GVariant *odd[] = { NULL, empty, array, broken };
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_assert_null (bl_variant_get_string (odd[i], "a"));
      g_assert_false (bl_variant_has (odd[i], "a"));
      g_autoptr (GVariant) set = bl_doc_set_int (odd[i], "a", 1);
      expect (set, "{\"a\":1}");
      g_autoptr (GVariant) removed = bl_doc_remove (odd[i], "a");
      expect (removed, "{}");
      g_autoptr (GVariant) merged = bl_doc_merge (odd[i], set);
      expect (merged, "{\"a\":1}");
    }
}

static void
test_other_integers (void)
{
  g_autoptr (GVariant) doc = g_variant_ref_sink (g_variant_new_parsed (
      "{'y': <byte 200>, 'n': <int16 -2>, 'q': <uint16 65535>, 'i': <int32 -3>, 'u': <uint32 4294967295>,"
      " 't': <uint64 5>, 'T': <uint64 18446744073709551615>, 'big': <9.3e18>}"));
  g_assert_cmpint (bl_variant_get_int (doc, "y", 0), ==, 200);
  g_assert_cmpint (bl_variant_get_int (doc, "n", 0), ==, -2);
  g_assert_cmpint (bl_variant_get_int (doc, "q", 0), ==, 65535);
  g_assert_cmpint (bl_variant_get_int (doc, "i", 0), ==, -3);
  g_assert_cmpint (bl_variant_get_int (doc, "u", 0), ==, 4294967295);
  g_assert_cmpint (bl_variant_get_int (doc, "t", 0), ==, 5);
  g_assert_cmpint (bl_variant_get_int (doc, "T", -1), ==, -1);
  g_assert_cmpint (bl_variant_get_int (doc, "big", -1), ==, -1);
}

static void
test_changes (void)
{
  g_autoptr (GVariant) doc = doc_from ("{\"a\":1,\"b\":\"two\",\"c\":[3]}");
  g_autoptr (GVariant) one = bl_doc_set_string (doc, "b", "zwei");
  expect (one, "{\"a\":1,\"b\":\"zwei\",\"c\":[3]}");
  g_autoptr (GVariant) two = bl_doc_set_bool (one, "d", TRUE);
  expect (two, "{\"a\":1,\"b\":\"zwei\",\"c\":[3],\"d\":true}");
  g_autoptr (GVariant) three = bl_doc_remove (two, "a");
  expect (three, "{\"b\":\"zwei\",\"c\":[3],\"d\":true}");
  g_autoptr (GVariant) four = bl_doc_set_string (three, "c", NULL);
  expect (four, "{\"b\":\"zwei\",\"c\":null,\"d\":true}");
  g_autoptr (GVariant) five = bl_doc_set (four, "c", g_variant_new_parsed ("{'k': <1.5>}"));
  expect (five, "{\"b\":\"zwei\",\"c\":{\"k\":1.5},\"d\":true}");
  g_autoptr (GVariant) same = bl_doc_remove (five, "nothing");
  g_assert_true (same == five);
  g_autoptr (GVariant) patch = doc_from ("{\"x\":1,\"b\":null,\"d\":false,\"y\":null}");
  g_autoptr (GVariant) merged = bl_doc_merge (five, patch);
  expect (merged, "{\"c\":{\"k\":1.5},\"d\":false,\"x\":1}");
  expect (doc, "{\"a\":1,\"b\":\"two\",\"c\":[3]}");
}

static void
test_large (void)
{
  g_autoptr (GVariant) doc = bl_doc_new ();
  for (guint i = 0; i < 2000; i++)
    {
      g_autofree char *key = g_strdup_printf ("key-%u", i);
      g_autoptr (GVariant) next = bl_doc_set_string (doc, key, key);
      g_variant_unref (doc);
      doc = g_steal_pointer (&next);
    }
  g_assert_cmpuint (g_variant_n_children (doc), ==, 2000);
  g_assert_cmpstr (bl_variant_get_string (doc, "key-1999"), ==, "key-1999");
  g_assert_cmpstr (bl_variant_get_string (doc, "key-0"), ==, "key-0");
  g_autoptr (GVariant) less = bl_doc_remove (doc, "key-1000");
  g_assert_cmpuint (g_variant_n_children (less), ==, 1999);
}

/* The same bytes as GLib makes, so that the result may be compared, stored and sent like any other. */
static void
test_builder (void)
{
  g_autoptr (GVariant) expected = g_variant_ref_sink (
      g_variant_new_parsed ("{'s': <'text'>, 'empty': <''>, 'x': <int64 -5>, 'b': <true>, 'o': <{'k': <1.5>}>}"));
  BlDocBuilder builder;
  bl_doc_builder_init (&builder, 0);
  bl_doc_builder_add_string (&builder, "s", "text");
  bl_doc_builder_add_string (&builder, "empty", "");
  bl_doc_builder_add_int (&builder, "x", -5);
  bl_doc_builder_add (&builder, "b", g_variant_new_boolean (TRUE));
  bl_doc_builder_add (&builder, "o", g_variant_new_parsed ("{'k': <1.5>}"));
  g_autoptr (GVariant) made = bl_doc_builder_end (&builder);
  g_assert_false (g_variant_is_floating (made));
  g_assert_true (g_variant_is_normal_form (made));
  g_assert_true (g_variant_equal (made, expected));
  bl_doc_builder_init (&builder, 1000);
  bl_doc_builder_add_string (&builder, "n", NULL);
  bl_doc_builder_add (&builder, "m", NULL);
  g_autoptr (GVariant) nulls = bl_doc_builder_end (&builder);
  g_assert_cmpuint (g_variant_n_children (nulls), ==, 2);
  g_autoptr (GVariant) n = bl_variant_get_child (nulls, "n");
  g_assert_true (bl_variant_is_null (n));
  bl_doc_builder_init (&builder, 0);
  g_autoptr (GVariant) none = bl_doc_builder_end (&builder);
  g_assert_cmpuint (g_variant_n_children (none), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/variant/reads", test_reads);
  g_test_add_func ("/variant/odd-documents", test_odd_documents);
  g_test_add_func ("/variant/other-integers", test_other_integers);
  g_test_add_func ("/variant/changes", test_changes);
  g_test_add_func ("/variant/large", test_large);
  g_test_add_func ("/variant/builder", test_builder);
  return g_test_run ();
}
