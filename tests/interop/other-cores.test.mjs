// SPDX-License-Identifier: Apache-2.0
// The recovery and the tiny core on the real MeshAgent: node other-cores.test.mjs RECOVERY TINY
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { FakeMeshServer } from './fake-mesh-server.mjs';

const [recovery, tiny] = process.argv.slice(-2);
const binary = process.env.BL_TEST_MESHAGENT;
const skip = binary && existsSync(binary) ? false : 'BL_TEST_MESHAGENT names no agent';
const ALL = 0xffffffff;
let server;
let link;

before(async () => {
  if (skip) return;
  server = await FakeMeshServer.start();
  link = await server.startMeshAgent(binary, null);
});
after(async () => { await server?.stop(); });

test('recovery core', { skip, timeout: 90000 }, async () => {
  await link.pushCore(readFileSync(recovery));
  const info = await link.json.take((m) => m.action === 'coreinfo', 'coreinfo');
  assert.match(info.value, /^Bowline recovery core/);
  assert.equal(info.caps & 7, 6);
  await link.ask({ action: 'ping' }, (m) => m.action === 'pong', 'pong');
  assert.match(await link.console('info'), /Program: {2}.*meshagent/);
  assert.match(await link.console('nonsense'), /Unknown command/);
  const terminal = await server.openTunnel(link, 1);
  terminal.text('c');
  terminal.text('1');
  await terminal.frames.take((f) => !f.text && f.data.length > 0, 'prompt');
  terminal.binary('echo $((6*7))mark\r');
  await terminal.until('42mark');
  terminal.close();
  const dir = join(server.dir, 'work');
  mkdirSync(dir);
  writeFileSync(join(dir, 'a.txt'), 'content');
  const files = await server.openTunnel(link, 5);
  files.text('c');
  files.text('5');
  files.binary({ action: 'ls', reqid: 1, path: dir });
  const listing = await files.json((m) => m.reqid === 1, 'listing');
  assert.deepEqual(listing.dir.map((e) => e.n), ['a.txt']);
  files.close();
  const desktop = await server.openTunnel(link, 2);
  desktop.text('c');
  desktop.text('2');
  await desktop.json((m) => m.type === 'console' && m.msgid === 2, 'no desktop');
});

test('a new program: only for an installed agent', { skip, timeout: 60000 }, async () => {
  link.send({ action: 'msg', type: 'console', value: 'update', rights: ALL, sessionid: 'user//a/b' });
  await link.json.take((m) => m.action === 'agentupdate' && m.sessionid === 'user//a/b', 'the question to the server');
  link.send({ action: 'agentupdate', url: '*/meshagents?id=6', hash: 'ab'.repeat(48), sessionid: 'user//a/b' });
  await link.json.take((m) => m.type === 'console' && /not an installed service/.test(m.value), 'refusal');
  link.send({ action: 'uninstallagent' });
  await link.ask({ action: 'ping' }, (m) => m.action === 'pong', 'it is still there');
});

test('tiny core', { skip, timeout: 60000 }, async () => {
  await link.pushCore(readFileSync(tiny));
  const info = await link.json.take((m) => m.action === 'coreinfo' && /tiny/.test(m.value), 'coreinfo');
  assert.equal(info.value, 'Bowline tiny core v1');
  assert.equal(await link.console('version'), 'Bowline tiny core v1');
  link.send({ action: 'msg', type: 'console', value: 'version', rights: 8, sessionid: 'weak' });
  await link.ask({ action: 'ping' }, (m) => m.action === 'pong', 'pong');
  assert.equal(link.json.drain((m) => m.sessionid === 'weak').length, 0);
});
