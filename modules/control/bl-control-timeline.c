// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 7.6 (powertimeline) */
#include "bl-control-timeline.h"

#include "common/bl-variant.h"

#define SHORT_MS G_GINT64_CONSTANT (120000) /* states this short are left out */

static gint64
time_of (GVariant *event)
{
  const char *text = bl_variant_get_string (event, "time");
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, NULL) : NULL;

  return time != NULL ? g_date_time_to_unix (time) * 1000 + g_date_time_get_microsecond (time) / 1000 : 0;
}

static void
add_number (GVariantBuilder *timeline, gint64 number)
{
  g_variant_builder_add (timeline, "v", g_variant_new_int64 (number));
}

/* Seconds, with their fraction if there is one, as JavaScript would have them. */
static void
add_seconds (GVariantBuilder *timeline, gint64 ms)
{
  if (ms % 1000 == 0)
    add_number (timeline, ms / 1000);
  else
    g_variant_builder_add (timeline, "v", g_variant_new_double ((double)ms / 1000));
}

GVariant *
bl_control_timeline (GVariant *events)
{
  GVariantBuilder timeline;
  gsize n = g_variant_n_children (events);
  gint64 last = 0, last_power = -1;

  g_variant_builder_init (&timeline, G_VARIANT_TYPE ("av"));
  for (gsize i = n; i-- > 0;)
    {
      g_autoptr (GVariant) event = g_variant_get_child_value (events, i);
      g_autoptr (GVariant) next = i > 0 ? g_variant_get_child_value (events, i - 1) : NULL;
      gint64 power = bl_variant_get_int (event, "power", 0);
      gint64 before = bl_variant_get_int (event, "oldPower", 0);
      gint64 time = time_of (event);

      if (last == 0)
        {
          if (power == 0 && before == 0)
            continue;
          add_number (&timeline, before);
          add_seconds (&timeline, time);
          add_number (&timeline, power);
          last = time;
        }
      else if (power != last_power)
        {
          if (next != NULL && time_of (next) - time < SHORT_MS)
            continue;
          add_seconds (&timeline, time - last);
          add_number (&timeline, power);
          last = time;
        }
      last_power = power;
    }
  return g_variant_builder_end (&timeline);
}
