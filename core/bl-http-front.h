// SPDX-License-Identifier: Apache-2.0
/**
 * BlHttpFront: everything between the web port and the endpoints of the modules: listeners, I/O threads, TLS, HTTP by
 * libsoup, the gate (K1, K15), limits, security headers and WebSockets. It implements <bowline/http.h>.
 *
 * Order: bl_http_front_new(), bl_http_front_install(), bl_http_front_set_credentials(), [modules register endpoints],
 * bl_http_front_start(), [running], bl_http_front_stop_async(), bl_http_front_free(). Main thread throughout.
 */
#pragma once

#include "bl-tls-credentials.h"
#include "bowline-private.h"

G_BEGIN_DECLS

typedef struct _BlHttpFront BlHttpFront;

/**
 * BlFrontOptions: copied by bl_http_front_new(). Fill with bl_front_options_init(), then change what is configured.
 * Times in seconds, sizes in bytes. Strings and lists are borrowed during the call; lists are NULL-terminated.
 */
typedef struct
{
  const char *const *bind;            /* addresses, e.g. { "127.0.0.1" }; NULL: "::" and "0.0.0.0" */
  guint16 port;                       /* never 0 in the product (a clear error); tests set any_port */
  guint16 redirect_port;              /* 0: no redirect listener */
  guint16 public_port;                /* the port clients use, when it is not `port`; 0: `port` */
  gboolean any_port;                  /* tests: port 0 means whatever is free */
  gboolean tls_offload;               /* plain HTTP on `port`; TLS is done by a proxy */
  gboolean tls_cbc;                   /* also offer ECDHE with AES-CBC in TLS 1.2 */
  gboolean hsts;                      /* send Strict-Transport-Security: the certificate is publicly trusted */
  const char *name;                   /* server's DNS name */
  const char *const *allowed_hosts;   /* further names for the Host list */
  const char *const *allowed_origins; /* further origins, "https://example.org" */
  const char *const *trusted_proxies; /* addresses or networks whose X-Forwarded-* count */
  const char *const *allow_framing;   /* frame-ancestors besides 'self': origins, or "*" */

  guint io_threads;                   /* 0: one a core, at most 16 */
  guint max_connections;              /* open on all ports together */
  guint max_pending;                  /* connections that have not sent a request yet: in total */
  guint max_pending_per_address;      /* and from one address; the oldest silent one makes room */
  guint handshake_timeout;            /* from accept to the first byte of a request */
  guint header_timeout;               /* from the first byte of a request to the end of its header */
  guint keepalive_timeout;            /* between requests */
  guint stall_timeout;                /* a reader of an answer that takes nothing */
  guint max_headers;                  /* bytes of one request's header */

  /* used where an endpoint says 0 */
  guint32 max_body;
  guint32 max_message;
  guint32 max_queued;
  guint32 idle_timeout;               /* of WebSockets; 0: never */
} BlFrontOptions;

void bl_front_options_init (BlFrontOptions *options);

/** Returns: (transfer full) (nullable): %NULL with @error for an unusable option. */
BlHttpFront *bl_http_front_new (const BlFrontOptions *options, GError **error);
/** After bl_http_front_stop_async() completed, or when never started. */
void bl_http_front_free (BlHttpFront *self);

/** Installs the functions of <bowline/http.h>. Once a process (tests: for the front that is in use). */
void bl_http_front_install (BlHttpFront *self);

/** Returns: (transfer full) (nullable): whom a session cookie belongs to. */
typedef BowlinePrincipal *(*BlFrontSessionLookup) (const char *value, const char *address, gpointer user_data);
/** How `__Host-bowline` is resolved; %NULL: cookies count nothing. */
void bl_http_front_set_session_lookup (BlHttpFront *self, BlFrontSessionLookup lookup, gpointer user_data);

/** Certificates for new connections, at start and whenever they change (SIGHUP). */
void bl_http_front_set_credentials (BlHttpFront *self, BlTlsCredentials *credentials);
/** With tls_offload: SHA-384 of the certificate the proxy shows. @hash: (nullable) */
void bl_http_front_set_outer_hash (BlHttpFront *self, GBytes *hash);
/** Certificate became, or is no longer, publicly trusted. */
void bl_http_front_set_hsts (BlHttpFront *self, gboolean hsts);

/** Whether the ports can be had now. Returns: %FALSE with @error as bl_http_front_start() */
gboolean bl_http_front_probe (const BlFrontOptions *options, GError **error);
/** Binds and serves. Returns: %FALSE with @error naming the address, the port and, if it can be found, its holder. */
gboolean bl_http_front_start (BlHttpFront *self, GError **error);
/** Returns: the port served, 0 before start */
guint16 bl_http_front_get_port (BlHttpFront *self);
guint16 bl_http_front_get_redirect_port (BlHttpFront *self);

/**
 * bl_http_front_stop_async: closes the listeners, sends 1001 to every WebSocket, lets answers finish, then ends what is
 * left. Calls @done on the main context within 5 s.
 */
void bl_http_front_stop_async (BlHttpFront *self, void (*done) (gpointer user_data), gpointer user_data);

/** Returns: (transfer full): a{sv} of numbers: "connections", "pending", "websockets", "joined", "requests", "refused",
 * "handshakes", "handshakes-failed", "bytes-relayed", "threads" (x each). */
GVariant *bl_http_front_dup_status (BlHttpFront *self);

/** Called with each registered endpoint; tests and `bowlinectl doctor` walk them. */
void bl_http_front_foreach_endpoint (BlHttpFront *self,
                                     void (*func) (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data),
                                     gpointer user_data);

/** Trusted Types policies the page may create; the page's build uses the same names. */
#define BL_FRONT_TRUSTED_TYPES "default dompurify bowline xterm"
/** The session cookie. */
#define BL_FRONT_SESSION_COOKIE "__Host-bowline"

G_END_DECLS
