// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-script-tunnel.h"

#include "bl-agent-socket.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_MESSAGE (4u * 1024u * 1024u)

typedef struct
{
  BlScriptStream *stream; // NULL once it is over
  BlAgentSocket *socket;
  guint8 pin[BL_SHA384_SIZE];
  guint8 other_pin[BL_SHA384_SIZE];
  gboolean has_other_pin;
  gboolean over;    // the socket has ended
  gsize unreported; // bytes given to the socket that the script does not know to have left
} ScriptTunnel;

// ---- the socket's events -------------------------------------------------------------------------------------------

static gboolean
accept_cb (BlAgentSocket *socket, GBytes *certificate, const guint8 *hash, gpointer user_data)
{
  const ScriptTunnel *tunnel = user_data;
  return bl_equal_ct (hash, tunnel->pin, sizeof tunnel->pin)
         || (tunnel->has_other_pin && bl_equal_ct (hash, tunnel->other_pin, sizeof tunnel->other_pin));
}

static void
opened_cb (BlAgentSocket *socket, gpointer user_data)
{
  const ScriptTunnel *tunnel = user_data;
  if (tunnel->stream != NULL)
    bl_script_stream_opened (tunnel->stream, NULL);
}

static void
message_cb (BlAgentSocket *socket, BlWsOpcode opcode, const guint8 *data, gsize length, gpointer user_data)
{
  const ScriptTunnel *tunnel = user_data;
  g_autoptr (GBytes) bytes = g_bytes_new (data, length);
  if (tunnel->stream != NULL)
    bl_script_stream_received (tunnel->stream, bytes, opcode == BL_WS_TEXT);
}

static void
drained_cb (BlAgentSocket *socket, gpointer user_data)
{
  ScriptTunnel *tunnel = user_data;
  if (tunnel->stream != NULL)
    bl_script_stream_written (tunnel->stream, tunnel->unreported);
  tunnel->unreported = 0;
}

static void
closed_cb (BlAgentSocket *socket, const GError *error, gpointer user_data)
{
  ScriptTunnel *tunnel = user_data;
  BlScriptStream *stream = g_steal_pointer (&tunnel->stream);
  tunnel->over = TRUE;
  if (stream != NULL)
    bl_script_stream_closed (stream, error);
  bl_agent_socket_free (tunnel->socket);
  g_free (tunnel);
}

// ---- the script's side ---------------------------------------------------------------------------------------------

static void
peer_write (BlScriptStream *stream, GBytes *data, gboolean text, gpointer peer)
{
  ScriptTunnel *tunnel = peer;
  gsize length;
  const void *bytes = g_bytes_get_data (data, &length);
  gsize waiting = bl_agent_socket_send (tunnel->socket, text ? BL_WS_TEXT : BL_WS_BINARY, bytes, length);
  tunnel->unreported += length;
  if (waiting <= BL_AGENT_SOCKET_HIGH_WATER)
    drained_cb (tunnel->socket, tunnel);
}

static void
peer_set_paused (BlScriptStream *stream, gboolean paused, gpointer peer)
{
  ScriptTunnel *tunnel = peer;
  if (paused)
    bl_agent_socket_pause (tunnel->socket);
  else
    bl_agent_socket_resume (tunnel->socket);
}

// What waits still leaves; the end of the socket frees the rest.
static void
peer_close (BlScriptStream *stream, gpointer peer)
{
  ScriptTunnel *tunnel = peer;
  tunnel->stream = NULL;
  if (!tunnel->over)
    {
      bl_agent_socket_resume (tunnel->socket);
      bl_agent_socket_close (tunnel->socket);
    }
}

void
bl_agent_script_tunnel_open (BlAgentChannel *channel, const guint8 *other_pin, BlScriptStream *stream, GVariant *args)
{
  static const BlAgentSocketEvents events = {
    .accept = accept_cb, .opened = opened_cb, .message = message_cb, .drained = drained_cb, .closed = closed_cb
  };
  static const BlScriptStreamPeer peer = { .write = peer_write, .set_paused = peer_set_paused, .close = peer_close };
  const guint8 *pin = bl_agent_channel_get_certificate_hash (channel);
  const char *url = bl_variant_get_string (args, "url");
  if (pin == NULL || url == NULL || !g_str_has_prefix (url, "wss://"))
    {
      g_autoptr (GError) error = g_error_new (BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED,
                                              pin == NULL ? "there is no server" : "a wss:// address is expected");
      bl_script_stream_closed (stream, error);
      return;
    }
  g_autoptr (GBytes) session = bl_agent_channel_dup_session (channel);
  const BlAgentSocketOptions options = {
    .url = url, .proxy = bl_agent_channel_get_proxy (channel), .max_message = MAX_MESSAGE, .session = session,
  };
  ScriptTunnel *tunnel = g_new0 (ScriptTunnel, 1);
  tunnel->stream = stream;
  memcpy (tunnel->pin, pin, sizeof tunnel->pin);
  tunnel->has_other_pin = other_pin != NULL;
  if (other_pin != NULL)
    memcpy (tunnel->other_pin, other_pin, sizeof tunnel->other_pin);
  bl_script_stream_bind (stream, &peer, tunnel);
  tunnel->socket = bl_agent_socket_new (&options, &events, tunnel);
}
