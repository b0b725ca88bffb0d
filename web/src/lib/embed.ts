// SPDX-License-Identifier: Apache-2.0
// Addresses that other programs make (/?login=…&gotonode=…&viewmode=11&hide=31)
// and what the server puts into the page for frames that get no cookies.

/** What an address asks to be opened. */
export interface Wanted {
  /** Last part of the device's id. */
  node: string;
  deviceName: string;
  hostName: string;
  deviceIp: string;
  group: string;
  viewMode: number;
}

export interface Embed {
  wanted: Wanted | null;
  /** Sum of HIDE values. */
  hide: number;
  /** The address held a ticket or a password. */
  signedByAddress: boolean;
}

export const HIDE = { header: 1, tabs: 2, footer: 4, title: 8, rail: 16, back: 32 } as const;
const HIDE_ALL = 63;

/** The server's part: tickets in place of cookies, and defaults for what the address leaves open. */
export interface PageData {
  auth: string;
  rauth: string;
  hide: number;
  viewMode: number;
  /** What the server says about the link of a guest; null for everybody else. */
  guest: unknown;
  /** What it says about a room of the messenger; null elsewhere. */
  chat: object | null;
}

const SECRETS = ['login', 'user', 'pass'];
const TARGETS = ['gotonode', 'gotodevicename', 'gotodevicername', 'gotodeviceip', 'gotomesh', 'viewmode'];
const NAME_LIMIT = 256;

/** The 64-character form of an id, given so or as 96 hex digits in either case; '' for anything else. */
export function normalId(text: string): string {
  const short = text.slice(text.lastIndexOf('/') + 1);
  if (/^[0-9A-Za-z@$]{64}$/.test(short)) return short;
  // A form decoder turns "+" into a blank; plain base64 is accepted as well.
  const plain = short.replace(/[ +]/g, '@');
  if (/^[0-9A-Za-z@$]{64}$/.test(plain)) return plain;
  if (!/^[0-9a-f]{96}$/i.test(short)) return '';
  const bytes = short.match(/../g)!.map((h) => String.fromCharCode(parseInt(h, 16))).join('');
  return btoa(bytes).replace(/\+/g, '@').replace(/\//g, '$');
}

function smallNumber(text: string | null): number {
  return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : 0;
}

export function parseEmbed(search: string): Embed {
  const query = new URLSearchParams(search);
  const take = (name: string) => (query.get(name) ?? '').slice(0, NAME_LIMIT);
  const has = TARGETS.some((name) => query.has(name));
  return {
    wanted: has ? {
      node: normalId(take('gotonode')) || take('gotonode'), deviceName: take('gotodevicename'), hostName: take('gotodevicername'),
      deviceIp: take('gotodeviceip'), group: normalId(take('gotomesh')) || take('gotomesh'), viewMode: smallNumber(query.get('viewmode')),
    } : null,
    hide: smallNumber(query.get('hide')) & HIDE_ALL,
    signedByAddress: SECRETS.some((name) => query.has(name)),
  };
}

/** @search without what must not stay in an address bar, a history or a screenshot. */
export function withoutSecrets(search: string): string {
  const query = new URLSearchParams(search);
  for (const name of SECRETS) query.delete(name);
  // Tactical's links end in an empty parameter.
  query.delete('');
  const rest = query.toString();
  return rest ? `?${rest}` : '';
}

/** Reads the content of <meta name="bowline-page">. */
export function parsePageData(text: string | null | undefined): PageData {
  const data: PageData = { auth: '', rauth: '', hide: 0, viewMode: 0, guest: null, chat: null };
  try {
    const value: unknown = JSON.parse(text || '{}');
    if (typeof value !== 'object' || value === null) return data;
    const doc = value as Record<string, unknown>;
    if (typeof doc['auth'] === 'string') data.auth = doc['auth'];
    if (typeof doc['guest'] === 'object') data.guest = doc['guest'];
    if (typeof doc['chat'] === 'object') data.chat = doc['chat'];
    if (typeof doc['rauth'] === 'string') data.rauth = doc['rauth'];
    if (typeof doc['hide'] === 'number') data.hide = doc['hide'] & HIDE_ALL;
    if (typeof doc['viewmode'] === 'number') data.viewMode = doc['viewmode'];
  } catch {
    // A page without data is an ordinary page.
  }
  return data;
}
