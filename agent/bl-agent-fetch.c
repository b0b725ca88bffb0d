// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-fetch.h"

#include "common/bl-error.h"
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-ws-handshake.h"

#include <string.h>

void
bl_agent_fetch_set_proxy (GSocketClient *client, const char *proxy)
{
  g_socket_client_set_enable_proxy (client, proxy != NULL);
  if (proxy == NULL)
    return;
  g_autoptr (GProxyResolver) resolver = g_simple_proxy_resolver_new (proxy, NULL);
  g_socket_client_set_proxy_resolver (client, resolver);
}

gboolean
bl_agent_fetch_is_proxy_error (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_FAILED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_AUTH_FAILED)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NEED_AUTH)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PROXY_NOT_ALLOWED);
}

static gboolean
is_pinned (GTlsCertificate *certificate, const guint8 *pin)
{
  g_autoptr (GByteArray) der = NULL;
  guint8 hash[BL_SHA384_SIZE];
  g_object_get (certificate, "certificate", &der, NULL);
  if (der == NULL)
    return FALSE;
  bl_certhash (der->data, der->len, hash);
  return bl_equal_ct (hash, pin, sizeof hash);
}

static gboolean
accept_cb (GTlsConnection *connection, GTlsCertificate *certificate, GTlsCertificateFlags errors, gpointer user_data)
{
  return is_pinned (certificate, user_data);
}

static void
event_cb (GSocketClient *client, GSocketClientEvent event, GSocketConnectable *connectable, GIOStream *connection,
          gpointer user_data)
{
  if (event == G_SOCKET_CLIENT_TLS_HANDSHAKING)
    g_signal_connect (connection, "accept-certificate", G_CALLBACK (accept_cb), user_data);
}

// A certificate that is trusted anyhow raised no question.
static gboolean
check_pin (GSocketConnection *connection, const guint8 *pin, GError **error)
{
  g_autoptr (GIOStream) base = NULL;
  g_object_get (connection, "base-io-stream", &base, NULL);
  GTlsCertificate *certificate
      = G_IS_TLS_CONNECTION (base) ? g_tls_connection_get_peer_certificate (G_TLS_CONNECTION (base)) : NULL;
  if (certificate != NULL && is_pinned (certificate, pin))
    return TRUE;
  g_set_error_literal (error, BL_ERROR, BL_ERROR_AUTH, "the certificate is another one than a moment ago");
  return FALSE;
}

static GSocketConnection *
open_connection (const BlAgentFetch *what, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  bl_agent_fetch_set_proxy (client, what->proxy);
  g_socket_client_set_tls (client, TRUE); // without a pin the certificate is verified; there is no switch against it
  g_socket_client_set_timeout (client, BL_AGENT_FETCH_SECONDS);
  if (what->pin != NULL)
    g_signal_connect (client, "event", G_CALLBACK (event_cb), (gpointer)what->pin);
  g_autoptr (GSocketConnection) connection
      = g_socket_client_connect_to_host (client, what->host, what->port, NULL, error);
  if (connection == NULL || (what->pin != NULL && !check_pin (connection, what->pin, error)))
    return NULL;
  return g_steal_pointer (&connection);
}

// Reads to the end, or to one byte more than is allowed.
static GByteArray *
read_answer (GInputStream *stream, gsize max, GError **error)
{
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  for (;;)
    {
      guint8 buffer[4096];
      const gssize n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, error);
      // Some servers close without TLS's own goodbye; a length that is too short is found below.
      if (n < 0 && !(answer->len > 0 && g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_EOF)))
        return NULL;
      if (n < 0)
        g_clear_error (error);
      if (n <= 0 || answer->len > max)
        return g_steal_pointer (&answer);
      g_byte_array_append (answer, buffer, (guint)n);
    }
}

static char *
take_body (GByteArray *answer, gsize max, guint *status, GError **error)
{
  g_autoptr (BlHttpResponse) response = bl_http_response_new ();
  gsize head = 0;
  if (bl_http_response_feed (response, answer->data, answer->len, &head, error) != BL_HTTP_DONE)
    {
      if (*error == NULL)
        g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "the answer is cut short");
      return NULL;
    }
  const char *length = bl_http_response_get_header (response, "Content-Length");
  if (answer->len - head > max
      || (length != NULL && g_ascii_strtoull (length, NULL, 10) != (guint64)(answer->len - head)))
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
                   "the answer: expected as many bytes as it says, at most %" G_GSIZE_FORMAT, max);
      return NULL;
    }
  *status = bl_http_response_get_status (response);
  return g_strndup ((const char *)answer->data + head, answer->len - head);
}

char *
bl_agent_fetch (const BlAgentFetch *what, guint *status, GError **error)
{
  const gboolean v6 = strchr (what->host, ':') != NULL;
  g_autofree char *request
      = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nConnection: close\r\nAccept-Encoding: identity\r\n\r\n",
                         what->target, v6 ? "[" : "", what->host, v6 ? "]" : "", what->port);
  g_autoptr (GError) inner = NULL;
  g_autoptr (GByteArray) answer = NULL;
  g_autofree char *body = NULL;
  g_autoptr (GSocketConnection) connection = open_connection (what, &inner);
  GIOStream *stream = G_IO_STREAM (connection);
  if (connection != NULL
      && g_output_stream_write_all (g_io_stream_get_output_stream (stream), request, strlen (request), NULL, NULL, &inner))
    answer = read_answer (g_io_stream_get_input_stream (stream), what->max + BL_HTTP_MAX_RESPONSE_HEAD, &inner);
  if (answer != NULL)
    body = take_body (answer, what->max, status, &inner);
  if (body == NULL)
    g_propagate_prefixed_error (error, g_steal_pointer (&inner), "%s:%u: ", what->host, what->port);
  return g_steal_pointer (&body);
}
