// SPDX-License-Identifier: Apache-2.0
// Pure parts of what administrators do: rights, shares, events, power, groupings, notices.
import assert from 'node:assert/strict';
import test from 'node:test';
import { helpersOf, isPresetFor, isWebAddress, readAnswer, readPresets, splitTags } from '../src/actions/parse';
import { consentFlags, localInput, readShares, shareProblem, shareRequest, type ShareForm } from '../src/actions/share';
import { inTurns, mayAct, sortTargets } from '../src/actions/targets';
import { listHolders } from '../src/access/list';
import { makePassword } from '../src/admin/makePassword';
import { readSamples } from '../src/admin/stats';
import { concernsAccounts, matchesAccount, readAccounts, readUserGroups } from '../src/admin/users';
import { agentWords, readLogins, readSessions } from '../src/account/history';
import { noticeOf } from '../src/app/notices';
import { formatView, parseView } from '../src/devices/view';
import { addEvent, filterEvents, readEvent, type LogEvent } from '../src/events/model';
import { onTime, readTimeline, splitDays } from '../src/events/power';
import { qrPath } from '../src/lib/qr';
import { deviceBits, mayOnSite, rightsWords, roles, SITE } from '../src/lib/rights';
import { serverWords } from '../src/lib/words';
import { FULL_RIGHTS, readDevice, readGroup, type Device } from '../src/store/model';
import { EMPTY, reduce, withoutRemoved, type State } from '../src/store/reduce';
import { buildRows } from '../src/store/rows';

const MESH = 'mesh//a';
const doc = (name: string, more: object = {}) => ({ _id: `node//${name}`, meshid: MESH, name, conn: 1, ...more });
const device = (name: string, more: object = {}): Device => readDevice(doc(name, more), MESH)!;

function stateWith(rights: number, user: object = {}): State {
  return { ...EMPTY, user: { _id: 'user//u', name: 'u', ...user }, groups: new Map([[MESH, readGroup({ _id: MESH, name: 'A', links: { 'user//u': { rights } } })!]]) };
}

test('rights in words, and who may act', () => {
  assert.equal(rightsWords(FULL_RIGHTS, deviceBits(), 'all'), 'all');
  assert.equal(rightsWords(0, deviceBits(), 'all'), 'none');
  assert.equal(rightsWords(0x40 | 0x80, deviceBits(), 'all'), 'Wake devices, Write notes');
  assert.ok(mayOnSite(-1, SITE.users), 'clients write everything as -1');
  assert.ok(!mayOnSite(SITE.locked, SITE.users));
  assert.ok(!mayOnSite(undefined, SITE.users));
  assert.ok(mayAct(0x40000, 'off') && !mayAct(0x20000, 'off'));
  assert.ok(!mayAct(0x80000, 'share'), 'nothing to share without remote control');
  assert.ok(mayAct(0x80008, 'share') && !mayAct(0x81008, 'share'));
  assert.ok(roles(true).every((r) => r.rights !== FULL_RIGHTS && (r.rights & 7) === 0), 'no right of groups on a single device');
  const bits = deviceBits().map((b) => b.bit);
  assert.equal(new Set(bits).size, bits.length);
});

test('rights that an account has lost everywhere', () => {
  assert.equal(withoutRemoved(FULL_RIGHTS, 0), FULL_RIGHTS);
  assert.equal(withoutRemoved(FULL_RIGHTS, 8), 0x1ec0ef & ~8);
  assert.equal(withoutRemoved(0x28, 0x108), 0x120);
  assert.equal(withoutRemoved(0, 0x100), 0);
  assert.equal(withoutRemoved(3, 3), 3, 'rights that cannot be taken away stay');
  const state = stateWith(FULL_RIGHTS, { removeRights: 0x40000 });
  assert.equal(sortTargets(state, [device('x')], 'off').refused.length, 1);
});

test('targets: ready, away, refused', () => {
  const state = stateWith(0x20000);
  const targets = sortTargets(state, [device('on'), device('off', { conn: 0 })], 'run');
  assert.deepEqual([targets.ready, targets.away, targets.refused].map((l) => l.map((d) => d.name)), [['on'], ['off'], []]);
  assert.equal(sortTargets(state, [device('on')], 'remove').refused.length, 1);
  const direct = device('own', { links: { 'user//u': { rights: 0x8000 } } });
  assert.equal(sortTargets(state, [direct], 'remove').ready.length, 1);
});

test('many at a time, never more than the limit', async () => {
  let running = 0;
  let most = 0;
  const done: number[] = [];
  await inTurns([1, 2, 3, 4, 5, 6, 7], 3, async (n) => {
    most = Math.max(most, ++running);
    await new Promise((next) => { setTimeout(next, 1); });
    running--;
    done.push(n);
  });
  assert.equal(most, 3);
  assert.equal(done.length, 7);
  await inTurns([], 3, async () => assert.fail());
});

test('answers of devices and of the server', () => {
  assert.deepEqual(readAnswer({ action: 'msg', result: 'a\r\nb\r\n\r\n' }), { state: 'done', text: 'a\nb' });
  assert.deepEqual(readAnswer({ action: 'runcommands', result: 'Agent not connected' }), { state: 'failed', text: 'The device is not connected.' });
  assert.equal(helpersOf('Used 12 device(s) to send wake packets'), 12);
  assert.equal(helpersOf('ok'), null);
  assert.equal(serverWords('Something new'), 'Something new');
  assert.deepEqual(splitTags(' a, b,,a '), ['a', 'b']);
  assert.ok(isWebAddress('https://example.org/x') && !isWebAddress('javascript:alert(1)') && !isWebAddress('file:///etc/passwd') && !isWebAddress('nonsense'));
});

test('shares: requests, problems, lists', () => {
  const form: ShareForm = { guest: ' Ann ', protocols: 3, viewOnly: false, consent: 'ask', when: 'now', minutes: 60, start: '2026-11-28T10:00', end: '2026-11-28T12:00' };
  const now = Date.parse('2026-11-28T11:00');
  assert.equal(consentFlags(3, 'ask'), 1 | 2 | 8 | 16);
  assert.equal(consentFlags(4, 'tell'), 4);
  assert.deepEqual(shareRequest('node//x', form), { action: 'createDeviceShareLink', nodeid: 'node//x', guestname: 'Ann', p: 3, consent: 27, expire: 60 });
  assert.deepEqual(shareRequest('n', { ...form, when: 'weekly', viewOnly: true }).recurring, 2);
  assert.equal(shareRequest('n', { ...form, when: 'period' }).end, Date.parse(form.end) / 1000);
  assert.equal('end' in shareRequest('n', { ...form, when: 'always' }), false);
  assert.equal(shareProblem({ ...form, guest: ' ' }, now), 'guest');
  assert.equal(shareProblem({ ...form, protocols: 0 }, now), 'protocols');
  assert.equal(shareProblem({ ...form, when: 'daily', start: '' }, now), 'start');
  assert.equal(shareProblem({ ...form, when: 'period', end: form.start }, now), 'end');
  assert.equal(shareProblem({ ...form, when: 'period' }, Date.parse('2026-11-29T11:00')), 'end');
  assert.equal(shareProblem({ ...form, when: 'period' }, now), null);
  assert.equal(localInput(Date.parse('2026-01-02T03:04')), '2026-01-02T03:04');
  assert.deepEqual(readShares([{ publicid: 'x', guestName: 'G', p: 2 }, {}, null, 'x']).map((s) => s.guest), ['G']);
  assert.deepEqual(readShares('x'), []);
});

test('events: read, filtered, joined with pushed ones', () => {
  const make = (fields: object) => readEvent({ action: 'runcommands', msg: 'Running commands', time: '2026-11-28T10:00:00Z', username: 'u', ...fields }, 0)!;
  assert.equal(readEvent({ action: 'x' }, 0), null, 'without words it is none for people');
  assert.equal(readEvent('x', 0), null);
  assert.equal(make({ time: undefined }).time, 0);
  const list: readonly LogEvent[] = [make({ cmds: 'ls' }), make({ action: 'login', msg: 'Account login', time: '2026-11-20T10:00:00Z' })];
  const now = Date.parse('2026-11-28T12:00:00Z');
  const found = (filter: object) => filterEvents(list, { kind: '', words: '', days: 0, ...filter }, now, () => 'bench').map((e) => e.action);
  assert.deepEqual(found({}), ['runcommands', 'login']);
  assert.deepEqual(found({ kind: 'command' }), ['runcommands']);
  assert.deepEqual(found({ words: 'LS bench' }), ['runcommands']);
  assert.deepEqual(found({ days: 7 }), ['runcommands']);
  assert.equal(addEvent(list, list[1]!), list, 'the same event does not come twice');
  assert.equal(addEvent(list, make({ cmds: 'id', time: '2026-11-28T11:00:00Z' })).length, 3);
});

test('power history: odd input, days, clock', () => {
  const now = new Date(2026, 10, 28, 12).getTime();
  const start = new Date(2026, 10, 27, 22).getTime() / 1000;
  const spans = readTimeline([0, start, 1, 3 * 3600, 4, 3600, 1], now);
  assert.deepEqual(spans.map((s) => s.power), [1, 4, 1]);
  const [today, yesterday] = splitDays(spans, 2, now);
  assert.equal(onTime(yesterday!), 2 * 3_600_000);
  assert.equal(onTime(today!), (1 + 10) * 3_600_000);
  assert.deepEqual(readTimeline([1, now, 1], now).at(-1), { from: now, to: now, power: 1 }, 'milliseconds without a history');
  for (const bad of [null, 'x', [], [1], [1, 'x', 2], [1, NaN, 2]]) assert.deepEqual(readTimeline(bad, now), []);
});

test('groupings: tags list a device under each, states put what is online first', () => {
  const devices = [device('a', { tags: ['x', 'y'], osdesc: 'Debian' }), device('b', { conn: 0 })];
  const groups = new Map([[MESH, readGroup({ _id: MESH, name: 'A' })!]]);
  const rows = (by: Parameters<typeof buildRows>[2]['by']) => buildRows(devices, groups, { by, sort: 'name', descending: false, closed: new Set(), lastSeen: () => 0, showEmpty: true });
  const text = (by: Parameters<typeof rows>[0]) => rows(by).map((r) => (r.kind === 'group' ? `[${r.group.name}]` : r.device.name)).join(' ');
  assert.equal(text('none'), 'a b');
  assert.equal(text('group'), '[A] a b');
  assert.equal(text('tag'), '[x] a [y] a [] b');
  assert.equal(text('os'), '[Debian] a [] b');
  assert.equal(text('state'), '[online] a [offline] b');
  const keys = rows('tag').map((r) => r.key);
  assert.equal(new Set(keys).size, keys.length);
});

test('addresses of views', async () => {
  // The router listens to the window as soon as it is there.
  Object.assign(globalThis, { window: { addEventListener: () => undefined } });
  const { groupPath, parseRoute } = await import('../src/app/router');
  assert.deepEqual(parseRoute('/admin', ''), { view: 'admin', part: 'users' });
  assert.deepEqual(parseRoute('/admin/server', ''), { view: 'admin', part: 'server' });
  assert.deepEqual(parseRoute('/admin/nothing', ''), { view: 'missing' });
  assert.deepEqual(parseRoute('/events', '?user=user//a'), { view: 'events', user: 'user//a' });
  assert.deepEqual(parseRoute(groupPath('mesh//a@b$c'), ''), { view: 'group', id: 'a@b$c' });
  assert.deepEqual(parseRoute('/device/x/events', ''), { view: 'device', id: 'x', tab: 'events' });
  assert.deepEqual(parseView('tag -seen'), { by: 'tag', key: 'seen', descending: true });
  assert.equal(parseView('tag __proto__'), null);
  assert.equal(parseView(null), null);
  assert.equal(formatView({ by: 'none', key: 'os', descending: false }), 'none os');
});

test('accounts and user groups, odd input', () => {
  const [account] = readAccounts([{ _id: 'user//b', name: 'b', siteadmin: 0x22, otpsecret: 1, login: 5, links: { 'ugrp//g': { rights: 1 } } }, null, {}]);
  assert.ok(account!.locked && account!.app && account!.lastLogin === 5000);
  assert.ok(!readAccounts([{ _id: 'user//a', siteadmin: -1 }])[0]!.locked, 'a full administrator has that bit, but is not locked');
  assert.ok(matchesAccount(account!, 'B') && !matchesAccount(account!, 'b c'));
  assert.deepEqual(readAccounts('x'), []);
  assert.deepEqual(readUserGroups(null), []);
  const [g] = readUserGroups({ 'ugrp//g': { name: 'G', links: { 'user//b': { rights: 1 }, 'mesh//a': { rights: 8 } } } });
  assert.deepEqual([g!.members, g!.objects, g!.managed], [['user//b'], ['mesh//a'], false]);
  assert.ok(concernsAccounts({ action: 'accountchange' }) && !concernsAccounts({ action: 'nodeconnect' }) && !concernsAccounts(null));
  assert.deepEqual(listHolders({ 'ugrp//g': { rights: 8 }, 'user//a': { rights: -1 }, 'mesh//x': { rights: 1 } }, new Map([['ugrp//g', 'G']])).map((h) => [h.name, h.rights]), [['a', FULL_RIGHTS], ['G', 8]]);
  assert.deepEqual(readLogins([{ t: '2026-11-28T10:00:00Z', m: 110, a: ['192.0.2.1'] }]).map((l) => [l.good, l.address]), [[false, '192.0.2.1']]);
  assert.deepEqual(readSessions([{ id: 'a1', created: 5, seen: 'x', own: true }, { created: 1 }, null]),
    [{ id: 'a1', created: 5, seen: 0, address: '', agent: '', own: true, token: false }]);
  assert.equal(agentWords('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'), 'Firefox on Linux');
  assert.equal(agentWords('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0'), 'Edge on Windows');
  assert.equal(agentWords('curl/8.1'), 'curl/8.1');
  assert.equal(agentWords('x'.repeat(99)).length, 60);
  assert.deepEqual(readSamples([{ time: 'x' }, { time: '2026-11-28T10:05:00Z', conn: { ca: 3 } }, { time: '2026-11-28T10:00:00Z' }]).map((s) => s.agents), [0, 3]);
  assert.match(makePassword(), /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/);
});

test('a removed second factor is gone from the own account', () => {
  const state = reduce({ ...EMPTY, user: { _id: 'user//u', name: 'u', otpsecret: 1 } }, [{ action: 'event', event: { action: 'accountchange', account: { _id: 'user//u', name: 'u' } } }]);
  assert.equal(state.user?.otpsecret, undefined);
});

test('notices: messages, and devices one asked to be told about', () => {
  const state = { ...stateWith(8, { links: { [MESH]: { rights: 8, notify: 2 } } }), devices: new Map([['node//a', device('a', { conn: 0 })]]) };
  const event = (conn: number) => ({ action: 'event', event: { action: 'nodeconnect', nodeid: 'node//a', conn } });
  assert.equal(noticeOf(event(1), state)?.title, 'a');
  assert.equal(noticeOf(event(0), state), null, 'no change');
  assert.equal(noticeOf(event(1), stateWith(8)), null);
  assert.equal(noticeOf({ action: 'msg', type: 'notify', value: 'Hi', title: 'admin', tag: 'broadcast' }, state)?.text, 'Hi');
  const room = 'meshmessenger/user%2F%2Fb/user%2F%2Fa';
  assert.deepEqual(noticeOf({ action: 'msg', type: 'notify', value: 'Chat Request', username: 'ann', tag: room, msgid: 11 }, state), { title: 'ann', text: 'asks you to chat', room });
  assert.equal(noticeOf({ action: 'msg', type: 'notify', value: 'Hi', tag: room }, state)?.room, undefined);
  assert.equal(noticeOf({ action: 'msg', type: 'notify', value: 'Password changed.', tag: 'ServerNotify' }, state), null);
});

test('QR codes hold long links', () => {
  const { size, path } = qrPath(`https://localhost:443/sharing?c=${'x'.repeat(300)}`);
  assert.ok(size > 60 && path.startsWith('M'));
});

test('prepared commands keep their numbers, and are offered where they can run', () => {
  const presets = readPresets([{ name: 'a', type: 3 }, null, { name: 'b', type: 1 }, { name: 'c', type: 4 }, { name: 'd', type: 9 }]);
  const shown = (...agentIds: number[]) => presets.flatMap((p, number) => (isPresetFor(p, agentIds.map((agentId) => ({ agentId }))) ? [number] : []));
  assert.equal(presets.length, 5);
  assert.deepEqual(shown(6), [0, 3]);
  assert.deepEqual(shown(4), [2, 3]);
  assert.deepEqual(shown(4, 6), [0, 2, 3]);
  assert.deepEqual(readPresets('no'), []);
});
