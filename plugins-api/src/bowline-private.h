// SPDX-License-Identifier: Apache-2.0
/**
 * How a program stands behind libbowline-plugin-1: one table of functions for each group of public functions.
 *
 * The library holds no policy. bowlined, bowline-agent and the test host install their tables once, before
 * the first plugin is loaded; from then on each public function calls the slot of its name. Not installed,
 * and not part of the promise: library and programs always come from the same build. A function whose table
 * or slot is absent warns and returns 0, FALSE or NULL; an asynchronous one completes with
 * BOWLINE_ERROR_NOT_SUPPORTED.
 */
#pragma once

#include <bowline/agent.h>
#include <bowline/presence.h>
#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BOWLINE_HOST_MAGIC 0x626c686fu

/** One for each plugin; it lives until the process ends. */
struct _BowlineHost
{
  guint32 magic; /* BOWLINE_HOST_MAGIC */
  char *id;      /* the plugin's id */
  gpointer priv; /* belongs to the program */
};

/** Host: settings, log, services and worker pool. Slots have the meaning and the thread of the public
 * function of the same name. */
typedef struct
{
  GMainContext *(*get_main_context) (BowlineHost *host);
  const char *(*get_plugin_id) (BowlineHost *host);
  const char *(*get_version) (BowlineHost *host);
  const char *(*get_data_dir) (BowlineHost *host);
  const char *(*get_package_data_dir) (BowlineHost *host);
  const char *(*get_string) (BowlineHost *host, const char *key);
  gint64 (*get_int) (BowlineHost *host, const char *key);
  gboolean (*get_boolean) (BowlineHost *host, const char *key);
  const char *const *(*get_list) (BowlineHost *host, const char *key);
  void (*log) (BowlineHost *host, guint32 level, GVariant *fields, const char *message);
  gboolean (*register_service) (BowlineHost *host,
                                const char *name,
                                guint32 major,
                                gconstpointer table,
                                gpointer user_data,
                                GError **error);
  gboolean (*lookup_service) (
      BowlineHost *host, const char *name, guint32 major, gpointer table, gpointer *user_data);
  gboolean (*offload) (BowlineHost *host,
                       void (*work) (gpointer data),
                       void (*done) (gpointer data),
                       gpointer data,
                       GDestroyNotify free_data);
} BowlineHostOps;

/** Topics of the event bus. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  void (*publish) (BowlineHost *host, const char *topic, GVariant *payload);
  guint64 (*subscribe) (BowlineHost *host, const char *topic, BowlineTopicFunc func, gpointer user_data);
  void (*unsubscribe) (BowlineHost *host, guint64 subscription);
} BowlineTopicOps;

/** User-visible events and the audit trail. Slots have the meaning and the thread of the public function of
 * the same name. */
typedef struct
{
  void (*emit) (BowlineHost *host, const char *const *targets, GVariant *event);
  void (*query_async) (BowlineHost *host,
                       GVariant *filter,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  GVariant *(*query_finish) (BowlineHost *host, GAsyncResult *result, GError **error);
  void (*audit) (BowlineHost *host,
                 BowlinePrincipal *principal,
                 const char *action,
                 const char *object_id,
                 gboolean allowed,
                 GVariant *details);
} BowlineEventOps;

/** Documents. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  GVariant *(*dup) (BowlineHost *host, const char *id);
  gboolean (*contains) (BowlineHost *host, const char *id);
  guint (*count) (BowlineHost *host, const char *type);
  void (*foreach) (
      BowlineHost *host, const char *type, const char *meshid, BowlineDirectoryFunc func, gpointer user_data);
  void (*commit_async) (BowlineHost *host,
                        GVariant *puts,
                        const char *const *deletes,
                        guint32 flags,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*commit_finish) (BowlineHost *host, GAsyncResult *result, GError **error);
  gboolean (*patch) (BowlineHost *host, const char *id, GVariant *fields);
  void (*read_async) (BowlineHost *host,
                      const char *id,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  GVariant *(*read_finish) (BowlineHost *host, GAsyncResult *result, GError **error);
  void (*list_async) (BowlineHost *host,
                      const char *type,
                      const char *prefix,
                      guint32 limit,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  GVariant *(*list_finish) (BowlineHost *host, GAsyncResult *result, GError **error);
} BowlineDirectoryOps;

/** Principals and rights. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  BowlinePrincipal *(*new) (BowlineHost *host, const BowlinePrincipalInfo *info);
  BowlinePrincipal *(*ref) (BowlinePrincipal *principal);
  void (*unref) (BowlinePrincipal *principal);
  void (*get_info) (BowlinePrincipal *principal, BowlinePrincipalInfo *info);
  const char *(*get_user_id) (BowlinePrincipal *principal);
  guint32 (*get_kind) (BowlinePrincipal *principal);
  guint32 (*rights) (BowlineHost *host, BowlinePrincipal *principal, const char *object_id);
  gboolean (*may) (BowlineHost *host, BowlinePrincipal *principal, const char *object_id, guint32 rights);
  gboolean (*may_see) (BowlineHost *host, BowlinePrincipal *principal, const char *object_id);
  guint32 (*site_rights) (BowlineHost *host, BowlinePrincipal *principal);
  gboolean (*may_receive) (BowlineHost *host,
                           BowlinePrincipal *principal,
                           const char *const *targets,
                           GVariant *event);
} BowlinePrincipalOps;

/** The action table. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  gboolean (*register_actions) (
      BowlineHost *host, const BowlineAction *actions, guint32 n_actions, gpointer user_data, GError **error);
  gboolean (*dispatch) (BowlineHost *host,
                        BowlinePrincipal *principal,
                        const char *session,
                        GVariant *request,
                        GCancellable *cancellable,
                        BowlineFrameFunc send,
                        gpointer user_data,
                        GDestroyNotify free_user_data);
} BowlineActionOps;

/** One call of an action. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  BowlineActionCall *(*ref) (BowlineActionCall *call);
  void (*unref) (BowlineActionCall *call);
  GVariant *(*get_arguments) (BowlineActionCall *call);
  GVariant *(*get_request) (BowlineActionCall *call);
  BowlinePrincipal *(*get_principal) (BowlineActionCall *call);
  const char *(*get_session) (BowlineActionCall *call);
  gboolean (*wants_answer) (BowlineActionCall *call);
  const char *const *(*get_refused) (BowlineActionCall *call);
  void (*answer) (BowlineActionCall *call, GVariant *answer);
  void (*answer_json) (BowlineActionCall *call, GBytes *members);
  void (*result) (BowlineActionCall *call, const char *result);
  void (*fail) (BowlineActionCall *call, const GError *error);
  void (*push) (BowlineActionCall *call, GVariant *frame);
  gboolean (*is_over) (BowlineActionCall *call);
} BowlineActionCallOps;

/** The authentication provider. Slots have the meaning and the thread of the public function of the same
 * name. */
typedef struct
{
  gboolean (*register_auth) (BowlineHost *host, const BowlineAuth *auth, gpointer self, GError **error);
  gboolean (*get_auth) (BowlineHost *host, BowlineAuth *auth, gpointer *self);
} BowlineAuthOps;

/** Device transports and presence. Slots have the meaning and the thread of the public function of the same
 * name. */
typedef struct
{
  gboolean (*register_device_transport) (BowlineHost *host,
                                         const BowlineDeviceTransport *transport,
                                         gpointer self,
                                         GError **error);
  void (*connected) (BowlineHost *host, const char *node_id, guint32 connectivity, guint32 power);
  void (*disconnected) (BowlineHost *host, const char *node_id, guint32 connectivity);
  gboolean (*get_state) (BowlineHost *host, const char *node_id, BowlineDeviceState *state);
  gboolean (*send) (BowlineHost *host, const char *node_id, GVariant *message);
  void (*disconnect) (BowlineHost *host, const char *node_id);
  void (*set_sessions) (BowlineHost *host, const char *node_id, const char *type, GVariant *sessions);
  GVariant *(*dup_sessions) (BowlineHost *host, const char *node_id);
} BowlineDeviceOps;

/** HTTP requests. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  BowlineHttpRequest *(*ref) (BowlineHttpRequest *request);
  void (*unref) (BowlineHttpRequest *request);
  const char *(*get_method) (BowlineHttpRequest *request);
  const char *(*get_path) (BowlineHttpRequest *request);
  const char *(*get_query) (BowlineHttpRequest *request, const char *name);
  const char *(*get_header) (BowlineHttpRequest *request, const char *name);
  const char *(*get_cookie) (BowlineHttpRequest *request, const char *name);
  const char *(*get_address) (BowlineHttpRequest *request);
  const char *(*get_host) (BowlineHttpRequest *request);
  gboolean (*is_secure) (BowlineHttpRequest *request);
  GBytes *(*get_body) (BowlineHttpRequest *request);
  BowlinePrincipal *(*get_principal) (BowlineHttpRequest *request);
  GBytes *(*get_certificate_hash) (BowlineHttpRequest *request);
  void (*add_header) (BowlineHttpRequest *request, const char *name, const char *value);
  void (*respond) (BowlineHttpRequest *request, guint32 status, const char *content_type, GBytes *body);
  void (*begin) (BowlineHttpRequest *request,
                 guint32 status,
                 const char *content_type,
                 gint64 length,
                 void (*writable) (BowlineHttpRequest *request, gpointer user_data),
                 void (*gone) (BowlineHttpRequest *request, gpointer user_data),
                 gpointer user_data);
  gboolean (*write) (BowlineHttpRequest *request, GBytes *piece);
  void (*end) (BowlineHttpRequest *request, gboolean complete);
  const char *(*get_affinity) (BowlineHttpRequest *request);
} BowlineHttpRequestOps;

/** WebSockets. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  BowlineWebSocket *(*ref) (BowlineWebSocket *socket);
  void (*unref) (BowlineWebSocket *socket);
  void (*set_handler) (BowlineWebSocket *socket, const BowlineSocketHandler *handler, gpointer user_data);
  gsize (*send) (BowlineWebSocket *socket, guint32 type, GBytes *message);
  gsize (*send_text) (BowlineWebSocket *socket, const char *text);
  void (*pause) (BowlineWebSocket *socket);
  void (*resume) (BowlineWebSocket *socket);
  void (*close) (BowlineWebSocket *socket, guint32 code, const char *reason);
  void (*abort) (BowlineWebSocket *socket);
  void (*get_stats) (BowlineWebSocket *socket, BowlineSocketStats *stats);
  void (*set_idle_timeout) (BowlineWebSocket *socket, guint32 seconds);
  gboolean (*join) (BowlineWebSocket *a, BowlineWebSocket *b, GError **error);
  void (*set_max_message) (BowlineWebSocket *socket, guint32 bytes);
} BowlineWebSocketOps;

/** Registration of endpoints. Slots have the meaning and the thread of the public function of the same name.
 */
typedef struct
{
  guint64 (*register_endpoint) (BowlineHost *host,
                                const BowlineEndpoint *endpoint,
                                gpointer user_data,
                                GError **error);
  void (*unregister_endpoint) (BowlineHost *host, guint64 registration);
} BowlineEndpointOps;

/** Certificates, signatures and sealed tickets. Slots have the meaning and the thread of the public function
 * of the same name. */
typedef struct
{
  GBytes *(*dup_certificate) (BowlineHost *host, guint32 which);
  GBytes *(*dup_server_id) (BowlineHost *host);
  gboolean (*accepts_web_hash) (BowlineHost *host, gconstpointer hash, gsize length);
  gboolean (*is_trusted) (BowlineHost *host);
  const char *(*get_name) (BowlineHost *host);
  guint32 (*get_port) (BowlineHost *host);
  void (*sign_async) (BowlineHost *host,
                      GBytes *data,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data);
  GBytes *(*sign_finish) (BowlineHost *host, GAsyncResult *result, GError **error);
  char *(*ticket_seal) (BowlineHost *host, const char *purpose, GVariant *content, guint32 seconds);
  GVariant *(*ticket_open) (BowlineHost *host, const char *purpose, const char *text, GError **error);
  GBytes *(*dup_agent_certificate) (BowlineHost *host, gconstpointer server_id, gsize length);
  void (*sign_as_async) (BowlineHost *host,
                         gconstpointer server_id,
                         gsize length,
                         GBytes *data,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data);
} BowlineIdentityOps;

/** The relay. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  gboolean (*register_relay) (BowlineHost *host, const BowlineRelay *relay, gpointer self, GError **error);
  gboolean (*get_relay) (BowlineHost *host, BowlineRelay *relay, gpointer *self);
} BowlineRelayOps;

/** The store. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  gboolean (*register_store) (BowlineHost *host, const BowlineStore *store, gpointer self, GError **error);
} BowlineStoreOps;

/** The device end of a relay session. Slots have the meaning and the thread of the public function of the
 * same name. */
typedef struct
{
  BowlineTunnel *(*ref) (BowlineTunnel *tunnel);
  void (*unref) (BowlineTunnel *tunnel);
  void (*get_info) (BowlineTunnel *tunnel, BowlineTunnelInfo *info);
  GVariant *(*dup_options) (BowlineTunnel *tunnel);
  gsize (*send_binary) (BowlineTunnel *tunnel, GBytes *message);
  gsize (*send_json) (BowlineTunnel *tunnel, GVariant *message);
  void (*send_status) (BowlineTunnel *tunnel, guint32 msgid, const char *text);
  void (*pause) (BowlineTunnel *tunnel);
  void (*resume) (BowlineTunnel *tunnel);
  void (*close) (BowlineTunnel *tunnel);
  void (*log) (BowlineTunnel *tunnel, guint32 msgid, GVariant *args, const char *text);
  void (*set_handler) (BowlineTunnel *tunnel, const BowlineTunnelHandler *handler, gpointer user_data);
} BowlineTunnelOps;

/** A message of the server. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  BowlineMessageCall *(*ref) (BowlineMessageCall *call);
  void (*unref) (BowlineMessageCall *call);
  GVariant *(*get_message) (BowlineMessageCall *call);
  guint32 (*get_rights) (BowlineMessageCall *call);
  void (*answer) (BowlineMessageCall *call, GVariant *answer);
} BowlineMessageCallOps;

/** Features of the agent. Slots have the meaning and the thread of the public function of the same name. */
typedef struct
{
  gboolean (*register_agent_feature) (BowlineHost *host,
                                      const BowlineAgentFeature *feature,
                                      gpointer user_data,
                                      GError **error);
  gboolean (*send) (BowlineHost *host, GVariant *message);
  gboolean (*is_connected) (BowlineHost *host);
  guint32 (*get_capabilities) (BowlineHost *host);
} BowlineAgentFeatureOps;

/** Questions to the person at the device. Slots have the meaning and the thread of the public function of the same
 * name. */
typedef struct
{
  BowlineConsent *(*ref) (BowlineConsent *consent);
  void (*unref) (BowlineConsent *consent);
  void (*get_info) (BowlineConsent *consent, BowlineConsentInfo *info);
  BowlineTunnel *(*get_tunnel) (BowlineConsent *consent);
  void (*answer) (BowlineConsent *consent, guint32 answer);
} BowlineConsentOps;

/** What the person at the device sees and may stop. Slots have the meaning and the thread of the public function of
 * the same name. */
typedef struct
{
  gboolean (*register_agent_presence) (BowlineHost *host,
                                       const BowlineAgentPresence *presence,
                                       gpointer user_data,
                                       GError **error);
  GPtrArray *(*list_tunnels) (BowlineHost *host);
  gint64 (*get_started) (BowlineTunnel *tunnel);
  guint32 (*get_number) (BowlineTunnel *tunnel);
  void (*stop) (BowlineTunnel *tunnel, const char *reason);
  void (*pause) (BowlineHost *host, gint64 until);
  gint64 (*get_pause) (BowlineHost *host);
  const char *(*get_server) (BowlineHost *host);
} BowlinePresenceOps;

BOWLINE_EXPORT extern void bowline_private_install_host_ops (const BowlineHostOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_topic_ops (const BowlineTopicOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_event_ops (const BowlineEventOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_directory_ops (const BowlineDirectoryOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_principal_ops (const BowlinePrincipalOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_action_ops (const BowlineActionOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_action_call_ops (const BowlineActionCallOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_auth_ops (const BowlineAuthOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_device_ops (const BowlineDeviceOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_http_request_ops (const BowlineHttpRequestOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_websocket_ops (const BowlineWebSocketOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_endpoint_ops (const BowlineEndpointOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_identity_ops (const BowlineIdentityOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_relay_ops (const BowlineRelayOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_store_ops (const BowlineStoreOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_tunnel_ops (const BowlineTunnelOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_message_call_ops (const BowlineMessageCallOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_agent_feature_ops (const BowlineAgentFeatureOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_consent_ops (const BowlineConsentOps *ops);
BOWLINE_EXPORT extern void bowline_private_install_presence_ops (const BowlinePresenceOps *ops);

/** Only so that the dump of the library's ABI holds the descriptor, which no other function takes. Returns:
 * its size. */
BOWLINE_EXPORT extern guint32 bowline_private_descriptor_size (const BowlinePluginDescriptor *descriptor);

G_END_DECLS
