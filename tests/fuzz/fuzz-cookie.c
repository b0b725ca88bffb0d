// SPDX-License-Identifier: Apache-2.0
/* Cookies and tokens: input as sealed text is refused; input as a payload comes back from both, and from
 * nothing else. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-cookie.h"
#include "common/bl-json.h"
#include "common/bl-variant.h"

#define NOW G_GINT64_CONSTANT (1700000000)

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 key[32] = { 1, 2, 3 };
  g_autofree char *text = g_strndup (data != NULL ? (const char *)data : "", size);
  g_autoptr (GVariant) from_cookie = bl_cookie_decode (key, text, NOW, 0, NULL);
  g_autoptr (GVariant) from_token = bl_token_open (key, "fuzz", text, text, NOW, NULL);

  const guint8 full_key[BL_COOKIE_FULL_KEY_SIZE] = { 1, 2, 3 };
  g_autoptr (GVariant) from_any = bl_cookie_decode_any (full_key, text, NOW, 0, NULL);

  g_assert_null (from_any);
  g_assert_null (from_cookie);
  g_assert_null (from_token);
  g_autoptr (GVariant) object = bl_json_parse_object (text, strlen (text), NULL, BL_JSON_DEFAULT, NULL);
  if (object == NULL || size > 4000)
    return 0;
  g_autofree char *token = bl_token_seal (key, "fuzz", NULL, object, NOW, 60, NULL);
  if (token == NULL)
    return 0;
  g_autoptr (GVariant) payload = bl_token_open (key, "fuzz", NULL, token, NOW + 59, NULL);
  g_assert_true (g_variant_equal (payload, object));
  g_assert_null (bl_token_open (key, "fuzz", "", token, NOW, NULL));
  g_autofree char *cookie = bl_cookie_encode (key, object, NOW, NULL);
  if (cookie == NULL)
    return 0;
  g_autoptr (GVariant) timed = bl_doc_set_int (object, "time", NOW);
  g_autoptr (GVariant) opened = bl_cookie_decode (key, cookie, NOW, 60, NULL);
  g_assert_true (opened == NULL || g_variant_equal (opened, timed));
  return 0;
}
