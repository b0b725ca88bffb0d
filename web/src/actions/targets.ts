// SPDX-License-Identifier: Apache-2.0
// Which devices an action is for, and what may be done with them.
import { allows, hasAgent, RIGHT, type Device } from '../store/model';
import { deviceRights, type State } from '../store/reduce';

export type ActionKind = 'restart' | 'off' | 'sleep' | 'wake' | 'run' | 'message' | 'share' | 'edit' | 'tags' | 'move' | 'access' | 'remove';

const NEEDS: Readonly<Record<ActionKind, number>> = {
  restart: RIGHT.power, off: RIGHT.power, sleep: RIGHT.power, wake: RIGHT.wake, run: RIGHT.commands, message: RIGHT.notify, share: RIGHT.share,
  edit: RIGHT.manageDevices, tags: RIGHT.manageDevices, move: RIGHT.manageDevices, access: RIGHT.manageUsers, remove: RIGHT.removeDevice,
};

/** These go through the agent, so it has to be there. */
const NEEDS_AGENT = new Set<ActionKind>(['restart', 'off', 'sleep', 'run', 'message']);

export function mayAct(rights: number, kind: ActionKind): boolean {
  // Guests get a session of their own: without control there is nothing to share.
  if (kind === 'share') return allows(rights, RIGHT.share) && allows(rights, RIGHT.remoteControl, RIGHT.limitedInput);
  return allows(rights, NEEDS[kind]);
}

export function needsAgent(kind: ActionKind): boolean {
  return NEEDS_AGENT.has(kind);
}

export interface Targets {
  ready: Device[];
  /** Not connected now. */
  away: Device[];
  /** The account may not do it there. */
  refused: Device[];
}

export function sortTargets(state: State, devices: readonly Device[], kind: ActionKind): Targets {
  const targets: Targets = { ready: [], away: [], refused: [] };
  for (const device of devices) {
    if (!mayAct(deviceRights(state, device), kind)) targets.refused.push(device);
    else if (needsAgent(kind) && !hasAgent(device)) targets.away.push(device);
    else targets.ready.push(device);
  }
  return targets;
}

/** Runs @work for each of @items, @limit at a time, in their order. */
export async function inTurns<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const runner = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, runner));
}
