// SPDX-License-Identifier: Apache-2.0
// BlFilesWorker: the disk side of a files tunnel; owns the upload and the downloads under way. Used by one thread.
#pragma once

#include <gio/gio.h>

#include "common/bl-files-proto.h"

G_BEGIN_DECLS

#define BL_FILES_MAX_DOWNLOADS 4u
#define BL_FILES_MAX_WINDOW 64u // download blocks on the way without an acknowledgement

typedef struct _BlFilesWorker BlFilesWorker;

/** TEXT: whether it is a text frame. BYTES: (transfer none). Called on the worker's thread. */
typedef void (*BlFilesReply) (GBytes *bytes, gboolean text, gpointer user_data);
/** What was done, for the event log. Called on the worker's thread. */
typedef void (*BlFilesNote) (guint32 msgid, const char *text, const char *path, gpointer user_data);

/** PROGRAM: bowline-files, which packs and unpacks; (nullable): not there. */
BlFilesWorker *bl_files_worker_new (const char *program, BlFilesReply reply, BlFilesNote note, gpointer user_data);
/** An unfinished upload stays as it is, so that it can be resumed. */
void bl_files_worker_free (BlFilesWorker *worker);
/** Does one request. CANCELLABLE ends a long one. */
void bl_files_worker_run (BlFilesWorker *worker, const BlFilesRequest *request, GCancellable *cancellable);
/** Protocol 10: sends {"op":"ok","size"} and the whole of PATH as long as MORE says so; or {"op":"cancel"}. */
void bl_files_worker_send_whole (BlFilesWorker *worker, const char *path, gboolean (*more) (gpointer user_data),
                                 gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFilesWorker, bl_files_worker_free)

G_END_DECLS
