// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-installer.h"

#include <string.h>

static const guint8 hash[BL_SHA384_SIZE] = { 0xab, 0xcd };

static void
test_head (void)
{
  g_autoptr (BlMsh) settings = bl_msh_new ();
  g_autofree char *expected = NULL;
  g_autofree char *zeros = g_strnfill (2 * (BL_SHA384_SIZE - 2), '0');
  g_autoptr (GBytes) head = NULL;
  gsize size;
  const char *text;

  /* A group may be called like a mark. */
  g_assert_true (bl_msh_set (settings, "MeshName", "@SIZE@ $(id) '\\", NULL));
  g_assert_true (bl_msh_set (settings, "Tag", "@SETTINGS@", NULL));
  head = bl_agent_installer_head ("tail @SIZE@\nsum @SHA384@\n@SETTINGS@\nend\n", settings, 4711, hash);
  g_assert_nonnull (head);
  text = g_bytes_get_data (head, &size);
  expected = g_strdup_printf ("tail 4711\nsum abcd%s\nMeshName=@SIZE@ $(id) '\\\r\nTag=@SETTINGS@\r\nend\n", zeros);
  g_assert_cmpmem (text, size, expected, strlen (expected));
}

static void
test_marks (void)
{
  static const char *const scripts[] = { "", "@SIZE@ @SHA384@ @SETTINGS@", "@SIZE@ @SETTINGS@\n", "@SHA384@ @SIZE@ @SETTINGS@\n" };
  g_autoptr (BlMsh) settings = bl_msh_new ();

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    g_assert_null (bl_agent_installer_head (scripts[i], settings, 1, hash));
}

static void
test_archives (void)
{
  g_assert_cmpstr (bl_agent_installer_archive (6), ==, "bowline-agent-linux-x86_64.tar.gz");
  g_assert_cmpstr (bl_agent_installer_archive (26), ==, "bowline-agent-linux-aarch64.tar.gz");
  g_assert_null (bl_agent_installer_archive (5));
  g_assert_null (bl_agent_installer_archive (30)); /* FreeBSD */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agents/installer/head", test_head);
  g_test_add_func ("/agents/installer/marks", test_marks);
  g_test_add_func ("/agents/installer/archives", test_archives);
  return g_test_run ();
}
