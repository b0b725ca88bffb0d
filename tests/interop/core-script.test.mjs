// SPDX-License-Identifier: Apache-2.0
// The agent core script on a whole agent: node core-script.test.mjs CORE [AGENT SCRIPT-HOST]
// AGENT is bowline-agent. Without it the agent is the MeshAgent that BL_TEST_MESHAGENT
// names; without that the test is skipped.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { FakeMeshServer } from './fake-mesh-server.mjs';

const ALL = 0xffffffff;
const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const tests = [];
const test = (name, run) => tests.push({ name, run });

function expect(condition, what, seen) {
  if (!condition) throw new Error(seen === undefined ? what : `${what}; seen ${JSON.stringify(seen).slice(0, 600)}`);
}

async function openFiles(world) {
  const tunnel = await world.server.openTunnel(world.link, 5);
  tunnel.text('c');
  tunnel.text('5');
  await world.link.json.take((m) => m.action === 'sessions' && m.type === 'files' && m.value['user//t'] === 1, 'files session');
  return tunnel;
}

// Sends DATA as the protocol wants it, 8 blocks ahead of the acknowledgements.
async function upload(tunnel, path, name, data, { append = false, block = 65536, reqid = 1 } = {}) {
  tunnel.binary({ action: 'upload', reqid, path, name, size: data.length, append });
  await tunnel.json((m) => m.action === 'uploadstart' && m.reqid === reqid, 'uploadstart');
  let open = 0;
  for (let at = 0; at < data.length; at += block) {
    const part = data.subarray(at, at + block);
    tunnel.binary(part[0] === 0 || part[0] === 0x7b ? Buffer.concat([Buffer.alloc(1), part]) : part);
    if (++open > 8) { await tunnel.json((m) => m.action === 'uploadack', 'uploadack'); open--; }
  }
  for (; open > 0; open--) await tunnel.json((m) => m.action === 'uploadack', 'uploadack');
  tunnel.binary({ action: 'uploaddone', reqid });
  await tunnel.json((m) => m.action === 'uploaddone' && m.reqid === reqid, 'uploaddone');
}

async function download(tunnel, path, window = 8) {
  tunnel.text({ action: 'download', sub: 'start', id: 7, path });
  const first = await tunnel.json((m, text) => m.action === 'download' && text, 'download answer');
  if (first.sub !== 'start') return null;
  tunnel.text({ action: 'download', sub: 'startack', id: 7, ack: window });
  const blocks = [];
  for (;;) {
    const { data } = await tunnel.frames.take((f) => !f.text && f.data[0] === 1, 'download block');
    blocks.push(data.subarray(4));
    if ((data[3] & 1) === 1) return Buffer.concat(blocks);
    expect(data.length === 16384, 'a block before the last is full', data.length);
    tunnel.text({ action: 'download', sub: 'ack', id: 7 });
  }
}

async function list(tunnel, path) {
  tunnel.binary({ action: 'ls', reqid: 5, path });
  return (await tunnel.json((m) => m.reqid === 5 && m.path === path, 'listing')).dir;
}

async function waitFor(condition, what) {
  const end = Date.now() + 10000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`${what} did not happen within 10 s`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

// Gone, or a zombie that nobody has waited for yet. The process may go between a look at its directory and a read in it.
function ended(pid) {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return true;
    throw error;
  }
}

test('coreinfo names the core and what it can do', async ({ first }) => {
  expect(/^Bowline core v\d+$/.test(first.value), 'value', first);
  expect((first.caps & 6) === 6, 'terminal and files', first);
  expect(typeof first.osdesc === 'string' && first.osdesc.length > 0, 'osdesc', first);
  expect(typeof first.root === 'boolean' && first.lastbootuptime > 0, 'root, boot time', first);
});

test('netinfo follows', async ({ link }) => {
  const info = await link.json.take((m) => m.action === 'netinfo', 'netinfo');
  expect(info.netif2.lo.some((a) => a.address === '127.0.0.1'), 'loopback address', info);
});

test('ping, sysinfo and its hash', async ({ link }) => {
  await link.ask({ action: 'ping' }, (m) => m.action === 'pong', 'pong');
  const { data } = await link.ask({ action: 'sysinfo' }, (m) => m.action === 'sysinfo', 'sysinfo');
  expect(/^[0-9a-f]{96}$/.test(data.hash) && data.hardware.identifiers.cpu_name.length > 0, 'hash and processor', data);
  expect(data.hardware.linux.MemoryTotal > 0 && data.hardware.linux.Processors > 0 && Array.isArray(data.hardware.network.dns), 'memory, processors, name servers', data);
  link.send({ action: 'sysinfo', hash: data.hash });
  await link.ask({ action: 'ping' }, (m) => m.action === 'pong', 'pong');
  expect(link.json.drain((m) => m.action === 'sysinfo').length === 0, 'nothing is sent when the hash is known');
});

test('console commands; unknown things are ignored', async ({ link }) => {
  link.send({ action: 'nonsense', value: 1 });
  link.send({ action: 'msg', type: 'toString', rights: ALL, sessionid: 's' });
  link.send({ action: 'hasOwnProperty' });
  expect((await link.console('help')).includes('netinfo'), 'help');
  expect((await link.console('version')).includes('Bowline core'), 'version');
  expect((await link.console('echo "a  b" c')) === 'a  b c', 'echo');
  expect((await link.console('ls /')).includes('etc'), 'ls');
  expect((await link.console('ps')).length > 20, 'ps');
  expect((await link.console('frobnicate')).includes('Unknown command'), 'unknown command');
});

test('messages without the right do nothing', async ({ link }) => {
  for (const rights of [undefined, 0, 16, 8]) link.send({ action: 'msg', type: 'console', value: 'version', rights, sessionid: 'weak' });
  link.send({ action: 'msg', type: 'ps', rights: 256, sessionid: 'weak' });
  link.send({ action: 'runcommands', type: 3, cmds: 'echo no', reply: true, rights: 8, sessionid: 'weak', responseid: 'r' });
  await link.console('version');
  expect(link.json.drain((m) => m.sessionid === 'weak').length === 0, 'no answers');
});

test('ps and runcommands answer', async ({ link }) => {
  const ps = await link.ask({ action: 'msg', type: 'ps', rights: ALL, sessionid: 's', tag: 9 }, (m) => m.type === 'ps', 'ps');
  expect(Object.keys(JSON.parse(ps.value)).length > 1 && ps.tag === 9, 'processes', ps);
  const run = await link.ask({ action: 'runcommands', type: 3, cmds: 'echo $((40+2)); echo err >&2', runAsUser: 0, reply: true, responseid: 'r1', rights: ALL },
    (m) => m.type === 'runcommands', 'runcommands');
  expect(run.result.includes('42') && run.result.includes('err') && run.responseid === 'r1', 'output', run);
});

test('terminal: prompt, command, size, end', async ({ server, link }) => {
  const tunnel = await server.openTunnel(link, 1);
  tunnel.text('c');
  tunnel.text({ type: 'options', cols: 90, rows: 28 });
  tunnel.text('1');
  await tunnel.frames.take((f) => !f.text && f.data.length > 0, 'prompt');
  tunnel.binary('echo $((6*7))mark; stty size; tty\r');
  const start = await tunnel.until('/dev/pts/');
  expect(start.includes('42mark'), 'output', start);
  if (!start.includes('28 90')) { tunnel.binary('stty size\r'); await tunnel.until('28 90'); }
  tunnel.text({ ctrlChannel: '102938', type: 'termsize', cols: 100, rows: 30 });
  tunnel.text({ ctrlChannel: 102938, type: 'rtt', time: 77 });
  const rtt = await tunnel.json((m) => m.type === 'rtt', 'rtt');
  expect(rtt.time === 77 && rtt.ctrlChannel === '102938', 'rtt', rtt);
  tunnel.binary('stty size\r');
  await tunnel.until('30 100');
  await link.json.take((m) => m.action === 'sessions' && m.type === 'terminal' && m.value['user//t'] === 1, 'session starts');
  tunnel.binary('exit\r');
  await tunnel.closed;
  await link.json.take((m) => m.action === 'sessions' && m.type === 'terminal' && m.value['user//t'] === undefined, 'session ends');
});

test('terminal: closing the tunnel ends the shell', async ({ server, link }) => {
  const tunnel = await server.openTunnel(link, 1);
  tunnel.text('cr');
  tunnel.text('1');
  tunnel.binary("echo pid=$$=do''ne\r");
  const seen = await tunnel.until('=done');
  const pid = /pid=(\d+)=/.exec(seen)[1];
  expect(existsSync(`/proc/${pid}`), 'the shell runs', pid);
  tunnel.close();
  await waitFor(() => ended(pid), `end of shell ${pid}`);
});

test('desktop: the capture of the agent, and its end', async ({ server, link, display }) => {
  if (display === null) return;
  const tunnel = await server.openTunnel(link, 2);
  tunnel.text('c');
  tunnel.text('2');
  await tunnel.json((m) => m.type === 'metadata' && m.users['user//t'] === 1, 'metadata');
  await tunnel.frames.take((f) => !f.text && f.data.readUInt16BE(0) === 7, 'screen size');
  await tunnel.frames.take((f) => !f.text && f.data.readUInt16BE(0) === 3 && f.data.includes('JFIF'), 'tile');
  tunnel.close();
  await link.json.take((m) => m.action === 'sessions' && m.type === 'kvm' && m.value['user//t'] === undefined, 'session ends');
});

test('sessions without the right are refused', async ({ server, link }) => {
  for (const [protocol, rights] of [[1, 8 | 512], [1, 256], [5, 8 | 1024], [2, 8 | 65536], [5, undefined], [10, undefined]]) {
    const tunnel = await server.openTunnel(link, protocol, { rights });
    tunnel.text('c');
    tunnel.text(String(protocol));
    const answer = await tunnel.json((m) => m.type === 'console' || m.op === 'cancel', `refusal of ${protocol}`);
    expect(answer.msgid === 2 || answer.op === 'cancel', 'refusal', answer);
    await tunnel.closed;
  }
});

test('a question that cannot be asked is a no', async ({ server, link }) => {
  const tunnel = await server.openTunnel(link, 1, { consent: 16 });
  tunnel.text('c');
  tunnel.text('1');
  await tunnel.json((m) => m.type === 'console' && m.msgid === 2, 'denial');
  await tunnel.closed;
});

test('a tunnel to a server with another certificate is not opened', async ({ link, other }) => {
  const failure = await other.openTunnel(link, 1, { value: `wss://127.0.0.1:${other.port}/meshrelay.ashx?id=x` }, 1500).then(() => null, (e) => e);
  expect(failure !== null && other.expected.size === 0, 'no tunnel arrives');
  await link.json.take((m) => m.type === 'console' && /Unable to open/.test(m.value), 'report');
});

test('servertlshash names a further certificate', async ({ link, other }) => {
  const { createHash: hash } = await import('node:crypto');
  const digest = hash('sha384').update(other.web.x509.raw).digest('hex');
  const id = 'second';
  const arrived = new Promise((resolve) => { other.expected.set(id, resolve); });
  link.send({ action: 'msg', type: 'tunnel', rights: ALL, userid: 'user//t', sessionid: 's', servertlshash: digest, soptions: {}, value: `wss://127.0.0.1:${other.port}/meshrelay.ashx?id=${id}` });
  (await arrived).close();
});

test('files: folders', async (world) => {
  const tunnel = await openFiles(world);
  mkdirSync(join(world.dir, 'keep'));
  writeFileSync(join(world.dir, 'keep', 'safe'), 'x');
  tunnel.binary({ action: 'mkdir', reqid: 1, path: join(world.dir, 'sub') });
  await waitFor(() => existsSync(join(world.dir, 'sub')), 'mkdir');
  writeFileSync(join(world.dir, 'sub', 'a.txt'), 'abc');
  symlinkSync(join(world.dir, 'keep'), join(world.dir, 'sub', 'link'));
  const entries = await list(tunnel, world.dir);
  const sub = entries.find((e) => e.n === 'sub');
  expect(sub.t === 2 && /^\d{4}-\d\d-\d\dT/.test(sub.d), 'folder entry', sub);
  const inner = await list(tunnel, join(world.dir, 'sub'));
  expect(inner.find((e) => e.n === 'a.txt').s === 3, 'file entry', inner);
  expect((await list(tunnel, '/nonexistent/x')) === null, 'missing folder is null');
  tunnel.text({ action: 'rename', reqid: 2, path: join(world.dir, 'sub'), oldname: 'a.txt', newname: 'b.txt' });
  await waitFor(() => existsSync(join(world.dir, 'sub', 'b.txt')), 'rename');
  tunnel.text({ action: 'rename', reqid: 2, path: join(world.dir, 'sub'), oldname: 'b.txt', newname: '../escaped' });
  tunnel.binary({ action: 'rm', path: world.dir, delfiles: ['../../etc', 'sub/b.txt', '.', '..', ''], rec: true });
  await list(tunnel, world.dir);
  expect(existsSync(join(world.dir, 'sub', 'b.txt')) && !existsSync(join(world.dir, 'escaped')), 'names are not paths');
  tunnel.text({ action: 'copy', reqid: 3, scpath: join(world.dir, 'sub'), dspath: join(world.dir, 'keep'), names: ['b.txt'] });
  await waitFor(() => existsSync(join(world.dir, 'keep', 'b.txt')), 'copy');
  tunnel.text({ action: 'findfile', reqid: 4, path: world.dir, filter: '*.TXT' });
  await tunnel.json((m) => m.action === 'findfile' && m.r === 'sub/b.txt', 'found file');
  await tunnel.json((m) => m.action === 'findfile' && m.r === null, 'end of the search');
  tunnel.binary({ action: 'rm', path: world.dir, delfiles: ['sub'], rec: true });
  await waitFor(() => !existsSync(join(world.dir, 'sub')), 'rm');
  expect(existsSync(join(world.dir, 'keep', 'safe')), 'links are not followed');
  tunnel.close();
});

test('files: upload, resume, download', async (world) => {
  const tunnel = await openFiles(world);
  const data = Buffer.concat([Buffer.from([0, 1, 2]), randomBytes(700000)]);
  data[65536] = 0x7b;
  data[2 * 65536] = 0;
  await upload(tunnel, world.dir, 'up.bin', data);
  expect(sha256(readFileSync(join(world.dir, 'up.bin'))) === sha256(data), 'uploaded bytes');
  tunnel.text({ action: 'uploadhash', reqid: 9, path: world.dir, name: 'up.bin', tag: { h: 'x', s: 1, skip: false } });
  const known = await tunnel.json((m) => m.action === 'uploadhash', 'uploadhash');
  const expected = createHash('sha384').update(data).digest('hex').toUpperCase();
  expect(known.hash === expected && known.tag.h === 'x' && known.name === 'up.bin', 'hash and tag', known);
  const rest = randomBytes(1000);
  await upload(tunnel, world.dir, 'up.bin', rest, { append: true, reqid: 2 });
  const whole = Buffer.concat([data, rest]);
  expect(sha256(readFileSync(join(world.dir, 'up.bin'))) === sha256(whole), 'appended bytes');
  expect(sha256(await download(tunnel, join(world.dir, 'up.bin'))) === sha256(whole), 'downloaded bytes');
  expect(sha256(await download(tunnel, join(world.dir, 'up.bin'), 1)) === sha256(whole), 'one block at a time');
  writeFileSync(join(world.dir, 'exact'), Buffer.alloc(16380 * 2, 0x7b));
  expect((await download(tunnel, join(world.dir, 'exact'))).length === 16380 * 2, 'exact multiple');
  expect((await download(tunnel, '/nonexistent')) === null, 'missing file');
  tunnel.binary({ action: 'upload', reqid: 3, path: world.dir, name: '../bad', size: 1 });
  await tunnel.json((m) => m.action === 'uploaderror' && m.reqid === 3, 'refused name');
  tunnel.binary({ action: 'upload', reqid: 4, path: world.dir, name: 'part', size: 10 });
  await tunnel.json((m) => m.action === 'uploadstart' && m.reqid === 4, 'uploadstart');
  tunnel.binary({ action: 'uploadcancel', reqid: 4 });
  await tunnel.json((m) => m.action === 'uploadcancel', 'uploadcancel');
  expect(!existsSync(join(world.dir, 'part')), 'a cancelled upload leaves nothing');
  tunnel.close();
});

test('device file (protocol 10)', async ({ server, link, dir }) => {
  const data = randomBytes(200000);
  writeFileSync(join(dir, 'one'), data);
  const tunnel = await server.openTunnel(link, 10);
  tunnel.text('c');
  tunnel.text({ type: 'options', file: join(dir, 'one') });
  tunnel.text('10');
  const answer = await tunnel.json((m) => m.op !== undefined, 'answer');
  expect(answer.op === 'ok' && answer.size === data.length, 'size', answer);
  await tunnel.closed;
  expect(sha256(Buffer.concat(tunnel.frames.drain((f) => !f.text).map((f) => f.data))) === sha256(data), 'bytes');
});

test('TCP relay', async ({ server, link }) => {
  const echo = createServer((socket) => { socket.on('error', () => {}); socket.pipe(socket); });
  await new Promise((resolve) => { echo.listen(0, '127.0.0.1', resolve); });
  const tunnel = await server.openTunnel(link, 14, { tcpport: echo.address().port, rights: 0x200000 });
  tunnel.text('c');
  await link.json.take((m) => m.action === 'sessions' && m.type === 'tcp' && m.value['user//t'] === 1, 'tcp session');
  const data = randomBytes(100000);
  tunnel.binary(data);
  tunnel.text({ type: 'ping', ctrlChannel: '102938' });
  const parts = [];
  while (Buffer.concat(parts).length < data.length) parts.push((await tunnel.frames.take((f) => !f.text, 'echo')).data);
  expect(Buffer.concat(parts).equals(data), 'echoed bytes');
  tunnel.close();
  await link.json.take((m) => m.action === 'sessions' && m.type === 'tcp' && m.value['user//t'] === undefined, 'tcp session ends');
  echo.close();
});

async function main() {
  const [core, agent, scriptHost] = process.argv.slice(2);
  const binary = process.env.BL_TEST_MESHAGENT;
  if (agent === undefined && (binary === undefined || !existsSync(binary))) {
    console.log('1..0 # SKIP BL_TEST_MESHAGENT names no agent');
    process.exit(77);
  }
  const server = await FakeMeshServer.start();
  const other = await FakeMeshServer.start();
  let failures = 0;
  try {
    const display = agent === undefined ? await server.startScreen() : null;
    const link = await (agent === undefined ? server.startMeshAgent(binary, display) : server.startBowlineAgent(resolve(agent), resolve(scriptHost)));
    await link.pushCore(readFileSync(core));
    const first = await link.json.take((m) => m.action === 'coreinfo', 'coreinfo');
    const dir = join(server.dir, 'work');
    mkdirSync(dir);
    console.log(`1..${tests.length}`);
    for (const [index, { name, run }] of tests.entries()) {
      try {
        await run({ server, other, link, first, dir, display });
        console.log(`ok ${index + 1} - ${name}`);
      } catch (error) {
        failures++;
        console.log(`not ok ${index + 1} - ${name}\n# ${error.stack.replace(/\n/g, '\n# ')}`);
      }
    }
    if (failures > 0) {
      console.log(`# agent: ${server.output.slice(-1500).replace(/\n/g, '\n# ')}`);
      console.log(`# console: ${JSON.stringify(link.json.drain((m) => m.type === 'console')).slice(0, 1500)}`);
    }
  } finally {
    await server.stop();
    await other.stop();
  }
  process.exit(failures > 0 ? 1 : 0);
}

await main();
