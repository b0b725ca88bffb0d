// SPDX-License-Identifier: Apache-2.0
// What the server says about the link that a guest came by.
import { isDoc, number, readDevice, RIGHT, text, type Device } from '../store/model';

export type GuestState = 'open' | 'early' | 'expired' | 'revoked' | 'invalid';

export interface Guest {
  state: GuestState;
  name: string;
  nodeId: string;
  nodeName: string;
  online: boolean;
  desktop: boolean;
  terminal: boolean;
  files: boolean;
  viewOnly: boolean;
  /** Times in ms since 1970; 0 without a limit. */
  start: number;
  expire: number;
  cookie: string;
  cookieExpire: number;
}

const STATES = new Set<string>(['open', 'early', 'expired', 'revoked', 'invalid']);
const PROTOCOL = { terminal: 1, desktop: 2, files: 4 } as const;

export function readGuest(value: unknown): Guest {
  const doc = isDoc(value) ? value : {};
  const protocols = number(doc['protocols']);
  const state = STATES.has(String(doc['state'])) ? (doc['state'] as GuestState) : 'invalid';
  return {
    // Without a device or a ticket there is nothing to show.
    state: state === 'open' && (!text(doc['nodeId']) || !text(doc['authCookie'])) ? 'invalid' : state,
    name: text(doc['name']), nodeId: text(doc['nodeId']), nodeName: text(doc['nodeName']), online: doc['online'] === true,
    desktop: (protocols & PROTOCOL.desktop) !== 0, terminal: (protocols & PROTOCOL.terminal) !== 0, files: (protocols & PROTOCOL.files) !== 0,
    viewOnly: doc['viewOnly'] === true, start: number(doc['start']), expire: number(doc['expire']),
    cookie: text(doc['authCookie']), cookieExpire: number(doc['cookieExpire']),
  };
}

export function guestDevice(guest: Guest): Device {
  return readDevice({ _id: guest.nodeId, name: guest.nodeName, conn: guest.online ? 1 : 0 }, '')!;
}

export function guestRights(guest: Guest): number {
  return RIGHT.remoteControl | (guest.viewOnly ? RIGHT.viewOnly : 0);
}
