// SPDX-License-Identifier: Apache-2.0
/** The page's endpoints: POST /api/login, POST /api/logout, GET /api/session. Main context. */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

gboolean bl_auth_http_register (BlAuth *auth, GError **error);

G_END_DECLS
