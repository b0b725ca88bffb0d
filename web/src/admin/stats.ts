// SPDX-License-Identifier: Apache-2.0
// The server's samples of itself, one every five minutes.
import { isDoc, number, text } from '../store/model';

export interface Sample {
  /** ms since 1970 */
  time: number;
  agents: number;
  users: number;
  relays: number;
  /** bytes */
  memory: number;
}

/** Oldest first; whatever has no time is left out. */
export function readSamples(value: unknown): Sample[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isDoc).flatMap((s) => {
    const time = typeof s['time'] === 'number' ? s['time'] : Date.parse(text(s['time']));
    const conn = isDoc(s['conn']) ? s['conn'] : {};
    const mem = isDoc(s['mem']) ? s['mem'] : {};
    return Number.isFinite(time) ? [{ time, agents: number(conn['ca']), users: number(conn['us']), relays: number(conn['rs']), memory: number(mem['rss']) }] : [];
  }).sort((a, b) => a.time - b.time);
}
