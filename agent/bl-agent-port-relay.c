// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-port-relay.h"

#include <gio/gio.h>

#define READ_SIZE 32768
#define WRITE_HIGH (256u * 1024u)
#define SEND_HIGH (256u * 1024u)
#define CONNECT_SECONDS 20

struct _BlAgentPortRelay
{
  gatomicrefcount count;
  BowlineTunnel *tunnel; // NULL once freed
  char *address;
  guint16 port;
  GCancellable *cancellable;
  GSocketConnection *connection;
  GByteArray *waiting; // for the target
  gboolean writing;
  gboolean reading;
  gboolean tunnel_paused;
  gboolean tunnel_full;
};

static void read_more (BlAgentPortRelay *relay);

static BlAgentPortRelay *
relay_ref (BlAgentPortRelay *relay)
{
  g_atomic_ref_count_inc (&relay->count);
  return relay;
}

static void
relay_unref (BlAgentPortRelay *relay)
{
  if (!g_atomic_ref_count_dec (&relay->count))
    return;
  g_clear_object (&relay->connection);
  g_object_unref (relay->cancellable);
  g_byte_array_unref (relay->waiting);
  g_free (relay->address);
  g_free (relay);
}

BlAgentPortRelay *
bl_agent_port_relay_new (BowlineTunnel *tunnel, const char *address, guint16 port)
{
  BlAgentPortRelay *relay = g_new0 (BlAgentPortRelay, 1);
  g_atomic_ref_count_init (&relay->count);
  relay->tunnel = tunnel;
  relay->address = g_strdup (address);
  relay->port = port;
  relay->cancellable = g_cancellable_new ();
  relay->waiting = g_byte_array_new ();
  return relay;
}

void
bl_agent_port_relay_free (BlAgentPortRelay *relay)
{
  if (relay == NULL)
    return;
  relay->tunnel = NULL;
  g_cancellable_cancel (relay->cancellable);
  relay_unref (relay);
}

static void
end_relay (BlAgentPortRelay *relay)
{
  if (relay->tunnel != NULL)
    bowline_tunnel_close (relay->tunnel);
}

// ---- viewer to target ----------------------------------------------------------------------------------------------

static void write_more (BlAgentPortRelay *relay);

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlAgentPortRelay *relay = user_data;
  gsize written;
  relay->writing = FALSE;
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, &written, NULL))
    end_relay (relay);
  else
    {
      if (relay->tunnel != NULL && relay->tunnel_paused && relay->waiting->len < WRITE_HIGH)
        {
          relay->tunnel_paused = FALSE;
          bowline_tunnel_resume (relay->tunnel);
        }
      write_more (relay);
    }
  relay_unref (relay);
}

static void
write_more (BlAgentPortRelay *relay)
{
  if (relay->writing || relay->connection == NULL || relay->waiting->len == 0 || relay->tunnel == NULL)
    return;
  GByteArray *block = g_steal_pointer (&relay->waiting);
  relay->waiting = g_byte_array_new ();
  relay->writing = TRUE;
  GOutputStream *stream = g_io_stream_get_output_stream (G_IO_STREAM (relay->connection));
  g_object_set_data_full (G_OBJECT (stream), "bl-block", block, (GDestroyNotify)g_byte_array_unref);
  g_output_stream_write_all_async (stream, block->data, block->len, G_PRIORITY_DEFAULT, relay->cancellable, written_cb,
                                   relay_ref (relay));
}

void
bl_agent_port_relay_write (BlAgentPortRelay *relay, const guint8 *data, gsize length)
{
  g_byte_array_append (relay->waiting, data, length);
  if (relay->waiting->len >= WRITE_HIGH && !relay->tunnel_paused)
    {
      relay->tunnel_paused = TRUE;
      bowline_tunnel_pause (relay->tunnel);
    }
  write_more (relay);
}

// ---- target to viewer ----------------------------------------------------------------------------------------------

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlAgentPortRelay *relay = user_data;
  g_autoptr (GBytes) bytes = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, NULL);
  relay->reading = FALSE;
  if (relay->tunnel != NULL)
    {
      if (bytes == NULL || g_bytes_get_size (bytes) == 0)
        end_relay (relay);
      else
        {
          relay->tunnel_full = bowline_tunnel_send_binary (relay->tunnel, bytes) > SEND_HIGH;
          read_more (relay);
        }
    }
  relay_unref (relay);
}

static void
read_more (BlAgentPortRelay *relay)
{
  if (relay->reading || relay->tunnel_full || relay->connection == NULL)
    return;
  relay->reading = TRUE;
  g_input_stream_read_bytes_async (g_io_stream_get_input_stream (G_IO_STREAM (relay->connection)), READ_SIZE,
                                   G_PRIORITY_DEFAULT, relay->cancellable, read_cb, relay_ref (relay));
}

void
bl_agent_port_relay_drained (BlAgentPortRelay *relay)
{
  relay->tunnel_full = FALSE;
  read_more (relay);
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BlAgentPortRelay *relay = user_data;
  g_autoptr (GError) error = NULL;
  GSocketConnection *connection = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (source), result, &error);
  if (relay->tunnel == NULL)
    g_clear_object (&connection);
  else if (connection == NULL)
    {
      g_message ("a port relay to %s port %u failed: %s", relay->address, relay->port, error->message);
      end_relay (relay);
    }
  else
    {
      relay->connection = connection;
      // The time to connect counts for reading too, and a screen may stand still for longer.
      g_socket_set_timeout (g_socket_connection_get_socket (connection), 0);
      write_more (relay);
      read_more (relay);
    }
  relay_unref (relay);
}

void
bl_agent_port_relay_start (BlAgentPortRelay *relay)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, CONNECT_SECONDS);
  g_socket_client_connect_to_host_async (client, relay->address, relay->port, relay->cancellable, connected_cb,
                                         relay_ref (relay));
}
