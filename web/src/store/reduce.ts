// SPDX-License-Identifier: Apache-2.0
// The page's state and how messages change it. Pure functions: no socket, no timer.
import type { Message, ServerInfo, UserInfo } from '../control/types';
import { FULL_RIGHTS, isDoc, number, readDevice, readGroup, readInvite, readLinks, text, type Device, type Group } from './model';

export interface State {
  server: ServerInfo | null;
  user: UserInfo | null;
  groups: ReadonlyMap<string, Group>;
  devices: ReadonlyMap<string, Device>;
  /** Time of the last connection of each device, ms since 1970. */
  lastConnects: Readonly<Record<string, number>>;
  /** Both lists have arrived at least once. */
  loaded: { groups: boolean; devices: boolean };
  /** Grows when stored details of a device changed, so that open views ask again. */
  details: Readonly<Record<string, number>>;
}

export const EMPTY: State = {
  server: null, user: null, groups: new Map(), devices: new Map(), lastConnects: {},
  loaded: { groups: false, devices: false }, details: {},
};

/** Applies a batch; maps are copied once at most, and only when they change. @now: ms since 1970. */
export function reduce(state: State, messages: readonly Message[], now = Date.now()): State {
  const draft = new Draft(state, now);
  for (const message of messages) applyMessage(draft, message);
  return draft.finish();
}

class Draft {
  state: State;
  readonly now: number;
  private readonly base: State;
  constructor(state: State, now: number) {
    this.base = state;
    this.state = { ...state };
    this.now = now;
  }

  devices(): Map<string, Device> {
    if (this.state.devices === this.base.devices) this.state.devices = new Map(this.base.devices);
    return this.state.devices as Map<string, Device>;
  }

  groups(): Map<string, Group> {
    if (this.state.groups === this.base.groups) this.state.groups = new Map(this.base.groups);
    return this.state.groups as Map<string, Group>;
  }

  finish(): State {
    const keys = Object.keys(this.state) as (keyof State)[];
    return keys.some((k) => this.state[k] !== this.base[k]) ? this.state : this.base;
  }
}

function applyMessage(draft: Draft, message: Message): void {
  switch (message.action) {
    case 'serverinfo':
      if (isDoc(message['serverinfo'])) draft.state.server = message['serverinfo'] as ServerInfo;
      break;
    case 'userinfo':
      if (isDoc(message['userinfo'])) draft.state.user = message['userinfo'] as unknown as UserInfo;
      break;
    case 'meshes':
      replaceGroups(draft, message['meshes']);
      break;
    case 'nodes':
      if (message.result === undefined) replaceDevices(draft, message['nodes']);
      break;
    case 'lastconnects':
      if (isDoc(message['lastconnects'])) {
        const entries = Object.entries(message['lastconnects']).map(([id, t]) => [id, number(t)] as const);
        draft.state.lastConnects = Object.fromEntries(entries);
      }
      break;
    case 'event':
      if (isDoc(message['event'])) applyEvent(draft, message['event']);
      break;
  }
}

function replaceGroups(draft: Draft, list: unknown): void {
  if (!Array.isArray(list)) return;
  const groups = list.map(readGroup).filter((g): g is Group => g !== null);
  draft.state.groups = new Map(groups.map((g) => [g.id, g]));
  draft.state.loaded = { ...draft.state.loaded, groups: true };
}

function replaceDevices(draft: Draft, byGroup: unknown): void {
  const devices = new Map<string, Device>();
  if (isDoc(byGroup)) {
    for (const [groupId, list] of Object.entries(byGroup)) {
      if (!Array.isArray(list)) continue;
      for (const value of list) {
        // A list is the whole truth: a device without "conn" in it is offline.
        const device = readDevice(value, groupId);
        if (device) devices.set(device.id, device);
      }
    }
  }
  draft.state.devices = devices;
  draft.state.loaded = { ...draft.state.loaded, devices: true };
}

type Event = Record<string, unknown>;

function applyEvent(draft: Draft, event: Event): void {
  if (event['noact'] === 1) return;
  switch (event['action']) {
    case 'nodeconnect': connectEvent(draft, event); break;
    case 'addnode':
    case 'changenode':
    case 'nodemeshchange': deviceEvent(draft, event); break;
    case 'removenode': removeDevice(draft, text(event['nodeid'])); break;
    case 'devicesessions': sessionsEvent(draft, event); break;
    case 'ifchange':
    case 'sysinfohash': detailsEvent(draft, text(event['nodeid'])); break;
    case 'createmesh':
    case 'meshchange': groupEvent(draft, event); break;
    case 'deletemesh': removeGroup(draft, text(event['meshid'])); break;
    case 'accountchange': accountEvent(draft, event); break;
  }
}

function connectEvent(draft: Draft, event: Event): void {
  const id = text(event['nodeid']);
  const device = draft.state.devices.get(id);
  if (!device) return;
  const conn = number(event['conn']);
  // Only connecting carries a time.
  const time = number(event['ct']) || draft.now;
  draft.devices().set(id, { ...device, conn, connectedAt: conn !== 0 ? time : device.connectedAt, sessions: conn === 0 ? {} : device.sessions, help: conn === 0 ? [] : device.help });
  draft.state.lastConnects = { ...draft.state.lastConnects, [id]: time };
}

function deviceEvent(draft: Draft, event: Event): void {
  const doc = event['node'];
  if (!isDoc(doc)) return;
  const previous = draft.state.devices.get(text(doc['_id']));
  const group = text(event['newMeshId']) || text(doc['meshid']) || text(event['meshid']);
  const device = readDevice(doc, group || null, previous);
  if (!device) return;
  if (event['action'] === 'nodemeshchange' && !draft.state.groups.has(device.groupId) && !draft.state.user?.links?.[device.id]) {
    removeDevice(draft, device.id);
    return;
  }
  draft.devices().set(device.id, device);
}

function removeDevice(draft: Draft, id: string): void {
  if (draft.state.devices.has(id)) draft.devices().delete(id);
}

function sessionsEvent(draft: Draft, event: Event): void {
  const device = draft.state.devices.get(text(event['nodeid']));
  if (!device) return;
  const read = readDevice({ _id: device.id, sessions: event['sessions'] }, device.groupId, device);
  draft.devices().set(device.id, { ...device, sessions: read?.sessions ?? {}, help: read?.help ?? [] });
}

function detailsEvent(draft: Draft, id: string): void {
  draft.state.details = { ...draft.state.details, [id]: (draft.state.details[id] ?? 0) + 1 };
}

function groupEvent(draft: Draft, event: Event): void {
  const id = text(event['meshid']);
  if (!id) return;
  const full = readGroup(event['mesh']);
  const previous = draft.state.groups.get(id);
  const next: Group = full ?? {
    id,
    name: text(event['name']) || previous?.name || '',
    type: number(event['mtype']) || previous?.type || 2,
    description: 'desc' in event ? text(event['desc']) : previous?.description ?? '',
    links: isDoc(event['links']) ? readLinks(event['links']) : previous?.links ?? {},
    consent: 'consent' in event ? number(event['consent']) : previous?.consent ?? 0,
    flags: 'flags' in event ? number(event['flags']) : previous?.flags ?? 0,
    // A group without codes has no such member.
    ...readInvite(event['invite']),
  };
  draft.groups().set(id, next);
}

function removeGroup(draft: Draft, id: string): void {
  if (!draft.state.groups.has(id)) return;
  draft.groups().delete(id);
  for (const device of [...draft.state.devices.values()]) {
    if (device.groupId === id) draft.devices().delete(device.id);
  }
}

function accountEvent(draft: Draft, event: Event): void {
  const account = event['account'];
  if (isDoc(account) && draft.state.user && account['_id'] === draft.state.user._id) {
    // The whole account: what is missing in it, such as a second factor, is gone.
    draft.state.user = account as unknown as UserInfo;
  }
}

/** Rights of the signed-in user on a group. */
export function groupRights(state: State, group: Group | undefined): number {
  if (!group || !state.user) return 0;
  let rights = (group.links[state.user._id]?.rights ?? 0) >>> 0;
  rights |= state.user.links?.[group.id]?.rights ?? 0;
  for (const id of Object.keys(state.user.links ?? {})) {
    if (id.startsWith('ugrp/')) rights |= group.links[id]?.rights ?? 0;
  }
  return rights >>> 0;
}

/** Rights of the signed-in user on a device: through its group, or directly. */
export function deviceRights(state: State, device: Device): number {
  let direct = state.user?.links?.[device.id]?.rights ?? 0;
  for (const id of Object.keys(device.links)) {
    if (id === state.user?._id || state.user?.links?.[id]) direct |= device.links[id]!.rights;
  }
  const rights = (groupRights(state, state.groups.get(device.groupId)) | direct | (device.rights ?? 0)) >>> 0;
  return withoutRemoved(rights, state.user?.removeRights ?? 0);
}

const REMOVABLE = 0x68058;
const ADDABLE = 0x10700;
/** What is left of everything once something is taken away: section 5.2. */
const NEARLY_ALL = 0x1ec0ef;

/** @rights as far as an account may use them from which @removed is taken away everywhere. */
export function withoutRemoved(rights: number, removed: number): number {
  if (removed === 0 || rights === 0) return rights;
  const from = rights === FULL_RIGHTS ? NEARLY_ALL : rights;
  return ((from & ~(removed & REMOVABLE)) | (removed & ADDABLE)) >>> 0;
}
