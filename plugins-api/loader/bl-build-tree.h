// SPDX-License-Identifier: Apache-2.0
// Programs that are started from a build tree use its modules, plugins and data, not those of an installation.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_build_tree_find: Returns: (transfer full) (nullable): the build tree's root when the running program lies in one
 * (bl-build-config.h stands in the directory above the program's), or %NULL.
 */
char *bl_build_tree_find (void);

/**
 * bl_build_tree_path: where something is looked for.
 * @variable: environment variable that overrides everything
 * @in_tree: path below the build tree's root
 * @installed: absolute path of an installation
 * Returns: (transfer full)
 */
char *bl_build_tree_path (const char *variable, const char *in_tree, const char *installed);

G_END_DECLS
