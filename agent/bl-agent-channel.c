// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-channel.h"

#include "bl-agent-network.h"
#include "bl-agent-proxy.h"
#include "bl-agent-socket.h"
#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-json.h"
#include "common/bl-rate.h"

#include <string.h>

#define TRUST_FILE "server.hash" // hash of the web certificate this server last proved itself with
#define TICK_SECONDS 5 // a sleeping machine should sleep

typedef struct
{
  char *url;
  guint8 id[BL_ID48_SIZE];
} Server;

struct _BlAgentChannel
{
  BlAgentChannelOptions options; // strings are owned
  const BlAgentChannelEvents *events;
  gpointer user_data;
  GArray *servers; // Server
  guint current;
  guint8 mesh_id[BL_ID48_SIZE];
  char *proxy;
  char *trust_path;
  guint8 trusted_hash[BL_SHA384_SIZE];
  gboolean has_trusted_hash;

  BlAgentSocket *socket;
  BlBackoff backoff;
  guint retry_id;
  guint tick_id;
  GBytes *session;
  guint8 web_hash[BL_SHA384_SIZE];
  guint8 own_nonce[BL_SHA384_SIZE];
  guint8 server_nonce[BL_SHA384_SIZE];
  gboolean has_server_nonce;
  gboolean skipped_proof; // we sent 4: this certificate was proven before
  gboolean server_proven;
  gboolean confirmed; // the server sent 4
  gboolean connected;
  gint64 ping_sent_us;
  gint64 opened_us;
  gint64 slept_us; // by the machine, when last looked
  char *status;
  gboolean explained; // why this connection does not come to anything
};

static void schedule_retry (BlAgentChannel *self);

static void G_GNUC_PRINTF (3, 4)
set_status (BlAgentChannel *self, gboolean good, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (g_strcmp0 (text, self->status) == 0)
    return;
  g_free (self->status);
  self->status = g_strdup (text);
  self->events->status (text, good, self->user_data);
}

static Server *
current_server (BlAgentChannel *self)
{
  return &g_array_index (self->servers, Server, self->current);
}

static void
send_bytes (BlAgentChannel *self, GBytes *frame)
{
  bl_agent_socket_send (self->socket, BL_WS_BINARY, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
  g_bytes_unref (frame);
}

// ---- the certificate that needs no second proof --------------------------------------------------------------------

static void
load_trusted_hash (BlAgentChannel *self)
{
  g_autofree char *text = NULL;
  gsize length;
  if (g_file_get_contents (self->trust_path, &text, &length, NULL) && length == 2 * BL_SHA384_SIZE)
    self->has_trusted_hash = bl_hex_decode (text, length, self->trusted_hash, sizeof self->trusted_hash);
}

static void
keep_trusted_hash (BlAgentChannel *self)
{
  if (self->has_trusted_hash && memcmp (self->trusted_hash, self->web_hash, sizeof self->web_hash) == 0)
    return;
  memcpy (self->trusted_hash, self->web_hash, sizeof self->web_hash);
  self->has_trusted_hash = TRUE;
  g_autoptr (GError) error = NULL;
  g_autofree char *hex = bl_hex_encode (self->web_hash, sizeof self->web_hash, FALSE);
  if (!g_file_set_contents_full (self->trust_path, hex, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_warning ("the server's proof is not kept, the next start is slower: %s", error->message);
}

// ---- handshake -----------------------------------------------------------------------------------------------------

static void
send_auth_info (BlAgentChannel *self)
{
  BlAgentAuthInfo info = {
    .info_version = 1,
    .agent_id = self->options.agent_id,
    .platform = self->options.platform,
    .capabilities = self->options.capabilities,
    .name = self->options.name,
    .name_len = strlen (self->options.name),
  };
  memcpy (info.mesh_id, self->mesh_id, sizeof info.mesh_id);
  send_bytes (self, bl_agent_write_auth_info (&info));
  bl_backoff_reset (&self->backoff);
}

static void
maybe_connected (BlAgentChannel *self)
{
  if (self->connected || !self->server_proven || !self->confirmed)
    return;
  const char *tag = bl_msh_get (self->options.msh, "Tag");
  self->connected = TRUE;
  send_bytes (self, bl_agent_write_tag (tag != NULL ? tag : ""));
  set_status (self, TRUE, "connected to %s", current_server (self)->url);
  self->events->connected (self->user_data);
}

static void
opened_cb (BlAgentSocket *socket, gpointer user_data)
{
  BlAgentChannel *self = user_data;
  self->opened_us = g_get_monotonic_time ();
  bl_random_bytes (self->own_nonce, sizeof self->own_nonce);
  self->skipped_proof
      = self->has_trusted_hash && memcmp (self->trusted_hash, self->web_hash, sizeof self->web_hash) == 0;
  send_bytes (self, bl_agent_write_text (BL_AGENT_COMMIT_DATE, self->options.version));
  send_bytes (self, bl_agent_write_text (BL_AGENT_HOST_INFO, self->options.host_info));
  send_bytes (self, bl_agent_write_server_id (current_server (self)->id));
  if (self->skipped_proof)
    send_bytes (self, bl_agent_write_auth_confirm ());
  send_bytes (self, bl_agent_write_auth_request (self->web_hash, self->own_nonce));
  if (self->skipped_proof)
    {
      // This very certificate was shown by the server when it last proved itself, and TLS proves its key.
      self->server_proven = TRUE;
      send_auth_info (self);
    }
}

static void
prove_ourselves (BlAgentChannel *self)
{
  guint8 signed_data[3 * BL_SHA384_SIZE];
  g_autoptr (GError) error = NULL;
  memcpy (signed_data, self->web_hash, BL_SHA384_SIZE);
  memcpy (signed_data + BL_SHA384_SIZE, self->server_nonce, BL_SHA384_SIZE);
  memcpy (signed_data + 2 * BL_SHA384_SIZE, self->own_nonce, BL_SHA384_SIZE);
  g_autoptr (GBytes) signature
      = bl_agent_identity_sign (self->options.identity, signed_data, sizeof signed_data, &error);
  if (signature == NULL)
    {
      g_warning ("the handshake cannot go on: %s", error->message);
      return;
    }
  GBytes *certificate = bl_agent_identity_get_certificate (self->options.identity);
  send_bytes (self, bl_agent_write_auth_verify (g_bytes_get_data (certificate, NULL), g_bytes_get_size (certificate),
                                                g_bytes_get_data (signature, NULL), g_bytes_get_size (signature)));
}

static void G_GNUC_PRINTF (2, 3)
explain (BlAgentChannel *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  self->explained = TRUE;
  set_status (self, FALSE, "%s: %s", current_server (self)->url, text);
}

static void
handle_auth_request (BlAgentChannel *self, const BlAgentMsg *message)
{
  if (self->has_server_nonce)
    return;
  if (!bl_equal_ct (message->auth_request.web_hash, self->web_hash, BL_SHA384_SIZE))
    {
      explain (self, "the server expects another TLS certificate than it shows; something stands between");
      return;
    }
  memcpy (self->server_nonce, message->auth_request.nonce, BL_SHA384_SIZE);
  self->has_server_nonce = TRUE;
  prove_ourselves (self);
}

static void
handle_auth_verify (BlAgentChannel *self, const BlAgentMsg *message)
{
  guint8 key_hash[BL_SHA384_SIZE];
  g_autoptr (GError) error = NULL;
  if (self->server_proven || !self->has_server_nonce)
    return;
  const BlSlice parts[] = {
    { self->web_hash, BL_SHA384_SIZE }, { self->own_nonce, BL_SHA384_SIZE }, { self->server_nonce, BL_SHA384_SIZE }
  };
  if (!bl_keyhash (message->auth_verify.cert, message->auth_verify.cert_len, key_hash, &error)
      || !bl_equal_ct (key_hash, current_server (self)->id, sizeof key_hash))
    {
      explain (self, "this is another server than the settings name (its ServerID differs)");
      return;
    }
  if (!bl_agent_verify (message->auth_verify.cert, message->auth_verify.cert_len, parts, G_N_ELEMENTS (parts),
                        message->auth_verify.signature, message->auth_verify.signature_len, NULL, &error))
    {
      explain (self, "the server's signature is wrong: %s", error->message);
      return;
    }
  self->server_proven = TRUE;
  keep_trusted_hash (self);
  send_auth_info (self);
  maybe_connected (self);
}

static void
handle_command (BlAgentChannel *self, const BlAgentMsg *message)
{
  switch (message->command)
    {
    case BL_AGENT_AUTH_REQUEST:
      handle_auth_request (self, message);
      break;
    case BL_AGENT_AUTH_VERIFY:
      handle_auth_verify (self, message);
      break;
    case BL_AGENT_AUTH_CONFIRM:
      self->confirmed = TRUE;
      maybe_connected (self);
      break;
    default:
      if (self->connected && message->command >= BL_AGENT_CORE_MODULE)
        self->events->command (message, self->user_data);
      break;
    }
}

static void
message_cb (BlAgentSocket *socket, BlWsOpcode opcode, const guint8 *data, gsize length, gpointer user_data)
{
  BlAgentChannel *self = user_data;
  g_autoptr (GError) error = NULL;
  if (bl_agent_msg_is_json (data, length))
    {
      if (!self->connected)
        return;
      const BlJsonLimits limits = { .max_bytes = BL_AGENT_MAX_FROM_SERVER };
      g_autoptr (GVariant) message = bl_json_parse_object ((const char *)data, length, &limits, BL_JSON_DEFAULT, &error);
      if (message != NULL)
        self->events->json (message, self->user_data);
      else
        g_message ("a message of the server was not understood: %s", error->message);
      return;
    }
  BlAgentMsg message;
  if (bl_agent_msg_parse_from_server (data, length, &message, &error))
    handle_command (self, &message);
  else
    g_message ("a command of the server was not understood: %s", error->message);
}

static gboolean
accept_cb (BlAgentSocket *socket, GBytes *certificate, const guint8 *hash, gpointer user_data)
{
  // Any certificate may begin the handshake, which proves the server by its own signature over this hash.
  memcpy (((BlAgentChannel *)user_data)->web_hash, hash, BL_SHA384_SIZE);
  return TRUE;
}

// ---- life cycle ----------------------------------------------------------------------------------------------------

static void
drop_socket (BlAgentChannel *self)
{
  const gboolean was_connected = self->connected;
  if (self->socket != NULL && self->server_proven)
    {
      g_clear_pointer (&self->session, g_bytes_unref);
      self->session = bl_agent_socket_dup_session (self->socket);
    }
  g_clear_pointer (&self->socket, bl_agent_socket_free);
  self->connected = self->server_proven = self->confirmed = self->has_server_nonce = FALSE;
  self->ping_sent_us = self->opened_us = 0;
  self->explained = FALSE;
  if (was_connected)
    self->events->disconnected (self->user_data);
}

static void
closed_cb (BlAgentSocket *socket, const GError *error, gpointer user_data)
{
  BlAgentChannel *self = user_data;
  if (error != NULL)
    set_status (self, FALSE, "%s: %s", current_server (self)->url, error->message);
  else if (self->connected)
    set_status (self, FALSE, "%s closed the connection", current_server (self)->url);
  else
    set_status (self, FALSE, "%s closed the connection during the handshake", current_server (self)->url);
  drop_socket (self);
  self->current = (self->current + 1) % self->servers->len;
  schedule_retry (self);
}

static void
pong_cb (BlAgentSocket *socket, gpointer user_data)
{
  ((BlAgentChannel *)user_data)->ping_sent_us = 0;
}

static void
connect_now (BlAgentChannel *self)
{
  static const BlAgentSocketEvents events = {
    .accept = accept_cb, .opened = opened_cb, .message = message_cb, .pong = pong_cb, .closed = closed_cb
  };
  g_autoptr (GUri) uri = g_uri_parse (current_server (self)->url, G_URI_FLAGS_NONE, NULL);
  g_free (self->proxy);
  self->proxy = bl_agent_proxy_find (self->options.msh, uri != NULL ? g_uri_get_host (uri) : "");
  const BlAgentSocketOptions options = {
    .url = current_server (self)->url,
    .proxy = self->proxy,
    .max_message = BL_AGENT_MAX_FROM_SERVER,
    .session = self->session,
  };
  self->socket = bl_agent_socket_new (&options, &events, self);
}

static gboolean
retry_cb (gpointer user_data)
{
  BlAgentChannel *self = user_data;
  self->retry_id = 0;
  connect_now (self);
  return G_SOURCE_REMOVE;
}

static void
schedule_retry (BlAgentChannel *self)
{
  if (self->retry_id == 0)
    self->retry_id = g_timeout_add (bl_backoff_next (&self->backoff, g_random_int ()), retry_cb, self);
}

// Gives a connection up; the same way as when the server had closed it.
static void
give_up (BlAgentChannel *self, const char *reason)
{
  g_autoptr (GError) error = g_error_new_literal (BL_ERROR, BL_ERROR_FAILED, reason);
  closed_cb (self->socket, error, self);
}

static void
send_ping (BlAgentChannel *self)
{
  self->ping_sent_us = g_get_monotonic_time ();
  bl_agent_socket_send (self->socket, BL_WS_PING, NULL, 0);
}

static void
connect_anew (BlAgentChannel *self)
{
  drop_socket (self);
  g_clear_handle_id (&self->retry_id, g_source_remove);
  bl_backoff_reset (&self->backoff);
  connect_now (self);
}

void
bl_agent_channel_look (BlAgentChannel *self)
{
  if (self->tick_id == 0)
    return;
  if (self->connected && bl_agent_socket_is_routed (self->socket))
    {
      if (self->ping_sent_us == 0)
        send_ping (self); // it may be the same address in another network
      return;
    }
  if (self->connected)
    set_status (self, FALSE, "%s: the network changed", current_server (self)->url);
  connect_anew (self);
}

static gboolean
tick_cb (gpointer user_data)
{
  BlAgentChannel *self = user_data;
  const gint64 now = g_get_monotonic_time (), slept = bl_agent_network_get_slept ();
  const gboolean woke = bl_agent_network_has_slept (self->slept_us, slept);
  self->slept_us = slept;
  if (woke)
    {
      bl_agent_channel_look (self);
      return G_SOURCE_CONTINUE;
    }
  if (self->socket == NULL || self->opened_us == 0)
    return G_SOURCE_CONTINUE;
  if (!self->connected)
    {
      if (now - self->opened_us > BL_AGENT_PATIENCE_SECONDS * G_USEC_PER_SEC && !self->explained)
        set_status (self, FALSE,
                    "%s holds the handshake: another server than the settings name answers there, or the device group is "
                    "gone", current_server (self)->url);
      if (now - self->opened_us > BL_AGENT_HOLD_SECONDS * G_USEC_PER_SEC)
        give_up (self, "the server does not answer the handshake; is the device group in the settings still there?");
    }
  else if (self->ping_sent_us != 0)
    {
      if (now - self->ping_sent_us > BL_AGENT_PONG_SECONDS * G_USEC_PER_SEC)
        give_up (self, "the server does not answer any more");
    }
  else if (now - bl_agent_socket_get_last_input (self->socket) > BL_AGENT_IDLE_SECONDS * G_USEC_PER_SEC)
    send_ping (self);
  return G_SOURCE_CONTINUE;
}

static void
clear_server (gpointer data)
{
  g_free (((Server *)data)->url);
}

static gboolean
read_servers (BlAgentChannel *self, GError **error)
{
  const char *urls = bl_msh_get (self->options.msh, "MeshServer"), *ids = bl_msh_get (self->options.msh, "ServerID");
  if (urls == NULL || ids == NULL)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "settings: %s is missing", urls == NULL ? "MeshServer" : "ServerID");
      return FALSE;
    }
  g_auto (GStrv) url_list = g_strsplit (urls, ",", 64);
  g_auto (GStrv) id_list = g_strsplit (ids, ",", 64);
  if (g_strv_length (url_list) != g_strv_length (id_list))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "settings: MeshServer has %u entries and ServerID %u",
                   g_strv_length (url_list), g_strv_length (id_list));
      return FALSE;
    }
  for (guint i = 0; url_list[i] != NULL; i++)
    {
      Server server = { .url = g_strdup (g_strstrip (url_list[i])) };
      const char *hex = g_strstrip (id_list[i]);
      const gsize length = strlen (hex);
      if (!g_str_has_prefix (server.url, "wss://")
          || !(bl_hex_decode (hex, length, server.id, BL_ID48_SIZE) || bl_hex_decode (hex, length, server.id, 32)))
        {
          g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                       "settings: server %u: expected wss://... and 96 or 64 hex digits, found \"%s\" and \"%s\"", i + 1,
                       server.url, hex);
          g_free (server.url);
          return FALSE;
        }
      g_array_append_val (self->servers, server);
    }
  return TRUE;
}

BlAgentChannel *
bl_agent_channel_new (const BlAgentChannelOptions *options, const BlAgentChannelEvents *events, gpointer user_data,
                      GError **error)
{
  g_autoptr (BlAgentChannel) self = g_new0 (BlAgentChannel, 1);
  self->options = *options;
  self->options.version = g_strdup (options->version);
  self->options.host_info = g_strdup (options->host_info);
  self->options.name = g_strdup (options->name);
  self->options.state_dir = NULL;
  self->events = events;
  self->user_data = user_data;
  self->servers = g_array_new (FALSE, TRUE, sizeof (Server));
  g_array_set_clear_func (self->servers, clear_server);
  self->trust_path = g_build_filename (options->state_dir, TRUST_FILE, NULL);
  bl_backoff_init (&self->backoff, options->retry_ms > 0 ? options->retry_ms : BL_AGENT_RETRY_MS,
                   options->retry_max_ms > 0 ? options->retry_max_ms : BL_AGENT_RETRY_MAX_MS);
  if (!read_servers (self, error) || !bl_msh_get_id48 (options->msh, "MeshID", self->mesh_id, error))
    return NULL;
  self->current = g_random_int_range (0, (gint32)self->servers->len);
  load_trusted_hash (self);
  return g_steal_pointer (&self);
}

void
bl_agent_channel_free (BlAgentChannel *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->retry_id, g_source_remove);
  g_clear_handle_id (&self->tick_id, g_source_remove);
  self->connected = FALSE; // the owner is going; it hears nothing any more
  drop_socket (self);
  g_clear_pointer (&self->session, g_bytes_unref);
  g_clear_pointer (&self->servers, g_array_unref);
  g_free ((char *)self->options.version);
  g_free ((char *)self->options.host_info);
  g_free ((char *)self->options.name);
  g_free (self->proxy);
  g_free (self->trust_path);
  g_free (self->status);
  g_free (self);
}

void
bl_agent_channel_start (BlAgentChannel *self)
{
  self->slept_us = bl_agent_network_get_slept ();
  self->tick_id = g_timeout_add_seconds (TICK_SECONDS, tick_cb, self);
  connect_now (self);
}

gboolean
bl_agent_channel_is_connected (BlAgentChannel *self)
{
  return self->connected;
}

gboolean
bl_agent_channel_send (BlAgentChannel *self, BlWsOpcode opcode, GBytes *frame)
{
  if (!self->connected)
    return FALSE;
  bl_agent_socket_send (self->socket, opcode, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
  return TRUE;
}

gboolean
bl_agent_channel_send_json (BlAgentChannel *self, GVariant *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = bl_json_from_variant (message, &error);
  if (text == NULL)
    {
      g_warning ("a message has no JSON form: %s", error->message);
      return FALSE;
    }
  return bl_agent_channel_send (self, BL_WS_TEXT, text);
}

const char *
bl_agent_channel_get_url (BlAgentChannel *self)
{
  return current_server (self)->url;
}

const guint8 *
bl_agent_channel_get_certificate_hash (BlAgentChannel *self)
{
  return self->server_proven ? self->web_hash : NULL;
}

const char *
bl_agent_channel_get_proxy (BlAgentChannel *self)
{
  return self->proxy;
}

GBytes *
bl_agent_channel_dup_session (BlAgentChannel *self)
{
  return self->socket != NULL ? bl_agent_socket_dup_session (self->socket) : NULL;
}
