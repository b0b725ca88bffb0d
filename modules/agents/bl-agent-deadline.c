// SPDX-License-Identifier: Apache-2.0
/* Queues of equal patience. */
#include "bl-agent-deadline.h"

void
bl_agent_deadlines_init (BlAgentDeadlines *self, guint seconds)
{
  g_queue_init (&self->queue);
  self->patience_us = (gint64) seconds * G_USEC_PER_SEC;
}

void
bl_agent_deadline_clear (BlAgentDeadline *deadline)
{
  if (deadline->where == NULL)
    return;
  g_queue_unlink (&deadline->where->queue, &deadline->link);
  deadline->where = NULL;
}

void
bl_agent_deadline_set (BlAgentDeadline *deadline, BlAgentDeadlines *where, gpointer session, gint64 now_us)
{
  bl_agent_deadline_clear (deadline);
  deadline->link.data = session;
  deadline->at_us = now_us + where->patience_us;
  deadline->where = where;
  g_queue_push_tail_link (&where->queue, &deadline->link);
}

gpointer
bl_agent_deadlines_take_oldest (BlAgentDeadlines *self)
{
  GList *first = self->queue.head;
  gpointer session;

  if (first == NULL)
    return NULL;
  session = first->data;
  bl_agent_deadline_clear ((BlAgentDeadline *) ((char *) first - G_STRUCT_OFFSET (BlAgentDeadline, link)));
  return session;
}

gpointer
bl_agent_deadlines_take_due (BlAgentDeadlines *self, gint64 now_us)
{
  GList *first = self->queue.head;
  BlAgentDeadline *deadline;

  if (first == NULL)
    return NULL;
  deadline = (BlAgentDeadline *) ((char *) first - G_STRUCT_OFFSET (BlAgentDeadline, link));
  return deadline->at_us <= now_us ? bl_agent_deadlines_take_oldest (self) : NULL;
}
