// SPDX-License-Identifier: Apache-2.0
#include "bl-build-tree.h"

char *
bl_build_tree_find (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *root = directory != NULL ? g_path_get_dirname (directory) : NULL;
  // An archive of the agent has the same layout and another mark.
  static const char *const markers[] = { "bl-build-config.h", "bowline-agent.archive" };
  for (guint i = 0; root != NULL && i < G_N_ELEMENTS (markers); i++)
    {
      g_autofree char *marker = g_build_filename (root, markers[i], NULL);
      if (g_file_test (marker, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&root);
    }
  return NULL;
}

char *
bl_build_tree_path (const char *variable, const char *in_tree, const char *installed)
{
  const char *given = g_getenv (variable);
  if (given != NULL && given[0] != '\0')
    return g_strdup (given);
  g_autofree char *root = bl_build_tree_find ();
  return root != NULL ? g_build_filename (root, in_tree, NULL) : g_strdup (installed);
}
