// SPDX-License-Identifier: Apache-2.0
// The power history of a device, cut into days.

export interface Span {
  /** ms since 1970 */
  from: number;
  to: number;
  /** 0 unknown, 1 on, 2 to 4 sleep, 5 hibernating, 6 soft-off, 7 present, 8 off. */
  power: number;
}

export interface Day {
  /** Its first moment, local time. */
  start: number;
  end: number;
  spans: Span[];
}

function isNumberList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => typeof v === 'number' && Number.isFinite(v));
}

/**
 * Reads "timeline": power before, time, power, then pairs of time since and power. The first time is in seconds;
 * a device without a history gets it in milliseconds. @now: ms, the end of the last span.
 */
export function readTimeline(value: unknown, now: number): Span[] {
  if (!isNumberList(value) || value.length < 3) return [];
  let time = value[1]! > 1e11 ? value[1]! : value[1]! * 1000;
  let power = value[2]!;
  // Nothing is known of the time before the first record, unless the record says so.
  const spans: Span[] = value[0] === 0 ? [] : [{ from: 0, to: time, power: value[0]! }];
  for (let i = 3; i + 1 < value.length; i += 2) {
    const next = time + Math.max(0, value[i]!) * 1000;
    spans.push({ from: time, to: next, power });
    time = next;
    power = value[i + 1]!;
  }
  spans.push({ from: time, to: Math.max(time, now), power });
  return spans;
}

/** The last @count days, newest first, each with the spans in it. */
export function splitDays(spans: readonly Span[], count: number, now: number): Day[] {
  const days: Day[] = [];
  for (let i = 0; i < count; i++) {
    const d = new Date(now);
    // By the calendar: a day with a change of the clock has 23 or 25 hours.
    const start = new Date(d.getFullYear(), d.getMonth(), d.getDate() - i).getTime();
    const end = new Date(d.getFullYear(), d.getMonth(), d.getDate() - i + 1).getTime();
    const inside = spans.filter((s) => s.to > start && s.from < end).map((s) => ({ ...s, from: Math.max(s.from, start), to: Math.min(s.to, end) }));
    days.push({ start, end, spans: inside });
  }
  return days;
}

export function onTime(day: Day): number {
  return day.spans.filter((s) => s.power === 1).reduce((sum, s) => sum + s.to - s.from, 0);
}
