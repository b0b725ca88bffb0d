// SPDX-License-Identifier: Apache-2.0
// From MeshCentral to Bowline: a folder made by the real server, with a real MeshAgent connected to it, is taken over. Then
// the same agent comes back by itself under the same id, and passwords, second factors and tokens still work.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, Control, MESHAGENT, WebSocket, end, freePorts, start, until } from '../integration/lib.mjs';

const MESHCENTRAL = process.env.BL_TEST_MESHCENTRAL;
const skip = MESHCENTRAL && existsSync(MESHCENTRAL) && MESHAGENT && existsSync(MESHAGENT) ? false : 'no MeshCentral here';
const scratch = mkdtempSync(join(tmpdir(), 'bowline-migration-'));
const data = join(scratch, 'meshcentral-data');
const target = join(scratch, 'bowline');
const PASSWORDS = { admin: 'Admin4Tests!', totp: 'Totp4Tests!', limited: 'Limited4Tests!' };
const sets = ['auth.hash-memory=19M', 'auth.hash-passes=1'];
const old = {}; // what the old server said
let ports;
let server;
let agent;
let bowline;

// ---- the old server ----

const node = (...args) => new Promise((resolve) => {
  execFile('node', args, { cwd: scratch, timeout: 60000 }, (error, stdout, stderr) => resolve(`${stdout}${stderr}`));
});
const meshctrl = (...args) => node(join(MESHCENTRAL, 'meshctrl.js'), ...args, '--url', `wss://127.0.0.1:${ports[0]}`,
  '--loginuser', 'admin', '--loginpass', PASSWORDS.admin);

const fetchText = (path) => new Promise((resolve) => {
  get({ host: '127.0.0.1', port: ports[0], path, rejectUnauthorized: false, agent: false }, (res) => {
    let text = '';
    res.on('data', (d) => { text += d; });
    res.on('end', () => resolve(res.statusCode === 200 ? text : ''));
  }).on('error', () => resolve(''));
});

async function control(user, password, token) {
  const parts = [user, password, ...(token ? [token] : [])].map((t) => Buffer.from(t).toString('base64'));
  const socket = new WebSocket(`wss://127.0.0.1:${ports[0]}/control.ashx`,
    { rejectUnauthorized: false, headers: { 'x-meshauth': parts.join(',') } });
  const channel = await new Control(socket).opened();
  channel.user = (await channel.take('the account', (f) => f.action === 'userinfo', 60)).userinfo;
  return channel;
}

async function refused(user, password, token) {
  const parts = [user, password, ...(token ? [token] : [])].map((t) => Buffer.from(t).toString('base64'));
  const channel = new Control(new WebSocket(`wss://127.0.0.1:${ports[0]}/control.ashx`,
    { rejectUnauthorized: false, headers: { 'x-meshauth': parts.join(',') } }));
  await until(`${user} is refused`, async () => channel.closed || channel.error !== undefined);
  assert.ok(!channel.frames.some((f) => f.action === 'userinfo'), `${user} was let in`);
  channel.close();
}

function totp(secret, time = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(time / 30000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

function startAgent(settings) {
  const dir = join(scratch, 'agent');
  mkdirSync(dir);
  copyFileSync(MESHAGENT, join(dir, 'meshagent'));
  chmodSync(join(dir, 'meshagent'), 0o755);
  writeFileSync(join(dir, 'meshagent.msh'), settings);
  const log = openSync(join(dir, 'agent.log'), 'a');
  return start(join(dir, 'meshagent'), ['run'], {
    stdio: ['ignore', log, log], cwd: dir, env: { PATH: process.env.PATH, HOME: dir, DISPLAY: ':9999', XAUTHORITY: '/nonexistent' },
  });
}

const devices = async () => {
  try { return JSON.parse(await meshctrl('listdevices', '--json')); } catch { return []; }
};

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

async function startMeshCentral() {
  server = start('node', [MESHCENTRAL, '--datapath', data], { cwd: scratch, stdio: 'ignore' });
  await until('MeshCentral answers', async () => (await fetchText('/health.ashx')) === 'ok', 120);
}

/** The serving process is a child of the one started. */
async function stopMeshCentral() {
  const children = childrenOf(server.pid);
  await end(server);
  for (const pid of children) {
    try { process.kill(pid, 'SIGTERM'); } catch { continue; }
    await until('the old server ends', async () => !existsSync(`/proc/${pid}`), 60);
  }
}

async function fillMeshCentral() {
  await meshctrl('adddevicegroup', '--name', 'Office');
  await meshctrl('adddevicegroup', '--name', 'Old one');
  await meshctrl('removedevicegroup', '--group', 'Old one');
  old.group = /mesh\/\/([A-Za-z0-9@$]{64})/.exec(await meshctrl('listdevicegroups', '--json'))[0];
  agent = startAgent(await fetchText(`/meshsettings?id=${encodeURIComponent(old.group.split('/')[2])}`));
  old.node = await until('the device is online', async () => (await devices()).find((d) => (d.conn & 1) === 1)?._id, 90);
  await meshctrl('addusertodevicegroup', '--group', 'Office', '--userid', 'limited', '--remotecontrol', '--noterminal');
  await meshctrl('addusergroup', '--name', 'Staff');
  const staff = /ugrp\/\/[A-Za-z0-9@$]{64}/.exec(await meshctrl('listusergroups', '--json'))[0];
  await meshctrl('addtousergroup', '--groupid', staff, '--id', 'user//totp');
  await meshctrl('addtousergroup', '--groupid', staff, '--id', old.group, '--rights', '8');
  await meshctrl('editdevice', '--id', old.node.split('/')[2], '--desc', 'Under the stairs', '--tags', 'a,b');
  const shared = await meshctrl('devicesharing', '--id', old.node.split('/')[2], '--add', 'Guest', '--type', 'terminal', '--duration', '600');
  const invited = await meshctrl('generateinvitelink', '--group', 'Office', '--hours', '24');
  old.links = [shared, invited].map((text) => { const { pathname, search } = new URL(/https:\S+/.exec(text)[0]); return pathname + search; });
  const channel = await control('admin', PASSWORDS.admin);
  channel.send({ action: 'setNotes', id: old.node, notes: 'Beware of the cable' });
  channel.send({ action: 'createLoginToken', name: 'script', expire: 0 });
  old.token = await channel.take('a token', (f) => f.action === 'createLoginToken');
  assert.match(String(old.token.tokenUser), /^~t:/);
  channel.close();
  const second = await control('totp', PASSWORDS.totp);
  second.send({ action: 'otpauth-request' });
  const { secret } = await second.take('a secret', (f) => f.action === 'otpauth-request');
  second.send({ action: 'otpauth-setup', secret, token: totp(secret) });
  assert.equal((await second.take('the answer', (f) => f.action === 'otpauth-setup')).success, true);
  old.secret = secret;
  second.close();
  await until('the device has told of itself', async () => documentsOf(readFileSync(join(data, 'meshcentral.db'), 'utf8')).has(`if${old.node}`), 60);
}

/** What is compared: everything that is not of the moment. */
const LISTS = {
  users: ['listusers', '--json'],
  groups: ['listdevicegroups', '--json'],
  usergroups: ['listusergroups', '--json'],
  devices: ['listdevices', '--json'],
};
const MOMENT = ['conn', 'pwr', 'agct', 'cict', 'agent', 'ip', 'lastbootuptime', 'lastconnect', 'lastaddr', 'host', 'users', 'login', 'access', 'sessions', 'netif', 'otpsecret'];

async function lists() {
  const result = {};
  for (const [name, args] of Object.entries(LISTS)) {
    const rows = JSON.parse(await meshctrl(...args));
    result[name] = (Array.isArray(rows) ? rows : Object.values(rows))
      .map((row) => Object.fromEntries(Object.entries(row).filter(([k]) => !MOMENT.includes(k)).sort()))
      .sort((a, b) => String(a._id).localeCompare(String(b._id)));
  }
  return result;
}

const documentsOf = (text) => {
  const found = new Map();
  for (const line of text.split('\n').filter(Boolean)) {
    const document = JSON.parse(line);
    if (document.$$deleted) found.delete(document._id);
    else if (document._id) found.set(document._id, document);
  }
  return found;
};

/** Every file of a folder with its content, mode and times. */
function fingerprint(dir) {
  return readdirSync(dir, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name)).flatMap((entry) => {
    const path = join(dir, entry.name);
    const { mode, mtimeMs, size } = statSync(path);
    if (entry.isDirectory()) return [`${path} ${mode} ${mtimeMs}`, ...fingerprint(path)];
    return [`${path} ${mode} ${mtimeMs} ${size} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`];
  });
}

before(async () => {
  if (skip) return;
  mkdirSync(data);
  ports = await freePorts(3);
  writeFileSync(join(data, 'config.json'), JSON.stringify({ settings: { cert: '127.0.0.1', WANonly: true, port: ports[0], redirPort: ports[1],
    mpsPort: 0, exactPorts: true, selfUpdate: false, noAgentUpdate: 1, maxInvalidLogin: false, certificatePrivateKeyPassword: ['x', 'secret'], NoSuchKey: 1 },
  domains: { '': { title: 'Ours' } } }));
  for (const [name, password] of Object.entries(PASSWORDS)) {
    await node(MESHCENTRAL, '--datapath', data, '--createaccount', name, '--pass', password, '--email', `${name}@example.org`);
  }
  await node(MESHCENTRAL, '--datapath', data, '--adminaccount', 'admin');
  await startMeshCentral();
  await fillMeshCentral();
  old.lists = await lists();
  mkdirSync(join(scratch, 'meshcentral-files', 'domain', 'user-admin', 'Public'), { recursive: true });
  writeFileSync(join(scratch, 'meshcentral-files', 'domain', 'user-admin', 'Public', 'a.txt'), 'kept\n');
});

after(async () => {
  if (agent) await end(agent);
  if (server) await stopMeshCentral().catch(() => {});
  if (bowline) assert.equal(await end(bowline.process, 'SIGTERM', 15), 0);
  if (process.env.BL_TEST_KEEP) process.stderr.write(`kept: ${scratch}\n`);
  else rmSync(scratch, { recursive: true, force: true });
});

// ---- the import ----

const ctl = (...args) => new Promise((resolve) => {
  execFile(join(BUILD, 'bin', 'bowlinectl'), ['--data-dir', target, ...sets.flatMap((s) => ['--set', s]), ...args],
    { env: { ...process.env, BOWLINE_MODULE_PATH: join(BUILD, 'modules'), BOWLINE_DATA_PATH: BUILD }, timeout: 120000, maxBuffer: 1e8, cwd: data },
    (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
});

async function importInto(...args) {
  const { code, out, err } = await ctl('--json', 'import-meshcentral', '.', ...args); // from inside the folder: its own name must not count as the server's
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

const count = (report, kind) => report.counts.find((row) => row.kind === kind);

test('a server that runs is refused', { skip, timeout: 60000 }, async () => {
  const { code, err } = await ctl('import-meshcentral', data);
  assert.equal(code, 1);
  assert.match(err, /the server of this folder runs \(process \d+\)/);
  assert.match(err.trimEnd().split('\n').at(-1), /^bowlinectl: /);
});

test('a dry run tells and changes nothing', { skip, timeout: 120000 }, async () => {
  await stopMeshCentral();
  server = undefined;
  old.stopped = Date.now();
  old.fingerprint = fingerprint(data);
  rmSync(target, { recursive: true, force: true });
  const report = await importInto('--dry-run');
  assert.equal(existsSync(target), false);
  assert.equal(report['dry-run'], true);
  assert.equal(count(report, 'account').new, 3);
  assert.equal(count(report, 'device').new, 1);
  assert.equal(count(report, 'certificate').found, 4 - (existsSync(join(data, 'mpsserver-cert-public.crt')) ? 0 : 1));
  assert.match(report.settings, new RegExp(`^port=${ports[0]}$`, 'm'));
  assert.ok(report.notes.some((n) => /NoSuchKey/i.test(n)), JSON.stringify(report.notes));
  const { code, out } = await ctl('import-meshcentral', data, '--dry-run');
  assert.equal(code, 0);
  assert.match(out, /changes would be made; nothing was changed/);
});

test('everything arrives, once', { skip, timeout: 120000 }, async () => {
  const report = await importInto();
  const database = documentsOf(readFileSync(join(data, 'meshcentral.db'), 'utf8'));
  for (const [kind, prefix] of [['account', 'user/'], ['user group', 'ugrp/'], ['device group', 'mesh/'], ['device', 'node/'],
    ['last connection', 'lcnode/'], ['network information', 'ifnode/'], ['note', 'nt'], ['login token', 'logintoken-'],
    ['device share', 'deviceshare-']]) {
    const inSource = [...database.keys()].filter((id) => id.startsWith(prefix)).length;
    assert.ok(inSource > 0, `${kind}: none in the source`);
    assert.equal(count(report, kind).found, inSource, kind);
    assert.equal(count(report, kind).new, inSource, kind);
  }
  for (const row of report.counts) {
    assert.equal(row.found, row.new + row.merged + row.replaced + row.unchanged + row.kept + row.left, `${row.kind}: each is counted once`);
  }
  assert.ok(count(report, 'event').new > 5);
  assert.ok(count(report, 'power state').new >= 1, 'the device was switched on');
  assert.equal(count(report, 'file').new, 1);
  assert.deepEqual(fingerprint(data), old.fingerprint, 'the source was touched');
  for (const name of ['agentserver-cert-private.key', 'root-cert-private.key']) assert.equal(statSync(join(target, 'certs', name)).mode & 0o777, 0o600);
  const again = await importInto();
  assert.equal(again.changed, 0, JSON.stringify(again.counts));
  assert.match((await ctl('import-meshcentral', data)).out, /Nothing was changed/);
  assert.match((await ctl('user', 'list')).out, /^user\/\/limited\t/m);
});

test('the agent comes back by itself', { skip, timeout: 400000 }, async () => {
  bowline = new Bowline();
  Object.assign(bowline, { dir: scratch, data: target, config: join(scratch, 'bowline.conf'), port: ports[0], redirectPort: ports[1], mpsPort: ports[2],
    sets, wrap: [], agents: [] });
  const drop = readFileSync(join(target, 'bowline-imported.conf'), 'utf8');
  assert.match(drop, /^name=127\.0\.0\.1$/m);
  writeFileSync(bowline.config, drop);
  await bowline.run();
  const row = await until('the same device is online', async () => {
    const { devices: rows } = JSON.parse(await bowline.ctl(['device', 'list', '--json']));
    assert.equal(rows.length, 1, 'no second device appears');
    return (rows[0].conn & 1) === 1 ? rows[0] : null;
  }, 300);
  assert.equal(row._id, old.node);
  assert.equal(agent.exitCode, null);
});

test('people and scripts log in as before', { skip, timeout: 120000 }, async () => {
  const admin = await control('admin', PASSWORDS.admin);
  assert.equal(admin.user.siteadmin, 0xFFFFFFFF);
  assert.equal((await admin.ask({ action: 'getNotes', id: old.node })).notes, 'Beware of the cable');
  const kept = await admin.ask({ action: 'fileoperation', fileop: 'get', path: ['user//admin', 'Public'], file: 'a.txt' });
  assert.equal(Buffer.from(kept.data, 'base64').toString(), 'kept\n');
  admin.close();
  const limited = await control('limited', PASSWORDS.limited);
  assert.equal(limited.user.links[old.group].rights, 8 | 512);
  limited.close();
  await refused('limited', PASSWORDS.admin);
  await refused('totp', PASSWORDS.totp);
  await refused('totp', PASSWORDS.totp, '000000');
  const second = await control('totp', PASSWORDS.totp, totp(old.secret));
  assert.equal(second.user._id, 'user//totp');
  second.close();
  const token = await control(old.token.tokenUser, old.token.tokenPass);
  assert.equal(token.user._id, 'user//admin');
  token.close();
  // The hash was renewed by the login; it still fits, and a second import does not put the old one back.
  (await control('admin', PASSWORDS.admin)).close();
});

test('meshctrl lists the same', { skip, timeout: 120000 }, async () => {
  const now = await lists();
  for (const name of Object.keys(LISTS)) assert.deepEqual(now[name], old.lists[name], name);
});

test('the power history goes on', { skip, timeout: 60000 }, async () => {
  const admin = await control('admin', PASSWORDS.admin);
  const { timeline } = await admin.ask({ action: 'powertimeline', nodeid: old.node });
  assert.ok(timeline[1] * 1000 < old.stopped, `${JSON.stringify(timeline)}: it begins at the old server`);
  admin.close();
});

test('links that were sent before still open', { skip, timeout: 60000 }, async () => {
  for (const link of old.links) {
    assert.notEqual(await fetchText(link), '', link);
    assert.equal(await fetchText(link.replace(/c=..../, 'c=AAAA')), '', 'a forged one opens nothing');
  }
});

test('keys of links and cookies are the old ones', { skip, timeout: 60000 }, async () => {
  const database = documentsOf(readFileSync(join(data, 'meshcentral.db'), 'utf8'));
  assert.equal((await bowline.ctl(['login-key'])).trim(), database.get('LoginCookieEncryptionKey').key);
});
