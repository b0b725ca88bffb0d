// SPDX-License-Identifier: Apache-2.0
/** The administrator's actions on the local socket: accounts, the login key and login cookies. Main context.
 */
#pragma once

#include "bl-auth.h"

G_BEGIN_DECLS

gboolean bl_auth_actions_register (BlAuth *auth, GError **error);

G_END_DECLS
