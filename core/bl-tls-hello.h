// SPDX-License-Identifier: Apache-2.0
/**
 * BlTlsHello: the few facts of a TLS ClientHello that decide which certificate a client is shown. Pure: bytes in,
 * struct out (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_TLS_HELLO_MAX_NAME 253

typedef struct
{
  char server_name[BL_TLS_HELLO_MAX_NAME + 1]; /* lower case, "" when the client named none */
  gboolean ecdsa;                              /* it takes a certificate with a P-256 key */
} BlTlsHello;

/**
 * bl_tls_hello_parse:
 * @data: body of the handshake message, without its four-byte header
 * Returns: %FALSE with %BL_ERROR_INVALID when it is malformed; @hello then says nothing about the client.
 */
gboolean bl_tls_hello_parse (const guint8 *data, gsize length, BlTlsHello *hello, GError **error);

G_END_DECLS
