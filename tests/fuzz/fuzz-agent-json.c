// SPDX-License-Identifier: Apache-2.0
/* What a device reports: what passes once passes unchanged again. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-agent-json.h"
#include "common/bl-json.h"
#include "common/bl-limits.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const BlJsonLimits limits = { .max_bytes = BL_AGENT_MAX_JSON };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) message = bl_json_parse_object (data != NULL ? (const char *)data : "", size, &limits,
                                                       BL_JSON_REPLACE_INVALID_UTF8, NULL);

  if (message == NULL)
    return 0;
  g_autoptr (GVariant) once = bl_agent_json_check (message, &error);
  if (once == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_autoptr (GVariant) twice = bl_agent_json_check (once, &error);
  g_assert_no_error (error);
  g_assert_true (g_variant_equal (once, twice));
  /* The parser keeps one of equal keys: none may be left. */
  g_autofree char *text = bl_json_to_string (once, &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) parsed = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, &error);
  g_assert_true (parsed == NULL || g_variant_equal (once, parsed));
  return 0;
}
