// SPDX-License-Identifier: Apache-2.0
/** What the bl-http files share: the front, its connections and its requests. Main thread. */
#pragma once

#include "bl-http-endpoint.h"
#include "bl-http-front.h"
#include "bl-http-gate.h"
#include "bl-listener.h"
#include "bl-tls-stream.h"
#include "bl-ws-socket.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define BL_HTTP_MAX_THREADS 16

/* Kinds of BlTlsConn. */
#define BL_HTTP_KIND_WEB 0
#define BL_HTTP_KIND_REDIRECT 1

struct _BlHttpFront
{
  BlFrontOptions options; /* its strings and lists are copies */
  BlHttpGate *gate;
  BlHttpRegistry *registry;
  SoupServer *server;
  BlMailbox *mailbox;
  BlIoThread *threads[BL_HTTP_MAX_THREADS];
  guint n_threads;
  guint next_thread;
  gnutls_priority_t priority;
  BlTlsCredentials *credentials;
  GBytes *outer_hash;
  BlListener *listener;
  BlListener *redirect;
  guint16 port; /* of the listener, kept when that is gone */
  BlTlsCounters counters;
  BlWsGroup group;
  GQueue conns; /* of BlHttpConn */
  GSocketAddress *local_address;
  char *frame_ancestors;
  BlFrontSessionLookup lookup;
  gpointer lookup_data;
  guint tick_id;
  gint64 rotated_us;
  guint64 requests;
  guint64 refused;
  gboolean installed;

  gboolean stopping;
  gint64 stop_us; /* when stopping began */
  guint stop_id;
  void (*stop_done) (gpointer user_data);
  gpointer stop_data;
};

/* ---- connections: bl-http-conn.c ------------------------------------------------------------------------------------- */

typedef enum
{
  BL_HTTP_CONN_IDLE,   /* between requests */
  BL_HTTP_CONN_HEADER, /* the header began */
  BL_HTTP_CONN_BODY,
  BL_HTTP_CONN_ANSWER, /* the request is complete */
} BlHttpConnState;

/** A connection that libsoup serves; it ends with its stream. */
typedef struct
{
  BlHttpFront *front;
  GList link;
  BlTlsStream *stream; /* owned by libsoup */
  GSocketAddress *address;
  BlHttpConnState state;
  gint64 deadline_us; /* of the state; 0: none */
  gint64 blocked_us;  /* since when the peer takes nothing; 0: it does */
  gsize header_bytes;
} BlHttpConn;

/** BlListenerFunc: @front, @conn */
void bl_http_conn_accept (gpointer front, gpointer conn, guintptr unused);
/** Returns: (transfer none) (nullable) */
BlHttpConn *bl_http_conn_of (SoupServerMessage *message);
void bl_http_conn_set_state (BlHttpConn *self, BlHttpConnState state, gint64 deadline_us);
void bl_http_conn_tick (BlHttpConn *self, gint64 now_us);
/** Answers past libsoup, which would read the whole body first, and ends the connection. */
void bl_http_conn_refuse (BlHttpConn *self, guint status);
/** Returns: (transfer full) (nullable): the connection, out of libsoup's hands; @self is gone.
 * @rest: (out) (nullable): bytes libsoup had read already */
BlTlsConn *bl_http_conn_steal (BlHttpConn *self, SoupServerMessage *message, GBytes **rest);

/* ---- headers: bl-http-headers.c -------------------------------------------------------------------------------------- */

/** Puts the security headers on an answer. @host: (nullable): as the client named us, checked */
void bl_http_headers_apply (BlHttpFront *front, SoupMessageHeaders *headers, const char *host, gboolean secure);
/** Returns: %TRUE when @name is one of the above */
gboolean bl_http_headers_is_security (const char *name);
/** Returns: %TRUE when @name and @value may be sent */
gboolean bl_http_headers_is_valid (const char *name, const char *value);
/** Returns: how often the header is there */
guint bl_http_headers_count (SoupMessageHeaders *headers, const char *name);
/** Returns: bytes of all names and values */
gsize bl_http_headers_size (SoupMessageHeaders *headers);

/* ---- requests: bl-http-request.c ------------------------------------------------------------------------------------- */

typedef enum
{
  BL_HTTP_REQUEST_NEW,
  BL_HTTP_REQUEST_WAITING,   /* the handler returned without an answer */
  BL_HTTP_REQUEST_STREAMING, /* begin() was called */
  BL_HTTP_REQUEST_ANSWERED,
} BlHttpRequestState;

struct _BowlineHttpRequest
{
  guint refs; /* main thread */
  BlHttpFront *front;
  BlHttpEndpoint *endpoint;
  SoupServerMessage *message; /* (nullable): %NULL when the client is gone */
  SoupMessageHeaders *headers;
  char *path;
  char *host;
  char *address;
  char *affinity; /* (nullable): once the socket is made */
  GHashTable *query;
  GHashTable *cookies; /* (nullable): looked up ones */
  GBytes *body;
  GBytes *certificate_hash;
  BowlinePrincipal *principal;
  const char *method; /* (static) or interned */
  BlHttpRequestState state;
  gboolean secure, cookies_allowed, looked_up, in_handler, full;
  gsize body_read;
  gsize queued; /* streaming: bytes libsoup holds */
  gulong signals[4];
  void (*writable) (BowlineHttpRequest *request, gpointer user_data);
  void (*gone) (BowlineHttpRequest *request, gpointer user_data);
  gpointer user_data;
};

extern const BowlineHttpRequestOps bl_http_request_ops;

BowlineHttpRequest *bl_http_request_new (BlHttpFront *front, SoupServerMessage *message);
BowlineHttpRequest *bl_http_request_ref (BowlineHttpRequest *self);
void bl_http_request_unref (BowlineHttpRequest *self);
/** Runs the endpoint's handler. */
void bl_http_request_run (BowlineHttpRequest *self);
/** The exchange is over, or was taken over by a WebSocket. Drops the front's reference. */
void bl_http_request_detach (BowlineHttpRequest *self);
/** A short text page. */
void bl_http_answer (SoupServerMessage *message, guint status);

/* ---- routing: bl-http-route.c ---------------------------------------------------------------------------------------- */

/** Handlers of the SoupServer. */
void bl_http_route_early (
    SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer front);
void bl_http_route_handle (
    SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer front);

G_END_DECLS
