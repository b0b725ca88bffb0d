// SPDX-License-Identifier: Apache-2.0
/**
 * A store in memory for tests of core that need to decide when a change is answered, and how.
 */
#pragma once

#include <bowline/store.h>

G_BEGIN_DECLS

typedef struct _BlMemoryStore BlMemoryStore;

BlMemoryStore *bl_memory_store_new (void);
/** Open requests are answered with an error. */
void bl_memory_store_free (BlMemoryStore *store);
const BowlineStore *bl_memory_store_get_table (void);

/** While held, requests wait for bl_memory_store_step(); otherwise they are answered from the main context.
 */
void bl_memory_store_set_held (BlMemoryStore *store, gboolean held);
/** Changes fail from now on. */
void bl_memory_store_set_failing (BlMemoryStore *store, gboolean failing);
/** Answers the oldest request. Returns: whether there was one */
gboolean bl_memory_store_step (BlMemoryStore *store);
guint bl_memory_store_get_pending (BlMemoryStore *store);
/** Returns: how many changes were asked for */
guint bl_memory_store_get_commits (BlMemoryStore *store);
/** Returns: (transfer none) (nullable) */
GVariant *bl_memory_store_peek (BlMemoryStore *store, const char *id);
guint bl_memory_store_count (BlMemoryStore *store);
/** @document: (transfer full) (nullable): replaces it, or with %NULL removes it, behind the back of all;
 * floating or not */
void bl_memory_store_plant (BlMemoryStore *store, const char *id, GVariant *document);
/** Returns: (transfer none) (element-type GVariant): (asxa{sv}): targets, time, event */
GPtrArray *bl_memory_store_get_events (BlMemoryStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlMemoryStore, bl_memory_store_free)

G_END_DECLS
