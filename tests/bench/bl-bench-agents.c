// SPDX-License-Identifier: Apache-2.0
/* Thousands of devices. */
#include "bl-bench-agents.h"

#include <string.h>

#include "bl-fake-agent.h"
#include "common/bl-json.h"

#define KEY_BITS 3072
#define PONG_SECONDS 20.0

typedef struct
{
  BlBenchFleet *fleet;
  guint index;
  BlFakeIdentity *identity;
  BlFakeAgent *agent;
  BlBenchConn *conn;
  gnutls_datum_t ticket;
  gboolean counted; /* as connected */
  gboolean done;    /* in the current run: connected or failed */
} Device;

struct _BlBenchFleet
{
  BlBenchLoop *loop;
  guint8 server_id[BL_SHA384_SIZE];
  guint8 mesh_id[BL_SHA384_SIZE];
  BlBenchTunnel tunnel;
  gpointer user_data;
  BlFakeModulus *modulus;
  GPtrArray *devices;
  const BlBenchConnect *run;
  BlBenchConnected *result;
  guint next;      /* device of the run to start */
  guint under_way;
  guint connected;
  guint pongs;
  guint pings;
};

static void
device_free (gpointer data)
{
  Device *device = data;

  g_clear_pointer (&device->conn, bl_bench_conn_free);
  g_clear_pointer (&device->agent, bl_fake_agent_free);
  bl_fake_identity_free (device->identity);
  gnutls_free (device->ticket.data);
  g_free (device);
}

BlBenchFleet *
bl_bench_fleet_new (BlBenchLoop *loop,
                    const guint8 *server_id,
                    const guint8 *mesh_id,
                    BlBenchTunnel tunnel,
                    gpointer user_data)
{
  BlBenchFleet *fleet = g_new0 (BlBenchFleet, 1);

  fleet->loop = loop;
  memcpy (fleet->server_id, server_id, BL_SHA384_SIZE);
  memcpy (fleet->mesh_id, mesh_id, BL_SHA384_SIZE);
  fleet->tunnel = tunnel;
  fleet->user_data = user_data;
  fleet->modulus = bl_fake_modulus_new (KEY_BITS);
  fleet->devices = g_ptr_array_new_with_free_func (device_free);
  return fleet;
}

void
bl_bench_fleet_free (BlBenchFleet *fleet)
{
  g_ptr_array_unref (fleet->devices);
  bl_fake_modulus_free (fleet->modulus);
  g_free (fleet);
}

static Device *
get_device (BlBenchFleet *fleet, guint index)
{
  while (fleet->devices->len <= index)
    {
      Device *device = g_new0 (Device, 1);

      device->fleet = fleet;
      device->index = fleet->devices->len;
      device->identity = bl_fake_identity_new (fleet->modulus, device->index);
      g_ptr_array_add (fleet->devices, device);
    }
  return g_ptr_array_index (fleet->devices, index);
}

static void
leave_run (Device *device, const char *problem)
{
  BlBenchFleet *fleet = device->fleet;

  if (fleet->run == NULL || device->done)
    return;
  device->done = TRUE;
  fleet->under_way--;
  if (problem == NULL)
    return;
  fleet->result->failed++;
  if (fleet->result->problem == NULL)
    fleet->result->problem = g_strdup (problem);
}

static void
send_message (GBytes *message, gpointer user_data)
{
  Device *device = user_data;
  gsize size;
  gconstpointer data = g_bytes_get_data (message, &size);

  bl_bench_conn_send_frame (device->conn, BL_WS_BINARY, data, size);
}

static void
conn_opened (BlBenchConn *conn)
{
  Device *device = conn->user_data;
  /* An agent whose core hash is all zero runs a core of its own: the server leaves it alone. */
  static const guint8 own_core[BL_SHA384_SIZE];
  g_autofree char *name = g_strdup_printf ("bench-%05u", device->index);
  BlFakeAgentOptions options = {
    .identity = device->identity,
    .web_hash = device->fleet->loop->web_hash,
    .server_id = device->fleet->server_id,
    .mesh_id = device->fleet->mesh_id,
    .name = name,
    .agent_id = 6,
    .caps = 0x118,
    .known = device->fleet->run != NULL && device->fleet->run->known,
    .info_first = device->fleet->run != NULL && device->fleet->run->known,
  };

  g_clear_pointer (&device->agent, bl_fake_agent_free);
  device->agent = bl_fake_agent_new (&options, send_message, device);
  bl_fake_agent_set_core (device->agent, own_core);
  bl_fake_agent_start (device->agent);
}

static void
note_authenticated (Device *device)
{
  BlBenchFleet *fleet = device->fleet;

  if (device->counted || !bl_fake_agent_is_authenticated (device->agent))
    return;
  device->counted = TRUE;
  fleet->connected++;
  if (fleet->run == NULL || device->done)
    return;
  fleet->result->connected++;
  if (gnutls_session_is_resumed (device->conn->tls))
    fleet->result->resumed++;
  gnutls_free (device->ticket.data);
  device->ticket = (gnutls_datum_t){ NULL, 0 };
  if (fleet->run->keep_ticket && (gnutls_session_get_flags (device->conn->tls) & GNUTLS_SFLAGS_SESSION_TICKET) != 0)
    gnutls_session_get_data2 (device->conn->tls, &device->ticket);
  leave_run (device, NULL);
}

/* Only tunnels matter here: anything else the server says is taken and forgotten. */
static void
take_json (Device *device, const BlWsMessage *message)
{
  g_autoptr (GVariant) json = bl_json_parse ((const char *) message->data, message->len, NULL, BL_JSON_DEFAULT, NULL);
  const char *action = NULL, *type = NULL, *value = NULL;

  if (json == NULL || !g_variant_lookup (json, "action", "&s", &action) || !g_str_equal (action, "msg"))
    return;
  if (g_variant_lookup (json, "type", "&s", &type) && g_str_equal (type, "tunnel")
      && g_variant_lookup (json, "value", "&s", &value) && g_str_has_prefix (value, "*/"))
    device->fleet->tunnel (device->index, value + 1, device->fleet->user_data);
}

static void
conn_message (BlBenchConn *conn, const BlWsMessage *message)
{
  Device *device = conn->user_data;

  if (message->opcode == BL_WS_PONG)
    device->fleet->pongs++;
  else if (message->len > 0 && message->data[0] == '{')
    take_json (device, message);
  else
    {
      bl_fake_agent_receive (device->agent, message->data, message->len);
      note_authenticated (device);
    }
}

static void
conn_closed (BlBenchConn *conn)
{
  Device *device = conn->user_data;

  if (device->counted)
    device->fleet->connected--;
  device->counted = FALSE;
  leave_run (device, conn->problem);
}

static const BlBenchHandler handler = {
  .opened = conn_opened,
  .message = conn_message,
  .closed = conn_closed,
};

static gboolean
connect_more (gpointer user_data)
{
  BlBenchFleet *fleet = user_data;
  const BlBenchConnect *run = fleet->run;

  while (fleet->under_way < run->parallel && fleet->next < run->first + run->count)
    {
      Device *device = get_device (fleet, fleet->next++);

      if (device->counted)
        continue;
      g_clear_pointer (&device->conn, bl_bench_conn_free);
      device->done = FALSE;
      fleet->under_way++;
      device->conn = bl_bench_conn_new (fleet->loop, "/agent.ashx", run->resume ? &device->ticket : NULL, &handler,
                                        device);
      if (device->conn->state == BL_BENCH_CLOSED)
        leave_run (device, device->conn->problem);
    }
  return fleet->under_way == 0 && fleet->next >= run->first + run->count;
}

void
bl_bench_fleet_connect (BlBenchFleet *fleet, const BlBenchConnect *options, BlBenchConnected *result)
{
  *result = (BlBenchConnected){ 0 };
  fleet->run = options;
  fleet->result = result;
  fleet->next = options->first;
  fleet->under_way = 0;
  if (!bl_bench_loop_until (fleet->loop, connect_more, fleet, options->seconds))
    {
      result->failed += fleet->under_way;
      if (result->problem == NULL)
        result->problem = g_strdup ("no answer in time");
    }
  fleet->run = NULL;
  fleet->result = NULL;
}

static gboolean
all_pongs (gpointer user_data)
{
  BlBenchFleet *fleet = user_data;

  return fleet->pongs >= fleet->pings;
}

guint
bl_bench_fleet_ping (BlBenchFleet *fleet, double seconds)
{
  gint64 start = g_get_monotonic_time ();
  double step = seconds * G_USEC_PER_SEC / MAX (fleet->connected, 1u);

  fleet->pings = fleet->pongs = 0;
  for (guint i = 0; i < fleet->devices->len; i++)
    {
      Device *device = g_ptr_array_index (fleet->devices, i);

      if (!device->counted)
        continue;
      while (g_get_monotonic_time () < start + (gint64) (step * fleet->pings))
        bl_bench_loop_turn (fleet->loop, 1);
      fleet->pings++;
      bl_bench_conn_send_frame (device->conn, BL_WS_PING, "bench", 5);
    }
  bl_bench_loop_until (fleet->loop, all_pongs, fleet, PONG_SECONDS);
  return fleet->pongs;
}

void
bl_bench_fleet_drop (BlBenchFleet *fleet, guint first, guint count)
{
  for (guint i = first; i < first + count && i < fleet->devices->len; i++)
    {
      Device *device = g_ptr_array_index (fleet->devices, i);

      if (device->counted)
        fleet->connected--;
      device->counted = FALSE;
      g_clear_pointer (&device->conn, bl_bench_conn_free);
    }
}

guint
bl_bench_fleet_get_connected (BlBenchFleet *fleet)
{
  return fleet->connected;
}

const char *
bl_bench_fleet_get_node_id (BlBenchFleet *fleet, guint index)
{
  Device *device = index < fleet->devices->len ? g_ptr_array_index (fleet->devices, index) : NULL;

  return device != NULL ? device->identity->node_id : NULL;
}
