// SPDX-License-Identifier: Apache-2.0
/* One certificate with its key: reading and checking the files. */
#include "bl-certs.h"

#include <string.h>

#include <bowline/error.h>

#include "bl-secret-file.h"
#include "common/bl-hash.h"

static void
pair_clear (gpointer data)
{
  BlCertPair *pair = data;

  g_clear_pointer (&pair->chain_pem, g_bytes_unref);
  g_clear_pointer (&pair->key_pem, g_bytes_unref);
  g_clear_pointer (&pair->der, g_bytes_unref);
  g_clear_pointer (&pair->rsa, bl_rsa_key_free);
  if (pair->key != NULL)
    gnutls_privkey_deinit (pair->key);
}

BlCertPair *
bl_cert_pair_ref (BlCertPair *pair)
{
  return g_atomic_rc_box_acquire (pair);
}

void
bl_cert_pair_unref (BlCertPair *pair)
{
  g_atomic_rc_box_release_full (pair, pair_clear);
}

static gboolean
export_chain (BlCertPair *pair, gnutls_x509_crt_t *crts, unsigned n, GError **error)
{
  g_autoptr (GByteArray) chain = g_byte_array_new ();
  gnutls_datum_t out = { NULL, 0 };

  for (unsigned i = 0; i < n; i++)
    {
      if (gnutls_x509_crt_export2 (crts[i], GNUTLS_X509_FMT_PEM, &out) < 0)
        return g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "writing the chain"), FALSE;
      g_byte_array_append (chain, out.data, out.size);
      gnutls_free (out.data);
    }
  if (gnutls_x509_crt_export2 (crts[0], GNUTLS_X509_FMT_DER, &out) < 0)
    return g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "writing the certificate"), FALSE;
  pair->der = g_bytes_new (out.data, out.size);
  gnutls_free (out.data);
  pair->chain_pem = g_byte_array_free_to_bytes (g_steal_pointer (&chain));
  return TRUE;
}

/* What clients and agents can use; see BlCertKind. */
static gboolean
check_key_type (BlCertKind kind, gnutls_x509_crt_t crt, gboolean *is_ec, GError **error)
{
  unsigned bits = 0;
  int type = gnutls_x509_crt_get_pk_algorithm (crt, &bits);

  *is_ec = type == GNUTLS_PK_ECDSA;
  if (type == GNUTLS_PK_RSA && bits >= 2048)
    return TRUE;
  if (*is_ec && (kind == BL_CERT_WEB_EC || kind == BL_CERT_WEB_RSA))
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected an RSA key of at least 2048 bits%s, found %s of %u",
               kind == BL_CERT_WEB_EC || kind == BL_CERT_WEB_RSA ? " or an ECDSA key" : "",
               type > 0 ? gnutls_pk_get_name ((gnutls_pk_algorithm_t) type) : "an unknown key", bits);
  return FALSE;
}

static gboolean
take_certificates (BlCertPair *pair, GBytes *pem, GError **error)
{
  gnutls_x509_crt_t crts[BL_CERTS_MAX_CHAIN];
  unsigned n = BL_CERTS_MAX_CHAIN;
  gnutls_datum_t in;
  gsize size = 0;
  gboolean ok;
  int rc;

  in.data = (unsigned char *) g_bytes_get_data (pem, &size);
  in.size = (unsigned) size;
  rc = gnutls_x509_crt_list_import (crts, &n, &in, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
  if (rc == GNUTLS_E_SHORT_MEMORY_BUFFER)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "expected at most %u certificates, found %u",
                   BL_CERTS_MAX_CHAIN, n);
      return FALSE;
    }
  if (rc <= 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected a certificate in PEM form: %s",
                   rc < 0 ? gnutls_strerror (rc) : "none found");
      return FALSE;
    }
  n = (unsigned) rc;
  pair->not_after = gnutls_x509_crt_get_expiration_time (crts[0]);
  ok = check_key_type (pair->kind, crts[0], &pair->is_ec, error) && export_chain (pair, crts, n, error);
  for (unsigned i = 0; i < n; i++)
    gnutls_x509_crt_deinit (crts[i]);
  return ok;
}

static gboolean
take_key (BlCertPair *pair, GBytes *pem, GError **error)
{
  gnutls_datum_t in;
  gsize size = 0;
  int rc;

  in.data = (unsigned char *) g_bytes_get_data (pem, &size);
  in.size = (unsigned) size;
  if (g_strstr_len ((const char *) in.data, (gssize) size, "ENCRYPTED") != NULL)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                           "expected a key without pass phrase, found an encrypted one (openssl rsa -in OLD -out NEW)");
      return FALSE;
    }
  if (gnutls_privkey_init (&pair->key) < 0)
    return g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "no memory for a key"), FALSE;
  rc = gnutls_privkey_import_x509_raw (pair->key, &in, GNUTLS_X509_FMT_PEM, NULL, 0);
  if (rc < 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "expected a private key in PEM form: %s",
                   gnutls_strerror (rc));
      return FALSE;
    }
  pair->key_pem = g_bytes_ref (pem);
  return TRUE;
}

/* Compares the public halves. */
static gboolean
key_fits (BlCertPair *pair)
{
  gnutls_x509_crt_t crt = NULL;
  gnutls_pubkey_t pubkey = NULL;
  gnutls_datum_t der;
  guint8 of_crt[32], of_key[32];
  size_t crt_size = sizeof of_crt, key_size = sizeof of_key, size = 0;
  gboolean fits;

  der.data = (unsigned char *) g_bytes_get_data (pair->der, &size);
  der.size = (unsigned) size;
  fits = gnutls_x509_crt_init (&crt) >= 0 && gnutls_pubkey_init (&pubkey) >= 0
         && gnutls_x509_crt_import (crt, &der, GNUTLS_X509_FMT_DER) >= 0
         && gnutls_pubkey_import_privkey (pubkey, pair->key, 0, 0) >= 0
         && gnutls_x509_crt_get_key_id (crt, GNUTLS_KEYID_USE_SHA256, of_crt, &crt_size) >= 0
         && gnutls_pubkey_get_key_id (pubkey, GNUTLS_KEYID_USE_SHA256, of_key, &key_size) >= 0
         && crt_size == key_size && memcmp (of_crt, of_key, crt_size) == 0;
  if (crt != NULL)
    gnutls_x509_crt_deinit (crt);
  if (pubkey != NULL)
    gnutls_pubkey_deinit (pubkey);
  return fits;
}

BlCertPair *
bl_cert_pair_load (BlCertKind kind, const char *certificate_path, const char *key_path, GError **error)
{
  g_autoptr (BlCertPair) pair = g_atomic_rc_box_new0 (BlCertPair);
  g_autoptr (GBytes) certificate = NULL;
  g_autoptr (GBytes) key = NULL;
  gconstpointer der;
  gsize size;

  pair->kind = kind;
  certificate = bl_secret_file_read (certificate_path, BL_CERTS_MAX_FILE, FALSE, error);
  if (certificate == NULL)
    return NULL;
  key = bl_secret_file_read (key_path, BL_CERTS_MAX_FILE, TRUE, error);
  if (key == NULL)
    return NULL;
  if (!take_certificates (pair, certificate, error))
    {
      g_prefix_error (error, "%s: ", certificate_path);
      return NULL;
    }
  if (!take_key (pair, key, error))
    {
      g_prefix_error (error, "%s: ", key_path);
      return NULL;
    }
  if (!key_fits (pair))
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected the key of %s, found another one", key_path,
                   certificate_path);
      return NULL;
    }
  der = g_bytes_get_data (pair->der, &size);
  bl_certhash (der, size, pair->cert_hash);
  if (!bl_keyhash (der, size, pair->key_hash, error))
    {
      g_prefix_error (error, "%s: ", certificate_path);
      return NULL;
    }
  return g_steal_pointer (&pair);
}

/* Returns: (transfer none) (nullable) */
static BlRsaKey *
get_rsa (BlCertPair *pair)
{
  if (g_once_init_enter (&pair->rsa_tried))
    {
      pair->rsa = bl_rsa_key_new (pair->key);
      g_once_init_leave (&pair->rsa_tried, 1);
    }
  return pair->rsa;
}

GBytes *
bl_cert_pair_sign (BlCertPair *pair, GBytes *data, GError **error)
{
  BlRsaKey *rsa = get_rsa (pair);
  gsize size;
  gconstpointer bytes = g_bytes_get_data (data, &size);
  gnutls_datum_t in = { (unsigned char *) bytes, (unsigned) size };
  gnutls_datum_t out = { NULL, 0 };
  GBytes *signature = rsa != NULL ? bl_rsa_key_sign_sha384 (rsa, bytes, size) : NULL;
  int rc;

  if (signature != NULL)
    return signature;
  rc = gnutls_privkey_sign_data2 (pair->key, GNUTLS_SIGN_RSA_SHA384, 0, &in, &out);
  if (rc < 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "signing: %s", gnutls_strerror (rc));
      return NULL;
    }
  signature = g_bytes_new (out.data, out.size);
  gnutls_free (out.data);
  return signature;
}
