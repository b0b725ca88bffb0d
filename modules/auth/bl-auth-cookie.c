// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 3.3 */
#include "bl-auth-cookie.h"

#include "common/bl-cookie.h"
#include "common/bl-ids.h"
#include "common/bl-tunnel.h"
#include "common/bl-variant.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_COOKIE 4096u
#define MAX_ONCE 10000u

struct _BlAuthCookies
{
  BowlineHost *host;
  BlAuthKeys *keys;
  BlAuthIpCheck ip_check;
  GHashTable *used;  /* hash of a single-use cookie -> when it may be forgotten (gint64 *) */
  GHashTable *bound; /* hash of a login token -> Bound */
};

typedef struct
{
  gint64 until;
  char *node_id;
} Bound;

static void
bound_free (gpointer data)
{
  Bound *bound = data;

  g_free (bound->node_id);
  g_free (bound);
}

BlAuthCookies *
bl_auth_cookies_new (BowlineHost *host, BlAuthKeys *keys, BlAuthIpCheck ip_check)
{
  BlAuthCookies *self = g_new0 (BlAuthCookies, 1);

  self->host = host;
  self->keys = keys;
  self->ip_check = ip_check;
  self->used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->bound = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bound_free);
  return self;
}

void
bl_auth_cookies_free (BlAuthCookies *self)
{
  g_hash_table_unref (self->used);
  g_hash_table_unref (self->bound);
  g_free (self);
}

/* ---- addresses
 * ---------------------------------------------------------------------------------------------------- */

static gboolean
is_private (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_is_loopback (address) || g_inet_address_get_is_site_local (address)
      || g_inet_address_get_is_link_local (address))
    return TRUE;
  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV6)
    return (bytes[0] & 0xFE) == 0xFC;
  return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xF0) == 16)
         || (bytes[0] == 192 && bytes[1] == 168);
}

gboolean
bl_auth_address_fits (BlAuthIpCheck check, const char *then, const char *now)
{
  g_autoptr (GInetAddress) first = NULL;
  g_autoptr (GInetAddress) second = NULL;
  gsize prefix;

  if (check == BL_AUTH_IP_NONE || g_strcmp0 (then, now) == 0)
    return TRUE;
  if (check == BL_AUTH_IP_STRICT || then == NULL || now == NULL)
    return FALSE;
  first = g_inet_address_new_from_string (then);
  second = g_inet_address_new_from_string (now);
  if (first == NULL || second == NULL)
    return FALSE;
  if (is_private (first) && is_private (second))
    return TRUE;
  if (g_inet_address_get_family (first) != g_inet_address_get_family (second))
    return FALSE;
  prefix = g_inet_address_get_family (first) == G_SOCKET_FAMILY_IPV4 ? 3 : 8;
  return memcmp (g_inet_address_to_bytes (first), g_inet_address_to_bytes (second), prefix) == 0;
}

/* ---- cookies
 * ------------------------------------------------------------------------------------------------------ */

char *
bl_auth_cookies_issue (BlAuthCookies *self, const BlAuthKey *key, GVariant *object)
{
  const BlAuthKey *used = key != NULL ? key : bl_auth_keys_own (self->keys);

  return bl_cookie_encode (used->secret, object, g_get_real_time () / G_USEC_PER_SEC, NULL);
}

GVariant *
bl_auth_cookies_open_invitation (BlAuthCookies *self, const char *text, guint minutes, GError **error)
{
  const BlAuthKey *key = bl_auth_keys_invitation (self->keys);
  GVariant *object = NULL;

  if (text != NULL && strlen (text) <= MAX_COOKIE)
    object = bl_cookie_decode (key->secret, text, g_get_real_time () / G_USEC_PER_SEC, minutes, NULL);
  if (object == NULL)
    g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS,
                         "The invitation is forged or expired");
  return object;
}

void
bl_auth_cookie_clear (BlAuthCookie *cookie)
{
  g_clear_pointer (&cookie->user_id, g_free);
  g_clear_pointer (&cookie->token_id, g_free);
  g_clear_pointer (&cookie->session_id, g_free);
  g_clear_pointer (&cookie->node_id, g_free);
  g_clear_pointer (&cookie->share_id, g_free);
  g_clear_pointer (&cookie->target, g_variant_unref);
}

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_CREDENTIALS, why);
  return FALSE;
}

/* The account a login cookie names, or NULL when it is no login cookie. */
static const char *
login_user (GVariant *object)
{
  const char *user = bl_variant_get_string (object, "userid");
  const char *domain = bl_variant_get_string (object, "domainid");
  g_autofree char *prefix = NULL;

  if (bl_variant_has (object, "ruserid") || bl_variant_has (object, "nouser"))
    return NULL;
  if (user == NULL)
    return bl_variant_get_int (object, "a", 0) == 3 ? bl_variant_get_string (object, "u") : NULL;
  if (domain == NULL || bl_variant_has (object, "a"))
    return NULL;
  prefix = g_strconcat ("user/", domain, "/", NULL);
  return g_str_has_prefix (user, prefix) ? user : NULL;
}

/* What a guest holds names the account that shares, and must never pass for that account's own cookie; nor may what opens
 * one port of one device. */
static const char *
named_user (guint32 purpose, GVariant *object)
{
  const gboolean port = bl_variant_has (object, "nodeid") || bl_variant_has (object, "tcpport");

  if (port != (purpose == BOWLINE_COOKIE_PORT))
    return NULL;
  if (purpose == BOWLINE_COOKIE_RELAY)
    return bl_variant_get_string (object, "ruserid");
  if (bl_variant_has (object, "pid") != (purpose == BOWLINE_COOKIE_GUEST))
    return NULL;
  return login_user (object);
}

/* Returns: %FALSE when the cookie leads nowhere, or its holder may only reach another device */
static gboolean
read_target (GVariant *object, BlAuthCookie *cookie)
{
  BlTunnelPort port;

  if (!bl_tunnel_port_read (object, &port)
      || (cookie->node_id != NULL && !g_str_equal (cookie->node_id, port.node_id)))
    return FALSE;
  g_free (cookie->node_id);
  cookie->node_id = g_strdup (port.node_id);
  cookie->target = g_variant_ref_sink (bl_tunnel_port_to_variant (&port));
  return TRUE;
}

static gboolean
forget_old (gpointer key, gpointer until, gpointer now)
{
  return *(gint64 *)until < *(gint64 *)now;
}

/* A cookie with "once" is good for one use. Full of fresh ones, none is taken any more. */
static gboolean
use_once (BlAuthCookies *self, GVariant *object, const char *text, guint minutes)
{
  gint64 now = g_get_monotonic_time ();
  gint64 until = now + (gint64)minutes * 60 * G_USEC_PER_SEC;
  g_autofree char *hash = NULL;

  if (bl_variant_get_string (object, "once") == NULL)
    return TRUE;
  g_hash_table_foreach_remove (self->used, forget_old, &now);
  hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  if (g_hash_table_contains (self->used, hash) || g_hash_table_size (self->used) >= MAX_ONCE)
    return FALSE;
  return g_hash_table_insert (self->used, g_steal_pointer (&hash), g_memdup2 (&until, sizeof until));
}

static gboolean
is_old (gpointer key, gpointer bound, gpointer now)
{
  return ((Bound *)bound)->until < *(gint64 *)now;
}

gboolean
bl_auth_cookies_bind (BlAuthCookies *self, const char *text, const char *node_id)
{
  gint64 now = g_get_monotonic_time ();
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  const Bound *before = g_hash_table_lookup (self->bound, hash);
  Bound *bound;

  if (before != NULL)
    return g_str_equal (before->node_id, node_id);
  g_hash_table_foreach_remove (self->bound, is_old, &now);
  if (g_hash_table_size (self->bound) >= MAX_ONCE)
    return FALSE;
  bound = g_new (Bound, 1);
  /* a token that lasts longer than others must not forget its device */
  *bound = (Bound){ now + (gint64)(BL_AUTH_LOGIN_MINUTES + 1) * 60 * G_USEC_PER_SEC, g_strdup (node_id) };
  return g_hash_table_insert (self->bound, g_steal_pointer (&hash), bound);
}

/* What only we can say about a cookie. Returns: %FALSE when the login key behind it is gone */
static gboolean
read_own (BlAuthCookies *self, GVariant *object, BlAuthCookie *cookie)
{
  const char *key = bl_variant_get_string (object, "bk");

  cookie->token_id = g_strdup (bl_variant_get_string (object, "bt"));
  cookie->session_id = g_strdup (bl_variant_get_string (object, "bs"));
  cookie->node_id = g_strdup (bl_variant_get_string (object, "nid"));
  cookie->share_id = g_strdup (bl_variant_get_string (object, "pid"));
  cookie->key = key != NULL ? bl_auth_keys_find (self->keys, key) : NULL;
  return key == NULL || cookie->key != NULL;
}

gboolean
bl_auth_cookies_verify (BlAuthCookies *self,
                        guint32 purpose,
                        const char *text,
                        const char *address,
                        BlAuthCookie *cookie,
                        GError **error)
{
  guint minutes = purpose == BOWLINE_COOKIE_RELAY ? BL_AUTH_RELAY_MINUTES : BL_AUTH_LOGIN_MINUTES;
  g_autoptr (GVariant) object = NULL;
  const char *user, *bound;

  memset (cookie, 0, sizeof *cookie);
  if (text == NULL || strlen (text) > MAX_COOKIE)
    return refuse (error, "The cookie is missing or too long");
  object = bl_auth_keys_open (self->keys, text, g_get_real_time () / G_USEC_PER_SEC, minutes, &cookie->key);
  if (object == NULL)
    return refuse (error, "The cookie is forged or expired");
  cookie->own = cookie->key->id == NULL;
  if (cookie->own && !read_own (self, object, cookie))
    return refuse (error, "The login key of the cookie is gone");
  if (!cookie->own && purpose != BOWLINE_COOKIE_LOGIN)
    return refuse (error, "The cookie is for another purpose");
  user = named_user (purpose, object);
  if (user == NULL || !g_str_has_prefix (user, "user/") || !bowline_directory_contains (self->host, user))
    return refuse (error, "The cookie is for another purpose or an account that is gone");
  if (purpose == BOWLINE_COOKIE_PORT && !read_target (object, cookie))
    return refuse (error, "The cookie leads to no port of a device that it is good for");
  bound = bl_variant_get_string (object, "ip");
  if (bound != NULL && !bl_auth_address_fits (self->ip_check, bound, address))
    return refuse (error, "The cookie belongs to another address");
  /* "expire" stands for the limit, and 0 for none: a single-use cookie must then be remembered for long. */
  if (!use_once (self, object, text, bl_variant_has (object, "expire") ? 60 * 24 * 365 : minutes))
    return refuse (error, "The cookie was used already");
  cookie->user_id = g_strdup (user);
  cookie->page = bl_variant_has (object, "u");
  cookie->lasting = bl_variant_has (object, "expire");
  return TRUE;
}

/* ---- the second factor of a remembered browser
 * ---------------------------------------------------------------------- */

/* Of what the cookie depends on; tells nothing about it. */
static char *
factor_mark (BlAuthCookies *self, GVariant *account)
{
  const BlAuthKey *own = bl_auth_keys_own (self->keys);
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, own->secret, sizeof own->secret);
  const char *secret = bl_variant_get_string (account, "otpsecret");
  g_autofree char *text
      = g_strdup_printf ("%s %" G_GINT64_FORMAT " %s", bl_variant_get_string (account, "_id"),
                         bl_variant_get_int (account, "passchange", 0), secret != NULL ? secret : "");

  g_hmac_update (hmac, (const guchar *)text, -1);
  return g_strndup (g_hmac_get_string (hmac), 32);
}

char *
bl_auth_cookies_issue_factor (BlAuthCookies *self, GVariant *account, gint64 days)
{
  g_autofree char *mark = factor_mark (self, account);
  GVariantDict object;

  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "userid", "s", bl_variant_get_string (account, "_id"));
  g_variant_dict_insert (&object, "expire", "x", days * 24 * 60);
  g_variant_dict_insert (&object, "f2", "s", mark);
  return bl_auth_cookies_issue (self, NULL, g_variant_dict_end (&object));
}

gboolean
bl_auth_cookies_verify_factor (BlAuthCookies *self, const char *text, GVariant *account)
{
  g_autoptr (GVariant) object = NULL;
  g_autofree char *mark = NULL;

  if (strlen (text) > MAX_COOKIE)
    return FALSE;
  object = bl_cookie_decode (bl_auth_keys_own (self->keys)->secret, text, g_get_real_time () / G_USEC_PER_SEC,
                             1, NULL);
  if (object == NULL || bl_variant_get_int (object, "expire", 0) <= 0
      || g_strcmp0 (bl_variant_get_string (object, "userid"), bl_variant_get_string (account, "_id")) != 0)
    return FALSE;
  mark = factor_mark (self, account);
  return bl_str_equal_ct (bl_variant_get_string (object, "f2"), mark);
}
