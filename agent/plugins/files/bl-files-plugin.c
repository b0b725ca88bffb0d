// SPDX-License-Identifier: Apache-2.0
// What the files plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-files-session.h"

#include <bowline/simple.h>

static void
tunnel_opened_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  bl_files_session_open (user_data, tunnel);
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const guint32 protocols[] = { 5, 10, G_MAXUINT32 };
  static const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .capabilities = BOWLINE_AGENT_CAPABILITY_FILES,
    .name = "files",
    .protocols = protocols,
    .tunnel_opened = tunnel_opened_cb,
  };
  return bowline_host_register_agent_feature (host, &feature, host, error);
}

BOWLINE_DEFINE_PLUGIN ("files", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, NULL)
