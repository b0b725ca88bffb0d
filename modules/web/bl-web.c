// SPDX-License-Identifier: Apache-2.0
#include "bl-web.h"

#include "bl-web-files.h"
#include "common/bl-json.h"

#include <string.h>

struct _BlWeb
{
  gatomicrefcount count; // password checks under way keep it
  BowlineHost *host;     // NULL once the module stopped
  BlWebFiles *files;
};

static void
respond_text (BowlineHttpRequest *request, guint32 status, const char *text)
{
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, status, "text/plain; charset=utf-8", body);
}

// ---- addresses that sign in: the page gets tickets, since a frame of another site gets no cookies (web-http section 3)

static char *
tickets_of (const BowlineAuth *auth, gpointer self, BowlinePrincipal *principal)
{
  g_autofree char *login = auth->cookie_issue_for (self, BOWLINE_COOKIE_LOGIN, principal);
  g_autofree char *relay = auth->cookie_issue_for (self, BOWLINE_COOKIE_RELAY, principal);
  if (login == NULL || relay == NULL)
    return NULL;
  GVariantBuilder data;
  g_variant_builder_init (&data, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&data, "{sv}", "auth", g_variant_new_string (login));
  g_variant_builder_add (&data, "{sv}", "rauth", g_variant_new_string (relay));
  g_autoptr (GVariant) object = g_variant_ref_sink (g_variant_builder_end (&data));
  return bl_json_to_string (object, NULL);
}

// Answers with the page of @principal; without one (a bad token) with the page as everybody gets it.
static void
respond_page (BlWeb *web, BowlineHttpRequest *request, BowlinePrincipal *principal)
{
  const BlWebFile *index = bl_web_files_find (web->files, "/");
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  g_autofree char *json = NULL;
  g_autoptr (GBytes) page = NULL;
  if (principal != NULL && web->host != NULL && bowline_host_get_auth (web->host, &auth, &self))
    json = tickets_of (&auth, self, principal);
  if (json != NULL)
    page = bl_web_with_page_data (index->content[BL_WEB_IDENTITY], json);
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, 200, index->type, page != NULL ? page : index->content[BL_WEB_IDENTITY]);
}

typedef struct
{
  BlWeb *web;
  BowlineHttpRequest *request;
} Check;

static void
web_unref (BlWeb *web)
{
  if (!g_atomic_ref_count_dec (&web->count))
    return;
  g_clear_pointer (&web->files, bl_web_files_free);
  g_free (web);
}

static void
checked_cb (BowlinePrincipal *principal, const GError *error, gpointer user_data)
{
  Check *check = user_data;
  respond_page (check->web, check->request, principal);
  bowline_http_request_unref (check->request);
  web_unref (check->web);
  g_free (check);
}

// Returns: FALSE when the address signs nobody in
static gboolean
serve_login (BlWeb *web, BowlineHttpRequest *request)
{
  const char *user = bowline_http_request_get_query (request, "user");
  const char *password = bowline_http_request_get_query (request, "pass");
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  if (!bowline_host_get_auth (web->host, &auth, &self) || auth.login_token == NULL || auth.cookie_issue_for == NULL)
    return FALSE;
  if (bowline_http_request_get_query (request, "login") != NULL)
    {
      g_autoptr (BowlinePrincipal) principal = auth.login_token (self, request);
      respond_page (web, request, principal);
      return TRUE;
    }
  if (user == NULL || password == NULL || !bowline_host_get_boolean (web->host, "address-login"))
    return FALSE;
  Check *check = g_new (Check, 1);
  g_atomic_ref_count_inc (&web->count);
  *check = (Check){ web, bowline_http_request_ref (request) };
  auth.check_password (self, user, password, NULL, bowline_http_request_get_address (request), checked_cb, check);
  return TRUE;
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
  if (file == bl_web_files_find (web->files, "/") && serve_login (web, request))
    return;
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
page_respond (gpointer self, BowlineHttpRequest *request, guint32 status, GVariant *data)
{
  BlWeb *web = self;
  g_autoptr (GVariant) owned = g_variant_ref_sink (data);
  const BlWebFile *index = bl_web_files_find (web->files, "/");
  g_autofree char *json = bl_json_to_string (owned, NULL);
  g_autoptr (GBytes) page = NULL;
  if (index != NULL && json != NULL)
    page = bl_web_with_page_data (index->content[BL_WEB_IDENTITY], json);
  if (page == NULL)
    {
      respond_text (request, 500, "The page cannot be shown.\n");
      return;
    }
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, status, index->type, page);
}

static void
robots_cb (BowlineHttpRequest *request, gpointer user_data)
{
  respond_text (request, 200, "User-agent: *\nDisallow: /\n");
}

static gboolean
register_service (BlWeb *web, GError **error)
{
  static const BowlinePage table = { .struct_size = sizeof table, .respond = page_respond };
  return bowline_host_register_service (web->host, BOWLINE_PAGE_SERVICE, BOWLINE_PAGE_MAJOR, &table, web, error);
}

static gboolean
register_endpoints (BlWeb *web, GError **error)
{
  const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof endpoints[0], .path = "/",
      .flags = BOWLINE_ENDPOINT_FALLBACK | BOWLINE_ENDPOINT_PREFIX | BOWLINE_ENDPOINT_COOKIE,
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
  g_atomic_ref_count_init (&web->count);
  web->host = host;
  web->files = bl_web_files_load (directory, error);
  if (web->files == NULL || !register_endpoints (web, error) || !register_service (web, error))
    return NULL;
  return g_steal_pointer (&web);
}

void
bl_web_free (BlWeb *web)
{
  if (web == NULL)
    return;
  web->host = NULL;
  web_unref (web);
}
