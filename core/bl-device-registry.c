// SPDX-License-Identifier: Apache-2.0
/* Who is connected. */
#define G_LOG_DOMAIN "bowline-devices"

#include "bl-device-registry.h"

#include <string.h>

#include "bl-host.h"
#include "common/bl-variant.h"

#define EVENT_SIZE 256 /* bytes that most events of this file stay under */

typedef struct
{
  BowlineHost *owner;
  BowlineDeviceTransport table;
  gpointer self;
} Transport;

/* One connected device. The last bits of memory count: there are thousands. */
typedef struct
{
  guint32 connectivity;
  guint32 power;       /* of the strongest connection: agent, then CIRA, then AMT */
  guint8 agent_power;  /* what each of the three said last */
  guint8 cira_power;
  guint8 amt_power;
  gint64 agent_since_ms;
  gint64 cira_since_ms;
  GVariant *sessions; /* a{sv} (nullable) */
} Device;

struct _BlDeviceRegistry
{
  BowlineHost *core;
  GHashTable *devices;   /* node id -> Device */
  GPtrArray *transports; /* Transport */
};

static BlDeviceRegistry *installed;

static void
device_free (gpointer data)
{
  Device *device = data;

  g_clear_pointer (&device->sessions, g_variant_unref);
  g_free (device);
}

static void
release_cb (BowlineHost *owner, gpointer user_data)
{
  bl_device_registry_remove_owner (user_data, owner);
}

BlDeviceRegistry *
bl_device_registry_new (BowlineHost *core)
{
  BlDeviceRegistry *registry = g_new0 (BlDeviceRegistry, 1);

  registry->core = core;
  registry->devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, device_free);
  registry->transports = g_ptr_array_new_with_free_func (g_free);
  return registry;
}

void
bl_device_registry_free (BlDeviceRegistry *registry)
{
  if (installed == registry)
    {
      bl_host_remove_release_func (release_cb, registry);
      bowline_private_install_device_ops (NULL);
      installed = NULL;
    }
  g_hash_table_unref (registry->devices);
  g_ptr_array_unref (registry->transports);
  g_free (registry);
}

guint
bl_device_registry_count (BlDeviceRegistry *registry)
{
  return g_hash_table_size (registry->devices);
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

static char *
dup_domain (const char *node_id)
{
  const char *begin = strchr (node_id, '/');
  const char *end = begin != NULL ? strchr (begin + 1, '/') : NULL;

  return end != NULL ? g_strndup (begin + 1, (gsize) (end - begin - 1)) : g_strdup ("");
}

static void
emit (BlDeviceRegistry *registry, const char *node_id, const char *mesh_id, BlDocBuilder *event)
{
  const char *targets[] = { mesh_id != NULL ? mesh_id : node_id, node_id, "*", NULL };
  g_autofree char *domain = dup_domain (node_id);
  g_autoptr (GVariant) complete = NULL;

  bl_doc_builder_add_string (event, "etype", "node");
  bl_doc_builder_add_string (event, "nodeid", node_id);
  bl_doc_builder_add_string (event, "domain", domain);
  if (mesh_id != NULL)
    bl_doc_builder_add_string (event, "meshid", mesh_id);
  bl_doc_builder_add_int (event, "nolog", 1);
  complete = bl_doc_builder_end (event);
  bowline_event_emit (registry->core, targets, complete);
}

static void
emit_connectivity (BlDeviceRegistry *registry,
                   const char *node_id,
                   GVariant *node,
                   guint32 connectivity,
                   guint32 power,
                   gint64 now_ms)
{
  BlDocBuilder event;

  bl_doc_builder_init (&event, EVENT_SIZE);
  bl_doc_builder_add_string (&event, "action", "nodeconnect");
  bl_doc_builder_add_int (&event, "conn", connectivity);
  bl_doc_builder_add_int (&event, "pwr", power);
  bl_doc_builder_add_int (&event, "ct", now_ms);
  bl_doc_builder_add_int (&event, "nopeers", 1);
  emit (registry, node_id, bl_variant_get_string (node, "meshid"), &event);
}

/* The last connection is a cold document that nobody waits for. */
static void
write_last_connection (BlDeviceRegistry *registry,
                       const char *node_id,
                       GVariant *node,
                       guint32 bit,
                       gboolean connected,
                       gint64 now_ms)
{
  g_autofree char *id = g_strconcat ("lc", node_id, NULL);
  g_autofree char *domain = dup_domain (node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  const char *address = bl_variant_get_string (node, "ip");
  g_autoptr (GVariant) document = NULL;
  BlDocBuilder builder;

  bl_doc_builder_init (&builder, EVENT_SIZE);
  bl_doc_builder_add_string (&builder, "_id", id);
  bl_doc_builder_add_string (&builder, "type", "lastconnect");
  bl_doc_builder_add_string (&builder, "domain", domain);
  if (mesh_id != NULL)
    bl_doc_builder_add_string (&builder, "meshid", mesh_id);
  bl_doc_builder_add_int (&builder, "time", now_ms);
  bl_doc_builder_add_int (&builder, "cause", connected ? 1 : 0);
  bl_doc_builder_add_int (&builder, "connectType", bit);
  if (address != NULL)
    bl_doc_builder_add_string (&builder, "addr", address);
  document = bl_doc_builder_end (&builder);
  bowline_directory_commit_async (registry->core, g_variant_new_array (G_VARIANT_TYPE_VARDICT, &document, 1), NULL,
                                  BOWLINE_COMMIT_RELAXED, NULL, NULL, NULL);
}

/* Power history is a stored event without targets: kept and found by "nodeid", pushed to nobody. */
static void
write_power (BlDeviceRegistry *registry, const char *node_id, guint32 power, guint32 before)
{
  static const char *const nobody[] = { NULL };
  g_autofree char *domain = dup_domain (node_id);
  g_autoptr (GVariant) complete = NULL;
  BlDocBuilder event;

  bl_doc_builder_init (&event, EVENT_SIZE);
  bl_doc_builder_add_string (&event, "action", "power");
  bl_doc_builder_add_string (&event, "etype", "power");
  bl_doc_builder_add_string (&event, "nodeid", node_id);
  bl_doc_builder_add_string (&event, "domain", domain);
  bl_doc_builder_add_int (&event, "power", power);
  bl_doc_builder_add_int (&event, "oldPower", before);
  complete = bl_doc_builder_end (&event);
  bowline_event_emit (registry->core, nobody, complete);
}

static guint32
effective_power (const Device *device)
{
  if (device->connectivity & BOWLINE_CONNECTIVITY_AGENT)
    return device->agent_power;
  if (device->connectivity & BOWLINE_CONNECTIVITY_CIRA)
    return device->cira_power;
  if (device->connectivity & BOWLINE_CONNECTIVITY_AMT)
    return device->amt_power;
  return 0;
}

/* Tells everybody about a change from (@before, @power_before) to (@now, @power). The device may be gone already. */
static void
announce (BlDeviceRegistry *registry,
          const char *node_id,
          guint32 bit,
          guint32 before,
          guint32 power_before,
          guint32 now,
          guint32 power)
{
  g_autoptr (GVariant) node = NULL;
  gint64 now_ms = g_get_real_time () / 1000;

  if (before == now && power_before == power)
    return;
  /* A device that was removed is gone for everybody already. */
  node = bowline_directory_dup (registry->core, node_id);
  if (node != NULL)
    {
      if (power_before != power)
        write_power (registry, node_id, power, power_before);
      emit_connectivity (registry, node_id, node, now, power, now_ms);
      write_last_connection (registry, node_id, node, bit, (now & bit) != 0, now_ms);
    }
  if (before != now)
    bowline_topic_publish (registry->core, "device.connectivity", g_variant_new ("(suu)", node_id, now, before));
}

/* ---- coming and going ------------------------------------------------------------------------------------------- */

void
bl_device_registry_connected (BlDeviceRegistry *registry, const char *node_id, guint32 connectivity, guint32 power)
{
  Device *device = g_hash_table_lookup (registry->devices, node_id);
  guint32 before, power_before;
  gint64 now_ms = g_get_real_time () / 1000;

  g_return_if_fail (connectivity != 0 && (connectivity & (connectivity - 1)) == 0);
  if (device == NULL)
    {
      device = g_new0 (Device, 1);
      g_hash_table_insert (registry->devices, g_strdup (node_id), device);
    }
  before = device->connectivity;
  power_before = device->power;
  device->connectivity |= connectivity;
  if (connectivity == BOWLINE_CONNECTIVITY_AGENT)
    {
      device->agent_power = (guint8) power;
      device->agent_since_ms = now_ms;
    }
  else if (connectivity == BOWLINE_CONNECTIVITY_CIRA)
    {
      device->cira_power = (guint8) power;
      device->cira_since_ms = now_ms;
    }
  else if (connectivity == BOWLINE_CONNECTIVITY_AMT)
    device->amt_power = (guint8) power;
  device->power = effective_power (device);
  announce (registry, node_id, connectivity, before, power_before, device->connectivity, device->power);
}

static void
drop_sessions (BlDeviceRegistry *registry, const char *node_id, Device *device);

void
bl_device_registry_disconnected (BlDeviceRegistry *registry, const char *node_id, guint32 connectivity)
{
  Device *device = g_hash_table_lookup (registry->devices, node_id);
  g_autofree char *id = NULL; /* the caller may have given the table's own key */
  guint32 before, power_before, now, power;

  if (device == NULL || (device->connectivity & connectivity) == 0)
    return;
  id = g_strdup (node_id);
  before = device->connectivity;
  power_before = device->power;
  now = device->connectivity &= ~connectivity;
  power = device->power = effective_power (device);
  if (connectivity & BOWLINE_CONNECTIVITY_AGENT)
    {
      device->agent_since_ms = 0;
      drop_sessions (registry, id, device);
    }
  if (connectivity & BOWLINE_CONNECTIVITY_CIRA)
    device->cira_since_ms = 0;
  if (now == 0)
    g_hash_table_remove (registry->devices, id);
  announce (registry, id, connectivity, before, power_before, now, power);
}

gboolean
bl_device_registry_get_state (BlDeviceRegistry *registry, const char *node_id, BowlineDeviceState *state)
{
  Device *device = g_hash_table_lookup (registry->devices, node_id);
  BowlineDeviceState full = { .struct_size = sizeof full };
  guint32 size = state->struct_size;

  if (device != NULL)
    {
      full.connectivity = device->connectivity;
      full.power = device->power;
      full.agent_since_ms = device->agent_since_ms;
      full.cira_since_ms = device->cira_since_ms;
    }
  /* The caller may know an older or a newer form of the struct. */
  memset (state, 0, size);
  memcpy (state, &full, MIN (size, sizeof full));
  state->struct_size = size;
  return device != NULL;
}

/* ---- transports ------------------------------------------------------------------------------------------------- */

gboolean
bl_device_registry_register (BlDeviceRegistry *registry,
                             BowlineHost *owner,
                             const BowlineDeviceTransport *transport,
                             gpointer self,
                             GError **error)
{
  Transport *added;

  if (transport->struct_size < G_STRUCT_OFFSET (BowlineDeviceTransport, disconnect) + sizeof (gpointer)
      || transport->send == NULL || transport->disconnect == NULL
      || (transport->connectivity & (transport->connectivity - 1)) != 0 || transport->connectivity == 0)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "device transport of \"%s\": expected one connectivity bit, send and disconnect", owner->id);
      return FALSE;
    }
  for (guint i = 0; i < registry->transports->len; i++)
    {
      Transport *other = g_ptr_array_index (registry->transports, i);
      if (other->table.connectivity != transport->connectivity)
        continue;
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS,
                   "device transport of \"%s\": connectivity %u is taken by \"%s\"", owner->id,
                   transport->connectivity, other->owner->id);
      return FALSE;
    }
  if (registry->transports->len >= BL_DEVICE_REGISTRY_MAX_TRANSPORTS)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "too many device transports");
      return FALSE;
    }
  added = g_new0 (Transport, 1);
  added->owner = owner;
  added->self = self;
  memcpy (&added->table, transport, MIN (transport->struct_size, sizeof added->table));
  added->table.struct_size = sizeof added->table;
  g_ptr_array_add (registry->transports, added);
  return TRUE;
}

/* Returns: (transfer full): ids of the devices that have @connectivity now */
static GPtrArray *
list_connected (BlDeviceRegistry *registry, guint32 connectivity)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer id, device;

  g_hash_table_iter_init (&iter, registry->devices);
  while (g_hash_table_iter_next (&iter, &id, &device))
    if (((Device *) device)->connectivity & connectivity)
      g_ptr_array_add (ids, g_strdup (id));
  return ids;
}

void
bl_device_registry_remove_owner (BlDeviceRegistry *registry, BowlineHost *owner)
{
  for (guint i = registry->transports->len; i > 0; i--)
    {
      Transport *transport = g_ptr_array_index (registry->transports, i - 1);
      guint32 connectivity = transport->table.connectivity;
      g_autoptr (GPtrArray) ids = NULL;

      if (transport->owner != owner)
        continue;
      g_ptr_array_remove_index (registry->transports, i - 1);
      ids = list_connected (registry, connectivity);
      for (guint k = 0; k < ids->len; k++)
        bl_device_registry_disconnected (registry, g_ptr_array_index (ids, k), connectivity);
    }
}

gboolean
bl_device_registry_send (BlDeviceRegistry *registry, const char *node_id, GVariant *message)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);
  Device *device = g_hash_table_lookup (registry->devices, node_id);

  for (guint i = 0; device != NULL && i < registry->transports->len; i++)
    {
      Transport *transport = g_ptr_array_index (registry->transports, i);
      if ((device->connectivity & transport->table.connectivity) != 0
          && transport->table.send (transport->self, node_id, owned))
        return TRUE;
    }
  return FALSE;
}

void
bl_device_registry_disconnect (BlDeviceRegistry *registry, const char *node_id)
{
  g_autofree char *id = g_strdup (node_id);

  for (guint i = 0; i < registry->transports->len; i++)
    {
      Transport *transport = g_ptr_array_index (registry->transports, i);
      transport->table.disconnect (transport->self, id);
    }
}

/* ---- live sessions ---------------------------------------------------------------------------------------------- */

static void
emit_sessions (BlDeviceRegistry *registry, const char *node_id, GVariant *sessions)
{
  g_autoptr (GVariant) node = bowline_directory_dup (registry->core, node_id);
  BlDocBuilder event;

  if (node == NULL)
    return;
  bl_doc_builder_init (&event, EVENT_SIZE);
  bl_doc_builder_add_string (&event, "action", "devicesessions");
  if (sessions != NULL)
    bl_doc_builder_add (&event, "sessions", sessions);
  emit (registry, node_id, bl_variant_get_string (node, "meshid"), &event);
}

static void
drop_sessions (BlDeviceRegistry *registry, const char *node_id, Device *device)
{
  if (device->sessions == NULL)
    return;
  g_clear_pointer (&device->sessions, g_variant_unref);
  emit_sessions (registry, node_id, NULL);
}

void
bl_device_registry_set_sessions (BlDeviceRegistry *registry, const char *node_id, const char *type, GVariant *sessions)
{
  g_autoptr (GVariant) owned = sessions != NULL ? g_variant_ref_sink (sessions) : NULL;
  Device *device = g_hash_table_lookup (registry->devices, node_id);
  g_autoptr (GVariant) before = NULL;
  GVariant *after;

  if (device == NULL)
    return;
  before = device->sessions != NULL ? bl_variant_get_child (device->sessions, type) : NULL;
  if (owned == NULL ? before == NULL : before != NULL && g_variant_equal (before, owned))
    return;
  if (before == NULL && device->sessions != NULL
      && g_variant_n_children (device->sessions) >= BL_DEVICE_REGISTRY_MAX_SESSION_TYPES)
    return;
  after = owned != NULL ? bl_doc_set (device->sessions, type, owned) : bl_doc_remove (device->sessions, type);
  g_clear_pointer (&device->sessions, g_variant_unref);
  if (g_variant_n_children (after) > 0)
    device->sessions = after;
  else
    g_variant_unref (after);
  emit_sessions (registry, node_id, device->sessions);
}

GVariant *
bl_device_registry_dup_sessions (BlDeviceRegistry *registry, const char *node_id)
{
  Device *device = g_hash_table_lookup (registry->devices, node_id);

  return device != NULL && device->sessions != NULL ? g_variant_ref (device->sessions) : NULL;
}

/* ---- <bowline/device.h> ----------------------------------------------------------------------------------------- */

static gboolean
ops_register (BowlineHost *host, const BowlineDeviceTransport *transport, gpointer self, GError **error)
{
  return bl_device_registry_register (installed, host, transport, self, error);
}

static void
ops_connected (BowlineHost *host, const char *node_id, guint32 connectivity, guint32 power)
{
  bl_device_registry_connected (installed, node_id, connectivity, power);
}

static void
ops_disconnected (BowlineHost *host, const char *node_id, guint32 connectivity)
{
  bl_device_registry_disconnected (installed, node_id, connectivity);
}

static gboolean
ops_get_state (BowlineHost *host, const char *node_id, BowlineDeviceState *state)
{
  return bl_device_registry_get_state (installed, node_id, state);
}

static gboolean
ops_send (BowlineHost *host, const char *node_id, GVariant *message)
{
  return bl_device_registry_send (installed, node_id, message);
}

static void
ops_disconnect (BowlineHost *host, const char *node_id)
{
  bl_device_registry_disconnect (installed, node_id);
}

static void
ops_set_sessions (BowlineHost *host, const char *node_id, const char *type, GVariant *sessions)
{
  bl_device_registry_set_sessions (installed, node_id, type, sessions);
}

static GVariant *
ops_dup_sessions (BowlineHost *host, const char *node_id)
{
  return bl_device_registry_dup_sessions (installed, node_id);
}

void
bl_device_registry_install (BlDeviceRegistry *registry)
{
  static const BowlineDeviceOps ops = {
    .register_device_transport = ops_register,
    .connected = ops_connected,
    .disconnected = ops_disconnected,
    .get_state = ops_get_state,
    .send = ops_send,
    .disconnect = ops_disconnect,
    .set_sessions = ops_set_sessions,
    .dup_sessions = ops_dup_sessions,
  };

  installed = registry;
  bl_host_add_release_func (release_cb, registry);
  bowline_private_install_device_ops (&ops);
}
