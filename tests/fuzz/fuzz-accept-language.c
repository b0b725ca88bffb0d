// SPDX-License-Identifier: Apache-2.0
/* Whatever a browser says about languages, it is one of ours. */
#include "fuzz.h"

#include "modules/guests/bl-guests-words.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (data == NULL)
    return 0;
  g_autofree char *text = g_strndup ((const char *)data, size);
  const char *language = bl_guests_language (text);
  g_assert_true (g_str_equal (language, "en") || g_str_equal (language, "de"));
  g_assert_cmpstr (bl_guests_say (language, text), !=, NULL);
  return 0;
}
