// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/http.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineHttpRequestOps *http_request_ops;

void
bowline_private_install_http_request_ops (const BowlineHttpRequestOps *ops)
{
  http_request_ops = ops;
}

BowlineHttpRequest *
bowline_http_request_ref (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, ref))
    return NULL;
  return http_request_ops->ref (request);
}

void
bowline_http_request_unref (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, unref))
    return;
  http_request_ops->unref (request);
}

const char *
bowline_http_request_get_method (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_method))
    return NULL;
  return http_request_ops->get_method (request);
}

const char *
bowline_http_request_get_path (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_path))
    return NULL;
  return http_request_ops->get_path (request);
}

const char *
bowline_http_request_get_query (BowlineHttpRequest *request, const char *name)
{
  if (BOWLINE_ABSENT (http_request_ops, get_query))
    return NULL;
  return http_request_ops->get_query (request, name);
}

const char *
bowline_http_request_get_header (BowlineHttpRequest *request, const char *name)
{
  if (BOWLINE_ABSENT (http_request_ops, get_header))
    return NULL;
  return http_request_ops->get_header (request, name);
}

const char *
bowline_http_request_get_cookie (BowlineHttpRequest *request, const char *name)
{
  if (BOWLINE_ABSENT (http_request_ops, get_cookie))
    return NULL;
  return http_request_ops->get_cookie (request, name);
}

const char *
bowline_http_request_get_address (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_address))
    return NULL;
  return http_request_ops->get_address (request);
}

const char *
bowline_http_request_get_host (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_host))
    return NULL;
  return http_request_ops->get_host (request);
}

gboolean
bowline_http_request_is_secure (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, is_secure))
    return FALSE;
  return http_request_ops->is_secure (request);
}

GBytes *
bowline_http_request_get_body (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_body))
    return NULL;
  return http_request_ops->get_body (request);
}

BowlinePrincipal *
bowline_http_request_get_principal (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_principal))
    return NULL;
  return http_request_ops->get_principal (request);
}

GBytes *
bowline_http_request_get_certificate_hash (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_certificate_hash))
    return NULL;
  return http_request_ops->get_certificate_hash (request);
}

const char *
bowline_http_request_get_affinity (BowlineHttpRequest *request)
{
  if (BOWLINE_ABSENT (http_request_ops, get_affinity))
    return NULL;
  return http_request_ops->get_affinity (request);
}

void
bowline_http_request_add_header (BowlineHttpRequest *request, const char *name, const char *value)
{
  if (BOWLINE_ABSENT (http_request_ops, add_header))
    return;
  http_request_ops->add_header (request, name, value);
}

void
bowline_http_request_respond (BowlineHttpRequest *request,
                              guint32 status,
                              const char *content_type,
                              GBytes *body)
{
  if (BOWLINE_ABSENT (http_request_ops, respond))
    return;
  http_request_ops->respond (request, status, content_type, body);
}

void
bowline_http_request_begin (BowlineHttpRequest *request,
                            guint32 status,
                            const char *content_type,
                            gint64 length,
                            void (*writable) (BowlineHttpRequest *request, gpointer user_data),
                            void (*gone) (BowlineHttpRequest *request, gpointer user_data),
                            gpointer user_data)
{
  if (BOWLINE_ABSENT (http_request_ops, begin))
    return;
  http_request_ops->begin (request, status, content_type, length, writable, gone, user_data);
}

gboolean
bowline_http_request_write (BowlineHttpRequest *request, GBytes *piece)
{
  if (BOWLINE_ABSENT (http_request_ops, write))
    return FALSE;
  return http_request_ops->write (request, piece);
}

void
bowline_http_request_end (BowlineHttpRequest *request, gboolean complete)
{
  if (BOWLINE_ABSENT (http_request_ops, end))
    return;
  http_request_ops->end (request, complete);
}

static const BowlineWebSocketOps *websocket_ops;

void
bowline_private_install_websocket_ops (const BowlineWebSocketOps *ops)
{
  websocket_ops = ops;
}

BowlineWebSocket *
bowline_websocket_ref (BowlineWebSocket *socket)
{
  if (BOWLINE_ABSENT (websocket_ops, ref))
    return NULL;
  return websocket_ops->ref (socket);
}

void
bowline_websocket_unref (BowlineWebSocket *socket)
{
  if (BOWLINE_ABSENT (websocket_ops, unref))
    return;
  websocket_ops->unref (socket);
}

void
bowline_websocket_set_handler (BowlineWebSocket *socket,
                               const BowlineSocketHandler *handler,
                               gpointer user_data)
{
  if (BOWLINE_ABSENT (websocket_ops, set_handler))
    return;
  websocket_ops->set_handler (socket, handler, user_data);
}

gsize
bowline_websocket_send (BowlineWebSocket *socket, guint32 type, GBytes *message)
{
  if (BOWLINE_ABSENT (websocket_ops, send))
    return 0;
  return websocket_ops->send (socket, type, message);
}

gsize
bowline_websocket_send_text (BowlineWebSocket *socket, const char *text)
{
  if (BOWLINE_ABSENT (websocket_ops, send_text))
    return 0;
  return websocket_ops->send_text (socket, text);
}

void
bowline_websocket_pause (BowlineWebSocket *socket)
{
  if (BOWLINE_ABSENT (websocket_ops, pause))
    return;
  websocket_ops->pause (socket);
}

void
bowline_websocket_resume (BowlineWebSocket *socket)
{
  if (BOWLINE_ABSENT (websocket_ops, resume))
    return;
  websocket_ops->resume (socket);
}

void
bowline_websocket_close (BowlineWebSocket *socket, guint32 code, const char *reason)
{
  if (BOWLINE_ABSENT (websocket_ops, close))
    return;
  websocket_ops->close (socket, code, reason);
}

void
bowline_websocket_abort (BowlineWebSocket *socket)
{
  if (BOWLINE_ABSENT (websocket_ops, abort))
    return;
  websocket_ops->abort (socket);
}

void
bowline_websocket_get_stats (BowlineWebSocket *socket, BowlineSocketStats *stats)
{
  if (BOWLINE_ABSENT (websocket_ops, get_stats))
    return;
  websocket_ops->get_stats (socket, stats);
}

void
bowline_websocket_set_idle_timeout (BowlineWebSocket *socket, guint32 seconds)
{
  if (BOWLINE_ABSENT (websocket_ops, set_idle_timeout))
    return;
  websocket_ops->set_idle_timeout (socket, seconds);
}

void
bowline_websocket_set_max_message (BowlineWebSocket *socket, guint32 bytes)
{
  if (BOWLINE_ABSENT (websocket_ops, set_max_message))
    return;
  websocket_ops->set_max_message (socket, bytes);
}

gboolean
bowline_websocket_join (BowlineWebSocket *a, BowlineWebSocket *b, GError **error)
{
  if (BOWLINE_ABSENT (websocket_ops, join))
    {
      bowline_forward_set_error ("bowline_websocket_join", error);
      return FALSE;
    }
  return websocket_ops->join (a, b, error);
}

static const BowlineEndpointOps *endpoint_ops;

void
bowline_private_install_endpoint_ops (const BowlineEndpointOps *ops)
{
  endpoint_ops = ops;
}

guint64
bowline_host_register_endpoint (BowlineHost *host,
                                const BowlineEndpoint *endpoint,
                                gpointer user_data,
                                GError **error)
{
  if (BOWLINE_ABSENT (endpoint_ops, register_endpoint))
    {
      bowline_forward_set_error ("bowline_host_register_endpoint", error);
      return 0;
    }
  return endpoint_ops->register_endpoint (host, endpoint, user_data, error);
}

void
bowline_host_unregister_endpoint (BowlineHost *host, guint64 registration)
{
  if (BOWLINE_ABSENT (endpoint_ops, unregister_endpoint))
    return;
  endpoint_ops->unregister_endpoint (host, registration);
}
