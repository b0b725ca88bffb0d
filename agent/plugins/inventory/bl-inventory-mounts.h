// SPDX-License-Identifier: Apache-2.0
// Volumes that are mounted. A file system of another machine may never answer, so it is only asked from threads that
// nobody waits for longer than a moment.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_INVENTORY_MAX_MOUNTS 64u
#define BL_INVENTORY_MAX_MOUNT_LINES 4096u

/** Sizes are bytes; size is 0 while the file system has not answered. */
typedef struct
{
  char *point;
  char *type;
  char *source;
  gboolean remote; /* another machine or a program answers for it */
  gboolean read_only;
  guint64 size;
  guint64 used;
  guint64 available; /* to an ordinary user */
} BlInventoryMount;

/** Reads /proc/PID/mountinfo: what a person would call a volume, each device once, in order of appearance. Pure; any thread.
 * Returns: (transfer full) (element-type BlInventoryMount) */
GPtrArray *bl_inventory_mounts_parse (const char *text);
/** Asks the file systems for sizes. Waits at most @milliseconds; what has not answered by then keeps size 0, and its kind
 * (local or remote) is not asked again before it did. Any thread but the main one. */
void bl_inventory_mounts_measure (GPtrArray *mounts, guint milliseconds);
/** [{mount_point, type, source, size, used, available, readonly}], floating; sizes in KiB, as MeshCentral's page shows them */
GVariant *bl_inventory_mounts_describe (GPtrArray *mounts);

G_END_DECLS
