// SPDX-License-Identifier: Apache-2.0
/** Messages of devices on their way to people (agent-channel section 10, `msg`). Main context. */
#pragma once

#include "bl-control.h"

G_BEGIN_DECLS

/**
 * bl_control_route_from_device: to one session (sessionid), the sessions of one account (userid), or every
 * session with rights on the device. A receiver must hold rights on the device: a device cannot write to whom
 * it likes.
 */
void bl_control_route_from_device (BlControl *control, const char *node_id, GVariant *message);

G_END_DECLS
