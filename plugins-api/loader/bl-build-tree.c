// SPDX-License-Identifier: Apache-2.0
#include "bl-build-tree.h"

char *
bl_build_tree_find (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *directory = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *root = directory != NULL ? g_path_get_dirname (directory) : NULL;
  g_autofree char *marker = root != NULL ? g_build_filename (root, "bl-build-config.h", NULL) : NULL;
  return marker != NULL && g_file_test (marker, G_FILE_TEST_EXISTS) ? g_steal_pointer (&root) : NULL;
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
