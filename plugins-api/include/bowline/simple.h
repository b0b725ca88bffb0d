/* SPDX-License-Identifier: Apache-2.0 */
/**
 * For plugins that are started when a function returns: one macro in place of the query function, the descriptor and
 * the asynchronous pair. It expands to code of the plugin; nothing of it is part of the library.
 */
#ifndef BOWLINE_SIMPLE_H
#define BOWLINE_SIMPLE_H

#include <bowline/descriptor.h>
#include <bowline/error.h>

/**
 * BOWLINE_DEFINE_PLUGIN: defines bowline_plugin_query_1().
 * @ID, @VERSION, @LICENSE: string literals, see #BowlinePluginDescriptor
 * @KIND: BOWLINE_PLUGIN_KIND_*
 * @START: gboolean (*) (BowlineHost *host, GError **error): registers what the plugin offers; must not block.
 *   %FALSE with @error: the plugin does not start.
 * @STOP: void (*) (BowlineHost *host), or %NULL: see #BowlinePluginDescriptor.deactivate
 */
#define BOWLINE_DEFINE_PLUGIN(ID, KIND, VERSION, LICENSE, START, STOP)                                                 \
  static void bowline_simple_activate_async (                                                                          \
      BowlineHost *host, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)                  \
  {                                                                                                                    \
    GError *error = NULL;                                                                                              \
    GTask *task = g_task_new (NULL, cancellable, callback, user_data);                                                 \
    if (START (host, &error))                                                                                          \
      g_task_return_boolean (task, TRUE);                                                                              \
    else                                                                                                               \
      g_task_return_error (task, error);                                                                               \
    g_object_unref (task);                                                                                             \
  }                                                                                                                    \
                                                                                                                       \
  static gboolean bowline_simple_activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)             \
  {                                                                                                                    \
    (void) host;                                                                                                       \
    return g_task_propagate_boolean (G_TASK (result), error);                                                          \
  }                                                                                                                    \
                                                                                                                       \
  const BowlinePluginDescriptor *bowline_plugin_query_1 (void)                                                         \
  {                                                                                                                    \
    static const BowlinePluginDescriptor descriptor = {                                                                \
      sizeof (BowlinePluginDescriptor),                                                                                \
      BOWLINE_ABI_MAJOR,                                                                                               \
      BOWLINE_ABI_MINOR,                                                                                               \
      0,                                                                                                               \
      KIND,                                                                                                            \
      0,                                                                                                               \
      ID,                                                                                                              \
      VERSION,                                                                                                         \
      LICENSE,                                                                                                         \
      bowline_simple_activate_async,                                                                                   \
      bowline_simple_activate_finish,                                                                                  \
      STOP,                                                                                                            \
    };                                                                                                                 \
    return &descriptor;                                                                                                \
  }

#endif
