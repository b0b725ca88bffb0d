// SPDX-License-Identifier: Apache-2.0
/**
 * Identities of invented devices, thousands of them, cheaply.
 *
 * A device's id is the hash of its RSA public key (n, e). Making a new modulus takes seconds; instead one modulus is
 * used with many public exponents: each (n, e) is another key with another id, and its private exponent follows from
 * the two primes in microseconds. Fit for tests only: whoever knows one of these keys knows them all.
 */
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "common/bl-hash.h"

G_BEGIN_DECLS

/** One modulus. Read-only after it was made; any thread. */
typedef struct _BlFakeModulus BlFakeModulus;

/** @bits: 2048 or 3072 */
BlFakeModulus *bl_fake_modulus_new (guint bits);
/** Returns: how many devices it is good for; some 10,000. */
guint bl_fake_modulus_get_count (BlFakeModulus *modulus);
void bl_fake_modulus_free (BlFakeModulus *modulus);

/** One device. Read-only after it was made; any thread. */
typedef struct
{
  GBytes *certificate; /* DER */
  gnutls_privkey_t key;
  guint8 key_hash[BL_SHA384_SIZE];
  char *node_id;
} BlFakeIdentity;

/** @index: below the modulus' count; the same index gives the same identity */
BlFakeIdentity *bl_fake_identity_new (BlFakeModulus *modulus, guint index);
void bl_fake_identity_free (BlFakeIdentity *identity);

/** Returns: (transfer full): raw signature over the concatenation of @parts */
GBytes *bl_fake_identity_sign (BlFakeIdentity *identity, const BlSlice *parts, gsize n);
/** Returns: (transfer full): the same inside a PKCS#7 blob, as the certificate store of Windows makes it */
GBytes *bl_fake_identity_sign_pkcs7 (BlFakeIdentity *identity, const BlSlice *parts, gsize n);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFakeModulus, bl_fake_modulus_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlFakeIdentity, bl_fake_identity_free)

G_END_DECLS
