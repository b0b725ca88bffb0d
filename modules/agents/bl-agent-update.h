// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentUpdates: new programs for agents that run another one than was imported (agent-channel.md section 4.2).
 *
 * A device that connects is asked for the hash of its program (12). If it differs, the program is sent in blocks (13, 14),
 * to a few devices at a time; the device checks it and starts again with it. Where the native way of an old agent is known
 * to fail, the recovery core fetches the program instead. A device that breaks off begins anew at its next connection, and
 * is left alone when that did not help. Main context.
 */
#pragma once

#include <bowline/plugin.h>

#include "common/bl-agent-msg.h"

G_BEGIN_DECLS

typedef struct _BlAgents BlAgents;
typedef struct _BlAgentSession BlAgentSession;
typedef struct _BlAgentUpdates BlAgentUpdates;
typedef struct _BlAgentUpdate BlAgentUpdate;

#define BL_AGENT_UPDATE_ATTEMPTS 2u /* for one device and program, until the server starts again */

BlAgentUpdates *bl_agent_updates_new (BlAgents *agents);
/** All sessions have ended. */
void bl_agent_updates_free (BlAgentUpdates *updates);
/** Starts what may start now. Called every second while there are sessions. */
void bl_agent_updates_tick (BlAgentUpdates *updates, gint64 now_us);

/** A device was let in: asks it for its hash if there is a program for it, otherwise goes on with its core. */
void bl_agent_update_begin (BlAgentSession *session);
/** Somebody wants it now, whatever the setting says. Returns: FALSE when there is no program for this device */
gboolean bl_agent_update_order (BlAgentSession *session);
/** Its answer 12. */
void bl_agent_update_hash (BlAgentSession *session, const BlAgentMsg *message);
/** It took a block (14). */
void bl_agent_update_next (BlAgentSession *session, const BlAgentMsg *message);
/** The recovery core runs there. Returns: TRUE when it was started for an update */
gboolean bl_agent_update_core_runs (BlAgentSession *session);
/** Its core has fetched the program and will start it. */
void bl_agent_update_fetched (BlAgentSession *session);
/** Its core asks where the program is. @for_session: (nullable): of the user who wants to know */
void bl_agent_update_tell (BlAgentSession *session, const char *for_session);
/** Returns: TRUE while its program is being replaced: its core does not matter */
gboolean bl_agent_update_is_running (BlAgentSession *session);
/** The session ends. */
void bl_agent_update_drop (BlAgentSession *session);

/** Reads the date of an agent's program (command 30), for example "2022-Nov-2 23:01:45-0700". Pure.
 * Returns: milliseconds since 1970, 0 when it has another form */
gint64 bl_agent_update_parse_date (const char *text, gsize length);

/** Pure. Returns: TRUE when the text of command 30 is that of a bowline-agent: "Bowline VERSION" */
gboolean bl_agent_update_is_own (const char *text, gsize length);

/** Returns: (nullable): the archive for a bowline-agent that says it is build number @id */
const char *bl_agent_update_own_file (guint32 id);

G_END_DECLS
