// SPDX-License-Identifier: Apache-2.0
/* One source for all fixtures: a plugin that is right in all but the point its build defines. */
#include <bowline/plugin.h>

#ifndef BAD_MAJOR
#define BAD_MAJOR BOWLINE_ABI_MAJOR
#endif
#ifndef BAD_MIN_MINOR
#define BAD_MIN_MINOR 0u
#endif
#ifndef BAD_SIZE
#define BAD_SIZE sizeof (BowlinePluginDescriptor)
#endif
#ifndef BAD_START_FAILS
#define BAD_START_FAILS 0
#endif
#ifndef BAD_START_HANGS
#define BAD_START_HANGS 0
#endif

#ifdef BAD_NO_SYMBOL
#define bowline_plugin_query_1 bowline_plugin_query_0
BOWLINE_EXPORT const BowlinePluginDescriptor *bowline_plugin_query_0 (void);
#endif

static void
activate_async (BowlineHost *host,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  if (BAD_START_HANGS)
    return;
  task = g_task_new (NULL, cancellable, callback, user_data);
  if (BAD_START_FAILS)
    g_task_return_new_error (task, BOWLINE_ERROR, BOWLINE_ERROR_FAILED, "the fixture cannot start");
  else
    g_task_return_boolean (task, TRUE);
}

static gboolean
activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
deactivate (BowlineHost *host)
{
  bowline_topic_publish (host, "fixture.deactivated", g_variant_new ("(s)", BAD_ID));
}

static const BowlinePluginDescriptor descriptor = {
  .struct_size = BAD_SIZE,
  .abi_major = BAD_MAJOR,
  .abi_minor = BOWLINE_ABI_MINOR,
  .min_host_minor = BAD_MIN_MINOR,
  .kind = BOWLINE_PLUGIN_KIND_SERVER,
  .id = BAD_ID,
  .version = "1.0",
  .license = "Apache-2.0",
  .activate_async = activate_async,
  .activate_finish = activate_finish,
  .deactivate = deactivate,
};

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  return &descriptor;
}
