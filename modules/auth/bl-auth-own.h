// SPDX-License-Identifier: Apache-2.0
/** What the actions of people on their own account share. Main context. */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

/** Runs when the changed account is kept. */
typedef void (*BlAuthOwnFunc) (BlAuth *auth, BowlineActionCall *call, gpointer data);

/** The account of @call may not change its settings (site right "locked settings"). */
gboolean bl_auth_own_is_locked (BlAuth *auth, BowlineActionCall *call);
/** Returns: (transfer full) (nullable): the account of @call. */
GVariant *bl_auth_own_dup (BlAuth *auth, BowlineActionCall *call);
/**
 * bl_auth_own_keep: keeps @account (transfer full), emits `accountchange` with @msgid and @message (static)
 * and then runs @done. A failure is answered here.
 */
void bl_auth_own_keep (BlAuth *auth,
                       BowlineActionCall *call,
                       GVariant *account,
                       gint64 msgid,
                       const char *message,
                       BlAuthOwnFunc done,
                       gpointer data);
/** The head of an event of etype "user" about the account of @call. */
void bl_auth_own_event_init (GVariantDict *event, BlAuth *auth, BowlineActionCall *call, const char *action);
/** Sends {action, responseid, @member: @value}. @value: (transfer floating) */
void bl_auth_own_answer (BowlineActionCall *call, const char *member, GVariant *value);

/** Rows: loginTokens, createLoginToken. */
gboolean bl_auth_tokens_register (BlAuth *auth, GError **error);
/** Rows: the second factors of control-channel 7.2. */
gboolean bl_auth_factors_register (BlAuth *auth, GError **error);

/** Rows: blsessions, blendsession: where one is signed in, and the end of that. */
gboolean bl_auth_signins_register (BlAuth *auth, GError **error);

#define BL_AUTH_ROW(word, bits, text, function)                                                              \
  .struct_size = sizeof (BowlineAction), .flags = (bits), .name = (word), .summary = (text),                 \
  .argument_size = sizeof (BowlineArgument), .run = (function)
#define BL_AUTH_ARGUMENTS(table) .arguments = (table), .n_arguments = G_N_ELEMENTS (table)

G_END_DECLS
