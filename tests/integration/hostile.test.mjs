// SPDX-License-Identifier: Apache-2.0
// A server that has gone mad: the real bowline-agent with all its plugins, and every command, message and session frame there is, changed
// at random from a seed (BL_TEST_SEED repeats a run). The agent goes on, keeps answering, and its memory stays within a bound.
//
// What such a server asks for may well be understood. So all of it runs in namespaces of its own: no network but loopback, no other
// processes, and every mounted file system read-only but a scratch directory.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'node:test';
import { FakeMeshServer, sha384 } from '../interop/fake-mesh-server.mjs';
import { BUILD, start, until } from './lib.mjs';
import { residentBytes } from './wire.mjs';

const inside = process.env.BL_TEST_SANDBOX;
const SEED = Number(process.env.BL_TEST_SEED ?? randomInt(1, 2 ** 31));
const sanitized = /san/.test(BUILD.split('/').pop());
const MIB = 1024 * 1024;
const ROUNDS = 60;
const AT_ONCE = 40; // messages of a round
const SESSIONS = 40;
const FRAMES = 30;

// ---- chance that can be repeated ----

let state = SEED;
function random(n) { // xorshift32
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}
const pick = (list) => list[random(list.length)];
const bytes = (n) => Buffer.from(Array.from({ length: n }, () => random(256)));

const ODD = [null, true, false, 0, -1, 1, 255, 256, 65535, 65536, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63), 1e308, 0.5, '', ' ', '0', '-1', '\u0000', '\ud800', '/', '..',
  '../../etc/passwd', '%s%n', 'a'.repeat(5000), '💥', [], {}, [[[[]]]], { a: { a: { a: {} } } }, ['x'], { $gt: '' }, '*/meshrelay.ashx?id=x', 'wss://127.0.0.1:1/x', 'node//x'];

/** The value with one thing in it changed: a member goes, comes, or is something else. */
function changed(value) {
  if (value === null || typeof value !== 'object' || random(4) === 0) return pick(ODD);
  const copy = structuredClone(value);
  const keys = Object.keys(copy);
  const key = keys.length > 0 && random(8) > 0 ? pick(keys) : `k${random(100)}`;
  if (random(6) === 0) delete copy[key];
  else copy[key] = changed(copy[key] ?? null);
  return copy;
}

/** Bytes with a few of them changed, taken out, repeated or put in. */
function damaged(data) {
  let result = Buffer.from(data);
  for (let i = random(4); i >= 0; i--) {
    const at = random(result.length + 1);
    const n = 1 + random(8);
    const kind = random(6);
    if (kind === 0 && at < result.length) result[at] ^= 1 << random(8);
    else if (kind === 1 && at < result.length) result.fill(pick([0, 0xff, 0x7f, 0x80]), at, Math.min(result.length, at + n));
    else if (kind === 2) result = Buffer.concat([result.subarray(0, at), bytes(n), result.subarray(at)]);
    else if (kind === 3) result = result.subarray(0, at);
    else if (kind === 4) result = Buffer.concat([result, result.subarray(at)]).subarray(0, 70000);
    else result = Buffer.concat([result.subarray(0, at), result.subarray(at + n)]);
  }
  return result;
}

// ---- what a server says ----

const number16 = (...values) => Buffer.concat(values.map((v) => { const b = Buffer.alloc(2); b.writeUInt16BE(v); return b; }));
const core = Buffer.concat([Buffer.alloc(4), Buffer.from('require("MeshAgent").AddCommandHandler(function (m) { });')]);
const hash = sha384(core);
const COMMANDS = [
  number16(1), Buffer.concat([number16(1), bytes(96)]), Buffer.concat([number16(2, 300), bytes(600)]), number16(4),
  Buffer.concat([number16(10, 1), hash, core]), number16(10, 0), Buffer.concat([number16(11, 1), hash]), number16(11, 0), Buffer.concat([number16(12, 1), hash]),
  number16(12, 0), Buffer.concat([number16(13, 1), hash]), number16(13), Buffer.concat([number16(14, 1), bytes(400)]), number16(15), Buffer.concat([number16(15), Buffer.from('tag')]),
  Buffer.concat([number16(16, 1), hash]), Buffer.concat([number16(20, 1), hash, bytes(100)]), number16(30), number16(31), number16(1000), Buffer.concat([number16(1005, 1), bytes(40)]),
];
const rights = 0xffffffff;
const who = { rights, userid: 'user//a', username: 'a', sessionid: 'user//a/x', responseid: 'r' };
const MESSAGES = [
  { action: 'ping' }, { action: 'pong' }, { action: 'sysinfo', hash: 'x' }, { action: 'coreinfo' }, { action: 'errorlog', startTime: 0 }, { action: 'getScript', type: 1 },
  { action: 'runcommands', type: 3, cmds: 'true', runAsUser: 0, reply: true, ...who }, { action: 'msg', type: 'runstop', id: 'r', ...who }, { action: 'poweraction', actiontype: 3, rights: 8 },
  { action: 'wakeonlan', macs: ['001122334455'] }, { action: 'toast', title: 't', msg: 'm', ...who }, { action: 'openUrl', url: 'http://127.0.0.1/', ...who }, { action: 'iplocation', value: {} },
  { action: 'msg', type: 'console', value: 'help', ...who }, { action: 'msg', type: 'console', value: 'script -e 1', ...who }, { action: 'msg', type: 'ps', ...who },
  { action: 'msg', type: 'psinfo', pid: 1, ...who }, { action: 'msg', type: 'pskill', value: 1, ...who }, { action: 'msg', type: 'services', ...who }, { action: 'msg', type: 'service', serviceName: 'x', ...who },
  { action: 'msg', type: 'userSessions', ...who }, { action: 'msg', type: 'messagebox', title: 't', msg: 'm', timeout: 5, ...who }, { action: 'msg', type: 'alertbox', title: 't', msg: 'm', ...who },
  { action: 'msg', type: 'openUrl', url: 'https://127.0.0.1/', ...who }, { action: 'msg', type: 'getclip', tag: 1, ...who }, { action: 'msg', type: 'setclip', data: 'x', ...who },
  { action: 'msg', type: 'tunnel', usage: 1, value: '*/meshrelay.ashx?p=1&id=none', soptions: {}, consent: 0, ...who }, { action: 'msg', type: 'cpuinfo', ...who },
  { action: 'msg', type: 'tunnel', tcpport: 9, tcpaddr: '127.0.0.1', value: '*/meshrelay.ashx?id=none', ...who }, { action: 'plugin', plugin: 'x' }, { action: 'acmactivate' }, { action: 'unknown' },
];

// Nobody may be thrown out by what is no mistake.
const harmless = (message) => message?.action !== 'uninstallagent';

// ---- what a viewer says ----

const FILES = [
  { action: 'ls', reqid: 1, path: '/' }, { action: 'mkdir', reqid: 2, path: 'SCRATCH/d' }, { action: 'rm', reqid: 3, path: 'SCRATCH', delfiles: ['d'], rec: true }, { action: 'rename', path: 'SCRATCH', oldname: 'a', newname: 'b' },
  { action: 'upload', reqid: 4, path: 'SCRATCH', name: 'u', size: 10 }, { action: 'uploaddone', reqid: 4 }, { action: 'uploadcancel', reqid: 4 }, { action: 'uploadhash', reqid: 5, path: 'SCRATCH', name: 'u' },
  { action: 'download', sub: 'start', id: 1, path: '/etc/hostname' }, { action: 'download', sub: 'ack', id: 1 }, { action: 'download', sub: 'startack', id: 1, ack: 8 }, { action: 'download', sub: 'stop', id: 1 },
  { action: 'copy', reqid: 6, scpath: 'SCRATCH', dspath: 'SCRATCH', names: ['u'] }, { action: 'move', reqid: 7, scpath: 'SCRATCH', dspath: 'SCRATCH', names: ['u'] },
  { action: 'zip', reqid: 8, path: 'SCRATCH', files: ['u'], output: 'z' }, { action: 'unzip', reqid: 9, input: 'SCRATCH/z', dest: 'SCRATCH' }, { action: 'findfile', reqid: 10, path: 'SCRATCH', filter: 'u' }, { action: 'cancel', reqid: 10 },
];
const DESKTOP = [[0, 1, 0, 6, 0, 65], [0, 2, 0, 10, 0, 0, 0, 10, 0, 10], [0, 5, 0, 10, 1, 50, 4, 0, 0, 100], [0, 6, 0, 4], [0, 8, 0, 5, 1], [0, 10, 0, 4], [0, 11, 0, 4], [0, 12, 0, 6, 0, 1], [0, 14, 0, 4],
  [0, 85, 0, 7, 0, 1, 65], [0, 87, 0, 5, 1], [0, 27, 0, 8, 0, 1, 0, 4]].map((b) => Buffer.from(b));
const CONTROL = [{ type: 'options', cols: 80, rows: 25, xterm: true, consent: 0 }, { type: 'ping' }, { type: 'rtt', time: 1 }, { type: 'termsize', cols: 90, rows: 20 }, { type: 'ack', n: 1 }, { type: 'clip', text: 'x' },
  { type: 'lock' }, { type: 'autolock', value: true }, { type: 'displays' }, { type: 'webrtc0' }].map((m) => ({ ctrlChannel: '102938', ...m }));

function frameFor(protocol, scratch) {
  if (random(4) === 0) return { text: JSON.stringify(changed(pick(CONTROL))) };
  if (protocol === 5 || protocol === 10) {
    const data = Buffer.from(JSON.stringify(changed(pick(FILES))).replaceAll('SCRATCH', scratch));
    const block = Buffer.concat([Buffer.from([random(2), random(2), 0, 0]), bytes(50)]);
    return random(3) > 0 ? { data } : { data: damaged(random(2) ? data : block) };
  }
  if (protocol === 2) return { data: damaged(pick(DESKTOP)) };
  return { data: damaged(Buffer.from('echo $((1+1))\r')) };
}

// ---- the test ----

async function answers(server, link) {
  const again = async () => {
    const fresh = server.agents.drain();
    return fresh.length > 0 ? fresh.at(-1) : null;
  };
  let current = link;
  await until('the agent answers', async () => {
    current = (await again()) ?? current;
    assert.equal(server.agent.exitCode ?? server.agent.signalCode, null, `seed ${SEED}\n${server.output.slice(-6000)}`);
    current.json.drain();
    current.send({ action: 'ping' });
    return current.json.take((m) => m.action === 'pong', 'pong', 1000).catch(() => null);
  }, 60);
  return current;
}

async function attackChannel(server, first) {
  let link = first;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < AT_ONCE; i++) {
      const message = random(8) > 0 ? changed(pick(MESSAGES)) : pick(ODD);
      if (random(3) === 0) link.socket.binary(random(5) === 0 ? pick(COMMANDS) : damaged(pick(COMMANDS)));
      else if (!harmless(message)) continue;
      else if (random(4) === 0) link.socket.binary(damaged(Buffer.from(JSON.stringify(message))));
      else link.send(message);
    }
    link = await answers(server, link);
  }
  return link;
}

async function attackSessions(server, first, scratch) {
  let link = first;
  let joined = 0;
  for (let i = 0; i < SESSIONS; i++) {
    const protocol = pick([1, 2, 5, 5, 8, 10, 7, 99]);
    const order = random(3) === 0 ? changed({ consent: 0, soptions: {}, rights, username: 'a' }) : {};
    const tunnel = await server.openTunnel(link, protocol, order ?? {}, 4000).catch(() => null);
    if (tunnel) {
      joined++;
      if (random(10) > 0) tunnel.text('c');
      if (random(3) > 0) tunnel.text(CONTROL[0]);
      if (random(10) > 0) tunnel.text(String(protocol));
      for (let n = 0; n < FRAMES; n++) {
        const frame = frameFor(protocol, scratch);
        if (frame.text) tunnel.text(frame.text); else tunnel.binary(frame.data);
      }
    }
    link = await answers(server, link);
    tunnel?.close();
  }
  assert.ok(joined > SESSIONS / 2, `${joined} sessions came about`);
  return link;
}

async function attack() {
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  const server = await FakeMeshServer.start();
  try {
    const link = await server.startBowlineAgent(join(BUILD, 'bin', 'bowline-agent'), join(BUILD, 'agent', 'script', 'bowline-script-host'), {
      plugins: join(BUILD, 'agent', 'plugins'), keys: 'reconnect-delay=10\nreconnect-delay-max=50\n',
      env: Object.fromEntries(Object.entries({ ...process.env, DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nonexistent', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' })
        .filter(([name]) => /^(DBUS_|\w+SAN_OPTIONS|G_SLICE)/.test(name))) });
    await link.pushCore('require("MeshAgent").AddCommandHandler(function (m) { });');
    const before = residentBytes(server.agent.pid);
    const after = await attackChannel(server, link);
    await attackSessions(server, after, server.dir);
    await until('its memory is within the bound', () => sanitized || residentBytes(server.agent.pid) - before < 24 * MIB, 20)
      .catch((e) => { throw new Error(`${e.message}: ${before}, then ${residentBytes(server.agent.pid)}, seed ${SEED}`); });
    const exited = once(server.agent, 'exit');
    server.agent.kill('SIGTERM');
    const [code] = await exited; // also what a sanitizer found at the end
    assert.equal(code, 0, `seed ${SEED}\n${server.output.slice(-6000)}`);
    assert.doesNotMatch(server.output, /CRITICAL/, `seed ${SEED}`);
  } finally {
    await server.stop();
  }
}

const sandbox = 'ip link set lo up; mount --bind "$0" "$0"; for m in $(awk \'{ print $5 }\' /proc/self/mountinfo | sort -r); do '
  + 'case $m in "$0" | /dev/*) ;; *) mount -o remount,bind,ro "$m" || exit 77 ;; esac; done; touch /etc/bowline-write 2>/dev/null && exit 77; exec "$@"';

test('a server that sends garbage in every packet', { timeout: 200000 }, async (t) => {
  if (inside) { await attack(); return; }
  const scratch = mkdtempSync(join(tmpdir(), 'bowline-hostile-'));
  t.after(() => rmSync(scratch, { recursive: true, force: true }));
  const child = start('unshare', ['-rmnpf', '--mount-proc', '--kill-child', 'sh', '-c', sandbox, scratch, process.execPath, '--test-reporter=tap', fileURLToPath(import.meta.url)],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, BL_TEST_SANDBOX: '1', BL_TEST_SEED: String(SEED), TMPDIR: scratch, HOME: scratch, NODE_TEST_CONTEXT: '' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { output += d; });
  const [code] = await once(child, 'exit');
  if (code === 77 || /unshare failed|Operation not permitted/.test(output)) { t.skip('no namespaces here'); return; }
  assert.equal(code, 0, output.slice(-8000));
  assert.match(output, /^# pass 1$/m, output);
});
