// SPDX-License-Identifier: Apache-2.0
// What the relay module tells the host about itself.
#include "bl-build-config.h"
#include "bl-relay.h"

#include <bowline/simple.h>

static BlRelay *the_relay;

static gboolean
start (BowlineHost *host, GError **error)
{
  the_relay = bl_relay_new (host, error);
  return the_relay != NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_relay, bl_relay_free);
}

BOWLINE_DEFINE_PLUGIN ("relay", BOWLINE_PLUGIN_KIND_SERVER, BL_VERSION, "Apache-2.0", start, stop)
