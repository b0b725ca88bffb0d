// SPDX-License-Identifier: Apache-2.0
/* Size-prefixed tables at the plugin boundary. */
#include "bl-table.h"

#include <bowline/error.h>
#include <string.h>

gboolean
bl_table_copy (
    gpointer dst, gsize dst_size, gconstpointer src, gsize min_size, const char *what, GError **error)
{
  guint32 size;

  g_return_val_if_fail (dst_size >= sizeof size && dst_size <= G_MAXUINT32, FALSE);
  memset (dst, 0, dst_size);
  if (src == NULL)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "%s: expected a table, found NULL", what);
      return FALSE;
    }
  memcpy (&size, src, sizeof size);
  if (size < min_size)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID,
                   "%s: struct_size: expected at least %" G_GSIZE_FORMAT ", found %u", what, min_size, size);
      return FALSE;
    }
  memcpy (dst, src, MIN (size, dst_size));
  size = (guint32)dst_size;
  memcpy (dst, &size, sizeof size);
  return TRUE;
}

void
bl_table_fill (gpointer dst, gconstpointer src)
{
  guint32 dst_size, src_size;

  memcpy (&dst_size, dst, sizeof dst_size);
  memcpy (&src_size, src, sizeof src_size);
  if (dst_size < sizeof dst_size)
    return;
  memset (dst, 0, dst_size);
  memcpy (dst, src, MIN (dst_size, src_size));
  memcpy (dst, &dst_size, sizeof dst_size);
}
