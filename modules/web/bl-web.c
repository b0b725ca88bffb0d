// SPDX-License-Identifier: Apache-2.0
#include "bl-web.h"

#include "bl-web-files.h"

#include <string.h>

struct _BlWeb
{
  BowlineHost *host;
  BlWebFiles *files;
};

static void
respond_text (BowlineHttpRequest *request, guint32 status, const char *text)
{
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, status, "text/plain; charset=utf-8", body);
}

static void
page_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlWeb *web = user_data;
  const BlWebFile *file = bl_web_files_find (web->files, bowline_http_request_get_path (request));
  if (file == NULL)
    {
      respond_text (request, 404, "There is nothing here.\n");
      return;
    }
  bowline_http_request_add_header (request, "Cache-Control",
                                   file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
  bowline_http_request_add_header (request, "ETag", file->etag);
  bowline_http_request_add_header (request, "Vary", "Accept-Encoding");
  if (bl_web_etag_matches (bowline_http_request_get_header (request, "If-None-Match"), file->etag))
    {
      bowline_http_request_respond (request, 304, NULL, NULL);
      return;
    }
  const BlWebEncoding encoding
      = bl_web_file_choose (file, bowline_http_request_get_header (request, "Accept-Encoding"));
  if (encoding != BL_WEB_IDENTITY)
    bowline_http_request_add_header (request, "Content-Encoding", bl_web_encoding_name (encoding));
  bowline_http_request_respond (request, 200, file->type, file->content[encoding]);
}

static void
robots_cb (BowlineHttpRequest *request, gpointer user_data)
{
  respond_text (request, 200, "User-agent: *\nDisallow: /\n");
}

static gboolean
register_endpoints (BlWeb *web, GError **error)
{
  const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof endpoints[0], .flags = BOWLINE_ENDPOINT_FALLBACK | BOWLINE_ENDPOINT_PREFIX, .path = "/",
      .methods = "GET", .request = page_cb },
    { .struct_size = sizeof endpoints[0], .flags = BOWLINE_ENDPOINT_ANY_HOST, .path = "/robots.txt", .methods = "GET",
      .request = robots_cb },
  };
  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    {
      if (bowline_host_register_endpoint (web->host, &endpoints[i], web, error) == 0)
        return FALSE;
    }
  return TRUE;
}

// An installed tree has the files in "web", a build tree in "web/dist".
static char *
find_directory (BowlineHost *host)
{
  const char *configured = bowline_host_get_string (host, "directory");
  if (configured[0] != '\0')
    return g_strdup (configured);
  const char *data = bowline_host_get_package_data_dir (host);
  g_autofree char *built = g_build_filename (data, "web", "dist", "manifest.json", NULL);
  return g_file_test (built, G_FILE_TEST_EXISTS) ? g_path_get_dirname (built) : g_build_filename (data, "web", NULL);
}

BlWeb *
bl_web_new (BowlineHost *host, GError **error)
{
  g_autofree char *directory = find_directory (host);
  g_autoptr (BlWeb) web = g_new0 (BlWeb, 1);
  web->host = host;
  web->files = bl_web_files_load (directory, error);
  if (web->files == NULL || !register_endpoints (web, error))
    return NULL;
  return g_steal_pointer (&web);
}

void
bl_web_free (BlWeb *web)
{
  if (web == NULL)
    return;
  g_clear_pointer (&web->files, bl_web_files_free);
  g_free (web);
}
