// SPDX-License-Identifier: Apache-2.0
// Streams "net.connect", "tls.connect" and "net.accept": TCP for a script, with or without TLS.

#include <gio/gio.h>
#include <unistd.h>

#include "bl-script-fd-peer.h"
#include "bl-script-tls.h"
#include "common/bl-variant.h"

#define CONNECT_TIMEOUT_S 15

// While connecting: the stream's peer. Kept until the connect comes back, also when the
// script has closed the stream meanwhile (STREAM is NULL then).
typedef struct
{
  BlScriptStream *stream;
  GCancellable *cancellable;
  GVariant *args; // of TLS, NULL without
} Connecting;

static void
connecting_free (Connecting *connecting)
{
  g_object_unref (connecting->cancellable);
  g_clear_pointer (&connecting->args, g_variant_unref);
  g_free (connecting);
}

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
open_plain (BlScriptStream *stream, int fd, GVariant *info)
{
  static const BlScriptFdPeerEvents events = { .ended = on_input_ended, .closed = on_closed };

  bl_script_fd_peer_new (stream, fd, -1, fd, &events, NULL);
  bl_script_stream_opened (stream, info);
}

static void
fail (BlScriptStream *stream, const GError *error)
{
  bl_script_stream_bind (stream, NULL, NULL);
  bl_script_stream_closed (stream, error);
}

// ---- TLS -------------------------------------------------------------------------------

// The stream's peer during the handshake.
typedef struct
{
  BlScriptStream *stream;
  BlScriptTls *tls;
} Shaking;

static void
shaking_close (BlScriptStream *stream, gpointer peer)
{
  Shaking *shaking = peer;

  bl_script_tls_cancel (shaking->tls);
  g_free (shaking);
}

static void
on_shaken (int fd, GVariant *info, const GError *error, gpointer data)
{
  Shaking *shaking = data;
  BlScriptStream *stream = shaking->stream;

  g_free (shaking);
  if (fd >= 0)
    open_plain (stream, fd, info);
  else
    fail (stream, error);
}

static void
open_tls (BlScriptStream *stream, int fd, GVariant *args)
{
  static const BlScriptStreamPeer peer = { .close = shaking_close };
  Shaking *shaking = g_new0 (Shaking, 1);
  g_autoptr (GError) error = NULL;

  shaking->stream = stream;
  shaking->tls = bl_script_tls_start (fd, args, on_shaken, shaking, &error);
  if (shaking->tls != NULL)
    {
      bl_script_stream_bind (stream, &peer, shaking);
      return;
    }
  g_free (shaking);
  fail (stream, error);
}

// ---- out -------------------------------------------------------------------------------

static void
on_connected (GObject *client, GAsyncResult *result, gpointer data)
{
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
    fail (stream, error);
  else if (fd >= 0 && connecting->args != NULL)
    open_tls (stream, fd, connecting->args);
  else if (fd >= 0)
    open_plain (stream, fd, NULL);
  connecting_free (connecting);
}

void
bl_script_net_open (BlScriptStream *stream, GVariant *args, gboolean tls)
{
  static const BlScriptStreamPeer peer = { .close = connecting_close };
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketClient) client = NULL;
  const char *host = bl_script_arg_string (args, "host", &error);
  const char *address = bl_variant_get_string (args, "address");
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
  connecting->args = tls ? g_variant_ref (args) : NULL;
  bl_script_stream_bind (stream, &peer, connecting);
  client = g_socket_client_new ();
  g_socket_client_set_timeout (client, CONNECT_TIMEOUT_S);
  g_socket_client_set_enable_proxy (client, FALSE);
  // The name that a certificate must have need not be where it is found.
  g_socket_client_connect_to_host_async (client, address != NULL ? address : host, (guint16) port, connecting->cancellable,
                                         on_connected, connecting);
}

// ---- in --------------------------------------------------------------------------------

void
bl_script_net_accept (BlScriptEnv *env, BlScriptStream *stream, GVariant *args)
{
  int fd = bl_script_env_take_accepted (env, bl_script_arg_int (args, "connection", 0));
  g_autoptr (GError) error = NULL;

  if (fd < 0)
    {
      error = g_error_new_literal (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "there is no such connection any more");
      bl_script_stream_closed (stream, error);
    }
  else if (bl_variant_get_bool (args, "server", FALSE))
    open_tls (stream, fd, args);
  else
    open_plain (stream, fd, NULL);
}
