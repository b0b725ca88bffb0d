// SPDX-License-Identifier: Apache-2.0
/**
 * BlTlsStream: the GIOStream over a BlTlsConn that libsoup serves HTTP on. Pollable, main thread only. After an upgrade
 * the connection is taken out again and the stream is an empty shell.
 */
#pragma once

#include "bl-tls-conn.h"

G_BEGIN_DECLS

#define BL_TYPE_TLS_STREAM (bl_tls_stream_get_type ())
G_DECLARE_FINAL_TYPE (BlTlsStream, bl_tls_stream, BL, TLS_STREAM, GIOStream)

typedef enum
{
  BL_TLS_STREAM_READ,    /* @n bytes came in */
  BL_TLS_STREAM_WROTE,   /* @n bytes left */
  BL_TLS_STREAM_BLOCKED, /* the peer does not take what we write */
  BL_TLS_STREAM_CLOSED,  /* libsoup is done with it; it still holds its connection */
} BlTlsStreamEvent;

typedef void (*BlTlsStreamFunc) (BlTlsStream *stream, BlTlsStreamEvent event, gsize n, gpointer user_data);

/** @conn: (transfer full); @func: told of everything that happens, until the stream is closed */
BlTlsStream *bl_tls_stream_new (BlTlsConn *conn, BlTlsStreamFunc func, gpointer user_data);
/** Nobody is told any more. */
void bl_tls_stream_forget (BlTlsStream *self);

/** Returns: (transfer none) (nullable): %NULL once it was taken */
BlTlsConn *bl_tls_stream_get_conn (BlTlsStream *self);
/** Returns: (transfer full) (nullable) */
BlTlsConn *bl_tls_stream_steal_conn (BlTlsStream *self);

/** @idle: libsoup waits for a request and has nothing of it */
void bl_tls_stream_set_idle (BlTlsStream *self, gboolean idle);
/** Reads of libsoup get nothing more from the connection: what it holds already can then be drained. */
void bl_tls_stream_stop_reading (BlTlsStream *self);
/** libsoup sees the end of the stream. @wake: also when it waits for the socket right now, which ends the connection. */
void bl_tls_stream_cut (BlTlsStream *self, gboolean wake);

G_END_DECLS
