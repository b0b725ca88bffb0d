// SPDX-License-Identifier: Apache-2.0
// Reads what a device reported about itself (getsysinfo, getnetworkinfo) into
// rows of label and text. The documents differ by agent and system, so every
// field is optional.
import type { Message } from '../control/types';
import { formatBytes, formatMemory, formatTime } from '../lib/format';
import { _ } from '../lib/i18n';
import { isDoc, number, text } from '../store/model';

export type Item = readonly [label: string, value: string];

export interface Interface {
  name: string;
  mac: string;
  up: boolean;
  type: string;
  addresses: string[];
  gateways: string[];
}

type Doc = Record<string, unknown>;

function sub(doc: unknown, ...path: string[]): unknown {
  let value = doc;
  for (const key of path) value = isDoc(value) ? value[key] : undefined;
  return value;
}

function docs(value: unknown): Doc[] {
  if (Array.isArray(value)) return value.filter(isDoc);
  return isDoc(value) ? Object.values(value).filter(isDoc) : [];
}

function joined(...parts: unknown[]): string {
  return parts.map(text).filter(Boolean).join(' ');
}

function keep(items: Item[]): Item[] {
  return items.filter(([, value]) => value !== '');
}

/** "4096 MB", "16 GB" or a plain number of bytes. */
export function parseCapacity(value: unknown): number {
  if (typeof value === 'number') return value;
  const match = /^([\d.]+)\s*([KMGT]?)i?B?$/i.exec(text(value).trim());
  if (!match) return 0;
  const power = ' KMGT'.indexOf(match[2]!.toUpperCase() || ' ');
  return Number(match[1]) * 1024 ** power;
}

export function memoryBytes(hardware: unknown): number {
  const total = number(sub(hardware, 'linux', 'MemoryTotal'));
  if (total) return total;
  const sticks = [...docs(sub(hardware, 'linux', 'memory', 'Memory_Device')), ...docs(sub(hardware, 'windows', 'memory')), ...docs(sub(hardware, 'darwin', 'memory'))];
  return sticks.reduce((sum, stick) => sum + parseCapacity(stick['Size'] ?? Number(stick['Capacity'] ?? 0)), 0);
}

function processor(name: string, count: number): string {
  return name && count > 1 ? `${name} × ${count}` : name;
}

export function hardwareItems(answer: Message | null): Item[] {
  const hardware = answer?.['hardware'];
  const id = sub(hardware, 'identifiers');
  const disks = docs(sub(id, 'storage_devices')).map((d) => {
    const size = parseCapacity(d['Size']);
    return [text(d['Model']) || text(d['Caption']), size ? formatBytes(size) : ''].filter(Boolean).join(', ');
  });
  const graphics = sub(id, 'gpu_name');
  return keep([
    [_('Model'), joined(sub(id, 'product_vendor'), sub(id, 'product_name')) || joined(sub(id, 'board_vendor'), sub(id, 'board_name'))],
    [_('Serial number'), text(sub(id, 'product_serial')) || text(sub(id, 'board_serial'))],
    [_('Processor'), processor(text(sub(id, 'cpu_name')), number(sub(hardware, 'linux', 'Processors')))],
    [_('Memory'), formatMemory(memoryBytes(hardware))],
    [_('Graphics'), Array.isArray(graphics) ? graphics.map(text).filter(Boolean).join(', ') : text(graphics)],
    [_('Disks'), disks.filter(Boolean).join('\n')],
    [_('Firmware'), joined(sub(id, 'bios_vendor'), sub(id, 'bios_version'))],
  ]);
}

export function systemItems(answer: Message | null): Item[] {
  const hardware = answer?.['hardware'];
  const linux = sub(hardware, 'linux');
  const windows = sub(hardware, 'windows', 'osinfo');
  const boot = sub(linux, 'LastBootUpTime') ?? sub(answer, 'LastBootUpTime');
  const bootTime = typeof boot === 'number' ? boot : Date.parse(text(boot));
  return keep([
    [_('Kernel'), text(sub(linux, 'Kernel'))],
    [_('Architecture'), text(sub(linux, 'arch')) || text(sub(windows, 'OSArchitecture'))],
    [_('Version'), text(sub(windows, 'Version'))],
    [_('Started'), Number.isFinite(bootTime) && bootTime > 0 ? formatTime(bootTime) : ''],
    [_('Agent'), text(sub(hardware, 'agentvers', 'bowline'))],
    [_('Restart pending'), sub(answer, 'pendingReboot') ? _('yes') : ''],
  ]);
}

export interface Volume {
  name: string;
  type: string;
  size: number;
  available: number;
}

/** Sizes of Linux volumes come in KiB, those of Windows in bytes. */
export function volumes(answer: Message | null): Volume[] {
  const hardware = answer?.['hardware'];
  const read = (value: unknown, unit: number, freeKey: string): Volume[] =>
    (isDoc(value) ? Object.entries(value) : []).flatMap(([key, v]) => (isDoc(v) ? [{
      name: text(v['mount_point']) || key, type: text(v['type']),
      size: number(v['size']) * unit, available: number(v[freeKey]) * unit,
    }] : []));
  return [...read(sub(hardware, 'linux', 'volumes'), 1024, 'available'), ...read(sub(hardware, 'windows', 'volumes'), 1, 'sizeremaining')]
    .filter((v) => v.size > 0);
}

export function interfaces(answer: Message | null): Interface[] {
  const list = answer?.['netif2'];
  if (!isDoc(list)) return [];
  return Object.entries(list).map(([name, value]) => {
    const entries = docs(value);
    const first = entries[0] ?? {};
    const addresses = entries.map((e) => text(e['address'])).filter(Boolean);
    const gateways = entries.map((e) => text(e['gateway'])).filter(Boolean);
    return { name, mac: text(first['mac']), up: text(first['status']) === 'up', type: text(first['type']),
      addresses, gateways: [...new Set(gateways)] };
  }).sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** What has a way out comes first, the loop-back last. */
function rank(i: Interface): number {
  if (i.gateways.length > 0) return 0;
  if (i.name === 'lo' || i.type === 'loopback') return 3;
  return i.addresses.length > 0 ? 1 : 2;
}
