// SPDX-License-Identifier: Apache-2.0
// BlServer: the whole of bowlined as one object: makes the components in their order, starts the modules, opens the
// ports, and takes everything down again in reverse.
#pragma once

#include "bl-config.h"

G_BEGIN_DECLS

typedef struct _BlServer BlServer;

typedef struct
{
  BlConfig *config;             // loaded and checked for [server]; modules' sections are checked by the server
  const char *data_dir;         // absolute
  const char *const *module_dirs;
  const char *package_data_dir;
  gboolean maintenance;         // no ports, no agents: only the local socket
} BlServerOptions;

/** Makes the components and checks the whole configuration. Strings are copied. Main context. */
BlServer *bl_server_new (const BlServerOptions *options, GError **error);
/** After bl_server_stop_async() has finished, or when it was never started. */
void bl_server_free (BlServer *server);

/** Starts the modules, then opens the ports and the local socket. */
void bl_server_start_async (BlServer *server, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean bl_server_start_finish (BlServer *server, GAsyncResult *result, GError **error);

/** Closes ports and sessions, stops the modules, flushes the store; done within 5 s. */
void bl_server_stop_async (BlServer *server, GAsyncReadyCallback callback, gpointer user_data);
gboolean bl_server_stop_finish (BlServer *server, GAsyncResult *result, GError **error);

/** SIGHUP: reads the web certificates again. */
void bl_server_reload (BlServer *server);

/** Returns: (transfer full): state of all modules as bl_module_manager_list(), for --list-modules. */
GVariant *bl_server_dup_modules (BlServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlServer, bl_server_free)

G_END_DECLS
