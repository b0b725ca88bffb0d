// SPDX-License-Identifier: Apache-2.0
// BlFilesPack: one run of bowline-files, which packs or unpacks. Used by one thread, which it makes wait.
//
// The program's descriptors: 0 names to pack, each with a zero byte at its end, or the archive; 1 the archive that is made;
// 3 the directory; 4 reports, a line each: a letter and a text.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_FILES_PACK_DIRECTORY_FD 3
#define BL_FILES_PACK_REPORT_FD 4
#define BL_FILES_PACK_AT 'F'       // a file is being worked on
#define BL_FILES_PACK_FAILED 'E'   // the last line: why
#define BL_FILES_PACK_LEFT_OUT 'L' // how many could not be read, or may not be made
#define BL_FILES_PACK_MAX_LINE 1024
#define BL_FILES_PACK_MAX_NAMES (10000 * 256)
#define BL_FILES_PACK_REPORT_MS 300

typedef struct _BlFilesPack BlFilesPack;
typedef void (*BlFilesPackProgress) (const char *path, gpointer user_data);

/**
 * bl_files_pack_new:
 * @program: bowline-files
 * @path: directory of @names
 * @output: descriptor the zip archive is written to, or -1: then read it with bl_files_pack_read()
 */
BlFilesPack *bl_files_pack_new (const char *program, const char *path, const char *const *names, int output, GError **error);
/** Unpacks file ARCHIVE into directory TARGET, which is made when only it is missing. */
BlFilesPack *bl_files_pack_new_unpack (const char *program, const char *archive, const char *target, GError **error);
/** Ends the program when it runs. Free of effect on NULL. */
void bl_files_pack_free (BlFilesPack *pack);

/** Returns: bytes of the archive, fewer than SIZE only at its end; -1 when reading failed. */
gssize bl_files_pack_read (BlFilesPack *pack, guint8 *buffer, gsize size);
/**
 * bl_files_pack_wait: waits for the end, or ends it when CANCELLABLE says so.
 * @left_out: (out): files that are not in the archive, or were not taken from it
 */
gboolean bl_files_pack_wait (BlFilesPack *pack, GCancellable *cancellable, BlFilesPackProgress progress, gpointer user_data,
                             guint *left_out, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFilesPack, bl_files_pack_free)

G_END_DECLS
