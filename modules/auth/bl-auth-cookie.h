// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthCookies: login and relay cookies in MeshCentral's format. Each purpose accepts only its own kind of
 * object (K11). Main context.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_AUTH_KEY_BYTES 80u
#define BL_AUTH_LOGIN_KEY_ID "LoginCookieEncryptionKey"
#define BL_AUTH_INVITATION_KEY_ID "InvitationLinkEncryptionKey"
#define BL_AUTH_LOGIN_MINUTES 60u
#define BL_AUTH_RELAY_MINUTES 240u

typedef enum
{
  BL_AUTH_IP_NONE,
  BL_AUTH_IP_LAX,
  BL_AUTH_IP_STRICT,
} BlAuthIpCheck;

typedef struct _BlAuthCookies BlAuthCookies;

BlAuthCookies *bl_auth_cookies_new (BowlineHost *host, BlAuthIpCheck ip_check);
void bl_auth_cookies_free (BlAuthCookies *self);
/** Makes the two keys if the directory has none. Returns: (transfer floating) (nullable): documents to
 * commit, aa{sv} */
GVariant *bl_auth_cookies_make_keys (BlAuthCookies *self);
/** Takes the keys out of the directory. */
gboolean bl_auth_cookies_load_keys (BlAuthCookies *self, GError **error);
/** Returns: (transfer full): the login key as 160 hex digits */
char *bl_auth_cookies_dup_key_hex (BlAuthCookies *self);

/** @object: (transfer floating). Returns: (transfer full) (nullable) */
char *bl_auth_cookies_issue (BlAuthCookies *self, GVariant *object);

/** What a cookie says, checked against the directory. Free with bl_auth_cookie_clear(). */
typedef struct
{
  char *user_id;
  char *token_id;   /* (nullable): login token behind it */
  char *session_id; /* (nullable): browser session behind it */
  gint64 expires_ms;
} BlAuthCookie;

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
