// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.2:+ANON-ECDH"
#define TOTAL (3u * 1024u * 1024u + 17u)

typedef struct
{
  int ends[2];
  gnutls_anon_client_credentials_t client_credentials;
  gnutls_anon_server_credentials_t server_credentials;
  gnutls_session_t client, server; // the server is plain GnuTLS
  BlAgentWire *wire;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  const int small = 4096; // the kernel takes little, so that records are cut anywhere
  int client = GNUTLS_E_AGAIN, server = GNUTLS_E_AGAIN;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, f->ends), ==, 0);
  for (guint i = 0; i < 2; i++)
    g_assert_cmpint (setsockopt (f->ends[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  gnutls_anon_allocate_client_credentials (&f->client_credentials);
  gnutls_anon_allocate_server_credentials (&f->server_credentials);
  gnutls_init (&f->client, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
  gnutls_init (&f->server, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
  gnutls_priority_set_direct (f->client, PRIORITY, NULL);
  gnutls_priority_set_direct (f->server, PRIORITY, NULL);
  gnutls_credentials_set (f->client, GNUTLS_CRD_ANON, f->client_credentials);
  gnutls_credentials_set (f->server, GNUTLS_CRD_ANON, f->server_credentials);
  f->wire = bl_agent_wire_new (f->client, f->ends[0]);
  gnutls_transport_set_int (f->server, f->ends[1]);
  while (client != 0 || server != 0)
    {
      client = client == GNUTLS_E_AGAIN ? gnutls_handshake (f->client) : client;
      server = server == GNUTLS_E_AGAIN ? gnutls_handshake (f->server) : server;
      g_assert_true ((client == 0 || client == GNUTLS_E_AGAIN) && (server == 0 || server == GNUTLS_E_AGAIN));
    }
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  gnutls_deinit (f->client);
  gnutls_deinit (f->server);
  bl_agent_wire_free (f->wire);
  gnutls_anon_free_client_credentials (f->client_credentials);
  gnutls_anon_free_server_credentials (f->server_credentials);
  close (f->ends[0]);
  if (f->ends[1] >= 0)
    close (f->ends[1]);
  bl_agent_wire_rest ();
}

static guint8 *
make_data (void)
{
  guint8 *data = g_malloc (TOTAL);
  for (guint i = 0; i < TOTAL; i++)
    data[i] = (guint8)(i * 31 + (i >> 9));
  return data;
}

static void
test_send (Fixture *f, gconstpointer unused)
{
  g_autofree guint8 *data = make_data (), *got = g_malloc (TOTAL);
  gsize sent = 0, received = 0;
  guint full = 0;
  while (received < TOTAL)
    {
      const gssize n = bl_agent_wire_send (f->wire, data + sent, TOTAL - sent);
      g_assert_cmpint (n, >=, 0);
      sent += (gsize)n;
      full += bl_agent_wire_is_full (f->wire);
      const gssize m = gnutls_record_recv (f->server, got + received, TOTAL - received);
      g_assert_true (m > 0 || m == GNUTLS_E_AGAIN);
      received += (gsize)MAX (m, 0);
      (void)bl_agent_wire_flush (f->wire); // what is left goes in the next turn
    }
  g_assert_cmpuint (full, >, 0);
  g_assert_cmpmem (got, received, data, TOTAL);
  g_assert_false (bl_agent_wire_is_full (f->wire));
}

static void
test_receive (Fixture *f, gconstpointer unused)
{
  g_autofree guint8 *data = make_data (), *got = g_malloc (TOTAL);
  gsize sent = 0, received = 0;
  while (received < TOTAL)
    {
      const gssize n = sent < TOTAL ? gnutls_record_send (f->server, data + sent, MIN (TOTAL - sent, 5000 + sent % 11000)) : 0;
      g_assert_true (n >= 0 || n == GNUTLS_E_AGAIN);
      sent += (gsize)MAX (n, 0);
      guint8 *some;
      gsize used;
      const gssize m = bl_agent_wire_receive (f->wire, &some, &used);
      g_assert_true (m > 0 || m == GNUTLS_E_AGAIN);
      g_assert_cmpuint (used, <=, BL_AGENT_WIRE_PLAIN);
      memcpy (got + received, some, used);
      received += used;
      bl_agent_wire_rest (); // nothing of this socket may live in what all share
    }
  g_assert_cmpmem (got, received, data, TOTAL);
  g_assert_false (bl_agent_wire_has_input (f->wire));
}

static void
test_gone (Fixture *f, gconstpointer unused)
{
  g_autofree guint8 *data = make_data ();
  guint8 *some;
  gsize used;
  close (f->ends[1]);
  f->ends[1] = -1;
  g_assert_cmpint (bl_agent_wire_send (f->wire, data, TOTAL), ==, GNUTLS_E_PUSH_ERROR);
  g_assert_cmpint (bl_agent_wire_receive (f->wire, &some, &used), <=, 0);
  g_assert_cmpuint (used, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/agent-wire/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("send", test_send);
  ADD ("receive", test_receive);
  ADD ("gone", test_gone);
  return g_test_run ();
}
