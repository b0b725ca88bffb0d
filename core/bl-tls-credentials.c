// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-tls-credentials.h"

#include "bl-tls-conn.h"
#include "common/bl-error.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#define BL_TLS_MAX_CHAIN 8
#define BL_TLS_HASH_SIZE 48

struct _BlTlsCertificate
{
  gnutls_pcert_st *chain;
  guint chain_length;
  gnutls_privkey_t key;
  gnutls_x509_crt_t leaf; /* for its names */
  GBytes *hash;
  gint64 expiration;
  gboolean ecdsa;
};

struct _BlTlsCredentials
{
  gatomicrefcount refs;
  gnutls_certificate_credentials_t gnutls;
  GPtrArray *certificates; /* of BlTlsCertificate */
  GMutex lock;
  gnutls_datum_t ticket_key; /* under lock */
};

static void
bl_tls_certificate_free (gpointer data)
{
  BlTlsCertificate *self = data;
  for (guint i = 0; i < self->chain_length; i++)
    gnutls_pcert_deinit (&self->chain[i]);
  g_free (self->chain);
  if (self->key != NULL)
    gnutls_privkey_deinit (self->key);
  if (self->leaf != NULL)
    gnutls_x509_crt_deinit (self->leaf);
  g_clear_pointer (&self->hash, g_bytes_unref);
  g_free (self);
}

static int
bl_tls_credentials_retrieve (gnutls_session_t session,
                             const struct gnutls_cert_retr_st *info,
                             gnutls_pcert_st **chain,
                             unsigned int *chain_length,
                             gnutls_ocsp_data_st **ocsp,
                             unsigned int *ocsp_length,
                             gnutls_privkey_t *key,
                             unsigned int *flags)
{
  const BlTlsCertificate *certificate = bl_tls_conn_get_certificate (gnutls_session_get_ptr (session));
  if (certificate == NULL)
    return GNUTLS_E_INSUFFICIENT_CREDENTIALS;
  *chain = certificate->chain;
  *chain_length = certificate->chain_length;
  *key = certificate->key;
  *ocsp = NULL;
  *ocsp_length = 0;
  *flags = 0; /* all of it stays ours */
  return 0;
}

BlTlsCredentials *
bl_tls_credentials_new (void)
{
  BlTlsCredentials *self = g_new0 (BlTlsCredentials, 1);
  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->certificates = g_ptr_array_new_with_free_func (bl_tls_certificate_free);
  gnutls_certificate_allocate_credentials (&self->gnutls);
  gnutls_certificate_set_retrieve_function3 (self->gnutls, bl_tls_credentials_retrieve);
  bl_tls_credentials_rotate (self);
  return self;
}

BlTlsCredentials *
bl_tls_credentials_ref (BlTlsCredentials *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

static void
bl_tls_credentials_clear_ticket_key (BlTlsCredentials *self)
{
  if (self->ticket_key.data != NULL)
    gnutls_memset (self->ticket_key.data, 0, self->ticket_key.size);
  gnutls_free (self->ticket_key.data);
  self->ticket_key.data = NULL;
}

void
bl_tls_credentials_unref (BlTlsCredentials *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  gnutls_certificate_free_credentials (self->gnutls);
  g_ptr_array_unref (self->certificates);
  bl_tls_credentials_clear_ticket_key (self);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gnutls_datum_t
bl_tls_datum (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  return (gnutls_datum_t){ (unsigned char *) data, (unsigned int) size };
}

static gboolean
bl_tls_fail (GError **error, const char *what, int code)
{
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: %s", what, gnutls_strerror (code));
  return FALSE;
}

/* The key signs and the certificate verifies: the one proof that they belong together for every kind of key. */
static gboolean
bl_tls_certificate_check_pair (BlTlsCertificate *self, GError **error)
{
  static const guint8 text[] = "bowline";
  const gnutls_datum_t data = { (unsigned char *) text, sizeof text };
  const gnutls_sign_algorithm_t algorithm = self->ecdsa ? GNUTLS_SIGN_ECDSA_SHA256 : GNUTLS_SIGN_RSA_SHA256;
  gnutls_datum_t signature = { NULL, 0 };

  int code = gnutls_privkey_sign_data (self->key, GNUTLS_DIG_SHA256, 0, &data, &signature);
  if (code < 0)
    return bl_tls_fail (error, "private key cannot sign", code);
  code = gnutls_pubkey_verify_data2 (self->chain[0].pubkey, algorithm, 0, &data, &signature);
  gnutls_free (signature.data);
  if (code < 0)
    return bl_tls_fail (error, "private key does not belong to the certificate", code);
  return TRUE;
}

static gboolean
bl_tls_certificate_load (BlTlsCertificate *self, GBytes *chain_pem, GBytes *key_pem, GError **error)
{
  const gnutls_datum_t chain = bl_tls_datum (chain_pem), key = bl_tls_datum (key_pem);
  guint8 hash[BL_TLS_HASH_SIZE];
  gsize hash_size = sizeof hash;

  self->chain = g_new0 (gnutls_pcert_st, BL_TLS_MAX_CHAIN);
  guint length = BL_TLS_MAX_CHAIN;
  int code = gnutls_pcert_list_import_x509_raw (self->chain, &length, &chain, GNUTLS_X509_FMT_PEM, 0);
  if (code < 0)
    return bl_tls_fail (error, "certificate", code);
  self->chain_length = length;
  if (length == 0)
    return bl_tls_fail (error, "certificate", GNUTLS_E_NO_CERTIFICATE_FOUND);
  code = gnutls_x509_crt_init (&self->leaf);
  if (code >= 0)
    code = gnutls_x509_crt_import (self->leaf, &self->chain[0].cert, GNUTLS_X509_FMT_DER);
  if (code >= 0)
    code = gnutls_fingerprint (GNUTLS_DIG_SHA384, &self->chain[0].cert, hash, &hash_size);
  if (code < 0)
    return bl_tls_fail (error, "certificate", code);
  code = gnutls_privkey_init (&self->key);
  if (code >= 0)
    code = gnutls_privkey_import_x509_raw (self->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
  if (code < 0)
    return bl_tls_fail (error, "private key", code);

  const int algorithm = gnutls_pubkey_get_pk_algorithm (self->chain[0].pubkey, NULL);
  if (algorithm != GNUTLS_PK_ECDSA && algorithm != GNUTLS_PK_RSA)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_UNSUPPORTED, "certificate: expected an RSA or ECDSA key, found %s",
                   gnutls_pk_get_name (algorithm));
      return FALSE;
    }
  self->ecdsa = algorithm == GNUTLS_PK_ECDSA;
  self->hash = g_bytes_new (hash, hash_size);
  self->expiration = gnutls_x509_crt_get_expiration_time (self->leaf);
  return bl_tls_certificate_check_pair (self, error);
}

gboolean
bl_tls_credentials_add (BlTlsCredentials *self, GBytes *chain_pem, GBytes *key_pem, GError **error)
{
  BlTlsCertificate *certificate = g_new0 (BlTlsCertificate, 1);
  if (!bl_tls_certificate_load (certificate, chain_pem, key_pem, error))
    {
      bl_tls_certificate_free (certificate);
      return FALSE;
    }
  g_ptr_array_add (self->certificates, certificate);
  return TRUE;
}

void
bl_tls_credentials_rotate (BlTlsCredentials *self)
{
  g_mutex_lock (&self->lock);
  bl_tls_credentials_clear_ticket_key (self);
  const int code = gnutls_session_ticket_key_generate (&self->ticket_key);
  g_mutex_unlock (&self->lock);
  if (code < 0)
    g_warning ("cannot make a session ticket key, sessions will not be resumed: %s", gnutls_strerror (code));
}

gboolean
bl_tls_credentials_enable_tickets (BlTlsCredentials *self, gnutls_session_t session)
{
  g_mutex_lock (&self->lock);
  const gboolean enabled = self->ticket_key.data != NULL
                           && gnutls_session_ticket_enable_server (session, &self->ticket_key) >= 0;
  g_mutex_unlock (&self->lock);
  return enabled;
}

guint
bl_tls_credentials_get_count (BlTlsCredentials *self)
{
  return self->certificates->len;
}

const BlTlsCertificate *
bl_tls_credentials_get (BlTlsCredentials *self, guint i)
{
  return g_ptr_array_index (self->certificates, i);
}

static const BlTlsCertificate *
bl_tls_credentials_find (BlTlsCredentials *self, const char *name, gboolean ecdsa)
{
  for (guint i = 0; i < self->certificates->len; i++)
    {
      const BlTlsCertificate *certificate = g_ptr_array_index (self->certificates, i);
      if (certificate->ecdsa == ecdsa
          && (name == NULL || gnutls_x509_crt_check_hostname (certificate->leaf, name)))
        return certificate;
    }
  return NULL;
}

const BlTlsCertificate *
bl_tls_credentials_select (BlTlsCredentials *self, const BlTlsHello *hello)
{
  const BlTlsCertificate *found = NULL;
  const char *name = hello->server_name;

  if (name[0] != '\0' && hello->ecdsa)
    found = bl_tls_credentials_find (self, name, TRUE);
  if (found == NULL && name[0] != '\0')
    found = bl_tls_credentials_find (self, name, FALSE);
  if (found == NULL && hello->ecdsa)
    found = bl_tls_credentials_find (self, NULL, TRUE);
  if (found == NULL)
    found = bl_tls_credentials_find (self, NULL, FALSE);
  if (found == NULL && self->certificates->len > 0)
    found = g_ptr_array_index (self->certificates, 0);
  return found;
}

GBytes *
bl_tls_certificate_get_hash (const BlTlsCertificate *certificate)
{
  return certificate->hash;
}

gboolean
bl_tls_certificate_is_ecdsa (const BlTlsCertificate *certificate)
{
  return certificate->ecdsa;
}

gint64
bl_tls_certificate_get_expiration (const BlTlsCertificate *certificate)
{
  return certificate->expiration;
}

gnutls_certificate_credentials_t
bl_tls_credentials_get_gnutls (BlTlsCredentials *self)
{
  return self->gnutls;
}
