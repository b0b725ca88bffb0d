// SPDX-License-Identifier: Apache-2.0
#include "bl-health.h"

#include "bl-host.h"

#include <bowline/http.h>
#include <string.h>

static void
respond (BowlineHttpRequest *request, guint32 status, const char *text)
{
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, status, "text/html; charset=utf-8", body);
}

static void
health_cb (BowlineHttpRequest *request, gpointer user_data)
{
  if (bl_store_is_healthy (user_data))
    respond (request, 200, "ok");
  else
    respond (request, 503, "changes are not kept at the moment"); // the reason is for `bowlinectl doctor`, not for everybody
}

gboolean
bl_health_register (BlStore *store, GError **error)
{
  static const BowlineEndpoint endpoint = {
    .struct_size = sizeof endpoint,
    .flags = BOWLINE_ENDPOINT_ANY_HOST,
    .path = "/health.ashx",
    .methods = "GET",
    .request = health_cb,
  };
  return bowline_host_register_endpoint (bl_host_get_core (), &endpoint, store, error) != 0;
}
