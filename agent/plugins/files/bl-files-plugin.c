// SPDX-License-Identifier: Apache-2.0
// What the files plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-files-session.h"

static void
tunnel_opened_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  bl_files_session_open (user_data, tunnel);
}

static void
activate_async (BowlineHost *host, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  static const guint32 protocols[] = { 5, 10, G_MAXUINT32 };
  static const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .capabilities = BOWLINE_AGENT_CAPABILITY_FILES,
    .name = "files",
    .protocols = protocols,
    .tunnel_opened = tunnel_opened_cb,
  };
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, activate_async);
  GError *error = NULL;
  if (bowline_host_register_agent_feature (host, &feature, host, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
activate_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

const BowlinePluginDescriptor *
bowline_plugin_query_1 (void)
{
  static const BowlinePluginDescriptor descriptor = {
    .struct_size = sizeof descriptor,
    .abi_major = BOWLINE_ABI_MAJOR,
    .abi_minor = BOWLINE_ABI_MINOR,
    .min_host_minor = 0,
    .kind = BOWLINE_PLUGIN_KIND_AGENT,
    .id = "files",
    .version = BL_VERSION,
    .license = "Apache-2.0",
    .activate_async = activate_async,
    .activate_finish = activate_finish,
  };
  return &descriptor;
}
