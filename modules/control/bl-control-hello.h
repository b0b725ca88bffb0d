// SPDX-License-Identifier: Apache-2.0
/** The frames a client gets first (control-channel section 4). Main context. */
#pragma once

#include "bl-control-session.h"

G_BEGIN_DECLS

void bl_control_hello_send (BlControlSession *session);
/** Returns: (transfer floating): the members of "serverinfo" for this session */
GVariant *bl_control_hello_server_info (BlControlSession *session);
/** Returns: (transfer full) (nullable): the public form of the session's account */
GVariant *bl_control_hello_user_info (BlControlSession *session);

G_END_DECLS
