// SPDX-License-Identifier: Apache-2.0
/* A manifest: taken whole, or refused with a message that names the file. */
#include "fuzz.h"

#include "bl-module-manifest.h"
#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlModuleManifest) manifest
      = bl_module_manifest_parse ("/m/hello.module", data != NULL ? (const char *)data : "", size, &error);

  if (manifest == NULL)
    {
      g_assert_true (g_str_has_prefix (error->message, "/m/hello.module: "));
      return 0;
    }
  g_assert_cmpstr (manifest->id, ==, "hello");
  g_assert_cmpuint (manifest->n_settings, <=, BL_MODULE_MANIFEST_MAX_SETTINGS);
  return 0;
}
