// SPDX-License-Identifier: Apache-2.0
#include "bl-guests-share.h"

#include "common/bl-ids.h"
#include "common/bl-json.h"
#include "common/bl-share.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_COOKIE 1024u
#define MINUTE_MS G_GINT64_CONSTANT (60000)

typedef struct
{
  BowlineHost *host;
  BowlineHttpRequest *request;
  BowlineAuth auth;
  gpointer auth_self;
  gint64 now_ms;
} Visit;

/* ---- answers
 * ------------------------------------------------------------------------------------------------------ */

static gboolean
wants_json (BowlineHttpRequest *request)
{
  const char *accept = bowline_http_request_get_header (request, "Accept");

  return accept != NULL && strstr (accept, "application/json") != NULL
         && strstr (accept, "text/html") == NULL;
}

/* @guest: (transfer floating): the member "guest" of the page's data */
static void
respond (Visit *visit, guint32 status, GVariant *guest)
{
  BowlinePage page = { .struct_size = sizeof page };
  g_autoptr (GVariant) owned = g_variant_ref_sink (guest);
  g_autoptr (GBytes) body = NULL;
  GVariantDict data;
  gpointer self;

  if (!wants_json (visit->request)
      && bowline_host_lookup_service (visit->host, BOWLINE_PAGE_SERVICE, BOWLINE_PAGE_MAJOR, &page, &self))
    {
      g_variant_dict_init (&data, NULL);
      g_variant_dict_insert_value (&data, "guest", owned);
      page.respond (self, visit->request, status, g_variant_dict_end (&data));
      return;
    }
  body = bl_json_from_variant (owned, NULL);
  bowline_http_request_add_header (visit->request, "Cache-Control", "no-store");
  bowline_http_request_respond (visit->request, status, "application/json", body);
}

static void
respond_state (Visit *visit, const char *state, const BlShareWindow *window)
{
  GVariantDict guest;

  g_variant_dict_init (&guest, NULL);
  g_variant_dict_insert (&guest, "state", "s", state);
  if (window != NULL && window->start_ms != 0)
    g_variant_dict_insert (&guest, "start", "x", window->start_ms);
  if (window != NULL && window->end_ms != 0)
    g_variant_dict_insert (&guest, "expire", "x", window->end_ms);
  respond (visit, 404, g_variant_dict_end (&guest));
}

/* ---- an open share
 * ------------------------------------------------------------------------------------------------ */

static gint64
cookie_minutes (const BlShareWindow *window, gint64 now_ms)
{
  if (window->end_ms == 0)
    return BL_GUESTS_COOKIE_MINUTES;
  return CLAMP ((window->end_ms - now_ms + MINUTE_MS - 1) / MINUTE_MS, 1, BL_GUESTS_COOKIE_MINUTES);
}

/* Returns: (transfer full) (nullable): what the guest opens the relay with; %NULL when whoever shares may not
 * any more */
static char *
make_cookie (Visit *visit, GVariant *share, gint64 minutes)
{
  const char *address = bowline_http_request_get_address (visit->request);
  const char *domain = bl_variant_get_string (share, "domain");
  const char *name = bl_variant_get_string (share, "guestName");
  g_autoptr (BowlinePrincipal) guest = NULL;
  g_autofree char *cookie = NULL;
  GVariantDict object;

  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "userid", "s", bl_variant_get_string (share, "userid"));
  g_variant_dict_insert (&object, "domainid", "s", domain != NULL ? domain : "");
  g_variant_dict_insert (&object, "nid", "s", bl_variant_get_string (share, "nodeid"));
  g_variant_dict_insert (&object, "ip", "s", address);
  g_variant_dict_insert (&object, "p", "x", bl_variant_get_int (share, "p", 0));
  g_variant_dict_insert (&object, "gn", "s", name != NULL ? name : "");
  g_variant_dict_insert (&object, "cf", "x", bl_variant_get_int (share, "consent", 0));
  g_variant_dict_insert (&object, "r", "x", (gint64)8);
  g_variant_dict_insert (&object, "pid", "s", bl_variant_get_string (share, "publicid"));
  g_variant_dict_insert (&object, "expire", "x", minutes);
  if (bl_variant_get_bool (share, "viewOnly", FALSE))
    g_variant_dict_insert (&object, "vo", "x", (gint64)1);
  cookie = visit->auth.cookie_issue (visit->auth_self, BOWLINE_COOKIE_GUEST, g_variant_dict_end (&object));
  if (cookie != NULL)
    guest = visit->auth.cookie_verify (visit->auth_self, BOWLINE_COOKIE_GUEST, cookie, address, NULL);
  return guest != NULL ? g_steal_pointer (&cookie) : NULL;
}

static void
respond_open (Visit *visit, GVariant *share, const BlShareWindow *window)
{
  const char *node_id = bl_variant_get_string (share, "nodeid");
  const char *name = bl_variant_get_string (share, "guestName");
  g_autoptr (GVariant) node = node_id != NULL ? bowline_directory_dup (visit->host, node_id) : NULL;
  const char *node_name = bl_variant_get_string (node, "name");
  gint64 minutes = cookie_minutes (window, visit->now_ms);
  g_autofree char *cookie = NULL;
  BowlineDeviceState state = { .struct_size = sizeof state };
  GVariantDict guest;

  if (node != NULL && bl_variant_get_string (share, "userid") != NULL
      && bl_variant_get_string (share, "publicid") != NULL)
    cookie = make_cookie (visit, share, minutes);
  if (cookie == NULL)
    {
      respond_state (visit, "revoked", NULL);
      return;
    }
  g_variant_dict_init (&guest, NULL);
  g_variant_dict_insert (&guest, "state", "s", "open");
  g_variant_dict_insert (&guest, "name", "s", name != NULL ? name : "");
  g_variant_dict_insert (&guest, "nodeId", "s", node_id);
  g_variant_dict_insert (&guest, "nodeName", "s", node_name != NULL ? node_name : "");
  g_variant_dict_insert (&guest, "online", "b", bowline_device_get_state (visit->host, node_id, &state));
  g_variant_dict_insert (&guest, "protocols", "x", bl_variant_get_int (share, "p", 0));
  g_variant_dict_insert (&guest, "viewOnly", "b", bl_variant_get_bool (share, "viewOnly", FALSE));
  g_variant_dict_insert (&guest, "consent", "x", bl_variant_get_int (share, "consent", 0));
  if (window->start_ms != 0)
    g_variant_dict_insert (&guest, "start", "x", window->start_ms);
  if (window->end_ms != 0)
    g_variant_dict_insert (&guest, "expire", "x", window->end_ms);
  g_variant_dict_insert (&guest, "authCookie", "s", cookie);
  g_variant_dict_insert (&guest, "cookieExpire", "x", visit->now_ms + minutes * MINUTE_MS);
  respond (visit, 200, g_variant_dict_end (&guest));
}

/* ---- the link
 * ------------------------------------------------------------------------------------------------------ */

static void
respond_share (Visit *visit, GVariant *link)
{
  g_autofree char *id = g_strconcat (BL_SHARE_PREFIX, bl_variant_get_string (link, "pid"), NULL);
  gint64 end_ms = bl_variant_get_int (link, "e", 0);
  g_autoptr (GVariant) share = bowline_directory_dup (visit->host, id);
  BlShareWindow window = bl_share_window (share, visit->now_ms);

  if ((end_ms != 0 && end_ms <= visit->now_ms) || (share != NULL && window.state == BL_SHARE_OVER))
    respond_state (visit, "expired", &window);
  else if (share == NULL)
    respond_state (visit, "revoked", NULL);
  else if (window.state == BL_SHARE_EARLY)
    respond_state (visit, "early", &window);
  else
    respond_open (visit, share, &window);
}

void
bl_guests_share_respond (BowlineHost *host, BowlineHttpRequest *request)
{
  const char *text = bowline_http_request_get_query (request, "c");
  Visit visit = { .host = host, .request = request, .now_ms = g_get_real_time () / 1000 };
  g_autoptr (GVariant) link = NULL;

  visit.auth.struct_size = sizeof visit.auth;
  if (text != NULL && strlen (text) <= MAX_COOKIE
      && bowline_host_get_auth (host, &visit.auth, &visit.auth_self) && visit.auth.cookie_open != NULL)
    link = visit.auth.cookie_open (visit.auth_self, BOWLINE_COOKIE_INVITATION, text, 0, NULL);
  if (bl_variant_get_int (link, "a", 0) == 6 && bl_variant_get_string (link, "pid") != NULL)
    respond_share (&visit, link);
  else
    respond_state (&visit, "invalid", NULL);
}
