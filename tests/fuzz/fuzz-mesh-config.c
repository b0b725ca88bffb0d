// SPDX-License-Identifier: Apache-2.0
/* config.json: every setting that comes out is one line of a settings file. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-mesh-config.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (BlMeshConfig) config
      = bl_mesh_config_translate (data != NULL ? (const char *)data : "", size, NULL);
  g_autofree char *conf = NULL;
  guint lines = 0, sections = 0;

  if (config == NULL)
    return 0;
  conf = bl_mesh_config_to_conf (config);
  for (const char *p = conf; *p != '\0'; p++)
    {
      lines += *p == '\n' && p[1] != '\n' && p[1] != '\0' && p[1] != '[';
      sections += *p == '[' && (p == conf || p[-1] == '\n');
    }
  g_assert_cmpuint (lines, ==, config->settings->len);
  g_assert_cmpuint (sections, <=, 5);
  return 0;
}
