// SPDX-License-Identifier: Apache-2.0
// BlAgentWire: between GnuTLS and the descriptor of a BlAgentSocket. Many records go through one system call, both ways:
// TLS alone asks the kernel twice for each record it reads and once for each it writes. Used by the thread of the main loop;
// the large buffers are shared by all sockets.
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

G_BEGIN_DECLS

#define BL_AGENT_WIRE_PLAIN (256u * 1024u) // bytes bl_agent_wire_receive() gives at most

typedef struct _BlAgentWire BlAgentWire;

/** Becomes the transport of SESSION over the non-blocking socket FD; both stay the caller's and are there as long as it. */
BlAgentWire *bl_agent_wire_new (gnutls_session_t session, int fd);
void bl_agent_wire_free (BlAgentWire *wire);

/**
 * bl_agent_wire_receive:
 * @used: (out): bytes of DATA
 * @data: (out): valid until the next call for any socket
 *
 * Decrypts what has come. Returns: the last result of gnutls_record_recv(): positive when there may be more, 0 at the end
 * of the stream, an error code of GnuTLS otherwise; also when USED is not 0.
 */
gssize bl_agent_wire_receive (BlAgentWire *wire, guint8 **data, gsize *used);
/** Returns: whether bytes are here that make the descriptor not readable. */
gboolean bl_agent_wire_has_input (BlAgentWire *wire);

/** Encrypts and sends from DATA as long as the kernel takes it. Returns: bytes of DATA that are done, or an error code of GnuTLS. */
gssize bl_agent_wire_send (BlAgentWire *wire, const guint8 *data, gsize length);
/** Sends what is encrypted already. Returns: FALSE while something of it is left. */
gboolean bl_agent_wire_flush (BlAgentWire *wire);
/** Returns: whether something encrypted waits for the descriptor to become writable. */
gboolean bl_agent_wire_is_full (BlAgentWire *wire);

/** Gives the shared buffers back. Main loop only, not from within a callback of a socket. */
void bl_agent_wire_rest (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentWire, bl_agent_wire_free)

G_END_DECLS
