// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-http-front-private.h"

#include "bl-host.h"
#include "common/bl-error.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define BL_HTTP_STOP_POLL_MS 50
/* Of the 5 s stopping may take: when answers under way are cut, when sockets are, and when it is over. */
#define BL_HTTP_STOP_ANSWERS_US (G_USEC_PER_SEC)
#define BL_HTTP_STOP_SOCKETS_US (3 * G_USEC_PER_SEC)
#define BL_HTTP_STOP_GIVE_UP_US (4 * G_USEC_PER_SEC + G_USEC_PER_SEC / 2)
/* Session tickets are good for hours; their key for a day. */
#define BL_HTTP_ROTATE_US (24 * 3600 * (gint64) G_USEC_PER_SEC)

/* The tables of <bowline/http.h> know no front: the one that was installed. */
static BlHttpFront *installed_front;

void
bl_front_options_init (BlFrontOptions *options)
{
  *options = (BlFrontOptions){
    .max_connections = 20000,
    .max_pending = 4096,
    .max_pending_per_address = 512,
    .handshake_timeout = 15,
    .header_timeout = 15,
    .keepalive_timeout = 60,
    .stall_timeout = 60,
    .max_headers = 16384,
    .max_body = 65536,
    .max_message = 1024 * 1024,
    .max_queued = 16 * 1024 * 1024,
    .idle_timeout = 300,
  };
}

static const char *const *
bl_http_front_dup_list (const char *const *list)
{
  return (const char *const *) g_strdupv ((char **) list);
}

static void
bl_http_front_copy_options (BlFrontOptions *to, const BlFrontOptions *from)
{
  *to = *from;
  to->name = g_strdup (from->name);
  to->bind = bl_http_front_dup_list (from->bind);
  to->allowed_hosts = bl_http_front_dup_list (from->allowed_hosts);
  to->allowed_origins = bl_http_front_dup_list (from->allowed_origins);
  to->trusted_proxies = bl_http_front_dup_list (from->trusted_proxies);
  to->allow_framing = bl_http_front_dup_list (from->allow_framing);
  if (to->io_threads == 0)
    to->io_threads = g_get_num_processors ();
  to->io_threads = CLAMP (to->io_threads, 1, BL_HTTP_MAX_THREADS);
}

static void
bl_http_front_clear_options (BlFrontOptions *options)
{
  g_free ((char *) options->name);
  g_strfreev ((char **) options->bind);
  g_strfreev ((char **) options->allowed_hosts);
  g_strfreev ((char **) options->allowed_origins);
  g_strfreev ((char **) options->trusted_proxies);
  g_strfreev ((char **) options->allow_framing);
}

/* A source of frame-ancestors goes into a header as it is: an origin or "*", nothing else. */
static gboolean
bl_http_front_set_framing (BlHttpFront *self, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const char *const *list = self->options.allow_framing;

  for (guint i = 0; list != NULL && list[i] != NULL; i++)
    {
      const gboolean origin = g_str_has_prefix (list[i], "https://") && bl_http_host_is_valid (list[i] + 8);
      if (!origin && strcmp (list[i], "*") != 0)
        {
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                       "allow-framing: expected https://HOST[:PORT] or *, found \"%s\"", list[i]);
          return FALSE;
        }
      g_string_append_printf (text, " %s", list[i]);
    }
  self->frame_ancestors = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}

/* ---- signals of the SoupServer --------------------------------------------------------------------------------------- */

static void
bl_http_front_request_started (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  /* now, so that an answer libsoup makes by itself to garbage carries them too */
  bl_http_headers_apply (user_data, soup_server_message_get_response_headers (message), NULL, FALSE);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Cache-Control", "no-store");
}

static void
bl_http_front_request_over (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  BlHttpFront *self = user_data;
  BlHttpConn *conn = bl_http_conn_of (message);
  const gint64 timeout = self->options.keepalive_timeout;

  if (conn != NULL)
    bl_http_conn_set_state (conn, BL_HTTP_CONN_IDLE, g_get_monotonic_time () + timeout * G_USEC_PER_SEC);
}

static void
bl_http_front_request_read (SoupServer *server, SoupServerMessage *message, gpointer user_data)
{
  BlHttpConn *conn = bl_http_conn_of (message);
  if (conn != NULL)
    bl_http_conn_set_state (conn, BL_HTTP_CONN_ANSWER, 0);
}

static gboolean
bl_http_front_tick (gpointer user_data)
{
  BlHttpFront *self = user_data;
  const gint64 now_us = g_get_monotonic_time ();

  for (GList *link = self->conns.head, *next; link != NULL; link = next)
    {
      next = link->next;
      bl_http_conn_tick (link->data, now_us);
    }
  if (self->credentials != NULL && now_us - self->rotated_us >= BL_HTTP_ROTATE_US)
    {
      bl_tls_credentials_rotate (self->credentials);
      self->rotated_us = now_us;
    }
  return G_SOURCE_CONTINUE;
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

/* libsoup keeps connections alive only while it listens itself. So it does, where nobody can reach it: on a local socket
 * whose name is gone before it is used. */
static gboolean
bl_http_front_pretend_to_listen (SoupServer *server, GError **error)
{
  g_autoptr (GSocket) socket
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  g_autofree char *dir = socket != NULL ? g_dir_make_tmp ("bowline-XXXXXX", error) : NULL;
  if (dir == NULL)
    return FALSE;
  g_autofree char *path = g_build_filename (dir, "socket", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  gboolean done = g_socket_bind (socket, address, FALSE, error);
  unlink (path);
  rmdir (dir);
  done = done && g_socket_listen (socket, error) && soup_server_listen_socket (server, socket, 0, error);
  return done;
}

static SoupServer *
bl_http_front_make_server (BlHttpFront *self)
{
  SoupServer *server = soup_server_new ("raw-paths", TRUE, NULL);
  soup_server_remove_websocket_extension (server, SOUP_TYPE_WEBSOCKET_EXTENSION_DEFLATE);
  soup_server_add_early_handler (server, NULL, bl_http_route_early, self, NULL);
  soup_server_add_handler (server, NULL, bl_http_route_handle, self, NULL);
  g_signal_connect (server, "request-started", G_CALLBACK (bl_http_front_request_started), self);
  g_signal_connect (server, "request-finished", G_CALLBACK (bl_http_front_request_over), self);
  g_signal_connect (server, "request-aborted", G_CALLBACK (bl_http_front_request_over), self);
  g_signal_connect (server, "request-read", G_CALLBACK (bl_http_front_request_read), self);
  return server;
}

BlHttpFront *
bl_http_front_new (const BlFrontOptions *options, GError **error)
{
  BlHttpFront *self = g_new0 (BlHttpFront, 1);
  bl_http_front_copy_options (&self->options, options);
  const BlHttpGateConfig gate = {
    .name = options->name,
    .bind = options->bind,
    .allowed_hosts = options->allowed_hosts,
    .allowed_origins = options->allowed_origins,
    .trusted_proxies = options->trusted_proxies,
  };
  const BlHttpLimits limits = {
    .max_body = options->max_body,
    .max_message = options->max_message,
    .max_queued = options->max_queued,
    .idle_timeout = options->idle_timeout,
  };
  self->gate = bl_http_gate_new (&gate, error);
  if (self->gate == NULL || !bl_http_front_set_framing (self, error))
    {
      bl_http_front_free (self);
      return NULL;
    }
  self->registry = bl_http_registry_new (&limits);
  self->priority = bl_tls_priority_new (options->tls_cbc);
  self->mailbox = bl_mailbox_new (NULL);
  self->group.main = self->mailbox;
  self->local_address = g_inet_socket_address_new_from_string ("127.0.0.1", options->port);
  self->server = bl_http_front_make_server (self);
  if (!bl_http_front_pretend_to_listen (self->server, error))
    {
      g_prefix_error (error, "HTTP server: ");
      bl_http_front_free (self);
      return NULL;
    }
  self->rotated_us = g_get_monotonic_time ();
  for (guint i = 0; i < self->options.io_threads; i++)
    {
      g_autofree char *name = g_strdup_printf ("bl-io-%u", i);
      self->threads[self->n_threads++] = bl_io_thread_new (name);
    }
  return self;
}

static void
bl_http_front_release_host (BowlineHost *host, gpointer user_data)
{
  BlHttpFront *self = user_data;

  bl_http_registry_remove_host (self->registry, host);
  for (GList *link = self->group.sockets.head; link != NULL; link = link->next)
    bl_ws_socket_release_host (link->data, host);
}

static void
bl_http_front_abort_all (BlHttpFront *self)
{
  for (GList *link = self->group.sockets.head; link != NULL; link = link->next)
    bl_ws_socket_ops.abort (link->data);
}

void
bl_http_front_free (BlHttpFront *self)
{
  if (self->installed)
    bl_host_remove_release_func (bl_http_front_release_host, self);
  if (installed_front == self)
    installed_front = NULL;
  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_handle_id (&self->stop_id, g_source_remove);
  g_clear_pointer (&self->listener, bl_listener_free);
  g_clear_pointer (&self->redirect, bl_listener_free);
  self->stopping = TRUE;
  if (self->server != NULL)
    soup_server_disconnect (self->server);
  bl_http_front_abort_all (self);
  g_clear_object (&self->server);
  for (guint i = 0; i < self->n_threads; i++)
    bl_io_thread_free (self->threads[i]);
  if (self->mailbox != NULL)
    bl_mailbox_free (self->mailbox);
  g_clear_pointer (&self->registry, bl_http_registry_free);
  g_clear_pointer (&self->gate, bl_http_gate_free);
  g_clear_pointer (&self->priority, gnutls_priority_deinit);
  g_clear_pointer (&self->credentials, bl_tls_credentials_unref);
  g_clear_pointer (&self->outer_hash, g_bytes_unref);
  g_clear_object (&self->local_address);
  g_free (self->frame_ancestors);
  bl_http_front_clear_options (&self->options);
  g_free (self);
}

/* ---- <bowline/http.h> -------------------------------------------------------------------------------------------------- */

static guint64
bl_http_front_register (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data, GError **error)
{
  if (installed_front != NULL)
    return bl_http_registry_add (installed_front->registry, host, endpoint, user_data, error);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_SUPPORTED, "the HTTP front is not running");
  return 0;
}

static void
bl_http_front_unregister (BowlineHost *host, guint64 registration)
{
  if (installed_front != NULL)
    bl_http_registry_remove (installed_front->registry, host, registration);
}

void
bl_http_front_install (BlHttpFront *self)
{
  static const BowlineEndpointOps endpoint_ops
      = { .register_endpoint = bl_http_front_register, .unregister_endpoint = bl_http_front_unregister };

  installed_front = self;
  self->installed = TRUE;
  bowline_private_install_endpoint_ops (&endpoint_ops);
  bowline_private_install_http_request_ops (&bl_http_request_ops);
  bowline_private_install_websocket_ops (&bl_ws_socket_ops);
  bl_host_add_release_func (bl_http_front_release_host, self);
}

/* ---- settings that change ---------------------------------------------------------------------------------------------- */

void
bl_http_front_set_session_lookup (BlHttpFront *self, BlFrontSessionLookup lookup, gpointer user_data)
{
  self->lookup = lookup;
  self->lookup_data = user_data;
}

void
bl_http_front_set_credentials (BlHttpFront *self, BlTlsCredentials *credentials)
{
  bl_tls_credentials_ref (credentials);
  g_clear_pointer (&self->credentials, bl_tls_credentials_unref);
  self->credentials = credentials;
  self->rotated_us = g_get_monotonic_time ();
  if (self->listener != NULL)
    bl_listener_set_credentials (self->listener, credentials);
}

void
bl_http_front_set_outer_hash (BlHttpFront *self, GBytes *hash)
{
  GBytes *new = hash != NULL ? g_bytes_ref (hash) : NULL;
  g_clear_pointer (&self->outer_hash, g_bytes_unref);
  self->outer_hash = new;
}

void
bl_http_front_set_hsts (BlHttpFront *self, gboolean hsts)
{
  self->options.hsts = hsts;
}

/* ---- start and stop ---------------------------------------------------------------------------------------------------- */

static BlListener *
bl_http_front_listen (BlHttpFront *self, guint kind, guint16 port, GError **error)
{
  const BlFrontOptions *options = &self->options;
  const BlListenerOptions listener = {
    .addresses = options->bind,
    .port = port,
    .any_port = options->any_port,
    .kind = kind,
    .max_connections = options->max_connections,
    .max_pending = options->max_pending,
    .max_pending_per_address = options->max_pending_per_address,
    .timeout = options->handshake_timeout,
    .threads = self->threads,
    .n_threads = self->n_threads,
    .mailbox = self->mailbox,
    .counters = &self->counters,
    .priority = kind == BL_HTTP_KIND_WEB && !options->tls_offload ? self->priority : NULL,
  };
  return bl_listener_new (&listener, bl_http_conn_accept, self, error);
}

gboolean
bl_http_front_probe (const BlFrontOptions *options, GError **error)
{
  const guint16 ports[] = { options->port, options->redirect_port };

  for (guint i = 0; i < G_N_ELEMENTS (ports); i++)
    {
      const BlListenerOptions listener = { .addresses = options->bind, .port = ports[i], .any_port = options->any_port };
      g_autoptr (GError) local = NULL;
      BlListener *taken = ports[i] != 0 || i == 0 ? bl_listener_new (&listener, NULL, NULL, &local) : NULL;

      g_clear_pointer (&taken, bl_listener_free);
      if (local == NULL)
        continue;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

gboolean
bl_http_front_start (BlHttpFront *self, GError **error)
{
  const gboolean redirect = self->options.redirect_port != 0;

  if (!self->options.tls_offload && self->credentials == NULL)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "web port: there is no certificate to show");
      return FALSE;
    }
  self->listener = bl_http_front_listen (self, BL_HTTP_KIND_WEB, self->options.port, error);
  if (self->listener != NULL && redirect)
    self->redirect = bl_http_front_listen (self, BL_HTTP_KIND_REDIRECT, self->options.redirect_port, error);
  if (self->listener == NULL || (redirect && self->redirect == NULL))
    {
      g_clear_pointer (&self->listener, bl_listener_free);
      return FALSE;
    }
  self->port = bl_listener_get_port (self->listener);
  bl_listener_set_credentials (self->listener, self->credentials);
  bl_listener_start (self->listener);
  if (self->redirect != NULL)
    bl_listener_start (self->redirect);
  self->tick_id = g_timeout_add_seconds (1, bl_http_front_tick, self);
  return TRUE;
}

guint16
bl_http_front_get_port (BlHttpFront *self)
{
  return self->listener != NULL ? bl_listener_get_port (self->listener) : 0;
}

guint16
bl_http_front_get_redirect_port (BlHttpFront *self)
{
  return self->redirect != NULL ? bl_listener_get_port (self->redirect) : 0;
}

static void
bl_http_front_cut_conns (BlHttpFront *self, gboolean all)
{
  for (GList *link = self->conns.head, *next; link != NULL; link = next)
    {
      BlHttpConn *conn = link->data;
      next = link->next;
      if (all || conn->state == BL_HTTP_CONN_IDLE)
        bl_tls_stream_cut (conn->stream, TRUE);
    }
}

static gboolean
bl_http_front_stop_poll (gpointer user_data)
{
  BlHttpFront *self = user_data;
  const gint64 spent_us = g_get_monotonic_time () - self->stop_us;
  const gboolean done = self->group.sockets.length == 0 && self->conns.length == 0;

  bl_http_front_cut_conns (self, spent_us >= BL_HTTP_STOP_ANSWERS_US);
  if (spent_us >= BL_HTTP_STOP_SOCKETS_US)
    bl_http_front_abort_all (self);
  if (!done && spent_us < BL_HTTP_STOP_GIVE_UP_US)
    return G_SOURCE_CONTINUE;
  if (!done)
    g_warning ("stopped with %u sockets and %u connections left", self->group.sockets.length, self->conns.length);
  self->stop_id = 0;
  self->stop_done (self->stop_data);
  return G_SOURCE_REMOVE;
}

void
bl_http_front_stop_async (BlHttpFront *self, void (*done) (gpointer user_data), gpointer user_data)
{
  g_return_if_fail (!self->stopping);
  self->stopping = TRUE;
  self->stop_us = g_get_monotonic_time ();
  self->stop_done = done;
  self->stop_data = user_data;
  g_clear_pointer (&self->listener, bl_listener_free);
  g_clear_pointer (&self->redirect, bl_listener_free);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  for (GList *link = self->group.sockets.head; link != NULL; link = link->next)
    bl_ws_socket_ops.close (link->data, BL_WS_CODE_GOING_AWAY, "server stops");
  self->stop_id = g_timeout_add (BL_HTTP_STOP_POLL_MS, bl_http_front_stop_poll, self);
}

/* ---- status ------------------------------------------------------------------------------------------------------------ */

GVariant *
bl_http_front_dup_status (BlHttpFront *self)
{
  const struct
  {
    const char *name;
    gint64 value;
  } numbers[] = {
    { "connections", g_atomic_int_get (&self->counters.open) },
    { "pending", g_atomic_int_get (&self->counters.pending) },
    { "websockets", self->group.sockets.length },
    { "joined", g_atomic_int_get (&self->group.joined) },
    { "requests", (gint64) self->requests },
    { "refused", (gint64) self->refused },
    { "handshakes", g_atomic_int_get (&self->counters.handshakes) },
    { "handshakes-failed", g_atomic_int_get (&self->counters.failed) },
    { "bytes-relayed", (gint64) (gsize) g_atomic_pointer_get (&self->group.relayed) },
    { "threads", self->n_threads },
    { "port", self->options.port },
    { "public-port", self->options.public_port != 0 ? self->options.public_port : self->options.port },
    { "tls-offload", self->options.tls_offload },
  };
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_variant_builder_add (&builder, "{sv}", numbers[i].name, g_variant_new_int64 (numbers[i].value));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

void
bl_http_front_foreach_endpoint (BlHttpFront *self,
                                void (*func) (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data),
                                gpointer user_data)
{
  bl_http_registry_foreach (self->registry, func, user_data);
}
