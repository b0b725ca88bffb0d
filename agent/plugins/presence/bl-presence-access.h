// SPDX-License-Identifier: Apache-2.0
/* Who on the bus may do what. Main context. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** What a caller wants; polkit's actions on the system bus. */
#define BL_PRESENCE_ACTION_PRESENT "org.bowline.agent.present"
#define BL_PRESENCE_ACTION_STOP "org.bowline.agent.stop-sessions"
#define BL_PRESENCE_ACTION_PAUSE "org.bowline.agent.pause"

/** Called once. @allowed: whether the caller may */
typedef void (*BlPresenceAccessFunc) (gboolean allowed, gpointer user_data);

/**
 * bl_presence_access_check: whether the peer @name of @connection may do @action.
 *
 * On the session bus the agent's own user may. On the system bus root may, and otherwise the person at the
 * screen (the active session of the seat) whom polkit lets; only its "authorized" counts (K12).
 */
void bl_presence_access_check (GDBusConnection *connection,
                               gboolean use_system_bus,
                               const char *name,
                               const char *action,
                               BlPresenceAccessFunc done,
                               gpointer user_data);

G_END_DECLS
