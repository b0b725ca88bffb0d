// SPDX-License-Identifier: Apache-2.0
// Accounts as administrators see them.
import { SITE, unsigned } from '../lib/rights';
import { isDoc, number, readLinks, text } from '../store/model';

export interface Account {
  id: string;
  name: string;
  realName: string;
  email: string;
  emailVerified: boolean;
  phone: string;
  site: number;
  removed: number;
  consent: number;
  /** Bytes on the server; null when nothing is set. */
  quota: number | null;
  locked: boolean;
  app: boolean;
  keys: number;
  codes: number;
  /** ms; 0 never */
  created: number;
  lastLogin: number;
  groups: string[];
}

export function readAccount(value: unknown): Account | null {
  if (!isDoc(value) || typeof value['_id'] !== 'string') return null;
  const site = unsigned(value['siteadmin']);
  return {
    id: value['_id'], name: text(value['name']), realName: text(value['realname']), email: text(value['email']), emailVerified: value['emailVerified'] === true,
    phone: text(value['phone']), site, removed: unsigned(value['removeRights']), consent: number(value['consent']), quota: typeof value['quota'] === 'number' ? value['quota'] : null,
    locked: site !== SITE.full && (site & SITE.locked) !== 0, app: Boolean(value['otpsecret']), keys: number(value['otphkeys']), codes: number(value['otpkeys']),
    created: number(value['creation']) * 1000, lastLogin: number(value['login']) * 1000,
    groups: Object.keys(readLinks(value['links'])).filter((id) => id.startsWith('ugrp/')),
  };
}

export function readAccounts(value: unknown): Account[] {
  const list: unknown[] = Array.isArray(value) ? value : [];
  return list.map(readAccount).filter((a): a is Account => a !== null).sort((a, b) => a.name.localeCompare(b.name));
}

/** Whether @account fits what was typed: words that must all be in its names or address. */
export function matchesAccount(account: Account, query: string): boolean {
  const hay = `${account.name}\n${account.realName}\n${account.email}`.toLowerCase();
  return query.toLowerCase().split(/\s+/).filter(Boolean).every((w) => hay.includes(w));
}

export interface UserGroup {
  id: string;
  name: string;
  description: string;
  members: string[];
  objects: string[];
  /** Its members come from a directory service. */
  managed: boolean;
}

export function readUserGroups(value: unknown): UserGroup[] {
  if (!isDoc(value)) return [];
  const groups = Object.entries(value).map(([id, g]): UserGroup => {
    const doc = isDoc(g) ? g : {};
    const links = Object.keys(readLinks(doc['links']));
    return { id, name: text(doc['name']), description: text(doc['desc']), managed: 'membershipType' in doc,
      members: links.filter((l) => l.startsWith('user/')), objects: links.filter((l) => !l.startsWith('user/')) };
  });
  return groups.sort((a, b) => a.name.localeCompare(b.name));
}

const EVENTS = new Set(['accountcreate', 'accountchange', 'accountremove', 'createusergroup', 'usergroupchange', 'deleteusergroup', 'wssessioncount']);

/** Whether a pushed event means that lists of accounts are no longer right. */
export function concernsAccounts(event: unknown): boolean {
  return isDoc(event) && EVENTS.has(text(event['action']));
}
