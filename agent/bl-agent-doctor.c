// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-doctor.h"

#include "bl-agent-socket.h"
#include "common/bl-agent-msg.h"
#include "common/bl-error.h"
#include "common/bl-hash.h"

#include <string.h>
#include <time.h>

#define HANDSHAKE_SECONDS 15
#define BUILD_YEAR 2026 // a clock before this program was written is wrong

typedef struct
{
  GMainLoop *loop;
  BlAgentSocket *socket;
  guint8 server_id[BL_ID48_SIZE];
  guint8 web_hash[BL_SHA384_SIZE];
  guint8 nonce[BL_SHA384_SIZE];
  guint8 server_nonce[BL_SHA384_SIZE];
  gboolean has_server_nonce;
  gboolean proven;
  GError *error;
} Visit;

static gboolean
accept_cb (BlAgentSocket *socket, GBytes *certificate, const guint8 *hash, gpointer user_data)
{
  memcpy (((Visit *)user_data)->web_hash, hash, BL_SHA384_SIZE);
  return TRUE;
}

static void
send_bytes (Visit *visit, GBytes *frame)
{
  bl_agent_socket_send (visit->socket, BL_WS_BINARY, g_bytes_get_data (frame, NULL), g_bytes_get_size (frame));
  g_bytes_unref (frame);
}

static void
opened_cb (BlAgentSocket *socket, gpointer user_data)
{
  Visit *visit = user_data;
  g_print ("TLS and WebSocket: good\n");
  bl_random_bytes (visit->nonce, sizeof visit->nonce);
  send_bytes (visit, bl_agent_write_server_id (visit->server_id));
  send_bytes (visit, bl_agent_write_auth_request (visit->web_hash, visit->nonce));
}

static void
check_proof (Visit *visit, const BlAgentMsg *message)
{
  guint8 key_hash[BL_SHA384_SIZE];
  const BlSlice parts[] = { { visit->web_hash, BL_SHA384_SIZE },
                            { visit->nonce, BL_SHA384_SIZE },
                            { visit->server_nonce, BL_SHA384_SIZE } };
  if (!bl_keyhash (message->auth_verify.cert, message->auth_verify.cert_len, key_hash, NULL)
      || !bl_equal_ct (key_hash, visit->server_id, sizeof key_hash))
    visit->error = g_error_new_literal (BL_ERROR, BL_ERROR_AUTH,
                                        "wrong server identity: another server answers at this address than the "
                                        "settings name; get new settings from the page");
  else
    visit->proven = bl_agent_verify (message->auth_verify.cert, message->auth_verify.cert_len, parts,
                                     G_N_ELEMENTS (parts), message->auth_verify.signature,
                                     message->auth_verify.signature_len, NULL, &visit->error);
  g_main_loop_quit (visit->loop);
}

static void
message_cb (BlAgentSocket *socket, BlWsOpcode opcode, const guint8 *data, gsize length, gpointer user_data)
{
  Visit *visit = user_data;
  BlAgentMsg message;
  if (!bl_agent_msg_parse_from_server (data, length, &message, NULL))
    return;
  if (message.command == BL_AGENT_AUTH_REQUEST && !visit->has_server_nonce)
    {
      memcpy (visit->server_nonce, message.auth_request.nonce, BL_SHA384_SIZE);
      visit->has_server_nonce = TRUE;
    }
  else if (message.command == BL_AGENT_AUTH_VERIFY && visit->has_server_nonce)
    check_proof (visit, &message);
}

static void
closed_cb (BlAgentSocket *socket, const GError *error, gpointer user_data)
{
  Visit *visit = user_data;
  visit->error = error != NULL ? g_error_copy (error)
                               : g_error_new_literal (BL_ERROR, BL_ERROR_FAILED,
                                                      "the server closed the connection during the handshake");
  g_main_loop_quit (visit->loop);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Visit *visit = user_data;
  visit->error = g_error_new (BL_ERROR, BL_ERROR_FAILED,
                              "wrong server identity: the server holds the handshake. It is another one than the "
                              "settings name, or a proxy between shows a TLS certificate it does not know (cert-url)");
  g_main_loop_quit (visit->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
check_route (const char *host, guint16 port, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GList *addresses = g_resolver_lookup_by_name (resolver, host, NULL, error);
  if (addresses == NULL)
    {
      g_prefix_error (error, "name: \"%s\" has no address here: ", host);
      return FALSE;
    }
  g_print ("Name: %s has %u address(es)\n", host, g_list_length (addresses));
  g_resolver_free_addresses (addresses);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, HANDSHAKE_SECONDS);
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (client, host, port, NULL, error);
  if (connection == NULL)
    {
      g_prefix_error (error, "route: port %u of %s cannot be reached: ", port, host);
      return FALSE;
    }
  g_print ("Route: port %u answers\n", port);
  return TRUE;
}

static gboolean
visit_server (const char *url, const char *proxy, const guint8 *server_id, GError **error)
{
  static const BlAgentSocketEvents events
      = { .accept = accept_cb, .opened = opened_cb, .message = message_cb, .closed = closed_cb };
  const BlAgentSocketOptions options = { .url = url, .proxy = proxy, .max_message = BL_AGENT_MAX_HANDSHAKE };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  Visit visit = { .loop = loop };
  memcpy (visit.server_id, server_id, sizeof visit.server_id);
  visit.socket = bl_agent_socket_new (&options, &events, &visit);
  const guint timer = g_timeout_add_seconds (HANDSHAKE_SECONDS, timeout_cb, &visit);
  g_main_loop_run (loop);
  bl_agent_socket_free (visit.socket);
  GSource *source = g_main_context_find_source_by_id (NULL, timer);
  if (source != NULL)
    g_source_destroy (source);
  if (visit.proven)
    return TRUE;
  g_propagate_error (error, visit.error);
  return FALSE;
}

gboolean
bl_agent_doctor (BlMsh *msh, GError **error)
{
  guint8 server_id[BL_ID48_SIZE];
  const char *url = bl_msh_get (msh, "MeshServer"), *proxy = bl_msh_get (msh, "WebProxy");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  if (g_date_time_get_year (now) < BUILD_YEAR)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "clock: this machine believes it is %d; set its time first",
                   g_date_time_get_year (now));
      return FALSE;
    }
  if (url == NULL || !bl_msh_get_id48 (msh, "ServerID", server_id, error))
    {
      if (url == NULL)
        g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "settings: MeshServer is missing");
      return FALSE;
    }
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, error);
  if (uri == NULL)
    return FALSE;
  const int port = g_uri_get_port (uri);
  if (proxy != NULL)
    g_print ("Proxy: %s\n", proxy);
  else if (!check_route (g_uri_get_host (uri), (guint16)(port > 0 ? port : 443), error))
    return FALSE;
  if (!visit_server (url, proxy, server_id, error))
    return FALSE;
  g_print ("Identity: the server proved itself. If the device does not appear, look whether its group still exists.\n");
  return TRUE;
}
