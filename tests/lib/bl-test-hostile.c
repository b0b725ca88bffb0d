// SPDX-License-Identifier: Apache-2.0
#include "bl-test-hostile.h"

#include "common/bl-variant.h"

#define HOSTILE_ID "node//e0uG@G5sTI$fS7d3MjrZdp3Nt6ZfVkITBTs1$J@QQdn$Fylpho1rWXETiasGMtm1"

GVariant *
bl_test_hostile (guint kind)
{
  GVariant *value;

  switch (kind)
    {
    case 0:
      return g_variant_new_string ("");
    case 1:
      return g_variant_new_int64 (G_MININT64);
    case 2:
      return g_variant_new_double (1e308);
    case 3:
      return g_variant_new_boolean (TRUE);
    case 4:
      return bl_variant_new_null ();
    case 5:
      return g_variant_new_array (G_VARIANT_TYPE_VARIANT, NULL, 0);
    case 6:
      return g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
    case 7:
      {
        g_autofree char *huge = g_strnfill (1 << 20, 'x');

        return g_variant_new_string (huge);
      }
    case 8:
      value = g_variant_new_int64 (1);
      for (guint i = 0; i < 60; i++)
        value = g_variant_new_array (G_VARIANT_TYPE_VARIANT, (GVariant *[]){ g_variant_new_variant (value) },
                                     1);
      return value;
    case 9:
      return g_variant_new_string ("node//\xc3\xa9/../x");
    case 10:
      {
        GVariantBuilder many;

        g_variant_builder_init (&many, G_VARIANT_TYPE ("av"));
        for (guint i = 0; i < 20000; i++)
          g_variant_builder_add (&many, "v", g_variant_new_string (HOSTILE_ID));
        return g_variant_builder_end (&many);
      }
    default:
      return g_variant_new_string ("'; DROP TABLE users; --");
    }
}
