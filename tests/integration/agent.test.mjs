// SPDX-License-Identifier: Apache-2.0
// bowline-agent as a program: its identity, enrolment, the doctor, and servers it must not trust.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, end, start, until } from './lib.mjs';

let bowline;
let group;
const scratch = mkdtempSync(join(tmpdir(), 'bowline-agent-'));

before(async () => {
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  group = await bowline.createGroup('G');
});

after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
});

function agent(...args) {
  return new Promise((resolve) => {
    execFile(join(BUILD, 'bin', 'bowline-agent'), args, { timeout: 40000, env: { PATH: process.env.PATH, HOME: scratch } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

const fresh = () => mkdtempSync(join(scratch, 's-'));

test('identity: made once, private, refused when others can read it', async () => {
  const state = fresh();
  const first = await agent('--state-dir', state, '--node-id');
  assert.match(first.stdout, /^[0-9a-f]{96}\n$/);
  assert.equal((await agent('--state-dir', state, '--node-id')).stdout, first.stdout);
  const key = join(state, 'node.pem');
  assert.equal(statSync(key).mode & 0o777, 0o600);
  chmodSync(key, 0o644);
  const refused = await agent('--state-dir', state, '--node-id');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /only its owner can read, found mode 644/);
});

test('options: what is wrong is said, with status 2', async () => {
  for (const args of [['--no-such'], ['fly'], ['enroll', 'https://localhost']]) {
    const { code, stderr } = await agent('--state-dir', fresh(), ...args);
    assert.equal(code, 2, args.join(' '));
    assert.notEqual(stderr, '');
  }
  assert.match((await agent('--version')).stdout, /^bowline-agent \d/);
});

test('enrolment by server id: no download, and the agent comes online', async () => {
  const state = fresh();
  const serverId = (await bowline.ctl(['server-id'])).trim();
  const id = group.split('/').pop();
  const { code, stderr } = await agent('--state-dir', state, 'enroll', bowline.url, id, '--server-id', serverId);
  assert.equal(code, 0, stderr);
  const msh = readFileSync(join(state, 'bowline-agent.msh'), 'utf8');
  assert.match(msh, new RegExp(`MeshServer=wss://localhost:${bowline.port}/agent.ashx`));
  const child = start(join(BUILD, 'bin', 'bowline-agent'), ['--state-dir', state], { stdio: 'ignore', cwd: state,
    env: { PATH: process.env.PATH, HOME: state, BOWLINE_AGENT_PLUGIN_PATH: join(BUILD, 'agent', 'plugins') } });
  await bowline.waitOnline(1);
  const nodeId = (await agent('--state-dir', state, '--node-id')).stdout.trim();
  const [device] = JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices;
  const hex = Buffer.from(device._id.split('/').pop().replaceAll('@', '+').replaceAll('$', '/'), 'base64').toString('hex');
  assert.equal(hex, nodeId);
  assert.equal(await end(child), 0);
});

test('enrolment refuses what cannot be right', async () => {
  const id = group.split('/').pop();
  const refused = async (pattern, ...args) => {
    const { code, stderr } = await agent('--state-dir', fresh(), 'enroll', ...args);
    assert.equal(code, 1);
    assert.match(stderr, pattern);
  };
  await refused(/expected https:/, 'http://localhost', id, '--server-id', 'A'.repeat(96));
  await refused(/64 characters/, bowline.url, 'short', '--server-id', 'A'.repeat(96));
  await refused(/96 hex digits/, bowline.url, id, '--server-id', 'xyz');
  await refused(/certificate|TLS|trusted/i, bowline.url, id); // self-made certificate: nothing is taken on faith
});

test('another server than the settings name is not trusted', async () => {
  const state = fresh();
  const settings = (await bowline.settings('G')).replace(/ServerID=../, (m) => `ServerID=${m.endsWith('00') ? '11' : '00'}`);
  const msh = join(state, 'a.msh');
  writeFileSync(msh, settings);
  const before = JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices.length;
  let log = '';
  const child = start(join(BUILD, 'bin', 'bowline-agent'), ['--state-dir', state, '--config', msh], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (d) => { log += d; });
  child.stderr.on('data', (d) => { log += d; });
  await until('the agent says why', () => /another server than the settings name/.test(log));
  assert.equal(JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices.length, before);
  assert.equal(await end(child), 0);
  const doctor = await agent('--state-dir', state, '--config', msh, 'doctor');
  assert.equal(doctor.code, 1);
  assert.match(doctor.stderr, /wrong server identity/);
});

test('doctor: good, no route, no name', async () => {
  const state = fresh();
  const msh = join(state, 'a.msh');
  const good = await bowline.settings('G');
  writeFileSync(msh, good);
  const fine = await agent('--state-dir', state, '--config', msh, 'doctor');
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(fine.stdout, /proved itself/);
  writeFileSync(msh, good.replace(/wss:\/\/[^/]*/, 'wss://127.0.0.1:1'));
  const route = await agent('--state-dir', state, '--config', msh, 'doctor');
  assert.equal(route.code, 1);
  assert.match(route.stderr, /route: port 1 of 127\.0\.0\.1 cannot be reached/);
  writeFileSync(msh, good.replace(/wss:\/\/[^/]*/, 'wss://no-such-host.invalid'));
  const name = await agent('--state-dir', state, '--config', msh, 'doctor');
  assert.equal(name.code, 1);
  assert.match(name.stderr, /name: "no-such-host.invalid" has no address/);
});
