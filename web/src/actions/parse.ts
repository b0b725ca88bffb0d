// SPDX-License-Identifier: Apache-2.0
// Reads what people typed and what devices and the server answered.
import type { Message } from '../control/types';
import { serverWords } from '../lib/words';

/** What became of a command on one device. */
export type RunState = 'waiting' | 'running' | 'done' | 'failed';

/** Devices that send packets, by the server's answer for one device; null for any other answer. */
export function helpersOf(result: string): number | null {
  const match = /^Used (\d+) device/.exec(result);
  return match ? Number(match[1]) : null;
}

export function splitTags(text: string): string[] {
  return [...new Set(text.split(',').map((t) => t.trim()).filter(Boolean))];
}

/** Only addresses that a browser opens as a web page. */
export function isWebAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** The output comes as a message of the device; an answer by the server itself says why there is none. */
export function readAnswer(answer: Message): { state: RunState; text: string } {
  const text = typeof answer.result === 'string' ? answer.result : '';
  return answer.action === 'msg' ? { state: 'done', text: text.replace(/\r\n/g, '\n').replace(/\s+$/, '') } : { state: 'failed', text: serverWords(text) };
}
