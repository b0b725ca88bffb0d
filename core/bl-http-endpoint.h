// SPDX-License-Identifier: Apache-2.0
/**
 * BlHttpRegistry: which module serves which path. Main thread.
 */
#pragma once

#include "bowline-private.h"

G_BEGIN_DECLS

/** One registration; lives on in requests under way after it was removed. */
typedef struct
{
  gatomicrefcount refs;
  guint64 id;
  BowlineHost *host;
  BowlineEndpoint table; /* with its strings pointing into this struct, and limits filled in */
  gpointer user_data;
  gboolean removed;
  char *path;
  char *affinity;
  char **methods;
} BlHttpEndpoint;

BlHttpEndpoint *bl_http_endpoint_ref (BlHttpEndpoint *self);
void bl_http_endpoint_unref (BlHttpEndpoint *self);
/** @method: HEAD counts as GET */
gboolean bl_http_endpoint_allows (const BlHttpEndpoint *self, const char *method);

/** Limits used where an endpoint says 0, and those no endpoint may pass. */
typedef struct
{
  guint32 max_body, max_message, max_queued, idle_timeout;
} BlHttpLimits;

#define BL_HTTP_HIGHEST_BODY (256u * 1024 * 1024)
#define BL_HTTP_HIGHEST_MESSAGE (64u * 1024 * 1024)
#define BL_HTTP_HIGHEST_QUEUED (256u * 1024 * 1024)

typedef struct _BlHttpRegistry BlHttpRegistry;

BlHttpRegistry *bl_http_registry_new (const BlHttpLimits *defaults);
void bl_http_registry_free (BlHttpRegistry *self);

guint64 bl_http_registry_add (
    BlHttpRegistry *self, BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data, GError **error);
/** @host: must be who registered it */
void bl_http_registry_remove (BlHttpRegistry *self, BowlineHost *host, guint64 id);
/** All those of @host. */
void bl_http_registry_remove_host (BlHttpRegistry *self, BowlineHost *host);
/** Returns: (transfer none) (nullable): exact path first, then the longest prefix, then the fallback */
BlHttpEndpoint *bl_http_registry_find (BlHttpRegistry *self, const char *path);
void bl_http_registry_foreach (BlHttpRegistry *self,
                               void (*func) (BowlineHost *host, const BowlineEndpoint *endpoint, gpointer user_data),
                               gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlHttpEndpoint, bl_http_endpoint_unref)

G_END_DECLS
