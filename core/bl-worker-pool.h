// SPDX-License-Identifier: Apache-2.0
/**
 * BlWorkerPool: as many threads as processors for short CPU work (signatures, password hashes), with a
 * bounded queue.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BlWorkerPool BlWorkerPool;

/** @threads: 0: one a processor; @max_queued: jobs that wait or run. @context: (nullable): where `done` runs;
 * %NULL: the default */
BlWorkerPool *bl_worker_pool_new (guint threads, guint max_queued, GMainContext *context);
/** Lets running work end, drops what has not begun (its data is freed, `done` is not called). On the
 * context's thread. */
void bl_worker_pool_free (BlWorkerPool *pool);
/**
 * bl_worker_pool_push: runs @work on a thread, then @done (nullable) on the context, then frees @data.
 * Returns: %FALSE when the queue is full; then nothing was taken. Any thread.
 */
gboolean bl_worker_pool_push (BlWorkerPool *pool,
                              void (*work) (gpointer data),
                              void (*done) (gpointer data),
                              gpointer data,
                              GDestroyNotify free_data);
/** Returns: jobs that wait or run. Any thread. */
guint bl_worker_pool_get_pending (BlWorkerPool *pool);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlWorkerPool, bl_worker_pool_free)

G_END_DECLS
