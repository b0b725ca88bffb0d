// SPDX-License-Identifier: Apache-2.0
/* Identifiers: what is taken can be built again from its parts; decoded text encodes to the same. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-ids.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup (data != NULL ? (const char *)data : "", size);
  gsize len = strlen (text);
  guint8 raw[64];
  BlId id;

  if (bl_id_parse (text, BL_ID_ANY, &id, NULL))
    {
      g_autofree char *domain = g_strndup (id.domain, id.domain_len);
      g_autofree char *again = bl_id_build (id.kind, domain, id.rest);
      g_assert_cmpstr (again, ==, text);
      g_assert_true (g_utf8_validate (text, -1, NULL));
    }
  g_free (bl_id_complete (BL_ID_USER, "", text, NULL));
  g_autoptr (GBytes) bytes = bl_base64_decode (text, len);
  if (bytes != NULL)
    {
      g_autofree char *encoded = bl_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes),
                                                   strchr (text, '=') != NULL);
      g_strdelimit (g_strdelimit (text, "+", '@'), "/", '$');
      g_assert_cmpstr (encoded, ==, text);
    }
  if (bl_hex_decode (text, len, raw, MIN (len / 2, sizeof raw)))
    {
      g_autofree char *hex = bl_hex_encode (raw, len / 2, FALSE);
      g_assert_cmpint (g_ascii_strcasecmp (hex, text), ==, 0);
    }
  return 0;
}
