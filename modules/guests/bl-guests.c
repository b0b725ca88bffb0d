// SPDX-License-Identifier: Apache-2.0
#include "bl-guests.h"

#include "bl-guests-invite.h"
#include "bl-guests-page.h"
#include "bl-guests-share.h"

#define MAX_FORM 4096u

struct _BlGuests
{
  BowlineHost *host;
  BlGuestsInvites *invites;
};

static void
on_share (BowlineHttpRequest *request, gpointer user_data)
{
  bl_guests_share_respond (((BlGuests *)user_data)->host, request);
}

static void
on_invitation (BowlineHttpRequest *request, gpointer user_data)
{
  bl_guests_invites_show (((BlGuests *)user_data)->invites, request);
}

static void
on_code (BowlineHttpRequest *request, gpointer user_data)
{
  bl_guests_invites_enter (((BlGuests *)user_data)->invites, request);
}

static void
on_style (BowlineHttpRequest *request, gpointer user_data)
{
  g_autoptr (GBytes) style = bl_guests_page_style ();

  bowline_http_request_add_header (request, "Cache-Control", "public, max-age=3600");
  bowline_http_request_respond (request, 200, "text/css; charset=utf-8", style);
}

BlGuests *
bl_guests_new (BowlineHost *host, GError **error)
{
  const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof endpoints[0], .path = "/sharing", .methods = "GET", .request = on_share },
    { .struct_size = sizeof endpoints[0],
      .path = "/agentinvite",
      .methods = "GET",
      .request = on_invitation },
    { .struct_size = sizeof endpoints[0],
      .path = "/invite",
      .methods = "GET,POST",
      .max_body = MAX_FORM,
      .request = on_code },
    { .struct_size = sizeof endpoints[0], .path = "/invite.css", .methods = "GET", .request = on_style },
  };
  g_autoptr (BlGuests) guests = g_new0 (BlGuests, 1);

  guests->host = host;
  guests->invites = bl_guests_invites_new (host);
  for (guint i = 0; i < G_N_ELEMENTS (endpoints); i++)
    {
      if (bowline_host_register_endpoint (host, &endpoints[i], guests, error) == 0)
        return NULL;
    }
  return g_steal_pointer (&guests);
}

void
bl_guests_free (BlGuests *guests)
{
  bl_guests_invites_free (guests->invites);
  g_free (guests);
}
