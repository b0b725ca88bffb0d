// SPDX-License-Identifier: Apache-2.0
/* One HTTP request as a module sees it: <bowline/http.h>'s functions over a SoupServerMessage. */
#define G_LOG_DOMAIN "bowline-front"

#include "bl-http-front-private.h"

#include "bl-host.h"

#include <string.h>

/* Bytes of a streamed answer that wait in libsoup before the module is told to wait. */
#define BL_HTTP_STREAM_BUFFER (256 * 1024)

static const char request_key[] = "bl-http-request";

BowlineHttpRequest *
bl_http_request_ref (BowlineHttpRequest *self)
{
  self->refs++;
  return self;
}

static void
bl_http_request_free (BowlineHttpRequest *self)
{
  g_clear_pointer (&self->endpoint, bl_http_endpoint_unref);
  g_free (self->path);
  g_free (self->host);
  g_free (self->address);
  g_free (self->affinity);
  g_clear_pointer (&self->query, g_hash_table_unref);
  g_clear_pointer (&self->cookies, g_hash_table_unref);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->certificate_hash, g_bytes_unref);
  g_clear_pointer (&self->principal, bowline_principal_unref);
  g_clear_pointer (&self->headers, soup_message_headers_unref);
  g_free (self);
}

void
bl_http_request_unref (BowlineHttpRequest *self)
{
  if (--self->refs == 0)
    {
      bl_http_request_free (self);
      return;
    }
  /* only the exchange itself is left: nobody will answer any more */
  if (self->refs == 1 && self->message != NULL && self->state == BL_HTTP_REQUEST_WAITING)
    {
      g_warning ("%s: the request was dropped without an answer", self->path);
      bl_http_request_ops.respond (self, SOUP_STATUS_INTERNAL_SERVER_ERROR, NULL, NULL);
    }
  else if (self->refs == 1 && self->message != NULL && self->state == BL_HTTP_REQUEST_STREAMING)
    bl_http_request_ops.end (self, FALSE);
}

void
bl_http_request_detach (BowlineHttpRequest *self)
{
  g_autoptr (SoupServerMessage) message = g_steal_pointer (&self->message);

  if (message == NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (self->signals); i++)
    if (self->signals[i] != 0)
      g_signal_handler_disconnect (message, self->signals[i]);
  g_object_set_data (G_OBJECT (message), request_key, NULL);
  bl_http_request_unref (self);
}

static void
bl_http_request_finished (SoupServerMessage *message, gpointer user_data)
{
  BowlineHttpRequest *self = bl_http_request_ref (user_data);
  const gboolean streaming = self->state == BL_HTTP_REQUEST_STREAMING;

  bl_http_request_detach (self);
  if (streaming && self->gone != NULL)
    self->gone (self, self->user_data);
  self->state = BL_HTTP_REQUEST_ANSWERED;
  bl_http_request_unref (self);
}

BowlineHttpRequest *
bl_http_request_new (BlHttpFront *front, SoupServerMessage *message)
{
  BowlineHttpRequest *self = g_new0 (BowlineHttpRequest, 1);
  self->refs = 1;
  self->front = front;
  self->message = g_object_ref (message);
  self->headers = soup_message_headers_ref (soup_server_message_get_request_headers (message));
  self->method = g_intern_string (soup_server_message_get_method (message));
  self->signals[0] = g_signal_connect (message, "finished", G_CALLBACK (bl_http_request_finished), self);
  g_object_set_data (G_OBJECT (message), request_key, self);
  return self;
}

void
bl_http_request_run (BowlineHttpRequest *self)
{
  BlHttpEndpoint *endpoint = self->endpoint;
  g_autoptr (BowlineHttpRequest) hold = bl_http_request_ref (self);

  if (endpoint->removed)
    {
      bl_http_request_ops.respond (self, SOUP_STATUS_SERVICE_UNAVAILABLE, NULL, NULL);
      return;
    }
  const gint64 begin = bl_host_call_begin ();
  self->in_handler = TRUE;
  endpoint->table.request (self, endpoint->user_data);
  self->in_handler = FALSE;
  bl_host_call_end (endpoint->host, begin, "request", self->path);
  if (self->state != BL_HTTP_REQUEST_NEW || self->message == NULL)
    return;
  /* dropping `hold` answers with 500 when the module kept no reference */
  self->state = BL_HTTP_REQUEST_WAITING;
  soup_server_message_pause (self->message);
}

/* ---- asking -------------------------------------------------------------------------------------------------------- */

static const char *
bl_http_request_get_method (BowlineHttpRequest *self)
{
  return self->method;
}

static const char *
bl_http_request_get_path (BowlineHttpRequest *self)
{
  return self->path;
}

static const char *
bl_http_request_get_query (BowlineHttpRequest *self, const char *name)
{
  return g_hash_table_lookup (self->query, name);
}

static const char *
bl_http_request_get_header (BowlineHttpRequest *self, const char *name)
{
  /* cookies have their own function, which knows when they count */
  if (g_ascii_strcasecmp (name, "Cookie") == 0)
    return NULL;
  return soup_message_headers_get_one (self->headers, name);
}

static const char *
bl_http_request_get_cookie (BowlineHttpRequest *self, const char *name)
{
  if (!self->cookies_allowed)
    return NULL;
  if (self->cookies == NULL)
    self->cookies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const char *known = g_hash_table_lookup (self->cookies, name);
  if (known != NULL)
    return known;
  char *value = bl_http_cookie_dup (soup_message_headers_get_list (self->headers, "Cookie"), name);
  if (value != NULL)
    g_hash_table_insert (self->cookies, g_strdup (name), value);
  return value;
}

static const char *
bl_http_request_get_address (BowlineHttpRequest *self)
{
  return self->address;
}

static const char *
bl_http_request_get_host (BowlineHttpRequest *self)
{
  return self->host;
}

static gboolean
bl_http_request_is_secure (BowlineHttpRequest *self)
{
  return self->secure;
}

static GBytes *
bl_http_request_get_body (BowlineHttpRequest *self)
{
  if (self->body == NULL && self->message != NULL)
    self->body = soup_message_body_flatten (soup_server_message_get_request_body (self->message));
  if (self->body == NULL)
    self->body = g_bytes_new (NULL, 0);
  return self->body;
}

static BowlinePrincipal *
bl_http_request_get_principal (BowlineHttpRequest *self)
{
  BlHttpFront *front = self->front;

  if (self->looked_up || front->lookup == NULL)
    return self->principal;
  self->looked_up = TRUE;
  const char *cookie = bl_http_request_get_cookie (self, BL_FRONT_SESSION_COOKIE);
  if (cookie != NULL)
    self->principal = front->lookup (cookie, self->address, front->lookup_data);
  return self->principal;
}

static GBytes *
bl_http_request_get_certificate_hash (BowlineHttpRequest *self)
{
  if (self->certificate_hash == NULL)
    self->certificate_hash = g_bytes_new (NULL, 0);
  return self->certificate_hash;
}

static const char *
bl_http_request_get_affinity (BowlineHttpRequest *self)
{
  return self->affinity;
}

/* ---- answering ----------------------------------------------------------------------------------------------------- */

static void
bl_http_request_add_header (BowlineHttpRequest *self, const char *name, const char *value)
{
  if (self->message == NULL)
    return;
  if (!bl_http_headers_is_valid (name, value))
    {
      g_warning ("%s: the header \"%s\" cannot be sent: it holds forbidden characters", self->path, name);
      return;
    }
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  if (bl_http_headers_is_security (name) || g_ascii_strcasecmp (name, "Cache-Control") == 0)
    soup_message_headers_replace (headers, name, value);
  else
    soup_message_headers_append (headers, name, value);
}

static void
bl_http_request_set_head (BowlineHttpRequest *self, guint status, const char *content_type)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);

  soup_server_message_set_status (self->message, status, NULL);
  if (content_type != NULL)
    soup_message_headers_replace (headers, "Content-Type", content_type);
  /* answers are somebody's unless the module says otherwise */
  if (soup_message_headers_get_one (headers, "Cache-Control") == NULL)
    soup_message_headers_replace (headers, "Cache-Control", "no-store");
}

static gboolean
bl_http_request_may_answer (BowlineHttpRequest *self)
{
  if (self->state <= BL_HTTP_REQUEST_WAITING)
    return TRUE;
  if (self->message != NULL)
    g_warning ("%s: the request was answered twice", self->path);
  return FALSE;
}

void
bl_http_answer (SoupServerMessage *message, guint status)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  const char *phrase = status == 421 ? "Misdirected Request"
                       : status == 431 ? "Request Header Fields Too Large"
                                       : soup_status_get_phrase (status);
  g_autofree char *text = g_strconcat (phrase, "\n", NULL);

  soup_server_message_set_status (message, status, phrase);
  soup_message_headers_replace (headers, "Cache-Control", "no-store");
  soup_server_message_set_response (message, "text/plain; charset=utf-8", SOUP_MEMORY_COPY, text, strlen (text));
}

static void
bl_http_request_respond (BowlineHttpRequest *self, guint32 status, const char *content_type, GBytes *body)
{
  if (!bl_http_request_may_answer (self))
    return;
  const gboolean waiting = self->state == BL_HTTP_REQUEST_WAITING;
  self->state = BL_HTTP_REQUEST_ANSWERED;
  if (self->message == NULL)
    return;
  if (status < 200 || status > 599)
    {
      g_warning ("%s: %u is no status of an answer", self->path, status);
      status = SOUP_STATUS_INTERNAL_SERVER_ERROR;
    }
  if (body == NULL && content_type == NULL && status >= 400)
    bl_http_answer (self->message, status);
  else
    {
      bl_http_request_set_head (self, status, content_type);
      if (body != NULL && g_bytes_get_size (body) > 0)
        soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), body);
    }
  if (waiting)
    soup_server_message_unpause (self->message);
}

static void
bl_http_request_wrote (SoupServerMessage *message, guint size, gpointer user_data)
{
  BowlineHttpRequest *self = user_data;

  self->queued -= MIN (self->queued, size);
  if (!self->full || self->queued > BL_HTTP_STREAM_BUFFER / 2 || self->state != BL_HTTP_REQUEST_STREAMING)
    return;
  self->full = FALSE;
  if (self->writable == NULL)
    return;
  g_autoptr (BowlineHttpRequest) hold = bl_http_request_ref (self);
  const gint64 begin = bl_host_call_begin ();
  self->writable (self, self->user_data);
  bl_host_call_end (self->endpoint->host, begin, "writable", self->path);
}

// The client left before the answer began: `gone` comes after the caller's own code, as it does in every other case.
static gboolean
bl_http_request_gone_later (gpointer user_data)
{
  BowlineHttpRequest *self = user_data;
  if (self->state == BL_HTTP_REQUEST_STREAMING)
    {
      self->state = BL_HTTP_REQUEST_ANSWERED;
      if (self->gone != NULL)
        self->gone (self, self->user_data);
    }
  return G_SOURCE_REMOVE;
}

static void
bl_http_request_begin (BowlineHttpRequest *self,
                       guint32 status,
                       const char *content_type,
                       gint64 length,
                       void (*writable) (BowlineHttpRequest *request, gpointer user_data),
                       void (*gone) (BowlineHttpRequest *request, gpointer user_data),
                       gpointer user_data)
{
  if (!bl_http_request_may_answer (self))
    return;
  const gboolean waiting = self->state == BL_HTTP_REQUEST_WAITING;
  self->state = BL_HTTP_REQUEST_STREAMING;
  self->writable = writable;
  self->gone = gone;
  self->user_data = user_data;
  if (self->message == NULL)
    {
      g_idle_add_full (G_PRIORITY_DEFAULT, bl_http_request_gone_later, bl_http_request_ref (self),
                       (GDestroyNotify)bl_http_request_unref);
      return;
    }
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  bl_http_request_set_head (self, status, content_type);
  if (length >= 0)
    soup_message_headers_set_content_length (headers, length);
  else
    soup_message_headers_set_encoding (headers, SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate (soup_server_message_get_response_body (self->message), FALSE);
  self->signals[1]
      = g_signal_connect (self->message, "wrote-body-data", G_CALLBACK (bl_http_request_wrote), self);
  if (waiting)
    soup_server_message_unpause (self->message);
}

static gboolean
bl_http_request_write (BowlineHttpRequest *self, GBytes *piece)
{
  if (self->state != BL_HTTP_REQUEST_STREAMING || self->message == NULL)
    return FALSE;
  const gsize size = g_bytes_get_size (piece);
  if (size > 0)
    {
      self->queued += size;
      soup_message_body_append_bytes (soup_server_message_get_response_body (self->message), piece);
      soup_server_message_unpause (self->message);
    }
  self->full = self->queued >= BL_HTTP_STREAM_BUFFER;
  return !self->full;
}

static void
bl_http_request_end (BowlineHttpRequest *self, gboolean complete)
{
  if (self->state != BL_HTTP_REQUEST_STREAMING)
    return;
  self->state = BL_HTTP_REQUEST_ANSWERED;
  if (self->message == NULL)
    return;
  if (complete)
    {
      soup_message_body_complete (soup_server_message_get_response_body (self->message));
      soup_server_message_unpause (self->message);
      return;
    }
  BlHttpConn *conn = bl_http_conn_of (self->message);
  if (conn != NULL)
    bl_tls_stream_cut (conn->stream, TRUE);
  soup_server_message_unpause (self->message);
}

const BowlineHttpRequestOps bl_http_request_ops = {
  .ref = bl_http_request_ref,
  .unref = bl_http_request_unref,
  .get_method = bl_http_request_get_method,
  .get_path = bl_http_request_get_path,
  .get_query = bl_http_request_get_query,
  .get_header = bl_http_request_get_header,
  .get_cookie = bl_http_request_get_cookie,
  .get_address = bl_http_request_get_address,
  .get_host = bl_http_request_get_host,
  .is_secure = bl_http_request_is_secure,
  .get_body = bl_http_request_get_body,
  .get_principal = bl_http_request_get_principal,
  .get_certificate_hash = bl_http_request_get_certificate_hash,
  .add_header = bl_http_request_add_header,
  .respond = bl_http_request_respond,
  .begin = bl_http_request_begin,
  .write = bl_http_request_write,
  .end = bl_http_request_end,
  .get_affinity = bl_http_request_get_affinity,
};
