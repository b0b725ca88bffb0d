// SPDX-License-Identifier: Apache-2.0
/**
 * BlStore: the one store a module has registered, as the rest of core sees it. Main context.
 *
 * There may be none (yet): then changes fail with BOWLINE_ERROR_NOT_SUPPORTED and reads find nothing.
 */
#pragma once

#include <bowline/store.h>

G_BEGIN_DECLS

typedef struct _BlStore BlStore;

BlStore *bl_store_new (void);
void bl_store_free (BlStore *store);
/** Puts it behind bowline_host_register_store(), and removes the store when its plugin goes. Once. */
void bl_store_install (BlStore *store);

/**
 * bl_store_register: takes a store. Its hot documents are loaded before this returns.
 * @owner: (nullable): the plugin that provides it
 * Returns: %FALSE when there is one already, a slot is missing, or loading failed
 */
gboolean bl_store_register (
    BlStore *store, BowlineHost *owner, const BowlineStore *table, gpointer self, GError **error);
void bl_store_remove_owner (BlStore *store, BowlineHost *owner);
/** Returns: (transfer none) (nullable): the table, all slots but backup set. @self: (out) */
const BowlineStore *bl_store_get (BlStore *store, gpointer *self);

/** Called by bl_store_register() with the new store in place; %FALSE refuses it. One, set by the directory.
 */
typedef gboolean (*BlStoreLoadFunc) (BlStore *store, gpointer user_data, GError **error);
void bl_store_set_load_func (BlStore *store, BlStoreLoadFunc func, gpointer user_data);

/** Waits until all that was requested before is kept. */
void bl_store_flush_async (BlStore *store,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);
gboolean bl_store_flush_finish (BlStore *store, GAsyncResult *result, GError **error);
/** Copies the whole store consistently into the new file @path. */
void bl_store_backup_async (BlStore *store,
                            const char *path,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean bl_store_backup_finish (BlStore *store, GAsyncResult *result, GError **error);

/** Returns: (transfer full): as BowlineStore.status(); without a store "engine" is "none", "healthy" false.
 */
GVariant *bl_store_dup_status (BlStore *store);
/** Returns: whether changes are being kept at the moment. */
gboolean bl_store_is_healthy (BlStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlStore, bl_store_free)

G_END_DECLS
