// SPDX-License-Identifier: Apache-2.0
/**
 * BlDirectory: all hot documents in memory, and the way to the store for every change. Main context.
 *
 * A hot document is one allocation: a small header and the serialised a{sv}; readers get a GVariant that
 * points into it. Functions have the meaning of those in <bowline/directory.h>.
 */
#pragma once

#include "bl-event-bus.h"
#include "bl-store.h"
#include <bowline/directory.h>

G_BEGIN_DECLS

#define BL_DIRECTORY_MAX_ID 512u                       /* bytes of an id */
#define BL_DIRECTORY_MAX_DOCUMENT (4u * 1024u * 1024u) /* bytes of one document, serialised */
#define BL_DIRECTORY_MAX_COMMIT 20000u                 /* documents in one commit */
#define BL_DIRECTORY_MAX_BATCH 4000u                   /* documents at which a batch of commits takes no more */
#define BL_DIRECTORY_MAX_LIST 100000u                  /* documents in one answer */

typedef struct _BlDirectory BlDirectory;

/** Both are borrowed and outlive the directory. */
BlDirectory *bl_directory_new (BlStore *store, BlEventBus *bus);
/** Unanswered commits are answered with an error. */
void bl_directory_free (BlDirectory *directory);
/** Puts it behind the functions bowline_directory_*(). Once. */
void bl_directory_install (BlDirectory *directory);

/** Returns: (transfer full) (nullable): hot document @id, a{sv} */
GVariant *bl_directory_dup (BlDirectory *directory, const char *id);
gboolean bl_directory_contains (BlDirectory *directory, const char *id);
guint bl_directory_count (BlDirectory *directory, const char *type);
void bl_directory_foreach (BlDirectory *directory,
                           const char *type,
                           const char *meshid,
                           BowlineDirectoryFunc func,
                           gpointer user_data);
/** @puts: (nullable) (transfer floating): aa{sv}; @deletes: (nullable) */
void bl_directory_commit_async (BlDirectory *directory,
                                GVariant *puts,
                                const char *const *deletes,
                                guint32 flags,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean bl_directory_commit_finish (BlDirectory *directory, GAsyncResult *result, GError **error);
/** @fields: (transfer floating): a{sv} */
gboolean bl_directory_patch (BlDirectory *directory, const char *id, GVariant *fields);
void bl_directory_read_async (BlDirectory *directory,
                              const char *id,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
GVariant *bl_directory_read_finish (BlDirectory *directory, GAsyncResult *result, GError **error);
void bl_directory_list_async (BlDirectory *directory,
                              const char *type,
                              const char *prefix,
                              guint32 limit,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
GVariant *bl_directory_list_finish (BlDirectory *directory, GAsyncResult *result, GError **error);

/** Gives pending patches to the store and waits until all changes so far are kept; before a stop or a
 * back-up. */
void bl_directory_flush_async (BlDirectory *directory,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
gboolean bl_directory_flush_finish (BlDirectory *directory, GAsyncResult *result, GError **error);

/** Returns: bytes held by hot documents and their index, without the allocator's overhead. */
gsize bl_directory_get_memory (BlDirectory *directory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDirectory, bl_directory_free)

G_END_DECLS
