// SPDX-License-Identifier: Apache-2.0
// BlAgentSocket: a WebSocket client over TLS on the main loop, for the agent's channel and its tunnels. Non-blocking
// GnuTLS over the descriptor GIO connected (which also goes through a proxy); bounded both ways; no callback comes from
// inside a call into it. Who may be at the other end is the owner's decision, asked once the certificate is known: the
// agent's protocol proves the server by its own signature, or pins the very certificate of the channel.
#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include "common/bl-ws-frame.h"

G_BEGIN_DECLS

#define BL_AGENT_SOCKET_CONNECT_SECONDS 20 // agent-channel section 1: time until the upgrade is answered
#define BL_AGENT_SOCKET_HIGH_WATER (256u * 1024u)
#define BL_AGENT_SOCKET_QUEUE_MAX (16u * 1024u * 1024u)

typedef struct _BlAgentSocket BlAgentSocket;

typedef struct
{
  const char *url;            // wss://host[:port]/path?query
  const char *proxy;          // (nullable): http://[user:password@]host:port
  gsize max_message;          // bytes of one message from the server
  GBytes *session;            // (nullable): TLS session to resume, from `opened` of an earlier socket
} BlAgentSocketOptions;

// Set all but drained and pong, which are nullable.
typedef struct
{
  // Returns: whether the server with this certificate (DER, SHA-384) may be talked to.
  gboolean (*accept) (BlAgentSocket *socket, GBytes *certificate, const guint8 *hash, gpointer user_data);
  void (*opened) (BlAgentSocket *socket, gpointer user_data);
  // OPCODE: text or binary. DATA is valid during the call.
  void (*message) (BlAgentSocket *socket, BlWsOpcode opcode, const guint8 *data, gsize length, gpointer user_data);
  void (*pong) (BlAgentSocket *socket, gpointer user_data);
  void (*drained) (BlAgentSocket *socket, gpointer user_data);
  // The end, once. ERROR is %NULL when the server closed in order.
  void (*closed) (BlAgentSocket *socket, const GError *error, gpointer user_data);
} BlAgentSocketEvents;

/** Begins to connect. EVENTS is static. Returns: (transfer full). */
BlAgentSocket *bl_agent_socket_new (const BlAgentSocketOptions *options, const BlAgentSocketEvents *events, gpointer user_data);
/** Ends it at once; no callback comes any more. Free of effect on NULL. */
void bl_agent_socket_free (BlAgentSocket *socket);

/** Queues one message. Returns: bytes that wait now; above BL_AGENT_SOCKET_QUEUE_MAX the socket ends with an error. */
gsize bl_agent_socket_send (BlAgentSocket *socket, BlWsOpcode opcode, gconstpointer data, gsize length);
/** Stops and resumes delivery of messages; reading stops too. */
void bl_agent_socket_pause (BlAgentSocket *socket);
void bl_agent_socket_resume (BlAgentSocket *socket);
/** Sends what waits and a close frame, then ends; `closed` is called. */
void bl_agent_socket_close (BlAgentSocket *socket);

/** Returns: monotonic time of the last byte received. */
gint64 bl_agent_socket_get_last_input (BlAgentSocket *socket);
/** Returns: (transfer full) (nullable): data to resume this TLS session with; best asked at the end. */
GBytes *bl_agent_socket_dup_session (BlAgentSocket *socket);
/** Returns: (transfer full) (nullable): the server's address as text */
char *bl_agent_socket_dup_peer_address (BlAgentSocket *socket);

/** Returns: whether this machine would still send from the connection's own address: FALSE when its network changed. */
gboolean bl_agent_socket_is_routed (BlAgentSocket *socket);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentSocket, bl_agent_socket_free)

G_END_DECLS
