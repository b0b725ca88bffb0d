// SPDX-License-Identifier: Apache-2.0
/**
 * BlHttpGate: who may ask at all (K1, K15): the Host list, the Origin rule and when a cookie counts. Pure decisions on
 * values of a request; nothing here knows what kind of certificate is in use, so no case can be forgotten for one.
 * Immutable; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BlHttpGate BlHttpGate;

/** What the gate is made of; lists are NULL-terminated and nullable. */
typedef struct
{
  const char *name;
  const char *const *bind;
  const char *const *allowed_hosts;
  const char *const *allowed_origins;
  const char *const *trusted_proxies; /* addresses or networks */
} BlHttpGateConfig;

/** Returns: (transfer full) (nullable): %NULL with %BL_ERROR_INVALID naming the value that cannot be used. */
BlHttpGate *bl_http_gate_new (const BlHttpGateConfig *config, GError **error);
void bl_http_gate_free (BlHttpGate *self);

/** What of a request matters. Strings are nullable: the header is absent. */
typedef struct
{
  const char *method;
  const char *host;       /* after X-Forwarded-Host of a trusted proxy */
  const char *origin;
  const char *fetch_site; /* Sec-Fetch-Site */
  gboolean secure;        /* the client speaks TLS, to us or to a trusted proxy */
  gboolean upgrade;       /* it asks for a WebSocket */
  guint32 flags;          /* BOWLINE_ENDPOINT_* of the endpoint */
} BlHttpGateRequest;

typedef struct
{
  guint status;       /* 0: pass; otherwise the answer: 400, 403 or 421 */
  gboolean cookies;   /* a cookie counts */
  const char *reason; /* (static) (nullable): for the log */
} BlHttpGateVerdict;

void bl_http_gate_decide (BlHttpGate *self, const BlHttpGateRequest *request, BlHttpGateVerdict *verdict);

/** @host: value of a Host header, with or without port. Returns: %TRUE when it is one of ours */
gboolean bl_http_gate_host_is_allowed (BlHttpGate *self, const char *host);
/** @address: as text */
gboolean bl_http_gate_is_trusted_proxy (BlHttpGate *self, const char *address);
/**
 * bl_http_gate_dup_client: walks X-Forwarded-For from the right until an address that is no trusted proxy.
 * @peer: the socket's address; @forwarded: (nullable): the header
 * Returns: (transfer full): the client's address; @peer when it is not a trusted proxy or the header is malformed
 */
char *bl_http_gate_dup_client (BlHttpGate *self, const char *peer, const char *forwarded);

/** Returns: %TRUE when @host is "name[:port]", "a.b.c.d[:port]" or "[v6][:port]". */
gboolean bl_http_host_is_valid (const char *host);
/** Returns: (transfer full) (nullable): the name without port, brackets and final dot, lower case; %NULL when invalid.
 * @port: (out) (optional): 0 when absent */
char *bl_http_host_dup_name (const char *host, guint16 *port);

/**
 * bl_http_cookie_dup: the value of cookie @name in a Cookie header (RFC 6265 section 4.2).
 * Returns: (transfer full) (nullable): %NULL when absent, malformed, longer than 4096 bytes, or there twice with
 * different values
 */
char *bl_http_cookie_dup (const char *header, const char *name);

/**
 * bl_http_query_parse: @query: (nullable): without "?". Percent-decodes names and values, "+" stays; of equal names the
 * first counts.
 * Returns: (transfer full) (nullable): text to text; %NULL with %BL_ERROR_INVALID for a bad escape, text that is not
 * UTF-8, a NUL, or more than 64 parameters
 */
GHashTable *bl_http_query_parse (const char *query, GError **error);
/** Returns: (transfer full) (nullable): @path decoded; %NULL for a bad escape, NUL, "." or ".." as a segment, or when it
 * does not begin with "/". */
char *bl_http_path_decode (const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlHttpGate, bl_http_gate_free)

G_END_DECLS
