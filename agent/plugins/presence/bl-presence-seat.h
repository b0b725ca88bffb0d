// SPDX-License-Identifier: Apache-2.0
/*
 * BlPresenceSeat: who is in front of the screen, as logind tells it: a person, nobody, or somebody who locked
 * it. Main context.
 */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

#define BL_PRESENCE_SEAT_MAX_SESSIONS 32u /* of the seat that are looked at */
#define BL_PRESENCE_NO_USER ((uid_t)-1)

typedef enum
{
  BL_PRESENCE_SEAT_NOBODY, /* nobody is logged in at the screen, or nothing is known */
  BL_PRESENCE_SEAT_PERSON,
  BL_PRESENCE_SEAT_LOCKED, /* somebody is, and the screen is locked or shows the greeter */
} BlPresenceSeatState;

/**
 * BlPresenceSeatSession: a session of the seat
 * @uid: its user
 * @is_user: of class "user", which the login greeter is not
 * @is_closing: its user logged out, and some process stayed
 * @is_active: on the screen
 * @is_locked: its screen locker said so (LockedHint)
 */
typedef struct
{
  uid_t uid;
  gboolean is_user;
  gboolean is_closing;
  gboolean is_active;
  gboolean is_locked;
} BlPresenceSeatSession;

typedef struct _BlPresenceSeat BlPresenceSeat;

/**
 * bl_presence_seat_judge: what sessions mean. Pure; any thread.
 * @only: (in): the only user who counts, or %BL_PRESENCE_NO_USER for everybody
 * @uid: (out): user of the session on the screen, %BL_PRESENCE_NO_USER when it is nobody's that counts
 *
 * A greeter on the screen while somebody is logged in behind it is a locked screen: some lockers work so.
 */
BlPresenceSeatState
bl_presence_seat_judge (const BlPresenceSeatSession *sessions, guint n, uid_t only, uid_t *uid);

/**
 * bl_presence_seat_new: looks at seat0 on @bus (the system bus), now and after every change.
 * @changed: called when state or user changed, not from within this function
 */
BlPresenceSeat *bl_presence_seat_new (GDBusConnection *bus,
                                      uid_t only,
                                      void (*changed) (gpointer user_data),
                                      gpointer user_data);
void bl_presence_seat_free (BlPresenceSeat *seat);

BlPresenceSeatState bl_presence_seat_get_state (BlPresenceSeat *seat);
/** Returns: user of the session on the screen, %BL_PRESENCE_NO_USER for none */
uid_t bl_presence_seat_get_user (BlPresenceSeat *seat);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlPresenceSeat, bl_presence_seat_free)

G_END_DECLS
