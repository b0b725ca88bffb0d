// SPDX-License-Identifier: Apache-2.0
/** Guests: principals made of a device share. Main context. */
#pragma once

#include "bl-auth-cookie.h"

G_BEGIN_DECLS

/**
 * bl_auth_guest_new: whoever holds @cookie, if its share is open now. The guest acts in the name of the
 * account that shares, on the one device, with what the share allows of that account's rights; it ends with
 * the share's window. Returns: (transfer full): or %NULL with %BOWLINE_ERROR_CREDENTIALS
 */
BowlinePrincipal *bl_auth_guest_new (
    BowlineHost *host, const BlAuthCookie *cookie, const char *address, gint64 now_ms, GError **error);

G_END_DECLS
