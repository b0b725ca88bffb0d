// SPDX-License-Identifier: Apache-2.0
// The device list as a flat run of rows: a heading for each group, then its devices.
import { isOnline, type Device, type Group } from './model';

export type Row =
  | { kind: 'group'; key: string; group: Group; members: readonly Device[]; total: number; online: number; open: boolean }
  | { kind: 'device'; key: string; device: Device };

export type SortKey = 'name' | 'os' | 'address' | 'user' | 'seen';

export type GroupBy = 'group' | 'tag' | 'os' | 'state' | 'none';

export interface RowOptions {
  by: GroupBy;
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

/** The headings that a device stands under, as [id, text]. The id of a device group is its own. */
function headings(device: Device, groups: ReadonlyMap<string, Group>, by: GroupBy): readonly (readonly [string, string])[] {
  switch (by) {
    case 'group': return [[device.groupId, groups.get(device.groupId)?.name ?? '']];
    case 'tag': return device.tags.length > 0 ? device.tags.map((t) => [`tag ${t}`, t] as const) : [['tag', '']];
    case 'os': return [[`os ${device.os}`, device.os]];
    case 'state': return [isOnline(device) ? ['state 1', 'online'] : ['state 0', 'offline']];
    case 'none': return [['', '']];
  }
}

interface Section {
  group: Group;
  members: Device[];
}

function sections(devices: readonly Device[], groups: ReadonlyMap<string, Group>, options: RowOptions): Section[] {
  const found = new Map<string, Section>();
  const section = (id: string, name: string): Section => {
    let s = found.get(id);
    if (!s) {
      s = { group: groups.get(id) ?? { id, name, type: 2, description: '', links: {}, consent: 0, flags: 0, inviteCodes: [], inviteKind: 0 }, members: [] };
      found.set(id, s);
    }
    return s;
  };
  if (options.showEmpty && options.by === 'group') for (const group of groups.values()) section(group.id, group.name);
  for (const device of devices) for (const [id, name] of headings(device, groups, options.by)) section(id, name).members.push(device);
  const list = [...found.values()];
  // Names of states are words of ours: what is online comes first.
  if (options.by === 'state') return list.sort((a, b) => (a.group.id < b.group.id ? 1 : -1));
  return list.sort((a, b) => collator.compare(a.group.name || '\uffff', b.group.name || '\uffff') || (a.group.id < b.group.id ? -1 : 1));
}

export function buildRows(devices: readonly Device[], groups: ReadonlyMap<string, Group>, options: RowOptions): Row[] {
  const rows: Row[] = [];
  for (const { group, members } of sections(devices, groups, options)) {
    const open = options.by === 'none' || !options.closed.has(group.id);
    const online = members.reduce((n, d) => n + Number(isOnline(d)), 0);
    if (options.by !== 'none') rows.push({ kind: 'group', key: group.id, group, members, total: members.length, online, open });
    if (!open) continue;
    members.sort((a, b) => compare(a, b, options));
    // With tags a device may be there several times.
    for (const device of members) rows.push({ kind: 'device', key: options.by === 'tag' ? `${group.id} ${device.id}` : device.id, device });
  }
  return rows;
}
