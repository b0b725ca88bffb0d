// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-enroll.h"

#include "bl-agent-fetch.h"
#include "bl-agent-proxy.h"
#include "common/bl-error.h"
#include "common/bl-msh.h"

#include <string.h>

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

// Over verified TLS.
static char *
download (GUri *uri, const guint8 *mesh_id, const char *proxy, GError **error)
{
  char text[BL_ID48_TEXT + 1];
  bl_id48_to_text (mesh_id, text);
  g_autofree char *escaped = g_uri_escape_string (text, NULL, FALSE);
  g_autofree char *target = g_strconcat ("/meshsettings?id=", escaped, NULL);
  const int port = g_uri_get_port (uri);
  const BlAgentFetch what = { .host = g_uri_get_host (uri),
                              .port = (guint16)(port > 0 ? port : 443),
                              .target = target,
                              .proxy = proxy,
                              .max = BL_MSH_MAX };
  guint status = 0;
  g_autoptr (GError) inner = NULL;
  g_autofree char *body = bl_agent_fetch (&what, &status, &inner);
  if (body == NULL)
    {
      const gboolean untrusted = g_error_matches (inner, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
      g_propagate_prefixed_error (error, g_steal_pointer (&inner), "%s",
                                  untrusted ? "the certificate is not trusted here; give --server-id instead: " : "");
      return NULL;
    }
  if (status != 200)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_NOT_FOUND, "%s: the server answers %u; is the group id right?", what.host,
                   status);
      return NULL;
    }
  return g_steal_pointer (&body);
}

static char *
with_proxy (char *text, const char *proxy, GError **error)
{
  g_autofree char *owned = text;
  g_autoptr (BlMsh) msh = bl_msh_parse (owned, strlen (owned), error);
  return msh != NULL && bl_msh_set (msh, "WebProxy", proxy, error) ? bl_msh_to_text (msh) : NULL;
}

gboolean
bl_agent_enroll (const BlAgentEnrolment *what, GError **error)
{
  guint8 mesh_id[BL_ID48_SIZE];
  g_autoptr (GUri) uri = parse_server (what->url, error);
  if (uri == NULL || !parse_group (what->group, mesh_id, error))
    return FALSE;
  g_autofree char *given = what->proxy != NULL ? bl_agent_proxy_parse (what->proxy, error) : NULL;
  if (what->proxy != NULL && given == NULL)
    return FALSE;
  g_autofree char *proxy = given != NULL ? g_strdup (given) : bl_agent_proxy_find (NULL, g_uri_get_host (uri));
  g_autofree char *text = what->server_id != NULL ? build_settings (uri, mesh_id, what->server_id, error)
                                                  : download (uri, mesh_id, proxy, error);
  if (text != NULL && given != NULL)
    text = with_proxy (g_steal_pointer (&text), given, error);
  if (text == NULL)
    return FALSE;
  g_autoptr (BlMsh) msh = bl_msh_parse (text, strlen (text), error);
  guint8 found[BL_ID48_SIZE];
  if (msh == NULL || !bl_msh_get_id48 (msh, "ServerID", found, error))
    return FALSE;
  g_autofree char *directory = g_path_get_dirname (what->path);
  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_FAILED, "%s: cannot be made", directory);
      return FALSE;
    }
  return g_file_set_contents_full (what->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                   error);
}
