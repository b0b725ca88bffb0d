// SPDX-License-Identifier: Apache-2.0
// Reads what people typed and what devices and the server answered.
import { isWindows } from '../device/platform';
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

export interface Preset {
  name: string;
  /** 1 cmd, 2 PowerShell, 3 sh, 4 the agent's console. */
  type: number;
}

/** The prepared commands that the server told of. Their numbers are their places. */
export function readPresets(value: unknown): Preset[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).map((entry) => {
    const { name, type } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<string, unknown>;
    return { name: typeof name === 'string' ? name : '', type: typeof type === 'number' ? type : 0 };
  });
}

/** Whether @preset is for one of @devices at least. */
export function isPresetFor(preset: Preset, devices: readonly { agentId: number }[]): boolean {
  if (preset.name === '' || preset.type < 1 || preset.type > 4) return false;
  return preset.type === 4 || devices.some((device) => isWindows(device.agentId) === (preset.type < 3));
}
