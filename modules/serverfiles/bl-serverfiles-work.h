// SPDX-License-Identifier: Apache-2.0
/*
 * One thread that does what blocks, in order, so that what is measured against a quota is still true when it is written.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_SERVER_WORK_MAX 256u /* jobs that wait */

typedef struct _BlServerWork BlServerWork;
/** What @job points to is the caller's; freed on the main context. */
typedef void (*BlServerWorkFunc) (gpointer job);

/** @context: where `done` is called */
BlServerWork *bl_server_work_new (GMainContext *context);
/** bl_server_work_stop: waits for the running job; no `done` is called any more, the jobs are freed. */
void bl_server_work_stop (BlServerWork *self);
/**
 * bl_server_work_push: @run in the thread, then @done and @free_job on the main context.
 * Returns: FALSE when too much waits; then nothing was taken
 */
gboolean
bl_server_work_push (BlServerWork *self, BlServerWorkFunc run, BlServerWorkFunc done, GDestroyNotify free_job, gpointer job);

G_END_DECLS
