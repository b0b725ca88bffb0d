// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Message } from '../src/control/types';
import { allows, FULL_RIGHTS, newHelp, readDevice, RIGHT } from '../src/store/model';
import { deviceRights, EMPTY, groupRights, reduce, type State } from '../src/store/reduce';
import { buildRows, type Row } from '../src/store/rows';

const LAB = 'mesh//lab';
const OFFICE = 'mesh//office';
const ME = 'user//me';
const PC = 'node//pc';

const mesh = (id: string, name: string, rights = FULL_RIGHTS) => ({ type: 'mesh', _id: id, name, mtype: 2, links: { [ME]: { rights } } });
const event = (fields: Record<string, unknown>): Message => ({ action: 'event', event: fields });

const base = reduce(EMPTY, [
  { action: 'serverinfo', serverinfo: { name: 'test', domain: '' } },
  { action: 'userinfo', userinfo: { _id: ME, name: 'me', links: {} } },
  { action: 'meshes', meshes: [mesh(LAB, 'Lab'), mesh(OFFICE, 'Office', 8 + 0x200)] },
  { action: 'nodes', nodes: { [LAB]: [{ _id: PC, name: 'pc', conn: 1, agct: 5, osdesc: 'Debian', sessions: { terminal: { [ME]: 2 } } }] } },
  { action: 'lastconnects', lastconnects: { [PC]: 5 } },
]);

const pc = (state: State) => state.devices.get(PC)!;

test('the first lists make the state', () => {
  assert.deepEqual(base.loaded, { groups: true, devices: true });
  assert.equal(base.groups.size, 2);
  assert.equal(pc(base).groupId, LAB);
  assert.deepEqual(pc(base).sessions, { terminal: 2 });
  assert.equal(base.lastConnects[PC], 5);
});

test('a message that changes nothing keeps the very same state', () => {
  assert.equal(reduce(base, [event({ action: 'nodeconnect', nodeid: 'node//unknown', conn: 1 }), { action: 'whatever' }, event({ action: 'login' })]), base);
});

test('a change of one thing leaves the other maps alone', () => {
  const next = reduce(base, [event({ action: 'nodeconnect', nodeid: PC, conn: 0, ct: 9 })]);
  assert.equal(pc(next).conn, 0);
  assert.deepEqual(pc(next).sessions, {});
  assert.equal(next.lastConnects[PC], 9);
  assert.equal(next.groups, base.groups);
  assert.notEqual(next.devices, base.devices);
  assert.equal(pc(base).conn, 1);
});

test('a device that goes was last seen at that moment', () => {
  const next = reduce(base, [event({ action: 'nodeconnect', nodeid: PC, conn: 0 })], 77);
  assert.equal(next.lastConnects[PC], 77);
  assert.equal(pc(next).connectedAt, 5);
});

test('device documents keep the live state that they do not carry', () => {
  const next = reduce(base, [event({ action: 'changenode', nodeid: PC, node: { _id: PC, meshid: LAB, name: 'renamed', tags: ['x', 7] } })]);
  assert.equal(pc(next).name, 'renamed');
  assert.equal(pc(next).conn, 1);
  assert.deepEqual(pc(next).tags, ['x']);
  assert.equal(pc(next).sortKey, 'renamed');
});

test('devices are added, moved and removed', () => {
  const added = reduce(base, [event({ action: 'addnode', node: { _id: 'node//new', meshid: OFFICE, name: 'new' } })]);
  assert.equal(added.devices.size, 2);
  const moved = reduce(added, [event({ action: 'nodemeshchange', nodeid: PC, newMeshId: OFFICE, node: { _id: PC, meshid: OFFICE, name: 'pc' } })]);
  assert.equal(pc(moved).groupId, OFFICE);
  const away = reduce(added, [event({ action: 'nodemeshchange', nodeid: PC, newMeshId: 'mesh//hidden', node: { _id: PC, meshid: 'mesh//hidden', name: 'pc' } })]);
  assert.equal(away.devices.has(PC), false);
  assert.equal(reduce(added, [event({ action: 'removenode', nodeid: PC })]).devices.has(PC), false);
});

test('groups are created, changed and deleted with their devices', () => {
  const created = reduce(base, [event({ action: 'createmesh', meshid: 'mesh//x', mesh: mesh('mesh//x', 'X') })]);
  assert.equal(created.groups.get('mesh//x')?.name, 'X');
  const renamed = reduce(base, [event({ action: 'meshchange', meshid: LAB, name: 'Laboratory', desc: 'd', mtype: 2, links: { [ME]: { rights: 4 } } })]);
  assert.equal(renamed.groups.get(LAB)?.name, 'Laboratory');
  assert.equal(groupRights(renamed, renamed.groups.get(LAB)), 4);
  const gone = reduce(base, [event({ action: 'deletemesh', meshid: LAB })]);
  assert.equal(gone.groups.has(LAB), false);
  assert.equal(gone.devices.size, 0);
});

test('sessions come and go', () => {
  const more = reduce(base, [event({ action: 'devicesessions', nodeid: PC, sessions: { files: { a: 1 }, kvm: { b: 0 } } })]);
  assert.deepEqual(pc(more).sessions, { files: 1 });
  assert.deepEqual(pc(reduce(more, [event({ action: 'devicesessions', nodeid: PC })])).sessions, {});
});

test('a request for help is shown, is news once, and ends', () => {
  const sessions = { help: { anna: 'No paper', bernd: 5, carl: '' }, files: { a: 1 } };
  assert.deepEqual(newHelp(sessions, pc(base)), [{ user: 'anna', text: 'No paper' }]);
  const asked = reduce(base, [event({ action: 'devicesessions', nodeid: PC, sessions })]);
  assert.deepEqual(pc(asked).help, [{ user: 'anna', text: 'No paper' }]);
  assert.deepEqual(pc(asked).sessions, { files: 1 });
  assert.deepEqual(newHelp(sessions, pc(asked)), []);
  assert.deepEqual(newHelp({ help: { anna: 'No ink' } }, pc(asked)), [{ user: 'anna', text: 'No ink' }]);
  const many = Object.fromEntries(Array.from({ length: 20 }, (_v, i) => [`u${i}`, 'x'.repeat(5000)]));
  assert.equal(newHelp({ help: many }, pc(base)).length, 8);
  assert.equal(newHelp({ help: many }, pc(base))[0]?.text.length, 1024);
  assert.deepEqual(pc(reduce(asked, [event({ action: 'changenode', node: { _id: PC, name: 'pc' } })])).help, pc(asked).help);
  assert.deepEqual(pc(reduce(asked, [event({ action: 'devicesessions', nodeid: PC })])).help, []);
  assert.deepEqual(pc(reduce(asked, [event({ action: 'nodeconnect', nodeid: PC, conn: 0 })])).help, []);
});

test('noact events are announcements only', () => {
  assert.equal(reduce(base, [event({ action: 'removenode', nodeid: PC, noact: 1 })]), base);
});

test('a list without "conn" means offline, also after being online', () => {
  const next = reduce(base, [{ action: 'nodes', nodes: { [LAB]: [{ _id: PC, name: 'pc' }] } }]);
  assert.equal(pc(next).conn, 0);
});

test('rights: everything, single bits, restrictions, direct links', () => {
  assert.ok(allows(FULL_RIGHTS, RIGHT.remoteControl, RIGHT.noTerminal));
  assert.ok(allows(-1, RIGHT.remoteControl, RIGHT.noTerminal));
  assert.ok(!allows(8 + 0x200, RIGHT.remoteControl, RIGHT.noTerminal));
  assert.ok(allows(8 + 0x200, RIGHT.remoteControl, RIGHT.noFiles));
  const direct = reduce(base, [{ action: 'userinfo', userinfo: { _id: ME, name: 'me', links: { 'node//d': { rights: 8 } } } }]);
  const device = readDevice({ _id: 'node//d', name: 'd' }, 'mesh//hidden')!;
  assert.equal(deviceRights(direct, device), 8);
});

test('documents of the wrong shape are refused or trimmed', () => {
  assert.equal(readDevice(null, LAB), null);
  assert.equal(readDevice({ _id: 5 }, LAB), null);
  const odd = readDevice({ _id: PC, name: { a: 1 }, tags: 'x', users: [1, 'u'], conn: 'yes', agent: 7 }, LAB)!;
  assert.deepEqual([odd.tags, odd.users, odd.conn, odd.agentId], [[], ['u'], 0, 0]);
});

test('rows: groups by name, devices sorted, closed groups hold nothing', () => {
  const state = reduce(base, [
    event({ action: 'addnode', node: { _id: 'node//10', meshid: LAB, name: 'a10' } }),
    event({ action: 'addnode', node: { _id: 'node//2', meshid: LAB, name: 'a2', conn: 1 } }),
  ]);
  const rows = (options: Partial<Parameters<typeof buildRows>[2]> = {}) => buildRows([...state.devices.values()], state.groups,
    { by: 'group', sort: 'name', descending: false, closed: new Set(), lastSeen: () => 0, showEmpty: true, ...options });
  const names = (list: Row[]) => list.map((r) => (r.kind === 'group' ? `[${r.group.name} ${r.online}/${r.total}]` : r.device.name)).join(' ');
  assert.equal(names(rows()), '[Lab 2/3] a2 a10 pc [Office 0/0]');
  assert.equal(names(rows({ descending: true })), '[Lab 2/3] pc a10 a2 [Office 0/0]');
  assert.equal(names(rows({ closed: new Set([LAB]), showEmpty: false })), '[Lab 2/3]');
});
