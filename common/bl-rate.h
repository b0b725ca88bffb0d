// SPDX-License-Identifier: Apache-2.0
/*
 * BlRate, a token bucket, and BlBackoff, delays between attempts. Functions of a time the caller passes
 * (microseconds, monotonic), so that tests need no clock. A bucket is 24 bytes and starts full. One object
 * belongs to one thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gint64 tokens; /* in millionths */
  gint64 last_us;
  guint32 rate; /* tokens a second */
  guint32 burst;
} BlRate;

/** bl_rate_init: @rate tokens a second, at most @burst saved; starts full. @rate 0 never refills. */
void bl_rate_init (BlRate *self, guint32 rate, guint32 burst, gint64 now_us);

/** bl_rate_take: takes @n tokens if that many are there; otherwise takes none and returns FALSE. */
gboolean bl_rate_take (BlRate *self, guint32 n, gint64 now_us);

/** bl_rate_wait: Returns: microseconds until @n tokens are there, 0 now, -1 never (more than the burst) */
gint64 bl_rate_wait (BlRate *self, guint32 n, gint64 now_us);

/** bl_rate_is_full: TRUE when nothing was taken lately; such a bucket may be forgotten. */
gboolean bl_rate_is_full (BlRate *self, gint64 now_us);

typedef struct
{
  guint32 min_ms;
  guint32 max_ms;
  guint32 current_ms; /* 0: the next attempt is the first */
} BlBackoff;

/** bl_backoff_init: first delay up to 2 * @min_ms, then growing to @max_ms. */
void bl_backoff_init (BlBackoff *self, guint32 min_ms, guint32 max_ms);

/**
 * bl_backoff_next:
 * @random: 32 random bits, e.g. g_random_int()
 *
 * Each delay lies between the last one and its double, which spreads a crowd of agents after a server
 * restart.
 *
 * Returns: milliseconds to wait, between @min_ms and 1.5 * @max_ms
 */
guint32 bl_backoff_next (BlBackoff *self, guint32 random);

/** bl_backoff_reset: after success. */
void bl_backoff_reset (BlBackoff *self);

G_END_DECLS
