// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';
import { readDevice, readGroup, type Device } from '../src/store/model';
import { filterDevices, parseQuery } from '../src/store/search';

const LAB = 'mesh//lab';
const groups = new Map([[LAB, readGroup({ _id: LAB, name: 'Test Lab', mtype: 2 })!]]);

function device(name: string, fields: Record<string, unknown> = {}): Device {
  return readDevice({ _id: `node//${name}`, name, ...fields }, LAB)!;
}

const devices = [
  device('web01', { osdesc: 'Debian GNU/Linux 12', ip: '192.0.2.10', tags: ['prod', 'web'], conn: 1 }),
  device('db01', { osdesc: 'Ubuntu 24.04', ip: '192.0.2.11', tags: ['prod'], users: ['ALICE'] }),
  device('desk', { osdesc: 'Windows 11', ip: '198.51.100.4', desc: 'front office', rname: 'DESKTOP-1' }),
];

function names(query: string): string {
  return filterDevices(devices, groups, query).map((d) => d.name).join(' ');
}

test('an empty query keeps everything', () => {
  assert.equal(names(''), 'web01 db01 desk');
  assert.equal(names('   '), 'web01 db01 desk');
});

test('every word must match, in any field', () => {
  assert.equal(names('prod debian'), 'web01');
  assert.equal(names('01'), 'web01 db01');
  assert.equal(names('FRONT'), 'desk');
  assert.equal(names('desktop-1'), 'desk');
  assert.equal(names('lab'), 'web01 db01 desk');
  assert.equal(names('nothing'), '');
});

test('prefixes look at one field only', () => {
  assert.equal(names('tag:web'), 'web01');
  assert.equal(names('web'), 'web01');
  assert.equal(names('os:ubuntu'), 'db01');
  assert.equal(names('ip:198.51'), 'desk');
  assert.equal(names('user:alice'), 'db01');
  assert.equal(names('group:"test lab" tag:prod'), 'web01 db01');
  assert.equal(names('group:other'), '');
  assert.equal(names('is:online'), 'web01');
  assert.equal(names('is:offline'), 'db01 desk');
});

test('what looks like a prefix but is none stays a word', () => {
  assert.deepEqual(parseQuery('fe80::1'), [{ field: '', word: 'fe80::1' }]);
  assert.deepEqual(parseQuery('tag:'), [{ field: '', word: 'tag:' }]);
  assert.deepEqual(parseQuery('group:"a b'), [{ field: 'group', word: 'a b' }]);
});
