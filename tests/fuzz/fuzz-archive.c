// SPDX-License-Identifier: Apache-2.0
/* Names of members of archives: no path and no link that passes leads out of the folder it is unpacked in. */
#include "fuzz.h"

#include <string.h>

#include "agent/plugins/files/helper/bl-files-archive.h"

/* Walks PATH from DEPTH folders below the top. Returns: the least depth on the way. */
static int
walk (const char *path, int depth)
{
  int least = depth;
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (g_str_equal (parts[i], ".."))
        depth--;
      else if (parts[i][0] != '\0' && !g_str_equal (parts[i], "."))
        depth++;
      least = MIN (least, depth);
    }
  return least;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *path = g_strndup (data != NULL ? (const char *)data : "", size);
  const char *cut = strchr (path, '\n');
  const char *target = cut != NULL ? cut + 1 : "";
  g_autofree char *member = g_strndup (path, cut != NULL ? (gsize)(cut - path) : strlen (path));
  if (!bl_archive_path_is_safe (member))
    return 0;
  g_assert_cmpint (member[0], !=, '/');
  g_assert_cmpint (walk (member, 0), >=, 0);
  if (!bl_archive_link_is_safe (member, target))
    return 0;
  g_autofree char *folder = g_path_get_dirname (member);
  g_assert_cmpint (target[0], !=, '/');
  int depth = 0;
  g_auto (GStrv) parts = g_strsplit (folder, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    depth += parts[i][0] != '\0';
  g_assert_cmpint (walk (target, depth), >=, 0);
  return 0;
}
