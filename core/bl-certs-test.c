// SPDX-License-Identifier: Apache-2.0
#include "bl-certs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bowline/error.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>

#include "bl-cert-maker.h"
#include "bl-secret-file.h"

typedef struct
{
  char *data_dir;
  char *certs_dir;
} Fixture;

/* Making keys takes seconds: one complete set serves all tests as a template. */
static char *template_dir;

static BlCerts *
open_certs (const char *data_dir, const char *certificate, const char *key, GError **error)
{
  static const char *const alt_names[] = { "other.example.org", "192.0.2.7", NULL };
  const BlCertsOptions options = {
    .data_dir = data_dir,
    .name = "server.example.org",
    .alt_names = alt_names,
    .web_certificate = certificate,
    .web_key = key,
  };

  return bl_certs_new (&options, error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

static void
copy_file (const char *from, const char *to)
{
  g_autofree char *content = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (from, &content, &length, NULL));
  g_assert_true (g_file_set_contents_full (to, content, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *from = g_build_filename (template_dir, "certs", NULL);
  g_autoptr (GDir) dir = g_dir_open (from, 0, NULL);
  const char *name;

  fixture->data_dir = g_dir_make_tmp ("bl-certs-XXXXXX", NULL);
  fixture->certs_dir = g_build_filename (fixture->data_dir, "certs", NULL);
  g_assert_cmpint (g_mkdir (fixture->certs_dir, 0700), ==, 0);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *source = g_build_filename (from, name, NULL);
      g_autofree char *target = g_build_filename (fixture->certs_dir, name, NULL);
      copy_file (source, target);
    }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_tree (fixture->data_dir);
  g_free (fixture->data_dir);
  g_free (fixture->certs_dir);
}

static char *
file_in (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->certs_dir, name, NULL);
}

static gnutls_x509_crt_t
parse (BlCertPair *pair)
{
  gnutls_x509_crt_t crt;
  gsize size;
  gnutls_datum_t der;

  der.data = (unsigned char *) g_bytes_get_data (pair->der, &size);
  der.size = (unsigned) size;
  g_assert_cmpint (gnutls_x509_crt_init (&crt), >=, 0);
  g_assert_cmpint (gnutls_x509_crt_import (crt, &der, GNUTLS_X509_FMT_DER), >=, 0);
  return crt;
}

static void
check_leaf (BlCerts *certs, BlCertKind kind, int algorithm, unsigned bits)
{
  g_autoptr (BlCertPair) pair = bl_certs_dup (certs, kind);
  g_autoptr (BlCertPair) root = bl_certs_dup (certs, BL_CERT_ROOT);
  gnutls_x509_crt_t crt = parse (pair), issuer = parse (root);
  unsigned found_bits = 0, verified = 0;

  g_assert_cmpint (gnutls_x509_crt_get_pk_algorithm (crt, &found_bits), ==, algorithm);
  g_assert_cmpuint (found_bits, ==, bits);
  g_assert_cmpint (gnutls_x509_crt_verify (crt, &issuer, 1, 0, &verified), >=, 0);
  g_assert_cmpuint (verified, ==, 0);
  if (kind == BL_CERT_WEB_EC || kind == BL_CERT_WEB_RSA)
    {
      static const char *const names[]
          = { "server.example.org", "other.example.org", "192.0.2.7", "localhost", "127.0.0.1", "::1" };
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        g_assert_true (gnutls_x509_crt_check_hostname (crt, names[i]));
      g_assert_false (gnutls_x509_crt_check_hostname (crt, "example.net"));
    }
  gnutls_x509_crt_deinit (crt);
  gnutls_x509_crt_deinit (issuer);
}

static void
test_made (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlCerts) certs = open_certs (fixture->data_dir, NULL, NULL, &error);
  g_autoptr (GPtrArray) web = NULL;
  g_autoptr (GPtrArray) hashes = NULL;

  g_assert_no_error (error);
  check_leaf (certs, BL_CERT_WEB_EC, GNUTLS_PK_ECDSA, 256);
  check_leaf (certs, BL_CERT_WEB_RSA, GNUTLS_PK_RSA, 3072);
  check_leaf (certs, BL_CERT_AGENT_SERVER, GNUTLS_PK_RSA, 3072);
  check_leaf (certs, BL_CERT_MPS, GNUTLS_PK_RSA, 2048);
  web = bl_certs_dup_web (certs);
  g_assert_cmpuint (web->len, ==, 2);
  g_assert_true (((BlCertPair *) web->pdata[0])->is_ec);
  g_assert_false (((BlCertPair *) web->pdata[0])->given);
  hashes = bl_certs_dup_web_hashes (certs);
  g_assert_cmpuint (hashes->len, ==, 4);
}

static void
test_modes (Fixture *fixture, gconstpointer data)
{
  g_autofree char *directory = g_build_filename (template_dir, "certs", NULL);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;
  struct stat st;
  guint n = 0;

  g_assert_cmpint (stat (directory, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_assert_cmpint (stat (path, &st), ==, 0);
      g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
      n++;
    }
  g_assert_cmpuint (n, ==, 2 * BL_N_CERTS);
}

static void
test_kept (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = file_in (fixture, "agentserver-cert-public.crt");
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (BlCerts) certs = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_get_contents (path, &before, NULL, NULL));
  certs = open_certs (fixture->data_dir, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  g_assert_cmpstr (before, ==, after);
  g_assert_false (bl_secret_file_create (path, "x", 1, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS);
  g_free (after);
  g_assert_true (g_file_get_contents (path, &after, NULL, NULL));
  g_assert_cmpstr (before, ==, after);
}

/* A start that ended between the two files: the key, and with it the identity, stays. */
static void
test_key_alone (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = file_in (fixture, "agentserver-cert-public.crt");
  g_autoptr (BlCerts) certs = open_certs (fixture->data_dir, NULL, NULL, NULL);
  g_autoptr (BlCertPair) before = bl_certs_dup (certs, BL_CERT_AGENT_SERVER);
  g_autoptr (BlCertPair) after = NULL;
  g_autoptr (BlCerts) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_unlink (path), ==, 0);
  again = open_certs (fixture->data_dir, NULL, NULL, &error);
  g_assert_no_error (error);
  after = bl_certs_dup (again, BL_CERT_AGENT_SERVER);
  g_assert_cmpmem (before->key_hash, 48, after->key_hash, 48);
  g_assert_cmpint (memcmp (before->cert_hash, after->cert_hash, 48), !=, 0);
}

static void
refuse (Fixture *fixture, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlCerts) certs = open_certs (fixture->data_dir, NULL, NULL, &error);

  g_assert_null (certs);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, expected));
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *key = file_in (fixture, "webserver-cert-private.key");
  g_autofree char *other = file_in (fixture, "mpsserver-cert-private.key");
  g_autofree char *saved = file_in (fixture, "saved");

  copy_file (key, saved);
  g_assert_cmpint (g_chmod (key, 0644), ==, 0);
  refuse (fixture, "webserver-cert-private.key");
  g_assert_cmpint (g_unlink (key), ==, 0);
  copy_file (other, key);
  refuse (fixture, "webserver-cert-private.key");
  g_assert_true (g_file_set_contents_full (key, "nonsense", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  refuse (fixture, "webserver-cert-private.key");
  g_assert_true (g_file_set_contents_full (key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", -1, G_FILE_SET_CONTENTS_NONE,
                                           0600, NULL));
  refuse (fixture, "without pass phrase");
  g_assert_cmpint (g_unlink (key), ==, 0);
  refuse (fixture, "webserver-cert-private.key");
}

static void
test_bad_certificate (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = file_in (fixture, "root-cert-public.crt");
  g_autofree char *big = g_strnfill (BL_CERTS_MAX_FILE + 1, 'x');

  g_assert_true (g_file_set_contents (path, "nonsense", -1, NULL));
  refuse (fixture, "root-cert-public.crt");
  g_assert_true (g_file_set_contents (path, big, -1, NULL));
  refuse (fixture, "root-cert-public.crt");
}

static void
test_given (Fixture *fixture, gconstpointer data)
{
  g_autofree char *certificate = file_in (fixture, "webserver-cert-public.crt");
  g_autofree char *key = file_in (fixture, "webserver-cert-private.key");
  g_autofree char *given_certificate = g_build_filename (fixture->data_dir, "web.pem", NULL);
  g_autofree char *given_key = g_build_filename (fixture->data_dir, "web.key", NULL);
  g_autofree char *ec_certificate = file_in (fixture, "webserver-ec-cert-public.crt");
  g_autofree char *ec_key = file_in (fixture, "webserver-ec-cert-private.key");
  g_autoptr (BlCerts) certs = NULL;
  g_autoptr (GPtrArray) web = NULL;
  g_autoptr (GPtrArray) reloaded = NULL;
  g_autoptr (GError) error = NULL;
  gboolean changed = TRUE;

  copy_file (certificate, given_certificate);
  copy_file (key, given_key);
  g_assert_null (open_certs (fixture->data_dir, given_certificate, NULL, &error));
  g_assert_nonnull (strstr (error->message, "web-key"));
  g_clear_error (&error);
  certs = open_certs (fixture->data_dir, given_certificate, given_key, &error);
  g_assert_no_error (error);
  web = bl_certs_dup_web (certs);
  g_assert_cmpuint (web->len, ==, 1);
  g_assert_true (((BlCertPair *) web->pdata[0])->given);
  g_assert_null (bl_certs_dup (certs, BL_CERT_WEB_EC));
  g_assert_true (bl_certs_reload_web (certs, &changed, &error));
  g_assert_false (changed);
  /* A renewal that went wrong leaves the old one in use. */
  copy_file (ec_certificate, given_certificate);
  g_assert_false (bl_certs_reload_web (certs, &changed, &error));
  g_assert_nonnull (strstr (error->message, "expected the key of"));
  g_clear_error (&error);
  copy_file (ec_key, given_key);
  g_assert_true (bl_certs_reload_web (certs, &changed, &error));
  g_assert_true (changed);
  reloaded = bl_certs_dup_web (certs);
  g_assert_true (((BlCertPair *) reloaded->pdata[0])->is_ec);
  /* Whoever holds the old pair may still use it. */
  g_assert_cmpuint (g_bytes_get_size (((BlCertPair *) web->pdata[0])->key_pem), >, 0);
}

static void
test_taken_over (Fixture *fixture, gconstpointer data)
{
  g_autofree char *certificate = file_in (fixture, "webserver-cert-public.crt");
  g_autofree char *key = file_in (fixture, "webserver-cert-private.key");
  g_autofree char *other = file_in (fixture, "agentserver-old-cert-public.crt");
  g_autofree char *other_key = file_in (fixture, "agentserver-old-cert-private.key");
  g_autoptr (BlCerts) certs = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *pairs;

  copy_file (certificate, other);
  refuse (fixture, "agentserver-old-cert-private.key");
  copy_file (key, other_key);
  certs = open_certs (fixture->data_dir, NULL, NULL, &error);
  g_assert_no_error (error);
  pairs = bl_certs_get_agent_servers (certs);
  g_assert_cmpuint (pairs->len, ==, 2);
}

static void
test_directory_mode (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BlCerts) certs = NULL;
  struct stat st;

  g_assert_cmpint (g_chmod (fixture->certs_dir, 0755), ==, 0);
  certs = open_certs (fixture->data_dir, NULL, NULL, NULL);
  g_assert_nonnull (certs);
  g_assert_cmpint (stat (fixture->certs_dir, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0700);
}

int
main (int argc, char **argv)
{
  g_autoptr (BlCerts) certs = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begin;
  int rc;

  g_test_init (&argc, &argv, NULL);
  template_dir = g_dir_make_tmp ("bl-certs-XXXXXX", NULL);
  begin = g_get_monotonic_time ();
  certs = open_certs (template_dir, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("made in %.2f s", (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
#define ADD(name, function) g_test_add ("/certs/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("made", test_made);
  ADD ("modes", test_modes);
  ADD ("kept", test_kept);
  ADD ("key-alone", test_key_alone);
  ADD ("refused", test_refused);
  ADD ("bad-certificate", test_bad_certificate);
  ADD ("given", test_given);
  ADD ("taken-over", test_taken_over);
  ADD ("directory-mode", test_directory_mode);
  rc = g_test_run ();
  remove_tree (template_dir);
  g_free (template_dir);
  return rc;
}
