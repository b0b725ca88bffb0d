// SPDX-License-Identifier: Apache-2.0
/**
 * Logins with tokens that the holder of a login key made, under the key's policy, and cookies that stand for
 * such a login afterwards. Main context.
 */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

/**
 * bl_auth_login_principal: who an account is through a login key.
 * @key: (nullable); @node_id: (nullable): the one device; @why: (out) (optional): why not
 * Returns: (transfer full) (nullable)
 */
BowlinePrincipal *bl_auth_login_principal (BlAuth *self,
                                           const BlAuthKey *key,
                                           const char *user_id,
                                           const char *node_id,
                                           const char *address,
                                           const char **why);
/** For the control channel and the relay: a token of a login key, or one of our cookies that stands for one.
 */
BowlinePrincipal *
bl_auth_login_by_cookie (BlAuth *self, const BlAuthCookie *cookie, const char *address, GError **error);
/** BowlineAuth.login_token */
BowlinePrincipal *bl_auth_login_page (gpointer self, BowlineHttpRequest *request);
/** BowlineAuth.cookie_issue_for */
char *bl_auth_login_issue (gpointer self, guint32 purpose, BowlinePrincipal *principal);
/** BowlineAuth.port_cookie_issue */
char *bl_auth_login_issue_port (gpointer self, BowlinePrincipal *principal, GVariant *target);
/** A key's document changed: reads all keys again and ends what was opened with key @id. */
void bl_auth_login_keys_changed (BlAuth *self, const char *id);

/** Returns: (transfer full) (nullable): id of the device that an address of the page names: 96 hex digits in
 * any case, the 64 characters, or the whole id */
char *bl_auth_login_node_id (const char *text);

G_END_DECLS
