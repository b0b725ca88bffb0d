// SPDX-License-Identifier: Apache-2.0
// Devices and device groups as the page sees them, read from the server's
// documents. Whatever does not have the expected type is left out.

export interface Device {
  /** Full id, node/DOMAIN/64 characters. */
  id: string;
  groupId: string;
  name: string;
  /** The name the machine gives itself. */
  hostName: string;
  os: string;
  address: string;
  description: string;
  tags: readonly string[];
  users: readonly string[];
  /** Connection bits: 1 agent, 2 CIRA, 4 AMT, 8 relay, 16 MQTT. */
  conn: number;
  agentId: number;
  agentCaps: number;
  agentVersion: string;
  agentRoot: boolean;
  /** Times in ms since 1970, 0 when not known. */
  connectedAt: number;
  firstSeen: number;
  rights: number | null;
  /** Protocol name → number of running sessions. */
  sessions: Readonly<Record<string, number>>;
  /** People at the device who ask for help, and what they wrote. */
  help: readonly HelpRequest[];
  /** Users and user groups with rights on this device alone. */
  links: Group['links'];
  /** Consent flags of the device itself. */
  consent: number;
  /** Orders devices by name with plain string comparison. */
  sortKey: string;
}

export interface HelpRequest {
  user: string;
  text: string;
}

export interface Group {
  id: string;
  name: string;
  type: number;
  description: string;
  /** Rights of each user or user group in it. */
  links: Readonly<Record<string, { name?: string; rights: number }>>;
  /** Consent flags of all its devices. */
  consent: number;
  /** 1 remove devices when they disconnect, 2 keep the host name, 4 record sessions. */
  flags: number;
  /** Codes that bring a machine in, and how the agent then runs: 0 as they choose, 1 while it is open, 2 in the background. */
  inviteCodes: readonly string[];
  inviteKind: number;
}

export const FULL_RIGHTS = 0xffffffff;
export const RIGHT = {
  editGroup: 1, manageUsers: 2, manageDevices: 4, remoteControl: 8, console: 0x10, wake: 0x40, notes: 0x80, viewOnly: 0x100,
  noTerminal: 0x200, noFiles: 0x400, limitedInput: 0x1000, notify: 0x4000, removeDevice: 0x8000, noDesktop: 0x10000,
  commands: 0x20000, power: 0x40000, share: 0x80000, details: 0x100000,
} as const;

type Doc = Record<string, unknown>;

export function isDoc(value: unknown): value is Doc {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [];
}

/** The last part of an id, used in addresses of the page. */
export function shortId(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

export function nodeId(short: string, domain: string): string {
  return short.includes('/') ? short : `node/${domain}/${short}`;
}

/** The report has more than sessions in it. */
const NO_SESSIONS = new Set(['msg', 'help', 'app']);

function readSessions(value: unknown): Record<string, number> {
  const result: Record<string, number> = {};
  if (!isDoc(value)) return result;
  for (const [kind, users] of Object.entries(value)) {
    if (!isDoc(users) || NO_SESSIONS.has(kind)) continue;
    const total = Object.values(users).reduce<number>((sum, n) => sum + number(n), 0);
    if (total > 0) result[kind] = total;
  }
  return result;
}

const MOST_HELP = 8;
const MOST_HELP_TEXT = 1024;

function readHelp(value: unknown): HelpRequest[] {
  if (!isDoc(value) || !isDoc(value['help'])) return [];
  return Object.entries(value['help']).slice(0, MOST_HELP)
    .flatMap(([user, words]) => (typeof words === 'string' && words !== '' ? [{ user, text: words.slice(0, MOST_HELP_TEXT) }] : []));
}

/** What of @sessions (of a device's report) asks for help and is not in @device yet. */
export function newHelp(sessions: unknown, device: Device): HelpRequest[] {
  return readHelp(sessions).filter((h) => !device.help.some((old) => old.user === h.user && old.text === h.text));
}

/** Most devices have none: they share this. */
const NO_LINKS: Group['links'] = {};
const DIGITS = 12;

/**
 * A text that compares as a person would: without case or accents, numbers by
 * their value. Sorting thousands of names with a collator takes too long.
 */
export function makeSortKey(name: string): string {
  const plain = /[^\x20-\x7e]/.test(name) ? name.normalize('NFD').replace(/[\u0300-\u036f]/g, '') : name;
  return plain.toLowerCase().replace(/\d+/g, (n) => n.padStart(DIGITS, '0'));
}

/**
 * Reads a device document. @previous supplies the live state (connection,
 * sessions), which documents in events do not carry.
 */
export function readDevice(value: unknown, groupId: string | null, previous?: Device): Device | null {
  if (!isDoc(value) || typeof value['_id'] !== 'string') return null;
  const agent = isDoc(value['agent']) ? value['agent'] : {};
  const group = groupId ?? (text(value['meshid']) || previous?.groupId || '');
  // The second list holds those whose session is locked.
  const users = [...new Set([...texts(value['users']), ...texts(value['lusers'])])];
  const device: Device = {
    id: value['_id'],
    groupId: group,
    name: text(value['name']) || previous?.name || shortId(value['_id']).slice(0, 8),
    hostName: text(value['rname']),
    os: text(value['osdesc']),
    address: text(value['ip']) || text(value['host']),
    description: text(value['desc']),
    tags: texts(value['tags']),
    users: users.length > 0 ? users : previous?.users ?? [],
    conn: 'conn' in value ? number(value['conn']) : previous?.conn ?? 0,
    agentId: number(agent['id']),
    agentCaps: number(agent['caps']),
    agentVersion: text(agent['core']),
    agentRoot: agent['root'] === true,
    connectedAt: number(value['agct']) || previous?.connectedAt || 0,
    firstSeen: number(value['firstconnect']) || previous?.firstSeen || 0,
    rights: typeof value['rights'] === 'number' ? value['rights'] : previous?.rights ?? null,
    sessions: 'sessions' in value ? readSessions(value['sessions']) : previous?.sessions ?? {},
    help: 'sessions' in value ? readHelp(value['sessions']) : previous?.help ?? [],
    links: isDoc(value['links']) ? readLinks(value['links']) : NO_LINKS,
    consent: number(value['consent']),
    sortKey: '',
  };
  device.sortKey = device.name === previous?.name ? previous.sortKey : makeSortKey(device.name);
  return device;
}

export function readGroup(value: unknown): Group | null {
  if (!isDoc(value) || typeof value['_id'] !== 'string') return null;
  return {
    id: value['_id'],
    name: text(value['name']),
    type: number(value['mtype']) || 2,
    description: text(value['desc']),
    links: readLinks(value['links']),
    consent: number(value['consent']),
    flags: number(value['flags']),
    ...readInvite(value['invite']),
  };
}

export function readInvite(value: unknown): Pick<Group, 'inviteCodes' | 'inviteKind'> {
  return isDoc(value) ? { inviteCodes: texts(value['codes']), inviteKind: number(value['flags']) } : { inviteCodes: [], inviteKind: 0 };
}

export function readLinks(value: unknown): Group['links'] {
  const links: Record<string, { name?: string; rights: number }> = {};
  if (!isDoc(value)) return links;
  for (const [id, link] of Object.entries(value)) {
    if (isDoc(link)) links[id] = { name: text(link['name']), rights: number(link['rights']) };
  }
  return links;
}

export function isOnline(device: Device): boolean {
  return device.conn !== 0;
}

/** agent.caps: what the agent offers. Older ones say nothing. */
export const CAP = { desktop: 1, terminal: 2, files: 4, console: 8 } as const;

export function can(device: Device, cap: number): boolean {
  return device.agentCaps === 0 || (device.agentCaps & cap) !== 0;
}

/** The agent itself is connected, so sessions are possible. */
export function hasAgent(device: Device): boolean {
  return (device.conn & 1) !== 0;
}

/** The desktop may be seen: by remote control, or by watching only. */
export function maySee(rights: number): boolean {
  return allows(rights, RIGHT.remoteControl | RIGHT.viewOnly, RIGHT.noDesktop);
}

/** The desktop may be worked on. */
export function mayControl(rights: number): boolean {
  return allows(rights, RIGHT.remoteControl, RIGHT.noDesktop | RIGHT.viewOnly);
}

/** True when @rights hold the right @bit and not the restriction @unless. Everything means everything. */
export function allows(rights: number, bit: number, unless = 0): boolean {
  const value = rights >>> 0;
  if (value === FULL_RIGHTS) return true;
  return (value & bit) !== 0 && (value & unless) === 0;
}
