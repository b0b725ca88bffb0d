// SPDX-License-Identifier: Apache-2.0
// Stream "net.connect": a TCP connection for a script.

#include <gio/gio.h>
#include <unistd.h>

#include "bl-script-fd-peer.h"

#define CONNECT_TIMEOUT_S 15

// While connecting: the stream's peer. Kept until the connect comes back, also when the
// script has closed the stream meanwhile (STREAM is NULL then).
typedef struct
{
  BlScriptStream *stream;
  GCancellable *cancellable;
} Connecting;

static void
connecting_close (BlScriptStream *stream, gpointer peer)
{
  Connecting *connecting = peer;

  connecting->stream = NULL;
  g_cancellable_cancel (connecting->cancellable);
}

static void
on_input_ended (BlScriptFdPeer *peer, gpointer owner)
{
  bl_script_stream_closed (bl_script_fd_peer_get_stream (peer), NULL);
}

static void
on_closed (gpointer owner)
{
}

static void
on_connected (GObject *client, GAsyncResult *result, gpointer data)
{
  static const BlScriptFdPeerEvents events = { .ended = on_input_ended, .closed = on_closed };
  Connecting *connecting = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host_finish (G_SOCKET_CLIENT (client), result, &error);
  BlScriptStream *stream = connecting->stream;
  int fd = -1;

  connecting->stream = NULL;
  if (connection != NULL && stream != NULL)
    {
      fd = dup (g_socket_get_fd (g_socket_connection_get_socket (connection)));
      if (fd < 0)
        error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "no descriptor left");
    }
  if (stream != NULL && fd < 0)
    {
      bl_script_stream_bind (stream, NULL, NULL);
      bl_script_stream_closed (stream, error);
    }
  if (fd >= 0)
    {
      bl_script_fd_peer_new (stream, fd, -1, fd, &events, NULL);
      bl_script_stream_opened (stream, NULL);
    }
  g_object_unref (connecting->cancellable);
  g_free (connecting);
}

void
bl_script_net_open (BlScriptStream *stream, GVariant *args)
{
  static const BlScriptStreamPeer peer = { .close = connecting_close };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = NULL;
  const char *host = bl_script_arg_string (args, "host", &error);
  gint64 port = bl_script_arg_int (args, "port", 0);
  Connecting *connecting;

  if (error == NULL && (port < 1 || port > 65535))
    error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "argument \"port\": 1 to 65535 is expected");
  if (error != NULL)
    {
      bl_script_stream_closed (stream, error);
      return;
    }
  connecting = g_new0 (Connecting, 1);
  connecting->stream = stream;
  connecting->cancellable = g_cancellable_new ();
  bl_script_stream_bind (stream, &peer, connecting);
  client = g_socket_client_new ();
  g_socket_client_set_timeout (client, CONNECT_TIMEOUT_S);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_connect_to_host_async (client, host, (guint16) port, connecting->cancellable, on_connected, connecting);
}
