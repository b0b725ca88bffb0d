// SPDX-License-Identifier: Apache-2.0
/** Events as rows, their targets beside them. On the thread of the connection. */
#pragma once

#include "bl-sqlite-db.h"

G_BEGIN_DECLS

#define BL_SQLITE_EVENTS_MAX 10000u /* in one answer */

/** @targets: (array zero-terminated=1) */
gboolean bl_sqlite_events_add (
    BlSqliteDb *db, const char *const *targets, gint64 time_ms, GVariant *event, GError **error);
/** @filter: as bowline_event_query_async(). Returns: (transfer full): aa{sv}, newest first, or %NULL with
 * @error */
GVariant *bl_sqlite_events_query (BlSqliteDb *db, GVariant *filter, GError **error);
/** Removes up to @limit events from before @before_ms. @removed: (out): how many */
gboolean
bl_sqlite_events_expire (BlSqliteDb *db, gint64 before_ms, guint limit, guint *removed, GError **error);

/** Returns: (transfer full): the statement for @filter; pure, for tests */
char *bl_sqlite_events_build_query (GVariant *filter);

G_END_DECLS
