// SPDX-License-Identifier: Apache-2.0
/** Events: made by handlers, and pushed to the sessions that may receive them (control-channel section 9).
 * Main context. */
#pragma once

#include "bl-control.h"

G_BEGIN_DECLS

/** Pushes an event of topic "event" ((as a{sv})) to sessions; its text is made once. */
void bl_control_events_push (BlControl *control, GVariant *payload);

/** The head of an event: etype, action, and who did it. @who: (nullable) */
void bl_control_event_init (
    GVariantDict *event, BlControl *control, BowlinePrincipal *who, const char *etype, const char *action);
/** Number, arguments (NULL-terminated texts) and English text of a stored event; @message is taken. */
void
bl_control_event_message (GVariantDict *event, gint64 msgid, const char *const *arguments, char *message);
/** Emits to "*" and the given ids, NULL at the end. */
void bl_control_event_emit (BlControl *control, GVariantDict *event, ...) G_GNUC_NULL_TERMINATED;

/** `accountchange` of @user_id with its public form; the text is @prefix and the name; @msgid 0: not stored.
 */
void bl_control_event_account (
    BlControl *control, BowlinePrincipal *who, const char *user_id, gint64 msgid, const char *prefix);
/** The same with other arguments (nullable, NULL-terminated) and text (taken; %NULL: not stored). */
void bl_control_event_account_text (BlControl *control,
                                    BowlinePrincipal *who,
                                    const char *user_id,
                                    gint64 msgid,
                                    const char *const *arguments,
                                    char *message);
/**
 * bl_control_event_is_told: whether the last event of @who with @msgid told this very form of @account, so that
 * another would say nothing new; remembers it. Changes that were committed together show the same form.
 * @account: as the directory gave it; compared by identity
 */
gboolean
bl_control_event_is_told (BlControl *control, BowlinePrincipal *who, GVariant *account, gint64 msgid);
/** `changenode` with the device's form now; @message is taken; @arguments: NULL-terminated */
void bl_control_event_node (BlControl *control,
                            BowlinePrincipal *who,
                            const char *node_id,
                            gint64 msgid,
                            const char *const *arguments,
                            char *message);
/** The members of a `meshchange` about @mesh. */
void bl_control_event_mesh_init (
    GVariantDict *event, BlControl *control, BowlinePrincipal *who, const char *action, GVariant *mesh);

G_END_DECLS
