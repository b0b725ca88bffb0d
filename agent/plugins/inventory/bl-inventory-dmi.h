// SPDX-License-Identifier: Apache-2.0
// The firmware's own description of the machine (SMBIOS): memory modules. Pure; any thread.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_INVENTORY_DMI_MAX (256u * 1024u)  // bytes of a table
#define BL_INVENTORY_MAX_MODULES 64u

/**
 * Reads the memory devices (type 17) of a table as /sys/firmware/dmi/tables/DMI has it. @table: @length bytes, any content
 * Returns: (transfer floating): av of a{sv} as MeshCentral's page shows them: `Locator`, `Bank_Locator`, `Manufacturer`,
 *   `PartNumber`, `SerialNumber` (what of these the firmware has), `Size` ("16 GB") and, if it is known, `Speed`
 *   ("3200 MT/s"); empty sockets are left out
 */
GVariant *bl_inventory_dmi_memory (const guint8 *table, gsize length);

G_END_DECLS
