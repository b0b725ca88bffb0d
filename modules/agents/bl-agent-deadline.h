// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentDeadlines: sessions that wait for something with one and the same patience. As all wait equally long, the queue
 * is in order of time, and thousands of waits cost one timer. A session waits in at most one queue.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GQueue queue;
  gint64 patience_us;
} BlAgentDeadlines;

/** What a session embeds. All zero: it waits nowhere. */
typedef struct
{
  GList link; /* link.data is the session */
  BlAgentDeadlines *where;
  gint64 at_us;
} BlAgentDeadline;

void bl_agent_deadlines_init (BlAgentDeadlines *self, guint seconds);
/** Begins to wait, here instead of elsewhere. */
void bl_agent_deadline_set (BlAgentDeadline *deadline, BlAgentDeadlines *where, gpointer session, gint64 now_us);
void bl_agent_deadline_clear (BlAgentDeadline *deadline);
/** Returns: (transfer none) (nullable): a session whose time is over, which stops waiting; call until %NULL. */
gpointer bl_agent_deadlines_take_due (BlAgentDeadlines *self, gint64 now_us);
/** Returns: (transfer none) (nullable): the session that waits longest, which stops waiting. */
gpointer bl_agent_deadlines_take_oldest (BlAgentDeadlines *self);

G_END_DECLS
