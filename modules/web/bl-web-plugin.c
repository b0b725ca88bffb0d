// SPDX-License-Identifier: Apache-2.0
// What the web module tells the host about itself.
#include "bl-build-config.h"
#include "bl-web.h"

#include <bowline/simple.h>

static BlWeb *the_web;

static gboolean
start (BowlineHost *host, GError **error)
{
  the_web = bl_web_new (host, error);
  return the_web != NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_web, bl_web_free);
}

BOWLINE_DEFINE_PLUGIN ("web", BOWLINE_PLUGIN_KIND_SERVER, BL_VERSION, "Apache-2.0", start, stop)
