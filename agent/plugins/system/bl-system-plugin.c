// SPDX-License-Identifier: Apache-2.0
// What the system plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-system.h"

#include <bowline/simple.h>

#include "common/bl-variant.h"

static void
message_cb (BowlineMessageCall *call, gpointer user_data)
{
  BowlineHost *host = user_data;
  GVariant *message = bowline_message_call_get_message (call);
  const char *action = bl_variant_get_string (message, "action"),
             *type = bl_variant_get_string (message, "type");
  if (g_str_equal (action, "poweraction"))
    bl_system_power (host, call);
  else if (g_str_equal (action, "wakeonlan"))
    bl_system_wake (host, call);
  else if (g_str_has_prefix (type, "ps"))
    bl_system_processes (host, call, type);
  else if (g_str_has_prefix (type, "service"))
    bl_system_services (host, call, type);
  else
    bl_system_sessions (host, call);
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const char *const messages[]
      = { "poweraction",     "wakeonlan",          "msg/ps",           "msg/psinfo",
          "msg/pskill",      "msg/services",       "msg/service",      "msg/serviceStart",
          "msg/serviceStop", "msg/serviceRestart", "msg/userSessions", NULL };
  static const BowlineAgentFeature feature
      = { .struct_size = sizeof feature, .name = "system", .messages = messages, .message = message_cb };
  return bowline_host_register_agent_feature (host, &feature, host, error);
}

BOWLINE_DEFINE_PLUGIN ("system", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, NULL)
