// SPDX-License-Identifier: Apache-2.0
/* MeshCentral's database files: what wins, what is tolerated, what is refused; keys, dates and ciphers. */
#include "common/bl-nedb.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

/* Made with Node's crypto as MeshCentral calls it, with "a passphrase". */
#define LINE_A "BwcHBwcHBwcHBwcHBwcHB+4ya7QgxF0PV7InWXfVmnbIb8KIx7vux6JlIJIO7rH3"
#define LINE_B_DELETED "BwcHBwcHBwcHBwcHBwcHBwuwOSvEmFAIxGtq9Gl7Bglg6ZanOfvGGfal08Ouc0QX"
#define SECRETS "CQkJCQkJCQkJCQkJLbDdFUhtrWJ41ktj2CtCJgOeFzFocMFsYXLT4zU5sIo3/zPXB3zR"

static GPtrArray *
read_text (const char *text, BlNedbStats *stats)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *documents = bl_nedb_read (text, strlen (text), NULL, FALSE, stats, &error);
  g_assert_no_error (error);
  return documents;
}

static void
assert_document (GPtrArray *documents, guint index, const char *json)
{
  g_assert_cmpuint (index, <, documents->len);
  g_autofree char *found = bl_json_to_string (g_ptr_array_index (documents, index), NULL);
  g_assert_cmpstr (found, ==, json);
}

static void
test_last_line_wins (void)
{
  BlNedbStats stats;
  g_autoptr (GPtrArray) documents = read_text ("\xEF\xBB\xBF{\"_id\":\"a\",\"v\":1}\r\n"
                                               "{\"$$indexCreated\":{\"fieldName\":\"type\"}}\n"
                                               "{\"v\":2,\"_id\":\"b\"}\n\n"
                                               "{\"_id\":\"a\",\"v\":3}\n"
                                               "{\"$$deleted\":true,\"_id\":\"b\"}\n"
                                               "{\"$$deleted\":true,\"_id\":\"never was\"}\n"
                                               "{\"$$indexRemoved\":\"type\"}\n"
                                               "{\"_id\":\"c\"}\n"
                                               "{\"_id\":\"b\",\"v\":4}",
                                               &stats);
  g_assert_cmpuint (documents->len, ==, 3);
  assert_document (documents, 0, "{\"_id\":\"a\",\"v\":3}");
  assert_document (documents, 1, "{\"_id\":\"b\",\"v\":4}");
  assert_document (documents, 2, "{\"_id\":\"c\"}");
  g_assert_cmpuint (stats.lines, ==, 9);
  g_assert_cmpuint (stats.deletes, ==, 2);
  g_assert_cmpuint (stats.bad, ==, 0);
  g_assert_false (stats.torn);
}

static void
test_tolerance (void)
{
  BlNedbStats stats;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) torn = read_text ("{\"_id\":\"a\"}\n{\"_id\":\"b\",\"na", &stats);

  g_assert_cmpuint (torn->len, ==, 1);
  g_assert_true (stats.torn);
  g_assert_cmpuint (stats.bad, ==, 0);
  for (guint i = 0; i < 90; i++)
    g_string_append_printf (text, "{\"_id\":\"%u\"}\n", i);
  for (guint i = 0; i < 10; i++)
    g_string_append (text, "no document\n");
  g_autoptr (GPtrArray) tenth = bl_nedb_read (text->str, text->len, NULL, TRUE, &stats, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tenth->len, ==, 90);
  g_assert_cmpuint (stats.bad, ==, 10);
  g_string_append (text, "{\"no id\":1}\n");
  g_assert_null (bl_nedb_read (text->str, text->len, NULL, TRUE, &stats, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "11 of 101 lines"));
  g_autoptr (GPtrArray) lenient = read_text (text->str, &stats);
  g_assert_cmpuint (lenient->len, ==, 90);
}

static void
test_line_limit (void)
{
  BlNedbStats stats;
  g_autoptr (GString) text = g_string_new ("{\"_id\":\"a\",\"v\":\"");
  gsize room = BL_NEDB_MAX_LINE - text->len - 2;
  g_autofree char *filler = g_strnfill (room, 'x');

  g_string_append (text, filler);
  g_string_append (text, "\"}\n");
  g_autoptr (GPtrArray) fits = read_text (text->str, &stats);
  g_assert_cmpuint (fits->len, ==, 1);
  g_string_insert_c (text, 16, 'x');
  g_autoptr (GPtrArray) too_long = read_text (text->str, &stats);
  g_assert_cmpuint (too_long->len, ==, 0);
  g_assert_cmpuint (stats.bad, ==, 1);
}

static void
test_dates (void)
{
  BlNedbStats stats;
  g_autoptr (GPtrArray) documents
      = read_text ("{\"_id\":\"a\",\"t\":{\"$$date\":1700000000123},\"l\":[{\"x\":{\"$$date\":5}}],"
                   "\"bad\":{\"$$date\":\"x\"},\"two\":{\"$$date\":1,\"y\":2}}\n"
                   "{\"$$date\":1}\n",
                   &stats);
  assert_document (documents, 0,
                   "{\"_id\":\"a\",\"t\":1700000000123,\"l\":[{\"x\":5}],\"bad\":null,"
                   "\"two\":{\"$$date\":1,\"y\":2}}");
  g_assert_cmpuint (documents->len, ==, 1);
  g_assert_cmpuint (stats.bad, ==, 1); /* a date alone is no document */
}

static void
test_times (void)
{
  const char *text
      = "{\"n\":1700000000123,\"s\":\"2023-11-14T22:13:20.123Z\",\"bad\":\"yesterday\",\"o\":{}}";
  g_autoptr (GVariant) document = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, NULL);

  g_assert_cmpint (bl_nedb_parse_time (document, "n", -1), ==, 1700000000123);
  g_assert_cmpint (bl_nedb_parse_time (document, "s", -1), ==, 1700000000123);
  g_assert_cmpint (bl_nedb_parse_time (document, "bad", -1), ==, -1);
  g_assert_cmpint (bl_nedb_parse_time (document, "o", -1), ==, -1);
  g_assert_cmpint (bl_nedb_parse_time (document, "none", -1), ==, -1);
}

static void
test_keys (void)
{
  static const char *const keys[][2] = {
    { "plain", "plain" },           { "mesh//a%24b%2Ec", "mesh//a$b.c" },
    { "user//50%25", "user//50%" }, { "user//a%2Cb%2524", "user//a,b%24" },
    { "user//100%", "user//100%" },
  };
  const char *text
      = "{\"_id\":\"x\",\"links\":{\"mesh//a%24\":{\"rights\":1},\"mesh//a$\":2},\"ssh\":{\"user//a%2Eb\":1},"
        "\"netif2\":{\"eth0%2E1\":[]},\"other\":{\"%24\":1},\"mesh\":{\"links\":{\"user//a%2Eb\":1}},"
        "\"rdp\":\"%24\"}";

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *plain = bl_nedb_unescape_key (keys[i][0]);
      g_autofree char *escaped = bl_nedb_escape_key (keys[i][1]);
      g_autofree char *again = bl_nedb_unescape_key (escaped);
      g_assert_cmpstr (plain, ==, keys[i][1]);
      g_assert_cmpstr (again, ==, keys[i][1]);
      g_assert_null (strpbrk (escaped, "$.,"));
    }
  g_autoptr (GVariant) document = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, NULL);
  g_autoptr (GVariant) plain = bl_nedb_unescape (document);
  g_autofree char *json = bl_json_to_string (plain, NULL);
  g_assert_cmpstr (json, ==,
                   "{\"_id\":\"x\",\"links\":{\"mesh//a$\":{\"rights\":1}},\"ssh\":{\"user//a.b\":1},"
                   "\"netif2\":{\"eth0.1\":[]},\"other\":{\"%24\":1},\"mesh\":{\"links\":{\"user//a.b\":1}},"
                   "\"rdp\":\"%24\"}");
  g_autoptr (GVariant) escaped = bl_nedb_escape (plain);
  g_autoptr (GVariant) again = bl_nedb_unescape (escaped);
  g_assert_false (g_variant_equal (escaped, plain));
  g_assert_true (g_variant_equal (again, plain));
}

static void
test_encrypted_lines (void)
{
  guint8 key[BL_NEDB_KEY_SIZE], wrong[BL_NEDB_KEY_SIZE];
  BlNedbStats stats;
  g_autoptr (GError) error = NULL;
  const char *text = LINE_A "\n" LINE_B_DELETED "\n{\"_id\":\"plain\"}\n";

  bl_nedb_derive_key ("a passphrase", key);
  bl_nedb_derive_key ("another", wrong);
  g_autoptr (GPtrArray) documents = bl_nedb_read (text, strlen (text), key, FALSE, &stats, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (documents->len, ==, 1);
  assert_document (documents, 0, "{\"_id\":\"a\",\"v\":1}");
  g_assert_cmpuint (stats.deletes, ==, 1);
  g_assert_cmpuint (stats.bad, ==, 1);
  g_assert_null (bl_nedb_read (text, strlen (text), wrong, FALSE, &stats, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_AUTH);
}

static void
test_sealed_members (void)
{
  guint8 key[BL_NEDB_KEY_SIZE], wrong[BL_NEDB_KEY_SIZE];
  g_autoptr (GError) error = NULL;
  const char *text
      = "{\"_id\":\"u\",\"_CRYPT\":\"" SECRETS "\",\"kvm\":{\"host\":\"h\",\"_CRYPT\":\"" SECRETS "\"}}";
  g_autoptr (GVariant) document = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, NULL);

  bl_nedb_derive_key ("a passphrase", key);
  bl_nedb_derive_key ("another", wrong);
  g_autoptr (GVariant) opened = bl_nedb_open_record (document, key, &error);
  g_assert_no_error (error);
  g_autofree char *json = bl_json_to_string (opened, NULL);
  g_assert_cmpstr (
      json, ==,
      "{\"_id\":\"u\",\"kvm\":{\"host\":\"h\",\"salt\":\"s\",\"hash\":\"h\"},\"salt\":\"s\",\"hash\":\"h\"}");
  g_autoptr (GVariant) same = bl_nedb_open_record (opened, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (same, opened));
  g_assert_null (bl_nedb_open_record (document, wrong, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_AUTH);
  g_clear_error (&error);
  g_assert_null (bl_nedb_open_record (document, NULL, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_AUTH);
}

static void
test_export (void)
{
  static const char *const refused[] = {
    "", "{}", "[", "[{\"_id\":\"a\"}", "[{\"_id\":\"a\"},]", "[{\"_id\":\"a\"} {}]", "[1]", "[{\"_id\":\"a}]"
  };
  BlNedbStats stats;
  g_autoptr (GError) error = NULL;
  const char *text = " [ {\"_id\":\"a\",\"v\":\"]}\\\"\"} , {\"_id\":\"b\"},\n{\"noid\":[1,{}]} ] ";
  g_autoptr (GPtrArray) documents = bl_nedb_read_export (text, strlen (text), &stats, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (documents->len, ==, 2);
  assert_document (documents, 0, "{\"_id\":\"a\",\"v\":\"]}\\\"\"}");
  g_assert_cmpuint (stats.lines, ==, 3);
  g_assert_cmpuint (stats.bad, ==, 1);
  g_autoptr (GPtrArray) none = bl_nedb_read_export ("[]", 2, &stats, &error);
  g_assert_cmpuint (none->len, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_assert_null (bl_nedb_read_export (refused[i], strlen (refused[i]), &stats, &error));
      g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
      g_clear_error (&error);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nedb/last-line-wins", test_last_line_wins);
  g_test_add_func ("/nedb/tolerance", test_tolerance);
  g_test_add_func ("/nedb/line-limit", test_line_limit);
  g_test_add_func ("/nedb/dates", test_dates);
  g_test_add_func ("/nedb/times", test_times);
  g_test_add_func ("/nedb/keys", test_keys);
  g_test_add_func ("/nedb/encrypted-lines", test_encrypted_lines);
  g_test_add_func ("/nedb/sealed-members", test_sealed_members);
  g_test_add_func ("/nedb/export", test_export);
  return g_test_run ();
}
