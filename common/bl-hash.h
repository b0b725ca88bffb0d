// SPDX-License-Identifier: Apache-2.0
/*
 * Hashes of certificates and keys as the agent protocol wants them, and its signatures (agent-channel.md
 * sections 2 and 3). Pure computations over bytes with GnuTLS; any thread. RSA work costs milliseconds: keep
 * it off the loop.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_SHA384_SIZE 48

typedef struct
{
  gconstpointer data;
  gsize len;
} BlSlice;

/** bl_sha384: SHA-384 over @len bytes. */
void bl_sha384 (gconstpointer data, gsize len, guint8 hash[BL_SHA384_SIZE]);

/** bl_sha384_parts: SHA-384 over the concatenation of @parts. */
void bl_sha384_parts (const BlSlice *parts, gsize n, guint8 hash[BL_SHA384_SIZE]);

/** bl_certhash: SHA-384 over a whole certificate in DER. */
void bl_certhash (gconstpointer der, gsize len, guint8 hash[BL_SHA384_SIZE]);

/**
 * bl_keyhash:
 * SHA-384 over the PKCS#1 RSAPublicKey DER of an RSA certificate, over the SubjectPublicKeyInfo of any other.
 *
 * Returns: FALSE with %BL_ERROR_INVALID when @der is not a certificate
 */
gboolean bl_keyhash (gconstpointer der, gsize len, guint8 hash[BL_SHA384_SIZE], GError **error);

/** bl_cert_rsa_bits: Returns: size of the certificate's RSA key; 0 when it is not RSA or not a certificate */
guint bl_cert_rsa_bits (gconstpointer der, gsize len);

/**
 * bl_agent_verify:
 * @der: certificate of the signer
 * @parts: what was signed, e.g. webhash, server nonce, agent nonce
 * @signature: raw RSASSA-PKCS1-v1_5 SHA-384, or a PKCS#7 blob that holds one (Windows certificate store)
 * @key_hash: (out) (nullable): what bl_keyhash() says about @der, once the signature fits
 *
 * Returns: FALSE with %BL_ERROR_AUTH when the signature does not fit, %BL_ERROR_INVALID for a bad
 * certificate, %BL_ERROR_UNSUPPORTED for keys that are not RSA of 2048 to 8192 bits
 */
gboolean bl_agent_verify (gconstpointer der,
                          gsize len,
                          const BlSlice *parts,
                          gsize n,
                          gconstpointer signature,
                          gsize signature_len,
                          guint8 *key_hash,
                          GError **error);

G_END_DECLS
