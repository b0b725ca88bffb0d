// SPDX-License-Identifier: Apache-2.0
// BlCoreStore: the core scripts kept on disk.
//
// Two slots in one folder: `current`, what the server pushed last, and `last-good`, the
// last one that reached coreinfo. Files are written to a temporary name, synced and
// renamed, mode 0600, and carry their SHA-384, so that a torn file reads as missing.

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define BL_CORE_HASH_SIZE 48
// Largest core package accepted: MeshCentral's own is about 600 kB.
#define BL_CORE_MAX_SIZE (8 * 1024 * 1024)

typedef enum
{
  BL_CORE_SLOT_CURRENT,
  BL_CORE_SLOT_LAST_GOOD,
} BlCoreSlot;

typedef struct _BlCoreStore BlCoreStore;

// DIRECTORY is created with mode 0700 when missing.
// Returns: (transfer full) or NULL with ERROR (G_IO_ERROR).
BlCoreStore *bl_core_store_new (const char *directory, GError **error);
BlCoreStore *bl_core_store_ref (BlCoreStore *store);
void bl_core_store_unref (BlCoreStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlCoreStore, bl_core_store_unref)

// Returns: (transfer full) (nullable): the package (4 bytes and the source), NULL when the
// slot is empty, unreadable or does not match its hash.
GBytes *bl_core_store_load (BlCoreStore *store, BlCoreSlot slot);

// The SHA-384 of the package in SLOT. Returns: FALSE when the slot is empty.
gboolean bl_core_store_get_hash (BlCoreStore *store, BlCoreSlot slot, guint8 hash[BL_CORE_HASH_SIZE]);

// Replaces `current`; NULL removes it (last-good stays).
gboolean bl_core_store_set_current (BlCoreStore *store, GBytes *package, GError **error);

// Copies PACKAGE to `last-good` unless it is there already.
gboolean bl_core_store_mark_good (BlCoreStore *store, GBytes *package, GError **error);

// Remembers that the current core does not start, so that the next start of the agent runs
// the last good one at once; forgotten by set_current ().
gboolean bl_core_store_mark_bad (BlCoreStore *store, GError **error);
gboolean bl_core_store_is_bad (BlCoreStore *store);

// SHA-384 of DATA.
void bl_core_hash (const void *data, gsize size, guint8 hash[BL_CORE_HASH_SIZE]);

G_END_DECLS
