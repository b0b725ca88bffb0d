// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-socket.h"

#include "bl-agent-fetch.h"
#include "bl-agent-wire.h"
#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-ws-handshake.h"

#include <gnutls/x509.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define CLOSE_SECONDS 5

typedef enum
{
  CONNECTING,
  TLS,
  UPGRADE,
  OPEN,
  CLOSING, // our close frame is on its way
  CLOSED,
} State;

// Waits for the descriptor, and for what no descriptor tells: bytes that TLS holds, and messages that were queued.
typedef struct
{
  GSource source;
  BlAgentSocket *socket;
  gpointer tag; // NULL: the descriptor is not waited for
  GIOCondition condition;
} SocketSource;

struct _BlAgentSocket
{
  gatomicrefcount count;
  const BlAgentSocketEvents *events;
  gpointer user_data;
  State state;
  gboolean freed;

  char *host;
  guint16 port;
  char *host_header;
  char *target;
  char *key;

  GCancellable *cancellable;
  GSocketConnection *connection;
  int fd;
  GSource *source; // SocketSource
  guint timer_id;
  guint deliver_id;

  gnutls_session_t session;
  BlAgentWire *wire;
  gnutls_certificate_credentials_t credentials;

  BlHttpResponse *response;
  BlWsParser parser;
  GByteArray *pending; // received while paused
  gboolean paused;
  gboolean ended; // the server closed while that was so

  GByteArray *output;
  gsize output_sent;
  gint64 last_input_us;
};

static void finish (BlAgentSocket *self, const GError *error);
static void update_source (BlAgentSocket *self);

static BlAgentSocket *
socket_ref (BlAgentSocket *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

static void
drop_connection (BlAgentSocket *self)
{
  if (self->source != NULL)
    {
      g_source_destroy (self->source);
      g_clear_pointer (&self->source, g_source_unref);
    }
  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_handle_id (&self->deliver_id, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  if (self->session != NULL && self->state == CLOSED)
    {
      gnutls_deinit (self->session);
      self->session = NULL;
    }
  g_clear_object (&self->connection); // closes the descriptor
  self->fd = -1;
}

static void
socket_unref (BlAgentSocket *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  self->state = CLOSED;
  drop_connection (self);
  bl_agent_wire_free (self->wire);
  if (self->credentials != NULL)
    gnutls_certificate_free_credentials (self->credentials);
  g_clear_pointer (&self->response, bl_http_response_free);
  bl_ws_parser_clear (&self->parser);
  g_byte_array_unref (self->output);
  g_byte_array_unref (self->pending);
  g_object_unref (self->cancellable);
  g_free (self->host);
  g_free (self->host_header);
  g_free (self->target);
  g_free (self->key);
  g_free (self);
}

static gsize
queued (BlAgentSocket *self)
{
  return self->output->len - self->output_sent;
}

// Not when the loop is idle: other sessions may keep it busy for minutes.
static guint
deliver_soon (GSourceFunc callback, BlAgentSocket *self)
{
  return g_idle_add_full (G_PRIORITY_DEFAULT, callback, self, NULL);
}

static gboolean
finish_idle_cb (gpointer user_data)
{
  BlAgentSocket *self = user_data;
  self->deliver_id = 0;
  finish (self, NULL);
  return G_SOURCE_REMOVE;
}

// Reports the end and lets the connection go.
static void
finish (BlAgentSocket *self, const GError *error)
{
  if (self->state == CLOSED)
    return;
  socket_ref (self);
  self->state = CLOSED;
  // The session's data may still be asked for in `closed`.
  gnutls_session_t session = g_steal_pointer (&self->session);
  drop_connection (self);
  self->session = session;
  if (!self->freed)
    self->events->closed (self, error, self->user_data);
  socket_unref (self);
}

static void G_GNUC_PRINTF (3, 4)
fail (BlAgentSocket *self, gint code, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autoptr (GError) error = g_error_new_valist (BL_ERROR, code, format, args);
  va_end (args);
  finish (self, error);
}

// ---- output --------------------------------------------------------------------------------------------------------

// Returns: FALSE when the connection ended.
static gboolean
flush_output (BlAgentSocket *self)
{
  if (queued (self) > 0)
    {
      const gssize n = bl_agent_wire_send (self->wire, self->output->data + self->output_sent, queued (self));
      if (n < 0)
        {
          fail (self, BL_ERROR_FAILED, "sending failed: %s", gnutls_strerror ((int)n));
          return FALSE;
        }
      self->output_sent += (gsize)n;
    }
  if (queued (self) == 0)
    {
      if (self->output->len > BL_AGENT_SOCKET_HIGH_WATER) // give back what a burst needed
        {
          g_byte_array_unref (self->output);
          self->output = g_byte_array_new ();
        }
      else
        g_byte_array_set_size (self->output, 0);
      self->output_sent = 0;
    }
  else if (self->output_sent > self->output->len / 2) // no byte is moved more than once
    {
      g_byte_array_remove_range (self->output, 0, self->output_sent);
      self->output_sent = 0;
    }
  return TRUE;
}

static void
write_ready (BlAgentSocket *self)
{
  const gboolean waited = queued (self) > 0;
  if (!flush_output (self) || queued (self) > 0 || !bl_agent_wire_flush (self->wire))
    return;
  if (self->state == CLOSING)
    finish (self, NULL);
  else if (waited && self->state == OPEN && self->events->drained != NULL)
    self->events->drained (self, self->user_data);
}

// ---- input ---------------------------------------------------------------------------------------------------------

static void
handle_message (BlAgentSocket *self, const BlWsMessage *message)
{
  switch (message->opcode)
    {
    case BL_WS_TEXT:
    case BL_WS_BINARY:
      self->events->message (self, message->opcode, message->data, message->len, self->user_data);
      break;
    case BL_WS_PING:
      bl_ws_append_frame (self->output, BL_WS_CLIENT, BL_WS_PONG, message->data, message->len);
      break;
    case BL_WS_PONG:
      if (self->events->pong != NULL)
        self->events->pong (self, self->user_data);
      break;
    default:
      finish (self, NULL);
      break;
    }
}

// Gives bytes to the parser until it has no more, the owner pauses, or the socket ends.
static void
parse_input (BlAgentSocket *self, guint8 *data, gsize length)
{
  while (length > 0 && (self->state == OPEN || self->state == CLOSING) && !self->freed)
    {
      // What came earlier and waits for the resume goes first.
      if (self->paused || self->pending->len > 0)
        {
          g_byte_array_append (self->pending, data, length);
          return;
        }
      g_autoptr (GError) error = NULL;
      BlWsMessage message;
      gsize consumed = 0;
      const BlWsResult result = bl_ws_parser_feed (&self->parser, data, length, &consumed, &message, &error);
      data += consumed;
      length -= consumed;
      if (result == BL_WS_ERROR)
        finish (self, error);
      else if (result == BL_WS_MESSAGE && self->state == OPEN)
        handle_message (self, &message);
    }
}

static void
upgrade_input (BlAgentSocket *self, guint8 *data, gsize length)
{
  g_autoptr (GError) error = NULL;
  gsize consumed = 0;
  const BlHttpResult result = bl_http_response_feed (self->response, data, length, &consumed, &error);
  if (result == BL_HTTP_NEED_MORE)
    return;
  if (result == BL_HTTP_ERROR || !bl_ws_check_upgrade (self->response, self->key, &error))
    {
      finish (self, error);
      return;
    }
  g_clear_pointer (&self->response, bl_http_response_free);
  g_clear_handle_id (&self->timer_id, g_source_remove);
  self->state = OPEN;
  self->events->opened (self, self->user_data);
  parse_input (self, data + consumed, length - consumed);
}

static void
read_ready (BlAgentSocket *self)
{
  guint8 *data;
  gsize used;
  const gssize n = bl_agent_wire_receive (self->wire, &data, &used);
  if (used > 0)
    {
      self->last_input_us = g_get_monotonic_time ();
      if (self->state == UPGRADE)
        upgrade_input (self, data, used);
      else
        parse_input (self, data, used);
    }
  if (self->state == CLOSED || n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
    return;
  if (n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION)
    {
      if (self->state == UPGRADE)
        fail (self, BL_ERROR_FAILED, "the server closed the connection before it answered the upgrade");
      else if (self->paused || self->pending->len > 0)
        self->ended = TRUE; // what came before is delivered first
      else
        finish (self, NULL);
    }
  else if (n < 0 && gnutls_error_is_fatal ((int)n))
    fail (self, BL_ERROR_FAILED, "receiving failed: %s", gnutls_strerror ((int)n));
}

// ---- TLS -----------------------------------------------------------------------------------------------------------

static gboolean
check_peer (BlAgentSocket *self)
{
  guint n;
  const gnutls_datum_t *chain = gnutls_certificate_get_peers (self->session, &n);
  if (chain == NULL || n == 0)
    {
      fail (self, BL_ERROR_AUTH, "the server showed no certificate");
      return FALSE;
    }
  guint8 hash[BL_SHA384_SIZE];
  bl_certhash (chain[0].data, chain[0].size, hash);
  g_autoptr (GBytes) certificate = g_bytes_new (chain[0].data, chain[0].size);
  if (!self->events->accept (self, certificate, hash, self->user_data))
    {
      fail (self, BL_ERROR_AUTH, "the server's certificate is not the one expected");
      return FALSE;
    }
  return TRUE;
}

static void
handshake (BlAgentSocket *self)
{
  const int result = gnutls_handshake (self->session);
  if (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED)
    return;
  if (result < 0)
    {
      if (gnutls_error_is_fatal (result))
        fail (self, BL_ERROR_FAILED, "TLS: %s", gnutls_strerror (result));
      return;
    }
  if (!check_peer (self))
    return;
  g_autoptr (GError) error = NULL;
  self->key = bl_ws_make_key ();
  g_autofree char *request = bl_ws_build_upgrade_request (self->host_header, self->target, self->key, NULL, &error);
  if (request == NULL)
    {
      finish (self, error);
      return;
    }
  self->state = UPGRADE;
  self->response = bl_http_response_new ();
  g_byte_array_append (self->output, (const guint8 *)request, strlen (request));
  flush_output (self);
}

static void
ready (BlAgentSocket *self, GIOCondition condition)
{
  if (self->state == TLS)
    handshake (self);
  if (self->state != CLOSED && self->state != TLS)
    {
      if (!self->paused && !self->ended && ((condition & ~G_IO_OUT) != 0 || bl_agent_wire_has_input (self->wire)))
        read_ready (self);
      if (self->state != CLOSED)
        write_ready (self);
    }
  update_source (self);
}

static gboolean
is_ready (BlAgentSocket *self)
{
  return (self->state == UPGRADE || self->state == OPEN || self->state == CLOSING)
         && ((queued (self) > 0 && (((SocketSource *)self->source)->condition & G_IO_OUT) == 0)
             || (!self->paused && !self->ended && bl_agent_wire_has_input (self->wire)));
}

static gboolean
source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return is_ready (((SocketSource *)source)->socket);
}

static gboolean
source_check (GSource *source)
{
  const SocketSource *self = (SocketSource *)source;
  return (self->tag != NULL && g_source_query_unix_fd (source, self->tag) != 0) || is_ready (self->socket);
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  const SocketSource *self = (SocketSource *)source;
  BlAgentSocket *socket = socket_ref (self->socket);
  ready (socket, self->tag != NULL ? g_source_query_unix_fd (source, self->tag) : 0);
  socket_unref (socket);
  return G_SOURCE_CONTINUE;
}

// Makes the loop wait for what is needed now.
static void
update_source (BlAgentSocket *self)
{
  static GSourceFuncs functions = { .prepare = source_prepare, .check = source_check, .dispatch = source_dispatch };
  if (self->state == CLOSED || self->state == CONNECTING)
    return;
  GIOCondition wanted = 0;
  if (self->state == TLS)
    wanted = gnutls_record_get_direction (self->session) == 0 ? G_IO_IN : G_IO_OUT;
  else
    {
      if (!self->paused && !self->ended)
        wanted |= G_IO_IN;
      if (bl_agent_wire_is_full (self->wire))
        wanted |= G_IO_OUT;
    }
  if (self->source == NULL)
    {
      self->source = g_source_new (&functions, sizeof (SocketSource));
      ((SocketSource *)self->source)->socket = self;
      g_source_attach (self->source, g_main_context_get_thread_default ());
    }
  SocketSource *source = (SocketSource *)self->source;
  if (wanted == source->condition)
    return;
  source->condition = wanted;
  // A descriptor that is waited for always tells that the peer is gone, which nobody could act on now.
  if (wanted == 0)
    g_source_remove_unix_fd (self->source, g_steal_pointer (&source->tag));
  else if (source->tag == NULL)
    source->tag = g_source_add_unix_fd (self->source, self->fd, wanted | G_IO_HUP | G_IO_ERR);
  else
    g_source_modify_unix_fd (self->source, source->tag, wanted | G_IO_HUP | G_IO_ERR);
}

static gboolean
set_up_tls (BlAgentSocket *self, GBytes *resume)
{
  int result = gnutls_certificate_allocate_credentials (&self->credentials);
  if (result == 0)
    result = gnutls_init (&self->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
  if (result == 0)
    result = gnutls_priority_set_direct (self->session, PRIORITY, NULL);
  if (result == 0)
    result = gnutls_credentials_set (self->session, GNUTLS_CRD_CERTIFICATE, self->credentials);
  if (result == 0 && !g_hostname_is_ip_address (self->host))
    result = gnutls_server_name_set (self->session, GNUTLS_NAME_DNS, self->host, strlen (self->host));
  if (result < 0)
    {
      fail (self, BL_ERROR_FAILED, "TLS: %s", gnutls_strerror (result));
      return FALSE;
    }
  if (resume != NULL)
    (void)gnutls_session_set_data (self->session, g_bytes_get_data (resume, NULL), g_bytes_get_size (resume));
  self->wire = bl_agent_wire_new (self->session, self->fd);
  return TRUE;
}

typedef struct
{
  BlAgentSocket *socket;
  GBytes *session;
} Connecting;

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Connecting *connecting = user_data;
  BlAgentSocket *self = connecting->socket;
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection
      = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &error);
  if (self->state != CONNECTING)
    g_clear_object (&connection);
  else if (connection == NULL)
    {
      g_prefix_error (&error, "%s port %u: ", self->host, self->port);
      finish (self, error);
    }
  else
    {
      const int on = 1;
      self->connection = connection;
      GSocket *socket = g_socket_connection_get_socket (connection);
      g_socket_set_blocking (socket, FALSE);
      self->fd = g_socket_get_fd (socket);
      (void)setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // slower, not wrong
      self->state = TLS;
      if (set_up_tls (self, connecting->session))
        {
          handshake (self);
          update_source (self);
        }
    }
  socket_unref (self);
  g_clear_pointer (&connecting->session, g_bytes_unref);
  g_free (connecting);
}

static gboolean
timeout_cb (gpointer user_data)
{
  BlAgentSocket *self = user_data;
  self->timer_id = 0;
  if (self->state == CLOSING)
    finish (self, NULL);
  else
    fail (self, BL_ERROR_FAILED, "no answer within %d seconds", BL_AGENT_SOCKET_CONNECT_SECONDS);
  return G_SOURCE_REMOVE;
}

static gboolean
parse_url (BlAgentSocket *self, const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, error);
  if (uri == NULL)
    return FALSE;
  if (g_strcmp0 (g_uri_get_scheme (uri), "wss") != 0 || g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0')
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: expected wss://HOST[:PORT]/PATH", url);
      return FALSE;
    }
  const int port = g_uri_get_port (uri);
  const char *path = g_uri_get_path (uri), *query = g_uri_get_query (uri);
  self->port = (guint16)(port > 0 ? port : 443);
  self->host = g_uri_unescape_string (g_uri_get_host (uri), NULL);
  const gboolean v6 = strchr (self->host, ':') != NULL;
  self->host_header = self->port == 443 ? g_strdup_printf (v6 ? "[%s]" : "%s", self->host)
                                        : g_strdup_printf (v6 ? "[%s]:%u" : "%s:%u", self->host, self->port);
  self->target = g_strconcat (path[0] != '\0' ? path : "/", query != NULL ? "?" : "", query != NULL ? query : "", NULL);
  return TRUE;
}

static gboolean
bad_url_cb (gpointer user_data)
{
  BlAgentSocket *self = user_data;
  self->deliver_id = 0;
  fail (self, BL_ERROR_INVALID, "the server's address is malformed; expected wss://HOST[:PORT]/PATH");
  return G_SOURCE_REMOVE;
}

BlAgentSocket *
bl_agent_socket_new (const BlAgentSocketOptions *options, const BlAgentSocketEvents *events, gpointer user_data)
{
  BlAgentSocket *self = g_new0 (BlAgentSocket, 1);
  g_atomic_ref_count_init (&self->count);
  self->events = events;
  self->user_data = user_data;
  self->fd = -1;
  self->cancellable = g_cancellable_new ();
  self->output = g_byte_array_new ();
  self->pending = g_byte_array_new ();
  bl_ws_parser_init (&self->parser, BL_WS_CLIENT, options->max_message);
  if (!parse_url (self, options->url, NULL))
    {
      self->deliver_id = deliver_soon (bad_url_cb, self);
      return self;
    }
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_timeout (client, BL_AGENT_SOCKET_CONNECT_SECONDS);
  bl_agent_fetch_set_proxy (client, options->proxy);
  Connecting *connecting = g_new0 (Connecting, 1);
  connecting->socket = socket_ref (self);
  connecting->session = options->session != NULL ? g_bytes_ref (options->session) : NULL;
  self->timer_id = g_timeout_add_seconds (BL_AGENT_SOCKET_CONNECT_SECONDS, timeout_cb, self);
  g_socket_client_connect_to_host_async (client, self->host, self->port, self->cancellable, connected_cb, connecting);
  return self;
}

void
bl_agent_socket_free (BlAgentSocket *self)
{
  if (self == NULL)
    return;
  self->freed = TRUE;
  if (self->state != CLOSED && self->session != NULL && self->state >= UPGRADE)
    (void)gnutls_bye (self->session, GNUTLS_SHUT_WR); // the peer may be gone already
  self->state = CLOSED;
  drop_connection (self);
  socket_unref (self);
}

gsize
bl_agent_socket_send (BlAgentSocket *self, BlWsOpcode opcode, gconstpointer data, gsize length)
{
  if (self->state != OPEN)
    return queued (self);
  bl_ws_append_frame (self->output, BL_WS_CLIENT, opcode, data, length);
  if (queued (self) > BL_AGENT_SOCKET_QUEUE_MAX)
    {
      if (self->deliver_id == 0)
        self->deliver_id = deliver_soon (finish_idle_cb, self);
      return queued (self);
    }
  return queued (self);
}

static gboolean
resume_cb (gpointer user_data)
{
  BlAgentSocket *self = socket_ref (user_data);
  self->deliver_id = 0;
  if (!self->paused && self->pending->len > 0)
    {
      g_autoptr (GByteArray) pending = g_steal_pointer (&self->pending);
      self->pending = g_byte_array_new ();
      parse_input (self, pending->data, pending->len);
    }
  if (self->ended && !self->paused && self->pending->len == 0)
    finish (self, NULL);
  update_source (self);
  socket_unref (self);
  return G_SOURCE_REMOVE;
}

void
bl_agent_socket_pause (BlAgentSocket *self)
{
  self->paused = TRUE;
  update_source (self);
}

void
bl_agent_socket_resume (BlAgentSocket *self)
{
  if (!self->paused)
    return;
  self->paused = FALSE;
  if (self->state != CLOSED && self->deliver_id == 0)
    self->deliver_id = deliver_soon (resume_cb, self);
}

void
bl_agent_socket_close (BlAgentSocket *self)
{
  if (self->state == OPEN)
    {
      g_autoptr (GBytes) frame = bl_ws_build_close (BL_WS_CLIENT, 0, NULL);
      g_byte_array_append (self->output, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
      self->state = CLOSING;
      self->timer_id = g_timeout_add_seconds (CLOSE_SECONDS, timeout_cb, self);
      update_source (self);
    }
  else if (self->state != CLOSED && self->state != CLOSING && self->deliver_id == 0)
    self->deliver_id = deliver_soon (finish_idle_cb, self);
}

gint64
bl_agent_socket_get_last_input (BlAgentSocket *self)
{
  return self->last_input_us;
}

GBytes *
bl_agent_socket_dup_session (BlAgentSocket *self)
{
  gnutls_datum_t data;
  if (self->session == NULL || gnutls_session_get_data2 (self->session, &data) != 0)
    return NULL;
  GBytes *bytes = g_bytes_new (data.data, data.size);
  gnutls_free (data.data);
  return bytes;
}

char *
bl_agent_socket_dup_peer_address (BlAgentSocket *self)
{
  g_autoptr (GSocketAddress) address
      = self->connection != NULL ? g_socket_connection_get_remote_address (self->connection, NULL) : NULL;
  return G_IS_INET_SOCKET_ADDRESS (address)
             ? g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)))
             : NULL;
}

gboolean
bl_agent_socket_is_routed (BlAgentSocket *self)
{
  struct sockaddr_storage ours = { 0 }, peer = { 0 }, now = { 0 };
  socklen_t ours_length = sizeof ours, peer_length = sizeof peer, now_length = sizeof now;
  if (self->fd < 0 || getsockname (self->fd, (struct sockaddr *)&ours, &ours_length) != 0
      || getpeername (self->fd, (struct sockaddr *)&peer, &peer_length) != 0)
    return FALSE;
  // The kernel chooses a way for a datagram socket without sending anything.
  const int probe = socket (peer.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean same = probe >= 0 && connect (probe, (struct sockaddr *)&peer, peer_length) == 0
                  && getsockname (probe, (struct sockaddr *)&now, &now_length) == 0;
  if (probe >= 0)
    close (probe);
  if (!same)
    return FALSE;
  if (ours.ss_family == AF_INET)
    return ((struct sockaddr_in *)&ours)->sin_addr.s_addr == ((struct sockaddr_in *)&now)->sin_addr.s_addr;
  return memcmp (&((struct sockaddr_in6 *)&ours)->sin6_addr, &((struct sockaddr_in6 *)&now)->sin6_addr,
                 sizeof (struct in6_addr)) == 0;
}
