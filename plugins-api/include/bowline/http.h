/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "endpoint": HTTP paths and WebSockets on the server's ports.
 *
 * The host does TLS, parsing, the Host and Origin gate (K1), limits, security headers and back-pressure. All calls
 * and callbacks on the main context; the bytes of a WebSocket are moved on another thread.
 */
#ifndef BOWLINE_HTTP_H
#define BOWLINE_HTTP_H

#include <bowline/abi.h>
#include <bowline/principal.h>

G_BEGIN_DECLS

/* ---- HTTP request ------------------------------------------------------------------------------------------------ */

BOWLINE_AVAILABLE_IN_1_0 BowlineHttpRequest *bowline_http_request_ref (BowlineHttpRequest *request);
/** A request that is released without an answer is answered with 500 by the host. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_http_request_unref (BowlineHttpRequest *request);
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_method (BowlineHttpRequest *request);
/** Returns: (transfer none): decoded path, beginning with "/", without query. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_path (BowlineHttpRequest *request);
/** Returns: (transfer none) (nullable): percent-decoded value of the first query parameter @name; "+" stays "+". */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_query (BowlineHttpRequest *request, const char *name);
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_header (BowlineHttpRequest *request, const char *name);
/** Returns: (transfer none) (nullable): value of the cookie @name; %NULL too when the Origin rules forbid cookies here. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_cookie (BowlineHttpRequest *request, const char *name);
/** Returns: (transfer none): client address as text, X-Forwarded-For honoured from trusted proxies only. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_address (BowlineHttpRequest *request);
/** Returns: (transfer none): host and port the client named, for example "example.org:8443"; checked by the gate. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_host (BowlineHttpRequest *request);
/** Returns: %TRUE when the client speaks TLS, to us or to the trusted proxy. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_http_request_is_secure (BowlineHttpRequest *request);
/** Returns: (transfer none): the body, empty for none; never longer than the endpoint's max_body. */
BOWLINE_AVAILABLE_IN_1_0 GBytes *bowline_http_request_get_body (BowlineHttpRequest *request);
/** Returns: (transfer none) (nullable): who the session cookie belongs to, if the endpoint takes cookies. */
BOWLINE_AVAILABLE_IN_1_0 BowlinePrincipal *bowline_http_request_get_principal (BowlineHttpRequest *request);
/** Returns: (transfer none): SHA-384 (48 bytes) of the TLS certificate this client was shown; behind a proxy, the proxy's. */
BOWLINE_AVAILABLE_IN_1_0 GBytes *bowline_http_request_get_certificate_hash (BowlineHttpRequest *request);
/**
 * Returns: (transfer none) (nullable): the affinity value of a WebSocket that is being opened: that of the endpoint's
 * affinity_query, or, for a client that gave none, 32 random hex digits made for this socket, for the other end to be given;
 * %NULL where the endpoint knows no affinity
 */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_http_request_get_affinity (BowlineHttpRequest *request);

/** Adds a header to the answer; one of the host's security headers of that name is replaced. */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_http_request_add_header (BowlineHttpRequest *request, const char *name, const char *value);
/**
 * bowline_http_request_respond: ends the request. May be called later than the handler, on the main context.
 * @content_type: (nullable); @body: (nullable) (transfer none)
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_http_request_respond (
    BowlineHttpRequest *request, guint32 status, const char *content_type, GBytes *body);
/**
 * bowline_http_request_begin: starts an answer whose body follows in pieces.
 * @length: total bytes, or -1 when unknown (chunked)
 * @writable: called when more may be written than bowline_http_request_write() took: the caller writes the first pieces
 *   itself, and keeps a reference to the request until the end
 * @gone: the client left. Both stop after bowline_http_request_end().
 */
BOWLINE_AVAILABLE_IN_1_0 void bowline_http_request_begin (BowlineHttpRequest *request,
                                                          guint32 status,
                                                          const char *content_type,
                                                          gint64 length,
                                                          void (*writable) (BowlineHttpRequest *request, gpointer user_data),
                                                          void (*gone) (BowlineHttpRequest *request, gpointer user_data),
                                                          gpointer user_data);
/** Returns: %FALSE when this piece filled the buffer: wait for `writable`. @piece: (transfer none) */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_http_request_write (BowlineHttpRequest *request, GBytes *piece);
/** @complete: %FALSE breaks the connection so that the client notices a short body. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_http_request_end (BowlineHttpRequest *request, gboolean complete);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlineHttpRequest, bowline_http_request_unref)

/* ---- WebSocket --------------------------------------------------------------------------------------------------- */

#define BOWLINE_MESSAGE_TEXT 1u
#define BOWLINE_MESSAGE_BINARY 2u

/** Counters of one socket since it opened, in payload bytes and messages, as seen by the server. */
typedef struct
{
  guint32 struct_size;
  guint32 reserved;
  guint64 bytes_in;
  guint64 bytes_out;
  guint64 messages_in;
  guint64 messages_out;
} BowlineSocketStats;

/**
 * BowlineSocketHandler: what happens to an open WebSocket. All slots but `message` are nullable.
 */
typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /** @type: BOWLINE_MESSAGE_*; @message: (transfer none), at most the endpoint's max_message bytes */
  void (*message) (BowlineWebSocket *socket, guint32 type, GBytes *message, gpointer user_data);
  /** All that was sent has left for the kernel. */
  void (*drained) (BowlineWebSocket *socket, gpointer user_data);
  /** The socket is gone; called exactly once, last. @code: RFC 6455 section 7.4 code, 1006 without a close frame */
  void (*closed) (BowlineWebSocket *socket, guint32 code, const char *reason, gpointer user_data);
} BowlineSocketHandler;

BOWLINE_AVAILABLE_IN_1_0 BowlineWebSocket *bowline_websocket_ref (BowlineWebSocket *socket);
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_unref (BowlineWebSocket *socket);
/** Sets who is called; the host keeps a reference until `closed` was called. @handler is copied. */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_websocket_set_handler (BowlineWebSocket *socket, const BowlineSocketHandler *handler, gpointer user_data);
/**
 * bowline_websocket_send: queues one message. @message: (transfer none)
 * Returns: the bytes now queued. When the endpoint's max_queued is passed, the socket is closed with 1013 and the
 * handler is told; a sender of bulk data therefore waits for `drained`.
 */
BOWLINE_AVAILABLE_IN_1_0 gsize bowline_websocket_send (BowlineWebSocket *socket, guint32 type, GBytes *message);
BOWLINE_AVAILABLE_IN_1_0 gsize bowline_websocket_send_text (BowlineWebSocket *socket, const char *text);
/** Stops and resumes reading: nothing is lost, the peer feels the pressure. Pings are then not answered either. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_pause (BowlineWebSocket *socket);
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_resume (BowlineWebSocket *socket);
/** Sends what is queued, then a close frame (@code 0: without code), then ends within 5 s. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_close (BowlineWebSocket *socket, guint32 code, const char *reason);
/** Ends now, queued messages are lost. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_abort (BowlineWebSocket *socket);
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_get_stats (BowlineWebSocket *socket, BowlineSocketStats *stats);
/** Closes the socket when the peer sends nothing (not even a pong) for @seconds; 0: never. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_set_idle_timeout (BowlineWebSocket *socket, guint32 seconds);
/** The longest incoming message from now on, at most the endpoint's max_message: a peer that has not authenticated yet
 * should not make us hold much. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_websocket_set_max_message (BowlineWebSocket *socket, guint32 bytes);
/**
 * bowline_websocket_join: from now on every frame of @a goes to @b and the other way round, unchanged, with frame
 * boundaries and types kept, in constant memory, with back-pressure both ways. Messages queued before are sent
 * first; messages sent to either later are put between frames. Both must have been opened with the same affinity value.
 * When one side ends, the other is closed. `closed` is still called for both; `message` no more.
 */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_websocket_join (BowlineWebSocket *a, BowlineWebSocket *b, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BowlineWebSocket, bowline_websocket_unref)

/* ---- endpoints --------------------------------------------------------------------------------------------------- */

#define BOWLINE_ENDPOINT_PREFIX 1u     /* `path` also serves everything below it; the longest match wins */
#define BOWLINE_ENDPOINT_COOKIE 2u     /* the session cookie may authenticate here (own Origin only) */
#define BOWLINE_ENDPOINT_REDIRECT_PORT 4u /* served on the plain redirect port too, without cookies */
#define BOWLINE_ENDPOINT_ANY_HOST 8u   /* exempt from the Host list (health checks, agents by address) */
#define BOWLINE_ENDPOINT_FALLBACK 16u  /* asked when no other endpoint matches; at most one */
#define BOWLINE_ENDPOINT_DEVICE 32u    /* a device's channel: never any cookie; an Origin header is refused */

/**
 * BowlineEndpoint: a path. Either or both of `request` and `opened` are set. 0 in a limit means the host's default.
 */
typedef struct
{
  guint32 struct_size;
  guint32 flags;            /* BOWLINE_ENDPOINT_* */
  const char *path;         /* "/control.ashx" */
  const char *methods;      /* "GET,POST"; HEAD is served where GET is; others get 405 */
  guint32 max_body;         /* bytes of a request body; above: 413 */
  guint32 max_message;      /* bytes of one incoming WebSocket message; above: close 1009 */
  guint32 max_queued;       /* bytes queued to a peer that does not read; above: close 1013 */
  guint32 idle_timeout;     /* seconds a WebSocket may be silent */
  const char *affinity_query; /* (nullable): sockets with an equal value of this query parameter can be joined; see
                               bowline_http_request_get_affinity() for those without one */
  /** An HTTP request. @request: (transfer none); take a reference to answer later. */
  void (*request) (BowlineHttpRequest *request, gpointer user_data);
  /**
   * A WebSocket was opened; it passed the gate. @request gives headers, query and principal and is valid during the call.
   * Set a handler here; a socket without one is closed. Reading starts when this returns.
   */
  void (*opened) (BowlineWebSocket *socket, BowlineHttpRequest *request, gpointer user_data);
} BowlineEndpoint;

/** Returns: a registration number, or 0 with @error: the path is taken, or a limit is above the host's. */
BOWLINE_AVAILABLE_IN_1_0 guint64
bowline_host_register_endpoint (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data, GError **error);
BOWLINE_AVAILABLE_IN_1_0 void bowline_host_unregister_endpoint (BowlineHost *host, guint64 registration);

/* ---- the page ---------------------------------------------------------------------------------------------------- */

/**
 * Service "bowline.page" (bowline_host_lookup_service()), offered by the module that serves the page: the page with data of
 * its own, for visitors who come by a link.
 */
#define BOWLINE_PAGE_SERVICE "bowline.page"
#define BOWLINE_PAGE_MAJOR 1u

typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /**
   * respond: ends @request with the page, the data in it as JSON (element meta, name "bowline-page"). Never cached.
   * @data: (transfer floating): a{sv}
   */
  void (*respond) (gpointer self, BowlineHttpRequest *request, guint32 status, GVariant *data);
} BowlinePage;

G_END_DECLS
#endif
