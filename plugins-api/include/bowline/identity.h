/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The server's identity: its certificates, signatures with the agent-server key, and sealed internal tickets.
 * Private keys never leave the host.
 */
#ifndef BOWLINE_IDENTITY_H
#define BOWLINE_IDENTITY_H

#include <bowline/abi.h>

G_BEGIN_DECLS

#define BOWLINE_CERTIFICATE_ROOT 1u
#define BOWLINE_CERTIFICATE_WEB 2u          /* the one shown by default; see also the request's certificate hash */
#define BOWLINE_CERTIFICATE_AGENT_SERVER 3u
#define BOWLINE_CERTIFICATE_MPS 4u

/** Returns: (transfer full): DER of a certificate. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 GBytes *bowline_identity_dup_certificate (BowlineHost *host, guint32 which);
/** Returns: (transfer full): the 48-byte server id: SHA-384 of the agent-server key. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 GBytes *bowline_identity_dup_server_id (BowlineHost *host);
/** Returns: %TRUE when @hash (48 bytes) is the certificate hash or key hash of a web certificate that clients may see now:
 * ours, or the outer ones read from cert-url. Any thread. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_identity_accepts_web_hash (BowlineHost *host, gconstpointer hash, gsize length);
/** Returns: %TRUE when the web certificate was given by the administrator or an authority, %FALSE when self-made. */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_identity_is_trusted (BowlineHost *host);
/** Returns: (transfer none): public name, for example "example.org"; and with the port as clients reach it. */
BOWLINE_AVAILABLE_IN_1_0 const char *bowline_identity_get_name (BowlineHost *host);
BOWLINE_AVAILABLE_IN_1_0 guint32 bowline_identity_get_port (BowlineHost *host);

/** Signs @data with the agent-server key, RSASSA-PKCS1-v1_5 with SHA-384, in the worker pool. Main context. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_identity_sign_async (
    BowlineHost *host, GBytes *data, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/**
 * bowline_identity_dup_agent_certificate: a server that took over another one's devices answers them as that one.
 * Returns: (transfer full) (nullable): DER of the agent-server certificate with this @server_id (48 bytes): ours, or one
 *   that was taken over. Any thread.
 */
BOWLINE_AVAILABLE_IN_1_0 GBytes *
bowline_identity_dup_agent_certificate (BowlineHost *host, gconstpointer server_id, gsize length);
/** As bowline_identity_sign_async(), with the key of the certificate with this @server_id; ends with the same finish. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_identity_sign_as_async (BowlineHost *host,
                                                              gconstpointer server_id,
                                                              gsize length,
                                                              GBytes *data,
                                                              GCancellable *cancellable,
                                                              GAsyncReadyCallback callback,
                                                              gpointer user_data);
/** Returns: (transfer full): the signature, or %NULL with %BOWLINE_ERROR_LIMIT when too many are waiting. */
BOWLINE_AVAILABLE_IN_1_0 GBytes *bowline_identity_sign_finish (BowlineHost *host, GAsyncResult *result, GError **error);

/**
 * bowline_ticket_seal: an encrypted, authenticated, URL-safe text that only this server can open.
 * @purpose: kind of ticket, part of what is authenticated: a ticket of one purpose never opens as another (K11)
 * @content: (transfer floating): a{sv}
 * @seconds: life time, 1..2592000
 */
BOWLINE_AVAILABLE_IN_1_0 char *bowline_ticket_seal (BowlineHost *host, const char *purpose, GVariant *content, guint32 seconds);
/** Returns: (transfer full): the content, or %NULL with %BOWLINE_ERROR_CREDENTIALS: forged, of another purpose, or expired. */
BOWLINE_AVAILABLE_IN_1_0 GVariant *
bowline_ticket_open (BowlineHost *host, const char *purpose, const char *text, GError **error);

G_END_DECLS
#endif
