// SPDX-License-Identifier: Apache-2.0
// Packing and unpacking for the files plugin, in a process of its own: what others wrote is parsed there, and the agent at
// rest does not carry the library. Everything goes by descriptors of directories; no link is followed on the way (K8).
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_ARCHIVE_MAX_DEPTH 128u
#define BL_ARCHIVE_MAX_ENTRIES 1000000u
// Of an archive that is unpacked: bytes that come out, besides BL_ARCHIVE_MAX_RATIO times those that go in.
#define BL_ARCHIVE_FREE_BYTES (16u * 1024u * 1024u)
#define BL_ARCHIVE_MAX_RATIO 250u
// Of the file system, so that an archive does not fill the device to the brim.
#define BL_ARCHIVE_KEEP_FREE (64u * 1024u * 1024u)

/** Called with the path of each file before it is worked on, relative, in whatever encoding. */
typedef void (*BlArchiveProgress) (const char *path, gpointer user_data);

/**
 * bl_archive_path_is_safe: Returns: whether a member may have this path: relative, no empty or `..` part, no control
 * characters, at most %BL_ARCHIVE_MAX_DEPTH parts of at most 255 bytes. A slash at the end is allowed.
 */
gboolean bl_archive_path_is_safe (const char *path);
/** bl_archive_link_is_safe: Returns: whether a symbolic link at PATH (a safe one) to TARGET stays below the top. */
gboolean bl_archive_link_is_safe (const char *path, const char *target);

/**
 * bl_archive_pack:
 * @directory: descriptor of the directory @names are in
 * @output: descriptor; need not be seekable
 *
 * Writes a zip archive. Links are packed as links; what cannot be read, and what is no file, folder or link is left out.
 *
 * Returns: FALSE with an error when there is no whole archive. @left_out: (out)
 */
gboolean bl_archive_pack (int directory, const char *const *names, int output, BlArchiveProgress progress, gpointer user_data,
                          guint *left_out, GError **error);

/**
 * bl_archive_unpack:
 * @input: descriptor of the archive, a file: zip, or tar in any usual compression
 * @directory: where the members go
 *
 * Replaces nothing that exists. Owners and set-user-id bits are not taken over. Links that would lead out, hard links and
 * devices are left out.
 *
 * Returns: FALSE with an error at the first member that cannot be made; those before it stay
 */
gboolean bl_archive_unpack (int input, int directory, BlArchiveProgress progress, gpointer user_data, guint *left_out,
                            GError **error);

G_END_DECLS
