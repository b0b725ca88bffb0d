// SPDX-License-Identifier: Apache-2.0
// Streams "net.listen" and "udp.bind": ports of this machine for a script. Only loopback addresses, unless the allow list
// has "public.listen" (see the runner).

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "bl-script-private.h"
#include "common/bl-variant.h"

#define BACKLOG 32
#define ACCEPTS_A_TURN 16
#define DATAGRAM_MAX 65536
#define LOOPBACK "127.0.0.1"

typedef struct
{
  BlScriptStream *stream;
  BlScriptEnv *env;
  GSocket *socket;
  GSource *source;
  guint untaken; // datagrams the script has not taken yet
} Port;

static GSocketAddress *
get_address (GVariant *args, const char *key, const char *otherwise, GError **error)
{
  const char *host = bl_variant_get_string (args, key);
  gint64 port = bl_script_arg_int (args, "port", 0);
  GSocketAddress *address = port >= 0 && port < 65536
                                ? g_inet_socket_address_new_from_string (host != NULL ? host : otherwise, (guint) port)
                                : NULL;

  if (address == NULL)
    g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "an IP address and a port from 0 to 65535 are expected");
  return address;
}

gboolean
bl_script_listen_is_public (GVariant *args)
{
  g_autoptr (GSocketAddress) address = get_address (args, "host", LOOPBACK, NULL);

  return address != NULL && !g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}

static void
add_address (GVariantDict *dict, const char *name_key, const char *port_key, GSocketAddress *address)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  g_autofree char *text = g_inet_address_to_string (g_inet_socket_address_get_address (inet));

  g_variant_dict_insert (dict, name_key, "s", text);
  g_variant_dict_insert (dict, port_key, "x", (gint64) g_inet_socket_address_get_port (inet));
}

static void
port_close (BlScriptStream *stream, gpointer peer)
{
  Port *port = peer;

  if (port->source != NULL)
    {
      g_source_destroy (port->source);
      g_source_unref (port->source);
    }
  g_object_unref (port->socket);
  g_free (port);
}

static GSocket *
make_socket (GVariant *args, GSocketType type, GError **error)
{
  g_autoptr (GSocketAddress) address = get_address (args, "host", LOOPBACK, error);
  g_autoptr (GSocket) socket = NULL;
  gboolean stream = type == G_SOCKET_TYPE_STREAM;

  if (address == NULL)
    return NULL;
  socket = g_socket_new (g_socket_address_get_family (address), type,
                         stream ? G_SOCKET_PROTOCOL_TCP : G_SOCKET_PROTOCOL_UDP, error);
  if (socket == NULL || !g_socket_bind (socket, address, stream || bl_variant_get_bool (args, "reuse", FALSE), error))
    return NULL;
  g_socket_set_blocking (socket, FALSE);
  if (stream)
    g_socket_set_listen_backlog (socket, BACKLOG);
  if (stream && !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

static void
open_port (BlScriptEnv *env, BlScriptStream *stream, GVariant *args, GSocketType type, const BlScriptStreamPeer *peer,
           GSocketSourceFunc callback)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = make_socket (args, type, &error);
  g_autoptr (GSocketAddress) local = socket != NULL ? g_socket_get_local_address (socket, &error) : NULL;
  GVariantDict info;
  Port *port;

  if (local == NULL)
    {
      bl_script_stream_closed (stream, error);
      return;
    }
  port = g_new0 (Port, 1);
  port->stream = stream;
  port->env = env;
  port->socket = g_steal_pointer (&socket);
  port->source = g_socket_create_source (port->socket, G_IO_IN, NULL);
  g_source_set_callback (port->source, G_SOURCE_FUNC (callback), port, NULL);
  g_source_attach (port->source, g_main_context_get_thread_default ());
  bl_script_stream_bind (stream, peer, port);
  g_variant_dict_init (&info, NULL);
  add_address (&info, "address", "port", local);
  bl_script_stream_opened (stream, g_variant_dict_end (&info));
}

// ---- TCP -------------------------------------------------------------------------------

static void
tell_connection (Port *port, GSocket *accepted)
{
  g_autoptr (GSocketAddress) remote = g_socket_get_remote_address (accepted, NULL);
  int fd = remote != NULL ? dup (g_socket_get_fd (accepted)) : -1;
  gint number = fd >= 0 ? bl_script_env_add_accepted (port->env, fd) : 0;
  GVariantDict event;

  // Too many that nobody took: the peer sees its connection closed.
  if (number == 0)
    return;
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "event", "s", "accepted");
  g_variant_dict_insert (&event, "connection", "x", (gint64) number);
  add_address (&event, "remoteAddress", "remotePort", remote);
  bl_script_stream_event (port->stream, g_variant_dict_end (&event));
}

static gboolean
on_connection (GSocket *socket, GIOCondition condition, gpointer data)
{
  for (guint i = 0; i < ACCEPTS_A_TURN; i++)
    {
      g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, NULL);

      if (accepted == NULL)
        break;
      tell_connection (data, accepted);
    }
  return G_SOURCE_CONTINUE;
}

void
bl_script_listen_open (BlScriptEnv *env, BlScriptStream *stream, GVariant *args)
{
  static const BlScriptStreamPeer peer = { .close = port_close };

  open_port (env, stream, args, G_SOCKET_TYPE_STREAM, &peer, on_connection);
}

// ---- UDP -------------------------------------------------------------------------------

static gboolean
on_datagram (GSocket *socket, GIOCondition condition, gpointer data)
{
  Port *port = data;
  g_autoptr (GSocketAddress) from = NULL;
  g_autofree char *bytes = g_malloc (DATAGRAM_MAX);
  gssize size = g_socket_receive_from (socket, &from, bytes, DATAGRAM_MAX, NULL, NULL);
  GVariantDict event;

  // A script that is behind loses datagrams, as a program that is behind does.
  if (size < 0 || from == NULL || port->untaken >= BL_SCRIPT_DATAGRAMS_MAX)
    return G_SOURCE_CONTINUE;
  port->untaken++;
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "event", "s", "datagram");
  add_address (&event, "address", "port", from);
  g_variant_dict_insert_value (&event, "data", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, (gsize) size, 1));
  bl_script_stream_event (port->stream, g_variant_dict_end (&event));
  return G_SOURCE_CONTINUE;
}

static gboolean
send_datagram (Port *port, GVariant *args, GError **error)
{
  g_autoptr (GSocketAddress) to = get_address (args, "host", LOOPBACK, error);
  g_autoptr (GVariant) data = g_variant_lookup_value (args, "data", G_VARIANT_TYPE_BYTESTRING);
  gsize size = 0;
  const char *bytes = data != NULL ? g_variant_get_fixed_array (data, &size, 1) : "";

  return to != NULL && g_socket_send_to (port->socket, to, bytes, size, NULL, error) >= 0;
}

static gboolean
set_membership (Port *port, GVariant *args, gboolean join, GError **error)
{
  const char *text = bl_variant_get_string (args, "group"), *iface = bl_variant_get_string (args, "interface");
  g_autoptr (GInetAddress) group = text != NULL ? g_inet_address_new_from_string (text) : NULL;

  if (group == NULL || !g_inet_address_get_is_multicast (group))
    {
      g_set_error_literal (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "the address of a multicast group is expected");
      return FALSE;
    }
  return join ? g_socket_join_multicast_group (port->socket, group, FALSE, iface, error)
              : g_socket_leave_multicast_group (port->socket, group, FALSE, iface, error);
}

static void
udp_control (BlScriptStream *stream, GVariant *args, gpointer peer)
{
  Port *port = peer;
  const char *op = bl_variant_get_string (args, "op");
  gint64 value = bl_script_arg_int (args, "value", 0);
  g_autoptr (GError) error = NULL;
  GVariantDict event;

  if (g_strcmp0 (op, "taken") == 0)
    port->untaken -= MIN (port->untaken, 1);
  else if (g_strcmp0 (op, "send") == 0)
    send_datagram (port, args, &error);
  else if (g_strcmp0 (op, "join") == 0 || g_strcmp0 (op, "leave") == 0)
    set_membership (port, args, g_str_equal (op, "join"), &error);
  else if (g_strcmp0 (op, "broadcast") == 0)
    g_socket_set_broadcast (port->socket, value != 0);
  else if (g_strcmp0 (op, "ttl") == 0)
    g_socket_set_multicast_ttl (port->socket, (guint) CLAMP (value, 0, 255));
  else if (g_strcmp0 (op, "loopback") == 0)
    g_socket_set_multicast_loopback (port->socket, value != 0);
  if (error == NULL)
    return;
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "event", "s", "problem");
  g_variant_dict_insert (&event, "message", "s", error->message);
  bl_script_stream_event (stream, g_variant_dict_end (&event));
}

void
bl_script_udp_open (BlScriptEnv *env, BlScriptStream *stream, GVariant *args)
{
  static const BlScriptStreamPeer peer = { .control = udp_control, .close = port_close };

  open_port (env, stream, args, G_SOCKET_TYPE_DATAGRAM, &peer, on_datagram);
}
