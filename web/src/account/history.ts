// SPDX-License-Identifier: Apache-2.0
// Sign-ins of an account, read from the server's answer.
import { isDoc, text } from '../store/model';

export interface Login {
  time: number;
  good: boolean;
  address: string;
  token: string;
}

const SIGNED_IN = 107;

export function readLogins(value: unknown): Login[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isDoc).map((l) => {
    const args: unknown[] = Array.isArray(l['a']) ? l['a'] : [];
    return { time: Date.parse(text(l['t'])) || 0, good: l['m'] === SIGNED_IN, address: text(args[0]), token: text(l['tn']) };
  });
}
