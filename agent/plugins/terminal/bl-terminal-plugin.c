// SPDX-License-Identifier: Apache-2.0
// What the terminal plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-terminal-session.h"

#include <bowline/simple.h>

static void
tunnel_opened_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  bl_terminal_session_open (user_data, tunnel);
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const guint32 protocols[] = { 1, 6, 8, 9, G_MAXUINT32 };
  static const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .capabilities = BOWLINE_AGENT_CAPABILITY_TERMINAL,
    .name = "terminal",
    .protocols = protocols,
    .tunnel_opened = tunnel_opened_cb,
  };
  return bowline_host_register_agent_feature (host, &feature, host, error);
}

BOWLINE_DEFINE_PLUGIN ("terminal", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, NULL)
