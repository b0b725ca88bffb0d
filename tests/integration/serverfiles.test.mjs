// SPDX-License-Identifier: Apache-2.0
// Files that people keep on the server: over the control channel and over HTTP, within quota, and nobody else's.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, PASSWORD, until } from './lib.mjs';

const PIECE = 1024 * 1024;
let bowline;
let admin;
let group;
const people = {};

async function person(name, right) {
  await bowline.createUser(name, { admin: false });
  if (right) assert.equal((await admin.ask({ action: 'edituser', id: `user//${name}`, siteadmin: 8 })).result, 'ok');
  const answer = await bowline.fetch('/api/login', { method: 'POST', body: JSON.stringify({ username: name, password: PASSWORD }),
    headers: { 'content-type': 'application/json', origin: bowline.url } });
  assert.equal(answer.status, 200);
  people[name] = { cookie: answer.headers['set-cookie'][0].split(';')[0], control: await bowline.control({ user: name }) };
}

before(async () => {
  bowline = await Bowline.start({ sets: ['serverfiles.user-quota=3M', 'serverfiles.group-quota=1K'] });
  await bowline.createUser('admin');
  admin = await bowline.control();
  group = (await admin.ask({ action: 'createmesh', meshname: 'Shared', meshtype: 2 })).meshid;
  await person('anna', true);
  await person('ben', true);
  await person('carl', false);
  await admin.ask({ action: 'addmeshuser', meshid: group, userids: ['user//ben'], meshadmin: 32 });
});

after(async () => {
  for (const { control } of Object.values(people)) control.close();
  admin?.close();
  assert.equal(await bowline?.stop(), 0);
});

const headers = (name, more = {}) => ({ cookie: people[name].cookie, 'sec-fetch-site': 'same-origin', origin: bowline.url, ...more });
const link = (...parts) => `link=${encodeURIComponent(parts.join('/'))}`;

async function files(name) { return (await people[name].control.ask({ action: 'files' })).filetree.f; }

/** Result of an operation, and the tree that follows it. */
async function change(name, fileop, args) {
  const { control } = people[name];
  control.frames.length = 0;
  const { result } = await control.ask({ action: 'fileoperation', fileop, ...args });
  if (result === 'ok') await control.take('the new tree', (f) => f.action === 'files');
  return result;
}

function piece(name, path, offset, size, bytes, { part = 'a'.repeat(32), more } = {}) {
  return bowline.fetch(`/api/files?${link(...path)}&offset=${offset}&size=${size}&part=${part}`, { method: 'PUT', body: bytes, headers: headers(name, more) });
}

const download = (name, ...path) => bowline.fetch(`/downloadfile.ashx?${link(...path)}`, { headers: headers(name) });

test('folders and short files over the control channel', async () => {
  const own = 'user//anna';
  assert.deepEqual(await files('anna'), { [own]: { t: 1, n: 'My Files', maxbytes: 3 * PIECE, f: {} } });
  assert.equal(await change('anna', 'createfolder', { path: [own], newfolder: 'Scripts' }), 'ok');
  const data = Buffer.from('echo hello\n').toString('base64');
  assert.equal(await change('anna', 'set', { path: [own, 'Scripts'], file: 'a.sh', data }), 'ok');
  const listed = (await files('anna'))[own].f.Scripts;
  assert.equal(listed.t, 2);
  assert.equal(listed.f['a.sh'].s, 11);
  assert.ok(Math.abs(listed.f['a.sh'].d - Date.now()) < 60000);
  assert.equal((await people.anna.control.ask({ action: 'fileoperation', fileop: 'get', path: [own, 'Scripts'], file: 'a.sh' })).data, data);
  assert.equal(await change('anna', 'copy', { scpath: [own, 'Scripts'], path: [own], names: ['a.sh'] }), 'ok');
  assert.equal(await change('anna', 'rename', { path: [own], oldname: 'a.sh', newname: 'b.sh' }), 'ok');
  assert.equal(await change('anna', 'move', { scpath: [own], path: [own, 'Scripts'], names: ['b.sh'] }), 'ok');
  assert.deepEqual(Object.keys((await files('anna'))[own].f.Scripts.f).sort(), ['a.sh', 'b.sh']);
  assert.match(await change('anna', 'delete', { path: [own], delfiles: ['Scripts'] }), /Scripts: /, 'not while something is in it');
  assert.equal(await change('anna', 'delete', { path: [own], delfiles: ['Scripts'], rec: true }), 'ok');
  assert.deepEqual((await files('anna'))[own].f, {});
});

test('uploads and downloads', async () => {
  const path = ['user//ben', 'Bilder', 'Maß & 50%.bin'];
  const content = randomBytes(PIECE * 2 + 1234);
  const tree = people.ben.control;
  tree.frames.length = 0;
  for (let at = 0; at < content.length; at += PIECE) {
    const answer = await piece('ben', path, at, content.length, content.subarray(at, at + PIECE));
    assert.equal(answer.status, 200, String(answer.body));
  }
  await tree.take('other pages are told', (f) => f.action === 'event' && f.event.action === 'updatefiles');
  const got = await download('ben', ...path);
  assert.equal(got.status, 200);
  assert.ok(got.body.equals(content));
  assert.match(got.headers['content-disposition'], /^attachment; filename\*=UTF-8''Ma%C3%9F%20%26%2050%25\.bin$/);
  assert.equal(got.headers['x-content-type-options'], 'nosniff');
  const small = ['user//ben', 'empty'];
  assert.equal((await piece('ben', small, 0, 0, '')).status, 200);
  assert.equal((await download('ben', ...small)).body.length, 0);
  const full = await piece('ben', ['user//ben', 'more'], 0, PIECE, content.subarray(0, PIECE));
  assert.equal(full.status, 507);
  assert.match(String(full.body), /not enough room: \d+ of 3145728 bytes/);
  assert.match(await change('ben', 'copy', { scpath: path.slice(0, 2), path: [path[0]], names: [path[2]] }), /not enough room/);
  assert.equal((await piece('ben', ['user//ben', 'x'], 5, 10, 'abc')).status, 409);
  assert.equal((await piece('ben', ['user//ben', 'x'], 0, 10, 'abc', { part: 'short' })).status, 400);
});

test('nobody gets at what is not his', async () => {
  for (const path of [['user//ben', 'empty'], ['user//anna', '..', 'user-ben', 'empty'], ['user//anna', '.bowline-new'], ['user//anna'], ['mesh//x', 'y'],
    [group, 'x'], ['user//anna/../user-ben/empty'], ['etc', 'passwd']]) {
    assert.equal((await download('anna', ...path)).status, 404, path.join('/'));
    assert.notEqual((await piece('anna', path, 0, 1, 'x')).status, 200, path.join('/'));
  }
  assert.equal((await bowline.fetch(`/downloadfile.ashx?${link('user//ben', 'empty')}`)).status, 404, 'signed out');
  assert.notEqual((await piece('ben', ['user//ben', 'y'], 0, 1, 'x', { more: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } })).status, 200);
  for (const path of [['user//ben'], [group], ['user//anna', '..'], ['user//anna', 'a/b'], []]) {
    assert.notEqual(await change('anna', 'createfolder', { path, newfolder: 'x' }), 'ok', path.join('/'));
  }
  assert.notEqual(await change('anna', 'move', { scpath: ['user//ben'], path: ['user//anna'], names: ['empty'] }), 'ok');
  assert.equal(people.carl.control.frames.some((f) => f.event?.action === 'updatefiles'), false);
  assert.equal((await people.carl.control.ask({ action: 'files' })).filetree, undefined, 'a site right is needed');
  assert.equal((await piece('carl', ['user//carl', 'x'], 0, 1, 'x')).status, 404);
});

test('files of a group', async () => {
  assert.equal((await files('anna'))[group], undefined);
  assert.deepEqual((await files('ben'))[group], { t: 4, n: 'Shared', maxbytes: 1024, f: {} });
  assert.equal((await piece('ben', [group, 'a'], 0, 1000, 'a'.repeat(1000))).status, 200);
  assert.equal((await piece('ben', [group, 'b'], 0, 100, 'a'.repeat(100))).status, 507);
  await until('the administrator sees it', async () => (await admin.ask({ action: 'files' })).filetree.f[group].f.a?.s === 1000);
  await admin.ask({ action: 'removemeshuser', meshid: group, userid: 'user//ben' });
  await until('without the right', async () => (await download('ben', group, 'a')).status === 404);
});

test('files go with their account and their group', async () => {
  const there = (folder) => existsSync(join(bowline.data, 'files', folder));
  assert.ok(there('user-ben') && there(`mesh-${group.split('/')[2]}`));
  assert.equal((await admin.ask({ action: 'deletemesh', meshid: group })).result, 'ok');
  assert.equal((await admin.ask({ action: 'deleteuser', userid: 'user//ben' })).result, 'ok');
  await until('nothing is left', () => !there('user-ben') && !there(`mesh-${group.split('/')[2]}`));
});
