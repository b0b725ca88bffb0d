// SPDX-License-Identifier: Apache-2.0
/** Ends a connection politely: what was written is sent, then what still comes in is read and dropped for a moment.
 * Closing with unread input would make the kernel reset the connection and lose the answer on its way. */
#pragma once

#include "bl-io-thread.h"
#include "bl-tls-conn.h"

G_BEGIN_DECLS

/** @conn: (transfer full). Any thread; takes at most 2 s and 1 MiB of input. */
void bl_tls_linger (BlIoThread *thread, BlTlsConn *conn);

G_END_DECLS
