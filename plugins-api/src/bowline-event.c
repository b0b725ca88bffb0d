// SPDX-License-Identifier: Apache-2.0
/* Forwards the functions of <bowline/event.h> to the tables the program installed. */
#include "bowline-forward.h"

static const BowlineTopicOps *topic_ops;

void
bowline_private_install_topic_ops (const BowlineTopicOps *ops)
{
  topic_ops = ops;
}

void
bowline_topic_publish (BowlineHost *host, const char *topic, GVariant *payload)
{
  if (BOWLINE_ABSENT (topic_ops, publish))
    {
      bowline_forward_drop (payload);
      return;
    }
  topic_ops->publish (host, topic, payload);
}

guint64
bowline_topic_subscribe (BowlineHost *host, const char *topic, BowlineTopicFunc func, gpointer user_data)
{
  if (BOWLINE_ABSENT (topic_ops, subscribe))
    return 0;
  return topic_ops->subscribe (host, topic, func, user_data);
}

void
bowline_topic_unsubscribe (BowlineHost *host, guint64 subscription)
{
  if (BOWLINE_ABSENT (topic_ops, unsubscribe))
    return;
  topic_ops->unsubscribe (host, subscription);
}

static const BowlineEventOps *event_ops;

void
bowline_private_install_event_ops (const BowlineEventOps *ops)
{
  event_ops = ops;
}

void
bowline_event_emit (BowlineHost *host, const char *const *targets, GVariant *event)
{
  if (BOWLINE_ABSENT (event_ops, emit))
    {
      bowline_forward_drop (event);
      return;
    }
  event_ops->emit (host, targets, event);
}

void
bowline_event_query_async (BowlineHost *host,
                           GVariant *filter,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  if (BOWLINE_ABSENT (event_ops, query_async))
    {
      bowline_forward_drop (filter);
      bowline_forward_absent_async (cancellable, callback, user_data);
      return;
    }
  event_ops->query_async (host, filter, cancellable, callback, user_data);
}

GVariant *
bowline_event_query_finish (BowlineHost *host, GAsyncResult *result, GError **error)
{
  if (BOWLINE_ABSENT (event_ops, query_finish))
    return bowline_forward_absent_finish (result, error);
  return event_ops->query_finish (host, result, error);
}

void
bowline_audit (BowlineHost *host,
               BowlinePrincipal *principal,
               const char *action,
               const char *object_id,
               gboolean allowed,
               GVariant *details)
{
  if (BOWLINE_ABSENT (event_ops, audit))
    {
      bowline_forward_drop (details);
      return;
    }
  event_ops->audit (host, principal, action, object_id, allowed, details);
}
