// SPDX-License-Identifier: Apache-2.0
/* Relay pairs. */
#include "bl-bench-relay.h"

#include <string.h>

#include "common/bl-ids.h"

typedef struct
{
  BlBenchRelay *relay;
  char *id;
  BlBenchConn *viewer;
  BlBenchConn *device;
  guint told; /* of the two ends */
  guint64 to_send;
  guint64 received;
} Pair;

struct _BlBenchRelay
{
  BlBenchLoop *loop;
  GPtrArray *pairs;
  char *problem;
  GByteArray *frame; /* one frame, ready for the wire: a mask that never changes is as good here */
  gsize payload;
  guint64 accepted;
  guint64 received;
  guint64 expected;
  guint trips;
  guint trips_wanted;
  gboolean echoing;
};

static void
pair_free (gpointer data)
{
  Pair *pair = data;

  g_clear_pointer (&pair->viewer, bl_bench_conn_free);
  g_clear_pointer (&pair->device, bl_bench_conn_free);
  g_free (pair->id);
  g_free (pair);
}

BlBenchRelay *
bl_bench_relay_new (BlBenchLoop *loop)
{
  BlBenchRelay *relay = g_new0 (BlBenchRelay, 1);

  relay->loop = loop;
  relay->pairs = g_ptr_array_new_with_free_func (pair_free);
  relay->frame = g_byte_array_new ();
  return relay;
}

void
bl_bench_relay_free (BlBenchRelay *relay)
{
  g_ptr_array_unref (relay->pairs);
  g_byte_array_unref (relay->frame);
  g_free (relay->problem);
  g_free (relay);
}

static void
make_frame (BlBenchRelay *relay, gsize payload)
{
  g_autofree guint8 *data = g_malloc (payload);

  bl_random_bytes (data, payload);
  relay->payload = payload;
  g_byte_array_set_size (relay->frame, 0);
  bl_ws_append_frame (relay->frame, BL_WS_CLIENT, BL_WS_BINARY, data, payload);
}

static void
conn_opened (BlBenchConn *conn)
{
}

static void
send_frames (BlBenchConn *conn)
{
  Pair *pair = conn->user_data;
  BlBenchRelay *relay = pair->relay;

  while (pair->to_send >= relay->payload && conn->state == BL_BENCH_OPEN && bl_bench_conn_get_queued (conn) == 0)
    {
      pair->to_send -= relay->payload;
      relay->accepted += relay->payload;
      bl_bench_conn_send (conn, relay->frame->data, relay->frame->len);
    }
}

static void
conn_message (BlBenchConn *conn, const BlWsMessage *message)
{
  Pair *pair = conn->user_data;
  BlBenchRelay *relay = pair->relay;

  if (message->opcode == BL_WS_TEXT && message->len <= 2 && message->data[0] == 'c')
    pair->told++;
  else if (message->opcode != BL_WS_BINARY)
    return;
  else if (relay->echoing && conn == pair->device)
    bl_bench_conn_send_frame (conn, BL_WS_BINARY, message->data, message->len);
  else if (relay->echoing)
    {
      relay->trips++;
      if (relay->trips < relay->trips_wanted)
        bl_bench_conn_send (conn, relay->frame->data, relay->frame->len);
    }
  else
    relay->received += message->len;
}

static void
conn_closed (BlBenchConn *conn)
{
  Pair *pair = conn->user_data;

  if (pair->relay->problem == NULL)
    pair->relay->problem = g_strdup_printf ("%s: %s", conn == pair->viewer ? "viewer" : "device", conn->problem);
}

static const BlBenchHandler handler = {
  .opened = conn_opened,
  .message = conn_message,
  .drained = send_frames,
  .closed = conn_closed,
};

void
bl_bench_relay_add_viewer (BlBenchRelay *relay, const char *id, const char *path)
{
  Pair *pair = g_new0 (Pair, 1);

  pair->relay = relay;
  pair->id = g_strdup (id);
  pair->viewer = bl_bench_conn_new (relay->loop, path, NULL, &handler, pair);
  g_ptr_array_add (relay->pairs, pair);
}

static char *
find_id (const char *path)
{
  const char *at = strstr (path, "?id=");

  if (at == NULL)
    at = strstr (path, "&id=");
  return at != NULL ? g_strndup (at + 4, strcspn (at + 4, "&")) : NULL;
}

/* Agents escape these two. */
static char *
escape (const char *path)
{
  g_autoptr (GString) text = g_string_new (path);

  g_string_replace (text, "@", "%40", 0);
  g_string_replace (text, "$", "%24", 0);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

void
bl_bench_relay_add_device (BlBenchRelay *relay, const char *path)
{
  g_autofree char *id = find_id (path);
  g_autofree char *escaped = escape (path);

  for (guint i = 0; id != NULL && i < relay->pairs->len; i++)
    {
      Pair *pair = g_ptr_array_index (relay->pairs, i);

      if (pair->device == NULL && g_str_equal (pair->id, id))
        pair->device = bl_bench_conn_new (relay->loop, escaped, NULL, &handler, pair);
    }
}

static guint
count_joined (BlBenchRelay *relay)
{
  guint n = 0;

  for (guint i = 0; i < relay->pairs->len; i++)
    n += ((Pair *) g_ptr_array_index (relay->pairs, i))->told == 2;
  return n;
}

static gboolean
all_joined (gpointer user_data)
{
  BlBenchRelay *relay = user_data;

  return relay->problem != NULL || count_joined (relay) == relay->pairs->len;
}

guint
bl_bench_relay_wait_joined (BlBenchRelay *relay, double seconds)
{
  bl_bench_loop_until (relay->loop, all_joined, relay, seconds);
  return count_joined (relay);
}

const char *
bl_bench_relay_get_problem (BlBenchRelay *relay)
{
  return relay->problem;
}

static gboolean
all_received (gpointer user_data)
{
  BlBenchRelay *relay = user_data;

  return relay->problem != NULL || relay->received >= relay->expected;
}

guint64
bl_bench_relay_stream (BlBenchRelay *relay, gsize frame, guint64 bytes, double seconds)
{
  bytes -= bytes % frame;
  make_frame (relay, frame);
  relay->received = relay->accepted = 0;
  relay->expected = bytes * relay->pairs->len;
  for (guint i = 0; i < relay->pairs->len; i++)
    {
      Pair *pair = g_ptr_array_index (relay->pairs, i);

      pair->to_send = bytes;
      send_frames (pair->device);
    }
  bl_bench_loop_until (relay->loop, all_received, relay, seconds);
  return relay->received;
}

static gboolean
all_trips (gpointer user_data)
{
  BlBenchRelay *relay = user_data;

  return relay->problem != NULL || relay->trips >= relay->trips_wanted;
}

guint
bl_bench_relay_round_trips (BlBenchRelay *relay, gsize size, guint count, double seconds)
{
  Pair *pair;

  g_return_val_if_fail (relay->pairs->len > 0, 0);
  pair = g_ptr_array_index (relay->pairs, 0);
  make_frame (relay, size);
  relay->echoing = TRUE;
  relay->trips = 0;
  relay->trips_wanted = count;
  bl_bench_conn_send (pair->viewer, relay->frame->data, relay->frame->len);
  bl_bench_loop_until (relay->loop, all_trips, relay, seconds);
  relay->echoing = FALSE;
  return relay->trips;
}

guint64
bl_bench_relay_stall (BlBenchRelay *relay, gsize frame, double seconds)
{
  Pair *pair;

  g_return_val_if_fail (relay->pairs->len > 0, 0);
  pair = g_ptr_array_index (relay->pairs, 0);
  make_frame (relay, frame);
  relay->accepted = 0;
  bl_bench_conn_set_paused (pair->viewer, TRUE);
  pair->to_send = G_MAXUINT64;
  send_frames (pair->device);
  bl_bench_loop_for (relay->loop, seconds);
  pair->to_send = 0;
  return relay->accepted;
}

void
bl_bench_relay_drop_all (BlBenchRelay *relay)
{
  g_ptr_array_set_size (relay->pairs, 0);
  g_clear_pointer (&relay->problem, g_free);
}
