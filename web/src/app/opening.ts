// SPDX-License-Identifier: Apache-2.0
// Finds what an address of another program asks for, once the lists are there.
import type { Wanted } from '../lib/embed';
import type { State } from '../store/reduce';
import type { Device } from '../store/model';
import { devicePath, type DeviceTab } from './router';

export type Opened =
  | { kind: 'path'; path: string }
  | { kind: 'waiting' }
  /** @what: the name or the id that was asked for. */
  | { kind: 'missing'; what: 'device' | 'group'; name: string };

const DEVICE_TABS: Readonly<Record<number, DeviceTab>> = { 11: 'desktop', 12: 'terminal', 13: 'files' };

const search = (query: string): Opened => ({ kind: 'path', path: query ? `/?${new URLSearchParams({ q: query })}` : '/' });

export function tabOfViewMode(mode: number): DeviceTab {
  return DEVICE_TABS[mode] ?? 'general';
}

/** The views that need no device. */
function viewPath(mode: number): string {
  return mode === 20 || mode === 21 ? '/groups' : '/';
}

function findDevices(state: State, wanted: Wanted): Device[] | null {
  const all = [...state.devices.values()];
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  if (wanted.node) return all.filter((d) => d.id.endsWith(`/${wanted.node}`));
  if (wanted.deviceName) return all.filter((d) => same(d.name, wanted.deviceName));
  if (wanted.hostName) return all.filter((d) => same(d.hostName, wanted.hostName));
  if (wanted.deviceIp) return all.filter((d) => d.address === wanted.deviceIp);
  return null;
}

export function resolveWanted(state: State, wanted: Wanted, defaultMode: number): Opened {
  const mode = wanted.viewMode || defaultMode;
  const found = findDevices(state, wanted);
  const name = wanted.deviceName || wanted.hostName || wanted.deviceIp || wanted.node;
  if (found) {
    if (found.length === 1) return { kind: 'path', path: devicePath(found[0]!.id, tabOfViewMode(mode)) };
    if (!state.loaded.devices) return { kind: 'waiting' };
    return found.length > 1 ? search(`"${name}"`) : { kind: 'missing', what: 'device', name };
  }
  if (!wanted.group) return { kind: 'path', path: viewPath(mode) };
  const group = [...state.groups.values()].find((g) => g.id.endsWith(`/${wanted.group}`));
  if (group) return search(`group:"${group.name}"`);
  return state.loaded.groups ? { kind: 'missing', what: 'group', name: wanted.group } : { kind: 'waiting' };
}
