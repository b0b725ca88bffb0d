// SPDX-License-Identifier: Apache-2.0
/* Bodies of forms: what comes out is text, and no longer than what went in. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-form.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const names[] = { "inviteCode", "a", "" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *value = bl_form_dup_field ((const char *)data, size, names[i]);

      if (value == NULL)
        continue;
      g_assert_true (g_utf8_validate (value, -1, NULL));
      g_assert_cmpuint (strlen (value), <, size);
    }
  return 0;
}
