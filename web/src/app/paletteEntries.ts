// SPDX-License-Identifier: Apache-2.0
// What the palette (Ctrl-K) offers for what was typed. Pure, so that it can be tested without a page.
import type { Device, Group } from '../store/model';
import { filterDevices } from '../store/search';

export interface Entry {
  key: string;
  label: string;
  /** What it is, or where. */
  note: string;
  run: () => void;
}

/** Something that can be done with a device. */
export interface DeviceDeed {
  key: string;
  label: string;
  run: () => void;
}

export interface PaletteSource {
  devices: ReadonlyMap<string, Device>;
  groups: ReadonlyMap<string, Group>;
  /** Of the device whose page is open. */
  current: Device | null;
  views: readonly Entry[];
  openDevice: (device: Device) => void;
  openGroup: (group: Group) => void;
  deeds: (device: Device) => readonly DeviceDeed[];
  noteOf: (device: Device) => string;
  groupNote: string;
}

const MOST = 50;
const MOST_DEVICES = 20;
/** Devices whose deeds are offered, when words name both. */
const MOST_WITH_DEEDS = 5;

function holds(label: string, words: readonly string[]): boolean {
  const low = label.toLowerCase();
  return words.every((word) => low.includes(word));
}

/** "web-01 term" means the terminal of web-01: every way to part the words is a word that names the deed, and the rest the device. */
function deedsByName(source: PaletteSource, words: readonly string[]): Entry[] {
  if (words.length < 2) return [];
  const found = new Map<string, Entry>();
  for (const [i, word] of words.entries()) {
    const rest = words.filter((_word, j) => j !== i).join(' ');
    for (const device of filterDevices(source.devices.values(), source.groups, rest).slice(0, MOST_WITH_DEEDS)) {
      for (const deed of source.deeds(device)) {
        if (!deed.label.toLowerCase().split(/\s+/).some((part) => part.startsWith(word))) continue;
        const key = `${device.id} ${deed.key}`;
        found.set(key, { key, label: deed.label, note: device.name, run: deed.run });
      }
    }
  }
  return [...found.values()];
}

/** The best comes first. */
export function paletteEntries(source: PaletteSource, typed: string): Entry[] {
  const query = typed.trim();
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const { current } = source;
  const here = current ? source.deeds(current).filter((d) => holds(d.label, words)).map((d) => ({ key: `${current.id} ${d.key}`, label: d.label, note: current.name, run: d.run })) : [];
  const views = source.views.filter((v) => holds(v.label, words));
  if (words.length === 0) return [...here, ...views].slice(0, MOST);
  const devices = filterDevices(source.devices.values(), source.groups, query)
    .sort((a, b) => Number(b.name.toLowerCase().startsWith(words[0]!)) - Number(a.name.toLowerCase().startsWith(words[0]!)) || (a.sortKey < b.sortKey ? -1 : 1))
    .slice(0, MOST_DEVICES)
    .map((device) => ({ key: device.id, label: device.name, note: source.noteOf(device), run: () => source.openDevice(device) }));
  const groups = [...source.groups.values()].filter((g) => holds(g.name, words))
    .map((group) => ({ key: group.id, label: group.name, note: source.groupNote, run: () => source.openGroup(group) }));
  const seen = new Set<string>();
  return [...devices, ...here, ...deedsByName(source, words), ...groups, ...views]
    .filter(({ key }) => (seen.has(key) ? false : seen.add(key))).slice(0, MOST);
}
