// SPDX-License-Identifier: Apache-2.0
/**
 * BlTlsConn: one accepted connection: a non-blocking socket, with a GnuTLS session on it or plain. It reads, writes and
 * knows its peer; who waits for the socket, and where, is its owner's affair. It has one owner at a time and moves
 * between threads with it: I/O thread (handshake), main thread (HTTP), I/O thread (WebSocket).
 */
#pragma once

#include "bl-tls-credentials.h"

#include <gio/gio.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* Results of reading and writing besides a count; 0 of a read is the end. */
#define BL_TLS_AGAIN (-1)
#define BL_TLS_FAILED (-2)

/* TLS limits a record to this much. */
#define BL_TLS_RECORD 16384

typedef struct _BlTlsConn BlTlsConn;

/** What a listener gives all its connections; see BlListener. */
typedef struct
{
  gint open;          /* atomic: connections alive */
  gint handshakes;    /* atomic: finished ones, ever */
  gint failed;        /* atomic: failed or abandoned before a request, ever */
  gint pending;       /* atomic: before their first request */
} BlTlsCounters;

/**
 * bl_tls_conn_new:
 * @fd: taken; non-blocking
 * @credentials: (nullable): %NULL for a plain connection
 * @priority: (nullable): as long as the connection lives
 * @counters: (nullable): as long as the connection lives
 * The TLS session is made by the first bl_tls_conn_handshake(), so that a silent peer costs no more than a socket.
 */
BlTlsConn *bl_tls_conn_new (int fd,
                            const struct sockaddr *peer,
                            socklen_t peer_length,
                            BlTlsCredentials *credentials,
                            gnutls_priority_t priority,
                            BlTlsCounters *counters);
/** Closes at once, without a word. */
void bl_tls_conn_free (BlTlsConn *self);

/** Returns: 1 done, BL_TLS_AGAIN, or BL_TLS_FAILED with @error */
int bl_tls_conn_handshake (BlTlsConn *self, GError **error);
gboolean bl_tls_conn_is_tls (BlTlsConn *self);
/** Returns: %TRUE when the handshake resumed an earlier session */
gboolean bl_tls_conn_is_resumed (BlTlsConn *self);
/** Returns: (transfer none) (nullable): the certificate this client was shown, or was shown when its session began */
const BlTlsCertificate *bl_tls_conn_get_certificate (BlTlsConn *self);

/** Returns: bytes read, 0 at the end, or BL_TLS_* */
gssize bl_tls_conn_read (BlTlsConn *self, gpointer buffer, gsize size);
/** Returns: %TRUE when decrypted bytes wait though the socket may have none. */
gboolean bl_tls_conn_has_pending (BlTlsConn *self);
/**
 * bl_tls_conn_write: like send(2). After BL_TLS_AGAIN the caller must come back with the same data.
 * Returns: bytes written, at most @size, or BL_TLS_*
 */
gssize bl_tls_conn_write (BlTlsConn *self, gconstpointer data, gsize size);
/**
 * bl_tls_conn_push: like bl_tls_conn_write(), but a TLS record that was made and did not leave stays with the
 * connection: the data counts as taken and need not be kept. See bl_tls_conn_flush().
 */
gssize bl_tls_conn_push (BlTlsConn *self, gconstpointer data, gsize size);
/** Returns: 1 when nothing is held back, or BL_TLS_* */
int bl_tls_conn_flush (BlTlsConn *self);
/** A buffer of the caller's in which the bytes of several records share a system call. */
typedef struct
{
  guint8 *data;
  gsize size;
  gsize pos, length; /* private */
  gboolean dry;      /* private: the socket gave less than it was asked for */
} BlTlsWindow;

/** Between these the socket is read in blocks of @window's size; what is not used then stays with the connection. A block
 * that is not full is the last: who waits for the socket by level learns of more without asking in vain. */
void bl_tls_conn_begin_reading (BlTlsConn *self, BlTlsWindow *window);
void bl_tls_conn_end_reading (BlTlsConn *self);
/** Between these records gather in @window and leave together; what the socket does not take stays with the connection,
 * and bl_tls_conn_flush() sends it. */
void bl_tls_conn_begin_pushing (BlTlsConn *self, BlTlsWindow *window);
void bl_tls_conn_end_pushing (BlTlsConn *self);

/** Returns: %TRUE when the TLS layer waits for the socket to take something rather than to give something. */
gboolean bl_tls_conn_wants_write (BlTlsConn *self);

/** Tells the peer that nothing more comes (close_notify, FIN); reading goes on. */
void bl_tls_conn_end_writing (BlTlsConn *self);
/** Ends both directions; whoever waits for the socket wakes and reads the end. */
void bl_tls_conn_abort (BlTlsConn *self);

int bl_tls_conn_get_fd (BlTlsConn *self);
/** Returns: (transfer none): the peer's address as text; an IPv4 one in IPv6 clothes is undressed */
const char *bl_tls_conn_get_address (BlTlsConn *self);

/** A small number that belongs to the owner: which listener, for example. */
void bl_tls_conn_set_kind (BlTlsConn *self, guint kind);
guint bl_tls_conn_get_kind (BlTlsConn *self);

/**
 * bl_tls_priority_new: the priority string of the web port: TLS 1.3, and TLS 1.2 with ECDHE and AEAD; with @cbc also
 * ECDHE with AES-CBC.
 */
gnutls_priority_t bl_tls_priority_new (gboolean cbc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlTlsConn, bl_tls_conn_free)

G_END_DECLS
