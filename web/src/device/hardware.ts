// SPDX-License-Identifier: Apache-2.0
// Parts inside a device, as it reported them (getsysinfo): drives and their health, memory modules, batteries, displays,
// the security chip. Names differ by agent and system, so every field is optional.
import type { Message } from '../control/types';
import { formatBytes, formatMemory } from '../lib/format';
import { _, ngettext } from '../lib/i18n';
import { isDoc, number, text } from '../store/model';
import { docs, joined, keep, parseCapacity, sub, type Doc, type Item } from './details';

export type Health = 'ok' | 'warning' | 'failing' | 'unknown';

export interface Part {
  name: string;
  /** One line about it. */
  note: string;
  items: Item[];
}

export interface Drive extends Part {
  health: Health;
  /** Why it is not well, in words. */
  reasons: string[];
}

function whole(value: unknown): number {
  return number(typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value);
}

function reason(word: string): string {
  switch (word) {
    case 'spare': return _('its spare blocks run out');
    case 'temperature': return _('it is too hot or too cold');
    case 'degraded': return _('it has had too many errors');
    case 'readonly': return _('it no longer takes data');
    case 'backup': return _('its cache is no longer protected');
    case 'attribute': return _('one of its values is past the limit of its maker');
    case 'sectors': return _('it has bad sectors');
    case 'wear': return _('it is worn out');
    default: return word;
  }
}

/** What Windows says about a drive of the same model. */
function windowsHealth(hardware: unknown, model: string): Health {
  const drive = docs(sub(hardware, 'windows', 'drives')).find((d) => text(d['Model']) === model);
  const status = text(drive?.['Status']).toLowerCase();
  if (status === 'ok') return 'ok';
  if (status === 'pred fail' || status === 'error' || status === 'nonrecover') return 'failing';
  return status === 'degraded' || status === 'stressed' ? 'warning' : 'unknown';
}

function readHealth(hardware: unknown, disk: Doc): Health {
  const state = text(sub(disk, 'Smart', 'State'));
  if (state === 'ok' || state === 'warning' || state === 'failing') return state;
  return windowsHealth(hardware, text(disk['Model']));
}

function healthText(health: Health): string {
  switch (health) {
    case 'ok': return _('healthy');
    case 'warning': return _('should be watched');
    case 'failing': return _('about to fail');
    case 'unknown': return _('unknown');
  }
}

export { healthText };

export function drives(answer: Message | null): Drive[] {
  const hardware = answer?.['hardware'];
  return docs(sub(hardware, 'identifiers', 'storage_devices')).slice(0, 100).map((disk) => {
    const smart = isDoc(disk['Smart']) ? disk['Smart'] : {};
    const size = parseCapacity(whole(disk['Size']) || disk['Size']);
    const caption = text(disk['Caption']);
    const model = text(disk['Model']);
    const words = Array.isArray(smart['Reasons']) ? smart['Reasons'] : [];
    const hours = number(smart['PowerOnHours']);
    const degrees = smart['Temperature'];
    return {
      name: model || caption || _('Drive'),
      note: [model && caption !== model ? caption : '', text(disk['Type']), size ? formatBytes(size) : '', disk['Removable'] === true ? _('removable') : ''].filter(Boolean).join(' · '),
      health: readHealth(hardware, disk),
      reasons: words.map(text).filter(Boolean).map(reason),
      items: keep([
        [_('Serial number'), text(disk['SerialNumber'])],
        [_('Temperature'), typeof degrees === 'number' ? `${degrees} °C` : ''],
        [_('Powered on'), hours > 0 ? ngettext('{n} hour', '{n} hours', hours) : ''],
        [_('Bad sectors'), typeof smart['BadSectors'] === 'number' ? String(smart['BadSectors']) : ''],
        [_('Wear'), typeof smart['WearPercent'] === 'number' ? `${smart['WearPercent']} %` : ''],
      ]),
    };
  });
}

export function memoryModules(answer: Message | null): Part[] {
  const hardware = answer?.['hardware'];
  const sticks = [...docs(sub(hardware, 'linux', 'memory', 'Memory_Device')), ...docs(sub(hardware, 'windows', 'memory')), ...docs(sub(hardware, 'darwin', 'memory'))];
  return sticks.slice(0, 64).flatMap((stick, i) => {
    const size = parseCapacity(stick['Size'] ?? whole(stick['Capacity']));
    if (!size) return [];
    const speed = whole(stick['Speed']);
    return [{
      name: text(stick['Locator']) || text(stick['DeviceLocator']) || text(stick['BankLabel']) || _('Module {n}', { n: i + 1 }),
      note: [formatMemory(size), speed ? `${speed} MT/s` : text(stick['Speed']), joined(stick['Manufacturer'], stick['PartNumber'])].filter(Boolean).join(' · '),
      items: [],
    }];
  });
}

export function batteries(answer: Message | null): Part[] {
  return docs(sub(answer?.['hardware'], 'battery')).slice(0, 8).map((battery) => {
    const designed = whole(battery['DesignedCapacity']);
    const full = whole(battery['FullChargedCapacity']);
    const health = designed > 0 && full > 0 ? Math.min(100, Math.round((full * 100) / designed)) : 0;
    return {
      name: text(battery['DeviceName']) || _('Battery'),
      note: joined(battery['ManufactureName'], battery['Chemistry']),
      items: keep([
        [_('Capacity'), health > 0 ? _('{percent} % of the new battery', { percent: health }) : ''],
        [_('Charge cycles'), whole(battery['CycleCount']) > 0 ? String(whole(battery['CycleCount'])) : ''],
      ]),
    };
  });
}

export function displays(answer: Message | null): Part[] {
  return docs(sub(answer?.['hardware'], 'linux', 'displays')).slice(0, 32).map((display) => ({
    name: joined(display['Manufacturer'], display['Name']) || text(display['Connector']) || _('Display'),
    note: [text(display['Connector']), text(display['Resolution']), text(display['SizeCm']) && `${text(display['SizeCm'])} cm`].filter(Boolean).join(' · '),
    items: [],
  }));
}

/** "2.0, on": what is known of the TPM. */
export function securityChip(answer: Message | null): string {
  const tpm = sub(answer?.['hardware'], 'tpm');
  if (!isDoc(tpm)) return '';
  const version = parseFloat(text(tpm['SpecVersion']));
  const state = tpm['IsEnabled'] === false ? _('off') : tpm['IsEnabled'] === true ? _('on') : '';
  return [Number.isFinite(version) ? version.toFixed(1) : _('present'), state, tpm['IsOwned'] === true ? _('in use') : ''].filter(Boolean).join(', ');
}

export function virtualText(answer: Message | null): string {
  const virtual = sub(answer?.['hardware'], 'linux', 'virtual');
  if (!isDoc(virtual)) return '';
  const kind = virtual['Type'] === 'container' ? _('container') : _('virtual machine');
  const name = text(virtual['Name']);
  return name ? `${kind} (${name})` : kind;
}

export function nameServers(answer: Message | null): string[] {
  const list = sub(answer?.['hardware'], 'network', 'dns');
  return Array.isArray(list) ? list.map(text).filter(Boolean).slice(0, 16) : [];
}

// ---- files to keep ----------------------------------------------------------------------------------------------------

export type Section = readonly [title: string, items: readonly Item[]];

/** A cell that a spreadsheet would take for a formula starts with an apostrophe. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r;]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** One line a value: section, name, value. With the mark spreadsheets know UTF-8 by. */
export function toCsv(sections: readonly Section[]): string {
  const lines = sections.flatMap(([title, items]) => items.filter(([, value]) => value).map(([label, value]) => [title, label, value].map(cell).join(',')));
  return `\uFEFF${lines.join('\r\n')}\r\n`;
}

export function partRows(parts: readonly Part[]): Item[] {
  return parts.map((part): Item => [part.name, [part.note, ...part.items.map(([label, value]) => `${label}: ${value}`)].filter(Boolean).join(', ')]);
}
