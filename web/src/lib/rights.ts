// SPDX-License-Identifier: Apache-2.0
// Rights in words. The bits are those of the control channel, sections 5.1 to 5.3.
import { _ } from './i18n';
import { FULL_RIGHTS } from '../store/model';

export interface Bit {
  bit: number;
  label: string;
  /** The bit takes something away. */
  limits?: boolean;
  /** Only a device group has it, no single device. */
  groupOnly?: boolean;
}

export function deviceBits(): Bit[] {
  return [
    { bit: 1, label: _('Change the group'), groupOnly: true },
    { bit: 2, label: _('Decide who may use it'), groupOnly: true },
    { bit: 4, label: _('Add and change devices'), groupOnly: true },
    { bit: 8, label: _('Remote control: desktop, terminal, files') },
    { bit: 0x10, label: _('Agent console') },
    { bit: 0x20, label: _('Files on the server') },
    { bit: 0x40, label: _('Wake devices') },
    { bit: 0x80, label: _('Write notes') },
    { bit: 0x4000, label: _('Send messages') },
    { bit: 0x8000, label: _('Remove devices and their agents') },
    { bit: 0x20000, label: _('Run commands') },
    { bit: 0x40000, label: _('Restart and switch off') },
    { bit: 0x80000, label: _('Make links for guests') },
    { bit: 0x100000, label: _('See details of the hardware and network') },
    { bit: 0x200000, label: _('Reach network ports of devices') },
    { bit: 0x100, label: _('Only watch the desktop'), limits: true },
    { bit: 0x1000, label: _('Only simple keys on the desktop'), limits: true },
    { bit: 0x10000, label: _('No desktop'), limits: true },
    { bit: 0x200, label: _('No terminal'), limits: true },
    { bit: 0x400, label: _('No files'), limits: true },
    { bit: 0x800, label: _('No Intel AMT'), limits: true },
    { bit: 0x2000, label: _('See only own events'), limits: true },
  ];
}

export const SITE = {
  backup: 1, users: 2, restore: 4, files: 8, update: 0x10, locked: 0x20, noGroups: 0x40, noTools: 0x80, userGroups: 0x100,
  recordings: 0x200, lockSettings: 0x400, allEvents: 0x800, noDevices: 0x1000, full: 0xffffffff,
} as const;

export function siteBits(): Bit[] {
  return [
    { bit: SITE.users, label: _('Manage accounts') },
    { bit: SITE.userGroups, label: _('Manage user groups') },
    { bit: SITE.allEvents, label: _('See all events') },
    { bit: SITE.backup, label: _('Back up the server') },
    { bit: SITE.restore, label: _('Restore the server') },
    { bit: SITE.update, label: _('Update the server') },
    { bit: SITE.files, label: _('Files on the server') },
    { bit: SITE.recordings, label: _('See recordings') },
    { bit: SITE.locked, label: _('Locked: cannot sign in'), limits: true },
    { bit: SITE.noGroups, label: _('Cannot create device groups'), limits: true },
    { bit: SITE.noDevices, label: _('Cannot add devices'), limits: true },
    { bit: SITE.noTools, label: _('Cannot use command-line tools'), limits: true },
    { bit: SITE.lockSettings, label: _('Cannot change the own account'), limits: true },
  ];
}

/** What an account loses everywhere, whatever its rights on devices are ("removeRights"). */
export function removableBits(): Bit[] {
  const possible = 8 | 0x10 | 0x40 | 0x8000 | 0x20000 | 0x40000 | 0x100 | 0x200 | 0x400 | 0x10000;
  return deviceBits().filter((b) => (b.bit & possible) !== 0);
}

/** As JSON carries them: an unsigned number. Clients that work with 32 bits write -1 for everything. */
export function unsigned(rights: unknown): number {
  return typeof rights === 'number' && Number.isFinite(rights) ? rights >>> 0 : 0;
}

/** True for a full administrator, and for those who have the right @bit. A lock is no right. */
export function mayOnSite(site: number | undefined, bit: number): boolean {
  const value = unsigned(site);
  return value === SITE.full || (value & bit) !== 0;
}

/** @rights as a short list of words. */
export function rightsWords(rights: number, bits: readonly Bit[], everything: string): string {
  const value = rights >>> 0;
  if (value === FULL_RIGHTS) return everything;
  const words = bits.filter((b) => (value & b.bit) !== 0).map((b) => b.label);
  return words.length > 0 ? words.join(', ') : _('none');
}

export interface RoleChoice {
  key: string;
  label: string;
  rights: number;
}

/** Usual sums, so that nobody has to tick fifteen boxes. @ofDevice: without what only groups have. */
export function roles(ofDevice: boolean): RoleChoice[] {
  const watch = 8 | 0x100 | 0x1000 | 0x200 | 0x400;
  const help = 8 | 0x40 | 0x80 | 0x4000 | 0x100000;
  const work = help | 0x10 | 0x20000 | 0x40000 | 0x80000 | 0x200000;
  return [
    { key: 'watch', label: _('Watch: see the desktop only'), rights: watch },
    { key: 'help', label: _('Help: remote control, messages, notes'), rights: help },
    { key: 'work', label: _('Operate: all but managing'), rights: work },
    ...(ofDevice ? [] : [{ key: 'full', label: _('Everything'), rights: FULL_RIGHTS }]),
  ];
}

/** Consent flags: the sort of session, and whether its start is told or asked for. */
export const CONSENT = { tell: { desktop: 1, terminal: 2, files: 4 }, ask: { desktop: 8, terminal: 16, files: 32 }, bar: 64 } as const;
