// SPDX-License-Identifier: Apache-2.0
// Guest links: what is asked for, and what the server knows of one. Control channel, section 7.6.
import type { Message } from '../control/types';
import { isDoc, number, text } from '../store/model';

export interface Share {
  publicId: string;
  guest: string;
  /** Sum: 1 terminal, 2 desktop, 4 files. */
  protocols: number;
  /** Times in ms, 0 without a limit. */
  start: number;
  expire: number;
  viewOnly: boolean;
  /** 1 daily, 2 weekly; 0 once. */
  recurring: number;
  /** Minutes that each window of a recurring link is open. */
  duration: number;
  /** Known to whoever made the link only. */
  url: string;
  consent: number;
}

export const PROTOCOL = { terminal: 1, desktop: 2, files: 4 } as const;

export type When = 'now' | 'period' | 'daily' | 'weekly' | 'always';

export interface ShareForm {
  guest: string;
  protocols: number;
  viewOnly: boolean;
  consent: 'no' | 'tell' | 'ask';
  when: When;
  /** Minutes from now ('now') or of each window (recurring). */
  minutes: number;
  /** As <input type=datetime-local> has them, in local time. */
  start: string;
  end: string;
}

export function readShare(value: unknown): Share | null {
  if (!isDoc(value) || typeof value['publicid'] !== 'string') return null;
  return {
    publicId: value['publicid'], guest: text(value['guestName']), protocols: number(value['p']), start: number(value['startTime']), expire: number(value['expireTime']),
    viewOnly: value['viewOnly'] === true, recurring: number(value['recurring']), duration: number(value['duration']), url: text(value['url']), consent: number(value['consent']),
  };
}

export function readShares(value: unknown): Share[] {
  return Array.isArray(value) ? value.map(readShare).filter((s): s is Share => s !== null) : [];
}

/** Which field is wrong, or null. @now: ms. */
export function shareProblem(form: ShareForm, now: number): 'guest' | 'protocols' | 'start' | 'end' | null {
  if (!form.guest.trim()) return 'guest';
  if (form.protocols === 0) return 'protocols';
  const start = Date.parse(form.start);
  const end = Date.parse(form.end);
  if ((form.when === 'daily' || form.when === 'weekly') && !Number.isFinite(start)) return 'start';
  if (form.when !== 'period') return null;
  if (!Number.isFinite(start)) return 'start';
  return Number.isFinite(end) && end > start && end > now ? null : 'end';
}

/** Consent flags of the shared parts: told (1, 2, 4) or asked (8, 16, 32) for desktop, terminal and files. */
export function consentFlags(protocols: number, consent: ShareForm['consent']): number {
  if (consent === 'no') return 0;
  const told = (protocols & PROTOCOL.desktop ? 1 : 0) | (protocols & PROTOCOL.terminal ? 2 : 0) | (protocols & PROTOCOL.files ? 4 : 0);
  return consent === 'ask' ? told | (told << 3) : told;
}

export function shareRequest(nodeid: string, form: ShareForm): Message {
  const seconds = (local: string) => Math.floor(Date.parse(local) / 1000);
  const base = { action: 'createDeviceShareLink', nodeid, guestname: form.guest.trim(), p: form.protocols, consent: consentFlags(form.protocols, form.consent),
    ...(form.viewOnly ? { viewOnly: true } : {}) };
  switch (form.when) {
    case 'now': return { ...base, expire: form.minutes };
    case 'always': return { ...base, expire: 0 };
    case 'period': return { ...base, start: seconds(form.start), end: seconds(form.end) };
    case 'daily': return { ...base, start: seconds(form.start), expire: form.minutes, recurring: 1 };
    case 'weekly': return { ...base, start: seconds(form.start), expire: form.minutes, recurring: 2 };
  }
}

/** @time in ms as <input type=datetime-local> wants it. */
export function localInput(time: number): string {
  const d = new Date(time);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}
