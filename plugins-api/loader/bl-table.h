// SPDX-License-Identifier: Apache-2.0
/**
 * Size-prefixed tables at the plugin boundary: copied once when they are registered, so that nothing reads a
 * plugin's memory layout later.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_table_copy: copies the common part of @src, whose first field is a guint32 with its size, into @dst,
 * zeroes the rest, and stores @dst_size in @dst's size field.
 * @min_size: size of the table in its first version; a smaller @src is refused
 * @what: name of the table, for the message
 * Returns: %FALSE with %BOWLINE_ERROR_INVALID (and @dst zeroed) when @src is missing or too short.
 */
gboolean bl_table_copy (
    gpointer dst, gsize dst_size, gconstpointer src, gsize min_size, const char *what, GError **error);
/** The same towards a plugin: fills @dst, whose size field the plugin has set, from a table of the host. */
void bl_table_fill (gpointer dst, gconstpointer src);

G_END_DECLS
