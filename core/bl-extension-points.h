// SPDX-License-Identifier: Apache-2.0
// The extension points that one module provides and core only hands on: "auth" and "relay". Main context.
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

/** Puts them behind bowline_host_register_auth(), _get_auth(), _register_relay() and _get_relay(). Once. */
void bl_extension_points_install (void);

G_END_DECLS
