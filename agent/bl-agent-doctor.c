// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-doctor.h"

#include "bl-agent-fetch.h"
#include "bl-agent-proxy.h"
#include "bl-agent-socket.h"
#include "common/bl-agent-msg.h"
#include "common/bl-error.h"
#include "common/bl-hash.h"

#include <string.h>
#include <time.h>

#define HANDSHAKE_SECONDS 15
#define WRITTEN G_GINT64_CONSTANT (1767225600) // 2026-01-01: a clock before that is wrong
#define GROUP_ANSWER_MAX (64 * 1024)

typedef struct
{
  GMainLoop *loop;
  BlAgentSocket *socket;
  guint8 server_id[BL_ID48_SIZE];
  guint8 web_hash[BL_SHA384_SIZE];
  guint8 nonce[BL_SHA384_SIZE];
  guint8 server_nonce[BL_SHA384_SIZE];
  gboolean opened;
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
  visit->opened = TRUE;
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
  if (error == NULL)
    visit->error = g_error_new_literal (BL_ERROR, BL_ERROR_FAILED, "the server closed the connection during the handshake");
  else
    visit->error = g_error_copy (error);
  if (error != NULL && bl_agent_fetch_is_proxy_error (error))
    g_prefix_error_literal (&visit->error, "proxy: it does not let us through: ");
  else if (error != NULL && !visit->opened && !g_str_has_prefix (error->message, "TLS:"))
    g_prefix_error_literal (&visit->error, "TLS or HTTP: no such server answers at this port: ");
  g_main_loop_quit (visit->loop);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Visit *visit = user_data;
  visit->error = g_error_new_literal (
      BL_ERROR, BL_ERROR_FAILED,
      visit->opened ? "wrong server identity: the server holds the handshake. It is another one than the settings name, or "
                      "a proxy between shows a TLS certificate it does not know (cert-url)"
                    : "TLS: the port takes the connection but says nothing within 15 seconds");
  g_main_loop_quit (visit->loop);
  return G_SOURCE_REMOVE;
}

gboolean
bl_agent_doctor_check_clock (gint64 now, GError **error)
{
  if (now >= WRITTEN)
    return TRUE;
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (now);
  g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "clock: this machine believes it is %d; set its time first",
               when != NULL ? g_date_time_get_year (when) : 1970);
  return FALSE;
}

static gboolean
check_route (const char *host, guint16 port, gboolean is_proxy, GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  GList *addresses = g_resolver_lookup_by_name (resolver, host, NULL, error);
  if (addresses == NULL)
    {
      g_prefix_error (error, "%s: \"%s\" has no address here: ", is_proxy ? "proxy" : "name", host);
      return FALSE;
    }
  g_print ("%s: %s has %u address(es)\n", is_proxy ? "Proxy" : "Name", host, g_list_length (addresses));
  g_resolver_free_addresses (addresses);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, HANDSHAKE_SECONDS);
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (client, host, port, NULL, error);
  if (connection == NULL)
    {
      g_prefix_error (error, "%s: port %u of %s cannot be reached: ", is_proxy ? "proxy" : "route", port, host);
      return FALSE;
    }
  g_print ("%s: port %u answers\n", is_proxy ? "Proxy" : "Route", port);
  return TRUE;
}

static gboolean
check_way (const char *host, guint16 port, const char *proxy, GError **error)
{
  if (proxy == NULL)
    return check_route (host, port, FALSE, error);
  g_autoptr (GUri) uri = g_uri_parse (proxy, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED, error);
  g_autofree char *name = bl_agent_proxy_describe (proxy);
  g_print ("Proxy: %s\n", name);
  return uri != NULL && check_route (g_uri_get_host (uri), (guint16)g_uri_get_port (uri), TRUE, error);
}

static gboolean
visit_server (Visit *visit, const char *url, const char *proxy, GError **error)
{
  static const BlAgentSocketEvents events
      = { .accept = accept_cb, .opened = opened_cb, .message = message_cb, .closed = closed_cb };
  const BlAgentSocketOptions options = { .url = url, .proxy = proxy, .max_message = BL_AGENT_MAX_HANDSHAKE };
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  visit->loop = loop;
  visit->socket = bl_agent_socket_new (&options, &events, visit);
  const guint timer = g_timeout_add_seconds (HANDSHAKE_SECONDS, timeout_cb, visit);
  g_main_loop_run (loop);
  bl_agent_socket_free (visit->socket);
  GSource *source = g_main_context_find_source_by_id (NULL, timer);
  if (source != NULL)
    g_source_destroy (source);
  if (visit->proven)
    return TRUE;
  g_propagate_error (error, visit->error);
  return FALSE;
}

// Asks for the group's settings, so that a running agent of this device is not disturbed by a second one.
static gboolean
check_group (BlMsh *msh, GUri *uri, const char *proxy, const guint8 *pin, GError **error)
{
  guint8 id[BL_ID48_SIZE];
  char text[BL_ID48_TEXT + 1];
  if (!bl_msh_get_id48 (msh, "MeshID", id, error))
    return FALSE;
  bl_id48_to_text (id, text);
  g_autofree char *escaped = g_uri_escape_string (text, NULL, FALSE);
  const char *path = g_uri_get_path (uri);
  const char *file = strrchr (path, '/');
  g_autofree char *target
      = g_strdup_printf ("%.*s/meshsettings?id=%s", file != NULL ? (int)(file - path) : 0, path, escaped);
  const BlAgentFetch what = { .host = g_uri_get_host (uri),
                              .port = (guint16)(g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 443),
                              .target = target,
                              .proxy = proxy,
                              .pin = pin,
                              .max = GROUP_ANSWER_MAX };
  guint status = 0;
  g_autofree char *body = bl_agent_fetch (&what, &status, error);
  if (body == NULL)
    return FALSE;
  if (status == 200)
    return TRUE;
  g_set_error_literal (error, BL_ERROR, BL_ERROR_NOT_FOUND,
                       "unknown group: the server gives no settings for the device group these settings name: it is gone, or "
                       "may be downloaded by its managers only (lock-agent-download) and cannot be asked");
  return FALSE;
}

gboolean
bl_agent_doctor (BlMsh *msh, GError **error)
{
  Visit visit = { 0 };
  const char *urls = bl_msh_get (msh, "MeshServer"), *ids = bl_msh_get (msh, "ServerID");
  if (!bl_agent_doctor_check_clock (g_get_real_time () / G_USEC_PER_SEC, error))
    return FALSE;
  if (urls == NULL || ids == NULL)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "settings: %s is missing", urls == NULL ? "MeshServer" : "ServerID");
      return FALSE;
    }
  g_autofree char *url = g_strndup (urls, strcspn (urls, ","));
  const gsize digits = strcspn (ids, ",");
  if (!bl_hex_decode (ids, digits, visit.server_id, BL_ID48_SIZE) && !bl_hex_decode (ids, digits, visit.server_id, 32))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "settings: ServerID: expected 96 or 64 hex digits");
      return FALSE;
    }
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, error);
  if (uri == NULL)
    return FALSE;
  const int port = g_uri_get_port (uri);
  g_autofree char *proxy = bl_agent_proxy_find (msh, g_uri_get_host (uri));
  if (!check_way (g_uri_get_host (uri), (guint16)(port > 0 ? port : 443), proxy, error)
      || !visit_server (&visit, url, proxy, error))
    return FALSE;
  g_print ("Identity: the server proved itself\n");
  if (!check_group (msh, uri, proxy, visit.web_hash, error))
    return FALSE;
  g_print ("Group: the server knows it. Everything is good.\n");
  return TRUE;
}
