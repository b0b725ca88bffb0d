// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-event-bus"

#include "bl-event-bus.h"
#include "bl-host.h"

typedef struct
{
  guint64 id;
  BowlineHost *owner; /* NULL: core */
  BowlineTopicFunc func;
  gpointer user_data;
  gboolean ended; /* swept when no publication of the topic runs */
} Subscription;

typedef struct
{
  char *name;
  GPtrArray *subscriptions;
  guint running; /* publications of this topic on the stack */
  gboolean has_ended;
} Topic;

struct _BlEventBus
{
  GHashTable *topics;
  guint64 last_id;
  guint depth; /* publications of any topic on the stack */
};

static BlEventBus *installed_bus;

static void
topic_free (gpointer data)
{
  Topic *topic = data;

  g_ptr_array_unref (topic->subscriptions);
  g_free (topic->name);
  g_free (topic);
}

BlEventBus *
bl_event_bus_new (void)
{
  BlEventBus *bus = g_new0 (BlEventBus, 1);

  bus->topics = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, topic_free);
  return bus;
}

static void
bl_event_bus_release_cb (BowlineHost *host, gpointer user_data)
{
  bl_event_bus_remove_owner (user_data, host);
}

void
bl_event_bus_free (BlEventBus *bus)
{
  if (bus == NULL)
    return;
  if (installed_bus == bus)
    {
      bl_host_remove_release_func (bl_event_bus_release_cb, bus);
      bowline_private_install_topic_ops (NULL);
      installed_bus = NULL;
    }
  g_hash_table_unref (bus->topics);
  g_free (bus);
}

static void
topic_sweep (Topic *topic)
{
  if (topic->running > 0 || !topic->has_ended)
    return;
  for (guint i = topic->subscriptions->len; i > 0; i--)
    {
      Subscription *subscription = g_ptr_array_index (topic->subscriptions, i - 1);

      if (subscription->ended)
        g_ptr_array_remove_index (topic->subscriptions, i - 1);
    }
  topic->has_ended = FALSE;
}

static void
subscription_call (Subscription *subscription, const char *topic, GVariant *payload)
{
  gint64 begin;

  if (subscription->owner == NULL)
    {
      subscription->func (topic, payload, subscription->user_data);
      return;
    }
  begin = bl_host_call_begin ();
  subscription->func (topic, payload, subscription->user_data);
  bl_host_call_end (subscription->owner, begin, "topic", topic);
}

void
bl_event_bus_publish (BlEventBus *bus, const char *name, GVariant *payload)
{
  g_autoptr (GVariant) held = g_variant_ref_sink (payload);
  Topic *topic = g_hash_table_lookup (bus->topics, name);
  guint n;

  if (topic == NULL)
    return;
  if (bus->depth >= BL_EVENT_BUS_MAX_DEPTH)
    {
      g_warning ("topic %s: dropped, %u publications already wait for each other", name, bus->depth);
      return;
    }

  bus->depth++;
  topic->running++;
  n = topic->subscriptions->len; /* later ones hear the next publication */
  for (guint i = 0; i < n; i++)
    {
      Subscription *subscription = g_ptr_array_index (topic->subscriptions, i);

      if (!subscription->ended)
        subscription_call (subscription, topic->name, held);
    }
  topic->running--;
  bus->depth--;
  topic_sweep (topic);
}

guint64
bl_event_bus_subscribe (
    BlEventBus *bus, BowlineHost *owner, const char *name, BowlineTopicFunc func, gpointer user_data)
{
  Topic *topic = g_hash_table_lookup (bus->topics, name);
  Subscription *subscription = g_new0 (Subscription, 1);

  if (topic == NULL)
    {
      topic = g_new0 (Topic, 1);
      topic->name = g_strdup (name);
      topic->subscriptions = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (bus->topics, topic->name, topic);
    }
  subscription->id = ++bus->last_id;
  subscription->owner = owner;
  subscription->func = func;
  subscription->user_data = user_data;
  g_ptr_array_add (topic->subscriptions, subscription);
  return subscription->id;
}

/* Ends the subscription @id, or all of @owner when @id is 0. */
static void
bl_event_bus_end (BlEventBus *bus, guint64 id, BowlineHost *owner)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, bus->topics);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Topic *topic = value;

      for (guint i = 0; i < topic->subscriptions->len; i++)
        {
          Subscription *subscription = g_ptr_array_index (topic->subscriptions, i);

          if (id != 0 ? subscription->id == id : subscription->owner == owner)
            {
              subscription->ended = TRUE;
              topic->has_ended = TRUE;
            }
        }
      topic_sweep (topic);
      if (topic->running == 0 && topic->subscriptions->len == 0)
        g_hash_table_iter_remove (&iter);
    }
}

void
bl_event_bus_unsubscribe (BlEventBus *bus, guint64 subscription)
{
  if (subscription != 0)
    bl_event_bus_end (bus, subscription, NULL);
}

void
bl_event_bus_remove_owner (BlEventBus *bus, BowlineHost *owner)
{
  g_return_if_fail (owner != NULL);
  bl_event_bus_end (bus, 0, owner);
}

static void
ops_publish (BowlineHost *host, const char *topic, GVariant *payload)
{
  bl_event_bus_publish (installed_bus, topic, payload);
}

static guint64
ops_subscribe (BowlineHost *host, const char *topic, BowlineTopicFunc func, gpointer user_data)
{
  return bl_event_bus_subscribe (installed_bus, host, topic, func, user_data);
}

static void
ops_unsubscribe (BowlineHost *host, guint64 subscription)
{
  bl_event_bus_unsubscribe (installed_bus, subscription);
}

void
bl_event_bus_install (BlEventBus *bus)
{
  static const BowlineTopicOps ops = {
    .publish = ops_publish,
    .subscribe = ops_subscribe,
    .unsubscribe = ops_unsubscribe,
  };

  installed_bus = bus;
  bl_host_add_release_func (bl_event_bus_release_cb, bus);
  bowline_private_install_topic_ops (&ops);
}
