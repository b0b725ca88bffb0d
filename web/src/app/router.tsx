// SPDX-License-Identifier: Apache-2.0
// Real addresses without a router library: the path names view, device and tab,
// the query holds the search.
import { useSyncExternalStore, type AnchorHTMLAttributes, type MouseEvent } from 'react';
import type { Wanted } from '../lib/embed';
import { shortId } from '../store/model';

export type DeviceTab = 'general' | 'desktop' | 'terminal' | 'files' | 'events';
export type AdminPart = 'users' | 'usergroups' | 'server';

export type Route =
  | { view: 'devices'; query: string }
  | { view: 'groups' }
  | { view: 'group'; id: string }
  | { view: 'events'; user: string }
  | { view: 'account' }
  | { view: 'files' }
  | { view: 'admin'; part: AdminPart }
  | { view: 'device'; id: string; tab: DeviceTab }
  | { view: 'opening'; wanted: Wanted }
  | { view: 'missing' };

const TABS = new Set<string>(['general', 'desktop', 'terminal', 'files', 'events']);
const ADMIN_PARTS = new Set<string>(['users', 'usergroups', 'server']);
const PLAIN = new Set<string>(['groups', 'account', 'files']);
const listeners = new Set<() => void>();

window.addEventListener('popstate', () => notify());

function notify(): void {
  for (const listener of listeners) listener();
}

export function parseRoute(pathname: string, search: string): Route {
  const parts = pathname.split('/').filter(Boolean).map(decodePart);
  if (parts.length === 0) return { view: 'devices', query: new URLSearchParams(search).get('q') ?? '' };
  if (PLAIN.has(parts[0]!) && parts.length === 1) return { view: parts[0] as 'groups' | 'account' | 'files' };
  if (parts[0] === 'events' && parts.length === 1) return { view: 'events', user: new URLSearchParams(search).get('user') ?? '' };
  if (parts[0] === 'group' && parts[1] && parts.length === 2) return { view: 'group', id: parts[1] };
  if (parts[0] === 'admin' && parts.length <= 2) {
    const part = parts[1] ?? 'users';
    if (ADMIN_PARTS.has(part)) return { view: 'admin', part: part as AdminPart };
  }
  if (parts[0] === 'device' && parts[1] && parts.length <= 3) {
    const tab = parts[2] ?? 'general';
    if (TABS.has(tab)) return { view: 'device', id: parts[1], tab: tab as DeviceTab };
  }
  return { view: 'missing' };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function navigate(to: string, { replace = false } = {}): void {
  const path = keepHidden(to);
  if (path === location.pathname + location.search) {
    notify();
    return;
  }
  if (replace) history.replaceState(history.state, '', path);
  else history.pushState(null, '', path);
  notify();
}

/** "@" and "$" may stand in a path as they are; only what could end the part is encoded. */
function idPart(id: string): string {
  return encodeURIComponent(shortId(id)).replace(/%40/g, '@').replace(/%24/g, '$');
}

export function devicePath(id: string, tab: DeviceTab = 'general'): string {
  return `/device/${idPart(id)}/${tab}`;
}

export function groupPath(id: string): string {
  return `/group/${idPart(id)}`;
}

let opening: Route | null = null;
let cachedKey = '';
let cached: Route = { view: 'missing' };

/** What is hidden stays hidden when such a page is loaded again. */
function keepHidden(path: string): string {
  const { hide } = window.bowline.embed;
  return hide && !/[?&]hide=/.test(path) ? `${path}${path.includes('?') ? '&' : '?'}hide=${hide}` : path;
}

function currentRoute(): Route {
  const { wanted } = window.bowline.embed;
  if (wanted && location.pathname === '/') return (opening ??= { view: 'opening', wanted });
  const key = location.pathname + location.search;
  if (key !== cachedKey) {
    cachedKey = key;
    cached = parseRoute(location.pathname, location.search);
  }
  return cached;
}

export function useRoute(): Route {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentRoute);
}

/** True when the browser, not the page, shall follow the link (new tab, download). */
function isForBrowser(event: MouseEvent): boolean {
  return event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}

export function follow(event: MouseEvent<HTMLAnchorElement>): void {
  if (isForBrowser(event)) return;
  event.preventDefault();
  const { pathname, search } = event.currentTarget;
  navigate(pathname + search);
}

export function Link({ to, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  return <a {...rest} href={to} onClick={(event) => { rest.onClick?.(event); follow(event); }} />;
}
