// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent.h"

#include "bl-agent-core.h"
#include "bl-agent-features.h"
#include "bl-agent-host.h"
#include "bl-agent-memory.h"
#include "bl-agent-network.h"
#include "bl-agent-tunnel.h"
#include "bl-agent-update.h"
#include "bl-build-config.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <bowline/agent.h>
#include <sys/utsname.h>
#include <systemd/sd-daemon.h>

#define PLUGIN_START_SECONDS 10

struct _BlAgent
{
  BlMsh *msh;
  BlAgentIdentity *identity;
  char *state_dir;
  BlModuleManager *plugins;
  BlAgentHostHooks hooks;
  GStrv plugin_dirs;
  BlAgentFeatures *features;
  BlAgentChannel *channel;
  BlAgentPresence *presence;
  BlAgentTunnels *tunnels;
  BlAgentCore *core;
  BlAgentNetwork *network;
  BlAgentUpdate *update;
  void (*end) (BlAgentEnd end, gpointer user_data);
  gpointer user_data;
};

guint32
bl_agent_get_arch_id (void)
{
#if defined(__x86_64__)
  return 6;
#elif defined(__i386__)
  return 5;
#elif defined(__aarch64__)
  return 26;
#elif defined(__arm__)
  return 25;
#elif defined(__riscv) && __riscv_xlen == 64
  return 45;
#else
  return 0;
#endif
}

// "Debian GNU/Linux 12 (bookworm) - x86_64"
static char *
describe_host (void)
{
  struct utsname name;
  g_autofree char *system = g_get_os_info (G_OS_INFO_KEY_PRETTY_NAME);
  return g_strdup_printf ("%s - %s", system != NULL ? system : "Linux", uname (&name) == 0 ? name.machine : "unknown");
}

// ---- the channel's events ------------------------------------------------------------------------------------------

static void
connected_cb (gpointer user_data)
{
  BlAgent *agent = user_data;
  bl_agent_features_connected (agent->features);
  bl_agent_core_set_connected (agent->core, TRUE);
  bl_agent_update_set_connected (agent->update, TRUE);
  bl_agent_presence_changed (agent->presence);
  bl_agent_memory_rest_later ();
}

static void
disconnected_cb (gpointer user_data)
{
  BlAgent *agent = user_data;
  bl_agent_features_disconnected (agent->features);
  bl_agent_core_set_connected (agent->core, FALSE);
  bl_agent_update_set_connected (agent->update, FALSE);
  bl_agent_presence_changed (agent->presence);
}

static void
answer_ping (BlAgent *agent)
{
  GVariantBuilder pong;
  g_variant_builder_init (&pong, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&pong, "{sv}", "action", g_variant_new_string ("pong"));
  g_autoptr (GVariant) frame = g_variant_ref_sink (g_variant_builder_end (&pong));
  bl_agent_channel_send_json (agent->channel, frame);
}

static void
json_cb (GVariant *message, gpointer user_data)
{
  BlAgent *agent = user_data;
  const char *action = bl_variant_get_string (message, "action"), *type = bl_variant_get_string (message, "type");
  if (action == NULL || g_str_equal (action, "pong"))
    return;
  if (g_str_equal (action, "ping"))
    answer_ping (agent);
  else if (g_str_equal (action, "uninstallagent"))
    {
      g_message ("the server has this agent removed");
      agent->end (BL_AGENT_END_REMOVE, agent->user_data);
    }
  // Without plugins the core script serves the sessions.
  else if (g_str_equal (action, "msg") && g_strcmp0 (type, "tunnel") == 0
           && bl_agent_features_get_capabilities (agent->features) != 0)
    bl_agent_tunnels_open (agent->tunnels, message);
  else if (!bl_agent_core_take (agent->core, message) && !bl_agent_features_dispatch (agent->features, message))
    bl_agent_core_json (agent->core, message);
}

static void
command_cb (const BlAgentMsg *message, gpointer user_data)
{
  BlAgent *agent = user_data;
  if (!bl_agent_update_command (agent->update, message))
    bl_agent_core_command (agent->core, message);
}

static void
restart_cb (gpointer user_data)
{
  BlAgent *agent = user_data;
  agent->end (BL_AGENT_END_RESTART, agent->user_data);
}

static void
status_cb (const char *text, gboolean good, gpointer user_data)
{
  BlAgent *agent = user_data;
  g_autofree char *path = g_build_filename (agent->state_dir, BL_AGENT_STATUS_NAME, NULL);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  (void)g_file_set_contents_full (path, line, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL); // the log has it too
  if (good)
    g_message ("%s", text);
  else
    g_warning ("%s", text);
  (void)sd_notifyf (0, "STATUS=%s", text);
}

// ---- putting it together -------------------------------------------------------------------------------------------

// The server waits for coreinfo after it started a core: the plugins say it again.
static void
core_started_cb (gpointer user_data)
{
  bl_agent_features_connected (((BlAgent *)user_data)->features);
}

static void
plugin_released_cb (BowlineHost *host, gpointer user_data)
{
  BlAgent *agent = user_data;
  bl_agent_features_remove_owner (agent->features, host);
  bl_agent_presence_remove_owner (agent->presence, host);
}

// Returns: 0 when it is not set, so that the default counts.
static guint32
read_number (GKeyFile *settings, const char *key, guint min, guint max, const char *unit)
{
  g_autofree char *text = settings != NULL ? g_key_file_get_value (settings, "agent", key, NULL) : NULL;
  guint64 number = 0;
  if (text != NULL && !g_ascii_string_to_unsigned (g_strstrip (text), 10, min, max, &number, NULL))
    g_warning ("[agent] %s: expected %u to %u %s, found \"%s\"; the default counts", key, min, max, unit, text);
  return (guint32)number;
}

static guint32
reconnect_delay (GKeyFile *settings, const char *key)
{
  return read_number (settings, key, BL_AGENT_RECONNECT_MIN_MS, BL_AGENT_RECONNECT_MAX_MS, "milliseconds");
}

static void
network_changed_cb (gpointer user_data)
{
  bl_agent_channel_look (((BlAgent *)user_data)->channel);
}

static gboolean
make_channel (BlAgent *agent, GKeyFile *settings, GError **error)
{
  static const BlAgentChannelEvents events = {
    .connected = connected_cb, .disconnected = disconnected_cb, .json = json_cb, .command = command_cb,
    .status = status_cb,
  };
  g_autofree char *host_info = describe_host ();
  const char *name = bl_msh_get (agent->msh, "agentName");
  const BlAgentChannelOptions options = {
    .msh = agent->msh,
    .identity = agent->identity,
    .state_dir = agent->state_dir,
    .version = "Bowline " BL_VERSION,
    .host_info = host_info,
    .name = name != NULL ? name : g_get_host_name (),
    .agent_id = bl_agent_get_arch_id (),
    .platform = BL_AGENT_PLATFORM_DESKTOP,
    .capabilities = BL_AGENT_CAP_CONSOLE | BL_AGENT_CAP_JAVASCRIPT | BL_AGENT_CAP_COMPRESSION,
    .retry_ms = reconnect_delay (settings, "reconnect-delay"),
    .retry_max_ms = reconnect_delay (settings, "reconnect-delay-max"),
  };
  agent->channel = bl_agent_channel_new (&options, &events, agent, error);
  return agent->channel != NULL;
}

// Consent flags that the device itself demands: `consent` in its settings, and MeshAgent's key of the same meaning.
static guint32
local_consent (const BlAgentOptions *options)
{
  const char *text = bl_msh_get (options->msh, "LocalConsent");
  guint64 flags = text != NULL ? g_ascii_strtoull (text, NULL, 0) : 0;
  if (options->settings != NULL && g_key_file_has_key (options->settings, "agent", "consent", NULL))
    flags |= g_key_file_get_uint64 (options->settings, "agent", "consent", NULL);
  return (guint32)(flags & BL_CONSENT_ALL);
}

static void
make_update (BlAgent *agent, const BlAgentOptions *options)
{
  const BlAgentUpdateOptions update = {
    .channel = agent->channel,
    .root = options->release_root,
    .disabled = bl_msh_get_int (agent->msh, "disableUpdate", 0) != 0,
    .trial_seconds = read_number (options->settings, "update-trial", 1, BL_AGENT_TRIAL_MAX_SECONDS, "seconds"),
    .restart = restart_cb,
    .user_data = agent,
  };
  agent->update = bl_agent_update_new (&update);
}

BlAgent *
bl_agent_new (const BlAgentOptions *options, GError **error)
{
  g_autoptr (BlAgent) agent = g_new0 (BlAgent, 1);
  agent->msh = options->msh;
  agent->identity = options->identity;
  agent->state_dir = g_strdup (options->state_dir);
  agent->plugin_dirs = g_strdupv ((char **)options->plugin_dirs);
  agent->end = options->end;
  agent->user_data = options->user_data;
  agent->features = bl_agent_features_new ();
  bl_agent_host_install (options->state_dir, options->settings);
  bl_agent_features_install (agent->features);
  bl_agent_presence_install ();
  if (!make_channel (agent, options->settings, error))
    return NULL;
  bl_agent_features_set_channel (agent->features, agent->channel);
  make_update (agent, options);
  agent->presence = bl_agent_presence_new (local_consent (options));
  agent->tunnels = bl_agent_tunnels_new (agent->channel, agent->features, agent->presence);
  bl_agent_tunnels_install (agent->tunnels);
  agent->core = bl_agent_core_new (agent->channel, agent->features, agent->msh, agent->identity, agent->state_dir,
                                   options->settings, core_started_cb, agent, error);
  if (agent->core == NULL)
    return NULL;
  agent->hooks = (BlAgentHostHooks){ .released = plugin_released_cb, .user_data = agent };
  agent->plugins = bl_module_manager_new (BOWLINE_PLUGIN_KIND_AGENT, bl_agent_host_get_hooks (), &agent->hooks);
  return g_steal_pointer (&agent);
}

void
bl_agent_free (BlAgent *agent)
{
  if (agent == NULL)
    return;
  g_clear_pointer (&agent->network, bl_agent_network_free);
  g_clear_pointer (&agent->tunnels, bl_agent_tunnels_free);
  bl_agent_memory_stop ();
  if (agent->plugins != NULL)
    {
      bl_module_manager_stop (agent->plugins);
      bl_module_manager_free (agent->plugins);
    }
  g_clear_pointer (&agent->presence, bl_agent_presence_free);
  g_clear_pointer (&agent->core, bl_agent_core_free);
  g_clear_pointer (&agent->update, bl_agent_update_free);
  bl_agent_features_set_channel (agent->features, NULL);
  g_clear_pointer (&agent->channel, bl_agent_channel_free);
  g_clear_pointer (&agent->features, bl_agent_features_free);
  g_clear_pointer (&agent->identity, bl_agent_identity_free);
  g_clear_pointer (&agent->msh, bl_msh_free);
  g_strfreev (agent->plugin_dirs);
  g_free (agent->state_dir);
  g_free (agent);
}

static void
plugins_started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlAgent *agent = user_data;
  g_autoptr (GError) error = NULL;
  if (!bl_module_manager_start_finish (agent->plugins, result, &error))
    g_warning ("plugins: %s", error->message);
  bl_agent_channel_start (agent->channel);
  (void)sd_notify (0, "READY=1");
}

void
bl_agent_start (BlAgent *agent)
{
  g_autoptr (GError) error = NULL;
  agent->network = bl_agent_network_new (network_changed_cb, agent, &error);
  if (agent->network == NULL)
    g_warning ("%s; a changed network is noticed later", error->message);
  bl_module_manager_scan (agent->plugins, (const char *const *)agent->plugin_dirs);
  bl_module_manager_start_async (agent->plugins, PLUGIN_START_SECONDS, NULL, plugins_started_cb, agent);
}
