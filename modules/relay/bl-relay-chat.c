// SPDX-License-Identifier: Apache-2.0
// Follows webrtc-and-messenger section 2.1.
#include "bl-relay-chat.h"

#include "common/bl-rights-bits.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#define PURPOSE "messenger-device"
#define KEPT_SECONDS (7 * 86400) // how long somebody is told that the invitation is over, and not that it is none

static gint64
now_seconds (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

// A link of the longest names still fits what a device takes.
static char *
dup_mark (const BlChat *chat)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, chat->id, -1);
}

char *
bl_relay_chat_invite (BowlineHost *host, const BlChat *chat)
{
  g_autofree char *mark = dup_mark (chat);
  GVariantDict content;
  g_variant_dict_init (&content, NULL);
  g_variant_dict_insert (&content, "room", "s", mark);
  g_variant_dict_insert (&content, "until", "x", now_seconds () + BL_RELAY_CHAT_INVITATION_SECONDS);
  return bowline_ticket_seal (host, PURPOSE, g_variant_dict_end (&content), KEPT_SECONDS);
}

// Returns: FALSE when @text is no invitation to @chat; otherwise @expired says whether it is over
static gboolean
is_invitation (BowlineHost *host, const char *text, const BlChat *chat, gboolean *expired)
{
  g_autoptr (GVariant) content = bowline_ticket_open (host, PURPOSE, text, NULL);
  g_autofree char *mark = dup_mark (chat);
  if (content == NULL || g_strcmp0 (bl_variant_get_string (content, "room"), mark) != 0)
    return FALSE;
  *expired = now_seconds () >= bl_variant_get_int (content, "until", 0);
  return TRUE;
}

gboolean
bl_relay_chat_is_allowed (BowlineHost *host, BowlinePrincipal *asks, const BlChat *chat)
{
  if (bl_chat_is_with_device (chat))
    return bl_tunnel_allowed (BL_TUNNEL_MESSENGER, bowline_rights (host, asks, chat->asked));
  return (bowline_site_rights (host, asks) & BL_SITE_MANAGE_USERS) != 0 && bowline_may_see (host, asks, chat->asked);
}

// Returns: (transfer full) (nullable): the account, never a guest of a device share
static BowlinePrincipal *
identify (BowlineHost *host, BowlineHttpRequest *request, const char *cookie)
{
  BowlinePrincipal *session = bowline_http_request_get_principal (request);
  BowlineAuth auth = { .struct_size = sizeof auth };
  gpointer self;
  if (cookie != NULL)
    return bowline_host_get_auth (host, &auth, &self)
               ? auth.cookie_verify (self, BOWLINE_COOKIE_LOGIN, cookie, bowline_http_request_get_address (request), NULL)
               : NULL;
  if (session == NULL || bowline_principal_get_kind (session) == BOWLINE_PRINCIPAL_GUEST)
    return NULL;
  return bowline_principal_ref (session);
}

BlRelayChatVerdict
bl_relay_chat_admit (BowlineHost *host, BowlineHttpRequest *request, const BlChat *chat, BlRelayEnd *end,
                     BowlinePrincipal **principal)
{
  const char *text = bowline_http_request_get_query (request, "auth");
  gboolean expired;
  *principal = NULL;
  *end = BL_RELAY_DEVICE;
  if (text != NULL && bl_chat_is_with_device (chat) && is_invitation (host, text, chat, &expired))
    return expired ? BL_RELAY_CHAT_EXPIRED : BL_RELAY_CHAT_OPEN;
  g_autoptr (BowlinePrincipal) who = identify (host, request, text);
  if (who == NULL)
    return text == NULL ? BL_RELAY_CHAT_SIGN_IN : BL_RELAY_CHAT_DENIED;
  const char *user_id = bowline_principal_get_user_id (who);
  if (g_str_equal (user_id, chat->asks))
    *end = BL_RELAY_VIEWER;
  else if (!g_str_equal (user_id, chat->asked))
    return BL_RELAY_CHAT_DENIED;
  if (*end == BL_RELAY_VIEWER && !bl_relay_chat_is_allowed (host, who, chat))
    return BL_RELAY_CHAT_DENIED;
  *principal = g_steal_pointer (&who);
  return BL_RELAY_CHAT_OPEN;
}

// ---- the page ------------------------------------------------------------------------------------------------------

// Returns: (transfer full): what a person or a device is called
static char *
dup_name (BowlineHost *host, const char *id)
{
  g_autoptr (GVariant) document = bowline_directory_dup (host, id);
  const char *real = bl_variant_get_string (document, "realname");
  const char *name = bl_variant_get_string (document, "name");
  if (real != NULL && *real != '\0')
    return g_strdup (real);
  return g_strdup (name != NULL ? name : "");
}

static const char *
state_name (BlRelayChatVerdict verdict)
{
  switch (verdict)
    {
    case BL_RELAY_CHAT_OPEN:
      return "open";
    case BL_RELAY_CHAT_SIGN_IN:
      return "sign-in";
    case BL_RELAY_CHAT_EXPIRED:
      return "expired";
    default:
      return "denied";
    }
}

// What the page of an open room is told; names are for those who may join only.
static void
describe (BowlineHost *host, BowlineHttpRequest *request, const BlChat *chat, BlRelayEnd end, GVariantDict *out)
{
  const gboolean asks = end == BL_RELAY_VIEWER;
  const char *auth = bowline_http_request_get_query (request, "auth");
  g_autofree char *name = dup_name (host, asks ? chat->asked : chat->asks);
  g_autofree char *own = dup_name (host, asks ? chat->asks : chat->asked);
  g_variant_dict_insert (out, "id", "s", chat->id);
  g_variant_dict_insert (out, "auth", "s", auth != NULL ? auth : "");
  g_variant_dict_insert (out, "name", "s", name);
  g_variant_dict_insert (out, "own", "s", own);
  g_variant_dict_insert (out, "device", "b", asks && bl_chat_is_with_device (chat));
}

void
bl_relay_chat_respond (BowlineHost *host, BowlineHttpRequest *request)
{
  g_auto (BlChat) chat = { 0 };
  g_autoptr (BowlinePrincipal) who = NULL;
  BowlinePage page = { .struct_size = sizeof page };
  BlRelayEnd end = BL_RELAY_DEVICE;
  GVariantDict object, data;
  gpointer self;
  if (!bl_chat_parse (bowline_http_request_get_query (request, "id"), &chat)
      || !bowline_host_lookup_service (host, BOWLINE_PAGE_SERVICE, BOWLINE_PAGE_MAJOR, &page, &self))
    {
      bowline_http_request_respond (request, 404, NULL, NULL);
      return;
    }
  const BlRelayChatVerdict verdict = bl_relay_chat_admit (host, request, &chat, &end, &who);
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "state", "s", state_name (verdict));
  if (verdict == BL_RELAY_CHAT_OPEN)
    describe (host, request, &chat, end, &object);
  g_variant_dict_init (&data, NULL);
  g_variant_dict_insert_value (&data, "chat", g_variant_dict_end (&object));
  page.respond (self, request, verdict == BL_RELAY_CHAT_DENIED || verdict == BL_RELAY_CHAT_EXPIRED ? 404 : 200,
                g_variant_dict_end (&data));
}
