// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-listener.h"

#include "common/bl-error.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BL_LISTENER_BACKLOG 4096
/* Accepted in one go, so that handshakes under way get their turn in a storm. */
#define BL_LISTENER_BATCH 64
#define BL_LISTENER_MAX_SOCKETS 16
/* How far the search for a silent peer goes. */
#define BL_LISTENER_MAX_SEARCH 256

typedef struct _BlListenerPort BlListenerPort;
typedef struct _BlPending BlPending;

/* What one I/O thread has of one listener. */
typedef struct
{
  BlIoWatch watch; /* first */
  BlListenerPort *port;
} BlListenerWatch;

struct _BlListenerPort
{
  BlListener *listener;
  BlIoThread *thread;
  BlListenerWatch watches[BL_LISTENER_MAX_SOCKETS];
  GHashTable *addresses; /* address text -> GQueue of BlPending, oldest first */
  GQueue pending;        /* of BlPending, oldest first */
  int spare_fd;          /* given up for a moment when the process is out of descriptors */
  gint64 complained_us;
};

/* A connection before its first request. */
struct _BlPending
{
  BlIoWatch watch; /* first */
  BlListenerPort *port;
  BlTlsConn *conn;
  gint64 deadline_us;
  GList link;         /* in the port's queue */
  GList address_link; /* in its address's queue */
  GQueue *address_queue;
  gboolean ready;     /* the handshake is done */
};

struct _BlListener
{
  BlListenerOptions options;
  BlListenerFunc func;
  gpointer user_data;
  guint16 port;
  int sockets[BL_LISTENER_MAX_SOCKETS];
  guint n_sockets;
  BlListenerPort *ports; /* n_threads */
  gboolean started;
  GMutex lock;
  GCond cond;
  guint closed; /* under lock: ports that have let go */
  BlTlsCredentials *credentials; /* under lock */
};

/* ---- connections before their first request ---------------------------------------------------------------------- */

static void
bl_pending_free (BlPending *self)
{
  BlListenerPort *port = self->port;

  bl_io_watch_remove (&self->watch);
  g_queue_unlink (&port->pending, &self->link);
  g_queue_unlink (self->address_queue, &self->address_link);
  if (self->address_queue->length == 0 && self->conn != NULL)
    g_hash_table_remove (port->addresses, bl_tls_conn_get_address (self->conn));
  g_atomic_int_add (&port->listener->options.counters->pending, -1);
  g_clear_pointer (&self->conn, bl_tls_conn_free);
  g_free (self);
}

static void
bl_pending_fail (BlPending *self)
{
  g_atomic_int_inc (&self->port->listener->options.counters->failed);
  bl_pending_free (self);
}

/* The first byte of a request is there: from here on it is libsoup's. */
static void
bl_pending_finish (BlPending *self)
{
  BlListener *listener = self->port->listener;
  BlTlsConn *conn = self->conn;
  GQueue *queue = self->address_queue;

  bl_io_watch_remove (&self->watch);
  g_queue_unlink (queue, &self->address_link);
  if (queue->length == 0)
    g_hash_table_remove (self->port->addresses, bl_tls_conn_get_address (conn));
  g_queue_unlink (&self->port->pending, &self->link);
  g_atomic_int_add (&listener->options.counters->pending, -1);
  g_free (self);
  bl_mailbox_post (listener->options.mailbox, listener->func, listener->user_data, conn, 0);
}

static void
bl_pending_ready (BlIoWatch *watch, guint32 events)
{
  BlPending *self = (BlPending *) watch;
  g_autoptr (GError) error = NULL;

  if (self->ready)
    {
      bl_pending_finish (self);
      return;
    }
  const int result = bl_tls_conn_handshake (self->conn, &error);
  if (result == BL_TLS_FAILED)
    {
      g_debug ("%s", error->message);
      bl_pending_fail (self);
      return;
    }
  if (result == BL_TLS_AGAIN)
    {
      bl_io_watch_modify (&self->watch, bl_tls_conn_wants_write (self->conn) ? EPOLLOUT : EPOLLIN);
      return;
    }
  g_atomic_int_inc (&self->port->listener->options.counters->handshakes);
  self->ready = TRUE;
  bl_io_watch_modify (&self->watch, EPOLLIN);
  if (bl_tls_conn_has_pending (self->conn))
    bl_pending_finish (self);
}

static void
bl_pending_tick (BlIoWatch *watch, gint64 now_us)
{
  BlPending *self = (BlPending *) watch;
  if (now_us >= self->deadline_us)
    bl_pending_fail (self);
}

/* Nothing has come from it that waits for us. */
static gboolean
bl_pending_is_silent (BlPending *self)
{
  int waiting = 0;
  return ioctl (bl_tls_conn_get_fd (self->conn), FIONREAD, &waiting) != 0 || waiting == 0;
}

/* Makes room by dropping the one that has been silent longest; without a silent one nothing is dropped. */
static gboolean
bl_listener_evict (GQueue *queue)
{
  guint searched = 0;
  for (GList *link = queue->head; link != NULL && searched < BL_LISTENER_MAX_SEARCH; link = link->next, searched++)
    {
      BlPending *pending = link->data;
      if (!bl_pending_is_silent (pending))
        continue;
      bl_pending_fail (pending);
      return TRUE;
    }
  return FALSE;
}

static void
bl_listener_admit (BlListenerPort *port, BlTlsConn *conn)
{
  BlListener *listener = port->listener;
  const BlListenerOptions *options = &listener->options;
  const guint n = options->n_threads;
  const char *address = bl_tls_conn_get_address (conn);
  const gboolean tls = bl_tls_conn_is_tls (conn);

  /* the limits are for all threads together, and the kernel spreads connections over them */
  GQueue *queue = g_hash_table_lookup (port->addresses, address);
  if (queue != NULL && queue->length >= MAX (options->max_pending_per_address / n, 1))
    bl_listener_evict (queue);
  if (port->pending.length >= MAX (options->max_pending / n, 1) && !bl_listener_evict (&port->pending))
    bl_pending_fail (g_queue_peek_head (&port->pending));
  queue = g_hash_table_lookup (port->addresses, address);
  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (port->addresses, g_strdup (address), queue);
    }

  BlPending *pending = g_new0 (BlPending, 1);
  pending->watch.ready = bl_pending_ready;
  pending->watch.tick = bl_pending_tick;
  pending->port = port;
  pending->conn = conn;
  pending->ready = !tls;
  pending->deadline_us = bl_io_thread_get_time (port->thread) + options->timeout * G_USEC_PER_SEC;
  pending->link.data = pending;
  pending->address_link.data = pending;
  pending->address_queue = queue;
  g_queue_push_tail_link (&port->pending, &pending->link);
  g_queue_push_tail_link (queue, &pending->address_link);
  g_atomic_int_inc (&options->counters->pending);
  if (!bl_io_thread_watch (port->thread, &pending->watch, bl_tls_conn_get_fd (conn), EPOLLIN))
    bl_pending_fail (pending);
}

/* ---- accepting --------------------------------------------------------------------------------------------------- */

/* Out of descriptors: the socket stays readable, so waiting would be a busy loop. Take the connection and close it. */
static void
bl_listener_refuse_one (BlListenerPort *port, int listen_fd, int code)
{
  const gint64 now_us = bl_io_thread_get_time (port->thread);

  if (port->complained_us == 0 || now_us - port->complained_us > 60 * G_USEC_PER_SEC)
    g_warning ("port %u: refusing connections: %s", port->listener->port, g_strerror (code));
  port->complained_us = now_us;
  if (port->spare_fd >= 0)
    close (port->spare_fd);
  const int fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC);
  if (fd >= 0)
    close (fd);
  port->spare_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

static BlTlsCredentials *
bl_listener_dup_credentials (BlListener *self)
{
  g_mutex_lock (&self->lock);
  BlTlsCredentials *credentials = self->credentials != NULL ? bl_tls_credentials_ref (self->credentials) : NULL;
  g_mutex_unlock (&self->lock);
  return credentials;
}

static void
bl_listener_take (BlListenerPort *port, int fd, const struct sockaddr *peer, socklen_t length)
{
  BlListener *self = port->listener;
  const BlListenerOptions *options = &self->options;
  const int one = 1;
  g_autoptr (BlTlsCredentials) credentials = NULL;

  if ((guint) g_atomic_int_get (&options->counters->open) >= options->max_connections)
    {
      g_atomic_int_inc (&options->counters->failed);
      close (fd);
      return;
    }
  if (options->priority != NULL)
    {
      credentials = bl_listener_dup_credentials (self);
      if (credentials == NULL)
        {
          close (fd);
          return;
        }
    }
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  BlTlsConn *conn = bl_tls_conn_new (fd, peer, length, credentials, options->priority, options->counters);
  bl_tls_conn_set_kind (conn, options->kind);
  bl_listener_admit (port, conn);
}

static void
bl_listener_accept (BlIoWatch *watch, guint32 events)
{
  BlListenerPort *port = ((BlListenerWatch *) watch)->port;

  for (guint i = 0; i < BL_LISTENER_BATCH; i++)
    {
      struct sockaddr_storage peer;
      socklen_t length = sizeof peer;
      const int fd = accept4 (watch->fd, (struct sockaddr *) &peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0)
        bl_listener_take (port, fd, (struct sockaddr *) &peer, length);
      else if (errno == EMFILE || errno == ENFILE)
        bl_listener_refuse_one (port, watch->fd, errno);
      else if (errno != EINTR && errno != ECONNABORTED)
        return;
    }
}

static void
bl_listener_open_port (gpointer a, gpointer b, guintptr c)
{
  BlListenerPort *port = a;
  BlListener *self = port->listener;

  for (guint i = 0; i < self->n_sockets; i++)
    {
      port->watches[i].port = port;
      port->watches[i].watch.ready = bl_listener_accept;
      if (!bl_io_thread_watch (port->thread, &port->watches[i].watch, self->sockets[i], EPOLLIN | EPOLLEXCLUSIVE))
        g_warning ("port %u: cannot wait for connections: %s", self->port, g_strerror (errno));
    }
}

static void
bl_listener_close_port (gpointer a, gpointer b, guintptr c)
{
  BlListenerPort *port = a;
  BlListener *self = port->listener;

  for (guint i = 0; i < self->n_sockets; i++)
    bl_io_watch_remove (&port->watches[i].watch);
  while (port->pending.head != NULL)
    bl_pending_free (port->pending.head->data);
  g_mutex_lock (&self->lock);
  self->closed++;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->lock);
}

/* ---- binding ----------------------------------------------------------------------------------------------------- */

/* Returns: inode of the socket that listens on @port, 0 when there is none in this network namespace */
static guint64
bl_listener_find_inode (const char *table, guint16 port)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (table, &text, NULL, NULL))
    return 0;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (guint i = 1; lines[0] != NULL && lines[i] != NULL; i++)
    {
      char local[64];
      unsigned int state;
      unsigned long long inode;
      if (sscanf (lines[i], " %*u: %63s %*s %x %*s %*s %*s %*u %*u %llu", local, &state, &inode) != 3 || state != 0x0a)
        continue;
      const char *colon = strrchr (local, ':');
      if (colon != NULL && g_ascii_strtoull (colon + 1, NULL, 16) == port)
        return inode;
    }
  return 0;
}

static gboolean
bl_listener_process_has (const char *pid, const char *target)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "fd", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *link = g_build_filename (path, name, NULL);
      g_autofree char *found = g_file_read_link (link, NULL);
      if (g_strcmp0 (found, target) == 0)
        return TRUE;
    }
  return FALSE;
}

char *
bl_listener_dup_holder (guint16 port)
{
  guint64 inode = bl_listener_find_inode ("/proc/net/tcp", port);
  if (inode == 0)
    inode = bl_listener_find_inode ("/proc/net/tcp6", port);
  if (inode == 0)
    return g_strdup ("");

  g_autofree char *target = g_strdup_printf ("socket:[%" G_GUINT64_FORMAT "]", inode);
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *pid;
  while (dir != NULL && (pid = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *comm_path = NULL, *comm = NULL;
      if (!g_ascii_isdigit (pid[0]) || !bl_listener_process_has (pid, target))
        continue;
      comm_path = g_build_filename ("/proc", pid, "comm", NULL);
      if (!g_file_get_contents (comm_path, &comm, NULL, NULL))
        comm = g_strdup ("unknown");
      g_strstrip (comm);
      return g_strdup_printf (" (held by process %s, %s)", pid, comm);
    }
  return g_strdup (" (held by a process of another user)");
}

static gboolean
bl_listener_fail (const char *address, guint16 port, int code, GError **error)
{
  g_autofree char *holder = code == EADDRINUSE ? bl_listener_dup_holder (port) : g_strdup ("");
  g_set_error (error,
               G_IO_ERROR,
               (int) g_io_error_from_errno (code),
               "cannot listen on %s port %u: %s%s",
               address,
               port,
               g_strerror (code),
               holder);
  return FALSE;
}

static gboolean
bl_listener_bind (BlListener *self, const char *address, GError **error)
{
  g_autoptr (GInetAddress) inet = g_inet_address_new_from_string (address);
  struct sockaddr_storage native;
  const int one = 1;

  if (inet == NULL || self->n_sockets == BL_LISTENER_MAX_SOCKETS)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "bind: expected %s, found \"%s\"",
                   inet == NULL ? "an IP address" : "at most 16 addresses", address);
      return FALSE;
    }
  g_autoptr (GSocketAddress) socket_address = g_inet_socket_address_new (inet, self->port);
  const gssize length = g_socket_address_get_native_size (socket_address);
  if (!g_socket_address_to_native (socket_address, &native, sizeof native, error))
    return FALSE;

  const int fd = socket (native.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return bl_listener_fail (address, self->port, errno, error);
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (native.ss_family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  if (bind (fd, (struct sockaddr *) &native, (socklen_t) length) != 0 || listen (fd, BL_LISTENER_BACKLOG) != 0)
    {
      const int code = errno;
      close (fd);
      return bl_listener_fail (address, self->port, code, error);
    }
  self->sockets[self->n_sockets++] = fd;
  if (self->port == 0)
    {
      struct sockaddr_in6 bound;
      socklen_t size = sizeof bound;
      if (getsockname (fd, (struct sockaddr *) &bound, &size) == 0)
        self->port = ntohs (bound.sin6_port); /* at the same place for IPv4 */
    }
  return TRUE;
}

static gboolean
bl_listener_bind_all (BlListener *self, GError **error)
{
  static const char *const any[] = { "0.0.0.0", "::", NULL };
  const char *const *addresses = self->options.addresses != NULL ? self->options.addresses : any;

  if (self->port == 0 && !self->options.any_port)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "port 0: expected a number from 1 to 65535");
      return FALSE;
    }
  for (guint i = 0; addresses[i] != NULL; i++)
    {
      g_autoptr (GError) local_error = NULL;
      if (bl_listener_bind (self, addresses[i], &local_error))
        continue;
      /* a machine without IPv6 is fine as long as nobody asked for it */
      if (self->options.addresses == NULL && i > 0
          && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
        continue;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return self->n_sockets > 0;
}

BlListener *
bl_listener_new (const BlListenerOptions *options, BlListenerFunc func, gpointer user_data, GError **error)
{
  BlListener *self = g_new0 (BlListener, 1);
  self->options = *options;
  self->func = func;
  self->user_data = user_data;
  self->port = options->port;
  g_mutex_init (&self->lock);
  g_cond_init (&self->cond);
  self->ports = g_new0 (BlListenerPort, options->n_threads);
  for (guint i = 0; i < options->n_threads; i++)
    {
      self->ports[i].listener = self;
      self->ports[i].thread = options->threads[i];
      self->ports[i].addresses
          = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_queue_free);
      self->ports[i].spare_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    }
  if (!bl_listener_bind_all (self, error))
    g_clear_pointer (&self, bl_listener_free);
  else
    self->options.addresses = NULL;
  return self;
}

guint16
bl_listener_get_port (BlListener *self)
{
  return self->port;
}

void
bl_listener_set_credentials (BlListener *self, BlTlsCredentials *credentials)
{
  BlTlsCredentials *new = credentials != NULL ? bl_tls_credentials_ref (credentials) : NULL;
  g_mutex_lock (&self->lock);
  BlTlsCredentials *old = self->credentials;
  self->credentials = new;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&old, bl_tls_credentials_unref);
}

void
bl_listener_start (BlListener *self)
{
  self->started = TRUE;
  for (guint i = 0; i < self->options.n_threads; i++)
    bl_io_thread_post (self->ports[i].thread, bl_listener_open_port, &self->ports[i], NULL, 0);
}

void
bl_listener_free (BlListener *self)
{
  const guint n = self->options.n_threads;

  if (self->started)
    {
      for (guint i = 0; i < n; i++)
        bl_io_thread_post (self->ports[i].thread, bl_listener_close_port, &self->ports[i], NULL, 0);
      g_mutex_lock (&self->lock);
      while (self->closed < n)
        g_cond_wait (&self->cond, &self->lock);
      g_mutex_unlock (&self->lock);
    }
  for (guint i = 0; i < self->n_sockets; i++)
    close (self->sockets[i]);
  for (guint i = 0; i < n; i++)
    {
      g_hash_table_unref (self->ports[i].addresses);
      if (self->ports[i].spare_fd >= 0)
        close (self->ports[i].spare_fd);
    }
  g_free (self->ports);
  g_clear_pointer (&self->credentials, bl_tls_credentials_unref);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->cond);
  g_free (self);
}
