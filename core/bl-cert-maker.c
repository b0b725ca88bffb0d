// SPDX-License-Identifier: Apache-2.0
/* Keys and certificates of a new server. */
#include "bl-cert-maker.h"

#include <string.h>

#include <bowline/error.h>
#include <gnutls/crypto.h>

/* Devices whose clock is years behind still accept it, as does Intel AMT before its clock was set. */
#define NOT_BEFORE 1514764800 /* 2018-01-01 */
#define NOT_AFTER 2524607999  /* 2049-12-31, the last year of UTCTime */
#define SERIAL_BYTES 16

static gboolean
check (int rc, const char *what, GError **error)
{
  if (rc >= 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "%s: %s", what, gnutls_strerror (rc));
  return FALSE;
}

gboolean
bl_cert_maker_make_key (BlCertKind kind, gnutls_x509_privkey_t *key, GError **error)
{
  gnutls_x509_privkey_t made = NULL;
  int rc;

  if (!check (gnutls_x509_privkey_init (&made), "making a key", error))
    return FALSE;
  if (kind == BL_CERT_WEB_EC)
    rc = gnutls_x509_privkey_generate (
        made, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0);
  else
    rc = gnutls_x509_privkey_generate (made, GNUTLS_PK_RSA, kind == BL_CERT_MPS ? 2048 : 3072, 0);
  if (!check (rc, "making a key", error))
    {
      gnutls_x509_privkey_deinit (made);
      return FALSE;
    }
  *key = made;
  return TRUE;
}

/* Common names tell the certificates of several servers apart. */
static char *
make_common_name (BlCertKind kind, const char *name)
{
  guint8 random[3];

  if (kind == BL_CERT_WEB_EC || kind == BL_CERT_WEB_RSA || kind == BL_CERT_MPS)
    return g_strndup (name, 64); /* the upper bound of X.520 */
  if (gnutls_rnd (GNUTLS_RND_NONCE, random, sizeof random) < 0)
    memset (random, 0, sizeof random);
  return g_strdup_printf ("Bowline%s-%02x%02x%02x", kind == BL_CERT_ROOT ? "Root" : "AgentServer", random[0],
                          random[1], random[2]);
}

static gboolean
add_name (gnutls_x509_crt_t crt, const char *name, GPtrArray *seen, GError **error)
{
  g_autoptr (GInetAddress) address = NULL;
  int rc;

  if (name == NULL || *name == '\0' || g_ptr_array_find_with_equal_func (seen, name, g_str_equal, NULL))
    return TRUE;
  g_ptr_array_add (seen, (gpointer) name);
  address = g_inet_address_new_from_string (name);
  if (address != NULL)
    rc = gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_IPADDRESS, g_inet_address_to_bytes (address),
                                               (unsigned) g_inet_address_get_native_size (address),
                                               GNUTLS_FSAN_APPEND);
  else
    rc = gnutls_x509_crt_set_subject_alt_name (crt, GNUTLS_SAN_DNSNAME, name, (unsigned) strlen (name),
                                               GNUTLS_FSAN_APPEND);
  if (rc >= 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "name \"%s\" in a certificate: %s", name,
               gnutls_strerror (rc));
  return FALSE;
}

static gboolean
add_names (gnutls_x509_crt_t crt, const char *name, const char *const *alt_names, GError **error)
{
  static const char *const always[] = { "localhost", "127.0.0.1", "::1" };
  g_autoptr (GPtrArray) seen = g_ptr_array_new ();

  if (!add_name (crt, name, seen, error))
    return FALSE;
  for (guint i = 0; alt_names != NULL && alt_names[i] != NULL; i++)
    if (!add_name (crt, alt_names[i], seen, error))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (always); i++)
    if (!add_name (crt, always[i], seen, error))
      return FALSE;
  return TRUE;
}

static gboolean
set_usage (gnutls_x509_crt_t crt, BlCertKind kind, GError **error)
{
  unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;

  if (kind == BL_CERT_ROOT)
    return check (gnutls_x509_crt_set_basic_constraints (crt, 1, -1), "basic constraints", error)
           && check (gnutls_x509_crt_set_key_usage (crt, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN),
                     "key usage", error);
  if (kind != BL_CERT_WEB_EC)
    usage |= GNUTLS_KEY_KEY_ENCIPHERMENT; /* RSA key exchange of Intel AMT */
  return check (gnutls_x509_crt_set_basic_constraints (crt, 0, -1), "basic constraints", error)
         && check (gnutls_x509_crt_set_key_usage (crt, usage), "key usage", error)
         && check (gnutls_x509_crt_set_key_purpose_oid (crt, GNUTLS_KP_TLS_WWW_SERVER, 0), "key purpose", error);
}

static gboolean
set_key_ids (gnutls_x509_crt_t crt, gnutls_x509_crt_t issuer, GError **error)
{
  guint8 id[64];
  size_t size = sizeof id;

  if (!check (gnutls_x509_crt_get_key_id (crt, 0, id, &size), "key id", error)
      || !check (gnutls_x509_crt_set_subject_key_id (crt, id, size), "key id", error))
    return FALSE;
  if (issuer == NULL)
    return TRUE;
  size = sizeof id;
  /* A root from elsewhere may have none; then the leaf names none either. */
  if (gnutls_x509_crt_get_subject_key_id (issuer, id, &size, NULL) < 0)
    return TRUE;
  return check (gnutls_x509_crt_set_authority_key_id (crt, id, size), "authority key id", error);
}

static gboolean
fill (gnutls_x509_crt_t crt,
      BlCertKind kind,
      gnutls_x509_privkey_t key,
      const char *name,
      const char *const *alt_names,
      GError **error)
{
  g_autofree char *common_name = make_common_name (kind, name);
  guint8 serial[SERIAL_BYTES];

  if (!check (gnutls_rnd (GNUTLS_RND_NONCE, serial, sizeof serial), "serial number", error))
    return FALSE;
  serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and always of the same length */
  if (!check (gnutls_x509_crt_set_version (crt, 3), "certificate version", error)
      || !check (gnutls_x509_crt_set_serial (crt, serial, sizeof serial), "serial number", error)
      || !check (gnutls_x509_crt_set_activation_time (crt, NOT_BEFORE), "activation time", error)
      || !check (gnutls_x509_crt_set_expiration_time (crt, NOT_AFTER), "expiration time", error)
      || !check (gnutls_x509_crt_set_key (crt, key), "certificate key", error)
      || !check (gnutls_x509_crt_set_dn_by_oid (crt, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
                                                (unsigned) strlen (common_name)),
                 "common name", error)
      || !set_usage (crt, kind, error))
    return FALSE;
  if (kind == BL_CERT_ROOT || kind == BL_CERT_AGENT_SERVER)
    return TRUE;
  return add_names (crt, name, alt_names, error);
}

char *
bl_cert_maker_issue (BlCertKind kind,
                     gnutls_x509_privkey_t key,
                     gnutls_x509_crt_t issuer,
                     gnutls_x509_privkey_t issuer_key,
                     const char *name,
                     const char *const *alt_names,
                     GError **error)
{
  gnutls_x509_crt_t crt = NULL;
  gnutls_datum_t pem = { NULL, 0 };
  char *text = NULL;

  if (!check (gnutls_x509_crt_init (&crt), "making a certificate", error))
    return NULL;
  if (fill (crt, kind, key, name, alt_names, error) && set_key_ids (crt, issuer, error)
      && check (gnutls_x509_crt_sign2 (crt, issuer != NULL ? issuer : crt, issuer_key != NULL ? issuer_key : key,
                                       GNUTLS_DIG_SHA384, 0),
                "signing a certificate", error)
      && check (gnutls_x509_crt_export2 (crt, GNUTLS_X509_FMT_PEM, &pem), "writing a certificate", error))
    text = g_strndup ((const char *) pem.data, pem.size);
  gnutls_free (pem.data);
  gnutls_x509_crt_deinit (crt);
  return text;
}

char *
bl_cert_maker_export_key (gnutls_x509_privkey_t key, GError **error)
{
  gnutls_datum_t pem = { NULL, 0 };
  char *text;
  int rc;

  if (gnutls_x509_privkey_get_pk_algorithm (key) == GNUTLS_PK_RSA)
    rc = gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &pem);
  else
    rc = gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
  if (!check (rc, "writing a key", error))
    return NULL;
  text = g_strndup ((const char *) pem.data, pem.size);
  gnutls_memset (pem.data, 0, pem.size);
  gnutls_free (pem.data);
  return text;
}
