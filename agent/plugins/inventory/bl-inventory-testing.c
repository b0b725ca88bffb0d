// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-testing.h"

#include <glib/gstdio.h>
#include <string.h>

void
bl_inventory_root_init (BlInventoryRoot *self)
{
  self->root = g_dir_make_tmp ("bl-inventory-XXXXXX", NULL);
  self->made = g_ptr_array_new_with_free_func (g_free);
}

void
bl_inventory_root_clear (BlInventoryRoot *self)
{
  for (guint i = self->made->len; i > 0; i--)
    g_remove (self->made->pdata[i - 1]);
  g_rmdir (self->root);
  g_ptr_array_unref (self->made);
  g_free (self->root);
}

void
bl_inventory_root_put_bytes (BlInventoryRoot *self, const char *path, const void *content, gssize length)
{
  g_autofree char *full = g_strconcat (self->root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (full);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (full, content, length, NULL));
  for (char *slash = full + strlen (self->root); (slash = strchr (slash + 1, '/')) != NULL;)
    g_ptr_array_add (self->made, g_strndup (full, (gsize)(slash - full)));
  g_ptr_array_add (self->made, g_steal_pointer (&full));
}

void
bl_inventory_root_put (BlInventoryRoot *self, const char *path, const char *content)
{
  bl_inventory_root_put_bytes (self, path, content, -1);
}
