// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-tls-conn.h"

#include "common/bl-error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* A ClientHello with post-quantum key shares has 2 KiB; clients send nothing else of size. */
#define BL_TLS_MAX_HANDSHAKE_MESSAGE 32768

struct _BlTlsConn
{
  int fd;
  gnutls_session_t session; /* NULL: plain, or before the handshake */
  BlTlsCredentials *credentials;
  gnutls_priority_t priority;
  const BlTlsCertificate *certificate;
  BlTlsCounters *counters;
  BlTlsWindow *reading, *pushing; /* (nullable): while a batch is under way */
  BlTlsWindow carry; /* read from the socket, not yet by TLS; owned */
  BlTlsWindow spill; /* made by TLS, not yet taken by the socket; owned */
  guint stuck; /* bytes of a record that was made and did not leave */
  guint8 kind;
  guint8 ended; /* close_notify or FIN was sent */
  char address[INET6_ADDRSTRLEN];
};

static void
bl_tls_conn_set_address (BlTlsConn *self, const struct sockaddr *peer, socklen_t length)
{
  const struct sockaddr_in *v4 = (gconstpointer) peer;
  const struct sockaddr_in6 *v6 = (gconstpointer) peer;

  self->address[0] = '\0';
  if (length >= sizeof *v4 && peer->sa_family == AF_INET)
    inet_ntop (AF_INET, &v4->sin_addr, self->address, sizeof self->address);
  else if (length >= sizeof *v6 && peer->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (&v6->sin6_addr))
    inet_ntop (AF_INET, &v6->sin6_addr.s6_addr[12], self->address, sizeof self->address);
  else if (length >= sizeof *v6 && peer->sa_family == AF_INET6)
    inet_ntop (AF_INET6, &v6->sin6_addr, self->address, sizeof self->address);
}

BlTlsConn *
bl_tls_conn_new (int fd,
                 const struct sockaddr *peer,
                 socklen_t peer_length,
                 BlTlsCredentials *credentials,
                 gnutls_priority_t priority,
                 BlTlsCounters *counters)
{
  BlTlsConn *self = g_new0 (BlTlsConn, 1);
  self->fd = fd;
  self->credentials = credentials != NULL ? bl_tls_credentials_ref (credentials) : NULL;
  self->priority = priority;
  self->counters = counters;
  if (counters != NULL)
    g_atomic_int_inc (&counters->open);
  bl_tls_conn_set_address (self, peer, peer_length);
  return self;
}

void
bl_tls_conn_free (BlTlsConn *self)
{
  if (self == NULL)
    return;
  if (self->session != NULL)
    gnutls_deinit (self->session);
  close (self->fd);
  g_free (self->carry.data);
  g_free (self->spill.data);
  if (self->credentials != NULL)
    bl_tls_credentials_unref (self->credentials);
  if (self->counters != NULL)
    g_atomic_int_add (&self->counters->open, -1);
  g_free (self);
}

/* Before the library looks at the ClientHello: which certificate fits. Done here and not when the library asks for one,
 * because it does not ask when a session is resumed, and whoever pins the certificate needs the answer then too. */
static int
bl_tls_conn_client_hello (gnutls_session_t session,
                          unsigned int type,
                          unsigned int when,
                          unsigned int incoming,
                          const gnutls_datum_t *message)
{
  BlTlsConn *self = gnutls_session_get_ptr (session);
  BlTlsHello hello;

  if (!incoming || !bl_tls_hello_parse (message->data, message->size, &hello, NULL))
    return incoming ? GNUTLS_E_UNEXPECTED_PACKET_LENGTH : 0;
  self->certificate = bl_tls_credentials_select (self->credentials, &hello);
  return 0;
}

/* ---- between TLS and the socket ------------------------------------------------------------------------------------ */

static gsize
bl_tls_window_take (BlTlsWindow *window, gpointer data, gsize size)
{
  const gsize n = MIN (size, window->length - window->pos);
  memcpy (data, window->data + window->pos, n);
  window->pos += n;
  return n;
}

static void
bl_tls_window_clear (BlTlsWindow *window)
{
  g_free (window->data);
  *window = (BlTlsWindow){ NULL };
}

static gssize
bl_tls_conn_receive (BlTlsConn *self, gpointer data, gsize size)
{
  gssize n;
  do
    n = recv (self->fd, data, size, 0);
  while (n < 0 && errno == EINTR);
  return n;
}

static ssize_t
bl_tls_conn_pull (gnutls_transport_ptr_t ptr, void *data, size_t size)
{
  BlTlsConn *self = ptr;
  BlTlsWindow *window = self->reading;
  gssize n;

  if (self->carry.data != NULL)
    {
      n = (gssize) bl_tls_window_take (&self->carry, data, size);
      if (self->carry.pos == self->carry.length)
        bl_tls_window_clear (&self->carry);
      return n;
    }
  if (window == NULL)
    n = bl_tls_conn_receive (self, data, size);
  else if (window->pos < window->length)
    return (ssize_t) bl_tls_window_take (window, data, size);
  else if (window->dry)
    {
      errno = EAGAIN;
      n = -1;
    }
  else
    {
      n = bl_tls_conn_receive (self, window->data, window->size);
      if (n > 0)
        {
          window->dry = (gsize) n < window->size;
          window->pos = 0;
          window->length = (gsize) n;
          return (ssize_t) bl_tls_window_take (window, data, size);
        }
    }
  if (n < 0)
    gnutls_transport_set_errno (self->session, errno);
  return n;
}

/* Sends what gathered; the rest stays in `spill`. An error shows at the next attempt. */
static void
bl_tls_conn_send_window (BlTlsConn *self, BlTlsWindow *window)
{
  gssize n = 0;
  if (window->length > 0)
    do
      n = send (self->fd, window->data, window->length, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
  const gsize sent = (gsize) MAX (n, 0);
  if (sent < window->length)
    {
      self->spill.length = self->spill.size = window->length - sent;
      self->spill.pos = 0;
      self->spill.data = g_memdup2 (window->data + sent, self->spill.length);
    }
  window->length = 0;
}

static ssize_t
bl_tls_conn_vec_push (gnutls_transport_ptr_t ptr, const giovec_t *iov, int n_iov)
{
  BlTlsConn *self = ptr;
  BlTlsWindow *window = self->pushing;
  const struct msghdr message = { .msg_iov = (struct iovec *) iov, .msg_iovlen = (gsize) n_iov };
  gsize total = 0;
  gssize n = -1;

  for (int i = 0; i < n_iov; i++)
    total += iov[i].iov_len;
  if (window != NULL && self->spill.data == NULL && window->length + total > window->size)
    bl_tls_conn_send_window (self, window);
  if (self->spill.data != NULL)
    errno = EAGAIN;
  else if (window != NULL && total <= window->size)
    {
      for (int i = 0; i < n_iov; i++)
        {
          memcpy (window->data + window->length, iov[i].iov_base, iov[i].iov_len);
          window->length += iov[i].iov_len;
        }
      return (ssize_t) total;
    }
  else
    do
      n = sendmsg (self->fd, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
  if (n < 0)
    gnutls_transport_set_errno (self->session, errno);
  return n;
}

void
bl_tls_conn_begin_reading (BlTlsConn *self, BlTlsWindow *window)
{
  window->pos = window->length = 0;
  window->dry = FALSE;
  self->reading = window;
}

void
bl_tls_conn_end_reading (BlTlsConn *self)
{
  const BlTlsWindow *window = self->reading;

  self->reading = NULL;
  if (window == NULL || window->pos == window->length)
    return;
  self->carry.length = self->carry.size = window->length - window->pos;
  self->carry.pos = 0;
  self->carry.data = g_memdup2 (window->data + window->pos, self->carry.length);
}

void
bl_tls_conn_begin_pushing (BlTlsConn *self, BlTlsWindow *window)
{
  window->pos = window->length = 0;
  self->pushing = window;
}

void
bl_tls_conn_end_pushing (BlTlsConn *self)
{
  BlTlsWindow *window = self->pushing;

  self->pushing = NULL;
  if (window != NULL)
    bl_tls_conn_send_window (self, window);
}

/* Returns: 1 when nothing is left in `spill` */
static int
bl_tls_conn_send_spill (BlTlsConn *self)
{
  while (self->spill.data != NULL)
    {
      const gssize n = send (
          self->fd, self->spill.data + self->spill.pos, self->spill.length - self->spill.pos, MSG_NOSIGNAL);
      if (n < 0 && errno != EINTR)
        return errno == EAGAIN || errno == EWOULDBLOCK ? BL_TLS_AGAIN : BL_TLS_FAILED;
      self->spill.pos += (gsize) MAX (n, 0);
      if (self->spill.pos == self->spill.length)
        bl_tls_window_clear (&self->spill);
    }
  return 1;
}

/* ---- the handshake ------------------------------------------------------------------------------------------------- */

static int
bl_tls_conn_begin (BlTlsConn *self)
{
  int code = gnutls_init (&self->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
  if (code < 0)
    return code;
  gnutls_session_set_ptr (self->session, self);
  gnutls_transport_set_ptr (self->session, self);
  gnutls_transport_set_pull_function (self->session, bl_tls_conn_pull);
  gnutls_transport_set_vec_push_function (self->session, bl_tls_conn_vec_push);
  gnutls_handshake_set_timeout (self->session, GNUTLS_INDEFINITE_TIMEOUT); /* the owner keeps time */
  gnutls_handshake_set_max_packet_length (self->session, BL_TLS_MAX_HANDSHAKE_MESSAGE);
  gnutls_handshake_set_hook_function (
      self->session, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE, bl_tls_conn_client_hello);
  gnutls_certificate_server_set_request (self->session, GNUTLS_CERT_IGNORE);
  bl_tls_credentials_enable_tickets (self->credentials, self->session);
  code = gnutls_priority_set (self->session, self->priority);
  if (code < 0)
    return code;
  return gnutls_credentials_set (
      self->session, GNUTLS_CRD_CERTIFICATE, bl_tls_credentials_get_gnutls (self->credentials));
}

int
bl_tls_conn_handshake (BlTlsConn *self, GError **error)
{
  int code = 0;
  if (self->credentials == NULL)
    return 1;
  if (self->session == NULL)
    code = bl_tls_conn_begin (self);
  /* warning alerts are told as errors that are not fatal; a peer may send a few, not go on for ever */
  for (guint i = 0; code >= 0 && i < 8; i++)
    {
      code = gnutls_handshake (self->session);
      if (code == GNUTLS_E_SUCCESS)
        return 1;
      if (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED)
        return BL_TLS_AGAIN;
      if (!gnutls_error_is_fatal (code))
        code = 0;
    }
  g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "TLS handshake with %s: %s", self->address, gnutls_strerror (code));
  if (self->session != NULL && code != GNUTLS_E_PREMATURE_TERMINATION && code != GNUTLS_E_PUSH_ERROR
      && code != GNUTLS_E_PULL_ERROR)
    gnutls_alert_send_appropriate (self->session, code);
  return BL_TLS_FAILED;
}

gboolean
bl_tls_conn_is_tls (BlTlsConn *self)
{
  return self->credentials != NULL;
}

gboolean
bl_tls_conn_is_resumed (BlTlsConn *self)
{
  return self->session != NULL && gnutls_session_is_resumed (self->session);
}

const BlTlsCertificate *
bl_tls_conn_get_certificate (BlTlsConn *self)
{
  return self->certificate;
}

static gssize
bl_tls_conn_read_plain (BlTlsConn *self, gpointer buffer, gsize size)
{
  const gssize n = bl_tls_conn_receive (self, buffer, size);
  if (n >= 0)
    return n;
  return errno == EAGAIN || errno == EWOULDBLOCK ? BL_TLS_AGAIN : BL_TLS_FAILED;
}

gssize
bl_tls_conn_read (BlTlsConn *self, gpointer buffer, gsize size)
{
  if (self->session == NULL)
    return bl_tls_conn_read_plain (self, buffer, size);
  const gssize n = gnutls_record_recv (self->session, buffer, size);
  if (n >= 0)
    return n;
  if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
    return BL_TLS_AGAIN;
  /* many clients end without close_notify; what was received stands */
  return n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : BL_TLS_FAILED;
}

gboolean
bl_tls_conn_has_pending (BlTlsConn *self)
{
  return self->session != NULL && (self->carry.data != NULL || gnutls_record_check_pending (self->session) > 0);
}

static gssize
bl_tls_conn_write_plain (BlTlsConn *self, gconstpointer data, gsize size)
{
  gssize n;
  do
    n = send (self->fd, data, size, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n >= 0)
    return n;
  return errno == EAGAIN || errno == EWOULDBLOCK ? BL_TLS_AGAIN : BL_TLS_FAILED;
}

int
bl_tls_conn_flush (BlTlsConn *self)
{
  const int spilled = bl_tls_conn_send_spill (self);
  if (spilled != 1 || self->stuck == 0)
    return spilled;
  const gssize n = gnutls_record_send (self->session, NULL, 0);
  if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
    return BL_TLS_AGAIN;
  if (n < 0)
    return BL_TLS_FAILED;
  self->stuck = 0;
  return 1;
}

gssize
bl_tls_conn_write (BlTlsConn *self, gconstpointer data, gsize size)
{
  if (self->session == NULL)
    return bl_tls_conn_write_plain (self, data, size);
  if (self->stuck > 0)
    {
      const gssize taken = self->stuck;
      const int code = bl_tls_conn_flush (self);
      return code == 1 ? taken : code;
    }
  size = MIN (size, BL_TLS_RECORD);
  const gssize n = gnutls_record_send (self->session, data, size);
  if (n >= 0)
    return n;
  if (n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED)
    return BL_TLS_FAILED;
  self->stuck = (guint) size;
  return BL_TLS_AGAIN;
}

gssize
bl_tls_conn_push (BlTlsConn *self, gconstpointer data, gsize size)
{
  const int code = bl_tls_conn_flush (self);
  if (code != 1)
    return code;
  const gssize n = bl_tls_conn_write (self, data, size);
  return n == BL_TLS_AGAIN && self->stuck > 0 ? (gssize) self->stuck : n;
}

gboolean
bl_tls_conn_wants_write (BlTlsConn *self)
{
  return self->session != NULL && gnutls_record_get_direction (self->session) == 1;
}

void
bl_tls_conn_end_writing (BlTlsConn *self)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  if (self->session != NULL && self->stuck == 0 && self->spill.data == NULL)
    gnutls_bye (self->session, GNUTLS_SHUT_WR);
  shutdown (self->fd, SHUT_WR);
}

void
bl_tls_conn_abort (BlTlsConn *self)
{
  self->ended = TRUE;
  shutdown (self->fd, SHUT_RDWR);
}

int
bl_tls_conn_get_fd (BlTlsConn *self)
{
  return self->fd;
}

const char *
bl_tls_conn_get_address (BlTlsConn *self)
{
  return self->address;
}

void
bl_tls_conn_set_kind (BlTlsConn *self, guint kind)
{
  self->kind = (guint8) kind;
}

guint
bl_tls_conn_get_kind (BlTlsConn *self)
{
  return self->kind;
}

gnutls_priority_t
bl_tls_priority_new (gboolean cbc)
{
  static const char modern[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
                               "-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD";
  g_autofree char *text = g_strconcat (modern, cbc ? ":+AES-256-CBC:+AES-128-CBC:+SHA1" : "", NULL);
  gnutls_priority_t priority = NULL;
  const char *where = NULL;

  const int code = gnutls_priority_init2 (&priority, text, &where, 0);
  if (code < 0)
    g_critical ("TLS priority string: %s at \"%s\"", gnutls_strerror (code), where != NULL ? where : "");
  return priority;
}
