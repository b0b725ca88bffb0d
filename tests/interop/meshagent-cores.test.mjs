// SPDX-License-Identifier: Apache-2.0
// The real MeshAgent through the whole server: online, what it reports, console, terminal, files, desktop, commands, tag;
// once with our core script, and once with MeshCentral's own from its npm package (setting "core").
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { Bowline, openTunnel, skipMeshAgent, until } from '../integration/lib.mjs';

const MESHCENTRAL = process.env.BL_TEST_MESHCENTRAL ?? '';
const foreign = join(MESHCENTRAL, 'agents', 'meshcore.min.js');
const sha256 = (data) => createHash('sha256').update(data).digest('hex');

// The agent takes whatever X server it finds among the processes: it gets one, and sees no other, in a namespace of its own.
// Returns what to put before its command line, or null where this is not possible.
function ownScreen(number) {
  const namespace = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
  for (const [program, ...words] of [[...namespace, 'true'], ['sh', '-c', 'command -v Xvfb']]) {
    if (spawnSync(program, words, { stdio: 'ignore' }).status !== 0) return null;
  }
  return [...namespace, 'sh', '-c', `Xvfb :${number} -screen 0 640x480x24 -nolisten tcp >/dev/null 2>&1 & exec "$@"`, 'sh'];
}

async function console_(control, nodeid, value, pattern) {
  control.send({ action: 'msg', type: 'console', nodeid, value });
  const answer = await control.take(`console: ${value}`, (f) => f.action === 'msg' && f.type === 'console' && pattern.test(f.value ?? ''), 40);
  return answer.value;
}

async function terminal(bowline, control, nodeid) {
  const tunnel = await openTunnel(bowline, control, nodeid, 1, { options: { cols: 90, rows: 28 } });
  const seen = () => Buffer.concat(tunnel.binary).toString();
  await tunnel.until('prompt', () => tunnel.binary.length > 0, 40);
  tunnel.socket.send(Buffer.from('echo $((6*7))mark\r'));
  await tunnel.until('output', () => seen().includes('42mark'), 40);
  tunnel.socket.send(JSON.stringify({ ctrlChannel: '102938', type: 'termsize', cols: 100, rows: 30 }));
  tunnel.socket.send(Buffer.from('stty size\r'));
  await tunnel.until('size', () => seen().includes('30 100') || (tunnel.socket.send(Buffer.from('stty size\r')), false), 40);
  tunnel.socket.terminate();
}

async function files(bowline, control, nodeid, dir) {
  const tunnel = await openTunnel(bowline, control, nodeid, 5);
  const answers = () => [...tunnel.binary.map(String), ...tunnel.text].filter((t) => t.startsWith('{')).map((t) => JSON.parse(t));
  const ask = (message, what, accept) => {
    tunnel.socket.send(Buffer.from(JSON.stringify(message)));
    return tunnel.until(what, () => answers().find(accept), 40);
  };
  const data = randomBytes(200000);
  data[0] = 1;
  await ask({ action: 'upload', reqid: 7, path: dir, name: 'up.bin', size: data.length }, 'uploadstart', (m) => m.action === 'uploadstart');
  for (let at = 0, n = 0; at < data.length; at += 65536) {
    const part = data.subarray(at, at + 65536);
    tunnel.socket.send(part[0] === 0 || part[0] === 0x7b ? Buffer.concat([Buffer.alloc(1), part]) : part);
    n++;
    await tunnel.until('uploadack', () => answers().filter((m) => m.action === 'uploadack').length >= n, 40);
  }
  await ask({ action: 'uploaddone', reqid: 7 }, 'uploaddone', (m) => m.action === 'uploaddone');
  assert.equal(sha256(readFileSync(join(dir, 'up.bin'))), sha256(data));
  const listing = await ask({ action: 'ls', reqid: 8, path: dir }, 'listing', (m) => m.reqid === 8 && m.dir);
  assert.deepEqual(listing.dir.filter((e) => e.n === 'up.bin').map((e) => [e.t, e.s]), [[3, data.length]]);
  tunnel.binary.length = 0;
  tunnel.text.length = 0;
  tunnel.socket.send(JSON.stringify({ action: 'download', sub: 'start', id: 3, path: join(dir, 'up.bin') }));
  await tunnel.until('download', () => answers().find((m) => m.action === 'download' && m.sub === 'start'), 40);
  tunnel.socket.send(JSON.stringify({ action: 'download', sub: 'startack', id: 3, ack: 8 }));
  const blocks = [];
  for (let last = false; !last;) {
    const block = await tunnel.until('block', () => tunnel.binary.shift(), 40);
    if (block[0] !== 1) continue;
    blocks.push(block.subarray(4));
    last = (block[3] & 1) === 1;
    tunnel.socket.send(JSON.stringify({ action: 'download', sub: 'ack', id: 3 }));
  }
  assert.equal(sha256(Buffer.concat(blocks)), sha256(data));
  tunnel.socket.terminate();
}

async function desktop(bowline, control, nodeid) {
  const tunnel = await openTunnel(bowline, control, nodeid, 2);
  const first = (type) => tunnel.binary.find((b) => b.readUInt16BE(0) === type);
  await tunnel.until('screen size', () => first(7), 40);
  assert.deepEqual([first(7).readUInt16BE(4), first(7).readUInt16BE(6)], [640, 480]);
  tunnel.socket.send(Buffer.from([0, 5, 0, 10, 1, 50, 4, 0, 0, 100]));
  tunnel.socket.send(Buffer.from([0, 8, 0, 5, 0]));
  tunnel.socket.send(Buffer.from([0, 6, 0, 4]));
  await tunnel.until('tile', () => tunnel.binary.find((b) => [3, 27].includes(b.readUInt16BE(0)) && b.includes('JFIF')), 40);
  tunnel.socket.terminate();
}

/** Everything, with the core script that sets configure; core: what it calls itself; help: what its console lists. */
async function everything(t, { sets, core, help, inventory }) {
  const bowline = await Bowline.start({ sets });
  t.after(async () => { assert.equal(await bowline.stop(), 0); });
  await bowline.createUser('admin');
  await bowline.createGroup('Lab');
  const number = 1000 + Math.floor(Math.random() * 60000);
  const screen = ownScreen(number);
  const agent = await bowline.startMeshAgent('Lab', { display: `:${number}`, wrap: screen ?? [], tag: 'north wing\n~ServerDesc:front desk' });
  const [{ _id: nodeid }] = await bowline.waitOnline(1, 60);
  const control = await bowline.control();
  t.after(() => control.close());
  const node = () => control.ask({ action: 'nodes' }).then(({ nodes }) => Object.values(nodes).flat().find((n) => n._id === nodeid));

  const device = await until('coreinfo', async () => { const n = await node(); return n.agent.core && n; }, 60)
    .catch((e) => { throw new Error(`${e.message}\n${bowline.log().slice(-3000)}\n${agent.log().slice(-2000)}`); });
  assert.match(device.agent.core, core);
  assert.equal(device.agent.id, 6);
  assert.equal(device.agent.caps & 6, 6);
  assert.ok(device.osdesc?.length > 0);
  assert.equal((await until('tag', async () => { const n = await node(); return n.agent.tag && n; }, 40)).agent.tag, 'north wing');
  assert.equal((await node()).desc, 'front desk');
  if (inventory) await until('system information', async () => (await control.ask({ action: 'getsysinfo', nodeid })).hardware, 60);
  await until('network information', async () => Object.keys((await control.ask({ action: 'getnetworkinfo', nodeid })).netif2 ?? {}).length > 0, 60);
  assert.match(await console_(control, nodeid, 'help', help), help);
  await terminal(bowline, control, nodeid);
  const dir = join(agent.dir, 'work');
  mkdirSync(dir);
  await files(bowline, control, nodeid, dir);
  control.send({ action: 'runcommands', nodeids: [nodeid], type: 3, cmds: `echo $((40+2)) > ${join(dir, 'ran')}`, runAsUser: 0 });
  await until('the command ran', () => existsSync(join(dir, 'ran')) && readFileSync(join(dir, 'ran'), 'utf8').trim() === '42', 40);
  if (screen !== null) await desktop(bowline, control, nodeid);
  else t.diagnostic('no screen of its own: the desktop was not looked at');
}

test('with our core', { skip: skipMeshAgent, timeout: 300000 },
  (t) => everything(t, { sets: ['agents.agent-tag=description'], core: /^Bowline core v/, help: /netinfo/, inventory: true }));

test("with MeshCentral's own core", { skip: skipMeshAgent || !existsSync(foreign), timeout: 300000 },
  (t) => everything(t, { sets: [`agents.core=${foreign}`, 'agents.agent-tag=description'], core: /^\w{3} \d+ \d{4}, \d+$/, help: /Available commands/,
    inventory: existsSync('/sys/class/dmi/id') /* it knows no other source */ }));
