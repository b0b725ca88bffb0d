// SPDX-License-Identifier: Apache-2.0
/* JSON: what is taken is a normal GVariant, and writing it gives text that reads as the same value. */
#include "fuzz.h"

#include "common/bl-json.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *text = data != NULL ? (const char *)data : "";
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) strict = bl_json_parse (text, size, NULL, BL_JSON_DEFAULT, NULL);
  g_autoptr (GVariant) value = bl_json_parse (text, size, NULL, BL_JSON_REPLACE_INVALID_UTF8, &error);

  if (value == NULL)
    {
      g_assert_null (strict);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  g_assert_true (strict == NULL || g_variant_equal (strict, value));

  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (value);
  g_autoptr (GVariant) untrusted
      = g_variant_ref_sink (g_variant_new_from_bytes (g_variant_get_type (value), bytes, FALSE));
  g_assert_true (g_variant_is_normal_form (untrusted));

  gsize len;
  g_autoptr (GBytes) written = bl_json_from_variant (value, &error);
  g_assert_no_error (error);
  const char *again_text = g_bytes_get_data (written, &len);
  g_autoptr (GVariant) again = bl_json_parse (again_text, len, NULL, BL_JSON_DEFAULT, &error);
  /* Control characters grow when escaped; only that may pass the limit. */
  if (again == NULL)
    g_assert_cmpuint (len, >, BL_CONTROL_MAX_JSON);
  else
    g_assert_true (g_variant_equal (value, again));
  return 0;
}
