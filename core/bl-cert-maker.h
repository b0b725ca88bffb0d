// SPDX-License-Identifier: Apache-2.0
/**
 * Makes keys and certificates of the kinds BlCerts keeps. Pure computation; any thread. An RSA-3072 key takes up to some
 * seconds, an ECDSA one a millisecond.
 */
#pragma once

#include "bl-certs.h"

G_BEGIN_DECLS

/** Returns: %FALSE with @error; otherwise @key is to be freed with gnutls_x509_privkey_deinit(). */
gboolean bl_cert_maker_make_key (BlCertKind kind, gnutls_x509_privkey_t *key, GError **error);

/**
 * bl_cert_maker_issue: makes the certificate for @key.
 * @issuer, @issuer_key: the root; %NULL for the root itself, which signs its own
 * @name: common name of web and MPS certificates, and first of their subject alternative names
 * @alt_names: (nullable): further DNS names and addresses
 * Returns: (transfer full): PEM
 */
char *bl_cert_maker_issue (BlCertKind kind,
                           gnutls_x509_privkey_t key,
                           gnutls_x509_crt_t issuer,
                           gnutls_x509_privkey_t issuer_key,
                           const char *name,
                           const char *const *alt_names,
                           GError **error);

/** Returns: (transfer full): PEM: PKCS#1 for RSA as MeshCentral writes it, PKCS#8 for EC */
char *bl_cert_maker_export_key (gnutls_x509_privkey_t key, GError **error);

G_END_DECLS
