// SPDX-License-Identifier: Apache-2.0
// The program "meshcentral" and the folder that stands for its npm package, called as Tactical RMM's installation, container and
// backup scripts call them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Control, TOP, WebSocket, end, freePorts, start, until } from './lib.mjs';
import { apiToken } from './tokens.mjs';

const place = mkdtempSync(join(tmpdir(), 'bowline-program-'));
const data = join(place, 'meshcentral-data');
const PACKAGE = join('node_modules', 'meshcentral');
const env = { ...process.env, BOWLINE_MESHCENTRAL: join(BUILD, 'bin', 'meshcentral'), BOWLINE_MODULE_PATH: join(BUILD, 'modules'),
  BOWLINE_DATA_PATH: BUILD };
let port;
let server;
let key;

/** node node_modules/meshcentral ARGS; returns what it prints. */
function call(args, { script = '', status = 0, cwd = place } = {}) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [join(cwd, PACKAGE, script), ...args], { cwd, env, timeout: 60000 }, (error, stdout, stderr) => {
      if ((error?.code ?? 0) !== status) reject(new Error(`${args.join(' ')}: ${error?.message} ${stdout} ${stderr}`));
      else resolve(status === 0 ? stdout.trim() : stderr.trim());
    });
  });
}

async function run() {
  server = start(process.execPath, [join(place, PACKAGE)], { cwd: place, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  server.stdout.on('data', (chunk) => { text += chunk; });
  await until('the line that scripts wait for', () => text.includes(`MeshCentral HTTP server running on port ${port}, alias port 443.`));
}

const open = (auth) => new Control(new WebSocket(`ws://127.0.0.1:${port}/control.ashx${auth}`)).opened();

async function userOf(name, password) {
  const b64 = (text) => Buffer.from(text).toString('base64');
  const socket = new WebSocket(`ws://127.0.0.1:${port}/control.ashx`, { headers: { 'x-meshauth': `${b64(name)},${b64(password)}` } });
  const control = await new Control(socket).opened();
  const frame = await control.take('an answer', (f) => f.action === 'userinfo' || f.action === 'close');
  control.close();
  return frame.userinfo;
}

before(async () => {
  const [web, redirect, mps] = await freePorts(3);
  port = web;
  mkdirSync(data);
  cpSync(join(TOP, 'data', 'meshcentral-package'), join(place, PACKAGE), { recursive: true });
  writeFileSync(join(data, 'config.json'), JSON.stringify({ settings: { Cert: 'mesh.example.com', WANonly: true, Port: port, aliasPort: 443,
    RedirPort: redirect, mpsPort: mps, AllowLoginToken: true, allowFraming: true, TlsOffload: '127.0.0.1', portBind: '127.0.0.1',
    redirPortBind: '127.0.0.1', mpsPortBind: '127.0.0.1', agentPing: 35,
    postgres: { user: 'u', password: 'p', port: '5432', host: 'localhost' } }, domains: { '': { title: 'Tactical RMM', newAccounts: false } } }));
});

after(async () => {
  if (server?.exitCode === null) assert.equal(await end(server, 'SIGTERM', 20), 0);
  rmSync(place, { recursive: true, force: true });
});

test('installation: the key while it runs; an account and its rights while it does not; a group', { timeout: 120000 }, async () => {
  await run();
  key = await call(['--logintokenkey']);
  assert.match(key, /^[0-9a-f]{160}$/);
  assert.equal(await end(server, 'SIGTERM', 20), 0);
  assert.equal(await call(['--createaccount', 'Admin', '--pass', 'A password 1', '--email', 'a@example.com']), 'Done.');
  assert.equal(await call(['--createaccount', 'admin', '--pass', 'A password 1', '--email', 'a@example.com']), 'User already exists.');
  assert.equal(await call(['--adminaccount', 'admin']), 'Done.');
  await run();
  assert.equal(await call(['--logintokenkey']), key);
  assert.match(await call(['--url', `wss://mesh.example.com:443`, '--loginuser', 'admin', '--loginpass', 'A password 1', 'AddDeviceGroup',
    '--name', 'TacticalRMM'], { script: 'meshctrl.js' }), /^ok mesh\/\//);
  const control = await open(`?auth=${apiToken(Buffer.from(key, 'hex'), 'admin')}`);
  const { meshes } = await control.ask({ action: 'meshes' });
  assert.deepEqual(meshes.map((m) => m.name), ['TacticalRMM']);
  control.close();
  assert.equal((await userOf('admin', 'A password 1')).siteadmin, 4294967295);
});

test('accounts while it runs: listed, shown, hashed, reset', { timeout: 60000 }, async () => {
  assert.deepEqual((await call(['--listuserids'])).split('\n'), ['user//admin']);
  const [account] = JSON.parse(await call(['--showitem', 'user//admin']));
  assert.equal(account.emailVerified, true);
  assert.equal(await call(['--showitem', 'user//ghost']), '[]');
  assert.equal(await call(['--createaccount', 'bea', '--hashpass', await call(['--hashpassword', 'Bea pass 1']), '--name', 'Bea B']), 'Done.');
  assert.equal((await userOf('bea', 'Bea pass 1')).realname, 'Bea B');
  assert.equal(await userOf('bea', 'wrong'), undefined);
  assert.equal(await call(['--resetaccount', 'bea', '--pass', 'Bea pass 2']), 'Done.');
  assert.equal((await userOf('bea', 'Bea pass 2'))._id, 'user//bea');
  assert.match(await call(['--logintoken', 'user//bea']), /^[A-Za-z0-9@$=]+$/);
  assert.match(await call(['--resetaccount', 'ghost', '--pass', 'x'], { status: 1 }), /does not exist/);
  assert.match(await call(['--bogus'], { status: 1 }), /^Invalid argument "bogus", use --help\.$/);
  assert.match(await call(['--help']), /--dbexport/);
});

test('backup: the export while it runs; restored in another place', { timeout: 120000 }, async () => {
  const file = join(data, 'meshcentral.db.json');
  assert.match(await call(['--dbexport']), /^\d+ documents written/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const documents = JSON.parse(readFileSync(file));
  assert.ok(Array.isArray(documents) && documents.some((d) => d._id === 'LoginCookieEncryptionKey' && d.key === key));
  const group = documents.find((d) => d.type === 'mesh');
  assert.ok(Object.keys(group.links).includes('user//admin'));
  const admin = documents.find((d) => d._id === 'user//admin');
  assert.ok(Object.keys(admin.links).every((id) => !/[$.,]/.test(id)), 'keys are escaped');
  assert.match(await call(['--dbimport', file], { status: 1 }), /runs; stop it first/);

  const other = mkdtempSync(join(tmpdir(), 'bowline-program-'));
  cpSync(join(place, 'node_modules'), join(other, 'node_modules'), { recursive: true });
  mkdirSync(join(other, 'meshcentral-data'));
  for (const name of ['meshcentral.db.json', 'config.json']) cpSync(join(data, name), join(other, 'meshcentral-data', name));
  assert.match(await call(['--dbimport'], { cwd: other }), /^[1-9]\d* changes made/);
  assert.deepEqual((await call(['--listuserids'], { cwd: other })).split('\n').sort(), ['user//admin', 'user//bea']);
  assert.equal(await call(['--logintokenkey'], { cwd: other }), key);
  const [restored] = JSON.parse(await call(['--showitem', 'user//admin'], { cwd: other }));
  assert.deepEqual(Object.keys(restored.links), [group._id]);
  assert.equal(restored.hash, admin.hash);
  rmSync(other, { recursive: true, force: true });
});

test('a folder of MeshCentral is not begun anew; a second server is refused', { timeout: 60000 }, async () => {
  assert.match(await call([], { status: 1 }), /a server runs already/);
  const other = mkdtempSync(join(tmpdir(), 'bowline-program-'));
  cpSync(join(place, 'node_modules'), join(other, 'node_modules'), { recursive: true });
  mkdirSync(join(other, 'meshcentral-data'));
  writeFileSync(join(other, 'meshcentral-data', 'meshcentral.db'), '');
  assert.match(await call(['--listuserids'], { status: 1, cwd: other }), /import-meshcentral/);
  assert.ok(!existsSync(join(other, 'meshcentral-data', 'bowline')));
  rmSync(other, { recursive: true, force: true });
});
