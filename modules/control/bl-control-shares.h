// SPDX-License-Identifier: Apache-2.0
/** Device shares: their documents, lists and events. Follows control-channel 7.6. Main context. */
#pragma once

#include "bl-control-documents.h"

G_BEGIN_DECLS

/**
 * bl_control_shares_list: what clients see of the shares of a device, or of all devices in a group.
 * @object_id: "node/…" or "mesh/…"
 * @user_id: (nullable): whose own links are shown
 * Returns: (transfer floating): av
 */
GVariant *bl_control_shares_list (BlControl *control, const char *object_id, const char *user_id);
/** `deviceShareUpdate` with the shares as they are now, without links. */
void bl_control_shares_announce (BlControl *control, const char *node_id);
/** Deletes shares that will never open again, and those whose device or account is gone. */
void bl_control_shares_sweep (BlControl *control);

G_END_DECLS
