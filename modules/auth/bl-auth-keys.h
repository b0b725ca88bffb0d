// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthKeys: the keys that cookies are sealed with. Our own cookies have a key that never leaves the server,
 * so that what stands in them can be believed; login keys are given to other programs, and what they seal is
 * held to the key's policy (K4, K11). Main context.
 */
#pragma once

#include "bl-auth-policy.h"

#include "common/bl-cookie.h"
#include "common/bl-rate.h"

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_AUTH_LOGIN_KEY_ID "LoginCookieEncryptionKey"
#define BL_AUTH_INVITATION_KEY_ID "InvitationLinkEncryptionKey"
#define BL_AUTH_OWN_KEY_ID "CookieEncryptionKey"
#define BL_AUTH_DEFAULT_KEY "loginkey-default"
#define BL_AUTH_MAX_KEYS 64u

typedef struct
{
  char *id; /* "loginkey-NAME"; %NULL: our own */
  guint8 secret[BL_COOKIE_FULL_KEY_SIZE];
  BlAuthPolicy *policy; /* %NULL: our own */
  BlRate rate;
} BlAuthKey;

typedef struct _BlAuthKeys BlAuthKeys;

BlAuthKeys *bl_auth_keys_new (BowlineHost *host);
void bl_auth_keys_free (BlAuthKeys *self);
/** Makes the server's keys that the directory has none of. Returns: (transfer floating) (nullable): aa{sv} */
GVariant *bl_auth_keys_make (BlAuthKeys *self);
/** Takes all keys out of the directory and the settings; again after each change of a key. */
gboolean bl_auth_keys_load (BlAuthKeys *self, GError **error);

/** Returns: (transfer none): the key of our own cookies. */
const BlAuthKey *bl_auth_keys_own (BlAuthKeys *self);
/** Returns: (transfer none): the key of invitations. */
const BlAuthKey *bl_auth_keys_invitation (BlAuthKeys *self);
/** @id: "loginkey-NAME". Returns: (transfer none) (nullable): valid until the next load */
BlAuthKey *bl_auth_keys_find (BlAuthKeys *self, const char *id);
/** Opens @text with the key that sealed it; every key is tried. @key: (out) (transfer none).
 * Returns: (transfer full) (nullable) */
GVariant *bl_auth_keys_open (BlAuthKeys *self, const char *text, gint64 now, guint minutes, BlAuthKey **key);
/** Returns: (transfer full): the key as 160 hex digits */
char *bl_auth_key_dup_hex (const BlAuthKey *key);

/** Returns: (transfer full): the policy's document of the default key, from the settings or from "set
 * default". */
GVariant *bl_auth_keys_dup_default_policy (BlAuthKeys *self);
/** @name: 1 to 32 lower-case letters, digits, "-" and "_" */
gboolean bl_auth_key_name_is_valid (const char *name);

G_END_DECLS
