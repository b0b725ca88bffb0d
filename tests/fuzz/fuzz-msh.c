// SPDX-License-Identifier: Apache-2.0
/* Settings files: what is taken writes and reads back the same; trailers lie inside the file. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-msh.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = data != NULL ? (const char *)data : "";
  guint64 offset;
  guint32 length;
  guint8 id[BL_ID48_SIZE];

  if (size > 0 && bl_msh_find_trailer (data, size, size + 1000, &offset, &length))
    g_assert_cmpuint (offset + length + BL_MSH_TRAILER, ==, size + 1000);
  g_autoptr (BlMsh) msh = bl_msh_parse (text, size, NULL);
  if (msh == NULL)
    return 0;
  (void)bl_msh_get_id48 (msh, "MeshID", id, NULL);
  g_autofree char *once = bl_msh_to_text (msh);
  g_autoptr (BlMsh) again = bl_msh_parse (once, strlen (once), NULL);
  /* Line ends grow by one byte; only that may pass the limit. */
  if (again == NULL)
    {
      g_assert_cmpuint (strlen (once), >, BL_MSH_MAX);
      return 0;
    }
  g_autofree char *twice = bl_msh_to_text (again);
  g_assert_cmpstr (once, ==, twice);
  return 0;
}
