// SPDX-License-Identifier: Apache-2.0
// What Tactical RMM does, call by call, on the plain port behind a trusted proxy: its API token and its check of the mesh
// server, accounts made by frames nobody waits for, the window of a device in both directions of the key's policy.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { after, before } from 'node:test';
import { Bowline, Control, WebSocket, end, stopAll, until } from './lib.mjs';
import { apiToken as makeApiToken, hexOf, loginToken as makeLoginToken } from './tokens.mjs';
import { request, say } from './wire.mjs';

const AWAY = '192.0.2.44';
let bowline;
let key;

const apiToken = (user, secret = key) => makeApiToken(secret, user);
const loginToken = (user, { secret = key, ...form } = {}) => makeLoginToken(secret, user, form);

/** As Tactical's nginx sends it: on every request, plain ones too. */
const proxied = (address = AWAY) => ({ Host: `localhost:${bowline.port}`, Upgrade: '', Connection: 'upgrade',
  'X-Forwarded-Host': 'localhost:443', 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https' });

const socket = (auth, headers = {}) => new WebSocket(`ws://localhost:${bowline.port}/control.ashx?auth=${auth}`, { headers });
const open = (auth, headers) => new Control(socket(auth, headers)).opened();

/** Sends frames and leaves at once. */
async function tell(...frames) {
  const ws = socket(apiToken('admin'));
  await new Promise((resolve, reject) => { ws.once('open', resolve); ws.once('error', reject); });
  for (const frame of frames) ws.send(JSON.stringify(frame));
  ws.close();
}

async function ask(auth, action, headers) {
  const control = await open(auth, headers);
  control.send({ action, responseid: 'meshctrl' });
  const answer = await control.take(action, (f) => f.action === action);
  control.close();
  return answer;
}

function ticketsOf(answer) {
  const meta = /<meta name="bowline-page" content="([^"]*)">/.exec(answer.body.toString());
  return meta && JSON.parse(meta[1].replaceAll('&quot;', '"').replaceAll('&amp;', '&'));
}

async function page(token, query = '', address = AWAY) {
  const answer = await say(bowline.port, request('GET', `/?login=${encodeURIComponent(token)}${query}`, proxied(address)), { tls: false });
  return { ...answer, tickets: ticketsOf(answer) };
}

before(async () => {
  bowline = await Bowline.start({ sets: ['server.tls-offload=true', 'server.trusted-proxies=127.0.0.1',
    'server.alias-port=443', 'server.allow-framing=https://rmm.example.com'] });
  await bowline.createUser('admin');
  key = Buffer.from((await bowline.ctl(['login-key'])).trim(), 'hex');
  assert.equal(key.length, 80);
});

after(async () => {
  assert.equal(await end(bowline.process, 'SIGTERM', 15), 0);
  stopAll();
});

test('its check of the mesh server', async () => {
  const answer = await ask(apiToken('admin'), 'meshes');
  assert.deepEqual(answer.meshes, []);
  assert.equal(answer.responseid, 'meshctrl');
  const info = await (await open(apiToken('admin'))).take('userinfo', (f) => f.action === 'userinfo');
  assert.equal(info.userinfo.siteadmin, 4294967295);
});

test('frames that nobody waits for are executed', async () => {
  await tell({ action: 'createmesh', meshname: 'TacticalRMM', meshtype: 2, responseid: 'python' });
  await until('the group', async () => (await ask(apiToken('admin'), 'meshes')).meshes.some((m) => m.name === 'TacticalRMM'));
  await tell({ action: 'adduser', username: 'john___1', email: 'john.abcdef@tacticalrmm-do-not-change-abcde.local', pass: 'x!0123456789Abcdefghijklmnopqr',
    resetNextLogin: false, randomPassword: false, removeEvents: false, emailVerified: true });
  await tell({ action: 'edituser', id: 'user//john___1', realname: 'John - Company' });
  await until('the account with its name', async () => (await ask(apiToken('admin'), 'users')).users
    .some((u) => u._id === 'user//john___1' && u.realname === 'John - Company'));
});

test('a window opens with both forms of the token, and with nothing else', async () => {
  for (const head of ['constant', 'hmac']) {
    const shown = await page(loginToken('john___1', { head }), '&gotonode=&viewmode=12&hide=31');
    assert.equal(shown.status, 200);
    assert.ok(shown.tickets?.auth && shown.tickets.rauth, head);
    assert.match(shown.headers['content-security-policy'], /frame-ancestors 'self' https:\/\/rmm\.example\.com;/);
    assert.equal(shown.headers['x-frame-options'], undefined);
    assert.equal(shown.headers['cache-control'], 'no-store');
    assert.match(shown.headers['set-cookie'], /^__Host-bowline=/);
    const control = await open(encodeURIComponent(shown.tickets.auth), { 'X-Forwarded-For': AWAY });
    const { userinfo } = await control.take('userinfo', (f) => f.action === 'userinfo');
    assert.equal(userinfo._id, 'user//john___1');
    control.close();
  }
  for (const bad of [loginToken('john___1', { head: 'random' }), loginToken('ghost'), loginToken('john___1', { secret: randomBytes(80) }),
    apiToken('admin'), 'x', '']) {
    const shown = await page(bad);
    assert.equal(shown.status, 200);
    assert.equal(shown.tickets, null);
    assert.equal(shown.headers['set-cookie'], undefined);
  }
});

test('an administrator is none away from this machine', async () => {
  const control = await open(apiToken('admin'), { 'X-Forwarded-For': AWAY });
  const { userinfo } = await control.take('userinfo', (f) => f.action === 'userinfo');
  assert.equal(userinfo._id, 'user//admin');
  control.send({ action: 'adduser', username: 'intruder', email: 'a@b.example', pass: 'x!0123456789Abcdefgh', responseid: 'r' });
  control.send({ action: 'ping' });
  await control.take('pong', (f) => f.action === 'pong');
  control.close();
  const { users } = await ask(apiToken('admin'), 'users');
  assert.ok(!users.some((u) => u._id === 'user//intruder'));
});

test('embedding endpoints', async () => {
  const get = (path) => say(bowline.port, request('GET', path, proxied()), { tls: false });
  assert.equal((await get('/health.ashx')).body.toString(), 'ok');
  assert.equal((await get('/messenger')).status, 404);
  assert.equal((await get('/messenger?id=meshmessenger%2Fuser%2F%2Fa%2Fuser%2F%2Fb')).status, 200);
});

// Directly, with TLS of our own: devices connect here.
test('with bind-node a token reaches its first device and nothing else', async () => {
  const direct = await Bowline.start();
  await direct.createUser('admin');
  await direct.createUser('john___1', { admin: false });
  const secret = Buffer.from((await direct.ctl(['login-key'])).trim(), 'hex');
  const connect = (auth) => new Control(new WebSocket(`wss://localhost:${direct.port}/control.ashx?auth=${auth}`, { rejectUnauthorized: false })).opened();
  const show = async (token, id) => {
    const answer = await say(direct.port, request('GET', `/?login=${encodeURIComponent(token)}&gotonode=${hexOf(id)}`, { Host: `localhost:${direct.port}` }));
    return ticketsOf(answer);
  };
  const admin = await connect(apiToken('admin', secret));
  const { meshid } = await admin.ask({ action: 'createmesh', meshname: 'TacticalRMM', meshtype: 2 });
  for (const name of ['one', 'two']) await direct.startAgent('TacticalRMM', { name });
  const [node, other] = await until('two devices', async () => {
    const all = Object.values((await admin.ask({ action: 'nodes' })).nodes).flat().map((n) => n._id);
    return all.length === 2 && all;
  });
  for (const nodeid of [node, other]) await admin.ask({ action: 'adddeviceuser', nodeid, usernames: ['john___1'], rights: 4088024, remove: false });
  const seen = async (auth) => Object.values((await (await connect(auth)).ask({ action: 'nodes' })).nodes).flat().map((n) => n._id);

  assert.equal((await seen(encodeURIComponent((await show(loginToken('john___1', { secret }), node)).auth))).length, 2);
  await direct.ctl(['login-key', 'set', 'default', 'bind-node=true', 'users=*___*,admin']);
  await until('what the old policy let in is closed', () => admin.closed);
  const token = loginToken('john___1', { secret });
  const { auth } = await show(token, node);
  assert.deepEqual(await seen(encodeURIComponent(auth)), [node]);
  assert.equal(await show(token, other), null);

  const window = await connect(encodeURIComponent(auth));
  for (const request_ of [{ action: 'msg', type: 'tunnel', nodeid: other, value: '*/meshrelay.ashx?p=1&id=a1', usage: 1 },
    { action: 'runcommands', nodeids: [other], type: 3, cmds: 'true', runAsUser: 0 }, { action: 'changedevice', nodeid: other, desc: 'x' },
    { action: 'removedevices', nodeids: [other] }, { action: 'createmesh', meshname: 'x', meshtype: 2 },
    { action: 'deletemesh', meshid }, { action: 'changepassword', oldpass: 'a', newpass: 'b!Cdefgh1234' },
    { action: 'createLoginToken', name: 'x', expire: 0 }]) {
    const answer = await window.ask(request_).catch(() => ({}));
    assert.notEqual(String(answer.result ?? '').toUpperCase(), 'OK', request_.action);
    assert.equal(answer.tokenPass, undefined);
  }
  const refused = await connect(encodeURIComponent(token));
  await refused.take('a refusal', (f) => f.action === 'close' && f.cause === 'noauth');
  assert.equal((await seen(apiToken('admin', secret))).length, 2);
  await direct.ctl(['login-key', 'revoke', 'default']);
  await until('the window is closed', () => window.closed);
  assert.equal(await direct.stop(), 0);
});
