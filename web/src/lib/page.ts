// SPDX-License-Identifier: Apache-2.0
// What the build knows about its own files, handed on by the boot script.
import type { Embed, PageData } from './embed';

export interface PagePart {
  /** Entry script first, then all that it imports. */
  scripts: string[];
  style: string;
}

export interface Catalog {
  /** Digit n says which plural form the count n takes; from 200 on it repeats every hundred. */
  plural: string;
  messages: Record<string, string | string[]>;
}

/** A control channel opened before the application was there, with what came in since. */
export interface EarlyChannel {
  socket: WebSocket;
  received: unknown[];
}

export interface Page {
  version: string;
  app: PagePart;
  login: PagePart;
  /** The window of a VNC server. */
  vnc: PagePart;
  /** The window of the messenger. */
  chat: PagePart;
  embed: Embed;
  data: PageData;
  /** URL of the catalog of each language; English needs none. */
  catalogs: Record<string, string>;
  lang: string;
  catalog: Promise<Catalog | null>;
  early?: EarlyChannel;
}

/** What the application asks for first. */
export const FIRST_REQUESTS = ['meshes', 'nodes', 'lastconnects'];

/** @auth: a ticket, where the browser sends no cookies. */
export function channelUrl(auth = ''): string {
  const query = auth ? `?auth=${encodeURIComponent(auth)}` : '';
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/control.ashx${query}`;
}

declare global {
  interface Window { bowline: Page }
}

/** Fetches a part's stylesheet, unless it is there already. Resolves when it applies. */
export function loadStyle(href: string): Promise<void> {
  if (document.querySelector(`link[rel=stylesheet][href="${href}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = href;
    link.addEventListener('load', () => resolve());
    link.addEventListener('error', () => reject(new Error(`cannot load ${href}`)));
    document.head.append(link);
  });
}

/** Starts another part of the page in place: the form after signing out, the application after signing in. */
export async function startPart(part: PagePart): Promise<void> {
  await loadStyle(part.style);
  const module = (await import(part.scripts[0]!)) as { start: () => void };
  module.start();
}
