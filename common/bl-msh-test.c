// SPDX-License-Identifier: Apache-2.0
/* Settings files: forms MeshCentral writes, damage, and the trailer of an executable. */
#include "common/bl-msh.h"

#include <string.h>

#include "common/bl-error.h"

static BlMsh *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  BlMsh *msh = bl_msh_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return msh;
}

static void
test_parse (void)
{
  g_autoptr (BlMsh) msh
      = parse ("\xEF\xBB\xBF\r\n\n# comment\r\nMeshName=My=Group\r\nMeshType=2\nA=1\nA=2\nB=x\nB=\n"
               "CoreModule=evil\nLast=yes");
  g_assert_cmpstr (bl_msh_get (msh, "MeshName"), ==, "My=Group");
  g_assert_cmpint (bl_msh_get_int (msh, "MeshType", 0), ==, 2);
  g_assert_cmpint (bl_msh_get_int (msh, "MeshName", 9), ==, 9);
  g_assert_cmpstr (bl_msh_get (msh, "A"), ==, "2");
  g_assert_null (bl_msh_get (msh, "B"));
  g_assert_null (bl_msh_get (msh, "CoreModule"));
  g_assert_cmpstr (bl_msh_get (msh, "Last"), ==, "yes");
  g_autofree char *text = bl_msh_to_text (msh);
  g_assert_cmpstr (text, ==, "MeshName=My=Group\r\nMeshType=2\r\nA=2\r\nLast=yes\r\n");
  g_autofree const char **keys = bl_msh_get_keys (msh);
  g_assert_cmpstr (keys[3], ==, "Last");
  g_assert_null (keys[4]);
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (bl_msh_parse ("A=1\nno equals\n", 14, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_assert_cmpstr (error->message, ==, "line 2: .msh: expected Key=Value, found 'no equals'");
  g_assert_null (bl_msh_parse ("A=1\0B=2", 7, NULL));
  g_assert_null (bl_msh_parse ("=x", 2, NULL));
  g_assert_null (bl_msh_parse ("a b=x", 5, NULL));
  g_assert_null (bl_msh_parse ("a=\xFF", 3, NULL));
  g_autoptr (GString) many = g_string_new (NULL);
  for (guint i = 0; i <= BL_MSH_MAX_KEYS; i++)
    g_string_append_printf (many, "k%u=v\n", i);
  g_clear_error (&error);
  g_assert_null (bl_msh_parse (many->str, many->len, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_autofree char *large = g_strnfill (BL_MSH_MAX + 1, '#');
  g_assert_null (bl_msh_parse (large, BL_MSH_MAX + 1, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
}

static void
test_ids (void)
{
  guint8 mesh[48], server[48], id[48];
  g_autoptr (GError) error = NULL;
  bl_random_bytes (mesh, sizeof mesh);
  bl_random_bytes (server, sizeof server);
  g_autoptr (BlMsh) made = bl_msh_build ("G\nroup", mesh, server, "wss://h:1/agent.ashx", &error);
  g_assert_no_error (error);
  g_autofree char *text = bl_msh_to_text (made);
  g_autoptr (BlMsh) msh = parse (text);
  g_assert_cmpstr (bl_msh_get (msh, "MeshName"), ==, "Group");
  g_assert_true (g_str_has_prefix (bl_msh_get (msh, "MeshID"), "0x"));
  g_assert_true (bl_msh_get_id48 (msh, "MeshID", id, &error));
  g_assert_cmpmem (id, 48, mesh, 48);
  g_assert_true (bl_msh_get_id48 (msh, "ServerID", id, &error));
  g_assert_cmpmem (id, 48, server, 48);
  g_assert_false (bl_msh_get_id48 (msh, "MeshServer", id, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (bl_msh_get_id48 (msh, "Nothing", id, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_NOT_FOUND);
  g_autofree char *old = g_strnfill (64, 'A');
  g_assert_true (bl_msh_set (msh, "ServerID", old, NULL));
  g_assert_true (bl_msh_get_id48 (msh, "ServerID", id, NULL));
  g_assert_cmphex (id[31], ==, 0xAA);
  g_assert_cmphex (id[32], ==, 0);
  g_assert_false (bl_msh_set (msh, "A", "two\nlines", NULL));
  g_assert_null (bl_msh_build ("g", mesh, server, "two\nlines", NULL));
}

static void
test_trailer (void)
{
  g_autoptr (BlMsh) msh = parse ("A=1\n");
  g_autoptr (GBytes) tail = bl_msh_build_trailer (msh);
  gsize len;
  const guint8 *data = g_bytes_get_data (tail, &len);
  guint64 offset;
  guint32 length;
  g_assert_cmpuint (len, ==, 5 + BL_MSH_TRAILER);
  g_assert_true (bl_msh_find_trailer (data, len, 1000, &offset, &length));
  g_assert_cmpuint (offset, ==, 1000 - len);
  g_assert_cmpuint (length, ==, 5);
  g_assert_true (bl_msh_find_trailer (data + 5, BL_MSH_TRAILER, 25, &offset, &length));
  g_assert_cmpuint (offset, ==, 0);
  /* Longer than the file, empty, too short, or another mark. */
  g_assert_false (bl_msh_find_trailer (data + 5, BL_MSH_TRAILER, 24, &offset, &length));
  g_assert_false (bl_msh_find_trailer (data + 6, BL_MSH_TRAILER - 1, 1000, &offset, &length));
  g_assert_false (bl_msh_find_trailer (data, len - 1, 1000, &offset, &length));
  g_autofree guint8 *copy = g_memdup2 (data, len);
  copy[8] = 0;
  g_assert_false (bl_msh_find_trailer (copy, len, 1000, &offset, &length));
  copy[5] = 0x7F;
  g_assert_false (bl_msh_find_trailer (copy, len, G_MAXUINT64, &offset, &length));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/msh/parse", test_parse);
  g_test_add_func ("/msh/refused", test_refused);
  g_test_add_func ("/msh/ids", test_ids);
  g_test_add_func ("/msh/trailer", test_trailer);
  return g_test_run ();
}
