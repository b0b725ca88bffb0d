// SPDX-License-Identifier: Apache-2.0
/**
 * BlControlNodes: every device's wire text, kept ready, so that listing thousands of devices is a copy, the first
 * time too. A text is dropped when the device's document, presence or sessions change, and made again when nothing
 * else is to be done, or when it is asked for. Main context.
 */
#pragma once

#include "bl-control.h"

G_BEGIN_DECLS

BlControlNodes *bl_control_nodes_new (BlControl *control);
void bl_control_nodes_free (BlControlNodes *self);
/** Makes no more texts by itself; before the host ends. */
void bl_control_nodes_stop (BlControlNodes *self);

/** The document of a device changed, appeared or went. */
void bl_control_nodes_update (BlControlNodes *self, const char *node_id);
/** Presence or sessions of a device changed. */
void bl_control_nodes_touch (BlControlNodes *self, const char *node_id);

typedef struct
{
  const char *mesh_id; /* (nullable): only this group */
  const char *node_id; /* (nullable): only this device */
  guint skip;
  guint limit; /* 0: all */
} BlControlNodesFilter;

/** Returns: bytes that a list of all devices takes, as far as their texts are made */
gsize bl_control_nodes_get_size (BlControlNodes *self);

/**
 * bl_control_nodes_list: appends `{"mesh//...":[{...},...],...}` of what @principal may see.
 * Returns: how many devices @filter found without skip and limit
 */
guint bl_control_nodes_list (BlControlNodes *self,
                             BowlinePrincipal *principal,
                             const BlControlNodesFilter *filter,
                             GString *out);

G_END_DECLS
