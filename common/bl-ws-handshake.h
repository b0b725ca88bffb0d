// SPDX-License-Identifier: Apache-2.0
/*
 * The HTTP side of opening a WebSocket: the accept key for the server, and for our own client the upgrade
 * request, a CONNECT request to a proxy and a bounded incremental parser of the answers (RFC 6455 section 4,
 * RFC 9112). Pure.
 */
#pragma once

#include <glib.h>
#include "common/bl-limits.h"

G_BEGIN_DECLS

/** bl_ws_key_is_valid: TRUE when @key is base64 of 16 bytes, as Sec-WebSocket-Key must be. */
gboolean bl_ws_key_is_valid (const char *key);

/** bl_ws_accept_key: Returns: (transfer full): Sec-WebSocket-Accept for @key */
char *bl_ws_accept_key (const char *key);

/** bl_ws_make_key: Returns: (transfer full): a fresh random Sec-WebSocket-Key */
char *bl_ws_make_key (void);

/**
 * bl_ws_build_upgrade_request:
 * @host: value of Host, with the port unless it is 443 or 80
 * @target: path and query, beginning with '/'
 * @key: from bl_ws_make_key()
 * @headers: (nullable): NULL-terminated further lines "Name: value"
 *
 * Returns: (transfer full): the request; NULL with %BL_ERROR_INVALID when a part holds CR, LF, NUL or blanks
 * where none may be
 */
char *bl_ws_build_upgrade_request (
    const char *host, const char *target, const char *key, const char *const *headers, GError **error);

/**
 * bl_http_build_connect:
 * @host: target host; an IPv6 address without brackets
 * @user: (nullable): proxy user for Basic
 * @password: (nullable): proxy password
 */
char *bl_http_build_connect (
    const char *host, guint16 port, const char *user, const char *password, GError **error);

typedef struct _BlHttpResponse BlHttpResponse;

/* An incremental parser of one response head; limits: BL_HTTP_MAX_RESPONSE_HEAD, BL_HTTP_MAX_HEADERS. */
BlHttpResponse *bl_http_response_new (void);
void bl_http_response_free (BlHttpResponse *self);

typedef enum
{
  BL_HTTP_NEED_MORE,
  BL_HTTP_DONE,
  BL_HTTP_ERROR,
} BlHttpResult;

/**
 * bl_http_response_feed:
 * @consumed: (out): bytes that belong to the head; what follows is already WebSocket or tunnel data
 */
BlHttpResult
bl_http_response_feed (BlHttpResponse *self, const guint8 *data, gsize len, gsize *consumed, GError **error);

guint bl_http_response_get_status (const BlHttpResponse *self);
const char *bl_http_response_get_reason (const BlHttpResponse *self);

/**
 * bl_http_response_get_header: Returns: (transfer none) (nullable): first value of @name, case ignored,
 * trimmed
 */
const char *bl_http_response_get_header (const BlHttpResponse *self, const char *name);

/**
 * bl_ws_check_upgrade:
 *
 * Returns: TRUE when @response is a 101 with Upgrade: websocket, Connection: upgrade, the accept value for
 * @key and no extension or subprotocol (we offer none)
 */
gboolean bl_ws_check_upgrade (const BlHttpResponse *response, const char *key, GError **error);

/** bl_http_check_connect: TRUE for a 2xx answer; %BL_ERROR_AUTH for 407. */
gboolean bl_http_check_connect (const BlHttpResponse *response, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlHttpResponse, bl_http_response_free)

G_END_DECLS
