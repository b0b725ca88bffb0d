// SPDX-License-Identifier: Apache-2.0
/** The local actions "login-key…" and "login-token". Main context. */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

gboolean bl_auth_key_actions_register (BlAuth *auth, GError **error);

G_END_DECLS
