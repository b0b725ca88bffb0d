// SPDX-License-Identifier: Apache-2.0
// Commands on devices, and what they answered.
import { client } from '../app/session';
import { errorText } from '../lib/words';
import type { Device } from '../store/model';
import { readAnswer, type RunState } from './parse';
import { inTurns } from './targets';

export interface RunOptions {
  /** 0 the system's own shell, 1 cmd, 2 PowerShell, 3 sh. */
  type: number;
  /** 0 the agent's account, 1 the signed-in user if there is one, 2 that user or nobody. */
  runAs: number;
  /** A prepared command of the server, in place of one of one's own: its number. */
  preset?: number;
}

export interface RunResult {
  device: Device;
  state: RunState;
  /** What the device sent, or why it did not. */
  text: string;
}

/** The agent itself gives up earlier. */
const RUN_MS = 15 * 60_000;
const AT_ONCE = 16;
/** Agents of MeshCentral and ours: these ids are Windows. */
const WINDOWS_IDS = new Set([1, 2, 3, 4, 21, 22, 34, 41, 42, 43]);
const HISTORY = 20;

export function isWindows(device: Device): boolean {
  return WINDOWS_IDS.has(device.agentId);
}

/** What was run since the page was opened, newest first. Kept in memory only: commands may hold secrets. */
const history: string[] = [];

export function runHistory(): readonly string[] {
  return history;
}

function remember(command: string): void {
  const old = history.indexOf(command);
  if (old >= 0) history.splice(old, 1);
  history.unshift(command);
  history.length = Math.min(history.length, HISTORY);
}

/** Runs @command on all of @devices. @onChange gets each device's result as it changes. */
export async function runOnDevices(devices: readonly Device[], command: string, options: RunOptions, onChange: (result: RunResult) => void): Promise<void> {
  if (options.preset === undefined) remember(command);
  const what = options.preset === undefined ? { type: options.type, cmds: command, runAsUser: options.runAs } : { presetcmd: options.preset };
  for (const device of devices) onChange({ device, state: 'waiting', text: '' });
  await inTurns(devices, AT_ONCE, async (device) => {
    onChange({ device, state: 'running', text: '' });
    try {
      const answer = await client.request({ action: 'runcommands', nodeids: [device.id], ...what, reply: true }, { timeout: RUN_MS });
      onChange({ device, ...readAnswer(answer) });
    } catch (error) {
      onChange({ device, state: 'failed', text: errorText(error) });
    }
  });
}
