// SPDX-License-Identifier: Apache-2.0
/* BlPresence: the agent on D-Bus, for the person at the device. Main context. */
#pragma once

#include <bowline/presence.h>

G_BEGIN_DECLS

#define BL_PRESENCE_MAX_PRESENTERS 8u
#define BL_PRESENCE_REMEMBER_SECONDS 300
#define BL_PRESENCE_TEXT_MAX 1024u /* bytes of a text shown to the person */

typedef struct _BlPresence BlPresence;

/** @use_system_bus: the system bus, otherwise the session bus of the agent's user */
BlPresence *bl_presence_new (BowlineHost *host, gboolean use_system_bus);
void bl_presence_free (BlPresence *presence);

void bl_presence_ask (BlPresence *presence, BowlineConsent *consent);
void bl_presence_withdraw (BlPresence *presence, BowlineConsent *consent);
void bl_presence_changed (BlPresence *presence);
/** `toast`, `openUrl`, `msg` of type messagebox, alertbox or openUrl. */
void bl_presence_message (BlPresence *presence, BowlineMessageCall *call);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlPresence, bl_presence_free)

G_END_DECLS
