// SPDX-License-Identifier: Apache-2.0
/*
 * Locking the device's own keyboard and mouse: its input devices are detached from the pointers and keyboards
 * of the screen, while XTEST's stay. One thread.
 */
#pragma once

#include <glib.h>
#include <xcb/xcb.h>

G_BEGIN_DECLS

/** Returns: whether it is locked afterwards: %FALSE also when the server lacks XINPUT 2 */
gboolean bl_x11_lock_set (xcb_connection_t *connection, gboolean locked);

G_END_DECLS
