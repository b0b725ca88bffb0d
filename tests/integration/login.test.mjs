// SPDX-License-Identifier: Apache-2.0
// Signing in and out over the real front: cookie, restart, log out everywhere, limits, login cookies.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Bowline, Control, PASSWORD, WebSocket, end, until } from './lib.mjs';

let bowline;

before(async () => {
  bowline = await Bowline.start({ sets: ['module auth.account-failures=3', 'module auth.account-max-wait=2'] });
  await bowline.createUser('admin');
  await bowline.createUser('bob', { admin: false });
});

after(async () => { assert.equal(await bowline?.stop(), 0); });

const post = (path, body, headers = {}) => bowline.fetch(path, {
  method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body),
});
const own = () => ({ origin: bowline.url });

async function signIn(username = 'admin', password = PASSWORD) {
  const answer = await post('/api/login', { username, password }, own());
  assert.equal(answer.status, 200, answer.body.toString());
  const [cookie] = answer.headers['set-cookie'];
  return cookie.split(';')[0];
}

async function isIn(cookie) {
  const answer = await bowline.fetch('/api/session', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
  return answer.status === 200;
}

function openControl(cookie) {
  return new Control(new WebSocket(`wss://localhost:${bowline.port}/control.ashx`,
    { rejectUnauthorized: false, headers: { cookie, origin: bowline.url } })).opened();
}

test('the cookie has every attribute and says nothing', async () => {
  const answer = await post('/api/login', { username: 'Admin', password: PASSWORD }, own());
  const [cookie] = answer.headers['set-cookie'];
  assert.match(cookie, /^__Host-bowline=[A-Za-z0-9_-]{43}; Secure; HttpOnly; SameSite=Strict; Path=\//);
  assert.equal(JSON.parse(answer.body).user._id, 'user//admin');
  assert.doesNotMatch(answer.body.toString(), /argon2/);
});

test('a session outlives a restart, and ends with logging out', async () => {
  const cookie = await signIn();
  assert.equal(await isIn(cookie), true);
  assert.equal(await end(bowline.process, 'SIGTERM', 15), 0);
  await bowline.run();
  assert.equal(await isIn(cookie), true);
  assert.equal((await post('/api/logout', {}, { ...own(), cookie })).status, 200);
  assert.equal(await isIn(cookie), false);
});

test('logging out everywhere ends sessions and their sockets', async () => {
  const [first, second] = [await signIn(), await signIn()];
  const control = await openControl(second);
  await control.take('userinfo', (f) => f.action === 'userinfo');
  await post('/api/logout', { everywhere: true }, { ...own(), cookie: first });
  assert.equal(await isIn(second), false);
  await until('the socket is closed', () => control.closed);
});

test('a cookie from another site counts for nothing', async () => {
  const cookie = await signIn();
  const answer = await bowline.fetch('/api/session', { headers: { cookie, 'sec-fetch-site': 'cross-site' } });
  assert.equal(answer.status, 401);
  await assert.rejects(new Control(new WebSocket(`wss://localhost:${bowline.port}/control.ashx`,
    { rejectUnauthorized: false, headers: { cookie, origin: 'https://evil.example' } })).opened());
});

test('wrong passwords make an account wait, and never who is signed in', async () => {
  const cookie = await signIn();
  for (let i = 0; i < 3; i++) {
    const answer = await post('/api/login', { username: 'bob', password: 'wrong' }, own());
    assert.equal(answer.status, 401);
    assert.equal(JSON.parse(answer.body).error, 'invalid');
  }
  const throttled = await post('/api/login', { username: 'bob', password: PASSWORD }, own());
  assert.equal(JSON.parse(throttled.body).error, 'throttled');
  assert.ok(Number(throttled.headers['retry-after']) > 0);
  assert.equal(await isIn(cookie), true);
  assert.match(await signIn(), /^__Host-bowline=/);
  await until('bob may try again', async () => (await post('/api/login', { username: 'bob', password: PASSWORD }, own())).status === 200, 10);
  assert.match(bowline.log(), /auth failure user=bob ip=127\.0\.0\.1 method=web reason=password/);
  assert.doesNotMatch(bowline.log(), /correct horse/);
});

test('a login cookie of the command line opens the control channel', async () => {
  const cookie = (await bowline.ctl(['login-token', 'admin'])).trim();
  const control = new Control(new WebSocket(`wss://localhost:${bowline.port}/control.ashx?auth=${encodeURIComponent(cookie)}`,
    { rejectUnauthorized: false }));
  await control.opened();
  const { userinfo } = await control.take('userinfo', (f) => f.action === 'userinfo');
  assert.equal(userinfo._id, 'user//admin');
  control.close();
});

test('removing an account closes what it has open', async () => {
  const cookie = await signIn('bob');
  const control = await openControl(cookie);
  await control.take('userinfo', (f) => f.action === 'userinfo');
  await bowline.ctl(['user', 'delete', 'bob']);
  await until('the socket is closed', () => control.closed);
  assert.equal(await isIn(cookie), false);
});
