// SPDX-License-Identifier: Apache-2.0
/* The test host: WebSockets whose peer is the test. */
#include "bowline-testing-private.h"

#include "bl-table.h"
#include <string.h>

#define HANDLER_SIZE_1_0 (G_STRUCT_OFFSET (BowlineSocketHandler, closed) + sizeof (void (*) (void)))

struct _BowlineWebSocket
{
  gatomicrefcount refs;
  BowlineSocketHandler handler;
  gpointer user_data;
  GPtrArray *sent; /* (uay) */
  gsize queued;
  gboolean has_handler;
  gboolean paused;
  gboolean held;
  gboolean closing;
  guint32 code;
  BowlineWebSocket *joined;
  BowlineSocketStats stats;
};

static BowlineWebSocket *
ref (BowlineWebSocket *socket)
{
  g_atomic_ref_count_inc (&socket->refs);
  return socket;
}

static void
unref (BowlineWebSocket *socket)
{
  if (!g_atomic_ref_count_dec (&socket->refs))
    return;
  g_ptr_array_unref (socket->sent);
  g_free (socket);
}

static void
set_handler (BowlineWebSocket *socket, const BowlineSocketHandler *handler, gpointer user_data)
{
  g_assert_true (bl_table_copy (&socket->handler, sizeof socket->handler, handler, HANDLER_SIZE_1_0,
                                "socket handler", NULL));
  socket->user_data = user_data;
  socket->has_handler = TRUE;
}

static gboolean
closed_cb (gpointer user_data)
{
  BowlineWebSocket *socket = user_data;

  if (socket->handler.closed != NULL)
    socket->handler.closed (socket, socket->code, "", socket->user_data);
  return G_SOURCE_REMOVE;
}

static void
begin_close (BowlineWebSocket *socket, guint32 code)
{
  if (socket->closing)
    return;
  socket->closing = TRUE;
  socket->code = code;
  g_idle_add_full (G_PRIORITY_DEFAULT, closed_cb, ref (socket), (GDestroyNotify)unref);
}

static gboolean
drained_cb (gpointer user_data)
{
  BowlineWebSocket *socket = user_data;

  if (socket->held || socket->closing || socket->queued == 0)
    return G_SOURCE_REMOVE;
  socket->queued = 0;
  if (socket->handler.drained != NULL)
    socket->handler.drained (socket, socket->user_data);
  return G_SOURCE_REMOVE;
}

static gsize
send_message (BowlineWebSocket *socket, guint32 type, GBytes *message)
{
  GVariant *bytes = g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, message, TRUE);

  if (socket->closing)
    {
      g_variant_unref (g_variant_ref_sink (bytes));
      return 0;
    }
  g_ptr_array_add (socket->sent, g_variant_ref_sink (g_variant_new ("(u@ay)", type, bytes)));
  socket->queued += g_bytes_get_size (message);
  socket->stats.bytes_out += g_bytes_get_size (message);
  socket->stats.messages_out++;
  g_idle_add_full (G_PRIORITY_DEFAULT, drained_cb, ref (socket), (GDestroyNotify)unref);
  return socket->queued;
}

static gsize
send_text (BowlineWebSocket *socket, const char *text)
{
  g_autoptr (GBytes) message = g_bytes_new (text, strlen (text));

  return send_message (socket, BOWLINE_MESSAGE_TEXT, message);
}

static void
pause_reading (BowlineWebSocket *socket)
{
  socket->paused = TRUE;
}

static void
resume (BowlineWebSocket *socket)
{
  socket->paused = FALSE;
}

static void
close_socket (BowlineWebSocket *socket, guint32 code, const char *reason)
{
  begin_close (socket, code != 0 ? code : 1005);
}

static void
abort_socket (BowlineWebSocket *socket)
{
  begin_close (socket, 1006);
}

static void
get_stats (BowlineWebSocket *socket, BowlineSocketStats *stats)
{
  socket->stats.struct_size = sizeof socket->stats;
  bl_table_fill (stats, &socket->stats);
}

static void
set_idle_timeout (BowlineWebSocket *socket, guint32 seconds)
{
}

static void
set_max_message (BowlineWebSocket *socket, guint32 bytes)
{
}

static gboolean
join (BowlineWebSocket *a, BowlineWebSocket *b, GError **error)
{
  if (a->joined != NULL || b->joined != NULL || a->closing || b->closing)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "joined already, or closed");
      return FALSE;
    }
  a->joined = b;
  b->joined = a;
  return TRUE;
}

/* ---- the test's side --------------------------------------------------------------------------------------
 */

BowlineWebSocket *
bl_test_host_open_socket (BlTestHost *test, const BlTestRequest *given)
{
  g_autoptr (BowlineHttpRequest) request = bl_test_request_new (given);
  const BowlineEndpoint *endpoint = bl_test_host_find_endpoint (test, given->path);
  BowlineWebSocket *socket = g_new0 (BowlineWebSocket, 1);
  gpointer user_data = NULL;

  g_assert_nonnull (endpoint);
  g_assert_nonnull (endpoint->opened);
  for (guint i = 0; i < test->endpoints->len; i++)
    if (&((BlTestEndpoint *)test->endpoints->pdata[i])->endpoint == endpoint)
      user_data = ((BlTestEndpoint *)test->endpoints->pdata[i])->user_data;
  g_atomic_ref_count_init (&socket->refs);
  socket->sent = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
  endpoint->opened (socket, request, user_data);
  if (socket->has_handler)
    return socket;
  unref (socket);
  return NULL;
}

void
bl_test_socket_receive (BowlineWebSocket *socket, guint32 type, GBytes *message)
{
  if (socket->closing)
    return;
  socket->stats.bytes_in += g_bytes_get_size (message);
  socket->stats.messages_in++;
  if (socket->joined != NULL)
    send_message (socket->joined, type, message);
  else
    socket->handler.message (socket, type, message, socket->user_data);
}

void
bl_test_socket_receive_text (BowlineWebSocket *socket, const char *text)
{
  g_autoptr (GBytes) message = g_bytes_new (text, strlen (text));

  bl_test_socket_receive (socket, BOWLINE_MESSAGE_TEXT, message);
}

void
bl_test_socket_receive_close (BowlineWebSocket *socket, guint32 code)
{
  begin_close (socket, code);
  if (socket->joined != NULL)
    begin_close (socket->joined, code);
}

GPtrArray *
bl_test_socket_get_sent (BowlineWebSocket *socket)
{
  return socket->sent;
}

char *
bl_test_socket_dup_sent_text (BowlineWebSocket *socket, guint index)
{
  g_autoptr (GVariant) bytes = NULL;
  gconstpointer data;
  gsize length;

  if (index >= socket->sent->len)
    return NULL;
  bytes = g_variant_get_child_value (socket->sent->pdata[index], 1);
  data = g_variant_get_fixed_array (bytes, &length, 1);
  return g_strndup (data, length);
}

guint32
bl_test_socket_get_close_code (BowlineWebSocket *socket)
{
  return socket->code;
}

gboolean
bl_test_socket_is_paused (BowlineWebSocket *socket)
{
  return socket->paused;
}

BowlineWebSocket *
bl_test_socket_get_joined (BowlineWebSocket *socket)
{
  return socket->joined;
}

void
bl_test_socket_hold (BowlineWebSocket *socket, gboolean hold)
{
  socket->held = hold;
  if (!hold)
    g_idle_add_full (G_PRIORITY_DEFAULT, drained_cb, ref (socket), (GDestroyNotify)unref);
}

static const BowlineWebSocketOps websocket_ops = {
  .ref = ref,
  .unref = unref,
  .set_handler = set_handler,
  .send = send_message,
  .send_text = send_text,
  .pause = pause_reading,
  .resume = resume,
  .close = close_socket,
  .abort = abort_socket,
  .get_stats = get_stats,
  .set_idle_timeout = set_idle_timeout,
  .set_max_message = set_max_message,
  .join = join,
};

void
bl_test_install_websocket (void)
{
  bowline_private_install_websocket_ops (&websocket_ops);
}
