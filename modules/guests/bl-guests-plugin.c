// SPDX-License-Identifier: Apache-2.0
#include "bl-build-config.h"
#include "bl-guests.h"

#include <bowline/simple.h>

static BlGuests *the_guests;

static gboolean
start (BowlineHost *host, GError **error)
{
  the_guests = bl_guests_new (host, error);
  return the_guests != NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_guests, bl_guests_free);
}

BOWLINE_DEFINE_PLUGIN ("guests", BOWLINE_PLUGIN_KIND_SERVER, BL_VERSION, "Apache-2.0", start, stop)
