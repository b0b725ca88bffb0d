// SPDX-License-Identifier: Apache-2.0
/**
 * Inner authentication (control-channel 3.5): a client that does not trust the TLS certificate yet has the
 * server prove who it is with the agent-server key first, and sends name and password then. Main context.
 */
#pragma once

#include "bl-control-session.h"

G_BEGIN_DECLS

#define BL_CONTROL_INNER_NONCE 48u
#define BL_CONTROL_INNER_MAX_MESSAGE 8192u
#define BL_CONTROL_INNER_SECONDS 60u

/** Begins; reading is resumed. Ends in bl_control_session_accept() or a close frame. */
void bl_control_inner_begin (BlControlSession *session);
/** A message of a session that is not authenticated yet. */
void bl_control_inner_message (BlControlSession *session, guint32 type, GBytes *message);
/** Nothing more comes of it: the session is accepted or gone. */
void bl_control_inner_end (BlControlSession *session);

G_END_DECLS
