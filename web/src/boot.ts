// SPDX-License-Identifier: Apache-2.0
// First script of the page, run before the first paint: sets theme and language,
// then fetches either the sign-in form or the application, never both.
import { applyTheme } from './lib/theme';
import { parseEmbed, parsePageData, withoutSecrets } from './lib/embed';
import { VNC_PATH } from './vnc/address';
import { channelUrl, FIRST_REQUESTS, type Page } from './lib/page';

declare const __PAGE__: Page;

const page = __PAGE__;
window.bowline = page;
page.data = parsePageData(document.querySelector('meta[name=bowline-page]')?.getAttribute('content'));
page.embed = parseEmbed(location.search);
page.embed.hide |= page.data.hide;
if (page.embed.signedByAddress) history.replaceState(history.state, '', location.pathname + withoutSecrets(location.search));
applyTheme();

const isVnc = location.pathname === VNC_PATH;
const chosen = readSetting('bowline.lang') ?? (isVnc ? new URLSearchParams(location.search).get('l') : null);
const wanted = chosen ? [chosen] : navigator.languages;
page.lang = pickLanguage(wanted, ['en', ...Object.keys(page.catalogs)]);
document.documentElement.lang = page.lang;

// A ticket in the page signs in by itself. The session cookie cannot be read from here: this note of an earlier
// sign-in saves a round trip; when it is wrong, the application falls back to the form.
const signedIn = page.data.auth !== '' || (location.pathname !== '/login' && readSetting('bowline.signed-in'));
const part = isVnc ? page.vnc : page.data.chat ? chatPart(page.data.chat) : signedIn || page.data.guest ? page.app : page.login;
if (part === page.app && !page.data.guest) page.early = openEarly();
for (const href of part.scripts) addLink('modulepreload', href);
addLink('stylesheet', part.style);
const catalog = page.catalogs[page.lang];
page.catalog = catalog ? fetch(catalog).then((r) => r.json()) : Promise.resolve(null);
page.catalog.catch(() => undefined);

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => void start(), { once: true });
else void start();

/** A room of two accounts is for people who are signed in; the form loads the address again. */
function chatPart(chat: object): typeof page.chat {
  return 'state' in chat && chat.state === 'sign-in' ? page.login : page.chat;
}

async function start(): Promise<void> {
  const module = (await import(part.scripts[0]!)) as { start: () => void };
  module.start();
}

/** The lists travel while the scripts are still being fetched. */
function openEarly(): Page['early'] {
  const socket = new WebSocket(channelUrl(page.data.auth));
  const received: unknown[] = [];
  socket.onmessage = (event) => received.push(event.data);
  socket.onopen = () => {
    for (const action of FIRST_REQUESTS) socket.send(JSON.stringify({ action, responseid: `first-${action}` }));
  };
  return { socket, received };
}

function addLink(rel: string, href: string): void {
  const link = document.createElement('link');
  link.rel = rel;
  link.href = href;
  document.head.append(link);
}

function readSetting(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function pickLanguage(list: readonly string[], have: readonly string[]): string {
  for (const lang of list) {
    const exact = have.find((h) => h.toLowerCase() === lang.toLowerCase().replace('-', '_'));
    const match = exact ?? have.find((h) => h === lang.split('-')[0]!.toLowerCase());
    if (match) return match;
  }
  return 'en';
}
