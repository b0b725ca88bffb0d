// SPDX-License-Identifier: Apache-2.0
/**
 * RSA signatures by OpenSSL where its library is installed: less than half the CPU of those of GnuTLS, and a device that
 * comes for the first time costs one. The library is looked for at the first signature, so a server at rest does not hold
 * it in memory; without it everything works, and GnuTLS signs.
 */
#pragma once

#include <glib.h>
#include <gnutls/abstract.h>

G_BEGIN_DECLS

typedef struct _BlRsaKey BlRsaKey;

/** Returns: (transfer full) (nullable): %NULL when there is no OpenSSL, or it cannot use the key. Any thread. */
BlRsaKey *bl_rsa_key_new (gnutls_privkey_t key);
void bl_rsa_key_free (BlRsaKey *key);

/** RSASSA-PKCS1-v1_5 with SHA-384. Returns: (transfer full) (nullable): the signature. Any thread, also at the same time. */
GBytes *bl_rsa_key_sign_sha384 (BlRsaKey *key, gconstpointer data, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlRsaKey, bl_rsa_key_free)

G_END_DECLS
