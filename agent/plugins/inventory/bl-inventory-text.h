// SPDX-License-Identifier: Apache-2.0
// Small files of /proc and /sys as text that may be told to a server. Any thread.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_INVENTORY_FILE_MAX 65536u
#define BL_INVENTORY_TEXT_MAX 256

/** First 64 KiB of @root followed by @path, made valid UTF-8 and trimmed.
 * Returns: (transfer full): %NULL when the file is missing or says nothing */
char *bl_inventory_read_text (const char *root, const char *path);
/** Adds @text, cut to 256 characters; nothing for %NULL and "". @builder is one of a{sv}. */
void bl_inventory_add_text (GVariantBuilder *builder, const char *key, const char *text);
/** Both of the above. */
void bl_inventory_add_file (GVariantBuilder *builder, const char *key, const char *root, const char *path);
/** The number at the start of a file. Returns: @fallback when there is none */
gint64 bl_inventory_read_number (const char *root, const char *path, gint64 fallback);
/** Value of the first line "KEY<blanks>: VALUE" of @text, which may be %NULL. Returns: (transfer full) (nullable) */
char *bl_inventory_find_line (const char *text, const char *key);
/** Names in a folder, sorted, at most @max of them, so that the same system is always told the same way.
 * Returns: (transfer full) (element-type utf8) */
GPtrArray *bl_inventory_list (const char *root, const char *path, guint max);

G_END_DECLS
