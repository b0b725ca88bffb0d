// SPDX-License-Identifier: Apache-2.0
/* UTF-8 checks: the same verdict as GLib's, and cleaned text that stays clean. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-utf8.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = data != NULL ? (const char *)data : "";
  const char *nul = memchr (text, 0, size);
  const char *end;
  gsize len = nul != NULL ? (gsize)(nul - text) : size;

  g_utf8_validate (text, (gssize)len, &end);
  g_assert_cmpuint (bl_utf8_valid_prefix (text, len), ==, (gsize)(end - text));
  (void)bl_utf8_is_valid (text, size);
  for (guint newlines = 0; newlines < 2; newlines++)
    {
      g_autofree char *clean = bl_utf8_clean (text, size, 100, newlines);
      g_autofree char *again = bl_utf8_clean (clean, strlen (clean), 100, newlines);
      g_assert_true (g_utf8_validate (clean, -1, NULL));
      g_assert_cmpint (g_utf8_strlen (clean, -1), <=, 100);
      g_assert_cmpstr (clean, ==, again);
    }
  g_autofree char *shown = bl_show (text, size);
  g_assert_cmpint (g_utf8_strlen (shown, -1), <=, 83);
  return 0;
}
