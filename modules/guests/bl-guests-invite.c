// SPDX-License-Identifier: Apache-2.0
#include "bl-guests-invite.h"

#include "bl-guests-page.h"
#include "bl-guests-words.h"

#include "common/bl-form.h"
#include "common/bl-ids.h"
#include "common/bl-rate.h"
#include "common/bl-variant.h"

#include <string.h>

#define MAX_COOKIE 1024u
#define MAX_CODE 64u
#define GROUP_TYPE_AGENT 2
/* One code in six seconds: the bucket gains one token a second. */
#define TOKENS_PER_TRY 6u

struct _BlGuestsInvites
{
  BowlineHost *host;
  GHashTable *tries; /* address -> BlRate */
};

BlGuestsInvites *
bl_guests_invites_new (BowlineHost *host)
{
  BlGuestsInvites *invites = g_new0 (BlGuestsInvites, 1);

  invites->host = host;
  invites->tries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return invites;
}

void
bl_guests_invites_free (BlGuestsInvites *invites)
{
  g_hash_table_unref (invites->tries);
  g_free (invites);
}

static void
respond (BowlineHttpRequest *request, guint32 status, GBytes *page)
{
  g_autoptr (GBytes) owned = page;

  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_add_header (request, "Vary", "Accept-Language");
  bowline_http_request_respond (request, status, "text/html; charset=utf-8", owned);
}

static const char *
language_of (BowlineHttpRequest *request)
{
  return bl_guests_language (bowline_http_request_get_header (request, "Accept-Language"));
}

/* ---- the invitation
 * ----------------------------------------------------------------------------------------------- */

/* Returns: (transfer full) (nullable): what the cookie of an invitation holds, if it is still good */
static GVariant *
open_cookie (BowlineHost *host, const char *text)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autoptr (GVariant) invitation = NULL;
  gpointer self;

  if (text == NULL || strlen (text) > MAX_COOKIE || !bowline_host_get_auth (host, &auth, &self)
      || auth.cookie_open == NULL)
    return NULL;
  invitation = auth.cookie_open (self, BOWLINE_COOKIE_INVITATION, text, 1, NULL);
  if (bl_variant_get_int (invitation, "a", 0) != 4 || bl_variant_get_string (invitation, "mid") == NULL)
    return NULL;
  return g_steal_pointer (&invitation);
}

static GVariant *
dup_group (BowlineHost *host, GVariant *invitation)
{
  const char *id = invitation != NULL ? bl_variant_get_string (invitation, "mid") : NULL;
  g_autoptr (GVariant) mesh = NULL;

  if (id == NULL || !bl_id_is_valid (id, BL_ID_MESH))
    return NULL;
  mesh = bowline_directory_dup (host, id);
  if (mesh == NULL || bl_variant_has (mesh, "deleted")
      || bl_variant_get_int (mesh, "mtype", 0) != GROUP_TYPE_AGENT)
    return NULL;
  return g_steal_pointer (&mesh);
}

/* The address of this server as the visitor reaches it. */
static char *
origin_of (BowlineHttpRequest *request)
{
  return g_strconcat ("https://", bowline_http_request_get_host (request), NULL);
}

/* Where the certificate says nothing, the server's own key is what the agent checks. */
static char *
pin_of (BowlineHost *host)
{
  g_autoptr (GBytes) id = NULL;
  g_autofree char *hex = NULL;

  if (bowline_identity_is_trusted (host))
    return g_strdup ("");
  id = bowline_identity_dup_server_id (host);
  hex = bl_hex_encode (g_bytes_get_data (id, NULL), g_bytes_get_size (id), FALSE);
  return g_strconcat (" --server-id ", hex, NULL);
}

static GBytes *
make_page (BlGuestsInvites *invites, BowlineHttpRequest *request, GVariant *mesh, gint64 flags)
{
  const char *name = bl_variant_get_string (mesh, "name");
  const char *short_id = strrchr (bl_variant_get_string (mesh, "_id"), '/') + 1;
  g_autofree char *origin = origin_of (request);
  g_autofree char *server = bl_guests_page_shell (origin);
  g_autofree char *group = bl_guests_page_shell (short_id);
  g_autofree char *escaped = g_uri_escape_string (short_id, NULL, FALSE);
  g_autofree char *pin = pin_of (invites->host);
  const char *check = bowline_identity_is_trusted (invites->host) ? "" : " --no-check-certificate";
  g_autofree char *script = g_strdup_printf ("wget -O bowline-install.sh '%s/meshagents?script=1'%s && "
                                             "sudo sh bowline-install.sh %s %s",
                                             origin, check, server, group);
  g_autofree char *enroll = g_strdup_printf ("sudo bowline-agent enroll %s %s%s", server, group, pin);
  g_autofree char *windows
      = g_strdup_printf ("/meshagents?id=4&meshid=%s&installflags=%d", escaped, (int)flags);
  g_autofree char *mac
      = g_strdup_printf ("/meshagents?id=%s&meshinstall=10005&installflags=%d", escaped, (int)flags);
  g_autofree char *settings = g_strdup_printf ("/meshsettings?id=%s&installflags=%d", escaped, (int)flags);
  const BlGuestsWay ways[] = {
    { "Linux", "Type this into a terminal. It installs bowline-agent.", script, NULL },
    { "Linux with the package bowline-agent", "The package is installed already: type this into a terminal.",
      enroll, NULL },
    { "Windows", "MeshAgent for Windows, if this server offers it. Start the downloaded program.", NULL,
      windows },
    { "macOS",
      "MeshAgent for macOS, if this server offers it. Start the downloaded program in a terminal with sudo.",
      NULL, mac },
    { "Another system with MeshAgent",
      "Put these settings beside the MeshAgent program and start it with -fullinstall.", NULL, settings },
    { NULL, NULL, NULL, NULL },
  };

  /* Linux agents run in the background only. */
  return bl_guests_page_invitation (language_of (request), name != NULL ? name : "", flags == 1 ? ways + 2 : ways);
}

void
bl_guests_invites_show (BlGuestsInvites *invites, BowlineHttpRequest *request)
{
  g_autoptr (GVariant) invitation
      = open_cookie (invites->host, bowline_http_request_get_query (request, "c"));
  g_autoptr (GVariant) mesh = dup_group (invites->host, invitation);
  gint64 flags = bl_variant_get_int (invitation, "f", 0);

  if (mesh == NULL)
    respond (request, 404,
             bl_guests_page_message (language_of (request), "Invitation",
                                     "This invitation is not valid, or it has expired. Ask whoever sent "
                                     "it for a new one."));
  else
    respond (request, 200, make_page (invites, request, mesh, flags >= 0 && flags <= 2 ? flags : 0));
}

/* ---- codes
 * -------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *code; /* (nullable): only whether there are any */
  gboolean any;
  char *mesh_id;
  gint64 flags;
  gint64 agents;
} Search;

static gboolean
search_group (const char *id, GVariant *mesh, gpointer user_data)
{
  Search *search = user_data;
  g_autoptr (GVariant) invite = bl_variant_get_object (mesh, "invite");
  g_auto (GStrv) codes = invite != NULL ? bl_variant_get_strv (invite, "codes") : NULL;

  if (codes == NULL || *codes == NULL || bl_variant_has (mesh, "deleted"))
    return TRUE;
  search->any = TRUE;
  for (guint i = 0; search->code != NULL && codes[i] != NULL; i++)
    {
      if (!bl_str_equal_ct (codes[i], search->code) || search->mesh_id != NULL)
        continue;
      search->mesh_id = g_strdup (id);
      search->flags = bl_variant_get_int (invite, "flags", 0);
      search->agents = bl_variant_get_int (invite, "ag", 0);
    }
  return TRUE;
}

static gboolean
forget_rested (gpointer key, gpointer rate, gpointer now)
{
  return bl_rate_is_full (rate, *(gint64 *)now);
}

/* Codes are short: whoever guesses is slowed down. */
static gboolean
may_try (BlGuestsInvites *invites, const char *address)
{
  gint64 now = g_get_monotonic_time ();
  BlRate *rate = g_hash_table_lookup (invites->tries, address);

  if (rate == NULL)
    {
      if (g_hash_table_size (invites->tries) >= BL_GUESTS_MAX_ADDRESSES)
        g_hash_table_foreach_remove (invites->tries, forget_rested, &now);
      if (g_hash_table_size (invites->tries) >= BL_GUESTS_MAX_ADDRESSES)
        return FALSE;
      rate = g_new0 (BlRate, 1);
      bl_rate_init (rate, 1, BL_GUESTS_TRIES * TOKENS_PER_TRY, now);
      g_hash_table_insert (invites->tries, g_strdup (address), rate);
    }
  return bl_rate_take (rate, TOKENS_PER_TRY, now);
}

static void
redirect (BlGuestsInvites *invites, BowlineHttpRequest *request, const Search *found)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autofree char *cookie = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *location = NULL;
  gpointer self;
  GVariantDict object;

  if (bowline_host_get_auth (invites->host, &auth, &self))
    {
      g_variant_dict_init (&object, NULL);
      g_variant_dict_insert (&object, "a", "x", (gint64)4);
      g_variant_dict_insert (&object, "mid", "s", found->mesh_id);
      g_variant_dict_insert (&object, "f", "x", found->flags);
      g_variant_dict_insert (&object, "expire", "x", (gint64)1);
      if (found->agents != 0)
        g_variant_dict_insert (&object, "ag", "x", found->agents);
      cookie = auth.cookie_issue (self, BOWLINE_COOKIE_INVITATION, g_variant_dict_end (&object));
    }
  if (cookie == NULL)
    {
      respond (request, 500, bl_guests_page_message (language_of (request), "Invitation", "The invitation cannot be opened."));
      return;
    }
  escaped = g_uri_escape_string (cookie, NULL, FALSE);
  location = g_strconcat ("/agentinvite?c=", escaped, NULL);
  bowline_http_request_add_header (request, "Location", location);
  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, 302, NULL, NULL);
}

static void
try_code (BlGuestsInvites *invites, BowlineHttpRequest *request)
{
  GBytes *body = bowline_http_request_get_body (request);
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  g_autofree char *code = size > 0 ? bl_form_dup_field (text, size, "inviteCode") : NULL;
  Search search = { .code = code != NULL ? g_strstrip (code) : NULL };

  if (!may_try (invites, bowline_http_request_get_address (request)))
    {
      bowline_http_request_add_header (request, "Retry-After", "60");
      respond (request, 429, bl_guests_page_form (language_of (request), "Too many attempts. Try again in a minute."));
      return;
    }
  if (code != NULL && *code != '\0' && strlen (code) <= MAX_CODE)
    bowline_directory_foreach (invites->host, "mesh", NULL, search_group, &search);
  if (search.mesh_id != NULL)
    redirect (invites, request, &search);
  else
    respond (request, 200, bl_guests_page_form (language_of (request), "This code is not valid."));
  g_free (search.mesh_id);
}

void
bl_guests_invites_enter (BlGuestsInvites *invites, BowlineHttpRequest *request)
{
  Search search = { .code = NULL };

  bowline_directory_foreach (invites->host, "mesh", NULL, search_group, &search);
  if (!search.any)
    respond (request, 404, bl_guests_page_message (language_of (request), "Invitation", "This server has no invitation codes."));
  else if (g_str_equal (bowline_http_request_get_method (request), "POST"))
    try_code (invites, request);
  else
    respond (request, 200, bl_guests_page_form (language_of (request), NULL));
}
