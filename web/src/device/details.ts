// SPDX-License-Identifier: Apache-2.0
// Reads what a device reported about itself (getsysinfo, getnetworkinfo) into
// rows of label and text. The documents differ by agent and system, so every
// field is optional.
import type { Message } from '../control/types';
import { formatMemory, formatTime } from '../lib/format';
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
  /** Bits a second, 0 when unknown. */
  speed: number;
}

export type Doc = Record<string, unknown>;

export function sub(doc: unknown, ...path: string[]): unknown {
  let value = doc;
  for (const key of path) value = isDoc(value) ? value[key] : undefined;
  return value;
}

export function docs(value: unknown): Doc[] {
  if (Array.isArray(value)) return value.filter(isDoc);
  return isDoc(value) ? Object.values(value).filter(isDoc) : [];
}

export function joined(...parts: unknown[]): string {
  return parts.map(text).filter(Boolean).join(' ');
}

export function keep(items: Item[]): Item[] {
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
  const graphics = sub(id, 'gpu_name');
  return keep([
    [_('Model'), joined(sub(id, 'product_vendor'), sub(id, 'product_name')) || joined(sub(id, 'board_vendor'), sub(id, 'board_name'))],
    [_('Serial number'), text(sub(id, 'product_serial')) || text(sub(id, 'bios_serial')) || text(sub(id, 'board_serial'))],
    [_('Processor'), processor(text(sub(id, 'cpu_name')), number(sub(hardware, 'linux', 'Processors')))],
    [_('Memory'), formatMemory(memoryBytes(hardware))],
    [_('Graphics'), Array.isArray(graphics) ? graphics.map(text).filter(Boolean).join(', ') : text(graphics)],
    [_('Mainboard'), joined(sub(id, 'board_vendor'), sub(id, 'board_name'), sub(id, 'board_version'))],
    [_('Firmware'), [joined(sub(id, 'bios_vendor'), sub(id, 'bios_version')), text(sub(id, 'bios_date')), text(sub(id, 'bios_mode'))].filter(Boolean).join(', ')],
    [_('Identifier'), text(sub(id, 'product_uuid'))],
  ]);
}

/** Milliseconds of Linux, "20261118040000.500000+060" of Windows, seconds of macOS. */
function readBoot(boot: unknown, seconds: unknown): number {
  if (typeof seconds === 'number') return seconds * 1000;
  if (typeof boot === 'number') return boot;
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})/.exec(text(boot))?.slice(1).map(Number);
  if (!parts) return Date.parse(text(boot));
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}

export function systemItems(answer: Message | null): Item[] {
  const hardware = answer?.['hardware'];
  const linux = sub(hardware, 'linux');
  const windows = sub(hardware, 'windows', 'osinfo');
  const bootTime = readBoot(sub(linux, 'LastBootUpTime') ?? sub(windows, 'LastBootUpTime') ?? sub(answer, 'LastBootUpTime'), sub(hardware, 'darwin', 'LastBootUpTime'));
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
  /** Bytes; 0 while the file system does not answer. */
  size: number;
  available: number;
  /** What is encrypted and so on, in words. */
  note: string;
}

function amount(value: unknown): number {
  return number(typeof value === 'string' && /^\d{1,18}$/.test(value) ? Number(value) : value);
}

function encryption(volume: Doc): string {
  switch (text(volume['volumeStatus'])) {
    case 'FullyEncrypted': return _('encrypted');
    case 'EncryptionInProgress': return _('being encrypted');
    case 'FullyDecrypted': return _('not encrypted');
    default: return '';
  }
}

/** Sizes of Linux and macOS volumes come in KiB, as numbers or texts, those of Windows in bytes. */
export function volumes(answer: Message | null): Volume[] {
  const hardware = answer?.['hardware'];
  const read = (value: unknown, unit: number, freeKey: string): Volume[] =>
    (typeof value === 'object' && value !== null ? Object.entries(value) : []).flatMap(([key, v]) => (isDoc(v) ? [{
      name: text(v['mount_point']) || (Array.isArray(value) ? text(v['name']) : [`${key}:`, text(v['name'])].filter(Boolean).join(' ')),
      type: text(v['type']), size: amount(v['size']) * unit, available: amount(v[freeKey]) * unit,
      note: [encryption(v), v['readonly'] === true ? _('read only') : '', v['removable'] === true ? _('removable') : ''].filter(Boolean).join(', '),
    }] : []));
  return [
    ...read(sub(hardware, 'linux', 'volumes'), 1024, 'available').filter((v) => !v.name.startsWith('/var/lib/docker/')),
    ...read(sub(hardware, 'darwin', 'volumes'), 1024, 'available'),
    ...read(sub(hardware, 'windows', 'volumes'), 1, 'sizeremaining').filter((v) => v.size > 0),
  ].filter((v) => v.name).slice(0, 100);
}

/** The older form of some agents: one entry an address, with the interface's name in it. */
function oldInterfaces(list: unknown): Doc {
  const found: Record<string, Doc[]> = {};
  for (const e of docs(list)) {
    const name = text(e['name']) || text(e['desc']) || text(e['mac']);
    if (name) (found[name] ??= []).push({ mac: e['mac'], status: 'up', address: e['v4addr'], netmask: e['v4mask'], gateway: e['v4gateway'] });
  }
  return found;
}

export function interfaces(answer: Message | null): Interface[] {
  const list = isDoc(answer?.['netif2']) ? answer['netif2'] : oldInterfaces(answer?.['netif']);
  return Object.entries(list).slice(0, 256).map(([name, value]) => {
    const entries = docs(value);
    const first = entries[0] ?? {};
    const addresses = entries.map((e) => withPrefix(text(e['address']), text(e['netmask']))).filter(Boolean);
    const gateways = entries.map((e) => text(e['gateway'])).filter(Boolean);
    const speed = number(first['speed']);
    return { name, mac: text(first['mac']).startsWith('00:00:00:00:00') ? '' : text(first['mac']), up: text(first['status']) === 'up', type: text(first['type']),
      addresses, gateways: [...new Set(gateways)], speed: speed < 1e15 ? speed : 0 };
  }).sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** "192.0.2.5/24", when the mask is one. */
function withPrefix(address: string, mask: string): string {
  const parts = mask.split('.').map(Number);
  if (!address || parts.length !== 4 || !parts.every((p) => p >= 0 && p <= 255)) return address;
  const bits = parts.map((p) => p.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits) ? `${address}/${bits.replace(/0/g, '').length}` : address;
}

/** What has a way out comes first, the loop-back last. */
function rank(i: Interface): number {
  if (i.gateways.length > 0) return 0;
  if (i.name === 'lo' || i.type === 'loopback') return 3;
  return i.addresses.length > 0 ? 1 : 2;
}
