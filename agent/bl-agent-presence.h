// SPDX-License-Identifier: Apache-2.0
// BlAgentPresence: the person in front of the device: what is demanded before a session starts, the questions
// under way, and the pause. The plugin that shows all this registers here (<bowline/presence.h>). Main
// context.
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

#define BL_AGENT_MAX_CONSENTS 16u // questions at once; more are refused, a person answers one at a time
#define BL_AGENT_PAUSE_MAX (24 * 60 * 60)

typedef struct _BlAgentPresence BlAgentPresence;

/** Called once, unless the question was withdrawn. @refusal: %NULL when the session may start; otherwise why
 * not. */
typedef void (*BlAgentConsentDecided) (const char *refusal, gpointer user_data);

/** LOCAL: consent flags set on the device itself. */
BlAgentPresence *bl_agent_presence_new (guint32 local);
/** Decides the questions under way with a no. */
void bl_agent_presence_free (BlAgentPresence *presence);
/** Puts it behind the functions for consents. Once. */
void bl_agent_presence_install (void);
gboolean bl_agent_presence_register (BlAgentPresence *presence,
                                     BowlineHost *host,
                                     const BowlineAgentPresence *table,
                                     gpointer user_data,
                                     GError **error);
void bl_agent_presence_remove_owner (BlAgentPresence *presence, BowlineHost *owner);

/**
 * Asks, shows or just agrees, as ORDER, ASKED (consent flags of the viewer's own options) and the device's
 * settings demand. Returns: (transfer full) (nullable): the question under way, for
 * bl_agent_presence_withdraw(); %NULL when DECIDED was called already
 */
BowlineConsent *bl_agent_presence_ask (BlAgentPresence *presence,
                                       BowlineTunnel *tunnel,
                                       guint32 protocol,
                                       GVariant *order,
                                       guint32 asked,
                                       BlAgentConsentDecided decided,
                                       gpointer user_data);
/** The viewer left: DECIDED is not called any more. Takes the reference. */
void bl_agent_presence_withdraw (BowlineConsent *consent);

/** Tells the plugin that sessions, pause or connection changed. */
void bl_agent_presence_changed (BlAgentPresence *presence);

/** UNTIL: seconds since 1970, at most BL_AGENT_PAUSE_MAX from now; 0 ends the pause. */
void bl_agent_presence_pause (BlAgentPresence *presence, gint64 until);
/** Returns: end of the pause, 0 when there is none */
gint64 bl_agent_presence_get_pause (BlAgentPresence *presence);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentPresence, bl_agent_presence_free)

G_END_DECLS
