// SPDX-License-Identifier: Apache-2.0
/**
 * BlTlsCredentials: what one TLS listener shows its clients: one or more certificates with keys, and the key
 * that session tickets are sealed with.
 *
 * Immutable apart from the ticket key, which is renewed by bl_tls_credentials_rotate(). A listener is given a
 * new object when a certificate changed; connections keep the one they began with, and since each object has
 * its own ticket key, a session is only ever resumed under the certificate it was made with. Any thread.
 */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

#include "bl-tls-hello.h"

G_BEGIN_DECLS

typedef struct _BlTlsCredentials BlTlsCredentials;

/** One certificate of a BlTlsCredentials. Lives as long as that. */
typedef struct _BlTlsCertificate BlTlsCertificate;

BlTlsCredentials *bl_tls_credentials_new (void);
BlTlsCredentials *bl_tls_credentials_ref (BlTlsCredentials *self);
void bl_tls_credentials_unref (BlTlsCredentials *self);

/**
 * bl_tls_credentials_add: before first use only.
 * @chain_pem: the certificate, then those of its issuers, PEM
 * @key_pem: its private key, PEM, not encrypted
 * Returns: %FALSE with %BL_ERROR_INVALID when either cannot be read or the key does not belong to the certificate.
 */
gboolean bl_tls_credentials_add (BlTlsCredentials *self, GBytes *chain_pem, GBytes *key_pem, GError **error);

/** Renews the key of session tickets: sessions made before are then not resumed. */
void bl_tls_credentials_rotate (BlTlsCredentials *self);

guint bl_tls_credentials_get_count (BlTlsCredentials *self);
/** Returns: (transfer none): certificate number @i, in the order they were added */
const BlTlsCertificate *bl_tls_credentials_get (BlTlsCredentials *self, guint i);

/**
 * bl_tls_credentials_select: the certificate for a client: the first whose names fit the server name it asked for and
 * whose kind of key it takes, elliptic curves before RSA; without a fitting name the same among all.
 * Returns: (transfer none) (nullable): %NULL only when there is none at all
 */
const BlTlsCertificate *bl_tls_credentials_select (BlTlsCredentials *self, const BlTlsHello *hello);

/** Returns: (transfer none): SHA-384 of the DER certificate, 48 bytes */
GBytes *bl_tls_certificate_get_hash (const BlTlsCertificate *certificate);
gboolean bl_tls_certificate_is_ecdsa (const BlTlsCertificate *certificate);
/** Returns: seconds since 1970 */
gint64 bl_tls_certificate_get_expiration (const BlTlsCertificate *certificate);

/* For BlTlsConn. */
gnutls_certificate_credentials_t bl_tls_credentials_get_gnutls (BlTlsCredentials *self);
gboolean bl_tls_credentials_enable_tickets (BlTlsCredentials *self, gnutls_session_t session);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTlsCredentials, bl_tls_credentials_unref)

G_END_DECLS
