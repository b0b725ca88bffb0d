// SPDX-License-Identifier: Apache-2.0
// The search box of the device list: words that must all match, some of them
// bound to one field: group: tag: os: ip: user:
import type { Device, Group } from './model';
import { isOnline } from './model';

export interface Term {
  field: '' | 'group' | 'tag' | 'os' | 'ip' | 'user' | 'is';
  word: string;
}

const FIELDS = new Set(['group', 'tag', 'os', 'ip', 'user', 'is']);

/** Splits @query into terms; "several words" in quotes belong together. */
export function parseQuery(query: string): Term[] {
  const terms: Term[] = [];
  for (const match of query.toLowerCase().matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/g)) {
    const [whole, name, quoted, plain] = match;
    const known = name !== undefined && FIELDS.has(name);
    const word = known || name === undefined ? quoted ?? plain ?? '' : whole.replace(/"/g, '');
    if (word) terms.push({ field: known ? (name as Term['field']) : '', word });
  }
  return terms;
}

const haystacks = new WeakMap<Device, string>();

/** All that a plain word may be found in. Made at the first search, since most devices of a page are never searched for. */
function haystack(device: Device): string {
  let text = haystacks.get(device);
  if (text === undefined) {
    text = [device.name, device.hostName, device.os, device.address, device.description, ...device.tags, ...device.users].join('\n').toLowerCase();
    haystacks.set(device, text);
  }
  return text;
}

function matches(device: Device, group: string, { field, word }: Term): boolean {
  switch (field) {
    case 'group': return group.includes(word);
    case 'tag': return device.tags.some((t) => t.toLowerCase().includes(word));
    case 'os': return device.os.toLowerCase().includes(word);
    case 'ip': return device.address.toLowerCase().includes(word);
    case 'user': return device.users.some((u) => u.toLowerCase().includes(word));
    case 'is': return word === 'online' ? isOnline(device) : word === 'offline' ? !isOnline(device) : false;
    default: return haystack(device).includes(word) || group.includes(word);
  }
}

export function filterDevices(devices: Iterable<Device>, groups: ReadonlyMap<string, Group>, query: string): Device[] {
  const terms = parseQuery(query);
  if (terms.length === 0) return [...devices];
  const names = new Map<string, string>();
  for (const group of groups.values()) names.set(group.id, group.name.toLowerCase());
  const found: Device[] = [];
  for (const device of devices) {
    const group = names.get(device.groupId) ?? '';
    if (terms.every((t) => matches(device, group, t))) found.push(device);
  }
  return found;
}
