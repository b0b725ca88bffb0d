// SPDX-License-Identifier: Apache-2.0
// What the desktop plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-desktop-session.h"

#include <bowline/simple.h>

#include <dlfcn.h>

#define PROGRAM "bowline-desktop-x11"

static BlDesktopSessions *the_sessions;

static void
tunnel_opened_cb (BowlineTunnel *tunnel, gpointer user_data)
{
  bl_desktop_sessions_open (the_sessions, tunnel);
}

static void
message_cb (BowlineMessageCall *call, gpointer user_data)
{
  bl_desktop_sessions_message (the_sessions, call);
}

// The program lies beside this plugin, in an installed tree as in a build tree.
static char *
find_program (GError **error)
{
  Dl_info self;
  if (dladdr (&the_sessions, &self) == 0 || self.dli_fname == NULL)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_FAILED,
                           "the directory of the plugin is not known");
      return NULL;
    }
  g_autofree char *directory = g_path_get_dirname (self.dli_fname);
  g_autofree char *program = g_build_filename (directory, PROGRAM, NULL);
  if (g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&program);
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_NOT_FOUND,
               "%s: expected the capture program, found nothing that runs", program);
  return NULL;
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const guint32 protocols[] = { 2, G_MAXUINT32 };
  static const char *const messages[] = { "msg/getclip", "msg/setclip", NULL };
  static const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .capabilities = BOWLINE_AGENT_CAPABILITY_DESKTOP,
    .name = "desktop",
    .protocols = protocols,
    .messages = messages,
    .tunnel_opened = tunnel_opened_cb,
    .message = message_cb,
  };
  g_autofree char *program = find_program (error);
  if (program == NULL)
    return FALSE;
  the_sessions = bl_desktop_sessions_new (host, program);
  return bowline_host_register_agent_feature (host, &feature, NULL, error);
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_sessions, bl_desktop_sessions_free);
}

BOWLINE_DEFINE_PLUGIN ("desktop-x11", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, stop)
