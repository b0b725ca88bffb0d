// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-tunnel.h"

#include "bl-agent-memory.h"
#include "bl-agent-port-relay.h"
#include "bl-agent-socket.h"
#include "bl-table.h"
#include "common/bl-hash.h"
#include "common/bl-json.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <string.h>

#define WAIT_SECONDS 120 // from opening to the protocol number
#define PAUSED "The person at the device has paused remote sessions."
#define STOPPED "The person at the device ended the session."

struct _BlAgentTunnels
{
  BlAgentChannel *channel;
  BlAgentFeatures *features;
  BlAgentPresence *presence;
  GPtrArray *list; // BowlineTunnel, oldest first
  guint32 last_number;
};

static BlAgentTunnels *installed;

struct _BowlineTunnel
{
  gatomicrefcount count;
  BlAgentTunnels *tunnels; // NULL once it is over
  BlAgentSocket *socket;
  BlAgentPortRelay *port_relay;
  BowlineConsent *consent; // while the person at the device is asked
  GVariant *order;
  GVariant *options;
  guint32 rights;
  guint32 protocol;
  guint8 pin[BL_SHA384_SIZE];
  guint8 other_pin[BL_SHA384_SIZE]; // `servertlshash`, when the order has one
  gboolean has_other_pin;
  gboolean joined;
  gboolean chosen; // the viewer named the protocol
  gboolean started;
  gboolean counted; // in the sessions the server was told of
  gint64 start_time; // seconds since 1970
  guint32 number;
  guint wait_id;
  BowlineTunnelHandler handler;
  gpointer user_data;
};

// ---- what the server is told of running sessions -------------------------------------------------------------------

static const char *
session_type (const BowlineTunnel *tunnel)
{
  if (tunnel->port_relay != NULL)
    return "tcp";
  if (bl_tunnel_is_terminal (tunnel->protocol))
    return "terminal";
  if (bl_tunnel_is_files (tunnel->protocol))
    return "files";
  return tunnel->protocol == BL_TUNNEL_DESKTOP ? "kvm" : "app";
}

static void
report_sessions (BlAgentTunnels *tunnels, const char *type)
{
  g_autoptr (GHashTable) users = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < tunnels->list->len; i++)
    {
      BowlineTunnel *tunnel = tunnels->list->pdata[i];
      const char *user = bl_variant_get_string (tunnel->order, "userid");
      if (tunnel->counted && user != NULL && g_str_equal (session_type (tunnel), type))
        g_hash_table_insert (users, (gpointer)user,
                             GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (users, user)) + 1));
    }
  GVariantBuilder value, message;
  GHashTableIter iter;
  gpointer user, n;
  g_variant_builder_init (&value, G_VARIANT_TYPE_VARDICT);
  g_hash_table_iter_init (&iter, users);
  while (g_hash_table_iter_next (&iter, &user, &n))
    g_variant_builder_add (&value, "{sv}", user, g_variant_new_int64 (GPOINTER_TO_UINT (n)));
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "action", g_variant_new_string ("sessions"));
  g_variant_builder_add (&message, "{sv}", "type", g_variant_new_string (type));
  g_variant_builder_add (&message, "{sv}", "value", g_variant_builder_end (&value));
  g_autoptr (GVariant) frame = g_variant_ref_sink (g_variant_builder_end (&message));
  bl_agent_channel_send_json (tunnels->channel, frame);
}

// ---- life ----------------------------------------------------------------------------------------------------------

static void
tunnel_unref (BowlineTunnel *tunnel)
{
  if (!g_atomic_ref_count_dec (&tunnel->count))
    return;
  g_variant_unref (tunnel->order);
  g_clear_pointer (&tunnel->options, g_variant_unref);
  g_free (tunnel);
}

static void
end_tunnel (BowlineTunnel *tunnel)
{
  BlAgentTunnels *tunnels = tunnel->tunnels;
  if (tunnels == NULL)
    return;
  tunnel->tunnels = NULL;
  g_clear_handle_id (&tunnel->wait_id, g_source_remove);
  g_clear_pointer (&tunnel->consent, bl_agent_presence_withdraw);
  g_clear_pointer (&tunnel->socket, bl_agent_socket_free);
  const char *type = session_type (tunnel);
  if (tunnel->handler.closed != NULL)
    tunnel->handler.closed (tunnel, tunnel->user_data);
  g_clear_pointer (&tunnel->port_relay, bl_agent_port_relay_free);
  g_ptr_array_remove (tunnels->list, tunnel);
  if (tunnel->counted)
    {
      report_sessions (tunnels, type);
      bl_agent_presence_changed (tunnels->presence);
      bl_agent_memory_rest_later ();
    }
  tunnel_unref (tunnel);
}

static gboolean
wait_cb (gpointer user_data)
{
  BowlineTunnel *tunnel = user_data;
  tunnel->wait_id = 0;
  end_tunnel (tunnel);
  return G_SOURCE_REMOVE;
}

static void
send_text (BowlineTunnel *tunnel, const char *text)
{
  if (tunnel->socket != NULL)
    bl_agent_socket_send (tunnel->socket, BL_WS_TEXT, text, strlen (text));
}

static void
op_send_status (BowlineTunnel *tunnel, guint32 msgid, const char *text)
{
  g_autofree char *line = bl_tunnel_build_console (text, msgid);
  send_text (tunnel, line);
}

static void
mark_started (BowlineTunnel *tunnel)
{
  tunnel->started = TRUE;
  g_clear_handle_id (&tunnel->wait_id, g_source_remove);
  tunnel->counted = TRUE;
  tunnel->start_time = g_get_real_time () / G_USEC_PER_SEC;
  report_sessions (tunnel->tunnels, session_type (tunnel));
  bl_agent_presence_changed (tunnel->tunnels->presence);
}

static void
refuse (BowlineTunnel *tunnel, const char *reason)
{
  g_message ("a session ends: %s", reason);
  op_send_status (tunnel, 2, reason);
  if (tunnel->socket != NULL)
    bl_agent_socket_close (tunnel->socket);
}

// The person at the device, or the settings, decided.
static void
decided_cb (const char *refusal, gpointer user_data)
{
  BowlineTunnel *tunnel = user_data;
  if (refusal == NULL && tunnel->consent != NULL)
    op_send_status (tunnel, 0, NULL);
  g_clear_pointer (&tunnel->consent, bowline_consent_unref);
  if (refusal != NULL)
    {
      refuse (tunnel, refusal);
      return;
    }
  mark_started (tunnel);
  if (tunnel->port_relay != NULL)
    {
      bl_agent_port_relay_start (tunnel->port_relay);
      return;
    }
  bl_agent_features_open_tunnel (tunnel->tunnels->features, tunnel->protocol, tunnel);
  if (tunnel->tunnels != NULL && tunnel->handler.closed == NULL)
    end_tunnel (tunnel);
}

static void
ask_first (BowlineTunnel *tunnel)
{
  const gint64 asked = bl_variant_get_int (tunnel->options, "consent", 0);
  g_clear_handle_id (&tunnel->wait_id, g_source_remove); // the question has its own time
  BowlineConsent *consent
      = bl_agent_presence_ask (tunnel->tunnels->presence, tunnel, tunnel->protocol, tunnel->order,
                               (guint32)CLAMP (asked, 0, BL_CONSENT_ALL), decided_cb, tunnel);
  if (consent == NULL)
    return;
  tunnel->consent = consent;
  op_send_status (tunnel, 1, "Waiting for the person at the device to agree…");
}

static void
start_protocol (BowlineTunnel *tunnel, guint32 protocol)
{
  tunnel->chosen = TRUE;
  tunnel->protocol = protocol;
  if (bl_agent_presence_get_pause (tunnel->tunnels->presence) != 0)
    refuse (tunnel, PAUSED);
  else if (!bl_tunnel_allowed (protocol, tunnel->rights))
    refuse (tunnel, "Your rights on this device do not allow this.");
  else if (!bl_agent_features_serves_protocol (tunnel->tunnels->features, protocol))
    refuse (tunnel, "This agent does not offer this kind of session.");
  else
    ask_first (tunnel);
}

// ---- frames --------------------------------------------------------------------------------------------------------

static void
handle_control (BowlineTunnel *tunnel, const BlTunnelMsg *message)
{
  g_autofree char *answer = NULL;
  switch (message->type)
    {
    case BL_TUNNEL_MSG_RTT:
      answer = bl_tunnel_build_rtt (message);
      send_text (tunnel, answer);
      break;
    case BL_TUNNEL_MSG_PING:
      answer = bl_tunnel_build_simple (BL_TUNNEL_MSG_PONG);
      send_text (tunnel, answer);
      break;
    case BL_TUNNEL_MSG_CLOSE:
      bl_agent_socket_close (tunnel->socket);
      break;
    case BL_TUNNEL_MSG_OPTIONS:
      if (!tunnel->chosen && message->message != NULL)
        {
          GVariant *merged = bl_doc_merge (tunnel->options, message->message);
          g_variant_unref (tunnel->options);
          tunnel->options = merged;
        }
      break;
    default:
      if (tunnel->started && tunnel->handler.control != NULL && message->message != NULL)
        tunnel->handler.control (tunnel, message->message, tunnel->user_data);
      break;
    }
}

static void
handle_text (BowlineTunnel *tunnel, const guint8 *data, gsize length)
{
  g_auto (BlTunnelMsg) message = { 0 };
  g_autoptr (GError) error = NULL;
  if (!tunnel->joined)
    {
      tunnel->joined = (length == 1 && data[0] == 'c') || (length == 2 && memcmp (data, "cr", 2) == 0);
      if (tunnel->joined && bl_agent_presence_get_pause (tunnel->tunnels->presence) != 0)
        refuse (tunnel, PAUSED);
      else if (tunnel->joined && tunnel->port_relay != NULL)
        ask_first (tunnel); // what arrives meanwhile waits in the relay
      return;
    }
  if (tunnel->port_relay != NULL)
    return; // text frames of a port relay are pings of the server
  if (tunnel->started && length > 0 && data[0] == '{' && tunnel->handler.json != NULL)
    {
      g_autoptr (GVariant) object = bl_json_parse_object ((const char *)data, length, NULL, BL_JSON_DEFAULT, NULL);
      if (object != NULL && !bl_tunnel_has_ctrl_channel (object))
        {
          tunnel->handler.json (tunnel, object, tunnel->user_data);
          return;
        }
    }
  if (!bl_tunnel_msg_parse ((const char *)data, length, &message, &error))
    g_message ("a control message of a session was not understood: %s", error->message);
  else if (message.type != BL_TUNNEL_MSG_PROTOCOL)
    handle_control (tunnel, &message);
  else if (!tunnel->chosen)
    start_protocol (tunnel, message.protocol);
}

static void
message_cb (BlAgentSocket *socket, BlWsOpcode opcode, const guint8 *data, gsize length, gpointer user_data)
{
  BowlineTunnel *tunnel = bowline_tunnel_ref (user_data);
  if (opcode == BL_WS_TEXT)
    handle_text (tunnel, data, length);
  else if (tunnel->port_relay != NULL)
    bl_agent_port_relay_write (tunnel->port_relay, data, length);
  else if (tunnel->started && tunnel->handler.binary != NULL)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, length);
      tunnel->handler.binary (tunnel, bytes, tunnel->user_data);
    }
  tunnel_unref (tunnel);
}

static gboolean
accept_cb (BlAgentSocket *socket, GBytes *certificate, const guint8 *hash, gpointer user_data)
{
  const BowlineTunnel *tunnel = user_data;
  return bl_equal_ct (hash, tunnel->pin, sizeof tunnel->pin)
         || (tunnel->has_other_pin && bl_equal_ct (hash, tunnel->other_pin, sizeof tunnel->other_pin));
}

static void
opened_cb (BlAgentSocket *socket, gpointer user_data)
{
}

static void
drained_cb (BlAgentSocket *socket, gpointer user_data)
{
  BowlineTunnel *tunnel = user_data;
  if (tunnel->port_relay != NULL)
    bl_agent_port_relay_drained (tunnel->port_relay);
  else if (tunnel->started && tunnel->handler.drained != NULL)
    tunnel->handler.drained (tunnel, tunnel->user_data);
}

static void
closed_cb (BlAgentSocket *socket, const GError *error, gpointer user_data)
{
  if (error != NULL)
    g_message ("a session ended: %s", error->message);
  end_tunnel (user_data);
}

// ---- opening -------------------------------------------------------------------------------------------------------

BlAgentTunnels *
bl_agent_tunnels_new (BlAgentChannel *channel, BlAgentFeatures *features, BlAgentPresence *presence)
{
  BlAgentTunnels *tunnels = g_new0 (BlAgentTunnels, 1);
  tunnels->channel = channel;
  tunnels->features = features;
  tunnels->presence = presence;
  tunnels->list = g_ptr_array_new ();
  return tunnels;
}

void
bl_agent_tunnels_free (BlAgentTunnels *tunnels)
{
  if (tunnels == NULL)
    return;
  while (tunnels->list->len > 0)
    end_tunnel (tunnels->list->pdata[tunnels->list->len - 1]);
  if (installed == tunnels)
    installed = NULL;
  g_ptr_array_unref (tunnels->list);
  g_free (tunnels);
}

static void
open_socket (BowlineTunnel *tunnel, const char *url)
{
  static const BlAgentSocketEvents events = {
    .accept = accept_cb, .opened = opened_cb, .message = message_cb, .drained = drained_cb, .closed = closed_cb
  };
  g_autoptr (GBytes) session = bl_agent_channel_dup_session (tunnel->tunnels->channel);
  const BlAgentSocketOptions options = {
    .url = url,
    .proxy = bl_agent_channel_get_proxy (tunnel->tunnels->channel),
    .max_message = BL_AGENT_TUNNEL_MAX_MESSAGE,
    .session = session,
  };
  tunnel->socket = bl_agent_socket_new (&options, &events, tunnel);
  tunnel->wait_id = g_timeout_add_seconds (WAIT_SECONDS, wait_cb, tunnel);
}

// Returns: FALSE when the order asks for a port and may not, or garbles it.
static gboolean
prepare_port_relay (BowlineTunnel *tunnel, const char *value)
{
  g_auto (BlTunnelUrl) parts = { 0 };
  const gint64 port = bl_variant_get_int (tunnel->order, "tcpport", 0);
  const char *address = bl_variant_get_string (tunnel->order, "tcpaddr");
  if (bl_variant_has (tunnel->order, "udpport"))
    return FALSE;
  if (port == 0)
    return TRUE;
  if (port < 1 || port > 65535
      || (tunnel->rights != BL_RIGHT_ALL && (tunnel->rights & (BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_RELAY)) == 0))
    return FALSE;
  // An address without a kind is that of a router.
  tunnel->protocol
      = bl_tunnel_port_kind (bl_tunnel_url_parse (value, &parts, NULL) ? parts.protocol : BL_TUNNEL_NONE, (guint16)port);
  tunnel->port_relay
      = bl_agent_port_relay_new (tunnel, address != NULL ? address : "127.0.0.1", (guint16)port);
  return TRUE;
}

void
bl_agent_tunnels_open (BlAgentTunnels *tunnels, GVariant *order)
{
  g_autoptr (GError) error = NULL;
  const char *value = bl_variant_get_string (order, "value"), *pin = bl_variant_get_string (order, "servertlshash");
  const guint8 *hash = bl_agent_channel_get_certificate_hash (tunnels->channel);
  if (value == NULL || hash == NULL || tunnels->list->len >= BL_AGENT_MAX_TUNNELS)
    {
      g_warning ("a session is not opened: %s", value == NULL ? "the order has no address" : "too many sessions");
      return;
    }
  g_autofree char *url = bl_tunnel_url_resolve (value, bl_agent_channel_get_url (tunnels->channel), &error);
  if (url == NULL)
    {
      g_warning ("a session is not opened: %s", error->message);
      return;
    }
  const gint64 rights = bl_variant_get_int (order, "rights", 0);
  BowlineTunnel *tunnel = g_new0 (BowlineTunnel, 1);
  g_atomic_ref_count_init (&tunnel->count);
  tunnel->tunnels = tunnels;
  tunnel->number = ++tunnels->last_number;
  tunnel->order = g_variant_ref (order);
  tunnel->options = g_variant_ref (order);
  tunnel->rights = rights >= 0 && rights <= G_MAXUINT32 ? (guint32)rights : 0;
  memcpy (tunnel->pin, hash, sizeof tunnel->pin);
  tunnel->has_other_pin
      = pin != NULL && bl_hex_decode (pin, strlen (pin), tunnel->other_pin, sizeof tunnel->other_pin);
  g_ptr_array_add (tunnels->list, tunnel);
  if (prepare_port_relay (tunnel, value))
    open_socket (tunnel, url);
  else
    {
      g_warning ("a port relay is not opened: not a TCP port, or the user may not");
      end_tunnel (tunnel);
    }
}

// ---- behind <bowline/agent.h> --------------------------------------------------------------------------------------

static BowlineTunnel *
op_ref (BowlineTunnel *tunnel)
{
  g_atomic_ref_count_inc (&tunnel->count);
  return tunnel;
}

static void
op_get_info (BowlineTunnel *tunnel, BowlineTunnelInfo *info)
{
  const BowlineTunnelInfo full = {
    .struct_size = info->struct_size,
    .protocol = tunnel->protocol,
    .rights = tunnel->rights,
    .consent = (guint32)bl_variant_get_int (tunnel->order, "consent", 0),
    .user_id = bl_variant_get_string (tunnel->order, "userid"),
    .user_name = bl_variant_get_string (tunnel->order, "username"),
    .real_name = bl_variant_get_string (tunnel->order, "realname"),
    .guest_name = bl_variant_get_string (tunnel->order, "guestname"),
    .address = bl_variant_get_string (tunnel->order, "remoteaddr"),
    .session_id = bl_variant_get_string (tunnel->order, "sessionid"),
  };
  memcpy (info, &full, MIN (info->struct_size, sizeof full));
}

static GVariant *
op_dup_options (BowlineTunnel *tunnel)
{
  return g_variant_ref (tunnel->options);
}

static gsize
op_send_binary (BowlineTunnel *tunnel, GBytes *message)
{
  return tunnel->socket != NULL ? bl_agent_socket_send (tunnel->socket, BL_WS_BINARY, g_bytes_get_data (message, NULL),
                                                        g_bytes_get_size (message))
                                : 0;
}

static gsize
op_send_json (BowlineTunnel *tunnel, GVariant *message)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = bl_json_to_string (owned, &error);
  if (text == NULL)
    {
      g_warning ("a message of a session has no JSON form: %s", error->message);
      return 0;
    }
  return tunnel->socket != NULL ? bl_agent_socket_send (tunnel->socket, BL_WS_TEXT, text, strlen (text)) : 0;
}

static void
op_pause (BowlineTunnel *tunnel)
{
  if (tunnel->socket != NULL)
    bl_agent_socket_pause (tunnel->socket);
}

static void
op_resume (BowlineTunnel *tunnel)
{
  if (tunnel->socket != NULL)
    bl_agent_socket_resume (tunnel->socket);
}

static void
op_close (BowlineTunnel *tunnel)
{
  if (tunnel->socket != NULL)
    bl_agent_socket_close (tunnel->socket);
}

static void
op_log (BowlineTunnel *tunnel, guint32 msgid, GVariant *args, const char *text)
{
  static const char *const repeated[] = { "userid", "username", "sessionid", "remoteaddr", "guestname" };
  g_autoptr (GVariant) owned = args != NULL ? g_variant_ref_sink (args) : NULL;
  GVariantBuilder message;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "action", g_variant_new_string ("log"));
  g_variant_builder_add (&message, "{sv}", "msg", g_variant_new_string (text));
  g_variant_builder_add (&message, "{sv}", "msgid", g_variant_new_int64 (msgid));
  if (owned != NULL)
    g_variant_builder_add (&message, "{sv}", "msgArgs", owned);
  for (guint i = 0; i < G_N_ELEMENTS (repeated); i++)
    {
      const char *value = bl_variant_get_string (tunnel->order, repeated[i]);
      if (value != NULL)
        g_variant_builder_add (&message, "{sv}", repeated[i], g_variant_new_string (value));
    }
  g_autoptr (GVariant) frame = g_variant_ref_sink (g_variant_builder_end (&message));
  if (tunnel->tunnels != NULL)
    bl_agent_channel_send_json (tunnel->tunnels->channel, frame);
}

static void
op_set_handler (BowlineTunnel *tunnel, const BowlineTunnelHandler *handler, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  if (!bl_table_copy (&tunnel->handler, sizeof tunnel->handler, handler, sizeof tunnel->handler, "tunnel handler", &error))
    g_warning ("%s", error->message);
  tunnel->user_data = user_data;
}

// ---- behind <bowline/presence.h> -----------------------------------------------------------------------------------

static gboolean
op_register_presence (BowlineHost *host, const BowlineAgentPresence *table, gpointer user_data, GError **error)
{
  return bl_agent_presence_register (installed->presence, host, table, user_data, error);
}

static GPtrArray *
op_list (BowlineHost *host)
{
  GPtrArray *list = g_ptr_array_new ();
  for (guint i = 0; installed != NULL && i < installed->list->len; i++)
    {
      BowlineTunnel *tunnel = installed->list->pdata[i];
      if (tunnel->counted)
        g_ptr_array_add (list, tunnel);
    }
  return list;
}

static gint64
op_get_started (BowlineTunnel *tunnel)
{
  return tunnel->start_time;
}

static guint32
op_get_number (BowlineTunnel *tunnel)
{
  return tunnel->number;
}

static void
op_stop (BowlineTunnel *tunnel, const char *reason)
{
  if (tunnel->tunnels != NULL)
    refuse (tunnel, reason != NULL ? reason : STOPPED);
}

static void
op_pause_all (BowlineHost *host, gint64 until)
{
  if (installed == NULL)
    return;
  bl_agent_presence_pause (installed->presence, until);
  if (bl_agent_presence_get_pause (installed->presence) == 0)
    return;
  g_autoptr (GPtrArray) running = op_list (host);
  for (guint i = 0; i < running->len; i++)
    op_stop (running->pdata[i], PAUSED);
}

static gint64
op_get_pause (BowlineHost *host)
{
  return installed != NULL ? bl_agent_presence_get_pause (installed->presence) : 0;
}

static const char *
op_get_server (BowlineHost *host)
{
  return installed != NULL ? bl_agent_channel_get_url (installed->channel) : NULL;
}

void
bl_agent_tunnels_install (BlAgentTunnels *tunnels)
{
  static const BowlineTunnelOps ops = {
    .ref = op_ref, .unref = tunnel_unref, .get_info = op_get_info, .dup_options = op_dup_options,
    .send_binary = op_send_binary, .send_json = op_send_json, .send_status = op_send_status, .pause = op_pause,
    .resume = op_resume, .close = op_close, .log = op_log, .set_handler = op_set_handler,
  };
  static const BowlinePresenceOps presence_ops = {
    .register_agent_presence = op_register_presence, .list_tunnels = op_list, .get_started = op_get_started,
    .get_number = op_get_number,
    .stop = op_stop, .pause = op_pause_all, .get_pause = op_get_pause, .get_server = op_get_server,
  };
  installed = tunnels;
  bowline_private_install_tunnel_ops (&ops);
  bowline_private_install_presence_ops (&presence_ops);
}
