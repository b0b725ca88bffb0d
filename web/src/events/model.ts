// SPDX-License-Identifier: Apache-2.0
// Stored events as the page shows them.
import { _ } from '../lib/i18n';
import { isDoc, number, text } from '../store/model';

export type EventKind = 'session' | 'command' | 'power' | 'share' | 'account' | 'change' | 'login' | 'help' | 'other';

export interface LogEvent {
  key: string;
  /** ms since 1970 */
  time: number;
  action: string;
  kind: EventKind;
  /** What happened, in the server's words. */
  message: string;
  user: string;
  nodeId: string;
  groupId: string;
  /** Commands that were run, addresses, bytes. */
  details: string;
}

const KINDS: Readonly<Record<string, EventKind>> = {
  relaylog: 'session', agentlog: 'other', help: 'help', runcommands: 'command', runscript: 'command', poweraction: 'power', wakedevices: 'power', addedDeviceShare: 'share', removedDeviceShare: 'share',
  accountcreate: 'account', accountchange: 'account', accountremove: 'account', createusergroup: 'account', usergroupchange: 'account', deleteusergroup: 'account',
  loginTokenAdded: 'account', addnode: 'change', changenode: 'change', removenode: 'change', nodemeshchange: 'change', createmesh: 'change', meshchange: 'change',
  deletemesh: 'change', login: 'login', logout: 'login', authfail: 'login',
};

export function kindNames(): (readonly [EventKind, string])[] {
  return [['session', _('Sessions')], ['command', _('Commands')], ['power', _('Power')], ['share', _('Guest links')], ['change', _('Changes')],
    ['account', _('Accounts')], ['login', _('Sign-ins')], ['help', _('Requests for help')], ['other', _('Other')]];
}

function detailsOf(event: Record<string, unknown>): string {
  const bytes = number(event['bytesin']) + number(event['bytesout']);
  const parts = [text(event['cmds']), text(event['ip']) || text(event['remoteaddr']), text(event['userAgent']), bytes > 0 ? `${bytes} B` : ''];
  return parts.filter(Boolean).join('\n');
}

/** Reads one event, from a list or pushed. null when it is none for people. @now: for those without a time. */
export function readEvent(value: unknown, now: number): LogEvent | null {
  if (!isDoc(value) || typeof value['action'] !== 'string') return null;
  const message = text(value['msg']);
  if (!message) return null;
  const time = typeof value['time'] === 'number' ? value['time'] : Date.parse(text(value['time']));
  const action = value['action'];
  const event: LogEvent = {
    key: '', time: Number.isFinite(time) ? time : now, action, kind: KINDS[action] ?? 'other', message, user: text(value['username']) || text(value['guestname']),
    nodeId: text(value['nodeid']), groupId: text(value['meshid']), details: detailsOf(value),
  };
  event.key = text(value['_id']) || `${event.time} ${action} ${event.nodeId} ${event.user} ${message}`;
  return event;
}

export interface EventFilter {
  kind: EventKind | '';
  words: string;
  /** Only events younger than this many days; 0 for all. */
  days: number;
}

/** @name: what a device is called, so that it can be searched for. */
export function filterEvents(events: readonly LogEvent[], filter: EventFilter, now: number, name: (id: string) => string): LogEvent[] {
  const words = filter.words.toLowerCase().split(/\s+/).filter(Boolean);
  const since = filter.days > 0 ? now - filter.days * 86_400_000 : 0;
  return events.filter((e) => {
    if (filter.kind && e.kind !== filter.kind) return false;
    if (e.time < since) return false;
    if (words.length === 0) return true;
    const hay = `${e.message}\n${e.user}\n${e.details}\n${name(e.nodeId)}`.toLowerCase();
    return words.every((w) => hay.includes(w));
  });
}

/** Puts a pushed event before the others, unless it is among them. */
export function addEvent(events: readonly LogEvent[], event: LogEvent): readonly LogEvent[] {
  return events.some((e) => e.key === event.key) ? events : [event, ...events];
}
