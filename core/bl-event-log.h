// SPDX-License-Identifier: Apache-2.0
/**
 * BlEventLog: user-visible events (control-channel section 9): given to the store unless they say "nolog",
 * then published on topic "event". Main context.
 *
 * What is stored has "time", "domain" and "ids" (the targets, av of s) added, and "node" (the whole device)
 * left out; what is published has "time" and "domain".
 */
#pragma once

#include "bl-event-bus.h"
#include "bl-store.h"

G_BEGIN_DECLS

#define BL_EVENT_LOG_MAX_TARGETS 10000u
#define BL_EVENT_LOG_MAX_EVENT (256u * 1024u) /* bytes, serialised, of an event that is stored */
#define BL_EVENT_LOG_MAX_LIMIT 10000u         /* events in one answer */

typedef struct _BlEventLog BlEventLog;

/** Both are borrowed and outlive the log. */
BlEventLog *bl_event_log_new (BlStore *store, BlEventBus *bus);
void bl_event_log_free (BlEventLog *log);
/** @event: (transfer floating): a{sv} */
void bl_event_log_emit (BlEventLog *log, const char *const *targets, GVariant *event);
/** @filter: (transfer floating): a{sv} */
void bl_event_log_query_async (BlEventLog *log,
                               GVariant *filter,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
GVariant *bl_event_log_query_finish (BlEventLog *log, GAsyncResult *result, GError **error);

/** Returns: (transfer full): @time_ms as "2026-01-31T12:00:00.000Z". Any thread. */
char *bl_event_log_format_time (gint64 time_ms);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlEventLog, bl_event_log_free)

G_END_DECLS
