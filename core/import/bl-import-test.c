// SPDX-License-Identifier: Apache-2.0
/* What becomes of single documents and events, and of links between them. */
#include "bl-import-links.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#include <string.h>

#define NOW G_GINT64_CONSTANT (1800000000000)
#define T64 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$"
#define MESH "mesh//" T64
#define NODE "node//" T64
#define UGRP "ugrp//" T64

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, &error);
  g_assert_no_error (error);
  return value;
}

static void
assert_json (GVariant *value, const char *json)
{
  g_autofree char *text = bl_json_to_string (value, NULL);
  g_assert_cmpstr (text, ==, json);
}

static void
convert (const char *text, BlImportDocument *result)
{
  g_autoptr (GVariant) source = parse (text);
  bl_import_convert (source, NOW, result);
}

static void
test_kinds (void)
{
  static const struct
  {
    const char *text;
    BlImportKind kind;
    const char *json; /* NULL: it is left */
    const char *owner;
  } cases[] = {
    { "{\"_id\":\"" MESH "\",\"type\":\"mesh\",\"name\":\"G\",\"domain\":\"\"}", BL_IMPORT_DEVICE_GROUP,
      "{\"_id\":\"" MESH "\",\"type\":\"mesh\",\"name\":\"G\",\"domain\":\"\"}", NULL },
    { "{\"_id\":\"" NODE "\",\"name\":\"n\",\"conn\":1,\"pwr\":1,\"meshid\":\"" MESH "\"}", BL_IMPORT_DEVICE,
      "{\"_id\":\"" NODE "\",\"name\":\"n\",\"meshid\":\"" MESH "\",\"type\":\"node\",\"domain\":\"\"}",
      MESH },
    { "{\"_id\":\"" NODE "\",\"name\":\"n\"}", BL_IMPORT_DEVICE, NULL, NULL },
    { "{\"_id\":\"node/other/" T64 "\",\"name\":\"n\",\"meshid\":\"" MESH "\"}", BL_IMPORT_DEVICE, NULL,
      NULL },
    { "{\"_id\":\"node//short\",\"meshid\":\"" MESH "\"}", BL_IMPORT_DEVICE, NULL, NULL },
    { "{\"_id\":\"lc" NODE "\",\"time\":5}", BL_IMPORT_LAST_CONNECTION,
      "{\"_id\":\"lc" NODE "\",\"time\":5,\"type\":\"lastconnect\"}", NODE },
    { "{\"_id\":\"ntpuser//a\",\"value\":\"x\"}", BL_IMPORT_NOTE,
      "{\"_id\":\"ntpuser//a\",\"value\":\"x\",\"type\":\"note\"}", "user//a" },
    { "{\"_id\":\"nt" NODE "\",\"value\":\"x\",\"type\":\"node\"}", BL_IMPORT_NOTE,
      "{\"_id\":\"nt" NODE "\",\"value\":\"x\",\"type\":\"note\"}", NODE },
    { "{\"_id\":\"nt../x\"}", BL_IMPORT_OTHER, "{\"_id\":\"nt../x\",\"type\":\"meshcentral\"}", NULL },
    { "{\"_id\":\"logintoken-~t:a\",\"userid\":\"user//a\",\"expire\":0}", BL_IMPORT_LOGIN_TOKEN,
      "{\"_id\":\"logintoken-~t:a\",\"userid\":\"user//a\",\"expire\":0,\"type\":\"logintoken\"}",
      "user//a" },
    { "{\"_id\":\"logintoken-~t:a\",\"userid\":\"user//a\",\"expire\":1800000000000}", BL_IMPORT_LOGIN_TOKEN,
      NULL, NULL },
    { "{\"_id\":\"logintoken-~t:a\",\"userid\":\"user/other/a\",\"expire\":0}", BL_IMPORT_LOGIN_TOKEN, NULL,
      NULL },
    { "{\"_id\":\"deviceshare-x\",\"nodeid\":\"" NODE "\",\"userid\":\"user//a\",\"expireTime\":1}",
      BL_IMPORT_SHARE, NULL, NULL },
    { "{\"_id\":\"deviceshare-x\",\"nodeid\":\"" NODE "\"}", BL_IMPORT_SHARE, NULL, NULL },
    { "{\"_id\":\"LoginCookieEncryptionKey\",\"key\":\"12\"}", BL_IMPORT_KEY, NULL, NULL },
    { "{\"_id\":\"SchemaVersion\",\"value\":2}", BL_IMPORT_OTHER, NULL, NULL },
    { "{\"_id\":\"something\",\"a\":1}", BL_IMPORT_OTHER,
      "{\"_id\":\"something\",\"a\":1,\"type\":\"meshcentral\"}", NULL },
    { "{\"_id\":\"something\",\"type\":\"user\",\"siteadmin\":-1}", BL_IMPORT_OTHER, NULL, NULL },
    { "{\"_id\":\"something\",\"type\":\"server\",\"key\":\"\"}", BL_IMPORT_OTHER, NULL, NULL },
    { "{\"_id\":\"bad\\u0001id\"}", BL_IMPORT_OTHER, NULL, NULL },
    { "{\"name\":\"no id\"}", BL_IMPORT_OTHER, NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (BlImportDocument) result = { 0 };

      g_test_message ("%s", cases[i].text);
      convert (cases[i].text, &result);
      g_assert_cmpint (result.kind, ==, cases[i].kind);
      g_assert_cmpstr (result.owner, ==, cases[i].owner);
      g_assert_true ((result.why == NULL) == (cases[i].json != NULL));
      g_assert_true ((result.document == NULL) == (cases[i].json == NULL));
      if (cases[i].json != NULL)
        assert_json (result.document, cases[i].json);
    }
}

static void
test_accounts (void)
{
  static const char *const left[]
      = { "user//~", "user//~oidc:5", "user/other/a", "user//A", "user//", "user//a b" };
  g_auto (BlImportDocument) result = { 0 };
  g_auto (BlImportDocument) plain = { 0 };
  g_auto (BlImportDocument) plain_again = { 0 };

  convert ("{\"_id\":\"user//"
           "ann\",\"name\":\"Ann\",\"type\":\"user\",\"domain\":\"\",\"hash\":\"h\",\"salt\":\"s\","
           "\"otpsecret\":\"ABC\","
           "\"otpkeys\":{\"keys\":[{\"p\":12345678,\"u\":true}]},\"otphkeys\":[{\"type\":1,\"name\":\"old\"},"
           "{\"type\":3,\"name\":\"new\"}],"
           "\"otpekey\":{\"k\":\"123\",\"d\":5},\"otpsms\":{\"k\":1},\"subscriptions\":[\"*\"],\"siteadmin\":"
           "4294967295}",
           &result);
  assert_json (result.document,
               "{\"_id\":\"user//"
               "ann\",\"name\":\"Ann\",\"type\":\"user\",\"domain\":\"\",\"hash\":\"h\",\"salt\":\"s\","
               "\"otpsecret\":\"ABC\",\"otpkeys\":{\"keys\":[{\"p\":12345678,\"u\":true}]},\"otphkeys\":[{"
               "\"type\":3,\"name\":\"new\"}],"
               "\"otpekey\":{},\"siteadmin\":4294967295}");
  for (guint i = 0; i < G_N_ELEMENTS (left); i++)
    {
      g_autofree char *text = g_strdup_printf ("{\"_id\":\"%s\",\"name\":\"x\"}", left[i]);
      g_auto (BlImportDocument) refused = { 0 };
      convert (text, &refused);
      g_assert_null (refused.document);
      g_assert_nonnull (refused.why);
    }
  /* A password in the clear never arrives as such. */
  convert ("{\"_id\":\"user//p\",\"hash\":\"secret\",\"salt\":\"\",\"passtype\":0}", &plain);
  convert ("{\"_id\":\"user//p\",\"hash\":\"secret\",\"salt\":\"\",\"passtype\":0}", &plain_again);
  g_assert_cmpuint (strlen (bl_variant_get_string (plain.document, "hash")), ==, 172);
  g_assert_cmpuint (strlen (bl_variant_get_string (plain.document, "salt")), ==, 172);
  g_assert_false (bl_variant_has (plain.document, "passtype"));
  g_assert_cmpstr (bl_variant_get_string (plain.document, "salt"), !=,
                   bl_variant_get_string (plain_again.document, "salt"));
}

static void
test_events (void)
{
  static const char *const refused[] = {
    "{\"action\":\"a\",\"ids\":[\"*\"]}",
    "{\"action\":\"a\",\"ids\":[\"*\"],\"time\":1800000000000000}",
    "{\"ids\":[\"*\"],\"time\":5}",
    "{\"action\":\"a\",\"time\":5}",
    "{\"action\":\"a\",\"ids\":[1],\"time\":5}",
    "{\"action\":\"a\",\"ids\":[\"*\"],\"time\":5,\"domain\":\"other\"}",
  };
  g_auto (GStrv) targets = NULL;
  gint64 time_ms = 0;
  const char *why;
  g_autoptr (GVariant) source = parse ("{\"_id\":\"r\",\"etype\":\"user\",\"action\":\"login\",\"ids\":[\"*"
                                       "\",\"user//a\"],\"time\":1700000000123,"
                                       "\"node\":{\"a\":1},\"links\":{\"user//a%2Eb\":1}}");
  g_autoptr (GVariant) event = bl_import_convert_event (source, NOW, &targets, &time_ms, &why);

  assert_json (event, "{\"etype\":\"user\",\"action\":\"login\",\"ids\":[\"*\",\"user//"
                      "a\"],\"links\":{\"user//a.b\":1},\"domain\":\"\","
                      "\"time\":\"2023-11-14T22:13:20.123Z\"}");
  g_assert_cmpint (time_ms, ==, 1700000000123);
  g_assert_cmpstr (targets[1], ==, "user//a");
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_auto (GStrv) none = NULL;
      g_autoptr (GVariant) bad = parse (refused[i]);
      time_ms = 0;
      g_assert_null (bl_import_convert_event (bad, NOW, &none, &time_ms, &why));
      g_assert_nonnull (why);
    }
}

/* ---- links
 * ------------------------------------------------------------------------------------------------------ */

static GHashTable *
items_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bl_import_item_free);
}

static BlImportItem *
add_item (GHashTable *items, const char *text, const char *existing)
{
  g_auto (BlImportDocument) converted = { 0 };
  BlImportItem *item = g_new0 (BlImportItem, 1);

  convert (text, &converted);
  g_assert_null (converted.why);
  item->kind = converted.kind;
  item->source = g_variant_ref (converted.document);
  item->existing = existing != NULL ? parse (existing) : NULL;
  g_hash_table_insert (items, g_strdup (bl_variant_get_string (item->source, "_id")), item);
  return item;
}

static void
test_power (void)
{
  static const char *const bad[] = {
    "{\"nodeid\":\"*\",\"time\":1700000000000,\"s\":1}",
    "{\"nodeid\":\"user//a\",\"time\":1700000000000,\"power\":1}",
    "{\"time\":1700000000000,\"power\":1}",
    "{\"nodeid\":\"" NODE "\",\"power\":1}",
    "{\"nodeid\":\"" NODE "\",\"time\":1700000000000,\"power\":99}",
    "{\"nodeid\":\"" NODE "\",\"time\":1700000000000}",
  };
  g_autoptr (GVariant) source = parse (
      "{\"_id\":\"x\",\"nodeid\":\"" NODE "\",\"time\":1700000000123,\"power\":1,\"oldPower\":0}");
  g_auto (GStrv) targets = NULL;
  gint64 time_ms = 0;
  const char *why;

  g_autoptr (GVariant) event = bl_import_convert_power (source, NOW, &targets, &time_ms, &why);
  g_assert_null (why);
  g_assert_cmpint (time_ms, ==, 1700000000123);
  g_assert_cmpuint (g_strv_length (targets), ==, 0);
  g_assert_cmpstr (bl_variant_get_string (event, "action"), ==, "power");
  g_assert_cmpint (bl_variant_get_int (event, "power", -1), ==, 1);
  g_assert_cmpstr (bl_variant_get_string (event, "time"), ==, "2023-11-14T22:13:20.123Z");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GVariant) wrong = parse (bad[i]);
      g_auto (GStrv) none = NULL;

      time_ms = 0;
      g_assert_null (bl_import_convert_power (wrong, NOW, &none, &time_ms, &why));
      g_assert_nonnull (why);
      g_assert_null (none);
    }
}

static void
assert_links (GVariant *document, const char *json)
{
  g_autoptr (GVariant) links = bl_variant_get_object (document, "links");
  assert_json (links, json);
}

static void
test_links_clean (void)
{
  g_autoptr (GHashTable) items = items_new ();
  BlImportLinks links = { 0 };
  BlImportItem *a = add_item (
      items,
      "{\"_id\":\"user//a\",\"name\":\"a\",\"links\":{\"" MESH "\":{\"rights\":8},\"" NODE
      "\":{\"rights\":8},"
      "\"" UGRP "\":{\"rights\":1},\"mesh//gone\":{\"rights\":1},\"user//b\":{\"rights\":1},\"x\":1}}",
      NULL);
  BlImportItem *b = add_item (items, "{\"_id\":\"user//b\",\"name\":\"b\",\"links\":7}", NULL);
  BlImportItem *mesh = add_item (
      items,
      "{\"_id\":\"" MESH "\",\"name\":\"m\",\"links\":{\"user//a\":{\"name\":\"a\",\"rights\":4294967295},"
      "\"user//b\":{\"rights\":4294967295},\"" UGRP "\":{\"rights\":8}}}",
      NULL);
  BlImportItem *node = add_item (items,
                                 "{\"_id\":\"" NODE "\",\"name\":\"n\",\"meshid\":\"" MESH
                                 "\",\"links\":{\"user//a\":{\"rights\":8}}}",
                                 NULL);
  BlImportItem *group
      = add_item (items,
                  "{\"_id\":\"" UGRP "\",\"name\":\"g\",\"links\":{\"user//a\":{\"rights\":1},\"" MESH
                  "\":{\"rights\":8},\"user//nobody\":{}}}",
                  NULL);

  bl_import_links_clean (items, &links);
  assert_links (a->source,
                "{\"" MESH "\":{\"rights\":8},\"" NODE "\":{\"rights\":8},\"" UGRP "\":{\"rights\":1}}");
  g_assert_false (bl_variant_has (b->source, "links"));
  /* What the account says counts; what only the group says does not. */
  assert_links (mesh->source, "{\"user//a\":{\"name\":\"a\",\"rights\":8},\"" UGRP "\":{\"rights\":8}}");
  assert_links (node->source, "{\"user//a\":{\"rights\":8}}");
  assert_links (group->source, "{\"user//a\":{\"rights\":1},\"" MESH "\":{\"rights\":8}}");
  g_assert_cmpuint (links.one_sided, ==, 1);
  g_assert_cmpuint (links.differing, ==, 1);
  g_assert_cmpuint (links.unknown, >=, 3);
}

static void
test_links_escaped_twice (void)
{
  g_autoptr (GHashTable) items = items_new ();
  BlImportLinks links = { 0 };
  BlImportItem *a = add_item (
      items, "{\"_id\":\"user//a.b\",\"name\":\"a\",\"links\":{\"" MESH "\":{\"rights\":8}}}", NULL);
  BlImportItem *mesh = add_item (
      items, "{\"_id\":\"" MESH "\",\"name\":\"m\",\"links\":{\"user//a%252Eb\":{\"rights\":8}}}", NULL);

  bl_import_links_clean (items, &links);
  assert_links (a->source, "{\"" MESH "\":{\"rights\":8}}");
  assert_links (mesh->source, "{\"user//a.b\":{\"rights\":8}}");
}

static void
test_links_join (void)
{
  g_autoptr (GHashTable) items = items_new ();
  BlImportLinks links = { 0 };
  /* Both are here already, with a password and with a group of our own. */
  BlImportItem *a = add_item (
      items,
      "{\"_id\":\"user//a\",\"name\":\"a\",\"hash\":\"theirs\",\"links\":{\"" MESH "\":{\"rights\":8},\"" NODE
      "\":{\"rights\":8}}}",
      "{\"_id\":\"user//a\",\"name\":\"a\",\"hash\":\"ours\",\"links\":{\"mesh//ours\":{\"rights\":1}}}");
  BlImportItem *b = add_item (
      items, "{\"_id\":\"user//b\",\"name\":\"b\",\"links\":{\"" NODE "\":{\"rights\":8}}}", NULL);
  BlImportItem *mesh = add_item (
      items, "{\"_id\":\"" MESH "\",\"name\":\"m\",\"links\":{\"user//a\":{\"rights\":8}}}", NULL);
  BlImportItem *node = add_item (items,
                                 "{\"_id\":\"" NODE "\",\"name\":\"n\",\"meshid\":\"" MESH
                                 "\",\"links\":{\"user//a\":{\"rights\":8},\"user//b\":{\"rights\":8}}}",
                                 "{\"_id\":\"" NODE "\",\"name\":\"mine\",\"meshid\":\"" MESH "\"}");

  bl_import_links_clean (items, &links);
  bl_import_links_join (items, FALSE, &links);
  g_assert_cmpint (a->outcome, ==, BL_IMPORT_MERGED);
  g_assert_cmpstr (bl_variant_get_string (a->final, "hash"), ==, "ours");
  assert_links (a->final, "{\"mesh//ours\":{\"rights\":1},\"" MESH "\":{\"rights\":8}}");
  g_assert_cmpint (mesh->outcome, ==, BL_IMPORT_NEW);
  assert_links (mesh->final, "{\"user//a\":{\"rights\":8}}");
  /* A device that is here is not opened to an account that comes new. */
  g_assert_cmpint (node->outcome, ==, BL_IMPORT_KEPT);
  g_assert_cmpint (b->outcome, ==, BL_IMPORT_NEW);
  assert_links (b->final, "{}");
  g_assert_cmpuint (links.ours, ==, 1);
}

static void
test_links_replace (void)
{
  g_autoptr (GHashTable) items = items_new ();
  BlImportLinks links = { 0 };
  BlImportItem *a = add_item (
      items,
      "{\"_id\":\"user//a\",\"name\":\"a\",\"hash\":\"theirs\",\"links\":{\"" MESH "\":{\"rights\":8}}}",
      "{\"_id\":\"user//a\",\"name\":\"a\",\"hash\":\"ours\",\"links\":{\"mesh//ours\":{\"rights\":1}}}");
  BlImportItem *mesh = add_item (
      items,
      "{\"_id\":\"" MESH
      "\",\"name\":\"m\",\"type\":\"mesh\",\"domain\":\"\",\"links\":{\"user//a\":{\"rights\":8}}}",
      "{\"_id\":\"" MESH
      "\",\"name\":\"m\",\"type\":\"mesh\",\"domain\":\"\",\"links\":{\"user//a\":{\"rights\":8}}}");

  bl_import_links_clean (items, &links);
  bl_import_links_join (items, TRUE, &links);
  g_assert_cmpint (a->outcome, ==, BL_IMPORT_REPLACED);
  g_assert_cmpstr (bl_variant_get_string (a->final, "hash"), ==, "theirs");
  assert_links (a->final, "{\"" MESH "\":{\"rights\":8},\"mesh//ours\":{\"rights\":1}}");
  g_assert_cmpint (mesh->outcome, ==, BL_IMPORT_SAME);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/import/power", test_power);
  g_test_add_func ("/import/kinds", test_kinds);
  g_test_add_func ("/import/accounts", test_accounts);
  g_test_add_func ("/import/events", test_events);
  g_test_add_func ("/import/links/clean", test_links_clean);
  g_test_add_func ("/import/links/escaped-twice", test_links_escaped_twice);
  g_test_add_func ("/import/links/join", test_links_join);
  g_test_add_func ("/import/links/replace", test_links_replace);
  return g_test_run ();
}
