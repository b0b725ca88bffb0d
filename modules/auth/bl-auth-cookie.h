// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthCookies: login and relay cookies in MeshCentral's format. Each purpose accepts only its own kind of
 * object (K11), and only our own key may name a session, a login token or a device. Main context.
 */
#pragma once

#include "bl-auth-keys.h"

G_BEGIN_DECLS

#define BL_AUTH_LOGIN_MINUTES 60u
#define BL_AUTH_RELAY_MINUTES 240u

typedef enum
{
  BL_AUTH_IP_NONE,
  BL_AUTH_IP_LAX,
  BL_AUTH_IP_STRICT,
} BlAuthIpCheck;

typedef struct _BlAuthCookies BlAuthCookies;

/** @keys: must outlive it */
BlAuthCookies *bl_auth_cookies_new (BowlineHost *host, BlAuthKeys *keys, BlAuthIpCheck ip_check);
void bl_auth_cookies_free (BlAuthCookies *self);
/** @object: (transfer floating). @key: (nullable): our own when %NULL. Returns: (transfer full) (nullable) */
char *bl_auth_cookies_issue (BlAuthCookies *self, const BlAuthKey *key, GVariant *object);

/** @minutes: how old it may be, 0: any age, unless it says so itself. Returns: (transfer full) (nullable) */
GVariant *
bl_auth_cookies_open_invitation (BlAuthCookies *self, const char *text, guint minutes, GError **error);

/** What a cookie says, checked against the directory. Free with bl_auth_cookie_clear(). */
typedef struct
{
  char *user_id;
  char *token_id;   /* (nullable): login token behind it */
  char *session_id; /* (nullable): browser session behind it */
  char *node_id;    /* (nullable): the one device it is for */
  char *share_id;   /* (nullable): the share a guest came by */
  GVariant *target; /* (nullable): BOWLINE_COOKIE_PORT: what it leads to, checked; its device is node_id too */
  BlAuthKey *
      key; /* (nullable) (transfer none): login key behind it; whoever has that key made it, or we for them */
  gboolean own;     /* sealed by the server */
  gboolean page;    /* {u,a:3}: also good for the page */
  gboolean lasting; /* it says itself how long it is good */
} BlAuthCookie;

/** A use of a login token for a device's page. Returns: %FALSE when the token was used for another device
 * before. */
gboolean bl_auth_cookies_bind (BlAuthCookies *self, const char *text, const char *node_id);

gboolean bl_auth_cookies_verify (BlAuthCookies *self,
                                 guint32 purpose,
                                 const char *text,
                                 const char *address,
                                 BlAuthCookie *cookie,
                                 GError **error);
void bl_auth_cookie_clear (BlAuthCookie *cookie);

/**
 * bl_auth_cookies_issue_factor: a cookie that stands for the second factor of @account for @days. It is over
 * when the password or the factor changes. Returns: (transfer full) (nullable)
 */
char *bl_auth_cookies_issue_factor (BlAuthCookies *self, GVariant *account, gint64 days);
/** Returns: %TRUE when @text stands for the second factor of @account; nothing else passes for it. */
gboolean bl_auth_cookies_verify_factor (BlAuthCookies *self, const char *text, GVariant *account);

/** Returns: whether @now is close enough to @then for @check: lax is the same /24, the same IPv6 /64, or both
 * private. */
gboolean bl_auth_address_fits (BlAuthIpCheck check, const char *then, const char *now);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlAuthCookie, bl_auth_cookie_clear)

G_END_DECLS
