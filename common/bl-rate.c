// SPDX-License-Identifier: Apache-2.0
/* A token bucket, and delays between attempts. */
#include "common/bl-rate.h"

#define MILLION G_GINT64_CONSTANT (1000000)

void
bl_rate_init (BlRate *self, guint32 rate, guint32 burst, gint64 now_us)
{
  *self = (BlRate){ .tokens = burst * MILLION, .last_us = now_us, .rate = rate, .burst = burst };
}

static void
refill (BlRate *self, gint64 now_us)
{
  gint64 full = self->burst * MILLION;
  gint64 passed = now_us - self->last_us;
  if (passed <= 0)
    return;
  self->last_us = now_us;
  /* Microseconds times tokens a second are millionths of tokens. Long pauses fill it, without overflow. */
  if (self->rate > 0 && passed > (full - self->tokens) / self->rate)
    self->tokens = full;
  else
    self->tokens += passed * self->rate;
}

gboolean
bl_rate_take (BlRate *self, guint32 n, gint64 now_us)
{
  refill (self, now_us);
  if (self->tokens < n * MILLION)
    return FALSE;
  self->tokens -= n * MILLION;
  return TRUE;
}

gint64
bl_rate_wait (BlRate *self, guint32 n, gint64 now_us)
{
  refill (self, now_us);
  gint64 missing = n * MILLION - self->tokens;
  if (missing <= 0)
    return 0;
  if (n > self->burst || self->rate == 0)
    return -1;
  return (missing + self->rate - 1) / self->rate;
}

gboolean
bl_rate_is_full (BlRate *self, gint64 now_us)
{
  refill (self, now_us);
  return self->tokens == self->burst * MILLION;
}

void
bl_backoff_init (BlBackoff *self, guint32 min_ms, guint32 max_ms)
{
  *self = (BlBackoff){ .min_ms = MAX (min_ms, 1), .max_ms = MAX (max_ms, MAX (min_ms, 1)) };
}

guint32
bl_backoff_next (BlBackoff *self, guint32 random)
{
  /* At the top a spread of half the maximum remains; below it, each step at most doubles. */
  guint64 base = self->current_ms == 0 ? self->min_ms : MIN (self->current_ms, self->max_ms);
  guint64 spread = base >= self->max_ms ? base / 2 : base;
  guint64 delay = base + (spread + 1) * random / ((guint64)G_MAXUINT32 + 1);
  self->current_ms = (guint32)MIN (delay, (guint64)self->max_ms);
  return (guint32)MIN (delay, (guint64)self->max_ms * 3 / 2);
}

void
bl_backoff_reset (BlBackoff *self)
{
  self->current_ms = 0;
}
