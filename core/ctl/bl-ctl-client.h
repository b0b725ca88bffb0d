// SPDX-License-Identifier: Apache-2.0
// One request to the server of a data directory, over its local socket; when none runs there, one is started in maintenance
// mode (no network) for the time of the request. Blocks; any thread.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_CTL_DATA_DIR "/var/lib/bowline"

// Which server. Borrowed.
typedef struct
{
  const char *data_dir;
  const char *config; // (nullable): for a server that does not run; NULL: bowline.conf in the data directory, if any
  char **sets;        // (nullable): SECTION.KEY=VALUE, for a server that does not run
} BlCtlServer;

/**
 * bl_ctl_server_ask:
 * @request: (transfer none): a{sv} with "action" and "responseid"
 * @ended: (out) (nullable): wait status of a server that was started for it; 0 when one ran already
 *
 * Returns: (transfer full) (nullable): the answer, which may say that the request was refused
 */
GVariant *bl_ctl_server_ask (const BlCtlServer *server, GVariant *request, int *ended, GError **error);

/** bl_ctl_server_connect: Returns: (transfer full) (nullable): a connection to the server that runs on @data_dir */
GSocketConnection *bl_ctl_server_connect (const char *data_dir, GError **error);

/** bl_ctl_server_runs: whether something answers on the socket of @data_dir */
gboolean bl_ctl_server_runs (const char *data_dir);

/** bl_ctl_find_bowlined: Returns: (transfer full) (nullable): bowlined of the same installation or build tree */
char *bl_ctl_find_bowlined (void);

/**
 * bl_ctl_spawn_ready: starts @argv with "--ready-fd N" behind it.
 * @seconds: how long it may take until it is ready; a process that is not ready by then is ended
 * @flags: for g_spawn_async ()
 *
 * Returns: its process id, to be waited for; 0 with @error
 */
GPid bl_ctl_spawn_ready (GPtrArray *argv, guint seconds, guint flags, GError **error);

G_END_DECLS
