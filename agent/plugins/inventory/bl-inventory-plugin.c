// SPDX-License-Identifier: Apache-2.0
// Tells the server what this machine is: coreinfo when connected, the network shortly after, hardware when
// asked; each only when it changed since the server was last told on this connection.
#include "bl-build-config.h"
#include "bl-inventory-network.h"
#include "bl-inventory-probe.h"

#include <bowline/agent.h>
#include <bowline/simple.h>
#include <glib-unix.h>
#include <systemd/sd-login.h>

#include "agent/shared/bl-bus.h"
#include "common/bl-variant.h"

#define NETWORK_SECONDS 5
#define CHANGE_SECONDS 1
#define REFRESH_SECONDS 300
#define HARDWARE_SECONDS 1800

typedef struct
{
  BowlineHost *host;
  GCancellable *stopping;
  guint network_id;
  guint refresh_id;
  guint hardware_id;
  guint watch_id; // the kernel's word of network changes
  guint login_id; // logind's of people who come and go
  sd_login_monitor *logins;
  char *core_hash;
  char *network_hash;
  char *hardware_hash;         // what the server has; NULL before it asked
  gboolean probing;            // one at a time: a drive or a file system may keep it
  gboolean wanted;             // asked for meanwhile
  BowlineMessageCall *waiting; // the server's last question, until the probe is done
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
  g_autoptr (GVariant) info = g_variant_ref_sink (bl_inventory_network (""));
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
network_changed_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  // A change comes in many messages; and the first word is five seconds after the start, as servers expect it.
  if (inventory->refresh_id != 0 && inventory->network_id == 0)
    inventory->network_id = g_timeout_add_seconds (CHANGE_SECONDS, network_cb, inventory);
  return G_SOURCE_CONTINUE;
}

static gboolean
logins_cb (gint fd, GIOCondition condition, gpointer user_data)
{
  Inventory *inventory = user_data;
  (void)sd_login_monitor_flush (inventory->logins); // the next change says it again
  if (inventory->refresh_id != 0)
    send_core_info (inventory);
  return G_SOURCE_CONTINUE;
}

static gboolean
refresh_cb (gpointer user_data)
{
  send_core_info (user_data);
  send_network (user_data);
  return G_SOURCE_CONTINUE;
}

// ---- hardware ------------------------------------------------------------------------------------------------------

static void probe_hardware (Inventory *inventory);

// Drives, file systems and udisks2 take their time.
static void
probe_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, g_variant_ref_sink (bl_inventory_hardware ("", BL_VERSION, data)),
                         (GDestroyNotify)g_variant_unref);
}

static GVariant *
describe_answer (GVariant *hardware, const char *hash)
{
  GVariantBuilder data, message;
  g_variant_builder_init (&data, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&data, "{sv}", "hash", g_variant_new_string (hash));
  g_variant_builder_add (&data, "{sv}", "hardware", hardware);
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "action", g_variant_new_string ("sysinfo"));
  g_variant_builder_add (&message, "{sv}", "data", g_variant_builder_end (&data));
  return g_variant_builder_end (&message);
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Inventory *inventory = user_data;
  g_autoptr (GVariant) hardware = g_task_propagate_pointer (G_TASK (result), NULL);
  g_autoptr (BowlineMessageCall) call = g_steal_pointer (&inventory->waiting);
  if (hardware == NULL) // the plugin has stopped
    return;
  inventory->probing = FALSE;
  if (call != NULL)
    {
      g_free (inventory->hardware_hash);
      inventory->hardware_hash = g_strdup (bl_variant_get_string (bowline_message_call_get_message (call), "hash"));
      // Never told is not the same as never asked.
      if (inventory->hardware_hash == NULL)
        inventory->hardware_hash = g_strdup ("");
    }
  g_autofree char *hash = bl_inventory_steady_hash (hardware);
  if (inventory->hardware_hash != NULL && !g_str_equal (inventory->hardware_hash, hash)
      && bowline_agent_send (inventory->host, describe_answer (hardware, hash)))
    {
      g_free (inventory->hardware_hash);
      inventory->hardware_hash = g_steal_pointer (&hash);
    }
  if (inventory->wanted)
    probe_hardware (inventory);
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Inventory *inventory = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = bl_bus_connect_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) // the plugin has stopped
    return;
  g_autoptr (GTask) task = g_task_new (NULL, inventory->stopping, probed_cb, inventory);
  if (bus != NULL) // without one there is no udisks2, and the rest is found all the same
    g_task_set_task_data (task, g_steal_pointer (&bus), g_object_unref);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, probe_thread);
}

static void
probe_hardware (Inventory *inventory)
{
  inventory->wanted = inventory->probing;
  if (inventory->probing)
    return;
  inventory->probing = TRUE;
  bl_bus_connect (G_BUS_TYPE_SYSTEM, inventory->stopping, bus_cb, inventory);
}

static gboolean
hardware_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  if (inventory->hardware_hash != NULL)
    probe_hardware (inventory);
  return G_SOURCE_CONTINUE;
}

// `sysinfo` names the hash of what the server has; equal means there is nothing to send.
static void
message_cb (BowlineMessageCall *call, gpointer user_data)
{
  Inventory *inventory = user_data;
  g_clear_pointer (&inventory->waiting, bowline_message_call_unref);
  inventory->waiting = bowline_message_call_ref (call);
  probe_hardware (inventory);
}

// ---- feature -------------------------------------------------------------------------------------------------------

static void
disconnected_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  g_clear_handle_id (&inventory->network_id, g_source_remove);
  g_clear_handle_id (&inventory->refresh_id, g_source_remove);
  g_clear_handle_id (&inventory->hardware_id, g_source_remove);
  g_clear_pointer (&inventory->core_hash, g_free);
  g_clear_pointer (&inventory->network_hash, g_free);
  g_clear_pointer (&inventory->hardware_hash, g_free);
  g_clear_pointer (&inventory->waiting, bowline_message_call_unref);
}

static void
connected_cb (gpointer user_data)
{
  Inventory *inventory = user_data;
  disconnected_cb (inventory);
  send_core_info (inventory);
  inventory->network_id = g_timeout_add_seconds (NETWORK_SECONDS, network_cb, inventory);
  inventory->refresh_id = g_timeout_add_seconds (REFRESH_SECONDS, refresh_cb, inventory);
  inventory->hardware_id = g_timeout_add_seconds (HARDWARE_SECONDS, hardware_cb, inventory);
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
  the_inventory.stopping = g_cancellable_new ();
  // Without either, changes are found every few minutes.
  the_inventory.watch_id = bl_inventory_network_watch (network_changed_cb, &the_inventory);
  if (sd_login_monitor_new ("uid", &the_inventory.logins) >= 0)
    the_inventory.login_id
        = g_unix_fd_add (sd_login_monitor_get_fd (the_inventory.logins), G_IO_IN, logins_cb, &the_inventory);
  return bowline_host_register_agent_feature (host, &feature, &the_inventory, error);
}

static void
stop (BowlineHost *host)
{
  disconnected_cb (&the_inventory);
  g_clear_handle_id (&the_inventory.watch_id, g_source_remove);
  g_clear_handle_id (&the_inventory.login_id, g_source_remove);
  g_clear_pointer (&the_inventory.logins, sd_login_monitor_unref);
  g_cancellable_cancel (the_inventory.stopping);
  g_clear_object (&the_inventory.stopping);
}

BOWLINE_DEFINE_PLUGIN ("inventory", BOWLINE_PLUGIN_KIND_AGENT, BL_VERSION, "Apache-2.0", start, stop)
