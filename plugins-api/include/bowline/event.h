/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The event bus: plain topics inside the process, and user-visible events on top of them.
 *
 * Topics of the host (payload):
 *   "event"               (as a{sv})  targets, event: a user-visible event, after it was given to the store
 *   "directory.changed"   (sms)       id, kind ("put" | "delete"); the directory already has the new state
 *   "device.connectivity" (suu)       node id, connectivity bits now, bits before
 *   "device.message"      (sa{sv})    node id, sanitised JSON message of a device that the receiver routes on
 *   "session.closed"      (s)         session id of a control session that ended
 *   "principal.revoked"   (s)         user id or token id whose sessions must end now
 *   "service.removed"     (s)         service name
 */
#ifndef BOWLINE_EVENT_H
#define BOWLINE_EVENT_H

#include <bowline/abi.h>

G_BEGIN_DECLS

typedef void (*BowlineTopicFunc) (const char *topic, GVariant *payload, gpointer user_data);

/** Calls the subscribers of @topic, in order of subscription, before it returns. @payload: (transfer floating) */
BOWLINE_AVAILABLE_IN_1_0 void bowline_topic_publish (BowlineHost *host, const char *topic, GVariant *payload);
/** Returns: a subscription number, never 0. It ends with the plugin at the latest. */
BOWLINE_AVAILABLE_IN_1_0 guint64
bowline_topic_subscribe (BowlineHost *host, const char *topic, BowlineTopicFunc func, gpointer user_data);
BOWLINE_AVAILABLE_IN_1_0 void bowline_topic_unsubscribe (BowlineHost *host, guint64 subscription);

/**
 * bowline_event_emit: a user-visible event in MeshCentral's form (control-channel "event" frames).
 * @targets: (array zero-terminated=1): ids whose watchers get it: users, groups, devices, "*", "server-users",
 *   "server-allusers"
 * @event: (transfer floating): a{sv} with at least "action" (s) and "etype" (s). The host adds "time" (ISO 8601) when it is
 *   stored, "domain" when absent. With "nolog"=1 it is pushed and not stored.
 */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_event_emit (BowlineHost *host, const char *const *targets, GVariant *event);
/**
 * bowline_event_query_async: stored events, newest first.
 * @filter: (transfer floating): a{sv}: "ids" (as) events that name one of these targets; "nodeid" (s), "userid" (s), "action" (s),
 *   "limit" (x, 1..10000), "start" and "end" (x, ms since the epoch); conditions are combined with AND.
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_event_query_async (
    BowlineHost *host, GVariant *filter, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** Returns: (transfer full): aa{sv}, or %NULL with @error */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_event_query_finish (BowlineHost *host, GAsyncResult *result, GError **error);

/**
 * bowline_audit: one line in the audit trail: who did what to what, and whether it was allowed. The identity is taken
 * from @principal only, never from text a peer sent (K13).
 * @details: (nullable) (transfer floating): a{sv}
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_audit (
    BowlineHost *host, BowlinePrincipal *principal, const char *action, const char *object_id, gboolean allowed, GVariant *details);

G_END_DECLS
#endif
