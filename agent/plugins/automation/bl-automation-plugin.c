// SPDX-License-Identifier: Apache-2.0
// What the automation plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-automation-run.h"

#include <bowline/simple.h>

#include "common/bl-variant.h"

static BlAutomationRuns *the_runs;

static void
message_cb (BowlineMessageCall *call, gpointer user_data)
{
  const char *action = bl_variant_get_string (bowline_message_call_get_message (call), "action");
  if (g_str_equal (action, "runcommands"))
    bl_automation_runs_start (the_runs, call);
  else
    bl_automation_runs_stop (the_runs, call);
}

static void
disconnected_cb (gpointer user_data)
{
  bl_automation_runs_disconnected (the_runs);
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const char *const messages[] = { "runcommands", "msg/runstop", NULL };
  static const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .name = "automation",
    .messages = messages,
    .message = message_cb,
    .disconnected = disconnected_cb,
  };
  the_runs = bl_automation_runs_new (host);
  if (bowline_host_register_agent_feature (host, &feature, NULL, error))
    return TRUE;
  g_clear_pointer (&the_runs, bl_automation_runs_free);
  return FALSE;
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_runs, bl_automation_runs_free);
}

BOWLINE_DEFINE_PLUGIN ("automation", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, stop)
