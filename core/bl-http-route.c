// SPDX-License-Identifier: Apache-2.0
/*
 * What happens to a request before a module sees it: limits, the gate, the endpoint, the body's length; and the way from
 * an upgrade to a WebSocket. Everything is decided when the header is complete, before a byte of a body is read.
 */
#define G_LOG_DOMAIN "bowline-front"

#include "bl-http-front-private.h"

#include "bl-host.h"
#include "common/bl-ids.h"

#include <string.h>

/* A body must come at least this fast on average, after a grace. */
#define BL_HTTP_BODY_GRACE_S 30
#define BL_HTTP_BODY_BYTES_PER_S 4096

/* Random bytes of an affinity value that we make up. */
#define BL_HTTP_AFFINITY_BYTES 16

static gboolean
bl_http_has_body (SoupMessageHeaders *headers)
{
  return soup_message_headers_get_one (headers, "Transfer-Encoding") != NULL
         || soup_message_headers_get_content_length (headers) > 0;
}

static void
bl_http_route_refuse (BlHttpFront *front, SoupServerMessage *message, guint status, const char *reason)
{
  BlHttpConn *conn = bl_http_conn_of (message);

  g_debug ("%s %s refused with %u: %s", soup_server_message_get_method (message),
           g_uri_get_path (soup_server_message_get_uri (message)), status, reason);
  if (conn != NULL && bl_http_has_body (soup_server_message_get_request_headers (message)))
    {
      bl_http_conn_refuse (conn, status);
      return;
    }
  front->refused++;
  bl_http_answer (message, status);
}

/* Headers that must not be there twice, since the next reader might pick the other one. */
static const char *
bl_http_route_check_headers (BlHttpFront *front, SoupMessageHeaders *headers, guint *status)
{
  *status = SOUP_STATUS_BAD_REQUEST;
  if (bl_http_headers_count (headers, "Host") > 1 || bl_http_headers_count (headers, "Origin") > 1
      || bl_http_headers_count (headers, "Content-Length") > 1 || bl_http_headers_count (headers, "Sec-Fetch-Site") > 1)
    return "a header is there twice";
  if (soup_message_headers_get_one (headers, "Transfer-Encoding") != NULL
      && (soup_message_headers_get_one (headers, "Content-Length") != NULL
          || soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CHUNKED))
    return "the length of the body is ambiguous";
  *status = 431;
  if (bl_http_headers_size (headers) > front->options.max_headers)
    return "the header is too long";
  return NULL;
}

/* Who the client is and what it called us, through trusted proxies only. */
static void
bl_http_route_identify (BlHttpFront *front, BowlineHttpRequest *request, BlTlsConn *conn)
{
  SoupMessageHeaders *headers = request->headers;
  const char *peer = bl_tls_conn_get_address (conn);
  const gboolean proxied = bl_http_gate_is_trusted_proxy (front->gate, peer);
  const char *host = NULL, *proto = NULL;

  request->secure = bl_tls_conn_is_tls (conn);
  if (proxied)
    {
      host = soup_message_headers_get_one (headers, "X-Forwarded-Host");
      proto = soup_message_headers_get_one (headers, "X-Forwarded-Proto");
      if (front->options.tls_offload)
        request->secure = proto == NULL || g_ascii_strcasecmp (proto, "https") == 0;
    }
  if (host == NULL)
    host = soup_message_headers_get_one (headers, "Host");
  request->host = g_strdup (host);
  request->address = bl_http_gate_dup_client (
      front->gate, peer, proxied ? soup_message_headers_get_list (headers, "X-Forwarded-For") : NULL);

  const BlTlsCertificate *certificate = bl_tls_conn_get_certificate (conn);
  if (certificate != NULL)
    request->certificate_hash = g_bytes_ref (bl_tls_certificate_get_hash (certificate));
  else if (front->outer_hash != NULL)
    request->certificate_hash = g_bytes_ref (front->outer_hash);
}

static gboolean
bl_http_route_parse_target (BowlineHttpRequest *request)
{
  GUri *uri = soup_server_message_get_uri (request->message);
  g_autoptr (GError) error = NULL;

  request->path = bl_http_path_decode (g_uri_get_path (uri), &error);
  if (request->path != NULL)
    request->query = bl_http_query_parse (g_uri_get_query (uri), &error);
  return request->query != NULL;
}

/* ---- the redirect port ------------------------------------------------------------------------------------------------ */

static void
bl_http_route_redirect (BlHttpFront *front, BowlineHttpRequest *request)
{
  const guint16 own = front->options.public_port != 0 ? front->options.public_port : front->port;
  GUri *uri = soup_server_message_get_uri (request->message);
  g_autofree char *name = bl_http_host_dup_name (request->host, NULL);
  const gboolean v6 = strchr (name, ':') != NULL;
  g_autofree char *port = own != 443 ? g_strdup_printf (":%u", own) : g_strdup ("");
  const char *query = g_uri_get_query (uri);
  g_autofree char *target
      = g_strdup_printf ("https://%s%s%s%s%s%s%s", v6 ? "[" : "", name, v6 ? "]" : "", port, g_uri_get_path (uri),
                         query != NULL ? "?" : "", query != NULL ? query : "");
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (request->message);

  bl_http_answer (request->message, SOUP_STATUS_FOUND);
  soup_message_headers_replace (headers, "Location", target);
}

/* ---- WebSockets ---------------------------------------------------------------------------------------------------- */

/* A client that names no affinity gets one, so that whoever is told of it can still be joined to it. */
static BlIoThread *
bl_http_route_pick_thread (BlHttpFront *front, BowlineHttpRequest *request)
{
  const char *name = request->endpoint->table.affinity_query;

  if (name == NULL)
    return front->threads[front->next_thread++ % front->n_threads];
  request->affinity = g_strdup (g_hash_table_lookup (request->query, name));
  if (request->affinity == NULL)
    request->affinity = bl_random_hex (BL_HTTP_AFFINITY_BYTES);
  /* ids of rooms hold percent-encoded ids; some clients decode them once more, and still belong together */
  g_autofree char *plain = g_uri_unescape_string (request->affinity, NULL);
  return front->threads[g_str_hash (plain != NULL ? plain : request->affinity) % front->n_threads];
}

static void
bl_http_route_upgraded (SoupServerMessage *message, gpointer user_data)
{
  BowlineHttpRequest *request = user_data;
  BlHttpFront *front = request->front;
  BlHttpEndpoint *endpoint = request->endpoint;
  g_autoptr (SoupServerMessage) hold = g_object_ref (message);
  g_autoptr (BowlineHttpRequest) hold_request = bl_http_request_ref (request);
  BlHttpConn *http = bl_http_conn_of (message);
  GBytes *rest = NULL;

  if (http == NULL)
    return;
  BlTlsConn *conn = bl_http_conn_steal (http, message, &rest);
  if (conn == NULL || endpoint->removed || front->stopping)
    {
      g_clear_pointer (&conn, bl_tls_conn_free);
      g_clear_pointer (&rest, g_bytes_unref);
      bl_http_request_detach (request);
      return;
    }
  const BlWsSocketConfig config = {
    .group = &front->group,
    .io = bl_http_route_pick_thread (front, request),
    .host = endpoint->host,
    .label = endpoint->path,
    .max_message = endpoint->table.max_message,
    .max_queued = endpoint->table.max_queued,
    .idle_timeout = endpoint->table.idle_timeout,
  };
  BowlineWebSocket *socket = bl_ws_socket_new (&config);
  bl_ws_socket_start (socket, conn, rest);
  const gint64 begin = bl_host_call_begin ();
  endpoint->table.opened (socket, request, endpoint->user_data);
  bl_host_call_end (endpoint->host, begin, "opened", endpoint->path);
  if (bl_ws_socket_has_handler (socket))
    bl_ws_socket_release (socket);
  else
    bl_ws_socket_ops.abort (socket);
  bl_ws_socket_unref (socket);
  bl_http_request_detach (request);
}

static void
bl_http_route_upgrade (BlHttpFront *front, BowlineHttpRequest *request)
{
  SoupServerMessage *message = request->message;
  g_autoptr (GError) error = NULL;
  g_autofree char *accept = NULL;

  if (!soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL))
    {
      front->refused++;
      return;
    }
  /* peers of this kind read headers into small buffers; a socket needs none of ours */
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  accept = g_strdup (soup_message_headers_get_one (headers, "Sec-WebSocket-Accept"));
  soup_message_headers_clear (headers);
  soup_message_headers_replace (headers, "Upgrade", "websocket");
  soup_message_headers_replace (headers, "Connection", "Upgrade");
  soup_message_headers_replace (headers, "Sec-WebSocket-Accept", accept);
  request->signals[2]
      = g_signal_connect (message, "wrote-informational", G_CALLBACK (bl_http_route_upgraded), request);
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

static void
bl_http_route_got_chunk (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  BowlineHttpRequest *request = user_data;
  BlHttpConn *conn = bl_http_conn_of (message);

  request->body_read += g_bytes_get_size (chunk);
  if (request->body_read > request->endpoint->table.max_body && conn != NULL)
    bl_http_conn_refuse (conn, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE);
}

static void
bl_http_route_expect_body (BlHttpFront *front, BowlineHttpRequest *request, BlHttpConn *conn)
{
  const guint32 max = request->endpoint->table.max_body;

  if (soup_message_headers_get_content_length (request->headers) > (goffset) max)
    {
      bl_http_route_refuse (front, request->message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "the body is too long");
      return;
    }
  const gint64 seconds = BL_HTTP_BODY_GRACE_S + max / BL_HTTP_BODY_BYTES_PER_S;
  bl_http_conn_set_state (conn, BL_HTTP_CONN_BODY, g_get_monotonic_time () + seconds * G_USEC_PER_SEC);
  request->signals[3]
      = g_signal_connect (request->message, "got-chunk", G_CALLBACK (bl_http_route_got_chunk), request);
}

/* Returns: status to refuse with, 0 to go on */
static guint
bl_http_route_find (BlHttpFront *front, BowlineHttpRequest *request, gboolean upgrade, gboolean plain)
{
  BlHttpEndpoint *endpoint = bl_http_registry_find (front->registry, request->path);

  if (endpoint == NULL || (upgrade ? endpoint->table.opened == NULL : endpoint->table.request == NULL))
    return SOUP_STATUS_NOT_FOUND;
  if (!plain || (endpoint->table.flags & BOWLINE_ENDPOINT_REDIRECT_PORT) != 0)
    request->endpoint = bl_http_endpoint_ref (endpoint);
  return 0;
}

static void
bl_http_route_decide (BlHttpFront *front, BowlineHttpRequest *request, BlHttpConn *conn)
{
  SoupServerMessage *message = request->message;
  SoupMessageHeaders *headers = request->headers;
  BlTlsConn *tls = bl_tls_stream_get_conn (conn->stream);
  const gboolean plain = bl_tls_conn_get_kind (tls) == BL_HTTP_KIND_REDIRECT;
  const gboolean upgrade = soup_message_headers_header_contains (headers, "Upgrade", "websocket") && !plain;
  BlHttpGateVerdict verdict;

  bl_http_route_identify (front, request, tls);
  if (!bl_http_route_parse_target (request))
    {
      bl_http_route_refuse (front, message, SOUP_STATUS_BAD_REQUEST, "bad path or query");
      return;
    }
  const guint missing = bl_http_route_find (front, request, upgrade, plain);
  const BlHttpGateRequest question = {
    .method = request->method,
    .host = request->host,
    .origin = soup_message_headers_get_one (headers, "Origin"),
    .fetch_site = soup_message_headers_get_one (headers, "Sec-Fetch-Site"),
    .secure = request->secure,
    .upgrade = upgrade,
    .flags = request->endpoint != NULL ? request->endpoint->table.flags : 0,
  };
  bl_http_gate_decide (front->gate, &question, &verdict);
  if (verdict.status != 0)
    {
      bl_http_route_refuse (front, message, verdict.status, verdict.reason);
      return;
    }
  request->cookies_allowed = verdict.cookies && !plain;
  bl_http_headers_apply (front, soup_server_message_get_response_headers (message), request->host, request->secure);
  if (plain && request->endpoint == NULL)
    {
      bl_http_route_redirect (front, request);
      return;
    }
  if (missing != 0)
    {
      bl_http_route_refuse (front, message, missing, "no endpoint");
      return;
    }
  if (upgrade)
    {
      bl_http_route_upgrade (front, request);
      return;
    }
  if (!bl_http_endpoint_allows (request->endpoint, request->method))
    {
      g_autofree char *allow = g_strjoinv (", ", request->endpoint->methods);
      soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow", allow);
      bl_http_route_refuse (front, message, SOUP_STATUS_METHOD_NOT_ALLOWED, "method");
      return;
    }
  if (bl_http_has_body (headers))
    bl_http_route_expect_body (front, request, conn);
}

void
bl_http_route_early (
    SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer front)
{
  BlHttpFront *self = front;
  BlHttpConn *conn = bl_http_conn_of (message);
  guint status;

  if (conn == NULL || bl_tls_stream_get_conn (conn->stream) == NULL)
    return;
  self->requests++;
  bl_http_conn_set_state (conn, BL_HTTP_CONN_ANSWER, 0);
  if (self->stopping)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
  const char *problem
      = bl_http_route_check_headers (self, soup_server_message_get_request_headers (message), &status);
  if (problem != NULL)
    {
      bl_http_route_refuse (self, message, status, problem);
      return;
    }
  BowlineHttpRequest *request = bl_http_request_new (self, message);
  bl_http_route_decide (self, request, conn);
}

void
bl_http_route_handle (
    SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer front)
{
  BowlineHttpRequest *request = g_object_get_data (G_OBJECT (message), "bl-http-request");

  if (request != NULL && request->endpoint != NULL)
    bl_http_request_run (request);
  else
    bl_http_answer (message, SOUP_STATUS_NOT_FOUND);
}
