// SPDX-License-Identifier: Apache-2.0
// Whole directories: a scratch one, and who owns what is in a data directory.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer full): a new, empty directory of mode 0700, or NULL with @error */
char *bl_ctl_tree_scratch (GError **error);
/** Removes @path and everything in it, without following links. Returns: whether it is gone */
gboolean bl_ctl_tree_remove (const char *path);
/**
 * bl_ctl_tree_give_back: when root worked in a data directory of another account, that account gets the new
 * files, so that its server can use them.
 */
void bl_ctl_tree_give_back (const char *data_dir);

G_END_DECLS
