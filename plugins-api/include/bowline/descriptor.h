/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a plugin is: the one symbol it exports and the descriptor this symbol returns.
 *
 * A plugin `NAME` is a shared object `bowline-module-NAME.so` (server) or `bowline-agent-NAME.so` (agent) beside a
 * key file `NAME.module`, which the host reads before it runs any code of the plugin.
 */
#ifndef BOWLINE_DESCRIPTOR_H
#define BOWLINE_DESCRIPTOR_H

#include <bowline/abi.h>

G_BEGIN_DECLS

#define BOWLINE_PLUGIN_KIND_SERVER 1u
#define BOWLINE_PLUGIN_KIND_AGENT 2u

/**
 * BowlinePluginDescriptor: constant data of a plugin. It grows only at the end; `struct_size` says how much of it
 * the plugin was compiled with. All strings live as long as the process.
 */
typedef struct
{
  guint32 struct_size;    /* sizeof (BowlinePluginDescriptor) */
  guint32 abi_major;      /* BOWLINE_ABI_MAJOR */
  guint32 abi_minor;      /* BOWLINE_ABI_MINOR the plugin was compiled against */
  guint32 min_host_minor; /* lowest host minor it can run on */
  guint32 kind;           /* BOWLINE_PLUGIN_KIND_* */
  guint32 flags;          /* none defined in 1.0, must be 0 */
  const char *id;         /* equal to Id in the manifest */
  const char *version;    /* the plugin's own version */
  const char *license;    /* SPDX expression */

  /**
   * activate_async: starts the plugin: registers its extension points and opens what it needs. Main context.
   * The plugin must call @callback exactly once, from the main context, with a GTask made for it; the host gives
   * up on it when the configured start time is over (then @cancellable is cancelled).
   */
  void (*activate_async) (BowlineHost *host, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
  /** activate_finish: Returns: %TRUE when the plugin works; %FALSE with @error set otherwise. Main context. */
  gboolean (*activate_finish) (BowlineHost *host, GAsyncResult *result, GError **error);
  /**
   * deactivate: (nullable): ends everything the plugin started. Returns only when no callback of it can run any
   * more. Its registrations are removed by the host right after. Main context. Called once, only after a
   * successful activation. The code stays loaded.
   */
  void (*deactivate) (BowlineHost *host);
} BowlinePluginDescriptor;

/**
 * bowline_plugin_query_1: the only symbol a plugin exports. Must be free of side effects.
 * Returns: (transfer none): the descriptor, static data of the plugin.
 */
typedef const BowlinePluginDescriptor *(*BowlinePluginQuery) (void);

#define BOWLINE_PLUGIN_QUERY_SYMBOL "bowline_plugin_query_1"
BOWLINE_EXPORT const BowlinePluginDescriptor *bowline_plugin_query_1 (void);

G_END_DECLS
#endif
