// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-pace.h"

#include <string.h>

#define SLOW_US (150 * 1000) /* longer than this for one frame: the way is too narrow */
#define QUICK_US (60 * 1000)
#define STEP_DOWN 10
#define STEP_UP 5
#define REDUCTION_MAX 70
/* An acknowledgement that never comes must not end the picture. */
#define GIVE_UP_US (2 * G_USEC_PER_SEC)

void
bl_x11_pace_init (BlX11Pace *pace, guint interval_ms)
{
  memset (pace, 0, sizeof *pace);
  bl_x11_pace_set_interval (pace, interval_ms);
}

void
bl_x11_pace_set_interval (BlX11Pace *pace, guint interval_ms)
{
  pace->interval = (gint64)interval_ms * 1000;
}

static void
took (BlX11Pace *pace, gint64 time)
{
  if (time > SLOW_US)
    pace->reduction = (guint8)MIN (pace->reduction + STEP_DOWN, REDUCTION_MAX);
  else if (time < QUICK_US)
    pace->reduction = (guint8)MAX (pace->reduction - STEP_UP, 0);
}

void
bl_x11_pace_begin (BlX11Pace *pace, gint64 now)
{
  pace->begun = now;
}

void
bl_x11_pace_looked (BlX11Pace *pace, gint64 cost, gint64 now)
{
  pace->last = now;
  pace->cost = cost;
}

void
bl_x11_pace_sent (BlX11Pace *pace, guint pictures, gint64 now)
{
  pace->last = now;
  pace->sent += pictures;
  if (pace->n_frames == BL_X11_PACE_FRAMES)
    memmove (pace->frames, pace->frames + 1, --pace->n_frames * sizeof *pace->frames);
  pace->frames[pace->n_frames++] = (BlX11PaceFrame){ .pictures = pace->sent, .time = now };
}

void
bl_x11_pace_drained (BlX11Pace *pace, gint64 now)
{
  if (!pace->acks && pace->last != 0)
    took (pace, now - pace->last);
}

void
bl_x11_pace_acked (BlX11Pace *pace, guint32 pictures, gint64 now)
{
  guint done = 0;

  if ((gint32)(pace->sent - pictures) < 0)
    return;
  pace->acks = TRUE;
  while (done < pace->n_frames && (gint32)(pictures - pace->frames[done].pictures) >= 0)
    done++;
  if (done == 0)
    return;
  const gint64 time = now - pace->frames[done - 1].time;
  pace->delay = pace->delay == 0 ? time : MIN (pace->delay, time);
  took (pace, time - pace->delay);
  pace->n_frames -= done;
  memmove (pace->frames, pace->frames + done, pace->n_frames * sizeof *pace->frames);
}

gint64
bl_x11_pace_wait (const BlX11Pace *pace, gint64 now)
{
  const gint64 due = pace->last == 0 ? now : MAX (pace->begun + pace->interval, pace->last + pace->cost / 2);
  const gint64 in_flight = pace->interval > 0 ? 2 + pace->delay / pace->interval : 2;

  if (pace->acks && pace->n_frames >= MIN (in_flight, BL_X11_PACE_FRAMES) && now - pace->last < GIVE_UP_US)
    return -1;
  return MAX (due - now, 0);
}

guint8
bl_x11_pace_quality (const BlX11Pace *pace, guint8 wanted)
{
  const int least = MIN (wanted, BL_X11_QUALITY_MIN);

  return (guint8)MAX (wanted - pace->reduction, least);
}
