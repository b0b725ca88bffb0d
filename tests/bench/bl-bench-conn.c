// SPDX-License-Identifier: Apache-2.0
/* A client connection: non-blocking TLS over epoll. */
#include "bl-bench-conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bl-ws-handshake.h"

/* The same cipher for every server that is compared, and the key share that OpenSSL, and so a MeshAgent, sends. */
#define PRIORITY "NORMAL:-CIPHER-ALL:+AES-256-GCM:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"
#define MAX_MESSAGE (64u * 1024 * 1024)
#define ADDRESSES 4000u
#define BATCH 256
#define READ_SIZE 65536

BlBenchLoop *
bl_bench_loop_new (guint16 port)
{
  BlBenchLoop *loop = g_new0 (BlBenchLoop, 1);

  loop->epoll = epoll_create1 (EPOLL_CLOEXEC);
  loop->port = port;
  g_assert_cmpint (gnutls_certificate_allocate_credentials (&loop->credentials), ==, 0);
  g_assert_cmpint (gnutls_priority_init (&loop->priority, PRIORITY, NULL), ==, 0);
  return loop;
}

void
bl_bench_loop_free (BlBenchLoop *loop)
{
  close (loop->epoll);
  gnutls_certificate_free_credentials (loop->credentials);
  gnutls_priority_deinit (loop->priority);
  g_free (loop);
}

void
bl_bench_loop_turn (BlBenchLoop *loop, int ms)
{
  struct epoll_event events[BATCH];
  int n = epoll_wait (loop->epoll, events, BATCH, ms);

  for (int i = 0; i < n; i++)
    {
      BlBenchWatch *watch = events[i].data.ptr;

      watch->ready (watch, events[i].events);
    }
}

gboolean
bl_bench_loop_until (BlBenchLoop *loop, BlBenchDone done, gpointer user_data, double seconds)
{
  gint64 end = g_get_monotonic_time () + (gint64) (seconds * G_USEC_PER_SEC);

  while (!done (user_data))
    {
      if (g_get_monotonic_time () > end)
        return FALSE;
      bl_bench_loop_turn (loop, 20);
    }
  return TRUE;
}

static gboolean
never (gpointer user_data)
{
  return FALSE;
}

void
bl_bench_loop_for (BlBenchLoop *loop, double seconds)
{
  bl_bench_loop_until (loop, never, NULL, seconds);
}

static void
shut (BlBenchConn *conn)
{
  if (conn->fd >= 0)
    close (conn->fd);
  conn->fd = -1;
  conn->state = BL_BENCH_CLOSED;
  g_clear_pointer (&conn->tls, gnutls_deinit);
}

static void
fail (BlBenchConn *conn, const char *problem)
{
  if (conn->state == BL_BENCH_CLOSED)
    return;
  shut (conn);
  conn->problem = g_strdup (problem);
  conn->handler->closed (conn);
}

static void
update_events (BlBenchConn *conn)
{
  guint32 events = conn->paused ? 0 : EPOLLIN;
  struct epoll_event event = { .data.ptr = &conn->watch };
  gboolean writes;

  if (conn->state == BL_BENCH_CLOSED)
    return;
  writes = conn->state == BL_BENCH_CONNECTING || conn->out->len > 0
           || (conn->state == BL_BENCH_HANDSHAKE && gnutls_record_get_direction (conn->tls) == 1);
  event.events = events | (writes ? EPOLLOUT : 0);
  if (event.events == conn->events)
    return;
  conn->events = event.events;
  epoll_ctl (conn->loop->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void
flush (BlBenchConn *conn)
{
  while (conn->out->len > conn->out_at)
    {
      gssize n = gnutls_record_send (conn->tls, conn->out->data + conn->out_at, conn->out->len - conn->out_at);

      if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
        break;
      if (n < 0)
        {
          fail (conn, gnutls_strerror ((int) n));
          return;
        }
      conn->out_at += (gsize) n;
    }
  if (conn->out_at < conn->out->len)
    return;
  if (conn->out->len > 0)
    {
      g_byte_array_unref (conn->out);
      conn->out = g_byte_array_new ();
    }
  conn->out_at = 0;
}

void
bl_bench_conn_send (BlBenchConn *conn, gconstpointer data, gsize len)
{
  if (conn->state == BL_BENCH_CLOSED)
    return;
  g_byte_array_append (conn->out, data, (guint) len);
  flush (conn);
  update_events (conn);
}

void
bl_bench_conn_send_frame (BlBenchConn *conn, BlWsOpcode opcode, gconstpointer data, gsize len)
{
  if (conn->state == BL_BENCH_CLOSED)
    return;
  bl_ws_append_frame (conn->out, BL_WS_CLIENT, opcode, data, len);
  flush (conn);
  update_events (conn);
}

void
bl_bench_conn_set_paused (BlBenchConn *conn, gboolean paused)
{
  conn->paused = paused;
  update_events (conn);
}

gsize
bl_bench_conn_get_queued (BlBenchConn *conn)
{
  return conn->out->len - conn->out_at;
}

static void
note_certificate (BlBenchConn *conn)
{
  unsigned n = 0;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (conn->tls, &n);

  if (conn->loop->have_web_hash || n == 0)
    return;
  bl_sha384 (chain[0].data, chain[0].size, conn->loop->web_hash);
  conn->loop->have_web_hash = TRUE;
}

static void
handshake_done (BlBenchConn *conn)
{
  g_autofree char *host = g_strdup_printf ("127.0.0.1:%u", conn->loop->port);
  g_autofree char *request = NULL;

  note_certificate (conn);
  if (conn->target == NULL)
    {
      conn->state = BL_BENCH_OPEN;
      conn->handler->opened (conn);
      return;
    }
  conn->state = BL_BENCH_UPGRADE;
  conn->key = bl_ws_make_key ();
  request = bl_ws_build_upgrade_request (host, conn->target, conn->key, NULL, NULL);
  g_assert_nonnull (request);
  bl_bench_conn_send (conn, request, strlen (request));
}

static void
take_frames (BlBenchConn *conn, guint8 *data, gsize len)
{
  while (len > 0 && conn->state == BL_BENCH_OPEN)
    {
      BlWsMessage message;
      gsize consumed = 0;
      BlWsResult result = bl_ws_parser_feed (&conn->parser, data, len, &consumed, &message, NULL);

      data += consumed;
      len -= consumed;
      if (result == BL_WS_ERROR)
        fail (conn, "malformed frame");
      else if (result == BL_WS_MESSAGE && message.opcode == BL_WS_CLOSE)
        fail (conn, "closed by the server");
      else if (result == BL_WS_MESSAGE && message.opcode == BL_WS_PING)
        bl_bench_conn_send_frame (conn, BL_WS_PONG, message.data, message.len);
      else if (result == BL_WS_MESSAGE)
        conn->handler->message (conn, &message);
      else
        return;
    }
}

static void
take_upgrade (BlBenchConn *conn, guint8 *data, gsize len)
{
  g_autoptr (BlHttpResponse) response = bl_http_response_new ();
  gsize consumed = 0;

  /* One record holds the head; a server that splits it is not one we measure. */
  if (bl_http_response_feed (response, data, len, &consumed, NULL) != BL_HTTP_DONE
      || !bl_ws_check_upgrade (response, conn->key, NULL))
    {
      g_autofree char *text = g_strdup_printf ("upgrade refused with status %u", bl_http_response_get_status (response));

      fail (conn, text);
      return;
    }
  g_clear_pointer (&conn->key, g_free);
  g_clear_pointer (&conn->target, g_free);
  conn->state = BL_BENCH_OPEN;
  bl_ws_parser_init (&conn->parser, BL_WS_CLIENT, MAX_MESSAGE);
  conn->handler->opened (conn);
  take_frames (conn, data + consumed, len - consumed);
}

static void
read_all (BlBenchConn *conn, gboolean plain)
{
  static guint8 buffer[READ_SIZE];

  while (conn->state >= BL_BENCH_UPGRADE && conn->state < BL_BENCH_CLOSED && !conn->paused)
    {
      gssize n = gnutls_record_recv (conn->tls, buffer, sizeof buffer);

      if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
        return;
      if (n <= 0)
        fail (conn, n == 0 ? "ended by the server" : gnutls_strerror ((int) n));
      else if (conn->state == BL_BENCH_UPGRADE)
        take_upgrade (conn, buffer, (gsize) n);
      else if (plain)
        conn->handler->data (conn, buffer, (gsize) n);
      else
        take_frames (conn, buffer, (gsize) n);
    }
}

static void
shake_hands (BlBenchConn *conn)
{
  int result = gnutls_handshake (conn->tls);

  if (result == 0)
    handshake_done (conn);
  else if (gnutls_error_is_fatal (result))
    fail (conn, gnutls_strerror (result));
}

static void
conn_ready (BlBenchWatch *watch, guint32 events)
{
  BlBenchConn *conn = (BlBenchConn *) watch;
  gboolean plain = conn->handler->data != NULL, had_output;

  if (conn->state == BL_BENCH_CONNECTING)
    {
      int code = 0;
      socklen_t size = sizeof code;

      getsockopt (conn->fd, SOL_SOCKET, SO_ERROR, &code, &size);
      if (code != 0)
        {
          fail (conn, g_strerror (code));
          return;
        }
      conn->state = BL_BENCH_HANDSHAKE;
    }
  if (conn->state == BL_BENCH_HANDSHAKE)
    shake_hands (conn);
  had_output = conn->out->len > 0;
  if (had_output && conn->state != BL_BENCH_CLOSED)
    flush (conn);
  if (had_output && conn->out->len == 0 && conn->state == BL_BENCH_OPEN && conn->handler->drained != NULL)
    conn->handler->drained (conn);
  read_all (conn, plain);
  update_events (conn);
}

/* Another source address each time: limits per address are right, and are not what is measured. */
static void
choose_address (BlBenchLoop *loop, int fd)
{
  guint n = loop->next_address++ % ADDRESSES;
  struct sockaddr_in address = { .sin_family = AF_INET };
  int on = 1;

  address.sin_addr.s_addr = htonl (0x7f010000u + (n / 250) * 256 + n % 250 + 1);
  setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) < 0)
    g_warning ("cannot bind to a loopback address: %s", g_strerror (errno));
}

static int
start_tls (BlBenchConn *conn, const gnutls_datum_t *ticket)
{
  gnutls_init (&conn->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
  gnutls_priority_set (conn->tls, conn->loop->priority);
  gnutls_credentials_set (conn->tls, GNUTLS_CRD_CERTIFICATE, conn->loop->credentials);
  gnutls_handshake_set_timeout (conn->tls, GNUTLS_INDEFINITE_TIMEOUT);
  gnutls_transport_set_int (conn->tls, conn->fd);
  if (ticket == NULL || ticket->size == 0)
    return 0;
  return gnutls_session_set_data (conn->tls, ticket->data, ticket->size);
}

BlBenchConn *
bl_bench_conn_new (BlBenchLoop *loop,
                   const char *target,
                   const gnutls_datum_t *ticket,
                   const BlBenchHandler *handler,
                   gpointer user_data)
{
  BlBenchConn *conn = g_new0 (BlBenchConn, 1);
  struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons (loop->port) };
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.ptr = &conn->watch };
  int on = 1;

  conn->watch.ready = conn_ready;
  conn->loop = loop;
  conn->handler = handler;
  conn->user_data = user_data;
  conn->target = g_strdup (target);
  conn->out = g_byte_array_new ();
  conn->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (conn->fd < 0)
    {
      conn->state = BL_BENCH_CLOSED;
      conn->problem = g_strdup (g_strerror (errno));
      return conn;
    }
  conn->events = event.events;
  setsockopt (conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  choose_address (loop, conn->fd);
  server.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  start_tls (conn, ticket);
  if (connect (conn->fd, (struct sockaddr *) &server, sizeof server) < 0 && errno != EINPROGRESS)
    {
      conn->problem = g_strdup (g_strerror (errno));
      shut (conn);
      return conn;
    }
  epoll_ctl (loop->epoll, EPOLL_CTL_ADD, conn->fd, &event);
  return conn;
}

void
bl_bench_conn_free (BlBenchConn *conn)
{
  shut (conn);
  bl_ws_parser_clear (&conn->parser);
  g_byte_array_unref (conn->out);
  g_free (conn->target);
  g_free (conn->key);
  g_free (conn->problem);
  g_free (conn);
}
