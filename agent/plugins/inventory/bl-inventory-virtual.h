// SPDX-License-Identifier: Apache-2.0
// Whether this is a virtual machine or a container. Any thread.
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** @root: "" for this machine. Returns: (transfer floating) (nullable): {Type: "container" or "vm", Name: "KVM", …}; %NULL
 * for what looks like a real machine */
GVariant *bl_inventory_virtual (const char *root);

G_END_DECLS
