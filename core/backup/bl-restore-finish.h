// SPDX-License-Identifier: Apache-2.0
/** The last step of restoring a back-up, which whoever comes next completes. Blocks. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A directory with what is to take the place of what is in the data directory; being there it is decided. */
#define BL_RESTORE_READY "restore.ready"

/**
 * bl_restore_finish: moves everything of DATA/restore.ready to its place and what was there aside. Killed at
 * any moment, it goes on where it was at the next call. The caller holds the data directory's lock.
 * @aside: (out) (transfer full) (nullable) (optional): where the former data is now; %NULL when there was
 * nothing to do
 */
gboolean bl_restore_finish (const char *data_dir, char **aside, GError **error);

G_END_DECLS
