// SPDX-License-Identifier: Apache-2.0
/* What the control module tells the host about itself. */
#include "bl-build-config.h"
#include "bl-control.h"

#include <bowline/simple.h>

static BlControl *the_control;

static gboolean
start (BowlineHost *host, GError **error)
{
  the_control = bl_control_new (host, error);
  return the_control != NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_control, bl_control_stop);
}

BOWLINE_DEFINE_PLUGIN ("control", BOWLINE_PLUGIN_KIND_SERVER, BL_VERSION, "Apache-2.0", start, stop)
