// SPDX-License-Identifier: Apache-2.0
// The person at the device: asked before a session, told of it, able to end and to pause; over the agent's interface on a bus.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, TOP, WebSocket, end, openTunnel, skipMeshAgent, start, until } from './lib.mjs';

const ASK_DESKTOP = 8;
const ASK_TERMINAL = 16;
const BAR = 64;
const TELL_FILES = 4;
let bowline;
let control;
let bus;
let address;
let group;
let nodeid;

before(async () => {
  bus = start('dbus-daemon', ['--session', '--nofork', '--print-address=3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  [address] = (await once(bus.stdio[3], 'data')).map((d) => d.toString().trim());
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  group = (await control.ask({ action: 'createmesh', meshname: 'Asked', meshtype: 2, consent: ASK_TERMINAL + TELL_FILES })).meshid;
  await bowline.startAgent(group, { env: { DBUS_SESSION_BUS_ADDRESS: address, DBUS_SYSTEM_BUS_ADDRESS: address }, settings: '[plugin presence]\nbus=session\n' });
  nodeid = (await bowline.waitOnline(1))[0]._id;
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
  await end(bus);
});

async function presenter(...args) {
  const child = start('/usr/bin/python3', [join(TOP, 'tests', 'lib', 'presenter.py'), ...args],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: address } });
  const self = { child, heard: [] };
  let rest = '';
  child.stdout.on('data', (data) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    self.heard.push(...lines.map((line) => JSON.parse(line)));
  });
  self.call = (method, signature = null, values = []) => child.stdin.write(`${JSON.stringify([method, signature, values])}\n`);
  self.hear = (what, accept = () => true) => until(`${what} is heard`, () => {
    const at = self.heard.findIndex(([name, value]) => name === what && accept(value));
    return at >= 0 ? self.heard.splice(at, 1)[0][1] : null;
  });
  await self.hear('ready');
  return self;
}

async function terminal() { return openTunnel(bowline, control, nodeid, 1, { options: { cols: 80, rows: 25 } }); }

/** The viewer's end of a port of a device, by the cookie of getcookie. */
async function port(tcpport, { device = nodeid, ...more } = {}) {
  const { cookie } = await control.ask({ action: 'getcookie', nodeid: device, tcpport, ...more });
  const socket = new WebSocket(`wss://localhost:${bowline.port}/meshrelay.ashx?auth=${encodeURIComponent(cookie)}`, { rejectUnauthorized: false });
  const viewer = { socket, text: [], data: '', closed: false };
  socket.on('message', (data, binary) => { if (binary) viewer.data += data; else viewer.text.push(data.toString()); });
  socket.on('close', () => { viewer.closed = true; });
  viewer.until = until;
  await until('both ends joined', () => viewer.text[0] === 'c');
  return viewer;
}

const says = (tunnel, pattern) => tunnel.until(`the viewer reads ${pattern}`, () => tunnel.text.some((t) => pattern.test(t)));

test('nobody there: a session that needs an answer is refused, one that only tells is not', async () => {
  const refused = await terminal();
  await says(refused, /nobody is logged in there/);
  await refused.until('closed', () => refused.closed);
  const files = await openTunnel(bowline, control, nodeid, 5);
  files.socket.send(Buffer.from(JSON.stringify({ action: 'ls', reqid: 1, path: '/' })));
  await files.until('files', () => files.binary.length > 0);
  files.socket.close();
});

test('asked: no, yes, and yes for a while', async () => {
  const person = await presenter();
  const no = await terminal();
  await says(no, /Waiting for the person/);
  const [first, details] = await person.hear('Question');
  assert.equal(details.kind, 'terminal');
  assert.equal(details.user, 'admin');
  person.call('Answer', '(ubb)', [first, false, false]);
  await says(no, /refused/);
  await no.until('closed', () => no.closed);

  const yes = await terminal();
  const [second] = await person.hear('Question');
  person.call('Answer', '(ubb)', [second, true, true]);
  await yes.until('the shell starts', () => yes.binary.length > 0); // what is typed before that is lost
  yes.socket.send(Buffer.from('echo sum-$((40+2))\r'));
  await yes.until('the shell answers', () => Buffer.concat(yes.binary).includes('sum-42'));
  const again = await terminal();
  await again.until('not asked again', () => again.binary.length > 0);
  again.socket.send(Buffer.from('echo sum-$((40+3))\r'));
  await again.until('the shell answers', () => Buffer.concat(again.binary).includes('sum-43'));
  person.call('Answer', '(ubb)', [second, true, true]);
  await person.hear('error', ([, text]) => /over/.test(text));

  person.call('ListSessions');
  const [, [sessions]] = await person.hear('answer', ([method]) => method === 'ListSessions');
  assert.equal(sessions.length, 2);
  assert.ok(sessions.every((s) => s.kind === 'terminal' && s.user === 'admin' && s.started > 0));
  person.call('StopSession', '(u)', [sessions[0].id]);
  await yes.until('that one ends', () => yes.closed);
  assert.equal(again.closed, false);
  person.call('StopAll');
  await again.until('all end', () => again.closed);
  await end(person.child);
});

test('told: the person sees that somebody looks at files', async () => {
  const person = await presenter();
  const files = await openTunnel(bowline, control, nodeid, 5);
  const [message] = await person.hear('Message', ([m]) => m.kind === 'notify');
  assert.match(message.text, /admin: files/);
  files.socket.close();
  await end(person.child);
});

test('a VNC window counts as a desktop, another port is told', async (t) => {
  let visits = 0;
  const server = createServer((socket) => { visits++; socket.on('error', () => {}); socket.pipe(socket); }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port: tcpport } = server.address();
  const tag = { tag: 'novnc' };
  await control.ask({ action: 'editmesh', meshid: group, consent: ASK_DESKTOP + BAR });
  const nobody = await port(tcpport, tag);
  await says(nobody, /nobody is logged in there/);
  await until('closed', () => nobody.closed);

  const person = await presenter();
  const no = await port(tcpport, tag);
  no.socket.send(Buffer.from('RFB 003.008\n'));
  await says(no, /Waiting for the person/);
  const [first, details] = await person.hear('Question');
  assert.deepEqual([details.kind, details.user], ['desktop', 'admin']);
  person.call('Answer', '(ubb)', [first, false, false]);
  await says(no, /refused/);
  await until('closed', () => no.closed);
  assert.equal(visits, 0, 'the port was not touched');

  const yes = await port(tcpport, tag);
  yes.socket.send(Buffer.from('RFB 003.008\n')); // waits with the answer
  const [second] = await person.hear('Question');
  person.call('Answer', '(ubb)', [second, true, false]);
  await until('the echo', () => yes.data === 'RFB 003.008\n');
  person.call('ListSessions');
  const [, [sessions]] = await person.hear('answer', ([method]) => method === 'ListSessions');
  assert.deepEqual(sessions.map((s) => [s.kind, s.bar]), [['desktop', true]]);
  person.call('StopAll');
  await until('it ends', () => yes.closed);

  const other = await port(tcpport);
  other.socket.send(Buffer.from('hello'));
  await until('the echo', () => other.data === 'hello'); // nobody was asked
  const [message] = await person.hear('Message', ([m]) => m.kind === 'notify');
  assert.equal(message.session.kind, 'other');
  other.socket.close();
  await control.ask({ action: 'editmesh', meshid: group, consent: ASK_TERMINAL + TELL_FILES });
  await end(person.child);
});

test('a MeshAgent asks nobody about a port', { skip: skipMeshAgent }, async (t) => {
  const server = createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { meshid } = await control.ask({ action: 'createmesh', meshname: 'Unasked', meshtype: 2, consent: ASK_DESKTOP + BAR });
  const agent = await bowline.startMeshAgent(meshid);
  const device = (await bowline.waitOnline(2)).find((row) => row._id !== nodeid)._id;
  await control.take('its core runs', (f) => f.event?.action === 'changenode' && f.event.nodeid === device && f.event.node.osdesc, 60);
  const viewer = await port(server.address().port, { device, tag: 'novnc' });
  viewer.socket.send(Buffer.from('hello'));
  await until('the echo', () => viewer.data === 'hello');
  viewer.socket.close();
  await end(agent);
});

test('the viewer leaves, or the person does: the question is over', async () => {
  const person = await presenter();
  // What was allowed for a while belongs to the account: another one is asked.
  await bowline.createUser('other', { admin: false });
  await control.ask({ action: 'addmeshuser', meshid: group, usernames: ['other'], meshadmin: 8 });
  const other = await bowline.control({ user: 'other' });
  const left = await openTunnel(bowline, other, nodeid, 1);
  const [id] = await person.hear('Question');
  left.socket.close();
  assert.deepEqual(await person.hear('Withdrawn'), [id]);
  const alone = await openTunnel(bowline, other, nodeid, 1);
  await person.hear('Question');
  await end(person.child, 'SIGKILL');
  await says(alone, /nobody is logged in there/);
  other.close();
});

test('only those who are asked may answer', async () => {
  const watcher = await presenter('--watch');
  watcher.call('Answer', '(ubb)', [1, true, true]);
  await watcher.hear('error', ([, text]) => /not asked/.test(text));
  watcher.call('get');
  const properties = await watcher.hear('properties');
  assert.equal(properties.Connected, true);
  assert.match(properties.Server, new RegExp(`wss://localhost:${bowline.port}/`));
  await end(watcher.child);
});

test('pause: sessions end, new ones are refused until it is over', async () => {
  const person = await presenter();
  const files = await openTunnel(bowline, control, nodeid, 5);
  await person.hear('Message');
  person.call('Pause', '(u)', [3600]);
  await files.until('it ends', () => files.closed);
  const refused = await openTunnel(bowline, control, nodeid, 5);
  await says(refused, /paused/);
  person.call('Pause', '(u)', [0]);
  person.call('get');
  assert.equal((await person.hear('properties')).PausedUntil, 0);
  const back = await openTunnel(bowline, control, nodeid, 5);
  back.socket.send(Buffer.from(JSON.stringify({ action: 'ls', reqid: 1, path: '/' })));
  await back.until('files', () => back.binary.length > 0);
  back.socket.close();
  await end(person.child);
});

test('messages of administrators, and a request for help', async () => {
  const person = await presenter();
  control.send({ action: 'msg', type: 'messagebox', nodeid, title: 'News', msg: 'Hello <b>you</b>', timeout: 29001 });
  const [box] = await person.hear('Message', ([m]) => m.kind === 'message');
  assert.deepEqual([box.title, box.text, box.timeout], ['News', 'Hello <b>you</b>', 30]);
  for (const [type, timeout, seconds] of [['messagebox', undefined, 120], ['messagebox', 0, 0], ['messagebox', 1e12, 86400], ['alertbox', undefined, 9999]]) {
    control.send({ action: 'msg', type, nodeid, title: 'How long', msg: `${type} ${timeout}`, timeout });
    const [told] = await person.hear('Message', ([m]) => m.text === `${type} ${timeout}`);
    assert.equal(told.timeout, seconds);
  }
  await control.ask({ action: 'toast', nodeids: [nodeid], title: 'T', msg: 'toasted' });
  await person.hear('Message', ([m]) => m.kind === 'toast' && m.text === 'toasted');
  control.send({ action: 'msg', type: 'openUrl', nodeid, url: 'https://example.org/a' });
  await person.hear('Message', ([m]) => m.kind === 'url' && m.text === 'https://example.org/a');
  control.send({ action: 'msg', type: 'openUrl', nodeid, url: 'file:///etc/passwd' });
  await control.take('refused', (f) => f.type === 'openUrl' && f.success === false);
  person.call('RequestHelp', '(s)', ['The printer burns']);
  await control.take('help', (f) => f.event?.action === 'devicesessions' && JSON.stringify(f.event.sessions ?? {}).includes('printer burns'));
  await end(person.child);
});

test('scripts: messages, the clipboard that is not there, and power', async () => {
  const person = await presenter();
  const seat = start('/usr/bin/python3', [join(TOP, 'tests', 'lib', 'seat.py')],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address } });
  let told = '';
  seat.stdout.on('data', (d) => { told += d; });
  seat.stdin.write('{}\n');
  await until('logind is there', () => told.includes('done'));
  const run = async (code) => {
    control.send({ action: 'msg', type: 'console', nodeid, value: `script -e ${code}` });
    return (await control.take('the output', (f) => f.action === 'msg' && f.type === 'console')).value;
  };
  assert.equal(await run("require('toaster').Toast('From a script', 'toasted').then(function () { console.log('shown'); })"), 'shown');
  await person.hear('Message', ([m]) => m.kind === 'toast' && m.title === 'From a script' && m.text === 'toasted');
  assert.equal(await run("require('message-box').create('Box', 'boxed', 7).then(function () { console.log('shown'); })"), 'shown');
  assert.equal((await person.hear('Message', ([m]) => m.text === 'boxed'))[0].timeout, 7);
  assert.match(await run("require('toaster').Toast('x', new Array(5000).join('y')).then(null, console.log)"), /at most 4096/);
  assert.match(await run("require('clipboard').read().then(function (t) { console.log('read ' + t); }, console.log)"), /^read |no clipboard|no plugin/);
  await run("require('MeshAgent').ExecPowerState(3)");
  await until('logind is told', () => told.includes('power Reboot'));
  await end(person.child);
  await end(seat);
});

test('an agent of one user knows from logind that the screen is locked', async () => {
  const seat = start('/usr/bin/python3', [join(TOP, 'tests', 'lib', 'seat.py')],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address } });
  const tell = (session) => seat.stdin.write(`${JSON.stringify({ sessions: [{ uid: process.getuid(), state: 'active', ...session }] })}\n`);
  const person = await presenter();
  tell({ locked: true });
  await until('refused', async () => {
    const tunnel = await terminal();
    await tunnel.until('asked, refused or allowed', () => tunnel.closed || tunnel.text.some((t) => /Waiting/.test(t)) || tunnel.binary.length > 0);
    tunnel.socket.close();
    return tunnel.text.some((t) => /its screen is locked/.test(t));
  });
  person.heard = [];
  tell({ locked: false });
  await until('asked', async () => {
    const tunnel = await terminal();
    await tunnel.until('asked or refused', () => tunnel.closed || person.heard.some(([name]) => name === 'Question'));
    tunnel.socket.close();
    return person.heard.some(([name]) => name === 'Question');
  });
  await end(person.child);
  await end(seat);
});
