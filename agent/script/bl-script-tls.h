// SPDX-License-Identifier: Apache-2.0
// BlScriptTls: TLS between a socket and a script's stream. One thread a connection does it, between the socket and one end of a
// pair; the other end is plain, for a BlScriptFdPeer, and its close ends the thread. Start and cancel in the main context of the runner.

#pragma once

#include "bl-script-private.h"

G_BEGIN_DECLS

#define BL_SCRIPT_TLS_HANDSHAKE_S 15
#define BL_SCRIPT_TLS_TEXT_MAX (256u * 1024) // of certificates and keys that a script gives, each
#define BL_SCRIPT_TLS_CERTS_MAX 10           // of a peer's chain that a script is shown

typedef struct _BlScriptTls BlScriptTls;

// The handshake is over. FD (-1 with ERROR) belongs to the callee. INFO, a{sv}: authorized b, authorizationError s when not,
// protocol s, cipher s, certs av of {digest, fingerprint, subject}: SHA-384 of certificate and key as MeshAgent tells them.
// Comes once, from the loop, unless it was cancelled; the object is gone then.
typedef void (*BlScriptTlsDone) (int fd, GVariant *info, const GError *error, gpointer user_data);

// Takes SOCKET, connected. ARGS: server b; host s, what a client wants the certificate to say; reject b [TRUE]: a client does
// not go on with a certificate that is not trusted, a server (request b) asks for one; ca s, cert s, key s: PEM; pfx s: PKCS #12 in
// Base64; passphrase s; without ca the system's authorities count.
// Returns: (transfer full) or NULL with ERROR when the arguments are wrong; SOCKET is closed then.
BlScriptTls *bl_script_tls_start (int socket, GVariant *args, BlScriptTlsDone done, gpointer user_data, GError **error);

// Ends it before DONE came.
void bl_script_tls_cancel (BlScriptTls *tls);

G_END_DECLS
