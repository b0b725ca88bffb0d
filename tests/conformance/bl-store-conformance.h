// SPDX-License-Identifier: Apache-2.0
/**
 * What every store must do, whatever engine is behind it: the tests of a module that provides one call
 * bl_store_conformance_add() and get all cases.
 */
#pragma once

#include <bowline/store.h>

G_BEGIN_DECLS

/** One store under test. */
typedef struct
{
  /** Opens the store at @place, makes it when there is none. Callbacks arrive on the default context. */
  gpointer (*open) (const char *place, GError **error);
  /** Ends it cleanly. */
  void (*close) (gpointer self);
  const BowlineStore *table;
} BlStoreFactory;

/** @prefix: of the test paths; @factory: static; each case gets an empty directory as its place */
void bl_store_conformance_add (const char *prefix, const BlStoreFactory *factory);

/* Waiting for answers; also for further tests of a store. */

/** Returns: %TRUE when kept; %FALSE with @error */
gboolean bl_store_sync_commit (const BowlineStore *table,
                               gpointer self,
                               GVariant *puts,
                               const char *const *deletes,
                               guint32 flags,
                               GError **error);
GVariant *bl_store_sync_read (const BowlineStore *table, gpointer self, const char *id, GError **error);
GVariant *bl_store_sync_list (const BowlineStore *table,
                              gpointer self,
                              const char *type,
                              const char *prefix,
                              guint32 limit,
                              GError **error);
/** @filter: (transfer floating) */
GVariant *bl_store_sync_query (const BowlineStore *table, gpointer self, GVariant *filter, GError **error);
gboolean bl_store_sync_flush (const BowlineStore *table, gpointer self, GError **error);
gboolean bl_store_sync_backup (const BowlineStore *table, gpointer self, const char *path, GError **error);
/** One document in an aa{sv}: a node @id with "name" and padding of @size bytes. Returns: (transfer floating)
 */
GVariant *bl_store_make_puts (const char *id, const char *name, gsize size);
/** Removes a directory and the files in it. */
void bl_store_remove_directory (const char *directory);

G_END_DECLS
