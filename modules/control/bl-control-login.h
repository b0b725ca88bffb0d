// SPDX-License-Identifier: Apache-2.0
/** Who is behind a new socket: the means of control-channel section 3, in its order. Main context. */
#pragma once

#include "bl-control-session.h"

G_BEGIN_DECLS

/** Ends in bl_control_session_accept() or a close frame, now or later; until then nothing is read. */
void bl_control_login (BlControlSession *session, BowlineHttpRequest *request);

/** Asks whether name, password and second factor (nullable) fit; accepts the session, or closes it with
 * @refusal (static). */
void bl_control_login_check (BlControlSession *session,
                             const char *user,
                             const char *password,
                             const char *token,
                             const char *refusal);
/** Returns: (transfer full) (nullable): what @part says: base64 of UTF-8 text. Pure. */
char *bl_control_login_decode (const char *part);

/**
 * bl_control_login_split: the parts of an x-meshauth header, base64 separated by commas; blanks are ignored.
 * Returns: (transfer full) (nullable): 2 or 3 texts, %NULL-terminated; %NULL when it has another form
 */
char **bl_control_login_split (const char *header);

G_END_DECLS
