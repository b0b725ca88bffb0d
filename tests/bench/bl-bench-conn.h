// SPDX-License-Identifier: Apache-2.0
/*
 * One client connection of the load generator: TCP, TLS, then a WebSocket or plain HTTP. Thousands of them share one
 * epoll loop and one thread, so that the generator costs little beside the server it measures.
 */
#pragma once

#include <gnutls/gnutls.h>

#include "common/bl-hash.h"
#include "common/bl-ws-frame.h"

G_BEGIN_DECLS

/* A socket the loop watches. */
typedef struct _BlBenchWatch BlBenchWatch;
struct _BlBenchWatch
{
  void (*ready) (BlBenchWatch *watch, guint32 events);
};

/** Fields besides the hash are private. */
typedef struct
{
  int epoll;
  guint16 port;
  guint16 next_address; /* clients come from many addresses of the loopback net */
  gnutls_certificate_credentials_t credentials;
  gnutls_priority_t priority;
  gboolean have_web_hash;
  guint8 web_hash[BL_SHA384_SIZE]; /* of the certificate the server showed */
} BlBenchLoop;

typedef struct _BlBenchConn BlBenchConn;

typedef struct
{
  void (*opened) (BlBenchConn *conn);                              /* the socket may be written to */
  void (*message) (BlBenchConn *conn, const BlWsMessage *message); /* WebSocket, control frames included */
  void (*data) (BlBenchConn *conn, const guint8 *data, gsize len); /* plain */
  void (*drained) (BlBenchConn *conn);                             /* (nullable): nothing is queued any more */
  void (*closed) (BlBenchConn *conn);                              /* @problem says why */
} BlBenchHandler;

typedef enum
{
  BL_BENCH_CONNECTING,
  BL_BENCH_HANDSHAKE,
  BL_BENCH_UPGRADE,
  BL_BENCH_OPEN,
  BL_BENCH_CLOSED,
} BlBenchState;

struct _BlBenchConn
{
  BlBenchWatch watch;
  BlBenchLoop *loop;
  const BlBenchHandler *handler;
  gpointer user_data;
  BlBenchState state;
  int fd;
  guint32 events;
  gnutls_session_t tls;
  char *target; /* path of the WebSocket, NULL for plain */
  char *key;
  GByteArray *out;
  gsize out_at;
  BlWsParser parser;
  gboolean paused; /* does not read */
  char *problem;
};

BlBenchLoop *bl_bench_loop_new (guint16 port);
void bl_bench_loop_free (BlBenchLoop *loop);
/** Handles what is ready; waits up to @ms for something. */
void bl_bench_loop_turn (BlBenchLoop *loop, int ms);

typedef gboolean (*BlBenchDone) (gpointer user_data);
/** Returns: FALSE when @seconds passed before @done was true. */
gboolean bl_bench_loop_until (BlBenchLoop *loop, BlBenchDone done, gpointer user_data, double seconds);
/** Turns for @seconds. */
void bl_bench_loop_for (BlBenchLoop *loop, double seconds);

/**
 * @target: (nullable): path of a WebSocket; without it, the connection is open when TLS is
 * @ticket: (nullable): session of an earlier connection to resume
 */
BlBenchConn *bl_bench_conn_new (BlBenchLoop *loop,
                                const char *target,
                                const gnutls_datum_t *ticket,
                                const BlBenchHandler *handler,
                                gpointer user_data);
/** Closes the socket first, without ceremony; @handler is not called any more. */
void bl_bench_conn_free (BlBenchConn *conn);
/** Queues and sends plain bytes. */
void bl_bench_conn_send (BlBenchConn *conn, gconstpointer data, gsize len);
void bl_bench_conn_send_frame (BlBenchConn *conn, BlWsOpcode opcode, gconstpointer data, gsize len);
void bl_bench_conn_set_paused (BlBenchConn *conn, gboolean paused);
/** Returns: bytes queued here and not yet taken by the kernel */
gsize bl_bench_conn_get_queued (BlBenchConn *conn);

G_END_DECLS
