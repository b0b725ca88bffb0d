// SPDX-License-Identifier: Apache-2.0
// The device list as a flat run of rows: a heading for each group, then its devices.
import { isOnline, type Device, type Group } from './model';

export type Row =
  | { kind: 'group'; key: string; group: Group; total: number; online: number; open: boolean }
  | { kind: 'device'; key: string; device: Device };

export type SortKey = 'name' | 'os' | 'address' | 'user' | 'seen';

export interface RowOptions {
  sort: SortKey;
  descending: boolean;
  closed: ReadonlySet<string>;
  lastSeen: (device: Device) => number;
  /** Groups without a device are shown too (not while searching). */
  showEmpty: boolean;
}

// One collator for all: comparing with localeCompare() is many times slower.
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export function compareNames(a: string, b: string): number {
  return collator.compare(a, b);
}

function compare(a: Device, b: Device, options: RowOptions): number {
  let order = 0;
  switch (options.sort) {
    case 'os': order = collator.compare(a.os, b.os); break;
    case 'address': order = collator.compare(a.address, b.address); break;
    case 'user': order = collator.compare(a.users[0] ?? '', b.users[0] ?? ''); break;
    case 'seen': order = Number(isOnline(b)) - Number(isOnline(a)) || options.lastSeen(b) - options.lastSeen(a); break;
    case 'name': break;
  }
  order ||= a.sortKey < b.sortKey ? -1 : a.sortKey > b.sortKey ? 1 : 0;
  return (options.descending ? -order : order) || (a.id < b.id ? -1 : 1);
}

export function buildRows(devices: readonly Device[], groups: ReadonlyMap<string, Group>, options: RowOptions): Row[] {
  const byGroup = new Map<string, Device[]>();
  for (const device of devices) {
    const list = byGroup.get(device.groupId);
    if (list) list.push(device);
    else byGroup.set(device.groupId, [device]);
  }
  const shown = [...groups.values()].filter((g) => options.showEmpty || byGroup.has(g.id));
  for (const id of byGroup.keys()) {
    if (!groups.has(id)) shown.push({ id, name: '', type: 2, description: '', links: {} });
  }
  shown.sort((a, b) => collator.compare(a.name || '\uffff', b.name || '\uffff') || (a.id < b.id ? -1 : 1));
  const rows: Row[] = [];
  for (const group of shown) {
    const members = byGroup.get(group.id) ?? [];
    const open = !options.closed.has(group.id);
    const online = members.reduce((n, d) => n + Number(isOnline(d)), 0);
    rows.push({ kind: 'group', key: group.id, group, total: members.length, online, open });
    if (!open) continue;
    members.sort((a, b) => compare(a, b, options));
    for (const device of members) rows.push({ kind: 'device', key: device.id, device });
  }
  return rows;
}
