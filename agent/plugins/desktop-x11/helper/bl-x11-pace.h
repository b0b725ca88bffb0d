// SPDX-License-Identifier: Apache-2.0
/*
 * When the next picture may leave, and how good it is. A viewer that acknowledges what it painted gets as
 * many frames in flight as its own delay needs and no more; one that does not is paced by how fast the link
 * takes a frame. So there is never a queue of old pictures. When frames take long, quality gives way before
 * the rate does. Pure; any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define BL_X11_PACE_FRAMES 16u /* in flight at most, whatever the delay */
#define BL_X11_QUALITY_MIN 20u

typedef struct
{
  guint32 pictures; /* sent in all when the frame was complete */
  gint64 time;      /* us */
} BlX11PaceFrame;

typedef struct
{
  gint64 begun;    /* when the last frame was begun, us */
  gint64 last;     /* when it left, us; 0: none did */
  gint64 cost;     /* processor time that it took, us */
  gint64 interval; /* us */
  guint32 sent;    /* pictures */
  gboolean acks;   /* the viewer has acknowledged once */
  BlX11PaceFrame frames[BL_X11_PACE_FRAMES];
  guint n_frames;
  gint64 delay;     /* shortest time to an acknowledgement, us */
  guint8 reduction; /* taken off the quality */
} BlX11Pace;

void bl_x11_pace_init (BlX11Pace *pace, guint interval_ms);
void bl_x11_pace_set_interval (BlX11Pace *pace, guint interval_ms);

/** bl_x11_pace_begin: the work for a frame begins at @now. The interval runs from here. */
void bl_x11_pace_begin (BlX11Pace *pace, gint64 now);
/**
 * bl_x11_pace_looked: the frame took @cost us of processor time up to @now, and so much rest is due that a
 * slow device keeps a third of a processor
 */
void bl_x11_pace_looked (BlX11Pace *pace, gint64 cost, gint64 now);
/** bl_x11_pace_sent: a frame of @pictures pictures was made at @now. */
void bl_x11_pace_sent (BlX11Pace *pace, guint pictures, gint64 now);
/** bl_x11_pace_drained: the link took the last frame at @now. */
void bl_x11_pace_drained (BlX11Pace *pace, gint64 now);
/** bl_x11_pace_acked: the viewer has painted @pictures since the beginning. Numbers that cannot be are
 * ignored. */
void bl_x11_pace_acked (BlX11Pace *pace, guint32 pictures, gint64 now);

/**
 * bl_x11_pace_wait: Returns: microseconds until the next frame may be made, 0 for now; -1: when an
 * acknowledgement came
 */
gint64 bl_x11_pace_wait (const BlX11Pace *pace, gint64 now);

/** bl_x11_pace_quality: the quality to use when @wanted is asked for */
guint8 bl_x11_pace_quality (const BlX11Pace *pace, guint8 wanted);

G_END_DECLS
