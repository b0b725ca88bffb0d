// SPDX-License-Identifier: Apache-2.0
/**
 * What handlers do with documents: public forms, links, lookups by name, events about them. Main context; the
 * public forms are pure.
 */
#pragma once

#include "bl-control.h"
#include "common/bl-variant.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the second part of an id. */
char *bl_control_domain_of (const char *id);

/** Public form of a device group, (transfer full). */
GVariant *bl_control_mesh_public (GVariant *mesh);
/**
 * bl_control_node_public: a device as clients see it: secrets as numbers, links with names, and, when @state
 * says it is connected, conn, pwr, agct, cict.
 * @state: (nullable); @sessions: (nullable): a{sv}; @with_mesh: FALSE leaves "meshid" out, as `nodes` does
 * Returns: (transfer full)
 */
GVariant *bl_control_node_public (BlControl *control,
                                  GVariant *node,
                                  const BowlineDeviceState *state,
                                  GVariant *sessions,
                                  gboolean with_mesh);
/** One member of a device as clients see it. Returns: (transfer full) (nullable): %NULL when it is left out */
GVariant *bl_control_node_member (BlControl *control, const char *name, GVariant *value, gboolean with_mesh);
/** The same from the directory and the connectivity now. Returns: (transfer full) (nullable) */
GVariant *bl_control_dup_node_public (BlControl *control, const char *node_id, gboolean with_mesh);

/** Returns: (transfer full): @document with links[@id] = @link (nullable: removed) (transfer floating) */
GVariant *bl_control_set_link (GVariant *document, const char *id, GVariant *link);
/** Returns: (transfer full) (nullable): links[@id] of @document */
GVariant *bl_control_dup_link (GVariant *document, const char *id);

/** Returns: (transfer full) (nullable): id of the one agent group called @name that @principal can see.
 * @several: (out): there are more. */
char *
bl_control_find_group (BlControl *control, BowlinePrincipal *principal, const char *name, gboolean *several);
/** Returns: (transfer full) (nullable): the "name" of a hot document. */
char *bl_control_dup_name (BlControl *control, const char *id);

/** Collects documents and deletions of one change. */
typedef struct
{
  GPtrArray *puts;    /* of GVariant */
  GPtrArray *deletes; /* of char * */
} BlControlChange;

void bl_control_change_init (BlControlChange *change);
void bl_control_change_clear (BlControlChange *change);
/** @document: (transfer full) */
void bl_control_change_put (BlControlChange *change, GVariant *document);
void bl_control_change_delete (BlControlChange *change, const char *prefix, const char *id);
/** What a device has besides its own document. */
void bl_control_change_delete_node (BlControlChange *change, const char *node_id);

/** Runs when a change is kept; @call is answered by it. Not run after a failure, which is answered here. */
typedef void (*BlControlDone) (BlControl *control, BowlineActionCall *call, gpointer data);
/** Commits @change (cleared) durably; @data is freed with @free_data. */
void bl_control_commit (BlControl *control,
                        BlControlChange *change,
                        BowlineActionCall *call,
                        BlControlDone done,
                        gpointer data,
                        GDestroyNotify free_data);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlControlChange, bl_control_change_clear)

G_END_DECLS
