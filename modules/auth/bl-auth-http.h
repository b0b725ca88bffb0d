// SPDX-License-Identifier: Apache-2.0
/** The page's endpoints: POST /api/login, POST /api/logout, GET /api/session. Main context. */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

gboolean bl_auth_http_register (BlAuth *auth, GError **error);
/** Adds the session's cookie to the answer. @max_age: seconds */
void bl_auth_http_set_cookie (BowlineHttpRequest *request, const char *value, gint64 max_age);
/** Event "login" of @account. */
void bl_auth_http_emit_login (BlAuth *auth, GVariant *account, BowlineHttpRequest *request);

G_END_DECLS
