// SPDX-License-Identifier: Apache-2.0
// A made-up root directory for tests of what reads /proc, /sys and /etc.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *root;
  GPtrArray *made; // files and folders, in the order they were made
} BlInventoryRoot;

void bl_inventory_root_init (BlInventoryRoot *self);
// Removes what was put into it.
void bl_inventory_root_clear (BlInventoryRoot *self);
// PATH begins with "/"; LENGTH is -1 for a text
void bl_inventory_root_put_bytes (BlInventoryRoot *self, const char *path, const void *content, gssize length);
void bl_inventory_root_put (BlInventoryRoot *self, const char *path, const char *content);

G_END_DECLS
