// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-identity.h"

#include "common/bl-error.h"
#include "common/bl-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "node.pem"
#define FILE_MAX (64 * 1024)
#define KEY_BITS 3072
#define COMMON_NAME "MeshNodeCertificate"
#define LIFE_SECONDS ((gint64)30 * 365 * 24 * 3600)

struct _BlAgentIdentity
{
  gnutls_privkey_t key;
  GBytes *certificate;
  guint8 id[BL_SHA384_SIZE];
};

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gnutls_x509_crt_t, gnutls_x509_crt_deinit, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (gnutls_x509_privkey_t, gnutls_x509_privkey_deinit, NULL)

static gboolean
check (int result, const char *what, GError **error)
{
  if (result >= 0)
    return TRUE;
  g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%s: %s", what, gnutls_strerror (result));
  return FALSE;
}

static gboolean
fill_certificate (gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, GError **error)
{
  guint8 serial[16];
  bl_random_bytes (serial, sizeof serial);
  serial[0] &= 0x7f;
  const time_t now = time (NULL);
  return check (gnutls_x509_crt_set_version (certificate, 3), "certificate", error)
         && check (gnutls_x509_crt_set_key (certificate, key), "certificate key", error)
         && check (gnutls_x509_crt_set_serial (certificate, serial, sizeof serial), "certificate serial", error)
         && check (gnutls_x509_crt_set_activation_time (certificate, now - 24 * 3600), "certificate time", error)
         && check (gnutls_x509_crt_set_expiration_time (certificate, now + LIFE_SECONDS), "certificate time", error)
         && check (gnutls_x509_crt_set_dn_by_oid (certificate, GNUTLS_OID_X520_COMMON_NAME, 0, COMMON_NAME,
                                                  strlen (COMMON_NAME)),
                   "certificate name", error)
         && check (gnutls_x509_crt_set_ca_status (certificate, 1), "certificate constraints", error)
         && check (gnutls_x509_crt_set_key_usage (certificate, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN),
                   "certificate usage", error)
         && check (gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA384, 0), "certificate signature",
                   error);
}

// Writes a new file that only its owner may read; an existing one is never replaced.
static gboolean
write_private (const char *path, const char *text, gsize length, GError **error)
{
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  g_unlink (temporary); // left by a crash
  const int fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean good = fd >= 0;
  for (gsize done = 0; good && done < length;)
    {
      const ssize_t n = write (fd, text + done, length - done);
      good = n > 0 || (n < 0 && errno == EINTR);
      done += n > 0 ? (gsize)n : 0;
    }
  good = good && fsync (fd) == 0 && link (temporary, path) == 0;
  if (!good)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  g_unlink (temporary);
  return good;
}

static gboolean
make_file (const char *path, GError **error)
{
  g_auto (gnutls_x509_privkey_t) key = NULL;
  g_auto (gnutls_x509_crt_t) certificate = NULL;
  gnutls_datum_t key_pem = { 0 }, certificate_pem = { 0 };
  gboolean good = check (gnutls_x509_privkey_init (&key), "node key", error)
                  && check (gnutls_x509_privkey_generate (key, GNUTLS_PK_RSA, KEY_BITS, 0), "node key", error)
                  && check (gnutls_x509_crt_init (&certificate), "certificate", error)
                  && fill_certificate (certificate, key, error)
                  && check (gnutls_x509_privkey_export2 (key, GNUTLS_X509_FMT_PEM, &key_pem), "node key", error)
                  && check (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &certificate_pem), "certificate",
                            error);
  if (good)
    {
      g_autoptr (GString) text = g_string_new_len ((const char *)certificate_pem.data, certificate_pem.size);
      g_string_append_len (text, (const char *)key_pem.data, key_pem.size);
      good = write_private (path, text->str, text->len, error);
      explicit_bzero (text->str, text->len);
    }
  if (key_pem.data != NULL)
    explicit_bzero (key_pem.data, key_pem.size);
  gnutls_free (key_pem.data);
  gnutls_free (certificate_pem.data);
  return good;
}

static gboolean
check_mode (const char *path, GError **error)
{
  struct stat info;
  if (lstat (path, &info) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  if (!S_ISREG (info.st_mode) || (info.st_mode & 077) != 0 || info.st_size > FILE_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "%s: expected a regular file of at most %d bytes that only its owner can read, found mode %03o", path,
                   FILE_MAX, (guint)info.st_mode & 0777);
      return FALSE;
    }
  return TRUE;
}

static gboolean
load_file (BlAgentIdentity *identity, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  if (!check_mode (path, error) || !g_file_get_contents (path, &text, &length, error))
    return FALSE;
  const gnutls_datum_t pem = { .data = (guint8 *)text, .size = (guint)length };
  g_auto (gnutls_x509_crt_t) certificate = NULL;
  gnutls_datum_t der = { 0 };
  gboolean good = check (gnutls_x509_crt_init (&certificate), "certificate", error)
                  && check (gnutls_x509_crt_import (certificate, &pem, GNUTLS_X509_FMT_PEM), "certificate", error)
                  && check (gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_DER, &der), "certificate", error)
                  && check (gnutls_privkey_init (&identity->key), "node key", error)
                  && check (gnutls_privkey_import_x509_raw (identity->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0),
                            "node key", error)
                  && bl_keyhash (der.data, der.size, identity->id, error);
  if (good)
    identity->certificate = g_bytes_new (der.data, der.size);
  else
    g_prefix_error (error, "%s: ", path);
  gnutls_free (der.data);
  explicit_bzero (text, length);
  return good;
}

BlAgentIdentity *
bl_agent_identity_load (const char *state_dir, GError **error)
{
  g_autofree char *path = g_build_filename (state_dir, FILE_NAME, NULL);
  g_autoptr (BlAgentIdentity) identity = g_new0 (BlAgentIdentity, 1);
  if (!g_file_test (path, G_FILE_TEST_EXISTS) && !make_file (path, error))
    return NULL;
  return load_file (identity, path, error) ? g_steal_pointer (&identity) : NULL;
}

void
bl_agent_identity_free (BlAgentIdentity *identity)
{
  if (identity == NULL)
    return;
  if (identity->key != NULL)
    gnutls_privkey_deinit (identity->key);
  g_clear_pointer (&identity->certificate, g_bytes_unref);
  g_free (identity);
}

const guint8 *
bl_agent_identity_get_id (BlAgentIdentity *identity)
{
  return identity->id;
}

GBytes *
bl_agent_identity_get_certificate (BlAgentIdentity *identity)
{
  return identity->certificate;
}

GBytes *
bl_agent_identity_sign (BlAgentIdentity *identity, gconstpointer data, gsize length, GError **error)
{
  const gnutls_datum_t input = { .data = (guint8 *)data, .size = (guint)length };
  gnutls_datum_t signature = { 0 };
  if (!check (gnutls_privkey_sign_data (identity->key, GNUTLS_DIG_SHA384, 0, &input, &signature), "signature", error))
    return NULL;
  GBytes *bytes = g_bytes_new (signature.data, signature.size);
  gnutls_free (signature.data);
  return bytes;
}
