// SPDX-License-Identifier: Apache-2.0
// Batteries, graphics adapters and displays, as /sys and udev's records have them. Any thread; @root: "" for this machine.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_INVENTORY_MAX_BATTERIES 8u
#define BL_INVENTORY_MAX_ADAPTERS 16u
#define BL_INVENTORY_MAX_DISPLAYS 32u
#define BL_INVENTORY_EDID_MAX 32768u

/** In MeshCentral's names: [{DeviceName, ManufactureName, SerialNumber, Chemistry, CycleCount, DesignedCapacity,
 * FullChargedCapacity, Health, RemainingCapacity}]; capacities in mWh, Health in percent of the designed capacity.
 * Returns: (transfer floating) (nullable): %NULL without a battery */
GVariant *bl_inventory_batteries (const char *root);
/** Names of graphics adapters. Returns: (transfer floating) (nullable): as */
GVariant *bl_inventory_graphics (const char *root);
/** Connected displays: [{Connector, Name, Manufacturer, SerialNumber, Resolution, SizeCm}].
 * Returns: (transfer floating) (nullable) */
GVariant *bl_inventory_displays (const char *root);
/** Adds what a display says about itself (EDID, its first 128 bytes). Pure. @data: @length bytes, any content
 * Returns: %FALSE when it is none */
gboolean bl_inventory_edid (GVariantBuilder *display, const guint8 *data, gsize length);

G_END_DECLS
