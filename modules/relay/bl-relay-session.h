// SPDX-License-Identifier: Apache-2.0
// A relay session: what a rendezvous id stands for, and how far its two ends have come. Pure state and decisions,
// without sockets, so that every rule can be tested by itself.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_RELAY_ID_MAX 128u
#define BL_RELAY_WAIT_SECONDS 15 // relay-tunnel: how long the first end waits for the second

typedef enum
{
  BL_RELAY_VIEWER, // the browser, meshctrl or another client of a user
  BL_RELAY_DEVICE, // the agent
} BlRelayEnd;

typedef enum
{
  BL_RELAY_REFUSE, // close the newcomer, the session stays as it is
  BL_RELAY_HOLD,   // keep it, paused, until the other end or the order comes
  BL_RELAY_JOIN,   // both ends are here and the order is known
} BlRelayDecision;

typedef struct
{
  char *id;
  char *user_id;      // of the order, or of the viewer who came before it
  char *node_id;      // NULL until ordered, and in a chat of two people
  char *share_id;     // NULL unless a guest is the viewer
  char *guest_name;   // likewise
  char *ends[2];      // address of each end that is here, by BlRelayEnd; NULL while absent
  guint32 protocol;
  guint32 rights;     // as ordered; asked again when the ends are joined
  gboolean ordered;
  gboolean joined;
  gint64 deadline_us; // monotonic; when a session that is not joined is given up
  gint64 joined_us;
} BlRelaySession;

/** Returns: %TRUE for 1..BL_RELAY_ID_MAX printable ASCII characters without space, quote or backslash. */
gboolean bl_relay_id_is_valid (const char *id);

/** @id: a valid one, or that of a room of the messenger; @now_us: monotonic time. Returns: (transfer full) */
BlRelaySession *bl_relay_session_new (const char *id, gint64 now_us);
void bl_relay_session_free (BlRelaySession *session);

/**
 * bl_relay_session_order: the control channel announces the session.
 * Returns: %FALSE when it was ordered before, or its viewer belongs to somebody else.
 */
gboolean bl_relay_session_order (
    BlRelaySession *session, const char *user_id, const char *node_id, guint32 protocol, guint32 rights, gint64 now_us);

/**
 * bl_relay_session_arrive: one end connected.
 * @user_id: whose end it is; for the device's end the user its ticket names
 * @node_id: (nullable): device that the end names; must equal the ordered one
 */
BlRelayDecision bl_relay_session_arrive (
    BlRelaySession *session, BlRelayEnd end, const char *user_id, const char *node_id, const char *address);

/** The event of a start (@seconds < 0) or end: message number and English text, as MeshCentral numbers them. */
guint32 bl_relay_event_message (guint32 protocol, gboolean ended, const char **text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlRelaySession, bl_relay_session_free)

G_END_DECLS
