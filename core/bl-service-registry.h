// SPDX-License-Identifier: Apache-2.0
/**
 * BlServiceRegistry: tables of functions that plugins offer each other by name and major version. Main
 * context.
 */
#pragma once

#include <bowline/host.h>

G_BEGIN_DECLS

typedef struct _BlServiceRegistry BlServiceRegistry;

BlServiceRegistry *bl_service_registry_new (void);
void bl_service_registry_free (BlServiceRegistry *registry);
gboolean bl_service_registry_add (BlServiceRegistry *registry,
                                  BowlineHost *owner,
                                  const char *name,
                                  guint32 major,
                                  gconstpointer table,
                                  gpointer user_data,
                                  GError **error);
/** Fills @table (its size field is set by the caller). Returns: %FALSE when nobody offers it; then @table is
 * zeroed. */
gboolean bl_service_registry_lookup (
    BlServiceRegistry *registry, const char *name, guint32 major, gpointer table, gpointer *user_data);
/** Removes what @owner offers and publishes "service.removed" for each. */
void bl_service_registry_remove_owner (BlServiceRegistry *registry, BowlineHost *owner);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlServiceRegistry, bl_service_registry_free)

G_END_DECLS
