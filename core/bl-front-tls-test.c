// SPDX-License-Identifier: Apache-2.0
/* TLS of the web port over real sockets: versions, suites, certificates, tickets, and peers that say nothing. */
#include "testing/bl-front-fixture.h"

#include <gnutls/x509.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void
run (void (*tune) (BlFrontOptions *options), void (*client) (BlFrontFixture *fixture))
{
  BlFrontFixture *fixture = bl_front_fixture_new (tune);
  bl_front_fixture_run (fixture, client);
  bl_front_fixture_free (fixture);
}

static guint
get_hello (BlFrontFixture *fixture, BlFrontClient *client)
{
  g_autofree char *text = g_strdup_printf ("GET /hello HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  return bl_front_client_ask (client, text, NULL, NULL);
}

static gboolean
connects (BlFrontFixture *fixture, const char *priority)
{
  BlFrontClient *client = bl_front_client_new (fixture->port, priority);
  if (client == NULL)
    return FALSE;
  const guint status = get_hello (fixture, client);
  bl_front_client_free (client);
  return status == 200;
}

static gboolean
shows_ecdsa (BlFrontFixture *fixture, const char *priority)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new (fixture->port, priority);
  guint n = 0;
  g_assert_nonnull (client);
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (client->session, &n);
  gnutls_x509_crt_t certificate;
  gnutls_x509_crt_init (&certificate);
  g_assert_cmpint (gnutls_x509_crt_import (certificate, &chain[0], GNUTLS_X509_FMT_DER), ==, 0);
  const int algorithm = gnutls_x509_crt_get_pk_algorithm (certificate, NULL);
  gnutls_x509_crt_deinit (certificate);
  return algorithm == GNUTLS_PK_ECDSA;
}

#define ALL "NORMAL:%UNSAFE_RENEGOTIATION:-VERS-ALL:"
#define TLS12 ALL "+VERS-TLS1.2:-KX-ALL:-CIPHER-ALL:-MAC-ALL:"

static void
client_modern (BlFrontFixture *fixture)
{
  g_assert_true (connects (fixture, NULL));
  g_assert_true (connects (fixture, ALL "+VERS-TLS1.3"));
  g_assert_true (connects (fixture, TLS12 "+ECDHE-ECDSA:+AES-128-GCM:+AEAD"));
  g_assert_true (connects (fixture, TLS12 "+ECDHE-RSA:+AES-256-GCM:+AEAD"));
  g_assert_true (connects (fixture, TLS12 "+ECDHE-RSA:+CHACHA20-POLY1305:+AEAD"));
  /* no forward secrecy, no AEAD, old versions */
  g_assert_false (connects (fixture, TLS12 "+RSA:+AES-128-GCM:+AEAD"));
  g_assert_false (connects (fixture, TLS12 "+DHE-RSA:+AES-128-GCM:+AEAD"));
  g_assert_false (connects (fixture, TLS12 "+ECDHE-RSA:+AES-128-CBC:+SHA1"));
  g_assert_false (connects (fixture, TLS12 "+ECDHE-RSA:+AES-128-CBC:+SHA256"));
  g_assert_false (connects (fixture, "LEGACY:-VERS-ALL:+VERS-TLS1.1"));
  g_assert_false (connects (fixture, "LEGACY:-VERS-ALL:+VERS-TLS1.0"));
}

static void
tune_cbc (BlFrontOptions *options)
{
  options->tls_cbc = TRUE;
}

static void
client_cbc (BlFrontFixture *fixture)
{
  g_assert_true (connects (fixture, TLS12 "+ECDHE-RSA:+AES-128-CBC:+SHA1"));
  g_assert_true (connects (fixture, TLS12 "+ECDHE-ECDSA:+AES-256-CBC:+SHA1"));
  g_assert_false (connects (fixture, TLS12 "+RSA:+AES-128-CBC:+SHA1"));
  g_assert_false (connects (fixture, "LEGACY:-VERS-ALL:+VERS-TLS1.1"));
  g_assert_true (connects (fixture, NULL));
}

static void
client_certificates (BlFrontFixture *fixture)
{
  g_assert_true (shows_ecdsa (fixture, NULL));
  g_assert_true (shows_ecdsa (fixture, TLS12 "+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AEAD"));
  g_assert_false (shows_ecdsa (fixture, TLS12 "+ECDHE-RSA:+AES-128-GCM:+AEAD"));
  g_assert_false (shows_ecdsa (fixture, "NORMAL:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-SHA256"));
}

/* ---- tickets and reload -------------------------------------------------------------------------------------------- */

static BlTlsCredentials *other_credentials;

static void
reload (BlFrontFixture *fixture)
{
  bl_http_front_set_credentials (fixture->front, other_credentials);
}

static void
rotate (BlFrontFixture *fixture)
{
  bl_tls_credentials_rotate (fixture->credentials);
}

static gboolean
resumes (BlFrontFixture *fixture, const char *priority, GBytes *session)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new_resumed (fixture->port, priority, "localhost", session);
  g_assert_nonnull (client);
  g_assert_cmpuint (get_hello (fixture, client), ==, 200);
  return gnutls_session_is_resumed (client->session);
}

static GBytes *
make_session (BlFrontFixture *fixture, const char *priority)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new_resumed (fixture->port, priority, "localhost", NULL);
  g_assert_cmpuint (get_hello (fixture, client), ==, 200);
  return bl_front_client_dup_session (client);
}

/* The hash a module is told does not depend on whether the session was resumed. */
static char *
mirror_hash (BlFrontFixture *fixture, GBytes *session)
{
  g_autoptr (BlFrontClient) client = bl_front_client_new_resumed (fixture->port, NULL, "localhost", session);
  g_autofree char *text = g_strdup_printf ("GET /hash HTTP/1.1\r\nHost: %s\r\n\r\n", fixture->authority);
  g_autoptr (GBytes) body = NULL;
  g_assert_cmpuint (bl_front_client_ask (client, text, NULL, &body), ==, 200);
  g_assert_cmpint (gnutls_session_is_resumed (client->session), ==, session != NULL);
  return g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
}

static void
client_tickets (BlFrontFixture *fixture)
{
  static const char *const priorities[] = { ALL "+VERS-TLS1.3", ALL "+VERS-TLS1.2" };
  for (guint i = 0; i < G_N_ELEMENTS (priorities); i++)
    {
      g_autoptr (GBytes) session = make_session (fixture, priorities[i]);
      g_assert_true (resumes (fixture, priorities[i], session));
      bl_front_fixture_call (fixture, rotate);
      g_assert_false (resumes (fixture, priorities[i], session));
    }
  g_autoptr (GBytes) session = make_session (fixture, NULL);
  g_autofree char *first = mirror_hash (fixture, NULL);
  g_autofree char *resumed = mirror_hash (fixture, session);
  g_assert_cmpuint (strlen (first), ==, 96);
  g_assert_cmpstr (first, ==, resumed);

  other_credentials = bl_front_client_make_credentials ();
  g_autoptr (BlFrontClient) old = bl_front_client_new (fixture->port, NULL);
  bl_front_fixture_call (fixture, reload);
  g_assert_false (resumes (fixture, NULL, session));
  g_autofree char *renewed = mirror_hash (fixture, NULL);
  g_assert_cmpstr (first, !=, renewed);
  g_assert_cmpuint (get_hello (fixture, old), ==, 200);
  bl_tls_credentials_unref (other_credentials);
}

static void
test_bad_credentials (void)
{
  g_autoptr (BlTlsCredentials) credentials = bl_tls_credentials_new ();
  g_autoptr (GBytes) chain = NULL, key = NULL, other_chain = NULL, other_key = NULL, junk = g_bytes_new ("junk", 4);
  g_autoptr (GError) pair = NULL, certificate = NULL, private = NULL;

  bl_front_client_make_certificate (TRUE, "localhost", &chain, &key);
  bl_front_client_make_certificate (TRUE, "localhost", &other_chain, &other_key);
  g_assert_false (bl_tls_credentials_add (credentials, chain, other_key, &pair));
  g_assert_nonnull (strstr (pair->message, "does not belong"));
  g_assert_false (bl_tls_credentials_add (credentials, junk, key, &certificate));
  g_assert_nonnull (strstr (certificate->message, "certificate"));
  g_assert_false (bl_tls_credentials_add (credentials, chain, junk, &private));
  g_assert_nonnull (strstr (private->message, "private key"));
  g_assert_cmpuint (bl_tls_credentials_get_count (credentials), ==, 0);
}

static void
test_select (void)
{
  g_autoptr (BlTlsCredentials) credentials = bl_tls_credentials_new ();
  static const struct { const char *name; gboolean ecdsa; } list[]
      = { { "a.example", FALSE }, { "b.example", FALSE }, { "b.example", TRUE }, { "a.example", TRUE } };
  static const struct { const char *name; gboolean ecdsa; guint expected; } cases[]
      = { { "a.example", TRUE, 3 }, { "b.example", TRUE, 2 }, { "b.example", FALSE, 1 }, { "a.example", FALSE, 0 },
          { "c.example", TRUE, 2 }, { "", FALSE, 0 }, { "", TRUE, 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (list); i++)
    {
      g_autoptr (GBytes) chain = NULL, key = NULL;
      bl_front_client_make_certificate (list[i].ecdsa, list[i].name, &chain, &key);
      g_assert_true (bl_tls_credentials_add (credentials, chain, key, NULL));
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      BlTlsHello hello = { .ecdsa = cases[i].ecdsa };
      g_strlcpy (hello.server_name, cases[i].name, sizeof hello.server_name);
      g_assert_true (bl_tls_credentials_select (credentials, &hello)
                     == bl_tls_credentials_get (credentials, cases[i].expected));
    }
}

/* ---- silent peers (K14) ---------------------------------------------------------------------------------------------- */

static void
raise_limit (void)
{
  struct rlimit limit;
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static void
dial_many (BlFrontFixture *fixture, int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      fds[i] = bl_front_client_dial (fixture->port);
      g_assert_cmpint (fds[i], >=, 0);
    }
}

static void
close_many (const int *fds, guint n)
{
  for (guint i = 0; i < n; i++)
    close (fds[i]);
}

static gboolean
is_closed_by_server (int fd)
{
  char byte;
  return recv (fd, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
tune_many (BlFrontOptions *options)
{
  options->max_pending_per_address = 2000;
}

static void
client_silent (BlFrontFixture *fixture)
{
  static int fds[500];

  dial_many (fixture, fds, G_N_ELEMENTS (fds));
  /* begun and abandoned: half of them sent the beginning of a handshake */
  for (guint i = 0; i < G_N_ELEMENTS (fds); i += 2)
    g_assert_cmpint (send (fds[i], "\x16\x03\x01\x02", 4, MSG_NOSIGNAL), ==, 4);
  const gint64 begin_us = g_get_monotonic_time ();
  g_assert_true (connects (fixture, NULL));
  /* far below any deadline of theirs: nobody stood in the way */
  g_assert_cmpint (g_get_monotonic_time () - begin_us, <, 5 * G_USEC_PER_SEC);
  guint alive = 0;
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    alive += !is_closed_by_server (fds[i]);
  g_assert_cmpuint (alive, ==, G_N_ELEMENTS (fds));
  close_many (fds, G_N_ELEMENTS (fds));
}

static void
client_very_silent (BlFrontFixture *fixture)
{
  static int fds[2000];
  guint closed = 0;

  dial_many (fixture, fds, G_N_ELEMENTS (fds));
  g_assert_true (connects (fixture, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    closed += is_closed_by_server (fds[i]);
  /* the limit for one address made room by dropping the oldest */
  g_assert_cmpuint (closed, >=, 2000 - 512);
  close_many (fds, G_N_ELEMENTS (fds));
  g_assert_true (connects (fixture, NULL));
}

static void
tune_short (BlFrontOptions *options)
{
  options->handshake_timeout = 1;
  options->max_pending_per_address = 100000;
}

static void
client_deadline (BlFrontFixture *fixture)
{
  int fd = bl_front_client_dial (fixture->port);
  int half = bl_front_client_dial (fixture->port);
  char byte;
  g_assert_cmpint (send (half, "\x16\x03\x01", 3, MSG_NOSIGNAL), ==, 3);
  g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 0);
  g_assert_cmpint (recv (half, &byte, 1, 0), <=, 0);
  close (fd);
  close (half);
}

static void
tune_few (BlFrontOptions *options)
{
  options->max_connections = 5;
}

static gboolean
none_open (BlFrontFixture *fixture)
{
  return bl_front_fixture_get_status (fixture, "connections") == 0;
}

static void
client_full (BlFrontFixture *fixture)
{
  BlFrontClient *clients[5];
  for (guint i = 0; i < 5; i++)
    {
      clients[i] = bl_front_client_new (fixture->port, NULL);
      g_assert_cmpuint (get_hello (fixture, clients[i]), ==, 200);
    }
  g_assert_false (connects (fixture, NULL));
  for (guint i = 0; i < 5; i++)
    bl_front_client_free (clients[i]);
  bl_front_fixture_await (fixture, none_open, 10);
  g_assert_true (connects (fixture, NULL));
}

#define TEST(name, tune)                                                                                     \
  static void test_##name (void)                                                                             \
  {                                                                                                          \
    run (tune, client_##name);                                                                               \
  }

TEST (modern, NULL)
TEST (cbc, tune_cbc)
TEST (certificates, NULL)
TEST (tickets, NULL)
TEST (silent, tune_many)
TEST (very_silent, NULL)
TEST (deadline, tune_short)
TEST (full, tune_few)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  raise_limit ();
  g_test_add_func ("/front/tls/modern", test_modern);
  g_test_add_func ("/front/tls/cbc", test_cbc);
  g_test_add_func ("/front/tls/certificates", test_certificates);
  g_test_add_func ("/front/tls/tickets", test_tickets);
  g_test_add_func ("/front/tls/bad-credentials", test_bad_credentials);
  g_test_add_func ("/front/tls/select", test_select);
  g_test_add_func ("/front/tls/silent", test_silent);
  g_test_add_func ("/front/tls/very-silent", test_very_silent);
  g_test_add_func ("/front/tls/deadline", test_deadline);
  g_test_add_func ("/front/tls/full", test_full);
  return g_test_run ();
}
