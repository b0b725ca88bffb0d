// SPDX-License-Identifier: Apache-2.0
/** Making a back-up of a running server: the store, consistently, and the certificates and keys. Main
 * context. */
#pragma once

#include "bl-store.h"

G_BEGIN_DECLS

/**
 * bl_backup_async: @path: the new file, absolute
 * Files people keep and recordings are plain files and not part of it.
 */
void bl_backup_async (
    BlStore *store, const char *data_dir, const char *path, GAsyncReadyCallback callback, gpointer user_data);
gboolean bl_backup_finish (GAsyncResult *result, GError **error);

G_END_DECLS
