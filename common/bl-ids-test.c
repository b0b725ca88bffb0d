// SPDX-License-Identifier: Apache-2.0
/* Ids and their texts: forms that must be taken, forms that must be refused. */
#include "common/bl-ids.h"

#include <string.h>

#include "common/bl-error.h"

static void
test_id48 (void)
{
  guint8 id[BL_ID48_SIZE], back[BL_ID48_SIZE];
  char text[BL_ID48_TEXT + 1];
  memset (id, 0xFF, sizeof id);
  id[0] = 0xFB;
  bl_id48_to_text (id, text);
  g_assert_cmpuint (strlen (text), ==, 64);
  g_assert_true (g_str_has_prefix (text, "@$$$"));
  g_assert_true (bl_id48_from_text (text, -1, back));
  g_assert_cmpmem (id, sizeof id, back, sizeof back);
  for (guint i = 0; i < 200; i++)
    {
      bl_random_bytes (id, sizeof id);
      bl_id48_to_text (id, text);
      g_autofree char *standard = g_base64_encode (id, sizeof id);
      g_strdelimit (g_strdelimit (standard, "+", '@'), "/", '$');
      g_assert_cmpstr (text, ==, standard);
      g_assert_true (bl_id48_from_text (text, 64, back));
      g_assert_cmpmem (id, sizeof id, back, sizeof back);
    }
  g_assert_false (bl_id48_from_text (text, 63, back));
  text[5] = '+';
  g_assert_false (bl_id48_from_text (text, 64, back));
  text[5] = '=';
  g_assert_false (bl_id48_from_text (text, 64, back));
}

static void
test_hex (void)
{
  guint8 out[3];
  g_autofree char *upper = bl_hex_encode ("\x01\xAB\xFF", 3, TRUE);
  g_assert_cmpstr (upper, ==, "01ABFF");
  g_assert_true (bl_hex_decode ("01abFF", 6, out, 3));
  g_assert_cmpmem (out, 3, "\x01\xAB\xFF", 3);
  g_assert_false (bl_hex_decode ("01abF", 5, out, 3));
  g_assert_false (bl_hex_decode ("01abFFF", 7, out, 3));
  g_assert_false (bl_hex_decode ("01abFg", 6, out, 3));
}

static void
test_group_text (void)
{
  guint8 id[BL_ID48_SIZE] = { 0xAB };
  g_autofree char *old = bl_id48_group_text (id);
  g_assert_cmpuint (strlen (old), ==, 64);
  g_assert_true (g_str_has_prefix (old, "ab00"));
  id[40] = 1;
  g_autofree char *now = bl_id48_group_text (id);
  g_assert_true (g_str_has_prefix (now, "qwAA"));
  g_autofree char *full = bl_id_build (BL_ID_MESH, NULL, old);
  g_assert_true (bl_id_is_valid (full, BL_ID_MESH));
}

static void
test_base64 (void)
{
  for (gsize len = 0; len < 20; len++)
    for (guint padding = 0; padding < 2; padding++)
      {
        guint8 raw[20];
        bl_random_bytes (raw, sizeof raw);
        g_autofree char *text = bl_base64_encode (raw, len, padding);
        g_autoptr (GBytes) back = bl_base64_decode (text, strlen (text));
        g_assert_nonnull (back);
        g_assert_cmpmem (g_bytes_get_data (back, NULL), g_bytes_get_size (back), raw, len);
        g_autofree char *standard = g_base64_encode (raw, len);
        g_autoptr (GBytes) same = bl_base64_decode (standard, strlen (standard));
        g_assert_true (g_bytes_equal (same, back));
      }
  const char *bad[] = { "A", "AA=", "AA===", "A===", "AB==", "AAB=", "A A=", "AA==A", "=AAA", "AAAA=", NULL };
  for (guint i = 0; bad[i]; i++)
    {
      g_autoptr (GBytes) none = bl_base64_decode (bad[i], strlen (bad[i]));
      g_assert_null (none);
    }
}

static void
test_parse (void)
{
  g_autofree char *node = bl_id_random (BL_ID_NODE, "");
  g_autofree char *mesh = bl_id_random (BL_ID_MESH, "cust-1");
  g_autoptr (GError) error = NULL;
  BlId id;
  g_assert_true (bl_id_parse (mesh, BL_ID_ANY, &id, &error));
  g_assert_cmpint (id.kind, ==, BL_ID_MESH);
  g_assert_cmpuint (id.domain_len, ==, 6);
  g_assert_cmpuint (id.rest_len, ==, 64);
  g_assert_true (bl_id_is_valid (node, BL_ID_NODE));
  g_assert_false (bl_id_is_valid (node, BL_ID_MESH | BL_ID_USER));
  g_assert_true (bl_id_is_valid ("user//admin", BL_ID_USER));
  g_assert_true (bl_id_is_valid ("user//j\xC3\xB6rg@example.org", BL_ID_USER));
  g_assert_true (bl_id_is_valid ("user//agent___12", BL_ID_USER));
  const char *bad[]
      = { "",           "node",       "node/",     "node//",    "node//abc",  "user//",  "user//Admin",
          "user//a b",  "user//~t:x", "user//a/b", "user/UP/a", "user/a b/c", "User//a", "user//a\n",
          "user//\xFF", "xxxx//a",    "user",      "user/x",    NULL };
  for (guint i = 0; bad[i]; i++)
    g_assert_false (bl_id_is_valid (bad[i], BL_ID_ANY));
  g_assert_false (bl_id_parse ("user//<b>", BL_ID_USER, &id, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "id 'user//<b>': expected a user name");
  g_autofree char *long_name = g_strnfill (BL_ID_MAX, 'a');
  g_autofree char *long_id = bl_id_build (BL_ID_USER, "", long_name);
  g_assert_false (bl_id_is_valid (long_id, BL_ID_USER));
  g_assert_false (bl_id_is_valid (NULL, BL_ID_USER));
}

static void
test_complete (void)
{
  g_autofree char *node = bl_id_random (BL_ID_NODE, "d");
  g_autoptr (GError) error = NULL;
  g_autofree char *full = bl_id_complete (BL_ID_NODE, "d", node + 7, &error);
  g_assert_cmpstr (full, ==, node);
  g_autofree char *same = bl_id_complete (BL_ID_NODE, "other", node, &error);
  g_assert_cmpstr (same, ==, node);
  g_assert_null (bl_id_complete (BL_ID_MESH, "d", node, NULL));
  g_assert_null (bl_id_complete (BL_ID_MESH, "d", "short", NULL));
  g_assert_null (bl_id_complete (BL_ID_MESH, "d", NULL, NULL));
}

static void
test_equal (void)
{
  g_assert_true (bl_equal_ct ("abc", "abd", 2));
  g_assert_false (bl_equal_ct ("abc", "abd", 3));
  g_assert_true (bl_str_equal_ct ("abc", "abc"));
  g_assert_false (bl_str_equal_ct ("abc", "ab"));
  g_assert_false (bl_str_equal_ct (NULL, NULL));
  g_autofree char *a = bl_random_hex (20), *b = bl_random_hex (20);
  g_assert_cmpuint (strlen (a), ==, 40);
  g_assert_cmpstr (a, !=, b);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ids/id48", test_id48);
  g_test_add_func ("/ids/hex", test_hex);
  g_test_add_func ("/ids/group-text", test_group_text);
  g_test_add_func ("/ids/base64", test_base64);
  g_test_add_func ("/ids/parse", test_parse);
  g_test_add_func ("/ids/complete", test_complete);
  g_test_add_func ("/ids/equal", test_equal);
  return g_test_run ();
}
