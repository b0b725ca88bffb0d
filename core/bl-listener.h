// SPDX-License-Identifier: Apache-2.0
/**
 * BlListener: listening sockets of one port. Each I/O thread accepts, does the TLS handshake, waits for the first byte of
 * a request and only then hands the connection to the main thread. Peers that stay silent therefore cost a socket and a
 * few hundred bytes, are limited in number and time, and never stand in anybody's way (K14).
 */
#pragma once

#include "bl-io-thread.h"
#include "bl-tls-conn.h"

G_BEGIN_DECLS

typedef struct _BlListener BlListener;

/** @user_data, @conn: (transfer full), 0. On the main context; also for connections taken before bl_listener_free(). */
typedef BlMailFunc BlListenerFunc;

typedef struct
{
  const char *const *addresses; /* NULL: all */
  guint16 port;
  gboolean any_port;            /* port 0 is allowed */
  guint kind;                   /* given to every connection */
  guint max_connections;
  guint max_pending;
  guint max_pending_per_address;
  guint timeout;                /* seconds from accept to the first byte of a request */
  BlIoThread *const *threads;   /* borrowed, outlive the listener */
  guint n_threads;
  BlMailbox *mailbox;           /* borrowed: how a connection reaches the main thread */
  BlTlsCounters *counters;      /* borrowed */
  gnutls_priority_t priority;   /* borrowed; NULL: plain */
} BlListenerOptions;

/**
 * bl_listener_new: binds and listens; nothing is accepted before bl_listener_start().
 * Returns: (transfer full) (nullable): %NULL with @error: a bad address, port 0, or a port that is taken, with its holder
 * as far as that can be found.
 */
BlListener *bl_listener_new (const BlListenerOptions *options, BlListenerFunc func, gpointer user_data, GError **error);
guint16 bl_listener_get_port (BlListener *self);
/** @credentials: (nullable): for new connections; before start, and at any time later. */
void bl_listener_set_credentials (BlListener *self, BlTlsCredentials *credentials);
void bl_listener_start (BlListener *self);
/** Stops listening and drops connections that have not sent a request. Ends before the I/O threads do. */
void bl_listener_free (BlListener *self);

/** Returns: (transfer full): " (held by process 123, name)" or "": who listens on @port; for messages */
char *bl_listener_dup_holder (guint16 port);

G_END_DECLS
