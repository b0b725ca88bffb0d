// SPDX-License-Identifier: Apache-2.0
// TCP ports of a device through the relay, with bowline-agent and the real MeshAgent: by the cookie of getcookie, by the query of a
// router, and everything that must not open one; and files of a device by their address.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, Control, WebSocket, freePorts, skipMeshAgent, until } from './lib.mjs';

const enc = encodeURIComponent;
const REMOTE_CONTROL = 8;
const NO_FILES = 0x400;
const CHAT = 0x4000;
const RELAY = 0x200000;
let bowline;
let control;
let echo;
let closedPort;
const nodes = {};

/** The viewer's end of a port. */
class Viewer {
  constructor(query) {
    this.text = [];
    this.data = Buffer.alloc(0);
    this.socket = new WebSocket(`wss://localhost:${bowline.port}/meshrelay.ashx?${query}`, { rejectUnauthorized: false });
    this.socket.on('message', (data, binary) => { if (binary) this.data = Buffer.concat([this.data, data]); else this.text.push(data.toString()); });
    this.socket.on('close', () => { this.closed = true; });
    this.socket.on('error', () => { this.closed = true; });
  }

  async joined() {
    await until('both ends joined', () => { assert.ok(!this.closed, 'the relay refused'); return this.text[0] === 'c'; });
    return this;
  }

  /** Resolves when the server ended it. joined: it ran before. */
  async refused() {
    await until('the relay closes', () => this.closed, 20);
    assert.deepEqual(this.text, []);
  }

  async speaks(bytes) {
    const from = this.data.length;
    this.socket.send(bytes);
    await until('the echo', () => this.data.length >= from + bytes.length);
    assert.ok(this.data.subarray(from).equals(bytes));
  }

  close() { this.socket.terminate(); }
}

const cookieFor = async (session, nodeid, more = {}) => (await session.ask({ action: 'getcookie', nodeid, tcpport: echo.address().port, ...more })).cookie;
const setRights = (nodeid, rights) => control.ask({ action: 'adddeviceuser', nodeid, usernames: ['john'], rights, remove: rights === 0 });

before(async () => {
  echo = createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  [closedPort] = await freePorts(1);
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  await bowline.createUser('john', { admin: false });
  control = await bowline.control();
  await control.ask({ action: 'createmesh', meshname: 'g', meshtype: 2 });
  await bowline.startAgent('g', { name: 'ours' });
  const [ours] = await bowline.waitOnline(1);
  nodes.ours = ours._id;
  if (skipMeshAgent) return;
  await bowline.startMeshAgent('g');
  const rows = await bowline.waitOnline(2);
  nodes.mesh = rows.find((r) => r._id !== ours._id)._id;
});

after(async () => {
  control?.close();
  const code = await bowline?.stop();
  echo?.close();
  assert.equal(code, 0);
});

for (const [kind, skip] of [['ours', false], ['mesh', skipMeshAgent]]) {
  test(`a port by a cookie, without an id (${kind})`, { skip, timeout: 60000 }, async () => {
    control.send({ action: 'getcookie', name: null, nodeid: nodes[kind], tag: 'novnc', tcpaddr: null, tcpport: echo.address().port });
    const answer = await control.take('a cookie', (f) => f.action === 'getcookie');
    assert.equal(answer.tag, 'novnc');
    const viewer = await new Viewer(`auth=${enc(answer.cookie)}`).joined();
    const big = Buffer.alloc(300000, kind);
    await viewer.speaks(Buffer.from('RFB 003.008\n'));
    await viewer.speaks(big);
    const again = await new Viewer(`auth=${enc(answer.cookie)}`).joined();
    await again.speaks(Buffer.from('two'));
    viewer.close();
    again.close();
    await control.take('the end in the log', (f) => f.event?.action === 'relaylog' && f.event.msgid === 9
      && f.event.protocol === 12 && f.event.nodeid === nodes[kind]);
  });

  test(`a port by a router's query (${kind})`, { skip, timeout: 60000 }, async () => {
    const { cookie } = await control.ask({ action: 'authcookie' });
    const target = `nodeid=${enc(nodes[kind])}&tcpport=${echo.address().port}`;
    const viewer = await new Viewer(`${target}&tcpaddr=localhost&auth=${enc(cookie)}`).joined();
    await viewer.speaks(Buffer.from('hello'));
    viewer.close();
    for (const bad of [`nodeid=${enc(nodes[kind])}&tcpport=0`, `nodeid=x&tcpport=22`, `tcpport=22`, `${target}&tcpaddr=${enc('a b')}`,
      `nodeid=${enc(nodes[kind])}&udpport=53`]) await new Viewer(`${bad}&auth=${enc(cookie)}`).refused();
    await new Viewer(target).refused();
    await new Viewer(`${target}&auth=x`).refused();
  });
}

// A MeshAgent says that it is connected before it knows.
test('nothing listens there', { timeout: 60000 }, async () => {
  const viewer = new Viewer(`auth=${enc(await cookieFor(control, nodes.ours, { tcpport: closedPort }))}`);
  await until('it ends', () => viewer.closed, 25);
  assert.equal(viewer.data.length, 0);
});

for (const [kind, skip] of [['ours', false], ['mesh', skipMeshAgent]]) {
  test(`a file by its address (${kind})`, { skip, timeout: 60000 }, async () => {
    const { cookie } = await control.ask({ action: 'authcookie' });
    const get = (path, node = nodes[kind], auth = cookie) => bowline.fetch(`/devicefile.ashx?n=${enc(node)}&f=${enc(path)}&c=${enc(auth)}`);
    for (const [name, content] of [['big ä.bin', randomBytes(3000000)], ['empty', Buffer.alloc(0)]]) {
      writeFileSync(join(bowline.dir, name), content);
      const answer = await get(join(bowline.dir, name), nodes[kind].split('/')[2]);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-length'], String(content.length));
      assert.ok(answer.headers['content-disposition'].endsWith(`filename*=UTF-8''${enc(name)}`));
      assert.equal(answer.headers['content-type'], 'application/octet-stream');
      assert.ok(answer.body.equals(content));
    }
    assert.equal((await get(join(bowline.dir, 'none'))).status, 401);
    assert.equal((await get(bowline.dir)).status, 401);
    assert.equal((await get('/etc/hostname', nodes[kind], 'x')).status, 404);
    assert.equal((await get('/etc/hostname', nodes[kind], await cookieFor(control, nodes[kind]))).status, 404, 'a cookie for a port');
    assert.equal((await get('/etc/hostname', 'node//nobody')).status, 404);
    assert.equal((await bowline.fetch(`/devicefile.ashx?n=${enc(nodes[kind])}&f=%2Fetc%2Fhostname`)).status, 404);
    await setRights(nodes[kind], REMOTE_CONTROL | NO_FILES);
    const john = await bowline.control({ user: 'john' });
    const { cookie: his } = await john.ask({ action: 'authcookie' });
    john.close();
    assert.equal((await get('/etc/hostname', nodes[kind], his)).status, 404);
    await setRights(nodes[kind], 0);
  });
}

test('the cookie opens nothing else', { timeout: 60000 }, async () => {
  const cookie = enc(await cookieFor(control, nodes.ours));
  for (const purpose of ['auth', 'login']) {
    const other = await new Control(new WebSocket(`wss://localhost:${bowline.port}/control.ashx?${purpose}=${cookie}`, { rejectUnauthorized: false })).opened();
    await other.take('a refusal', (f) => f.action === 'close');
    other.close();
  }
  // An ordinary session of its account, ordered on the control channel, is none of its business either.
  const id = `x${Date.now()}`;
  control.send({ action: 'msg', type: 'tunnel', nodeid: nodes.ours, usage: 1, value: `*/meshrelay.ashx?p=1&nodeid=${nodes.ours}&id=${id}` });
  await new Viewer(`id=${id}&auth=${cookie}`).refused();
});

test('rights decide, at the cookie, at the port and while it is open', { timeout: 90000 }, async () => {
  await setRights(nodes.ours, CHAT);
  const john = await bowline.control({ user: 'john' });
  assert.equal(await cookieFor(john, nodes.ours), undefined);
  const { cookie: login } = await john.ask({ action: 'authcookie' });
  await new Viewer(`nodeid=${enc(nodes.ours)}&tcpport=${echo.address().port}&auth=${enc(login)}`).refused();
  await setRights(nodes.ours, RELAY);
  const cookie = await cookieFor(john, nodes.ours);
  if (nodes.mesh) assert.equal(await cookieFor(john, nodes.mesh), undefined, 'another device');
  const viewer = await new Viewer(`auth=${enc(cookie)}`).joined();
  await viewer.speaks(Buffer.from('still'));
  await setRights(nodes.ours, CHAT);
  await until('the session is cut', () => viewer.closed, 5);
  await new Viewer(`auth=${enc(cookie)}`).refused();
  john.close();
});

test('a login key without ports gets none', { timeout: 60000 }, async () => {
  const secret = Buffer.from((await bowline.ctl(['login-key'])).trim(), 'hex');
  const { loginToken } = await import('./tokens.mjs');
  await setRights(nodes.ours, REMOTE_CONTROL);
  const open = async () => new Control(new WebSocket(`wss://localhost:${bowline.port}/control.ashx?auth=${enc(loginToken(secret, 'john'))}`, { rejectUnauthorized: false })).opened();
  const before_ = await open();
  const cookie = await cookieFor(before_, nodes.ours);
  const viewer = await new Viewer(`auth=${enc(cookie)}`).joined();
  await bowline.ctl(['login-key', 'set', 'default', 'views=desktop']);
  await until('what the old policy let in is closed', () => viewer.closed, 5);
  await new Viewer(`auth=${enc(cookie)}`).refused();
  const narrow = await open();
  assert.equal(await cookieFor(narrow, nodes.ours), undefined);
  narrow.send({ action: 'msg', type: 'tunnel', nodeid: nodes.ours, responseid: 'm', tcpport: echo.address().port, usage: 2,
    value: `*/meshrelay.ashx?p=2&nodeid=${nodes.ours}&id=narrow` });
  assert.notEqual((await narrow.take('an answer', (f) => f.responseid === 'm')).result, 'OK');
  narrow.close();
});
