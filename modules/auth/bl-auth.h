// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuth: the module's state: accounts' passwords and second factors, sessions, cookies and limits. Main
 * context; passwords are hashed in the worker pool.
 */
#pragma once

#include "bl-auth-check.h"
#include "bl-auth-cookie.h"
#include "bl-auth-hash.h"
#include "bl-auth-limit.h"
#include "bl-auth-session.h"

#include <bowline/plugin.h>

G_BEGIN_DECLS

typedef struct
{
  gatomicrefcount count; /* password checks under way keep it alive */
  BowlineHost *host;
  gboolean stopping;
  BlAuthHashCost cost;
  BlAuthSessions *sessions;
  BlAuthLimit *limit;
  BlAuthKeys *keys;
  BlAuthCookies *cookies;
  BlAuthChecks *checks;
  guint64 changed_subscription;
  GSource *timer;
} BlAuth;

/** Settings, sessions and keys are there when @callback runs; then the extension point, endpoints and actions
 * too. */
void bl_auth_start_async (BowlineHost *host,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
/** Returns: (transfer full) (nullable) */
BlAuth *bl_auth_start_finish (GAsyncResult *result, GError **error);
void bl_auth_stop (BlAuth *self);

BlAuth *bl_auth_ref (BlAuth *self);
void bl_auth_unref (BlAuth *self);

/**
 * bl_auth_make_principal: the principal of an account, of its login token, or of a browser session, whose id
 * then stands in token_id. Returns: (transfer full) (nullable): %NULL when the account is gone or locked, or
 * the token is gone or over
 */
BowlinePrincipal *bl_auth_make_principal (
    BlAuth *self, const char *user_id, const char *token_id, const char *session_id, const char *address);
/** Ends sessions, and control sessions through "principal.revoked". */
void bl_auth_revoke_user (BlAuth *self, const char *user_id);
/** Returns: milliseconds since the epoch. */
gint64 bl_auth_now_ms (void);
/** Commits one document; @callback is nullable. @document: (transfer full) */
void bl_auth_commit (BlAuth *self, GVariant *document, GAsyncReadyCallback callback, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAuth, bl_auth_unref)

G_END_DECLS
