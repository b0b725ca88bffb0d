// SPDX-License-Identifier: Apache-2.0
// From an agent's first contact to its shell and files, over the control channel, with both kinds of agent.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, end, openTunnel, skipMeshAgent, until } from './lib.mjs';

let bowline;
let control;
const scratch = mkdtempSync(join(tmpdir(), 'bowline-files-'));

before(async () => {
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  await control.take('serverinfo', (f) => f.action === 'serverinfo');
  await control.take('userinfo', (f) => f.action === 'userinfo');
});

after(async () => {
  control?.close();
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
  assert.equal(bowline.agentCodes[0], 0, 'bowline-agent ends in order');
});

async function visible(groupName) {
  const { meshes } = await control.ask({ action: 'meshes' });
  const group = meshes.find((m) => m.name === groupName);
  const { nodes } = await control.ask({ action: 'nodes', meshid: group._id });
  return nodes[group._id] ?? [];
}

async function newDevice(groupName, starting) {
  const { meshid, result } = await control.ask({ action: 'createmesh', meshname: groupName, meshtype: 2 });
  assert.equal(result, 'ok');
  await starting(meshid);
  const event = await control.take('nodeconnect', (f) => f.action === 'event' && f.event.action === 'nodeconnect' && f.event.meshid === meshid && (f.event.conn & 1) === 1, 40);
  return event.event.nodeid;
}

/** Asks until the core script answers: it starts some time after the device appeared. */
async function checkConsole(nodeid) {
  const isAnswer = (f) => f.action === 'msg' && f.type === 'console' && f.nodeid === nodeid;
  let asked = 0;
  await until('the core script answers', () => {
    if (Date.now() - asked > 1000) {
      asked = Date.now();
      control.send({ action: 'msg', type: 'console', nodeid, value: 'help' });
    }
    return control.frames.some(isAnswer);
  });
  const answer = await control.take('console', isAnswer);
  assert.match(answer.value, /help/);
}

async function checkTerminal(nodeid) {
  const tunnel = await openTunnel(bowline, control, nodeid, 1, { options: { cols: 100, rows: 30, xterm: true } });
  tunnel.socket.send(Buffer.from('echo sum-$((6*7)); stty size\r'));
  await tunnel.until('output of the command', () => Buffer.concat(tunnel.binary).includes('sum-42'));
  tunnel.socket.send(JSON.stringify({ ctrlChannel: '102938', type: 'termsize', cols: 77, rows: 33 }));
  tunnel.socket.send(JSON.stringify({ ctrlChannel: '102938', type: 'rtt', time: 123 }));
  await tunnel.until('rtt answered', () => tunnel.text.some((t) => JSON.parse(t).type === 'rtt' && JSON.parse(t).time === 123));
  tunnel.socket.send(Buffer.from('stty size\r'));
  await tunnel.until('new size', () => Buffer.concat(tunnel.binary).includes('33 77'));
  const sessions = await control.take('devicesessions', (f) => f.event?.action === 'devicesessions' && f.event.nodeid === nodeid && f.event.sessions?.terminal);
  assert.equal(sessions.event.sessions.terminal['user//admin'], 1);
  tunnel.socket.send(Buffer.from('exit\r'));
  await tunnel.until('closed with the shell', () => tunnel.closed);
}

async function checkFiles(nodeid) {
  const dir = mkdtempSync(join(scratch, 'd'));
  const tunnel = await openTunnel(bowline, control, nodeid, 5);
  const sendJson = (o) => tunnel.socket.send(Buffer.from(JSON.stringify(o)));
  const answers = () => tunnel.binary.filter((b) => b[0] === 0x7b).map((b) => JSON.parse(b));
  const content = Buffer.concat([Buffer.from([0]), randomBytes(150000), Buffer.from('{"end":1}')]);
  sendJson({ action: 'upload', reqid: 9, path: dir, name: 'blob.bin', size: content.length });
  await tunnel.until('upload starts', () => answers().some((a) => a.action === 'uploadstart'));
  for (let at = 0; at < content.length; at += 65536) {
    const block = content.subarray(at, at + 65536);
    const special = block[0] === 0 || block[0] === 0x7b;
    tunnel.socket.send(special ? Buffer.concat([Buffer.from([0]), block]) : block);
    const n = at / 65536 + 1;
    await tunnel.until('block acknowledged', () => answers().filter((a) => a.action === 'uploadack').length >= n);
  }
  sendJson({ action: 'uploaddone', reqid: 9 });
  await tunnel.until('upload done', () => answers().some((a) => a.action === 'uploaddone'));
  const sha = (b) => createHash('sha256').update(b).digest('hex');
  assert.equal(sha(readFileSync(join(dir, 'blob.bin'))), sha(content));
  sendJson({ action: 'ls', reqid: 'l', path: dir });
  const listing = await tunnel.until('listing', () => answers().find((a) => a.reqid === 'l'));
  assert.equal(listing.dir[0].n, 'blob.bin');
  assert.equal(listing.dir[0].s, content.length);
  tunnel.binary.length = 0;
  sendJson({ action: 'download', sub: 'start', id: 4, path: join(dir, 'blob.bin') });
  await tunnel.until('download starts', () => tunnel.text.some((t) => JSON.parse(t).sub === 'start'));
  sendJson({ action: 'download', sub: 'startack', id: 4, ack: 1 });
  const got = [];
  for (let last = false; !last;) {
    const block = await tunnel.until('block', () => tunnel.binary.shift());
    last = (block[3] & 1) === 1;
    got.push(block.subarray(4));
    if (!last) sendJson({ action: 'download', sub: 'ack', id: 4 });
  }
  assert.equal(sha(Buffer.concat(got)), sha(content));
  tunnel.socket.close();
}

/** What the device is, told once it was asked, and again when somebody wants it anew. */
async function checkDetails(nodeid) {
  await control.take('details are stored', (f) => f.event?.action === 'sysinfohash' && f.event.nodeid === nodeid);
  const { hardware, time } = await control.ask({ action: 'getsysinfo', nodeid });
  assert.ok(hardware.linux.MemoryTotal > 0);
  assert.ok(Array.isArray(hardware.linux.volumes) && Array.isArray(hardware.identifiers.storage_devices));
  for (const volume of hardware.linux.volumes) assert.ok(volume.mount_point.startsWith('/') && volume.available <= volume.size);
  const network = await until('the network is stored', async () => (await control.ask({ action: 'getnetworkinfo', nodeid })).netif2);
  assert.ok(network.lo.some((entry) => entry.address === '127.0.0.1' && entry.netmask === '255.0.0.0'));
  await until('the device is asked anew', async () => (await control.ask({ action: 'getsysinfo', nodeid, refresh: true })).refreshing);
  await control.take('it answered', (f) => f.event?.action === 'sysinfohash' && f.event.nodeid === nodeid);
  assert.ok((await control.ask({ action: 'getsysinfo', nodeid })).time > time);
}

test('bowline-agent: appears, shell, files', async () => {
  const nodeid = await newDevice('Ours', (meshid) => bowline.startAgent(meshid));
  const [node] = await visible('Ours');
  assert.equal(node._id, nodeid);
  assert.equal(node.conn & 1, 1);
  await control.take('coreinfo arrived', (f) => f.event?.action === 'changenode' && f.event.node._id === nodeid && f.event.node.osdesc);
  await checkConsole(nodeid);
  await checkTerminal(nodeid);
  await checkFiles(nodeid);
  await checkDetails(nodeid);
  const log = await control.ask({ action: 'events', nodeid, limit: 50 });
  const ended = log.events.find((e) => e.action === 'relaylog' && e.msgid === 10);
  assert.ok(ended, JSON.stringify(log.events).slice(0, 1000));
  assert.ok(ended.bytesout > 0);
});

test('MeshAgent: appears, runs our core, shell, files', { skip: skipMeshAgent }, async () => {
  const nodeid = await newDevice('Theirs', (meshid) => bowline.startMeshAgent(meshid));
  await control.take('our core runs', (f) => f.event?.action === 'changenode' && f.event.node._id === nodeid && /Bowline/.test(f.event.node.agent?.core ?? ''), 40);
  await checkConsole(nodeid);
  await checkTerminal(nodeid);
  await checkFiles(nodeid);
});

test('a device comes back after a restart of the server', async () => {
  const before = (await visible('Ours'))[0]._id;
  control.close();
  assert.equal(await end(bowline.process), 0);
  await bowline.run();
  control = await bowline.control();
  await bowline.waitOnline(1, 60);
  assert.equal((await visible('Ours'))[0]._id, before);
});
