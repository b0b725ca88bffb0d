// SPDX-License-Identifier: Apache-2.0
/* The smallest useful feature of an agent: a tunnel of protocol 7 that sends back what it gets, after the greeting of its
 * setting. */
#include <bowline/agent.h>
#include <bowline/simple.h>

/* The relay's number for plugins of others: the viewer needs the right to control the device. */
#define PROTOCOL 7u
#define WAITING_MAX (256u * 1024u)

static BowlineHost *our_host;

/* ---- the tunnel ---------------------------------------------------------------------------------------------------- */

static void
echo_binary (BowlineTunnel *tunnel, GBytes *data, gpointer user_data)
{
  (void) user_data;
  /* A viewer that sends faster than it reads has to wait; `drained` goes on. */
  if (bowline_tunnel_send_binary (tunnel, data) > WAITING_MAX)
    bowline_tunnel_pause (tunnel);
}

static void
echo_json (BowlineTunnel *tunnel, GVariant *message, gpointer user_data)
{
  (void) user_data;
  if (g_variant_is_of_type (message, G_VARIANT_TYPE_VARDICT))
    bowline_tunnel_send_json (tunnel, message);
}

static void
drained (BowlineTunnel *tunnel, gpointer user_data)
{
  (void) user_data;
  bowline_tunnel_resume (tunnel);
}

static void
closed (BowlineTunnel *tunnel, gpointer user_data)
{
  (void) tunnel;
  (void) user_data;
  bowline_host_log (our_host, BOWLINE_LOG_INFO, NULL, "an echo has ended");
}

/* The agent has checked the viewer's rights and asked whoever had to be asked. */
static void
tunnel_opened (BowlineTunnel *tunnel, gpointer user_data)
{
  const BowlineTunnelHandler handler = {
    .struct_size = sizeof handler,
    .binary = echo_binary,
    .json = echo_json,
    .drained = drained,
    .closed = closed,
  };
  BowlineTunnelInfo info = { .struct_size = sizeof info };
  GVariantBuilder greeting;

  (void) user_data;
  bowline_tunnel_get_info (tunnel, &info);
  bowline_tunnel_set_handler (tunnel, &handler, NULL);
  g_variant_builder_init (&greeting, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&greeting, "{sv}", "greeting",
                         g_variant_new_string (bowline_host_get_string (our_host, "greeting")));
  g_variant_builder_add (&greeting, "{sv}", "user", g_variant_new_string (info.user_name != NULL ? info.user_name : ""));
  bowline_tunnel_send_json (tunnel, g_variant_builder_end (&greeting));
}

/* ---- start --------------------------------------------------------------------------------------------------------- */

static gboolean
start (BowlineHost *host, GError **error)
{
  static const guint32 protocols[] = { PROTOCOL, G_MAXUINT32 };
  const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .name = "agent-echo",
    .protocols = protocols,
    .tunnel_opened = tunnel_opened,
  };

  our_host = host;
  return bowline_host_register_agent_feature (host, &feature, NULL, error);
}

BOWLINE_DEFINE_PLUGIN ("agent-echo", BOWLINE_PLUGIN_KIND_AGENT, "1.0", "Apache-2.0", start, NULL)
