// SPDX-License-Identifier: Apache-2.0
// What the presence plugin tells the agent about itself.
#include "bl-build-config.h"
#include "bl-presence.h"

#include <bowline/simple.h>

#include <unistd.h>

static BlPresence *the_presence;

static void
ask_cb (BowlineConsent *consent, gpointer user_data)
{
  bl_presence_ask (the_presence, consent);
}

static void
withdrawn_cb (BowlineConsent *consent, gpointer user_data)
{
  bl_presence_withdraw (the_presence, consent);
}

static void
changed_cb (gpointer user_data)
{
  bl_presence_changed (the_presence);
}

static void
message_cb (BowlineMessageCall *call, gpointer user_data)
{
  bl_presence_message (the_presence, call);
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const char *const messages[]
      = { "toast", "openUrl", "msg/openUrl", "msg/messagebox", "msg/alertbox", NULL };
  static const BowlineAgentFeature feature
      = { .struct_size = sizeof feature, .name = "presence", .messages = messages, .message = message_cb };
  static const BowlineAgentPresence table
      = { .struct_size = sizeof table, .ask = ask_cb, .withdrawn = withdrawn_cb, .changed = changed_cb };
  const char *bus = bowline_host_get_string (host, "bus");
  const gboolean use_system_bus
      = g_str_equal (bus, "system") || (g_str_equal (bus, "auto") && geteuid () == 0);
  the_presence = bl_presence_new (host, use_system_bus);
  return bowline_host_register_agent_feature (host, &feature, NULL, error)
         && bowline_host_register_agent_presence (host, &table, NULL, error);
}

static void
stop (BowlineHost *host)
{
  g_clear_pointer (&the_presence, bl_presence_free);
}

BOWLINE_DEFINE_PLUGIN ("presence", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, stop)
