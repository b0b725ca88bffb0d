// SPDX-License-Identifier: Apache-2.0
/**
 * BowlineWebSocket: an upgraded connection. Its struct has two halves, and each field belongs to one thread: the main
 * thread (the module's view: handler, limits) or one I/O thread (bytes: framing, queue, deadlines, relay). They talk by
 * mail only; the few shared numbers are atomic. Private to bl-ws-*.c and BlHttpFront.
 */
#pragma once

#include "bl-io-thread.h"
#include "bl-tls-conn.h"
#include "bowline-private.h"
#include "common/bl-ws-frame.h"

G_BEGIN_DECLS

/* Not in RFC 6455 but registered: try again later. */
#define BL_WS_CODE_TRY_AGAIN 1013

/* Bytes on the way to the main thread before reading stops: a fast peer waits for a slow handler. */
#define BL_WS_MAX_PENDING_MAIN (256 * 1024)
/* What a message counts for besides its payload, so that empty ones are limited too. */
#define BL_WS_MESSAGE_COST 128

/** What all sockets of a front share. */
typedef struct
{
  BlMailbox *main;
  GQueue sockets;        /* main thread: of BowlineWebSocket, open ones */
  gint joined;           /* atomic: sockets that are part of a pair */
  gsize relayed;         /* atomic: payload bytes that went through pairs */
  void (*gone) (gpointer user_data); /* main thread: a socket left `sockets` */
  gpointer user_data;
} BlWsGroup;

typedef enum
{
  BL_WS_STATE_OPEN,
  BL_WS_STATE_CLOSING, /* our close frame is queued or sent; waits for the peer's */
  BL_WS_STATE_ENDING,  /* both close frames are under way: ends when ours has left */
  BL_WS_STATE_GONE,
} BlWsState;

/* One piece of output, in wire form except for the payload's header. */
typedef struct _BlWsOut BlWsOut;
struct _BlWsOut
{
  BlWsOut *next;
  GBytes *payload; /* (nullable) */
  gsize offset;    /* sent of header and payload together */
  gsize counted;   /* part of `queued`; taken off when all has left */
  guint8 header_length;
  guint8 header[BL_WS_MAX_HEADER];
  guint8 opcode;   /* 0: bytes of a relay, already framed */
};

typedef struct
{
  BlWsOut *first, *last;
} BlWsOutQueue;

struct _BowlineWebSocket
{
  gatomicrefcount refs;
  BlWsGroup *group;
  BlIoThread *io;

  /* main thread */
  GList link;
  BowlineHost *host;
  const char *label; /* (static): the endpoint's path, for the log */
  BowlineSocketHandler handler;
  gpointer user_data;
  gsize max_queued;
  guint8 has_handler, main_closing, main_joined, main_closed, main_paused;

  /* atomic */
  gsize queued;       /* payload bytes sent by the module that have not left */
  gsize pending_main; /* payload bytes on the way to the module */
  gint starved;       /* the I/O thread stopped reading because of pending_main */
  gint wants_drained;
  BowlineSocketStats stats; /* written by the I/O thread with relaxed stores */

  /* I/O thread */
  BlIoWatch watch;
  BlTlsConn *conn;
  GBytes *initial;  /* (nullable): came together with the upgrade request */
  BlWsParser parser;
  BlWsRewriter *rewriter; /* when joined: of what this peer sends */
  BowlineWebSocket *peer; /* (owned) when joined */
  BlWsOutQueue wire;      /* leaves in this order */
  BlWsOutQueue waiting;   /* joined: for a boundary between frames of the other side */
  gint64 last_input_us;
  gint64 deadline_us;     /* of closing; 0: none */
  guint32 idle_timeout;
  guint32 max_message;    /* of the endpoint; what the parser takes may be less */
  guint16 close_code;     /* what `closed` is told */
  char *close_reason;
  guint8 state;
  guint8 paused;
  guint8 held;            /* the module has not seen it yet */
  guint8 pinged;
  guint8 dirty;           /* a flush is deferred */
  guint8 sent_something;  /* `drained` is due when the queue is empty */
  guint8 pong_waiting;
  guint8 end_hard;        /* no lingering */
  guint8 cut_off;         /* the last frame on the wire is incomplete and stays so */
};

/* ---- BlHttpFront uses ---------------------------------------------------------------------------------------------- */

typedef struct
{
  BlWsGroup *group;
  BlIoThread *io;
  BowlineHost *host;
  const char *label;
  guint32 max_message;
  guint32 max_queued;
  guint32 idle_timeout;
} BlWsSocketConfig;

/** Returns: (transfer full): a socket that belongs to the main thread until bl_ws_socket_start(). */
BowlineWebSocket *bl_ws_socket_new (const BlWsSocketConfig *config);
/** Hands it to its I/O thread, which reads nothing before bl_ws_socket_release(). @conn: (transfer full);
 * @initial: (transfer full) (nullable): first bytes of input */
void bl_ws_socket_start (BowlineWebSocket *self, BlTlsConn *conn, GBytes *initial);
void bl_ws_socket_release (BowlineWebSocket *self);
gboolean bl_ws_socket_has_handler (BowlineWebSocket *self);
/** The plugin of @host is going: if the socket is its, it is closed, and the plugin is not called any more. */
void bl_ws_socket_release_host (BowlineWebSocket *self, BowlineHost *host);

extern const BowlineWebSocketOps bl_ws_socket_ops;

/* ---- between the bl-ws files --------------------------------------------------------------------------------------- */

BowlineWebSocket *bl_ws_socket_ref (BowlineWebSocket *self);
void bl_ws_socket_unref (BowlineWebSocket *self);

/* Mail to the main thread. */
void bl_ws_main_message (gpointer socket, gpointer message, guintptr type);
void bl_ws_main_drained (gpointer socket, gpointer unused, guintptr unused2);
void bl_ws_main_closed (gpointer socket, gpointer reason, guintptr code);

/* Mail to the I/O thread; each takes over one reference. */
void bl_ws_io_start (gpointer socket, gpointer unused, guintptr unused2);
void bl_ws_io_send (gpointer socket, gpointer message, guintptr type);
void bl_ws_io_release (gpointer socket, gpointer unused, guintptr unused2);
void bl_ws_io_pause (gpointer socket, gpointer unused, guintptr paused);
void bl_ws_io_resume_input (gpointer socket, gpointer unused, guintptr unused2);
void bl_ws_io_close (gpointer socket, gpointer reason, guintptr code);
void bl_ws_io_overflow (gpointer socket, gpointer unused, guintptr unused2);
void bl_ws_io_abort (gpointer socket, gpointer unused, guintptr unused2);
void bl_ws_io_set_idle (gpointer socket, gpointer unused, guintptr seconds);
void bl_ws_io_set_max_message (gpointer socket, gpointer unused, guintptr bytes);
void bl_ws_io_join (gpointer socket, gpointer peer, guintptr unused);

/* I/O thread: pieces used by framing (bl-ws-io.c) and relay (bl-ws-pump.c). */
BlWsOut *bl_ws_out_new (guint8 opcode, GBytes *payload, gsize counted);
void bl_ws_out_push (BlWsOutQueue *queue, BlWsOut *out);
/** Returns: %FALSE when the connection broke (and the socket was ended). */
gboolean bl_ws_io_flush (BowlineWebSocket *self);
void bl_ws_io_update_interest (BowlineWebSocket *self);
/** Queues a control frame or message, at the next place it may stand. */
void bl_ws_io_enqueue (BowlineWebSocket *self, BlWsOut *out);
/** Begins our side of the closing handshake. @code: 0 for none */
void bl_ws_io_begin_close (BowlineWebSocket *self, guint16 code, const char *reason);
/** The peer's close frame arrived. */
void bl_ws_io_got_close (BowlineWebSocket *self, guint16 code, const char *reason, gsize length);
/** The peer broke the protocol or a limit: tells it, and reads nothing more. */
void bl_ws_io_fail (BowlineWebSocket *self, guint16 code, const char *reason);
/** Answers a ping. */
void bl_ws_io_pong (BowlineWebSocket *self, const guint8 *data, gsize length);
void bl_ws_out_clear (BowlineWebSocket *self, BlWsOutQueue *queue);
/** Ends it now. @code: for `closed`, unless one is known already */
void bl_ws_io_end (BowlineWebSocket *self, guint16 code);
/** Reads one buffer of the I/O thread. Returns: as bl_tls_conn_read(), of the last attempt; @used: bytes read */
gssize bl_ws_io_fill (BowlineWebSocket *self, guint8 *buffer, gsize *used);
void bl_ws_io_defer_flush (BowlineWebSocket *self);
void bl_ws_io_count_in (BowlineWebSocket *self, gsize bytes, gsize messages);
void bl_ws_io_count_out (BowlineWebSocket *self, gsize bytes, gsize messages);

/* bl-ws-pump.c */
void bl_ws_pump_ready (BowlineWebSocket *self);
/** Moves what waits for a boundary to the wire, as far as one is there now. */
void bl_ws_pump_inject (BowlineWebSocket *self);
/** Takes the pair apart; the other side is closed without a code. */
void bl_ws_pump_unjoin (BowlineWebSocket *self);
/** Returns: %TRUE when reading from this side must wait for the other */
gboolean bl_ws_pump_is_blocked (BowlineWebSocket *self);

G_END_DECLS
