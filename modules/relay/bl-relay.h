// SPDX-License-Identifier: Apache-2.0
// The relay: the table of sessions, the endpoint both ends connect to, and what ends a session early.
#pragma once

#include <bowline/plugin.h>

G_BEGIN_DECLS

typedef struct _BlRelay BlRelay;

/** Registers the endpoint and the "relay" extension point. Main context. */
BlRelay *bl_relay_new (BowlineHost *host, GError **error);
/** Ends every session. */
void bl_relay_free (BlRelay *relay);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlRelay, bl_relay_free)

G_END_DECLS
