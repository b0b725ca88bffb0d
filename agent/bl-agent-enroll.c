// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-enroll.h"

#include "common/bl-error.h"
#include "common/bl-msh.h"
#include "common/bl-ws-handshake.h"

#include <string.h>

#define TIMEOUT_SECONDS 20

static gboolean
parse_group (const char *group, guint8 id[BL_ID48_SIZE], GError **error)
{
  const char *slash = strrchr (group, '/');
  if (bl_id48_from_text (slash != NULL ? slash + 1 : group, -1, id))
    return TRUE;
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID,
               "group \"%s\": expected the 64 characters that the page or bowlinectl group list shows", group);
  return FALSE;
}

static GUri *
parse_server (const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, error);
  if (uri == NULL)
    return NULL;
  if (g_strcmp0 (g_uri_get_scheme (uri), "https") != 0 || g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0')
    {
      g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "server \"%s\": expected https://HOST[:PORT]", url);
      return NULL;
    }
  return g_steal_pointer (&uri);
}

static char *
host_and_port (GUri *uri)
{
  const gboolean v6 = strchr (g_uri_get_host (uri), ':') != NULL;
  const int port = g_uri_get_port (uri);
  return g_strdup_printf (v6 ? "[%s]:%d" : "%s:%d", g_uri_get_host (uri), port > 0 ? port : 443);
}

static char *
build_settings (GUri *uri, const guint8 *mesh_id, const char *server_id, GError **error)
{
  guint8 id[BL_ID48_SIZE];
  if (!bl_hex_decode (server_id, strlen (server_id), id, sizeof id))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_INVALID, "--server-id: expected 96 hex digits");
      return NULL;
    }
  g_autofree char *host = host_and_port (uri);
  g_autofree char *address = g_strconcat ("wss://", host, "/agent.ashx", NULL);
  g_autoptr (BlMsh) msh = bl_msh_build ("enrolled", mesh_id, id, address, error);
  return msh != NULL ? bl_msh_to_text (msh) : NULL;
}

// One GET over verified TLS; the answer's body, bounded.
static char *
download (GUri *uri, const guint8 *mesh_id, GError **error)
{
  char text[BL_ID48_TEXT + 1];
  bl_id48_to_text (mesh_id, text);
  g_autofree char *escaped = g_uri_escape_string (text, NULL, FALSE);
  g_autofree char *host = host_and_port (uri);
  g_autofree char *request = g_strdup_printf ("GET /meshsettings?id=%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
                                              "Accept-Encoding: identity\r\n\r\n",
                                              escaped, host);
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_socket_client_set_tls (client, TRUE); // the certificate is verified; there is no switch against it
  g_socket_client_set_timeout (client, TIMEOUT_SECONDS);
  const int port = g_uri_get_port (uri);
  g_autoptr (GSocketConnection) connection = g_socket_client_connect_to_host (
      client, g_uri_get_host (uri), (guint16)(port > 0 ? port : 443), NULL, error);
  if (connection == NULL)
    {
      g_prefix_error (error, "%s: ", host);
      if (error != NULL && g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
        g_prefix_error_literal (error, "the certificate is not trusted here; give --server-id instead: ");
      return NULL;
    }
  GIOStream *stream = G_IO_STREAM (connection);
  if (!g_output_stream_write_all (g_io_stream_get_output_stream (stream), request, strlen (request), NULL, NULL, error))
    return NULL;
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  for (;;)
    {
      guint8 buffer[4096];
      const gssize n = g_input_stream_read (g_io_stream_get_input_stream (stream), buffer, sizeof buffer, NULL, error);
      if (n < 0)
        return NULL;
      if (n == 0 || answer->len > BL_MSH_MAX + BL_HTTP_MAX_RESPONSE_HEAD)
        break;
      g_byte_array_append (answer, buffer, (guint)n);
    }
  g_autoptr (BlHttpResponse) response = bl_http_response_new ();
  gsize head = 0;
  if (bl_http_response_feed (response, answer->data, answer->len, &head, error) != BL_HTTP_DONE)
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "%s: the answer is cut short", host);
      return NULL;
    }
  if (bl_http_response_get_status (response) != 200)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_NOT_FOUND, "%s: the server answers %u; is the group id right?", host,
                   bl_http_response_get_status (response));
      return NULL;
    }
  return g_strndup ((const char *)answer->data + head, answer->len - head);
}

gboolean
bl_agent_enroll (const char *url, const char *group, const char *server_id, const char *path, GError **error)
{
  guint8 mesh_id[BL_ID48_SIZE];
  g_autoptr (GUri) uri = parse_server (url, error);
  if (uri == NULL || !parse_group (group, mesh_id, error))
    return FALSE;
  g_autofree char *text
      = server_id != NULL ? build_settings (uri, mesh_id, server_id, error) : download (uri, mesh_id, error);
  if (text == NULL)
    return FALSE;
  g_autoptr (BlMsh) msh = bl_msh_parse (text, strlen (text), error);
  guint8 found[BL_ID48_SIZE];
  if (msh == NULL || !bl_msh_get_id48 (msh, "ServerID", found, error))
    return FALSE;
  g_autofree char *directory = g_path_get_dirname (path);
  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%s: cannot be made", directory);
      return FALSE;
    }
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error);
}
