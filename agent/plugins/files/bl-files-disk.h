// SPDX-License-Identifier: Apache-2.0
// What the files protocol does to the disk: synchronous functions for the session's thread. A name is always one path
// component below a directory that is open (K8): nothing is deleted, moved or written through a link by its name.
#pragma once

#include <gio/gio.h>

#include "common/bl-files-proto.h"

G_BEGIN_DECLS

#define BL_FILES_MAX_DEPTH 128  // of a tree that is deleted or copied
#define BL_FILES_MAX_FOUND 10000
#define BL_FILES_MAX_LISTED 100000

/** Opens directory PATH, links in it followed: the viewer named it. Returns: a descriptor, or -1 with an error. */
int bl_files_open_directory (const char *path, GError **error);
/** Makes file NAME in DIRECTORY, which must not be there yet. Returns: a descriptor to write to, or -1 with an error. */
int bl_files_create (int directory, const char *name, GError **error);
/** Returns: (transfer full): the answer to `ls`, JSON text; also when the directory cannot be read. */
char *bl_files_list (const char *path, GVariant *reqid);
gboolean bl_files_make_directory (const char *path, GError **error);
/** Deletes NAMES in PATH; directories only when RECURSIVE or empty. Links themselves go, never what they point to. */
gboolean bl_files_remove (const char *path, const char *const *names, gboolean recursive, GError **error);
/** Refuses to replace what is there. */
gboolean bl_files_rename (const char *path, const char *old_name, const char *new_name, GError **error);
/** Copies or moves NAMES from SOURCE to TARGET; refuses to replace what is there. */
gboolean bl_files_transfer (
    const char *source, const char *target, const char *const *names, gboolean move, GCancellable *cancellable, GError **error);

/** FOUND: called with paths relative to PATH that match FILTER (shell pattern, case ignored). */
void bl_files_find (const char *path, const char *filter, GCancellable *cancellable,
                    void (*found) (const char *relative, gpointer user_data), gpointer user_data);
/** SHA-384 of file NAME in PATH, or of its first LENGTH bytes when LENGTH > 0. Returns: %FALSE when there is none. */
gboolean bl_files_hash (const char *path, const char *name, guint64 length, guint8 hash[48]);

G_END_DECLS
