// SPDX-License-Identifier: Apache-2.0
/* Hashes and signatures against certificates made on the spot, checked by another route through GnuTLS. */
#include "common/bl-hash.h"

#include <string.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>

#include "common/bl-error.h"

typedef struct
{
  gnutls_x509_privkey_t key;
  gnutls_x509_crt_t cert;
  gnutls_datum_t der;
} Identity;

static void
identity_new (Identity *self, gnutls_pk_algorithm_t algorithm, guint bits)
{
  guint8 serial[8] = { 1 };
  g_assert_cmpint (gnutls_x509_privkey_init (&self->key), ==, 0);
  g_assert_cmpint (gnutls_x509_privkey_generate (self->key, algorithm, bits, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_init (&self->cert), ==, 0);
  gnutls_x509_crt_set_version (self->cert, 3);
  gnutls_x509_crt_set_serial (self->cert, serial, sizeof serial);
  gnutls_x509_crt_set_dn (self->cert, "CN=MeshNodeCertificate", NULL);
  gnutls_x509_crt_set_activation_time (self->cert, 1000000);
  gnutls_x509_crt_set_expiration_time (self->cert, 4000000000);
  gnutls_x509_crt_set_key (self->cert, self->key);
  g_assert_cmpint (gnutls_x509_crt_sign2 (self->cert, self->cert, self->key, GNUTLS_DIG_SHA384, 0), ==, 0);
  g_assert_cmpint (gnutls_x509_crt_export2 (self->cert, GNUTLS_X509_FMT_DER, &self->der), ==, 0);
}

static void
identity_clear (Identity *self)
{
  gnutls_x509_privkey_deinit (self->key);
  gnutls_x509_crt_deinit (self->cert);
  gnutls_free (self->der.data);
}

static void
test_sha384 (void)
{
  guint8 one[BL_SHA384_SIZE], parts[BL_SHA384_SIZE], expected[BL_SHA384_SIZE];
  gsize len = sizeof expected;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA384);
  g_checksum_update (sum, (const guchar *)"hello world", 11);
  g_checksum_get_digest (sum, expected, &len);
  bl_sha384 ("hello world", 11, one);
  bl_sha384_parts ((const BlSlice[]){ { "hello", 5 }, { NULL, 0 }, { " world", 6 } }, 3, parts);
  g_assert_cmpmem (one, sizeof one, expected, sizeof expected);
  g_assert_cmpmem (parts, sizeof parts, expected, sizeof expected);
}

/* The key bytes of the certificate in SubjectPublicKeyInfo form. */
static gnutls_datum_t
export_spki (Identity *id)
{
  gnutls_pubkey_t key;
  gnutls_datum_t spki;
  gnutls_pubkey_init (&key);
  gnutls_pubkey_import_x509 (key, id->cert, 0);
  g_assert_cmpint (gnutls_pubkey_export2 (key, GNUTLS_X509_FMT_DER, &spki), ==, 0);
  gnutls_pubkey_deinit (key);
  return spki;
}

static void
check_keyhash (Identity *id, gsize header)
{
  guint8 found[BL_SHA384_SIZE], expected[BL_SHA384_SIZE];
  g_autoptr (GError) error = NULL;
  gnutls_datum_t spki = export_spki (id);
  bl_sha384 (spki.data + header, spki.size - header, expected);
  g_assert_true (bl_keyhash (id->der.data, id->der.size, found, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
  gnutls_free (spki.data);
}

static void
test_rsa (void)
{
  Identity id;
  guint8 cert_hash[BL_SHA384_SIZE], expected[BL_SHA384_SIZE];
  identity_new (&id, GNUTLS_PK_RSA, 2048);
  /* SubjectPublicKeyInfo of a 2048-bit key has 24 bytes in front of RSAPublicKey. */
  check_keyhash (&id, 24);
  g_assert_cmpuint (bl_cert_rsa_bits (id.der.data, id.der.size), ==, 2048);
  bl_certhash (id.der.data, id.der.size, cert_hash);
  bl_sha384 (id.der.data, id.der.size, expected);
  g_assert_cmpmem (cert_hash, sizeof cert_hash, expected, sizeof expected);
  identity_clear (&id);
}

static void
test_ec (void)
{
  Identity id;
  g_autoptr (GError) error = NULL;
  identity_new (&id, GNUTLS_PK_EC, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1));
  check_keyhash (&id, 0);
  g_assert_cmpuint (bl_cert_rsa_bits (id.der.data, id.der.size), ==, 0);
  g_assert_false (bl_agent_verify (id.der.data, id.der.size, &(BlSlice){ "x", 1 }, 1, "sig", 3, NULL, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_UNSUPPORTED);
  identity_clear (&id);
}

static void
test_verify (void)
{
  Identity id;
  guint8 data[144], signature[256];
  const BlSlice parts[] = { { data, 48 }, { data + 48, 48 }, { data + 96, 48 } };
  gnutls_datum_t input = { data, sizeof data };
  gnutls_datum_t raw = { 0 };
  gnutls_privkey_t key;
  g_autoptr (GError) error = NULL;
  identity_new (&id, GNUTLS_PK_RSA, 2048);
  for (gsize i = 0; i < sizeof data; i++)
    data[i] = (guint8)i;
  gnutls_privkey_init (&key);
  gnutls_privkey_import_x509 (key, id.key, 0);
  g_assert_cmpint (gnutls_privkey_sign_data2 (key, GNUTLS_SIGN_RSA_SHA384, 0, &input, &raw), ==, 0);
  g_assert_cmpuint (raw.size, ==, sizeof signature);
  memcpy (signature, raw.data, sizeof signature);
  g_assert_true (bl_agent_verify (id.der.data, id.der.size, parts, 3, signature, sizeof signature, NULL, &error));
  g_assert_no_error (error);

  /* The order of the parts is what tells server and agent apart. */
  const BlSlice swapped[] = { parts[0], parts[2], parts[1] };
  g_assert_false (
      bl_agent_verify (id.der.data, id.der.size, swapped, 3, signature, sizeof signature, NULL, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_AUTH);
  g_clear_error (&error);
  signature[5] ^= 1;
  g_assert_false (bl_agent_verify (id.der.data, id.der.size, parts, 3, signature, sizeof signature, NULL, NULL));
  g_assert_false (bl_agent_verify (id.der.data, id.der.size, parts, 3, signature, 0, NULL, NULL));
  g_assert_false (bl_agent_verify (id.der.data, 40, parts, 3, signature, sizeof signature, NULL, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);

  gnutls_free (raw.data);
  gnutls_privkey_deinit (key);
  identity_clear (&id);
}

static void
test_pkcs7 (void)
{
  Identity id;
  guint8 data[144] = { 7 };
  const BlSlice part = { data, sizeof data };
  gnutls_datum_t input = { data, sizeof data };
  gnutls_datum_t blob = { 0 };
  gnutls_privkey_t key;
  gnutls_pkcs7_t pkcs7;
  guint8 key_hash[BL_SHA384_SIZE] = { 0 }, expected[BL_SHA384_SIZE];
  g_autoptr (GError) error = NULL;
  identity_new (&id, GNUTLS_PK_RSA, 3072);
  gnutls_privkey_init (&key);
  gnutls_privkey_import_x509 (key, id.key, 0);
  gnutls_pkcs7_init (&pkcs7);
  g_assert_cmpint (gnutls_pkcs7_sign (pkcs7, id.cert, key, &input, NULL, NULL, GNUTLS_DIG_SHA384, 0), ==, 0);
  g_assert_cmpint (gnutls_pkcs7_export2 (pkcs7, GNUTLS_X509_FMT_DER, &blob), ==, 0);
  g_assert_true (bl_agent_verify (id.der.data, id.der.size, &part, 1, blob.data, blob.size, key_hash, &error));
  g_assert_no_error (error);
  g_assert_true (bl_keyhash (id.der.data, id.der.size, expected, NULL));
  g_assert_cmpmem (key_hash, sizeof key_hash, expected, sizeof expected);
  data[0] = 8;
  g_assert_false (bl_agent_verify (id.der.data, id.der.size, &part, 1, blob.data, blob.size, NULL, NULL));
  gnutls_free (blob.data);
  gnutls_pkcs7_deinit (pkcs7);
  gnutls_privkey_deinit (key);
  identity_clear (&id);
}

static void
test_garbage (void)
{
  guint8 hash[BL_SHA384_SIZE];
  g_autoptr (GError) error = NULL;
  g_assert_false (bl_keyhash ("", 0, hash, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_INVALID);
  g_assert_false (bl_keyhash ("garbage", 7, hash, NULL));
  g_assert_cmpuint (bl_cert_rsa_bits ("garbage", 7), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hash/sha384", test_sha384);
  g_test_add_func ("/hash/rsa", test_rsa);
  g_test_add_func ("/hash/ec", test_ec);
  g_test_add_func ("/hash/verify", test_verify);
  g_test_add_func ("/hash/pkcs7", test_pkcs7);
  g_test_add_func ("/hash/garbage", test_garbage);
  return g_test_run ();
}
