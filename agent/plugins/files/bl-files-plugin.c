// SPDX-License-Identifier: Apache-2.0
// What the files plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-files-session.h"

#include <bowline/simple.h>
#include <dlfcn.h>

#define PROGRAM "bowline-files"

static char *program; // NULL: this agent does not pack

static void
tunnel_opened_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  bl_files_session_open (user_data, tunnel, program);
}

// The program lies beside this plugin, in an installed tree as in a build tree.
static char *
find_program (BowlineHost *host)
{
  Dl_info self;
  if (dladdr (&program, &self) == 0 || self.dli_fname == NULL)
    return NULL;
  g_autofree char *directory = g_path_get_dirname (self.dli_fname);
  g_autofree char *path = g_build_filename (directory, PROGRAM, NULL);
  if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&path);
  bowline_host_log (host, BOWLINE_LOG_WARNING, NULL, "folders cannot be packed: %s: expected a program, found none", path);
  return NULL;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&program, g_free);
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
  program = find_program (host);
  return bowline_host_register_agent_feature (host, &feature, host, error);
}

BOWLINE_DEFINE_PLUGIN ("files", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, stop)
