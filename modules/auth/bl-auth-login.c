// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 3.3, web-http 2, tactical 2 and 7 */
#include "bl-auth-login.h"

#include "bl-auth-http.h"
#include "common/bl-ids.h"
#include "common/bl-rights-bits.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <string.h>

#define ID_HEX (2 * BL_ID48_SIZE)

char *
bl_auth_login_node_id (const char *text)
{
  guint8 id[BL_ID48_SIZE];

  if (text == NULL)
    return NULL;
  if (strlen (text) == ID_HEX && bl_hex_decode (text, ID_HEX, id, sizeof id))
    return bl_id_from_hash (BL_ID_NODE, "", id);
  return bl_id_complete (BL_ID_NODE, "", text, NULL);
}

BowlinePrincipal *
bl_auth_login_principal (BlAuth *self,
                         const BlAuthKey *key,
                         const char *user_id,
                         const char *node_id,
                         const char *address,
                         const char **why)
{
  g_autoptr (GVariant) account = bowline_directory_dup (self->host, user_id);
  const guint32 site = bl_rights_from_json (bl_variant_get_int (account, "siteadmin", 0));
  const gboolean locked = site != BL_SITE_FULL && (site & BL_SITE_LOCKED) != 0;
  BowlinePrincipalInfo info = {
    .struct_size = sizeof info,
    .kind = BOWLINE_PRINCIPAL_KEY,
    .user_id = user_id,
    .address = address,
    .only_node = node_id,
  };
  const BlAuthPolicyUse use = {
    .user_id = user_id,
    .administrator = site == BL_SITE_FULL || (site & ~(BL_SITE_LOCKED | BL_SITE_FILES)) != 0,
    .address = address,
    .now_ms = bl_auth_now_ms (),
  };
  const char *reason = account == NULL || locked ? "the account is gone or locked"
                       : key == NULL             ? "the key is gone"
                                                 : bl_auth_policy_admit (key->policy, &use, &info);

  if (why != NULL)
    *why = reason;
  if (reason != NULL)
    return NULL;
  info.token_id = key->id;
  if (node_id != NULL)
    info.site_ceiling = 0;
  return bowline_principal_new (self->host, &info);
}

static void
log_refusal (BlAuth *self, const char *user_id, const char *address, const char *reason)
{
  g_autofree char *clean = g_strescape (user_id, NULL);
  GVariantDict fields;

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "user", "s", user_id);
  g_variant_dict_insert (&fields, "address", "s", address != NULL ? address : "");
  bowline_host_log (self->host, BOWLINE_LOG_NOTICE, g_variant_dict_end (&fields),
                    "login token refused user=%s ip=%s reason=\"%s\"", clean, address != NULL ? address : "",
                    reason);
}

/* The client is told one thing, whatever it was; the log says what. */
static void
refuse (BlAuth *self, const char *user_id, const char *address, const char *reason, GError **error)
{
  log_refusal (self, user_id, address, reason);
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS, "The cookie is forged or expired");
}

static gboolean
is_within_rate (BlAuthKey *key)
{
  return key->policy->rate == 0 || bl_rate_take (&key->rate, 1, g_get_monotonic_time ());
}

BowlinePrincipal *
bl_auth_login_by_cookie (BlAuth *self, const BlAuthCookie *cookie, const char *address, GError **error)
{
  BowlinePrincipal *principal = NULL;
  const char *why = NULL;

  if (!cookie->own && cookie->page && cookie->key->policy->bind_node)
    why = "a login token of this key opens the page of a device only";
  else if (!cookie->own && !is_within_rate (cookie->key))
    why = "the key is used too often";
  else
    principal = bl_auth_login_principal (self, cookie->key, cookie->user_id, cookie->node_id, address, &why);
  if (principal == NULL)
    refuse (self, cookie->user_id, address, why, error);
  return principal;
}

/* ---- the page
 * ----------------------------------------------------------------------------------------------------- */

/* Returns: (nullable): why the page is not for this device. @node_id: (inout): kept only when the key binds
 */
static const char *
bind_node (BlAuth *self, const BlAuthCookie *cookie, const char *text, char **node_id)
{
  if (!cookie->key->policy->bind_node)
    {
      g_clear_pointer (node_id, g_free);
      return NULL;
    }
  if (*node_id == NULL)
    return "no device is named, and the key binds its tokens to one";
  if (cookie->lasting)
    return "the token has an age of its own, and the key binds its tokens to a device";
  if (!bl_auth_cookies_bind (self->cookies, text, *node_id))
    return "the token was used for another device";
  return NULL;
}

/* A page of another site must not change whose session this browser has; the page works by its own cookies
 * then. */
static gboolean
may_keep_cookie (BowlineHttpRequest *request)
{
  BowlinePrincipal *before = bowline_http_request_get_principal (request);
  const char *site = bowline_http_request_get_header (request, "Sec-Fetch-Site");

  return g_strcmp0 (site, "cross-site") != 0
         && (before == NULL || bowline_principal_get_kind (before) == BOWLINE_PRINCIPAL_KEY);
}

static void
open_session (BlAuth *self, BowlinePrincipal *principal, BowlineHttpRequest *request)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  g_autoptr (GVariant) account = NULL;
  g_autofree char *value = NULL;

  bowline_principal_get_info (principal, &who);
  account = bowline_directory_dup (self->host, who.user_id);
  bl_auth_http_emit_login (self, account, request);
  if (!may_keep_cookie (request))
    return;
  value = bl_auth_sessions_open (self->sessions, &who,
                                 bowline_http_request_get_header (request, "User-Agent"), bl_auth_now_ms ());
  bl_auth_http_set_cookie (request, value, bowline_host_get_int (self->host, "session-lifetime"));
}

BowlinePrincipal *
bl_auth_login_page (gpointer data, BowlineHttpRequest *request)
{
  BlAuth *self = data;
  const char *text = bowline_http_request_get_query (request, "login");
  const char *address = bowline_http_request_get_address (request);
  g_autofree char *node_id = bl_auth_login_node_id (bowline_http_request_get_query (request, "gotonode"));
  g_auto (BlAuthCookie) cookie = { 0 };
  BowlinePrincipal *principal = NULL;
  const char *why;

  if (text == NULL
      || !bl_auth_cookies_verify (self->cookies, BOWLINE_COOKIE_LOGIN, text, address, &cookie, NULL)
      || !cookie.page)
    return NULL;
  if (cookie.own) /* an account asked for it itself: action "logincookie" */
    {
      principal = bl_auth_make_principal (self, cookie.user_id, NULL, NULL, address);
      if (principal != NULL)
        open_session (self, principal, request);
      return principal;
    }
  why = bind_node (self, &cookie, text, &node_id);
  if (why == NULL && !is_within_rate (cookie.key))
    why = "the key is used too often";
  if (why == NULL)
    principal = bl_auth_login_principal (self, cookie.key, cookie.user_id, node_id, address, &why);
  if (principal != NULL)
    open_session (self, principal, request);
  else
    log_refusal (self, cookie.user_id, address, why);
  return principal;
}

/* ---- cookies for what was opened
 * ---------------------------------------------------------------------------------- */

/* A cookie says what limits it, and is held to that again when it comes back. What cannot be said gets no
 * cookie. */
static gboolean
insert_limits (GVariantDict *object, const BowlinePrincipalInfo *who)
{
  if (who->kind == BOWLINE_PRINCIPAL_KEY && who->token_id != NULL)
    {
      g_variant_dict_insert (object, "bk", "s", who->token_id);
      if (who->only_node != NULL)
        g_variant_dict_insert (object, "nid", "s", who->only_node);
      return TRUE;
    }
  if (who->only_node != NULL || who->only_objects != NULL || who->rights_ceiling != BL_RIGHT_ALL
      || who->rights_added != 0 || who->site_ceiling != BL_SITE_FULL)
    return FALSE;
  if (who->kind == BOWLINE_PRINCIPAL_TOKEN)
    g_variant_dict_insert (object, "bt", "s", who->token_id);
  else if (who->token_id != NULL)
    g_variant_dict_insert (object, "bs", "s", who->token_id);
  return who->kind == BOWLINE_PRINCIPAL_TOKEN || who->kind == BOWLINE_PRINCIPAL_USER;
}

static void
insert_account (GVariantDict *object, const char *user_id)
{
  g_auto (GStrv) parts = g_strsplit (user_id, "/", 3);

  g_variant_dict_insert (object, "userid", "s", user_id);
  g_variant_dict_insert (object, "domainid", "s", parts[1]);
}

/* Returns: %FALSE when no cookie can stand for @principal; @object is clear then */
static gboolean
begin_cookie (BowlinePrincipal *principal, GVariantDict *object)
{
  BowlinePrincipalInfo who = { .struct_size = sizeof who };

  bowline_principal_get_info (principal, &who);
  g_variant_dict_init (object, NULL);
  if (bl_id_is_valid (who.user_id, BL_ID_USER) && insert_limits (object, &who))
    return TRUE;
  g_variant_dict_clear (object);
  return FALSE;
}

char *
bl_auth_login_issue (gpointer data, guint32 purpose, BowlinePrincipal *principal)
{
  BlAuth *self = data;
  BowlinePrincipalInfo who = { .struct_size = sizeof who };
  GVariantDict object;

  if (purpose == BOWLINE_COOKIE_PORT || !begin_cookie (principal, &object))
    return NULL;
  bowline_principal_get_info (principal, &who);
  if (purpose == BOWLINE_COOKIE_RELAY)
    {
      g_autofree char *random = bl_random_hex (4);

      g_variant_dict_insert (&object, "ruserid", "s", who.user_id);
      g_variant_dict_insert (&object, "x", "s", random);
    }
  else
    {
      insert_account (&object, who.user_id);
      if (who.address != NULL)
        g_variant_dict_insert (&object, "ip", "s", who.address);
    }
  return bl_auth_cookies_issue (self->cookies, NULL, g_variant_dict_end (&object));
}

char *
bl_auth_login_issue_port (gpointer data, BowlinePrincipal *principal, GVariant *target)
{
  BlAuth *self = data;
  g_autoptr (GVariant) checked = NULL;
  BlTunnelPort port;
  GVariantDict object;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (!bl_tunnel_port_read (target, &port) || !begin_cookie (principal, &object))
    return NULL;
  checked = g_variant_ref_sink (bl_tunnel_port_to_variant (&port));
  insert_account (&object, bowline_principal_get_user_id (principal));
  g_variant_iter_init (&iter, checked);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    g_variant_dict_insert_value (&object, name, value);
  return bl_auth_cookies_issue (self->cookies, NULL, g_variant_dict_end (&object));
}

void
bl_auth_login_keys_changed (BlAuth *self, const char *id)
{
  g_autoptr (GError) error = NULL;

  if (!bl_auth_keys_load (self->keys, &error))
    bowline_host_log (self->host, BOWLINE_LOG_ERROR, NULL, "%s", error->message);
  bowline_topic_publish (self->host, "principal.revoked", g_variant_new ("(s)", id));
}
