// SPDX-License-Identifier: Apache-2.0
/**
 * BlExport: all documents as the JSON that MeshCentral's --dbexport writes and bl_import_async() reads: one array, keys of links
 * escaped (migration.md sections 2 and 3). No events. Main context.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * bl_export_async: writes @path anew, readable by the owner only, in one step: what was there stays until all is written.
 * It holds secrets: keys, password hashes.
 */
void bl_export_async (const char *path, GAsyncReadyCallback callback, gpointer user_data);
/** Returns: how many documents; -1 with @error */
gint64 bl_export_finish (GAsyncResult *result, GError **error);

/** Registers the actions "export-meshcentral" and "document.show" of the local socket. */
gboolean bl_export_register (GError **error);

G_END_DECLS
