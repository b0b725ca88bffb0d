// SPDX-License-Identifier: Apache-2.0
/* What the control module tells the host about itself. */
#include "bl-build-config.h"
#include "bl-control.h"

static BlControl *the_control;

static void
activate_async (BowlineHost *host,
                GCancellable *cancellable,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, activate_async);
  the_control = bl_control_new (host, &error);
  if (the_control != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
deactivate (BowlineHost *host)
{
  g_clear_pointer (&the_control, bl_control_stop);
}

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  static const BowlinePluginDescriptor descriptor = {
    .struct_size = sizeof descriptor,
    .abi_major = BOWLINE_ABI_MAJOR,
    .abi_minor = BOWLINE_ABI_MINOR,
    .min_host_minor = 0,
    .kind = BOWLINE_PLUGIN_KIND_SERVER,
    .id = "control",
    .version = BL_VERSION,
    .license = "Apache-2.0",
    .activate_async = activate_async,
    .activate_finish = activate_finish,
    .deactivate = deactivate,
  };
  return &descriptor;
}
