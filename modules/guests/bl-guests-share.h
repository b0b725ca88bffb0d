// SPDX-License-Identifier: Apache-2.0
/** `GET /sharing?c=`: the page of a device share. Follows web-http section 5. Main context. */
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

/** An authCookie is good for this long at most; the page fetches a new one. */
#define BL_GUESTS_COOKIE_MINUTES 720

void bl_guests_share_respond (BowlineHost *host, BowlineHttpRequest *request);

G_END_DECLS
