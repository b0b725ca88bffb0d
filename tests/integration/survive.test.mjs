// SPDX-License-Identifier: Apache-2.0
// What no peer may do to the server (K5, K9, K14): garbage, endless and oversized input, silence, stalled readers, signals.
// After each attack the same process still answers, and its memory is still within a bound.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import test, { after, afterEach, before } from 'node:test';
import { Bowline, WebSocket, end, openTunnel, until } from './lib.mjs';
import { dial, frame, request, residentBytes, say, upgradeHeaders } from './wire.mjs';

const MIB = 1024 * 1024;
// A sanitizer keeps freed memory on purpose, so only the ordinary build is held to a bound.
const sanitized = /san/.test(process.env.BL_TEST_BUILD.split('/').pop());
const BOUND = sanitized ? Infinity : 160 * MIB;
const sets = ['auth.hash-memory=19M', 'auth.hash-passes=1', 'server.max-handshakes-per-address=4000', 'server.max-handshakes=8000'];
let bowline;
let control;
let nodeid;

async function answers(server = bowline) {
  const answer = await say(server.port, request('GET', '/health.ashx', { Connection: 'close' }));
  assert.equal(answer?.status, 200);
  assert.equal(answer.body.toString(), 'ok');
}

before(async () => {
  bowline = await Bowline.start({ sets });
  await bowline.createUser('admin');
  const group = await bowline.createGroup('Ours');
  await bowline.startAgent(group);
  nodeid = (await bowline.waitOnline(1))[0]._id;
  control = await bowline.control();
});

afterEach(async () => {
  assert.equal(bowline.process.exitCode ?? bowline.process.signalCode, null, bowline.log().slice(-4000));
  await answers();
  await until('memory within its bound', () => residentBytes(bowline.process.pid) < BOUND, 10);
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
});

async function throwAt(port, bytes, tls) {
  const socket = await dial(port, { tls });
  socket.on('data', () => {});
  socket.end(bytes);
  socket.setTimeout(3000, () => socket.destroy());
  await new Promise((done) => { socket.once('close', done); });
}

test('garbage on every port, below and above TLS', async () => {
  const request1 = request('GET', '/', { Cookie: 'a=b' });
  const garbage = [Buffer.alloc(0), randomBytes(1), randomBytes(5000), Buffer.alloc(70000), Buffer.from('\x16\x03\x01\xff\xff'),
    Buffer.concat([Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'), randomBytes(500)]),
    Buffer.from('GET '), Buffer.from(`GET /${'a'.repeat(100000)} HTTP/1.1\r\n`), Buffer.from(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(20000)}`),
    Buffer.from('\r\n'.repeat(20000)), Buffer.from('POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n'),
    Buffer.from('POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n'),
    Buffer.from(request1.slice(0, 20)), Buffer.from(request1.repeat(200)), Buffer.from(request1.replace('/', '/%00%ff'))];
  for (const bytes of garbage) {
    await Promise.all([[bowline.port, true], [bowline.port, false], [bowline.redirectPort, false]].map(([port, tls]) => throwAt(port, bytes, tls)));
  }
});

const deep = (n) => '[{"a":'.repeat(n);
const hostileTexts = [deep(1000), `{"action":${deep(1000)}`, '{"action":"nodes","x":"' + 'y'.repeat(900000) + '"}', '{"action":"unknown thing"}',
  '{"action":7}', '{"action":"' + 'a'.repeat(5000) + '"}', '[]', '"', '{}', '{"action":"nodes"', '{"action":"meshes","action":"nodes"}',
  '{"action":"nodes","meshid":{"$gt":""}}', '{"action":"msg","type":"tunnel","nodeid":["x"],"value":1e999}', '{"action":"\\ud800"}',
  '{"action":"changedevice","nodeid":"node//x","name":"' + '\\u0000'.repeat(100) + '"}', JSON.stringify({ action: 'createmesh', meshname: 'x'.repeat(100000), meshtype: 2 })];
const hostileFrames = () => [frame(1, Buffer.from('x'), { masked: false }), frame(3, Buffer.from('x')), frame(1, Buffer.from('x'), { reserved: 0x40 }),
  frame(9, Buffer.alloc(126)), frame(9, Buffer.from('x'), { fin: false }), frame(0, Buffer.from('x')), frame(1, Buffer.from([0xff, 0xfe])),
  frame(1, Buffer.from('x'), { length: 2 ** 40 }), frame(2, Buffer.from('x'), { length: 300 * MIB }), frame(8, Buffer.from([1])), frame(8, Buffer.from([0, 1])),
  frame(1, Buffer.from('{'), { fin: false }), randomBytes(4000), Buffer.alloc(10000, 0x81)];

async function attackSocket(path, headers) {
  for (const bytes of hostileFrames()) {
    const socket = await dial(bowline.port);
    socket.write(request('GET', path, { ...upgradeHeaders, ...headers }));
    socket.on('data', () => {});
    socket.end(bytes);
    socket.setTimeout(3000, () => socket.destroy());
    await new Promise((done) => { socket.once('close', done); });
  }
  for (const text of [...hostileTexts, randomBytes(3000)]) {
    const socket = new WebSocket(`wss://localhost:${bowline.port}${path}`, { rejectUnauthorized: false, headers });
    socket.on('error', () => {});
    await once(socket, 'open').catch(() => {});
    socket.send(text, () => {});
    socket.send(text, () => socket.close());
    setTimeout(() => socket.terminate(), 1500).unref();
    await Promise.race([once(socket, 'close'), new Promise((next) => { setTimeout(next, 2000).unref(); })]);
  }
}

test('hostile frames and messages before anybody has signed in', async () => {
  await Promise.all(['/control.ashx', '/agent.ashx', '/meshrelay.ashx?id=zz&browser=1', '/meshrelay.ashx?id=zz&rauth=zz'].map((path) => attackSocket(path)));
});

test('hostile frames and messages of an administrator', async () => {
  const b64 = (t) => Buffer.from(t).toString('base64');
  await attackSocket('/control.ashx', { 'x-meshauth': `${b64('admin')},${b64('correct horse battery')}` });
  for (const text of hostileTexts.filter((t) => t.length < 500000)) if (!control.closed) control.socket.send(text);
  assert.equal((await control.ask({ action: 'meshes' })).meshes.filter((m) => m.name === 'Ours').length, 1);
});

test('2000 silent connections leave room for a new one', async () => {
  const silent = [];
  for (let i = 0; i < 2000; i += 200) {
    silent.push(...await Promise.all(Array.from({ length: 200 }, () => dial(bowline.port, { tls: false, localAddress: `127.0.1.${1 + (i / 200)}` }))));
  }
  const started = Date.now();
  await answers();
  assert.ok(Date.now() - started < 2000, `${Date.now() - started} ms`);
  for (const socket of silent) socket.destroy();
});

// Writes until so many bytes are gone or the server closes; returns what was taken.
async function stream(socket, head, block, limit) {
  socket.setMaxListeners(0);
  let sent = 0;
  let over = false;
  socket.on('data', () => {});
  socket.once('close', () => { over = true; });
  socket.write(head);
  const stop = Date.now() + 8000;
  while (!over && sent < limit && Date.now() < stop) {
    if (!socket.write(block)) await Promise.race([once(socket, 'drain').catch(() => {}), once(socket, 'close').catch(() => {}), new Promise((next) => { setTimeout(next, 500).unref(); })]);
    sent += block.length;
  }
  socket.destroy();
  return sent;
}

test('endless input does not become memory', async () => {
  const before = residentBytes(bowline.process.pid);
  const block = Buffer.alloc(256 * 1024, 0x20);
  const upgrade = (path) => request('GET', path, upgradeHeaders);
  const endless = frame(1, block, { fin: false });
  const next = frame(0, block, { fin: false });
  const b64 = (t) => Buffer.from(t).toString('base64');
  const login = { ...upgradeHeaders, 'x-meshauth': `${b64('admin')},${b64('correct horse battery')}` };
  let peak = 0;
  const watch = setInterval(() => { peak = Math.max(peak, residentBytes(bowline.process.pid)); }, 20);
  for (const [path, head] of [['control', request('GET', '/control.ashx', login)], ['control, unknown', upgrade('/control.ashx')], ['agent', upgrade('/agent.ashx')],
    ['relay', upgrade('/meshrelay.ashx?id=q&browser=1')], ['body', request('POST', '/api/login', { 'Content-Length': '300000000' })],
    ['chunks', request('POST', '/api/login', { 'Transfer-Encoding': 'chunked' })]]) {
    const chunk = path === 'chunks' ? Buffer.concat([Buffer.from('40000\r\n'), block, Buffer.from('\r\n')]) : path === 'body' ? block : next;
    const socket = await dial(bowline.port);
    const first = path === 'body' || path === 'chunks' ? head : Buffer.concat([Buffer.from(head), endless]);
    const taken = await stream(socket, first, chunk, 300 * MIB);
    assert.ok(taken < 64 * MIB, `${path}: ${taken} bytes were taken`);
  }
  clearInterval(watch);
  assert.ok(sanitized || peak - before < 48 * MIB, `grew by ${(peak - before) / MIB} MiB`);
});

test('a reader that stalls holds back its session, not the server', async () => {
  const before = residentBytes(bowline.process.pid);
  const tunnel = await openTunnel(bowline, control, nodeid, 1, { options: { cols: 80, rows: 25, xterm: true } });
  tunnel.socket.send(Buffer.from('cat /dev/zero | base64 -w0\r'));
  await tunnel.until('the flood began', () => tunnel.binary.length > 50);
  tunnel.socket.pause();
  const stop = Date.now() + 3000;
  let peak = 0;
  while (Date.now() < stop) {
    peak = Math.max(peak, residentBytes(bowline.process.pid));
    await answers();
  }
  assert.ok(sanitized || peak - before < 24 * MIB, `grew by ${(peak - before) / MIB} MiB`);
  tunnel.socket.terminate();
});

test('SIGTERM with 100 open sessions ends all of them, in order and in time', async () => {
  const tunnels = [];
  for (let i = 0; i < 100; i += 10) tunnels.push(...await Promise.all(Array.from({ length: 10 }, () => openTunnel(bowline, control, nodeid, 5))));
  const started = Date.now();
  assert.equal(await end(bowline.process, 'SIGTERM', 20), 0, bowline.log().slice(-3000));
  assert.ok(Date.now() - started < (sanitized ? 15000 : 5000), `${Date.now() - started} ms`);
  for (const tunnel of tunnels) await until('session closed', () => tunnel.closed);
  await until('control channel closed', () => control.closed);
  await bowline.run();
  control = await bowline.control();
});

test('SIGKILL loses nothing that was answered', async () => {
  const { meshid } = await control.ask({ action: 'createmesh', meshname: 'Kept', meshtype: 2 });
  await bowline.ctl(['group', 'create', 'Kept too']);
  await end(bowline.process, 'SIGKILL');
  await bowline.run();
  control = await bowline.control();
  const { meshes } = await control.ask({ action: 'meshes' });
  assert.ok(meshes.some((m) => m._id === meshid));
  const names = (await bowline.ctl(['group', 'list'])).split('\n').map((line) => line.split('\t')[1]);
  for (const name of ['Ours', 'Kept', 'Kept too']) assert.ok(names.includes(name), names.join());
  await bowline.ctl(['audit', 'verify']);
});
