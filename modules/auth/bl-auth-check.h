// SPDX-License-Identifier: Apache-2.0
/**
 * BlAuthChecks: password checks, a few at a time: each takes the memory of one Argon2id. Main context.
 */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

#define BL_AUTH_MAX_RUNNING_CHECKS 2u
#define BL_AUTH_MAX_WAITING_CHECKS 64u
#define BL_AUTH_MAX_WAITING_PER_ADDRESS 8u

typedef struct _BlAuthChecks BlAuthChecks;

/** @principal: (nullable); @retry_after: seconds, with BOWLINE_ERROR_THROTTLED */
typedef void (*BlAuthCheckFunc) (BowlinePrincipal *principal,
                                 const GError *error,
                                 guint retry_after,
                                 gpointer user_data);

BlAuthChecks *bl_auth_checks_new (void);
void bl_auth_checks_free (BlAuthChecks *self);
/** Fails what has not begun; for the end of the module. */
void bl_auth_checks_abandon (BlAuthChecks *self);

/**
 * bl_auth_check: one check of name, password and second factor (nullable).
 * @auth: the module (BlAuth); @method: word for the log, "web" or "control"
 * Errors: CREDENTIALS, SECOND_FACTOR, THROTTLED, DENIED (the password is right, the account is locked)
 */
void bl_auth_check (gpointer auth,
                    const char *user,
                    const char *password,
                    const char *token,
                    const char *address,
                    const char *method,
                    BlAuthCheckFunc done,
                    gpointer user_data);
/** Hashes @password in the worker pool and commits it to the account. */
void bl_auth_set_password (
    gpointer auth, const char *user_id, const char *password, BowlineAuthDoneFunc done, gpointer user_data);

G_END_DECLS
