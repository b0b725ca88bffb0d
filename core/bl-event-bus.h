// SPDX-License-Identifier: Apache-2.0
/**
 * BlEventBus: topics inside the process. A publication runs the subscribers of its topic one after the other,
 * in order of subscription, before it returns. Main context.
 *
 * Subscribers may subscribe, unsubscribe and publish from inside a callback: a new subscription first hears
 * the next publication, an ended one hears nothing more.
 */
#pragma once

#include <bowline/event.h>

G_BEGIN_DECLS

/** Publications inside publications; a deeper one is dropped with a warning. */
#define BL_EVENT_BUS_MAX_DEPTH 16u

typedef struct _BlEventBus BlEventBus;

BlEventBus *bl_event_bus_new (void);
void bl_event_bus_free (BlEventBus *bus);
/** Puts the bus behind the functions bowline_topic_*(), and ends a plugin's subscriptions when it goes. Once.
 */
void bl_event_bus_install (BlEventBus *bus);

/** @payload: (transfer floating) */
void bl_event_bus_publish (BlEventBus *bus, const char *topic, GVariant *payload);
/** @owner: (nullable): the plugin it ends with. Returns: a number, never 0 */
guint64 bl_event_bus_subscribe (
    BlEventBus *bus, BowlineHost *owner, const char *topic, BowlineTopicFunc func, gpointer user_data);
void bl_event_bus_unsubscribe (BlEventBus *bus, guint64 subscription);
void bl_event_bus_remove_owner (BlEventBus *bus, BowlineHost *owner);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlEventBus, bl_event_bus_free)

G_END_DECLS
