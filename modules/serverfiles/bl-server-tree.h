// SPDX-License-Identifier: Apache-2.0
/*
 * Folders of accounts and device groups below one directory, "user-NAME" and "mesh-ID". A name is one path component;
 * no link is followed or made (K8). All functions block: one worker thread calls them, one at a time.
 */
#pragma once

#include <gio/gio.h>
#include <sys/stat.h>

G_BEGIN_DECLS

#define BL_SERVER_TREE_MAX_DEPTH 32u
#define BL_SERVER_TREE_MAX_ENTRIES 10000u /* in the folders of one owner; more are not listed and not made */
#define BL_SERVER_TREE_PART_AGE (24 * 60 * 60) /* seconds an upload may stand still */

/** What lies below a folder. */
typedef struct
{
  guint64 bytes;
  guint entries;
} BlServerTreeUse;

/** bl_server_tree_name_is_valid: FALSE also for names that this module keeps for itself. */
gboolean bl_server_tree_name_is_valid (const char *name);

/**
 * bl_server_tree_open: opens a folder.
 * @root: directory; @path: NULL-terminated: an id "user//NAME" or "mesh//ID", and folders below it
 * @create: make what is missing
 * Returns: a descriptor, or -1 with %BOWLINE_ERROR_INVALID, %BOWLINE_ERROR_NOT_FOUND or %BOWLINE_ERROR_STORAGE
 */
int bl_server_tree_open (int root, const char *const *path, gboolean create, GError **error);

/**
 * bl_server_tree_list: Returns: (transfer full): what @folder holds, as MeshCentral's page takes it (control-channel 7.2):
 * name -> {t: 3, s: bytes, d: ms since 1970} or {t: 2, f: {...}}. @use: (inout): counts; full folders are cut
 */
GVariant *bl_server_tree_list (int folder, BlServerTreeUse *use);
/** bl_server_tree_measure: adds what @folder holds; uploads that stand still for a day are removed. */
void bl_server_tree_measure (int folder, BlServerTreeUse *use);

/** bl_server_tree_forget: removes all files of @id. TRUE too when there are none. */
gboolean bl_server_tree_forget (int root, const char *id, GError **error);

gboolean bl_server_tree_make (int folder, const char *name, GError **error);
/** bl_server_tree_remove: @recursive: a folder with what is in it; otherwise only an empty one */
gboolean bl_server_tree_remove (int folder, const char *name, gboolean recursive, GError **error);
/** bl_server_tree_move: never replaces anything. Both folders lie below the same root. */
gboolean bl_server_tree_move (int from, const char *name, int to, const char *new_name, GError **error);
/** bl_server_tree_copy: one file or folder with all that is in it; never replaces anything, leaves nothing half done. */
gboolean bl_server_tree_copy (int from, int to, const char *name, GError **error);

/** bl_server_tree_open_file: Returns: a descriptor of a regular file to read, or -1. @info: (out) */
int bl_server_tree_open_file (int folder, const char *name, struct stat *info, GError **error);
/** bl_server_tree_write: replaces file @name in one step. */
gboolean bl_server_tree_write (int folder, const char *name, GBytes *content, GError **error);
/**
 * bl_server_tree_append: a piece of an upload; with the last one the file appears under its name, in the place of the one before.
 * @part: 32 hex digits that the sender chose; @offset: where @piece begins, 0 begins anew; @size: of the whole file
 * Returns: FALSE with %BOWLINE_ERROR_INVALID when another offset is expected
 */
gboolean bl_server_tree_append (int folder,
                                const char *name,
                                const char *part,
                                guint64 offset,
                                guint64 size,
                                GBytes *piece,
                                GError **error);

G_END_DECLS
