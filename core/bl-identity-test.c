// SPDX-License-Identifier: Apache-2.0
/* The server's identity: signatures, hashes that are accepted, a proxy's certificate, tickets. */
#include "bl-identity.h"

#include <string.h>

#include <bowline/error.h>
#include <bowline/identity.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "bl-outer-certificate.h"
#include "common/bl-hash.h"

static char *data_dir;
static BlCerts *certs;
static BlWorkerPool *workers;

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

static BlIdentity *
open_identity (const char *cert_url, const char *const *hashes, GError **error)
{
  const BlIdentityOptions options = {
    .certs = certs,
    .workers = workers,
    .data_dir = data_dir,
    .name = "server.example.org",
    .port = 8443,
    .tls_offload = cert_url != NULL,
    .cert_url = cert_url,
    .cert_url_interval = 3600,
    .accepted_web_hashes = hashes,
  };

  return bl_identity_new (&options, error);
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

typedef struct
{
  guint done;
  guint failed;
  GBytes *signature;
} Signatures;

static void
signed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Signatures *signatures = user_data;
  g_autoptr (GError) error = NULL;
  GBytes *signature = bl_identity_sign_finish (NULL, result, &error);

  signatures->done++;
  if (signature == NULL)
    {
      g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT);
      signatures->failed++;
      return;
    }
  g_clear_pointer (&signatures->signature, g_bytes_unref);
  signatures->signature = signature;
}

static void
test_sign (void)
{
  g_autoptr (BlIdentity) identity = open_identity (NULL, NULL, NULL);
  g_autoptr (BlCertPair) pair = bl_certs_dup (certs, BL_CERT_AGENT_SERVER);
  g_autoptr (GBytes) data = g_bytes_new_static ("to be signed", 12);
  const BlSlice parts[] = { { "to be ", 6 }, { "signed", 6 } };
  Signatures signatures = { 0 };
  gsize der_size, size;
  gconstpointer der = g_bytes_get_data (pair->der, &der_size);

  bl_identity_sign_async (identity, data, NULL, signed_cb, &signatures);
  while (signatures.done == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (signatures.signature);
  gconstpointer bytes = g_bytes_get_data (signatures.signature, &size);
  g_assert_true (bl_agent_verify (der, der_size, parts, 2, bytes, size, NULL, NULL));
  g_assert_false (bl_agent_verify (der, der_size, parts, 1, bytes, size, NULL, NULL));
  g_bytes_unref (signatures.signature);
}

/* Signatures of this kind have one form only. */
static void
test_openssl (void)
{
  g_autoptr (BlCertPair) pair = bl_certs_dup (certs, BL_CERT_AGENT_SERVER);
  g_autoptr (BlCertPair) web = bl_certs_dup (certs, BL_CERT_WEB_EC);
  g_autoptr (BlRsaKey) key = bl_rsa_key_new (pair->key);
  g_autoptr (GBytes) data = g_bytes_new_static ("to be signed", 12);
  g_autoptr (GBytes) found = NULL;
  g_autoptr (GBytes) signature = NULL;
  gnutls_datum_t in = { (unsigned char *) "to be signed", 12 };
  gnutls_datum_t expected;
  gsize size;

  if (key == NULL)
    {
      g_test_skip ("without OpenSSL");
      return;
    }
  g_assert_null (bl_rsa_key_new (web->key));
  found = bl_rsa_key_sign_sha384 (key, "to be signed", 12);
  g_assert_nonnull (found);
  g_assert_cmpint (gnutls_privkey_sign_data2 (pair->key, GNUTLS_SIGN_RSA_SHA384, 0, &in, &expected), >=, 0);
  gconstpointer bytes = g_bytes_get_data (found, &size);
  g_assert_cmpmem (bytes, size, expected.data, expected.size);
  gnutls_free (expected.data);

  signature = bl_cert_pair_sign (pair, data, NULL);
  g_assert_true (g_bytes_equal (signature, found));
}

static void
test_bound (void)
{
  g_autoptr (BlIdentity) identity = open_identity (NULL, NULL, NULL);
  g_autoptr (GBytes) data = g_bytes_new_static ("x", 1);
  Signatures signatures = { 0 };

  for (guint i = 0; i < BL_IDENTITY_MAX_SIGNATURES + 3; i++)
    bl_identity_sign_async (identity, data, NULL, signed_cb, &signatures);
  while (signatures.done < BL_IDENTITY_MAX_SIGNATURES + 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (signatures.failed, ==, 3);
  g_bytes_unref (signatures.signature);
}

/* ---- hashes ----------------------------------------------------------------------------------------------------- */

static void
test_hashes (void)
{
  const char *const configured[] = { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                                     "202122232425262728292a2b2c2d2e2f",
                                     NULL };
  const char *const bad[] = { "0001", NULL };
  g_autoptr (BlIdentity) identity = open_identity (NULL, configured, NULL);
  g_autoptr (GPtrArray) web = bl_certs_dup_web (certs);
  g_autoptr (GError) error = NULL;
  guint8 hash[48];

  for (guint i = 0; i < web->len; i++)
    {
      BlCertPair *pair = g_ptr_array_index (web, i);
      g_assert_true (bl_identity_accepts_web_hash (identity, pair->cert_hash, 48));
      g_assert_true (bl_identity_accepts_web_hash (identity, pair->key_hash, 48));
      g_assert_false (bl_identity_accepts_web_hash (identity, pair->cert_hash, 47));
    }
  for (guint i = 0; i < 48; i++)
    hash[i] = (guint8) i;
  g_assert_true (bl_identity_accepts_web_hash (identity, hash, 48));
  hash[0] = 1;
  g_assert_false (bl_identity_accepts_web_hash (identity, hash, 48));
  g_assert_null (open_identity (NULL, bad, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID);
}

/* A renewed web certificate: agents in the middle of a handshake report the former one. */
static void
test_renewal (void)
{
  g_autofree char *given = g_build_filename (data_dir, "given.crt", NULL);
  g_autofree char *given_key = g_build_filename (data_dir, "given.key", NULL);
  g_autoptr (BlCertPair) ec = bl_certs_dup (certs, BL_CERT_WEB_EC);
  g_autoptr (BlCertPair) rsa = bl_certs_dup (certs, BL_CERT_WEB_RSA);
  const BlCertsOptions options = { .data_dir = data_dir, .name = "localhost", .web_certificate = given, .web_key = given_key };
  BlCerts *own = certs;
  g_autoptr (BlCerts) changing = NULL;
  g_autoptr (GError) error = NULL;
  BlIdentity *identity;
  gsize size;

#define WRITE(path, bytes)                                                                                             \
  g_assert_true (g_file_set_contents_full (path, g_bytes_get_data (bytes, &size), (gssize) g_bytes_get_size (bytes),    \
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL))
  WRITE (given, ec->chain_pem);
  WRITE (given_key, ec->key_pem);
  changing = bl_certs_new (&options, &error);
  g_assert_no_error (error);
  certs = changing;
  identity = open_identity (NULL, NULL, NULL);
  certs = own;
  g_assert_true (bl_identity_is_trusted (identity));
  g_assert_false (bl_identity_accepts_web_hash (identity, rsa->cert_hash, 48));
  WRITE (given, rsa->chain_pem);
  WRITE (given_key, rsa->key_pem);
  g_assert_true (bl_certs_reload_web (changing, NULL, NULL));
  bl_identity_web_changed (identity);
  g_assert_true (bl_identity_accepts_web_hash (identity, rsa->cert_hash, 48));
  g_assert_true (bl_identity_accepts_web_hash (identity, ec->cert_hash, 48));
  bl_identity_free (identity);
}

/* ---- a proxy in front ------------------------------------------------------------------------------------------- */

typedef struct
{
  int fd;
  gint stop;
  guint16 port;
  GThread *thread;
  gnutls_certificate_credentials_t credentials;
} Proxy;

static gpointer
proxy_thread (gpointer data)
{
  Proxy *proxy = data;
  g_autoptr (GSocket) listener = g_socket_new_from_fd (proxy->fd, NULL);

  while (!g_atomic_int_get (&proxy->stop))
    {
      g_autoptr (GSocket) client = NULL;
      gnutls_session_t session;

      if (!g_socket_condition_timed_wait (listener, G_IO_IN, 50000, NULL, NULL))
        continue;
      client = g_socket_accept (listener, NULL, NULL);
      g_assert_nonnull (client);
      g_socket_set_blocking (client, TRUE);
      gnutls_init (&session, GNUTLS_SERVER);
      gnutls_set_default_priority (session);
      gnutls_credentials_set (session, GNUTLS_CRD_CERTIFICATE, proxy->credentials);
      gnutls_transport_set_int (session, g_socket_get_fd (client));
      gnutls_handshake_set_timeout (session, 5000);
      /* The reader hangs up as soon as it has seen the certificate; how that ends here does not matter. */
      if (gnutls_handshake (session) >= 0)
        gnutls_bye (session, GNUTLS_SHUT_WR);
      gnutls_deinit (session);
    }
  return NULL;
}

static void
proxy_start (Proxy *proxy)
{
  g_autoptr (GSocket) listener = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GPtrArray) web = bl_certs_dup_web (certs);

  g_assert_true (g_socket_bind (listener, any, FALSE, NULL));
  g_assert_true (g_socket_listen (listener, NULL));
  bound = g_socket_get_local_address (listener, NULL);
  proxy->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  proxy->fd = dup (g_socket_get_fd (listener));
  gnutls_certificate_allocate_credentials (&proxy->credentials);
  for (guint i = 0; i < web->len; i++)
    {
      BlCertPair *pair = g_ptr_array_index (web, i);
      gsize n, m;
      gnutls_datum_t certificate = { (unsigned char *) g_bytes_get_data (pair->chain_pem, &n), 0 };
      gnutls_datum_t key = { (unsigned char *) g_bytes_get_data (pair->key_pem, &m), 0 };

      certificate.size = (unsigned) n;
      key.size = (unsigned) m;
      g_assert_cmpint (gnutls_certificate_set_x509_key_mem (proxy->credentials, &certificate, &key, GNUTLS_X509_FMT_PEM),
                       >=, 0);
    }
  proxy->thread = g_thread_new ("proxy", proxy_thread, proxy);
}

static void
proxy_stop (Proxy *proxy)
{
  g_atomic_int_set (&proxy->stop, 1);
  g_thread_join (proxy->thread);
  gnutls_certificate_free_credentials (proxy->credentials);
}

static gboolean
timeout_cb (gpointer expired)
{
  *(gboolean *) expired = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_for_outer (BlIdentity *identity)
{
  gboolean expired = FALSE;
  guint timer = g_timeout_add_seconds (30, timeout_cb, &expired);
  g_autoptr (GBytes) hash = NULL;

  while ((hash = bl_identity_dup_outer_hash (identity)) == NULL && !expired)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (expired);
  g_source_remove (timer);
}

/* Both certificates of a proxy that has two are found. */
static void
test_outer (void)
{
  Proxy proxy = { 0 };
  g_autofree char *url = NULL;
  g_autoptr (BlCertPair) ec = bl_certs_dup (certs, BL_CERT_WEB_EC);
  g_autoptr (BlCertPair) rsa = bl_certs_dup (certs, BL_CERT_WEB_RSA);
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GError) error = NULL;
  BlIdentity *identity;

  proxy_start (&proxy);
  url = g_strdup_printf ("https://127.0.0.1:%u/", proxy.port);
  found = bl_outer_certificate_fetch (url, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (found->len, ==, 2);
  g_assert_true (g_bytes_equal (found->pdata[0], ec->der) || g_bytes_equal (found->pdata[1], ec->der));
  g_assert_true (g_bytes_equal (found->pdata[0], rsa->der) || g_bytes_equal (found->pdata[1], rsa->der));
  identity = open_identity (url, NULL, NULL);
  wait_for_outer (identity);
  g_assert_true (bl_identity_accepts_web_hash (identity, rsa->cert_hash, 48));
  bl_identity_free (identity);
  /* The end of the object in the middle of a reading. */
  identity = open_identity (url, NULL, NULL);
  bl_identity_free (identity);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  proxy_stop (&proxy);
}

static void
test_outer_refused (void)
{
  static const char *const urls[]
      = { "http://127.0.0.1/", "https:///", "nonsense", "file:relative", "https://127.0.0.1:1/", "file:///nonexistent" };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (bl_outer_certificate_fetch (urls[i], NULL, &error));
      g_assert_nonnull (error);
      g_test_message ("%s", error->message);
    }
}

/* ---- tickets ---------------------------------------------------------------------------------------------------- */

static void
test_tickets (void)
{
  g_autoptr (BlIdentity) identity = open_identity (NULL, NULL, NULL);
  g_autoptr (BlIdentity) restarted = open_identity (NULL, NULL, NULL);
  g_autofree char *text = bl_identity_seal (identity, "relay", g_variant_new_parsed ("{'user': <'user//admin'>}"), 60);
  g_autoptr (GVariant) content = bl_identity_open (restarted, "relay", text, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (data_dir, "certs", "ticket.key", NULL);
  const char *user = NULL;
  struct stat st;

  g_assert_nonnull (content);
  g_assert_true (g_variant_lookup (content, "user", "&s", &user));
  g_assert_cmpstr (user, ==, "user//admin");
  g_assert_null (bl_identity_open (identity, "download", text, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS);
  g_clear_error (&error);
  text[10] = text[10] == 'A' ? 'B' : 'A';
  g_assert_null (bl_identity_open (identity, "relay", text, &error));
  g_assert_error (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (st.st_size, ==, 32);
}

static void
test_installed (void)
{
  g_autoptr (BlIdentity) identity = open_identity (NULL, NULL, NULL);
  g_autoptr (GBytes) id = NULL;
  g_autofree char *hex = bl_identity_dup_server_id_hex (identity);

  bl_identity_install (identity);
  for (guint32 which = BOWLINE_CERTIFICATE_ROOT; which <= BOWLINE_CERTIFICATE_MPS; which++)
    {
      g_autoptr (GBytes) der = bowline_identity_dup_certificate (NULL, which);
      g_assert_cmpuint (g_bytes_get_size (der), >, 100);
    }
  id = bowline_identity_dup_server_id (NULL);
  g_assert_cmpmem (g_bytes_get_data (id, NULL), 48, bl_identity_get_server_id (identity), 48);
  g_assert_cmpuint (strlen (hex), ==, 96);
  g_assert_cmpstr (bowline_identity_get_name (NULL), ==, "server.example.org");
  g_assert_cmpuint (bowline_identity_get_port (NULL), ==, 8443);
  g_assert_false (bowline_identity_is_trusted (NULL));
  g_autoptr (GBytes) agent = bowline_identity_dup_agent_certificate (NULL, bl_identity_get_server_id (identity), 48);
  g_assert_nonnull (agent);
  g_assert_null (bowline_identity_dup_agent_certificate (NULL, "................................................", 48));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  int rc;

  g_test_init (&argc, &argv, NULL);
  data_dir = g_dir_make_tmp ("bl-identity-XXXXXX", NULL);
  certs = bl_certs_new (&(BlCertsOptions){ .data_dir = data_dir, .name = "server.example.org" }, &error);
  g_assert_no_error (error);
  workers = bl_worker_pool_new (2, 4096, NULL);
  g_test_add_func ("/identity/sign", test_sign);
  g_test_add_func ("/identity/openssl", test_openssl);
  g_test_add_func ("/identity/bound", test_bound);
  g_test_add_func ("/identity/hashes", test_hashes);
  g_test_add_func ("/identity/renewal", test_renewal);
  g_test_add_func ("/identity/outer", test_outer);
  g_test_add_func ("/identity/outer-refused", test_outer_refused);
  g_test_add_func ("/identity/tickets", test_tickets);
  g_test_add_func ("/identity/installed", test_installed);
  rc = g_test_run ();
  bl_worker_pool_free (workers);
  bl_certs_free (certs);
  remove_tree (data_dir);
  g_free (data_dir);
  return rc;
}
