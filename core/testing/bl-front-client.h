// SPDX-License-Identifier: Apache-2.0
/**
 * BlFrontClient: a blocking TLS or plain client for tests and benchmarks of the front: raw bytes, HTTP and WebSocket.
 * Everything it waits for has a time limit. Used on threads of its own.
 */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

#include "bl-tls-credentials.h"
#include "common/bl-ws-frame.h"

G_BEGIN_DECLS

typedef struct
{
  int fd;
  gnutls_session_t session; /* NULL: plain */
  gnutls_certificate_credentials_t credentials;
  GByteArray *input; /* read and not used */
  BlWsParser parser;
  gboolean websocket;
} BlFrontClient;

/** @priority: (nullable): TLS priority string; "plain" for no TLS. Returns: (nullable): %NULL when it was refused */
BlFrontClient *bl_front_client_new (guint16 port, const char *priority);
/** As above, resuming @session (nullable) of bl_front_client_dup_session(). */
BlFrontClient *bl_front_client_new_resumed (guint16 port, const char *priority, const char *name, GBytes *session);
/** Only the TCP connection. */
int bl_front_client_dial (guint16 port);
void bl_front_client_free (BlFrontClient *self);

gboolean bl_front_client_send (BlFrontClient *self, gconstpointer data, gsize size);
/** Returns: bytes, 0 at the end, -1 when nothing came for 20 s or the connection broke */
gssize bl_front_client_read (BlFrontClient *self, gpointer buffer, gsize size);
/** Sends @text and reads one answer. @head: (out) (optional) (transfer full). Returns: status, 0 when there was none */
guint bl_front_client_ask (BlFrontClient *self, const char *text, char **head, GBytes **body);

/** @headers: (nullable): further lines, each with CR LF. Returns: status; 101 makes it a WebSocket */
guint bl_front_client_upgrade (BlFrontClient *self, const char *host, const char *target, const char *headers);
gboolean bl_front_client_send_frame (BlFrontClient *self, BlWsOpcode opcode, gboolean fin, gconstpointer data, gsize size);
/** Next message or control frame. Returns: its opcode, -1 at the end. @close_code: (out) (optional) */
int bl_front_client_receive (BlFrontClient *self, GBytes **payload, guint *close_code);
/** Returns: (transfer full): data for bl_front_client_new_resumed() */
GBytes *bl_front_client_dup_session (BlFrontClient *self);

/** Self-signed certificate and key for @name. */
void bl_front_client_make_certificate (gboolean ecdsa, const char *name, GBytes **chain_pem, GBytes **key_pem);
BlTlsCredentials *bl_front_client_make_credentials (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFrontClient, bl_front_client_free)

G_END_DECLS
