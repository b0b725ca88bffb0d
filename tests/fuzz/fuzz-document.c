// SPDX-License-Identifier: Apache-2.0
/* Documents: look-ups agree with GVariant's own, changes give normal documents. Input: a document, a zero
 * byte and a patch; or the serialised form of one, which need not be normal. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-json.h"
#include "common/bl-variant.h"

static void
check_lookups (GVariant *doc)
{
  GVariantIter iter;
  const char *key;
  GVariant *expected;

  g_variant_iter_init (&iter, doc);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &expected))
    {
      g_autoptr (GVariant) found = bl_variant_get_child (doc, key);
      g_assert_true (g_variant_equal (found, expected));
      g_assert_true (bl_variant_has (doc, key));
      if (g_variant_is_of_type (expected, G_VARIANT_TYPE_STRING))
        g_assert_cmpstr (bl_variant_get_string (doc, key), ==, g_variant_get_string (expected, NULL));
      if (g_variant_is_of_type (expected, G_VARIANT_TYPE_INT64))
        g_assert_cmpint (bl_variant_get_int (doc, key, 0), ==, g_variant_get_int64 (expected));
      g_autoptr (GVariant) removed = bl_doc_remove (doc, key);
      g_assert_false (bl_variant_has (removed, key));
      g_autoptr (GVariant) set = bl_doc_set (doc, key, expected);
      g_assert_true (g_variant_equal (set, doc));
    }
}

static void
check_raw (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GVariant) doc
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE_VARDICT, bytes, FALSE));
  (void)bl_variant_get_string (doc, "a");
  (void)bl_variant_get_int (doc, "b", 0);
  g_autoptr (GVariant) child = bl_variant_get_child (doc, "a");
  g_assert_cmpint (child != NULL, ==, bl_variant_has (doc, "a"));
  g_autoptr (GVariant) set = bl_doc_set_int (doc, "a", 1);
  g_assert_cmpint (bl_variant_get_int (set, "a", 0), ==, 1);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const BlJsonLimits limits = { .max_bytes = 4096 };
  const guint8 *nul = size > 0 ? memchr (data, 0, size) : NULL;
  gsize len = nul != NULL ? (gsize)(nul - data) : size;

  if (size == 0)
    return 0;
  check_raw (data, size);
  g_autoptr (GVariant) doc = bl_json_parse_object ((const char *)data, len, &limits, BL_JSON_DEFAULT, NULL);
  if (doc == NULL)
    return 0;
  check_lookups (doc);
  if (nul == NULL)
    return 0;
  g_autoptr (GVariant) patch
      = bl_json_parse_object ((const char *)nul + 1, size - len - 1, &limits, BL_JSON_DEFAULT, NULL);
  if (patch == NULL)
    return 0;
  g_autoptr (GVariant) merged = bl_doc_merge (doc, patch);
  g_autoptr (GVariant) twice = bl_doc_merge (merged, patch);
  g_assert_true (g_variant_equal (merged, twice));
  check_lookups (merged);
  return 0;
}
