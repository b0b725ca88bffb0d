// SPDX-License-Identifier: Apache-2.0
// Tells the server what this machine is: coreinfo when connected, the network shortly after, hardware when
// asked; each only when it changed since the server was last told on this connection.
#include "bl-build-config.h"
#include "bl-inventory-probe.h"

#include <bowline/agent.h>
#include <bowline/simple.h>

#include "common/bl-variant.h"

#define NETWORK_SECONDS 5
#define REFRESH_SECONDS 300

typedef struct
{
  BowlineHost *host;
  guint network_id;
  guint refresh_id;
  char *core_hash;
  char *network_hash;
} Inventory;

static Inventory the_inventory;

// Returns: whether VALUE differs from what *HASH stands for, which is then replaced.
static gboolean
has_changed (char **hash, GVariant *value)
{
  g_autofree char *now = bl_inventory_hash (value);
  if (g_strcmp0 (now, *hash) == 0)
    return FALSE;
  g_free (*hash);
  *hash = g_steal_pointer (&now);
  return TRUE;
}

static void
send_core_info (Inventory *inventory)
{
  g_autoptr (GVariant) info = g_variant_ref_sink (
      bl_inventory_core_info ("", BL_VERSION, bowline_agent_get_capabilities (inventory->host)));
  if (has_changed (&inventory->core_hash, info))
    bowline_agent_send (inventory->host, info);
}

static void
send_network (Inventory *inventory)
{
  g_autoptr (GVariant) info = g_variant_ref_sink (bl_inventory_network ());
  if (!has_changed (&inventory->network_hash, info))
    return;
  g_autoptr (GVariant) message = bl_doc_set_string (info, "action", "netinfo");
  bowline_agent_send (inventory->host, message);
}

static gboolean
network_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  inventory->network_id = 0;
  send_network (inventory);
  return G_SOURCE_REMOVE;
}

static gboolean
refresh_cb (gpointer user_data)
{
  send_core_info (user_data);
  send_network (user_data);
  return G_SOURCE_CONTINUE;
}

static void
disconnected_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  g_clear_handle_id (&inventory->network_id, g_source_remove);
  g_clear_handle_id (&inventory->refresh_id, g_source_remove);
  g_clear_pointer (&inventory->core_hash, g_free);
  g_clear_pointer (&inventory->network_hash, g_free);
}

static void
connected_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  disconnected_cb (inventory);
  send_core_info (inventory);
  inventory->network_id = g_timeout_add_seconds (NETWORK_SECONDS, network_cb, inventory);
  inventory->refresh_id = g_timeout_add_seconds (REFRESH_SECONDS, refresh_cb, inventory);
}

// `sysinfo` names the hash of what the server has; equal means there is nothing to send.
static void
message_cb (BowlineMessageCall *call, gpointer user_data)
{
  const char *known = bl_variant_get_string (bowline_message_call_get_message (call), "hash");
  g_autoptr (GVariant) hardware = g_variant_ref_sink (bl_inventory_hardware ("", BL_VERSION));
  g_autofree char *hash = bl_inventory_hash (hardware);
  if (g_strcmp0 (known, hash) == 0)
    return;
  GVariantBuilder data, message;
  g_variant_builder_init (&data, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&data, "{sv}", "hash", g_variant_new_string (hash));
  g_variant_builder_add (&data, "{sv}", "hardware", hardware);
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "data", g_variant_builder_end (&data));
  bowline_message_call_answer (call, g_variant_builder_end (&message));
}

static gboolean
start (BowlineHost *host, GError **error)
{
  static const char *const messages[] = { "sysinfo", NULL };
  static const BowlineAgentFeature feature = {
    .struct_size = sizeof feature,
    .name = "inventory",
    .messages = messages,
    .message = message_cb,
    .connected = connected_cb,
    .disconnected = disconnected_cb,
  };
  the_inventory.host = host;
  return bowline_host_register_agent_feature (host, &feature, &the_inventory, error);
}

static void
stop (BowlineHost *host)
{
  disconnected_cb (&the_inventory);
}

BOWLINE_DEFINE_PLUGIN ("inventory", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, stop)
