// SPDX-License-Identifier: Apache-2.0
/* Lists of prepared commands: what is taken is within its limits. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-presets.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GPtrArray) presets = bl_presets_parse (data != NULL ? (const char *)data : "", size, NULL);

  for (guint i = 0; presets != NULL && i < presets->len; i++)
    {
      const BlPreset *preset = presets->pdata[i];

      g_assert_cmpint (g_utf8_strlen (preset->name, -1), <=, BL_PRESETS_MAX_NAME);
      g_assert_true (preset->type >= 1 && preset->type <= 4 && preset->run_as >= -1 && preset->run_as <= 2);
      g_assert_true ((preset->commands != NULL) != (preset->file != NULL));
    }
  return 0;
}
