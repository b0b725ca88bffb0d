// SPDX-License-Identifier: Apache-2.0
#include "common/bl-share.h"

#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#define MINUTE_MS G_GINT64_CONSTANT (60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define WEEK_MS (7 * DAY_MS)
/* No date this far from 1970 is meant; sums of such dates cannot overflow. */
#define MAX_MS (G_MAXINT64 / 1024)

static gboolean
is_date (gint64 ms)
{
  return ms > 0 && ms < MAX_MS;
}

static BlShareWindow
state_at (gint64 start, gint64 end, gint64 now)
{
  BlShareWindow window = { BL_SHARE_OPEN, start, end };

  if (now < start)
    window.state = BL_SHARE_EARLY;
  else if (now >= end)
    window.state = BL_SHARE_OVER;
  return window;
}

/* The window moves on by whole periods, never before its first one. */
static BlShareWindow
recurring_window (gint64 start, gint64 minutes, gint64 period, gint64 now)
{
  gint64 length;

  if (minutes <= 0 || minutes > MAX_MS / MINUTE_MS)
    return (BlShareWindow){ BL_SHARE_OVER, 0, 0 };
  length = minutes * MINUTE_MS;
  if (now > start)
    {
      gint64 since = (now - start) % period;

      start = now - since;
      if (since >= length)
        start += period;
    }
  return state_at (start, start + length, now);
}

BlShareWindow
bl_share_window (GVariant *share, gint64 now_ms)
{
  const BlShareWindow over = { BL_SHARE_OVER, 0, 0 };
  gint64 start = bl_variant_get_int (share, "startTime", 0);
  gint64 end = bl_variant_get_int (share, "expireTime", 0);
  gint64 minutes = bl_variant_get_int (share, "duration", 0);
  gint64 recurring = bl_variant_get_int (share, "recurring", 0);

  if (share == NULL || !is_date (now_ms))
    return over;
  if (recurring != 0)
    {
      if (!is_date (start) || (recurring != BL_SHARE_DAILY && recurring != BL_SHARE_WEEKLY))
        return over;
      return recurring_window (start, minutes, recurring == BL_SHARE_DAILY ? DAY_MS : WEEK_MS, now_ms);
    }
  if (!bl_variant_has (share, "startTime") && !bl_variant_has (share, "expireTime"))
    return (BlShareWindow){ BL_SHARE_OPEN, 0, 0 };
  if (!is_date (start) || !is_date (end) || start > end)
    return over;
  return state_at (start, end, now_ms);
}

guint32
bl_share_restrictions (GVariant *share)
{
  gint64 protocols = bl_variant_get_int (share, "p", 0);
  guint32 bits = BL_RIGHT_NO_AMT | BL_RIGHT_LIMITED_EVENTS;

  if ((protocols & BL_SHARE_TERMINAL) == 0)
    bits |= BL_RIGHT_NO_TERMINAL;
  if ((protocols & BL_SHARE_DESKTOP) == 0)
    bits |= BL_RIGHT_NO_DESKTOP;
  if ((protocols & BL_SHARE_FILES) == 0)
    bits |= BL_RIGHT_NO_FILES;
  if (bl_variant_get_bool (share, "viewOnly", FALSE))
    bits |= BL_RIGHT_VIEW_ONLY;
  return bits;
}

gboolean
bl_share_allowed (guint32 rights)
{
  const guint32 needed = BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_GUEST_SHARING;

  return rights == BL_RIGHT_ALL || ((rights & needed) == needed && (rights & BL_RIGHT_LIMITED_INPUT) == 0);
}

gboolean
bl_share_protocols_allowed (guint32 rights, guint32 protocols)
{
  if (rights == BL_RIGHT_ALL)
    return TRUE;
  return !((protocols & BL_SHARE_TERMINAL) != 0 && (rights & BL_RIGHT_NO_TERMINAL) != 0)
         && !((protocols & BL_SHARE_DESKTOP) != 0 && (rights & BL_RIGHT_NO_DESKTOP) != 0)
         && !((protocols & BL_SHARE_FILES) != 0 && (rights & BL_RIGHT_NO_FILES) != 0);
}
