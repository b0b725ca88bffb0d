// SPDX-License-Identifier: Apache-2.0
/* Hashes and signatures of the agent protocol. */
#include "common/bl-hash.h"

#include <stdlib.h>
#include <string.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>

#include "common/bl-bytes.h"
#include "common/bl-error.h"

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192

typedef struct gnutls_x509_crt_int CrtHandle;
typedef struct gnutls_pubkey_st PubkeyHandle;
typedef struct gnutls_pkcs7_int Pkcs7Handle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CrtHandle, gnutls_x509_crt_deinit)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PubkeyHandle, gnutls_pubkey_deinit)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pkcs7Handle, gnutls_pkcs7_deinit)

void
bl_sha384_parts (const BlSlice *parts, gsize n, guint8 hash[BL_SHA384_SIZE])
{
  gnutls_hash_hd_t handle;
  /* Fails only without memory or in a FIPS mode without SHA-384; no identity can be checked then. */
  if (gnutls_hash_init (&handle, GNUTLS_DIG_SHA384) != 0)
    abort ();
  for (gsize i = 0; i < n; i++)
    if (parts[i].len > 0)
      (void)gnutls_hash (handle, parts[i].data, parts[i].len);
  gnutls_hash_deinit (handle, hash);
}

void
bl_sha384 (gconstpointer data, gsize len, guint8 hash[BL_SHA384_SIZE])
{
  bl_sha384_parts (&(BlSlice){ data, len }, 1, hash);
}

void
bl_certhash (gconstpointer der, gsize len, guint8 hash[BL_SHA384_SIZE])
{
  bl_sha384 (der, len, hash);
}

/* GnuTLS takes unsigned int lengths. */
static gnutls_datum_t
datum (gconstpointer data, gsize len)
{
  return (gnutls_datum_t){ (guint8 *)data, (unsigned int)MIN (len, G_MAXUINT32) };
}

/* A public key, as GnuTLS gives it out. */
typedef struct
{
  gnutls_datum_t modulus;
  gnutls_datum_t exponent;
} RsaNumbers;

static void
rsa_numbers_clear (RsaNumbers *key)
{
  gnutls_free (key->modulus.data);
  gnutls_free (key->exponent.data);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RsaNumbers, rsa_numbers_clear)

static CrtHandle *
import_cert (gconstpointer der, gsize len, GError **error)
{
  g_autoptr (CrtHandle) cert = NULL;
  gnutls_datum_t raw = datum (der, len);
  int rc = gnutls_x509_crt_init (&cert);
  if (rc == 0)
    rc = len > 0 ? gnutls_x509_crt_import (cert, &raw, GNUTLS_X509_FMT_DER) : GNUTLS_E_ASN1_DER_ERROR;
  if (rc != 0)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "certificate of %" G_GSIZE_FORMAT " bytes: %s", len,
                   gnutls_strerror (rc));
      return NULL;
    }
  return g_steal_pointer (&cert);
}

static void
der_length (BlWriter *out, gsize len)
{
  if (len < 0x80)
    {
      bl_writer_u8 (out, (guint8)len);
      return;
    }
  guint bytes = len > 0xFFFF ? 3 : len > 0xFF ? 2 : 1;
  bl_writer_u8 (out, (guint8)(0x80 | bytes));
  while (bytes-- > 0)
    bl_writer_u8 (out, (guint8)(len >> (8 * bytes)));
}

/* A positive INTEGER; @number is unsigned and big-endian, maybe with leading zeros. */
static void
der_integer (BlWriter *out, const gnutls_datum_t *number)
{
  const guint8 *data = number->data;
  gsize len = number->size;
  for (; len > 1 && data[0] == 0; data++)
    len--;
  gboolean pad = len == 0 || (data[0] & 0x80) != 0;
  bl_writer_u8 (out, 0x02);
  der_length (out, len + (pad ? 1 : 0));
  bl_writer_zeros (out, pad ? 1 : 0);
  bl_writer_bytes (out, data, len);
}

/* PKCS#1 RSAPublicKey ::= SEQUENCE { modulus, publicExponent } */
static void
hash_rsa_key (const RsaNumbers *key, guint8 hash[BL_SHA384_SIZE])
{
  g_auto (BlWriter) body = { 0 };
  g_auto (BlWriter) head = { 0 };
  bl_writer_init (&body, key->modulus.size + 32);
  bl_writer_init (&head, 8);
  der_integer (&body, &key->modulus);
  der_integer (&body, &key->exponent);
  bl_writer_u8 (&head, 0x30);
  der_length (&head, body.out->len);
  const BlSlice parts[] = { { head.out->data, head.out->len }, { body.out->data, body.out->len } };
  bl_sha384_parts (parts, G_N_ELEMENTS (parts), hash);
}

static int
hash_public_key (CrtHandle *cert, guint8 hash[BL_SHA384_SIZE])
{
  g_autoptr (PubkeyHandle) key = NULL;
  gnutls_datum_t der = { 0 };
  int rc = gnutls_pubkey_init (&key);
  if (rc == 0)
    rc = gnutls_pubkey_import_x509 (key, cert, 0);
  if (rc == 0)
    rc = gnutls_pubkey_export2 (key, GNUTLS_X509_FMT_DER, &der);
  if (rc == 0)
    bl_sha384 (der.data, der.size, hash);
  gnutls_free (der.data);
  return rc;
}

gboolean
bl_keyhash (gconstpointer der, gsize len, guint8 hash[BL_SHA384_SIZE], GError **error)
{
  g_autoptr (CrtHandle) cert = import_cert (der, len, error);
  if (cert == NULL)
    return FALSE;
  int rc;
  if (gnutls_x509_crt_get_pk_algorithm (cert, NULL) == GNUTLS_PK_RSA)
    {
      g_auto (RsaNumbers) key = { 0 };
      rc = gnutls_x509_crt_get_pk_rsa_raw (cert, &key.modulus, &key.exponent);
      if (rc == 0)
        hash_rsa_key (&key, hash);
    }
  else
    rc = hash_public_key (cert, hash);
  if (rc != 0)
    g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "certificate's public key: %s", gnutls_strerror (rc));
  return rc == 0;
}

guint
bl_cert_rsa_bits (gconstpointer der, gsize len)
{
  g_autoptr (CrtHandle) cert = import_cert (der, len, NULL);
  unsigned int bits = 0;
  if (cert == NULL || gnutls_x509_crt_get_pk_algorithm (cert, &bits) != GNUTLS_PK_RSA)
    return 0;
  return bits;
}

static gboolean
verify_raw (PubkeyHandle *key, const gnutls_datum_t *data, const gnutls_datum_t *signature)
{
  return gnutls_pubkey_verify_data2 (key, GNUTLS_SIGN_RSA_SHA384, 0, data, signature) >= 0;
}

/* Windows signs through its certificate store, which wraps the signature. Only the inner one is looked at. */
static gboolean
verify_pkcs7 (PubkeyHandle *key, const gnutls_datum_t *data, const gnutls_datum_t *blob)
{
  g_autoptr (Pkcs7Handle) pkcs7 = NULL;
  gnutls_pkcs7_signature_info_st info = { 0 };
  if (gnutls_pkcs7_init (&pkcs7) != 0 || gnutls_pkcs7_import (pkcs7, blob, GNUTLS_X509_FMT_DER) != 0
      || gnutls_pkcs7_get_signature_info (pkcs7, 0, &info) != 0)
    return FALSE;
  gboolean good = info.sig.size > 0 && verify_raw (key, data, &info.sig);
  gnutls_pkcs7_signature_info_deinit (&info);
  return good;
}

/* From the numbers and not from the certificate, which GnuTLS would write out and parse once more. */
static PubkeyHandle *
import_rsa_key (CrtHandle *cert, RsaNumbers *numbers, GError **error)
{
  g_autoptr (PubkeyHandle) key = NULL;
  int rc = gnutls_x509_crt_get_pk_rsa_raw (cert, &numbers->modulus, &numbers->exponent);
  if (rc == 0)
    rc = gnutls_pubkey_init (&key);
  if (rc == 0)
    rc = gnutls_pubkey_import_rsa_raw (key, &numbers->modulus, &numbers->exponent);
  if (rc == 0)
    return g_steal_pointer (&key);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "certificate's public key: %s", gnutls_strerror (rc));
  return NULL;
}

gboolean
bl_agent_verify (gconstpointer der,
                 gsize len,
                 const BlSlice *parts,
                 gsize n,
                 gconstpointer signature,
                 gsize signature_len,
                 guint8 *key_hash,
                 GError **error)
{
  g_autoptr (CrtHandle) cert = import_cert (der, len, error);
  g_autoptr (PubkeyHandle) key = NULL;
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_auto (RsaNumbers) numbers = { 0 };
  unsigned int bits = 0;
  if (cert == NULL)
    return FALSE;
  int algorithm = gnutls_x509_crt_get_pk_algorithm (cert, &bits);
  /* Below is too weak, above would let a peer burn our time. */
  if (algorithm != GNUTLS_PK_RSA || bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_UNSUPPORTED,
                   "certificate: expected RSA of %d to %d bits, found %s of %u", RSA_MIN_BITS, RSA_MAX_BITS,
                   algorithm >= 0 ? gnutls_pk_get_name (algorithm) : "an unknown key", bits);
      return FALSE;
    }
  key = import_rsa_key (cert, &numbers, error);
  if (key == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    g_byte_array_append (data, parts[i].data, (guint)parts[i].len);
  gnutls_datum_t signed_data = datum (data->data, data->len);
  gnutls_datum_t sig = datum (signature, signature_len);
  if (!verify_raw (key, &signed_data, &sig)
      && (signature_len == bits / 8 || !verify_pkcs7 (key, &signed_data, &sig)))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_AUTH,
                   "signature of %" G_GSIZE_FORMAT " bytes does not fit the certificate", signature_len);
      return FALSE;
    }
  if (key_hash != NULL)
    hash_rsa_key (&numbers, key_hash);
  return TRUE;
}
