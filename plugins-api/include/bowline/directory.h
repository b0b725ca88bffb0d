/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Documents: what the server knows, in MeshCentral's field names, as a{sv}.
 *
 * The hot kinds (user, ugrp, mesh, node, deviceshare, logintoken, server) are held in memory: reading them is a hash
 * look-up, and a change is visible to readers at once, while its callback waits for the store's commit. If the commit
 * fails the old state is back before the callback runs. All other documents (system information, network
 * information, last connection, notes, ...) are read from the store.
 * A document always has "_id" (s) and "type" (s); "domain" (s) where it belongs to one.
 */
#ifndef BOWLINE_DIRECTORY_H
#define BOWLINE_DIRECTORY_H

#include <bowline/abi.h>

G_BEGIN_DECLS

/** Returns: (transfer full) (nullable): hot document @id, a{sv} */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_directory_dup (BowlineHost *host, const char *id);
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_directory_contains (BowlineHost *host, const char *id);
/** Returns: how many hot documents of @type there are. */
BOWLINE_AVAILABLE_IN_1_0 guint bowline_directory_count (BowlineHost *host, const char *type);

/** @document: (transfer none). Return %FALSE to stop. The callback must not change the directory. */
typedef gboolean (*BowlineDirectoryFunc) (const char *id, GVariant *document, gpointer user_data);
/** Calls @func for each hot document of @type. @meshid: (nullable): for type "node", only those of this group. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_directory_foreach (
    BowlineHost *host, const char *type, const char *meshid, BowlineDirectoryFunc func, gpointer user_data);

#define BOWLINE_COMMIT_DURABLE 1u /* survives power loss before the callback runs: accounts, rights, keys */
/* nobody waits for it: it may take some 50 ms longer, to be written together with others */
#define BOWLINE_COMMIT_RELAXED 2u

/**
 * bowline_directory_commit_async: puts and deletes documents as one unit.
 * @puts: (nullable) (transfer floating): aa{sv}, whole documents, hot or not
 * @deletes: (nullable) (array zero-terminated=1): ids
 * @flags: BOWLINE_COMMIT_*
 * Topic "directory.changed" is published for each hot document before this function returns.
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_directory_commit_async (BowlineHost *host,
                                                              GVariant *puts,
                                                              const char *const *deletes,
                                                              guint32 flags,
                                                              GCancellable *cancellable,
                                                              GAsyncReadyCallback callback,
                                                              gpointer user_data);
/** Returns: %FALSE with %BOWLINE_ERROR_STORAGE when the store refused it; then nothing of it was kept. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_directory_commit_finish (BowlineHost *host, GAsyncResult *result, GError **error);

/**
 * bowline_directory_patch: sets or removes single fields of one hot document, without waiting: for what a device reports
 * about itself. Batched by the store; lost at most with the last 50 ms before a crash.
 * @fields: (transfer floating): a{sv}; a value of type `mv` with nothing removes the field
 * Returns: %TRUE when something changed.
 */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_directory_patch (BowlineHost *host, const char *id, GVariant *fields);

/** Reads one document of any kind. Commits that were requested earlier are seen. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_directory_read_async (
    BowlineHost *host, const char *id, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** Returns: (transfer full) (nullable): %NULL without @error when there is none */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_directory_read_finish (BowlineHost *host, GAsyncResult *result, GError **error);
/** Reads all documents of a cold @type, or those whose id begins with @prefix (nullable). @limit: 1..100000 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_directory_list_async (BowlineHost *host,
                                                            const char *type,
                                                            const char *prefix,
                                                            guint32 limit,
                                                            GCancellable *cancellable,
                                                            GAsyncReadyCallback callback,
                                                            gpointer user_data);
/** Returns: (transfer full): aa{sv} */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_directory_list_finish (BowlineHost *host, GAsyncResult *result, GError **error);

G_END_DECLS
#endif
