// SPDX-License-Identifier: Apache-2.0
/* Entry of module "agents": devices connect here. */
#include "bl-agents.h"

#include <bowline/simple.h>
#include "bl-build-config.h"

static BlAgents *agents;

static gboolean
start (BowlineHost *host, GError **error)
{
  agents = bl_agents_new (host, error);
  return agents != NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&agents, bl_agents_free);
}

BOWLINE_DEFINE_PLUGIN ("agents", BOWLINE_PLUGIN_KIND_SERVER, BL_VERSION, "Apache-2.0", start, stop)
