// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { paletteEntries, type PaletteSource } from '../src/app/paletteEntries';
import { codesProblem, parseCodes } from '../src/groups/codes';
import { EMPTY, reduce } from '../src/store/reduce';
import { readDevice, readGroup, type Device } from '../src/store/model';

const LAB = 'mesh//lab';
const group = readGroup({ _id: LAB, name: 'Test Lab' })!;
const list = ['web-01', 'web-02', 'mail'].map((name) => readDevice({ _id: `node//${name}`, name, osdesc: 'Debian' }, LAB)!);

function source(current: Device | null = null): PaletteSource {
  return {
    devices: new Map(list.map((d) => [d.id, d])), groups: new Map([[LAB, group]]), current,
    views: [{ key: '/groups', label: 'Groups', note: '', run: () => undefined }, { key: '/events', label: 'Events', note: '', run: () => undefined }],
    openDevice: () => undefined, openGroup: () => undefined, noteOf: () => 'Test Lab', groupNote: 'Device group',
    deeds: () => ['Terminal', 'Files', 'Run a command'].map((label) => ({ key: label, label, run: () => undefined })),
  };
}

function labels(typed: string, current: Device | null = null): string[] {
  return paletteEntries(source(current), typed).map((e) => (e.note && e.note !== 'Test Lab' ? `${e.label} (${e.note})` : e.label));
}

test('the palette: devices, groups, views, and what is possible here', () => {
  assert.deepEqual(labels(''), ['Groups', 'Events']);
  assert.deepEqual(labels('', list[2]!), ['Terminal (mail)', 'Files (mail)', 'Run a command (mail)', 'Groups', 'Events']);
  assert.deepEqual(labels('WEB'), ['web-01', 'web-02']);
  assert.deepEqual(labels('ev'), ['Events']);
  assert.deepEqual(labels('tes')[3], 'Test Lab (Device group)');
  assert.deepEqual(labels('nothing of that name'), []);
});

test('the palette: a device and what to do with it, in any order', () => {
  assert.deepEqual(labels('web-02 term'), ['Terminal (web-02)']);
  assert.deepEqual(labels('fil web-01'), ['Files (web-01)']);
  assert.deepEqual(labels('com web'), ['Run a command (web-01)', 'Run a command (web-02)']);
  assert.deepEqual(labels('command', list[0]!), ['Run a command (web-01)']);
});

test('the palette is never long', () => {
  const many = Array.from({ length: 3000 }, (_unused, i) => readDevice({ _id: `node//${i}`, name: `pc-${i}` }, LAB)!);
  const entries = paletteEntries({ ...source(), devices: new Map(many.map((d) => [d.id, d])) }, 'pc files');
  assert.ok(entries.length <= 50);
  assert.equal(new Set(entries.map((e) => e.key)).size, entries.length);
});

test('invitation codes: typed, stored, gone', () => {
  assert.deepEqual(parseCodes(' summer-1, two words;; summer-1 \n x '), ['summer-1', 'two words', 'x']);
  assert.equal(codesProblem(['summer-1']), null);
  assert.equal(codesProblem([]), null);
  for (const bad of [['abc'], ['ä'.repeat(33)], Array.from({ length: 33 }, (_unused, i) => `code-${i}`)]) assert.ok(codesProblem(bad));
  assert.deepEqual(readGroup({ _id: LAB, invite: { codes: ['a', 7], flags: 2 } })?.inviteCodes, ['a']);
  const event = (fields: Record<string, unknown>) => ({ action: 'event', event: { action: 'meshchange', meshid: LAB, name: 'Lab', ...fields } });
  const set = reduce(EMPTY, [event({ invite: { codes: ['abcd'], flags: 1 } })]);
  assert.deepEqual([set.groups.get(LAB)?.inviteCodes, set.groups.get(LAB)?.inviteKind], [['abcd'], 1]);
  assert.deepEqual(reduce(set, [event({})]).groups.get(LAB)?.inviteCodes, []);
});
