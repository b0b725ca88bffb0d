// SPDX-License-Identifier: Apache-2.0
// The signed-in session: one control channel, kept in step with the store.
import { useSyncExternalStore } from 'react';
import { ControlClient } from '../control/client';
import type { ChannelState, Message } from '../control/types';
import { haveSession, noteSignedIn, signOut as postSignOut } from '../login/api';
import { channelUrl, FIRST_REQUESTS } from '../lib/page';
import { _ } from '../lib/i18n';
import { store } from '../store/store';
import { noticeOf, showOutside } from './notices';
import { openRoom } from './room';
import { showMessage } from './Toasts';

export interface Channel {
  state: ChannelState;
  cause?: string;
  retryAt?: number;
  /** Failed attempts in a row; the banner waits for the first. */
  failures: number;
}

type Listener = (message: Message) => void;

let channel: Channel = { state: 'connecting', failures: 0 };
const stateListeners = new Set<() => void>();
const messageListeners = new Set<Listener>();

/** Tickets that stand in for cookies in a frame of another site. */
let ticket: Cookies | null = window.bowline.data.auth ? { cookie: window.bowline.data.auth, rcookie: window.bowline.data.rauth } : null;
const TICKET_MS = 20 * 60_000;

/** In place of cookies where the browser sends none; '' elsewhere. */
export function frameTicket(): string {
  return ticket?.cookie ?? '';
}

export const client = new ControlClient({
  url: () => channelUrl(ticket?.cookie),
  early: window.bowline.early,
  onMessage: receive,
  onState: (state, detail) => {
    channel = { state, ...detail, failures: state === 'open' ? 0 : channel.failures + Number(state === 'waiting') };
    if (state === 'open') {
      // The boot script has asked for the lists already.
      if (window.bowline.early) window.bowline.early = undefined;
      else void resync();
    }
    if (state === 'waiting' && !ticket) void checkSession();
    // A frame has no form to fall back to: whoever made its address can make a new one.
    if (state === 'signed-out' && ticket) channel = { ...channel, state: 'refused', cause: 'expired' };
    else if (state === 'signed-out') leave();
    for (const listener of stateListeners) listener();
  },
});

function receive(message: Message): void {
  const notice = noticeOf(message, store.state);
  if (notice) {
    const { room } = notice;
    showMessage(notice.title, notice.text, room ? { label: _('Join the chat'), act: () => openRoom(room, frameTicket()) } : undefined);
    showOutside(notice);
  }
  store.push(message);
  for (const listener of messageListeners) listener(message);
}

/** Everything may have changed while the channel was away, so the lists are asked for again. */
async function resync(): Promise<void> {
  cookies = null;
  // The order of arrival is the order of asking; a lost channel starts over by itself.
  const answers = FIRST_REQUESTS.map((action) => client.request({ action }, { timeout: 60_000 }).then(receive));
  await Promise.allSettled(answers);
}

/** A refused upgrade looks like a dead server: the session endpoint tells them apart. */
async function checkSession(): Promise<void> {
  if ((await haveSession()) === false) leave();
}

/** Shows the sign-in form at the same address, so that signing in leads back here. */
function leave(): void {
  client.close();
  noteSignedIn(false);
  location.reload();
}

export async function signOut(everywhere: boolean): Promise<void> {
  await postSignOut(everywhere);
  client.close();
  noteSignedIn(false);
  location.assign('/login');
}

export function useChannel(): Channel {
  return useSyncExternalStore((listener) => {
    stateListeners.add(listener);
    return () => stateListeners.delete(listener);
  }, () => channel);
}

export function onMessage(listener: Listener): () => void {
  messageListeners.add(listener);
  return () => messageListeners.delete(listener);
}

/** Tickets live for an hour; a connection that breaks later needs a younger one. */
function renewTicket(): void {
  askCookies().then((value) => { ticket = value; }, () => undefined);
}
if (ticket) setInterval(renewTicket, TICKET_MS);

export interface Cookies {
  cookie: string;
  rcookie: string;
}

const COOKIE_MS = 5 * 60_000;
let cookies: { at: number; value: Promise<Cookies> } | null = null;

async function askCookies(): Promise<Cookies> {
  const answer = await client.request({ action: 'authcookie' });
  if (typeof answer['cookie'] !== 'string' || typeof answer['rcookie'] !== 'string') throw new Error(answer.result ?? 'no cookie');
  return { cookie: answer['cookie'], rcookie: answer['rcookie'] };
}

/** Tickets for the relay. They live for an hour; a young one is used again, which saves a round trip. */
export function relayCookies(): Promise<Cookies> {
  if (cookies && Date.now() - cookies.at < COOKIE_MS) return cookies.value;
  const value = askCookies();
  const entry = { at: Date.now(), value };
  cookies = entry;
  value.catch(() => { if (cookies === entry) cookies = null; });
  return value;
}

/** A change on the server. The answer must be "ok"; anything else is the reason, in the server's words. */
export async function change(message: Message): Promise<Message> {
  return client.request(message, { accept: (result) => result.toLowerCase() === 'ok' });
}
