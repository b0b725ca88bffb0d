// SPDX-License-Identifier: Apache-2.0
// What bowline-agent lives through: viewers that never read, a hundred sessions at once, a machine that sleeps, a clock that is set, and
// a system bus that ends in the middle of a call.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Display, Viewer } from './display.mjs';
import { BUILD, Bowline, WebSocket, end, openTunnel, start, until } from './lib.mjs';
import { residentBytes } from './wire.mjs';

const MIB = 1024 * 1024;
const sanitized = /san/.test(BUILD.split('/').pop());
const scratch = mkdtempSync(join(tmpdir(), 'bowline-hard-'));
const busPath = join(scratch, 'bus');
const clock = join(scratch, 'clock');
let bowline;
let control;
let agent;
let nodeid;
let proxy;
let echo;
let silent; // a session to a port, from the beginning

/** Between agent and server: can fall silent as a network does that is gone, without closing anything. */
async function startProxy(port) {
  const self = { links: new Set(), opened: 0 };
  self.server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const link = { near, far };
    self.links.add(link);
    self.opened++;
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('data', (data) => { if (!link.dead && !to.write(data)) from.pause(); });
      to.on('drain', () => from.resume());
      from.on('error', () => {});
      from.on('close', () => { self.links.delete(link); if (!link.dead) to.destroy(); });
    }
  }).listen(0, '127.0.0.1');
  await once(self.server, 'listening');
  self.lose = () => { for (const link of self.links) link.dead = true; };
  self.stop = () => { self.server.close(); for (const { near, far } of self.links) { near.destroy(); far.destroy(); } };
  return self;
}

function setClock(slept, set) {
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64LE(BigInt(slept), 0);
  bytes.writeBigInt64LE(BigInt(set), 8);
  const fd = openSync(clock, existsSync(clock) ? 'r+' : 'w');
  writeSync(fd, bytes, 0, 16, 0);
  closeSync(fd);
}

before(async () => {
  setClock(0, 0);
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  proxy = await startProxy(bowline.port);
  const group = await bowline.createGroup('Hard');
  const settings = bowline.settings.bind(bowline);
  bowline.settings = async (name) => (await settings(name)).replace(/wss:\/\/[^/]*/, `wss://127.0.0.1:${proxy.server.address().port}`);
  agent = await bowline.startAgent(group, { settings: 'reconnect-delay=10\n',
    env: { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${busPath}`, LD_PRELOAD: join(BUILD, 'tests', 'lib', 'libbl-shift-clock.so'), BL_SHIFT_CLOCK: clock,
      ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:verify_asan_link_order=0` } });
  nodeid = (await bowline.waitOnline(1))[0]._id;
  echo = createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  silent = Object.assign(await port(echo.address().port), { since: Date.now() });
});

after(async () => {
  control?.close();
  const code = await bowline?.stop();
  proxy?.stop();
  echo?.close();
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(code, 0);
  assert.deepEqual(bowline.agentCodes, [0], 'one agent, from the beginning to an end in order');
});

const online = async () => (await bowline.waitOnline(1))[0]._id === nodeid;
const children = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
  try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(agent.pid); } catch { return false; }
}).length;

/** A shell that works. */
async function shell(label = '') {
  const tunnel = await openTunnel(bowline, control, nodeid, 1, { options: { cols: 80, rows: 25 } });
  await tunnel.until('the shell starts', () => tunnel.binary.length > 0, 40);
  tunnel.socket.send(Buffer.from(`echo sum${label}-$((40+2))\r`));
  await tunnel.until('the shell answers', () => Buffer.concat(tunnel.binary).includes(`sum${label}-42`), 40);
  return tunnel;
}

/** Files that are listed. */
async function files(path = '/') {
  const tunnel = await openTunnel(bowline, control, nodeid, 5);
  tunnel.socket.send(Buffer.from(JSON.stringify({ action: 'ls', reqid: 1, path })));
  await tunnel.until('files', () => tunnel.binary.length > 0, 40);
  return tunnel;
}

/** The viewer's end of a TCP port of the device. */
async function port(tcpport) {
  const { cookie } = await control.ask({ action: 'getcookie', nodeid, tcpport });
  const socket = new WebSocket(`wss://localhost:${bowline.port}/meshrelay.ashx?auth=${encodeURIComponent(cookie)}`, { rejectUnauthorized: false });
  const viewer = { socket, text: [], size: 0, closed: false };
  socket.on('message', (data, binary) => { if (binary) viewer.size += data.length; else viewer.text.push(data.toString()); });
  socket.on('close', () => { viewer.closed = true; });
  socket.on('error', () => {});
  await until('both ends joined', () => viewer.text[0] === 'c');
  return viewer;
}

test('viewers that never read: neither agent nor server fills up, and others are served', { timeout: 150000 }, async () => {
  let poured = 0;
  const pouring = createServer((socket) => {
    const block = Buffer.alloc(65536, 'x');
    const pour = () => { while (!socket.destroyed) { poured += block.length; if (!socket.write(block)) return; } };
    socket.on('error', () => {});
    socket.on('drain', pour);
    pour();
  }).listen(0, '127.0.0.1');
  await once(pouring, 'listening');
  const big = join(scratch, 'big');
  writeFileSync(big, '');
  truncateSync(big, 4 * 1024 * MIB);
  await shell().then((t) => t.socket.close());
  const before = [agent.pid, bowline.process.pid].map(residentBytes);

  const stalled = [];
  for (let i = 0; i < 2; i++) {
    const terminal = await shell();
    terminal.socket.send(Buffer.from('cat /dev/zero | base64 -w0\r'));
    await terminal.until('the flood began', () => terminal.binary.length > 20);
    const file = await files();
    file.socket.send(JSON.stringify({ action: 'download', sub: 'start', id: 4, path: big }));
    await file.until('download starts', () => file.text.some((t) => t.includes('"start"')));
    file.socket.send(JSON.stringify({ action: 'download', sub: 'startack', id: 4, ack: 1000000 }));
    for (let n = 0; n < 2000; n++) file.socket.send(JSON.stringify({ action: 'download', sub: 'ack', id: 4 }));
    const pipe = await port(pouring.address().port);
    await until('it pours', () => pipe.size > 0);
    stalled.push(terminal, file, pipe);
  }
  for (const { socket } of stalled) socket.pause();
  const peaks = [0, 0];
  let last = -1;
  let calm = 0;
  await until('nothing more goes in', async () => {
    await shell().then((t) => t.socket.close()); // others are served meanwhile
    [agent.pid, bowline.process.pid].forEach((pid, n) => { peaks[n] = Math.max(peaks[n], residentBytes(pid)); });
    calm = poured === last ? calm + 1 : 0;
    last = poured;
    return calm >= 3;
  }, 60);
  const grown = peaks.map((peak, i) => (peak - before[i]) / MIB);
  assert.ok(sanitized || grown[0] < 16, `the agent grew by ${grown[0]} MiB`);
  assert.ok(sanitized || grown[1] < 32, `the server grew by ${grown[1]} MiB`);
  for (const { socket } of stalled) socket.terminate();
  pouring.close();
  assert.ok(await online());
});

test('a hundred sessions at once, shells, files and ports, all working', { timeout: 150000 }, async () => {
  await until('what came before is gone', () => children() <= 2);
  const quiet = children();
  const before = residentBytes(agent.pid);
  const work = [];
  for (let i = 0; i < 10; i++) {
    const some = [0, 1, 2, 3].map((n) => shell(`${i}x${n}`)).concat([0, 1, 2, 3].map(() => files()), [0, 1].map(() => port(echo.address().port)));
    work.push(...await Promise.all(some));
  }
  assert.equal(work.length, 100);
  assert.equal(work.filter((t) => t.closed).length, 0);
  // Every one of them once more, all at the same time.
  await Promise.all(work.map(async (tunnel, i) => {
    if (tunnel.size !== undefined) {
      tunnel.socket.send(Buffer.alloc(100000, i));
      await until('the echo', () => tunnel.size === 100000, 40);
      return;
    }
    const from = tunnel.binary.length;
    const isShell = i % 10 < 4;
    tunnel.socket.send(Buffer.from(isShell ? `echo again${i}-$((40+2))\r` : JSON.stringify({ action: 'ls', reqid: i, path: '/etc' })));
    await tunnel.until('an answer', () => Buffer.concat(tunnel.binary.slice(from)).includes(isShell ? `again${i}-42` : 'hostname'), 40);
  }));
  assert.equal(work.filter((t) => t.closed).length, 0);
  for (const { socket } of work) socket.close();
  await until('every shell has ended', () => children() <= quiet);
  await until('its memory is back', () => sanitized || residentBytes(agent.pid) - before < 8 * MIB, 20);
  assert.ok(await online());
});

test('the desktop of a viewer that never reads', { skip: !existsSync('/usr/bin/Xvfb') && 'no Xvfb', timeout: 60000 }, async () => {
  const display = await Display.start();
  const other = await bowline.startAgent('Hard', { env: { DISPLAY: display.name } });
  const device = (await bowline.waitOnline(2)).find((row) => row._id !== nodeid)._id;
  const viewer = new Viewer(await openTunnel(bowline, control, device, 2));
  await viewer.covered();
  const before = residentBytes(other.pid);
  viewer.tunnel.socket.pause();
  let peak = 0;
  for (let i = 0; i < 60; i++) {
    display.run('xsetroot', '-mod', String(2 + (i % 14)), String(3 + (i % 11)), '-fg', i % 2 ? '#ff0000' : '#00ff00');
    peak = Math.max(peak, residentBytes(other.pid));
  }
  assert.ok(sanitized || peak - before < 8 * MIB, `grew by ${(peak - before) / MIB} MiB`);
  viewer.tunnel.socket.resume();
  const from = viewer.read().length;
  display.run('xsetroot', '-solid', '#202020');
  await viewer.covered(from);
  viewer.tunnel.socket.close();
  assert.equal(await end(other), 0);
  bowline.agents.splice(bowline.agents.indexOf(other), 1);
  await end(display.process);
});

test('a port where nothing is said goes on', { timeout: 60000 }, async () => {
  // Longer than it may take to connect; the tests before took most of it.
  await until('time has passed', () => Date.now() - silent.since > 22000);
  silent.socket.send(Buffer.from('still'));
  await until('the echo', () => silent.size === 5);
  assert.equal(silent.closed, false);
  silent.socket.close();
});

const connections = () => agent.log().split('connected to wss:').length;

test('the machine sleeps, and wakes up in a network that has forgotten it', { timeout: 60000 }, async () => {
  const before = connections();
  proxy.lose();
  setClock(8 * 3600, 0);
  // Without knowing that it slept it would ask after two minutes.
  await until('it connects anew', () => connections() > before, 40);
  assert.match(agent.log(), /does not answer any more/);
  assert.ok(await online());
  await shell().then((t) => t.socket.close());
});

test('the clock is set, by years, to and fro', { timeout: 60000 }, async () => {
  const opened = proxy.opened;
  const working = await shell('before');
  for (const [i, years] of [10, -20, 68, 0].entries()) {
    setClock(8 * 3600, years * 365 * 86400);
    working.socket.send(Buffer.from(`echo clock${i}-$((40+2))\r`));
    await working.until('the shell goes on', () => Buffer.concat(working.binary).includes(`clock${i}-42`));
    await files().then((t) => t.socket.close()); // a new session, with TLS and a ticket of its own
    assert.equal(working.closed, false);
  }
  const sessions = proxy.opened - opened;
  assert.equal(sessions, 5, 'one connection a session, and the channel was never lost');
  working.socket.close();
  // And connects, whatever it believes the time to be.
  setClock(8 * 3600, -20 * 365 * 86400);
  const before = connections();
  for (const { near } of proxy.links) near.destroy();
  await until('it connects anew', () => connections() > before, 40);
  await shell().then((t) => t.socket.close());
  setClock(8 * 3600, 0);
  assert.ok(await online());
});

const systemd = `
import sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
bus.set_exit_on_close(False)
node = Gio.DBusNodeInfo.new_for_xml("<node><interface name='org.freedesktop.systemd1.Manager'><method name='ListUnits'>"
    "<arg type='a(ssssssouso)' direction='out'/></method></interface></node>")
def call(connection, sender, path, interface, method, parameters, invocation):
    print("asked", flush=True)
    if sys.argv[1] == "answers":
        unit = ("ssh.service", "Secure shell", "loaded", "active", "running", "", "/u", 0, "", "/j")
        invocation.return_value(GLib.Variant("(a(ssssssouso))", ([unit],)))
bus.register_object("/org/freedesktop/systemd1", node.interfaces[0], call, None, None)
Gio.bus_own_name_on_connection(bus, "org.freedesktop.systemd1", Gio.BusNameOwnerFlags.NONE, lambda *a: print("there", flush=True), None)
GLib.MainLoop().run()
`;

async function startBus(mode) {
  const bus = start('dbus-daemon', ['--session', '--nofork', `--address=unix:path=${busPath}`, '--print-address=3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  await once(bus.stdio[3], 'data');
  const manager = start('/usr/bin/python3', ['-c', systemd, mode], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${busPath}` } });
  const self = { bus, manager, said: '' };
  manager.stdout.on('data', (d) => { self.said += d; });
  await until('it is on the bus', () => self.said.includes('there'));
  return self;
}

test('the system bus ends in the middle of a call, is away, and comes back', { timeout: 60000 }, async () => {
  const ask = async () => {
    control.send({ action: 'msg', type: 'services', nodeid });
    return control.take('an answer', (f) => f.type === 'services', 30);
  };
  const first = await startBus('silent');
  const answer = ask();
  await until('it is asked', () => first.said.includes('asked'));
  await end(first.bus, 'SIGKILL');
  assert.ok((await answer).error, 'the call failed, and that is told');
  await end(first.manager, 'SIGKILL');
  assert.ok((await ask()).error, 'without a bus');
  await shell().then((t) => t.socket.close());
  rmSync(busPath, { force: true });
  const second = await startBus('answers');
  assert.match((await ask()).value, /"ssh"/);
  await end(second.manager, 'SIGKILL');
  await end(second.bus);
  assert.ok(await online());
});
