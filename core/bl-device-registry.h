// SPDX-License-Identifier: Apache-2.0
/**
 * BlDeviceRegistry: which devices are connected, by what, since when, with what live sessions; and how a message
 * reaches one. Stands behind <bowline/device.h>. Main context.
 *
 * Emits `nodeconnect` and `devicesessions`, publishes "device.connectivity", keeps the `lc` document and the power
 * history of each device. Holds memory only for devices that are connected.
 */
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

#define BL_DEVICE_REGISTRY_MAX_TRANSPORTS 16u
#define BL_DEVICE_REGISTRY_MAX_SESSION_TYPES 16u

typedef struct _BlDeviceRegistry BlDeviceRegistry;

/** @core: core's own host; documents, events and topics go through it. Borrowed. */
BlDeviceRegistry *bl_device_registry_new (BowlineHost *core);
void bl_device_registry_free (BlDeviceRegistry *registry);
/** Puts it behind bowline_device_*() and bowline_host_register_device_transport(). Once. */
void bl_device_registry_install (BlDeviceRegistry *registry);
/** Removes the transports of a plugin that ends; its devices count as disconnected. */
void bl_device_registry_remove_owner (BlDeviceRegistry *registry, BowlineHost *owner);

gboolean bl_device_registry_register (BlDeviceRegistry *registry,
                                      BowlineHost *owner,
                                      const BowlineDeviceTransport *transport,
                                      gpointer self,
                                      GError **error);
void bl_device_registry_connected (BlDeviceRegistry *registry, const char *node_id, guint32 connectivity, guint32 power);
void bl_device_registry_disconnected (BlDeviceRegistry *registry, const char *node_id, guint32 connectivity);
gboolean
bl_device_registry_get_state (BlDeviceRegistry *registry, const char *node_id, BowlineDeviceState *state);
/** @message: (transfer floating) */
gboolean bl_device_registry_send (BlDeviceRegistry *registry, const char *node_id, GVariant *message);
void bl_device_registry_disconnect (BlDeviceRegistry *registry, const char *node_id);
/** @sessions: (nullable) (transfer floating) */
void bl_device_registry_set_sessions (BlDeviceRegistry *registry,
                                      const char *node_id,
                                      const char *type,
                                      GVariant *sessions);
GVariant *bl_device_registry_dup_sessions (BlDeviceRegistry *registry, const char *node_id);
/** Returns: how many devices are connected in any way. */
guint bl_device_registry_count (BlDeviceRegistry *registry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlDeviceRegistry, bl_device_registry_free)

G_END_DECLS
