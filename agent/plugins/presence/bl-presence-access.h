// SPDX-License-Identifier: Apache-2.0
/* Who on the bus may do what. Main context. */
#pragma once

#include "bl-presence-seat.h"

G_BEGIN_DECLS

/** What a caller wants; polkit's actions on the system bus. */
#define BL_PRESENCE_ACTION_PRESENT "org.bowline.agent.present"
#define BL_PRESENCE_ACTION_STOP "org.bowline.agent.stop-sessions"
#define BL_PRESENCE_ACTION_PAUSE "org.bowline.agent.pause"

/** Called once. @allowed: whether the caller may; @uid: who it is, %BL_PRESENCE_NO_USER when that is not
 * known */
typedef void (*BlPresenceAccessFunc) (gboolean allowed, uid_t uid, gpointer user_data);

/**
 * bl_presence_access_check: whether the peer @name of @connection may do @action.
 * @seat: (nullable): borrowed until @cancellable is cancelled; %NULL on the session bus
 *
 * On the session bus the agent's own user may. On the system bus root may, and otherwise the person at the
 * screen (the active session of the seat) whom polkit lets; only its "authorized" counts (K12).
 */
void bl_presence_access_check (GDBusConnection *connection,
                               BlPresenceSeat *seat,
                               const char *name,
                               const char *action,
                               GCancellable *cancellable,
                               BlPresenceAccessFunc done,
                               gpointer user_data);

G_END_DECLS
