// SPDX-License-Identifier: Apache-2.0
/**
 * A host for unit tests of one plugin: everything a plugin can ask for, in memory, on the default main
 * context.
 *
 * It keeps what the plugin does (log lines, topics, events, audit records, registrations, answers, frames)
 * for the test to look at, and lets the test play the other side: run an action, make a request, open a
 * WebSocket, send a message. It does not check what the real host checks (argument schemas, Origin, limits).
 * One at a time; link `bowline_testing_dep`.
 */
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

typedef struct _BlTestHost BlTestHost;

/** Installs all functions and makes a host whose plugin id is @id, with an empty data directory that is
 * removed at the end. */
BlTestHost *bl_test_host_new (const char *id);
/** Ends what is still registered. The test must have deactivated the plugin before. */
void bl_test_host_free (BlTestHost *test);
BowlineHost *bl_test_host_get (BlTestHost *test);

/** A setting, as text; "server.KEY" for the server's. Numbers and booleans are parsed plainly, lists split at
 * ";". */
void bl_test_host_set (BlTestHost *test, const char *key, const char *text);
/** Calls the plugin's activation and waits for it. @query: bowline_plugin_query_1 */
gboolean bl_test_host_activate (BlTestHost *test, BowlinePluginQuery query, GError **error);
void bl_test_host_deactivate (BlTestHost *test, BowlinePluginQuery query);
/** Runs the default main context until @done returns TRUE. Returns: %FALSE after @seconds. */
gboolean bl_test_host_wait (gboolean (*done) (gpointer user_data), gpointer user_data, guint seconds);
/** Runs what is ready. */
void bl_test_host_settle (void);

/* ---- what the plugin did; arrays are (transfer none) and grow at the end ----------------------------------
 */

/** (element-type utf8): "LEVEL message" */
GPtrArray *bl_test_host_get_log (BlTestHost *test);
/** (element-type GVariant): (sv): topic, payload */
GPtrArray *bl_test_host_get_published (BlTestHost *test);
/** (element-type GVariant): (asa{sv}): targets, event */
GPtrArray *bl_test_host_get_events (BlTestHost *test);
/** (element-type GVariant): (ssbv): action, object, allowed, details or () */
GPtrArray *bl_test_host_get_audit (BlTestHost *test);
/** (element-type utf8): the user id of each audit record's principal, beside bl_test_host_get_audit() */
GPtrArray *bl_test_host_get_audit_users (BlTestHost *test);

/* ---- documents --------------------------------------------------------------------------------------------
 */

/** @document: (transfer floating): a{sv} with "_id" and "type"; all documents count as hot */
void bl_test_host_put_document (BlTestHost *test, GVariant *document);
/** Commits fail with %BOWLINE_ERROR_STORAGE while set. */
void bl_test_host_fail_commits (BlTestHost *test, gboolean fail);

/* ---- principals -------------------------------------------------------------------------------------------
 */

/** Returns: (transfer full) */
BowlinePrincipal *bl_test_host_new_user (BlTestHost *test, const char *user_id);
/** What bowline_rights() says; @object_id "*" for all objects, "site" for site rights. LOCAL has everything.
 */
void bl_test_host_grant (BlTestHost *test, const char *user_id, const char *object_id, guint32 rights);

/* ---- actions ----------------------------------------------------------------------------------------------
 */

const BowlineAction *bl_test_host_find_action (BlTestHost *test, const char *name);
/**
 * Runs an action with @request (a{sv}, floating sunk) as arguments.
 * Returns: (transfer full) (element-type GVariant): frames sent until the context was idle; later ones are
 * appended
 */
GPtrArray *bl_test_host_run_action (BlTestHost *test,
                                    BowlinePrincipal *principal,
                                    const char *session,
                                    GVariant *request);

/* ---- HTTP -------------------------------------------------------------------------------------------------
 */

/** Returns: (transfer none) (nullable): the endpoint that serves @path */
const BowlineEndpoint *bl_test_host_find_endpoint (BlTestHost *test, const char *path);

/** Members may be NULL; pairs are name, value, ..., NULL. */
typedef struct
{
  const char *method; /* NULL: GET */
  const char *path;
  const char *const *query;
  const char *const *headers;
  const char *const *cookies;
  const char *address; /* NULL: 127.0.0.1 */
  const char *host;    /* NULL: localhost:8443 */
  GBytes *body;
  BowlinePrincipal *principal;
} BlTestRequest;

/** Returns: (transfer full): the request, after the endpoint's handler ran; look at it with the functions
 * below. */
BowlineHttpRequest *bl_test_host_request (BlTestHost *test, const BlTestRequest *request);
/** 0 while there is no answer. */
guint32 bl_test_request_get_status (BowlineHttpRequest *request);
/** Returns: (transfer none) (nullable) */
const char *bl_test_request_get_answer_header (BowlineHttpRequest *request, const char *name);
/** Returns: (transfer full): what was written so far */
GBytes *bl_test_request_dup_answer (BowlineHttpRequest *request);
gboolean bl_test_request_is_complete (BowlineHttpRequest *request);

/** Returns: (transfer full) (nullable): the socket after `opened` ran; %NULL when the plugin did not take it.
 */
BowlineWebSocket *bl_test_host_open_socket (BlTestHost *test, const BlTestRequest *request);
/** The peer sends. */
void bl_test_socket_receive (BowlineWebSocket *socket, guint32 type, GBytes *message);
void bl_test_socket_receive_text (BowlineWebSocket *socket, const char *text);
/** The peer closes. */
void bl_test_socket_receive_close (BowlineWebSocket *socket, guint32 code);
/** Returns: (transfer none) (element-type GVariant): (uay) type and bytes the plugin sent */
GPtrArray *bl_test_socket_get_sent (BowlineWebSocket *socket);
/** Returns: (transfer full) (nullable): sent message @index as text */
char *bl_test_socket_dup_sent_text (BowlineWebSocket *socket, guint index);
/** Returns: 0 while open, else the close code, 1006 after an abort */
guint32 bl_test_socket_get_close_code (BowlineWebSocket *socket);
gboolean bl_test_socket_is_paused (BowlineWebSocket *socket);
/** Returns: (transfer none) (nullable) */
BowlineWebSocket *bl_test_socket_get_joined (BowlineWebSocket *socket);
/** While set, sent messages count as queued; clearing it calls `drained`. */
void bl_test_socket_hold (BowlineWebSocket *socket, gboolean hold);

/* ---- other tables -----------------------------------------------------------------------------------------
 */

/** Copies what the plugin registered. */
gboolean bl_test_host_get_store (BlTestHost *test, BowlineStore *store, gpointer *self);
gboolean bl_test_host_get_transport (BlTestHost *test, BowlineDeviceTransport *transport, gpointer *self);
/** Registers stand-ins for what other modules provide. */
void bl_test_host_set_auth (BlTestHost *test, const BowlineAuth *auth, gpointer self);
void bl_test_host_set_relay (BlTestHost *test, const BowlineRelay *relay, gpointer self);
/** (element-type GVariant): (sv): node id, message given to bowline_device_send() */
GPtrArray *bl_test_host_get_device_messages (BlTestHost *test);
/** Whether bowline_device_send() finds the device; also set by bowline_device_connected(). */
void bl_test_host_set_online (BlTestHost *test, const char *node_id, gboolean online);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTestHost, bl_test_host_free)

G_END_DECLS
