// SPDX-License-Identifier: Apache-2.0
/**
 * Small files that hold keys: read with their permissions checked, created once and never replaced. Any thread, blocks.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_secret_file_read:
 * @max: most bytes it may have
 * @secret: whether to refuse a file that others than owner and group can read or change
 * Returns: (transfer full): or %NULL, with BOWLINE_ERROR_NOT_FOUND when there is no such file
 */
GBytes *bl_secret_file_read (const char *path, gsize max, gboolean secret, GError **error);

/**
 * bl_secret_file_create: writes a new file of mode 0600, which appears complete or not at all and is on disk when this
 * returns.
 * Returns: %FALSE with BOWLINE_ERROR_EXISTS when there is one already, BOWLINE_ERROR_STORAGE otherwise
 */
gboolean bl_secret_file_create (const char *path, gconstpointer data, gsize size, GError **error);

G_END_DECLS
