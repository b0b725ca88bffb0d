// SPDX-License-Identifier: Apache-2.0
/* Many RSA keys from one modulus. */
#include "bl-fake-identity.h"

#include <gmp.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <string.h>

#include "common/bl-ids.h"

/* Exponents of three bytes, so that each replaces the 65537 of the template certificate in place, and as cheap to
 * verify with. */
#define FIRST_EXPONENT 65537u
#define LAST_EXPONENT 0x1ffffu

struct _BlFakeModulus
{
  mpz_t n, p, q, phi;
  GArray *exponents;    /* guint32: those that have an inverse */
  GBytes *certificate; /* self-signed, with exponent 65537 */
  gsize exponent_at;   /* where in it the three bytes of the exponent are */
};

#define must(call) g_assert_cmpint ((call), >=, 0)

static void
import (mpz_t number, gnutls_datum_t *datum)
{
  mpz_import (number, datum->size, 1, 1, 1, 0, datum->data);
}

static GBytes *
make_certificate (gnutls_x509_privkey_t key)
{
  gnutls_x509_crt_t crt;
  gnutls_datum_t der;
  GBytes *bytes;

  must (gnutls_x509_crt_init (&crt));
  must (gnutls_x509_crt_set_version (crt, 3));
  must (gnutls_x509_crt_set_serial (crt, "\x01", 1));
  must (gnutls_x509_crt_set_activation_time (crt, 1514764800));
  must (gnutls_x509_crt_set_expiration_time (crt, 2524607999));
  must (gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0, "MeshNodeCertificate", 19));
  must (gnutls_x509_crt_set_basic_constraints (crt, 1, -1));
  must (gnutls_x509_crt_set_key_usage (crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN));
  must (gnutls_x509_crt_set_key (crt, key));
  must (gnutls_x509_crt_sign2 (crt, crt, key, GNUTLS_DIG_SHA384, 0));
  must (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_DER, &der));
  bytes = g_bytes_new (der.data, der.size);
  gnutls_free (der.data);
  gnutls_x509_crt_deinit (crt);
  return bytes;
}

/* The exponent follows the modulus in RSAPublicKey: INTEGER, three bytes, 01 00 01. */
static gsize
find_exponent (GBytes *certificate, gnutls_datum_t *modulus)
{
  static const guint8 exponent[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
  gsize size;
  const guint8 *der = g_bytes_get_data (certificate, &size);
  const guint8 *at = memmem (der, size, modulus->data, modulus->size);

  g_assert_nonnull (at);
  at += modulus->size;
  g_assert_cmpmem (at, sizeof exponent, exponent, sizeof exponent);
  return (gsize) (at - der) + 2;
}

static GArray *
list_exponents (mpz_t phi)
{
  GArray *exponents = g_array_new (FALSE, FALSE, sizeof (guint32));

  for (guint32 e = FIRST_EXPONENT; e <= LAST_EXPONENT; e += 2)
    if (mpz_gcd_ui (NULL, phi, e) == 1)
      g_array_append_val (exponents, e);
  return exponents;
}

guint
bl_fake_modulus_get_count (BlFakeModulus *modulus)
{
  return modulus->exponents->len;
}

BlFakeModulus *
bl_fake_modulus_new (guint bits)
{
  BlFakeModulus *modulus = g_new0 (BlFakeModulus, 1);
  gnutls_x509_privkey_t key;
  gnutls_datum_t n, e, d, p, q, u;
  mpz_t p1, q1;

  must (gnutls_x509_privkey_init (&key));
  must (gnutls_x509_privkey_generate (key, GNUTLS_PK_RSA, bits, 0));
  must (gnutls_x509_privkey_export_rsa_raw (key, &n, &e, &d, &p, &q, &u));
  mpz_inits (modulus->n, modulus->p, modulus->q, modulus->phi, p1, q1, NULL);
  import (modulus->n, &n);
  import (modulus->p, &p);
  import (modulus->q, &q);
  mpz_sub_ui (p1, modulus->p, 1);
  mpz_sub_ui (q1, modulus->q, 1);
  mpz_lcm (modulus->phi, p1, q1);
  modulus->exponents = list_exponents (modulus->phi);
  modulus->certificate = make_certificate (key);
  modulus->exponent_at = find_exponent (modulus->certificate, &n);
  mpz_clears (p1, q1, NULL);
  gnutls_x509_privkey_deinit (key);
  for (gnutls_datum_t *datums[] = { &n, &e, &d, &p, &q, &u }, **at = datums; at < datums + 6; at++)
    gnutls_free ((*at)->data);
  return modulus;
}

void
bl_fake_modulus_free (BlFakeModulus *modulus)
{
  mpz_clears (modulus->n, modulus->p, modulus->q, modulus->phi, NULL);
  g_array_unref (modulus->exponents);
  g_bytes_unref (modulus->certificate);
  g_free (modulus);
}

static void
export (mpz_t number, guint8 *buffer, gnutls_datum_t *datum)
{
  size_t count = 0;

  /* A leading zero keeps the number positive. */
  buffer[0] = 0;
  mpz_export (buffer + 1, &count, 1, 1, 1, 0, number);
  datum->data = buffer;
  datum->size = (unsigned) count + 1;
}

static gnutls_privkey_t
make_key (BlFakeModulus *modulus, guint32 exponent, mpz_t d)
{
  guint8 n_bytes[1024], d_bytes[1024], p_bytes[1024], q_bytes[1024];
  guint8 e_bytes[] = { (guint8) (exponent >> 16), (guint8) (exponent >> 8), (guint8) exponent };
  gnutls_datum_t n, d_datum, p, q, e = { e_bytes, sizeof e_bytes };
  gnutls_privkey_t key;

  export (modulus->n, n_bytes, &n);
  export (d, d_bytes, &d_datum);
  export (modulus->p, p_bytes, &p);
  export (modulus->q, q_bytes, &q);
  must (gnutls_privkey_init (&key));
  must (gnutls_privkey_import_rsa_raw (key, &n, &e, &d_datum, &p, &q, NULL, NULL, NULL));
  return key;
}

BlFakeIdentity *
bl_fake_identity_new (BlFakeModulus *modulus, guint index)
{
  BlFakeIdentity *identity = g_new0 (BlFakeIdentity, 1);
  gsize size;
  gconstpointer template = g_bytes_get_data (modulus->certificate, &size);
  guint8 *der = g_memdup2 (template, size);
  guint32 exponent;
  mpz_t e, d;

  g_assert_cmpuint (index, <, modulus->exponents->len);
  exponent = g_array_index (modulus->exponents, guint32, index);
  mpz_init_set_ui (e, exponent);
  mpz_init (d);
  g_assert_true (mpz_invert (d, e, modulus->phi) != 0);
  der[modulus->exponent_at] = (guint8) (exponent >> 16);
  der[modulus->exponent_at + 1] = (guint8) (exponent >> 8);
  der[modulus->exponent_at + 2] = (guint8) exponent;
  /* The certificate's own signature is that of the template; nobody checks a self-signature. */
  identity->certificate = g_bytes_new_take (der, size);
  identity->key = make_key (modulus, exponent, d);
  mpz_clears (e, d, NULL);
  g_assert_true (bl_keyhash (der, size, identity->key_hash, NULL));
  identity->node_id = bl_id_from_hash (BL_ID_NODE, NULL, identity->key_hash);
  return identity;
}

void
bl_fake_identity_free (BlFakeIdentity *identity)
{
  g_bytes_unref (identity->certificate);
  gnutls_privkey_deinit (identity->key);
  g_free (identity->node_id);
  g_free (identity);
}

static GByteArray *
concatenate (const BlSlice *parts, gsize n)
{
  GByteArray *all = g_byte_array_new ();

  for (gsize i = 0; i < n; i++)
    g_byte_array_append (all, parts[i].data, (guint) parts[i].len);
  return all;
}

GBytes *
bl_fake_identity_sign (BlFakeIdentity *identity, const BlSlice *parts, gsize n)
{
  g_autoptr (GByteArray) all = concatenate (parts, n);
  gnutls_datum_t data = { all->data, all->len }, signature;
  GBytes *bytes;

  must (gnutls_privkey_sign_data2 (identity->key, GNUTLS_SIGN_RSA_SHA384, 0, &data, &signature));
  bytes = g_bytes_new (signature.data, signature.size);
  gnutls_free (signature.data);
  return bytes;
}

GBytes *
bl_fake_identity_sign_pkcs7 (BlFakeIdentity *identity, const BlSlice *parts, gsize n)
{
  g_autoptr (GByteArray) all = concatenate (parts, n);
  gnutls_datum_t data = { all->data, all->len }, der, blob;
  gnutls_x509_crt_t crt;
  gnutls_pkcs7_t pkcs7;
  GBytes *bytes;
  gsize size;

  der.data = (unsigned char *) g_bytes_get_data (identity->certificate, &size);
  der.size = (unsigned) size;
  must (gnutls_x509_crt_init (&crt));
  must (gnutls_x509_crt_import (crt, &der, GNUTLS_X509_FMT_DER));
  must (gnutls_pkcs7_init (&pkcs7));
  must (gnutls_pkcs7_sign (pkcs7, crt, identity->key, &data, NULL, NULL, GNUTLS_DIG_SHA384, 0));
  must (gnutls_pkcs7_export2 (pkcs7, GNUTLS_X509_FMT_DER, &blob));
  bytes = g_bytes_new (blob.data, blob.size);
  gnutls_free (blob.data);
  gnutls_pkcs7_deinit (pkcs7);
  gnutls_x509_crt_deinit (crt);
  return bytes;
}
