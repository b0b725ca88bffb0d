// SPDX-License-Identifier: Apache-2.0
// BlAdminSocket: control.sock in the data directory, where bowlinectl asks. One JSON object a line both ways; requests
// go through the same dispatcher as the control channel's, as the local administrator. The kernel tells who connects:
// only root and the account the server runs as are let in.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_ADMIN_SOCKET_NAME "control.sock"
#define BL_ADMIN_MAX_CLIENTS 16u
#define BL_ADMIN_MAX_LINE (1024u * 1024u)

typedef struct _BlAdminSocket BlAdminSocket;

/** Listens in @data_dir. A socket a dead server left is replaced; the data directory's lock must be held. Main context. */
BlAdminSocket *bl_admin_socket_new (const char *data_dir, GError **error);
/** Closes all connections and removes the socket. */
void bl_admin_socket_free (BlAdminSocket *admin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAdminSocket, bl_admin_socket_free)

G_END_DECLS
