// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-front"

#include "bl-tls-linger.h"

#define BL_TLS_LINGER_US (2 * G_USEC_PER_SEC)
#define BL_TLS_LINGER_BYTES (1024 * 1024)

typedef struct
{
  BlIoWatch watch; /* first */
  BlTlsConn *conn;
  gint64 deadline_us;
  gsize dropped;
} BlTlsLinger;

static void
bl_tls_linger_free (BlTlsLinger *self)
{
  bl_io_watch_remove (&self->watch);
  bl_tls_conn_free (self->conn);
  g_free (self);
}

static void
bl_tls_linger_ready (BlIoWatch *watch, guint32 events)
{
  BlTlsLinger *self = (BlTlsLinger *) watch;
  guint8 *buffer = bl_io_thread_get_buffer (watch->thread);
  gssize n = 0;

  /* below TLS: the bytes mean nothing any more */
  do
    {
      n = recv (bl_tls_conn_get_fd (self->conn), buffer, BL_IO_BUFFER_SIZE, 0);
      if (n > 0)
        self->dropped += (gsize) n;
    }
  while (n > 0 && self->dropped < BL_TLS_LINGER_BYTES);
  if (n >= 0 || (events & (EPOLLHUP | EPOLLERR)) != 0)
    bl_tls_linger_free (self);
}

static void
bl_tls_linger_tick (BlIoWatch *watch, gint64 now_us)
{
  BlTlsLinger *self = (BlTlsLinger *) watch;
  if (now_us >= self->deadline_us)
    bl_tls_linger_free (self);
}

static void
bl_tls_linger_begin (gpointer a, gpointer b, guintptr c)
{
  BlTlsLinger *self = a;
  BlIoThread *thread = b;

  bl_tls_conn_end_writing (self->conn);
  self->deadline_us = bl_io_thread_get_time (thread) + BL_TLS_LINGER_US;
  if (!bl_io_thread_watch (thread, &self->watch, bl_tls_conn_get_fd (self->conn), EPOLLIN))
    bl_tls_linger_free (self);
}

void
bl_tls_linger (BlIoThread *thread, BlTlsConn *conn)
{
  BlTlsLinger *self = g_new0 (BlTlsLinger, 1);
  self->watch.ready = bl_tls_linger_ready;
  self->watch.tick = bl_tls_linger_tick;
  self->conn = conn;
  bl_io_thread_post (thread, bl_tls_linger_begin, self, thread, 0);
}
