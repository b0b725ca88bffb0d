// SPDX-License-Identifier: Apache-2.0
// bowline-agent against the real MeshCentral server: it appears online, meshctrl moves a file both ways, and after a restart
// it comes back as the same device.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, end, freePorts, start, until } from '../integration/lib.mjs';

const MESHCENTRAL = process.env.BL_TEST_MESHCENTRAL;
const skip = MESHCENTRAL && existsSync(MESHCENTRAL) ? false : 'no MeshCentral here';
const scratch = mkdtempSync(join(tmpdir(), 'bowline-mc-'));
const data = join(scratch, 'data');
const PASSWORD = 'Enough4Tests!';
let port;
let server;
let agent;
let settings;

const node = (...args) => new Promise((resolve) => {
  execFile('node', args, { cwd: scratch, timeout: 60000 }, (error, stdout, stderr) => resolve(`${stdout}${stderr}`));
});
const ctl = (...args) => node(join(MESHCENTRAL, 'meshctrl.js'), ...args, '--url', `wss://127.0.0.1:${port}`,
  '--loginuser', 'admin', '--loginpass', PASSWORD);
const fetchText = (path) => new Promise((resolve) => {
  get({ host: '127.0.0.1', port, path, rejectUnauthorized: false }, (res) => {
    let text = '';
    res.on('data', (d) => { text += d; });
    res.on('end', () => resolve(res.statusCode === 200 ? text : ''));
  }).on('error', () => resolve(''));
});

before(async () => {
  if (skip) return;
  mkdirSync(data);
  const [web, redirect] = await freePorts(2);
  port = web;
  writeFileSync(join(data, 'config.json'), JSON.stringify({ settings: { cert: '127.0.0.1', WANonly: true, port, redirPort: redirect,
    mpsPort: 0, exactPorts: true, selfUpdate: false, noAgentUpdate: 1, maxInvalidLogin: false }, domains: { '': {} } }));
  await node(MESHCENTRAL, '--datapath', data, '--createaccount', 'admin', '--pass', PASSWORD);
  await node(MESHCENTRAL, '--datapath', data, '--adminaccount', 'admin');
  server = start('node', [MESHCENTRAL, '--datapath', data], { cwd: scratch, stdio: 'ignore' });
  await until('MeshCentral answers', async () => (await fetchText('/health.ashx')) === 'ok', 90);
  await ctl('adddevicegroup', '--name', 'G');
  const group = /mesh\/\/([A-Za-z0-9@$]{64})/.exec(await ctl('listdevicegroups', '--json'))[1];
  settings = await fetchText(`/meshsettings?id=${encodeURIComponent(group)}`);
  assert.match(settings, /MeshServer=wss/);
});

after(async () => {
  if (agent) await end(agent);
  if (server) await end(server);
  rmSync(scratch, { recursive: true, force: true });
});

function startAgent() {
  const state = join(scratch, 'state');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeFileSync(join(state, 'bowline-agent.msh'), settings);
  const log = openSync(join(scratch, 'agent.log'), 'a');
  return start(join(BUILD, 'bin', 'bowline-agent'), ['--state-dir', state], { cwd: state, stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH, HOME: state } });
}

const online = () => until('the device is online', async () => {
  const text = await ctl('listdevices', '--json');
  try {
    const device = JSON.parse(text).find((d) => (d.conn & 1) === 1);
    return device && device._id;
  } catch { return null; }
}, 60);

test('bowline-agent works under MeshCentral', { skip, timeout: 200000 }, async () => {
  agent = startAgent();
  const id = await online();
  writeFileSync(join(scratch, 'up.bin'), randomBytes(700_000));
  mkdirSync(join(scratch, 'target'));
  const bare = id.split('/').pop();
  const sha = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
  // meshctrl says nothing and gives up when a busy server does not join the two ends in time; a person would try again.
  let said = '';
  await until('the upload arrives', async () => {
    said = await ctl('upload', '--id', bare, '--file', join(scratch, 'up.bin'), '--target', join(scratch, 'target'));
    return existsSync(join(scratch, 'target', 'up.bin'));
  }, 120).catch((error) => { throw new Error(`${error.message}: ${said}\n${readFileSync(join(scratch, 'agent.log'), 'utf8')}`); });
  assert.equal(sha(join(scratch, 'target', 'up.bin')), sha(join(scratch, 'up.bin')));
  await ctl('download', '--id', bare, '--file', join(scratch, 'target', 'up.bin'), '--target', join(scratch, 'down.bin'));
  assert.equal(sha(join(scratch, 'down.bin')), sha(join(scratch, 'up.bin')));
  assert.equal(await end(agent), 0);
  agent = startAgent();
  assert.equal(await online(), id);
});
