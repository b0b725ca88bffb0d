// SPDX-License-Identifier: Apache-2.0
#include "bl-build-config.h"
#include "bl-serverfiles.h"

#include <bowline/simple.h>

static BlServerFiles *the_files;

static gboolean
start (BowlineHost *host, GError **error)
{
  the_files = bl_server_files_new (host, error);
  return the_files != NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_files, bl_server_files_free);
}

BOWLINE_DEFINE_PLUGIN ("serverfiles", BOWLINE_PLUGIN_KIND_SERVER, BL_VERSION, "Apache-2.0", start, stop)
