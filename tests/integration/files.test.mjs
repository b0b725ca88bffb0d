// SPDX-License-Identifier: Apache-2.0
// Files of a device through a real server: folders as archives, what goes on after a break, a full disk, many sessions at once.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, end, openTunnel, until } from './lib.mjs';

const TUNNELS = 100;
const sha384 = (data) => createHash('sha384').update(data).digest('hex').toUpperCase();

function noSmallDisk() {
  if (process.getuid() !== 0) return 'only root may mount a small file system';
  try { execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' }); } catch { return 'no mount namespaces here'; }
  return false;
}

const skipDisk = noSmallDisk();
const wrap = skipDisk ? [] : ['unshare', '-m', '--propagation', 'private'];
const scratch = mkdtempSync(join(tmpdir(), 'bowline-files-'));
let bowline;
let control;
let agent;
let nodeid;

/** A files session as a viewer has it. */
class Files {
  static async open() {
    const files = new Files();
    files.tunnel = await openTunnel(bowline, control, nodeid, 5);
    return files;
  }

  send(message) { this.tunnel.socket.send(Buffer.from(JSON.stringify(message))); }

  /** The next answer that CHECK takes; those before it are dropped. */
  answer(what, check) {
    return this.tunnel.until(what, () => {
      while (this.tunnel.binary.length > 0) {
        const frame = this.tunnel.binary.shift();
        const found = frame[0] === 0x7b ? JSON.parse(frame) : undefined;
        if (found && check(found)) return found;
      }
      return undefined;
    });
  }

  async upload(path, name, blocks, { append = false, done = true } = {}) {
    this.send({ action: 'upload', reqid: 1, path, name, size: 0, append });
    let answer = await this.answer('upload starts', (a) => a.action.startsWith('upload'));
    for (const block of blocks) {
      if (answer.action === 'uploaderror') return answer;
      this.tunnel.socket.send(Buffer.concat([Buffer.from([0]), block]));
      answer = await this.answer('an acknowledgement', (a) => a.action === 'uploadack' || a.action === 'uploaderror');
    }
    if (!done || answer.action === 'uploaderror') return answer;
    this.send({ action: 'uploaddone', reqid: 1 });
    return this.answer('upload done', (a) => a.action === 'uploaddone' || a.action === 'uploaderror');
  }

  /** All of it, or the first MOST bytes; undefined when the device cancels. */
  async download(request, { most = Infinity, ack = 8, block } = {}) {
    const { tunnel } = this;
    tunnel.text.length = tunnel.binary.length = 0;
    this.send({ action: 'download', sub: 'start', id: 7, ...request });
    const found = (sub) => tunnel.text.map((t) => JSON.parse(t)).find((m) => m.sub === sub);
    const start = await tunnel.until('an answer', () => found('start') ?? found('cancel'));
    if (start.sub === 'cancel') return undefined;
    this.send({ action: 'download', sub: 'startack', id: 7, ack, block });
    const parts = [];
    for (let length = 0; length < most;) {
      const frame = await tunnel.until('a block', () => tunnel.binary.shift() ?? (found('cancel') && 'cancelled'));
      if (frame === 'cancelled') return undefined;
      if (frame[0] === 0x7b) continue;
      parts.push(frame.subarray(4));
      length += frame.length - 4;
      if ((frame[3] & 1) === 1) break;
      this.send({ action: 'download', sub: 'ack', id: 7 });
    }
    return { start, content: Buffer.concat(parts) };
  }

  async hash(path, name) {
    this.send({ action: 'uploadhash', reqid: 2, path, name, tag: {} });
    return (await this.answer('a hash', (a) => a.action === 'uploadhash')).hash;
  }

  close() { this.tunnel.socket.terminate(); }
}

async function startAgent(state) {
  agent = await bowline.startAgent('Here', { state, wrap });
  const isThere = (f) => f.action === 'event' && f.event.action === 'nodeconnect' && (f.event.conn & 1) === 1;
  ({ event: { nodeid } } = await control.take('nodeconnect', isThere, 40));
}

before(async () => {
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  await control.take('serverinfo', (f) => f.action === 'serverinfo');
  await control.ask({ action: 'createmesh', meshname: 'Here', meshtype: 2 });
  await startAgent();
});

after(async () => {
  control?.close();
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
});

test('a folder comes as an archive, nothing is written on the device', async () => {
  const dir = mkdtempSync(join(scratch, 'folder-'));
  const large = randomBytes(300000);
  mkdirSync(join(dir, 'tree/deep'), { recursive: true });
  writeFileSync(join(dir, 'tree/deep/large'), large);
  symlinkSync('deep/large', join(dir, 'tree/link'));
  const files = await Files.open();
  const { content } = await files.download({ path: dir, files: ['tree'] }, { block: 65532 });
  assert.deepEqual(readdirSync(dir), ['tree']);
  writeFileSync(join(dir, 'got.zip'), content);
  files.send({ action: 'unzip', input: join(dir, 'got.zip'), dest: join(dir, 'new') });
  await files.answer('unpacked', (a) => a.action === 'refresh');
  assert.equal(sha384(readFileSync(join(dir, 'new/tree/link'))), sha384(large));
  files.send({ action: 'ls', reqid: 3, path: join(dir, 'new/tree') });
  const listing = await files.answer('the listing', (a) => a.reqid === 3);
  assert.equal(listing.dir.find((e) => e.n === 'link').l, 'deep/large');
  assert.equal(await files.download({ path: dir, files: ['none'] }), undefined);
  files.close();
});

test('transfers go on after a break and after a start of the agent', async () => {
  const dir = mkdtempSync(join(scratch, 'break-'));
  const block = 65536;
  const content = randomBytes(10 * block);
  const blocks = Array.from({ length: 10 }, (_, i) => content.subarray(i * block, (i + 1) * block));
  let files = await Files.open();
  await files.upload(dir, 'up', blocks.slice(0, 4), { done: false });
  const first = await files.download({ path: join(dir, 'up') }, { most: 2 * block, block: 65532, ack: 1 });
  files.close();
  files = await Files.open();
  assert.equal(await files.hash(dir, 'up'), sha384(content.subarray(0, 4 * block)));
  await files.upload(dir, 'up', blocks.slice(4, 6), { append: true, done: false });
  files.close();
  await end(agent);
  const before = nodeid;
  await startAgent(agent.state);
  assert.equal(nodeid, before);
  files = await Files.open();
  assert.equal((await files.upload(dir, 'up', blocks.slice(6), { append: true })).action, 'uploaddone');
  assert.equal(sha384(readFileSync(join(dir, 'up'))), sha384(content));
  const rest = await files.download({ path: join(dir, 'up'), offset: first.content.length });
  assert.equal(rest.start.offset, first.content.length);
  assert.equal(sha384(Buffer.concat([first.content, rest.content])), sha384(content));
  assert.equal(await files.hash(dir, 'up'), sha384(content));
  files.close();
});

test('a full disk is told, and what came is there to go on with', { skip: skipDisk }, async () => {
  const disk = join(scratch, 'disk');
  mkdirSync(disk);
  execFileSync('nsenter', ['-t', String(agent.pid), '-m', '--', 'mount', '-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]);
  const files = await Files.open();
  const content = randomBytes(65536);
  const reached = await files.upload(disk, 'large', Array(20).fill(content));
  assert.equal(reached.action, 'uploaderror');
  const reason = await files.answer('the reason', (a) => a.action === 'dialogmessage');
  assert.match(reason.error, /No space left/);
  files.send({ action: 'zip', path: disk, files: ['large'], output: 'a.zip' });
  assert.match((await files.answer('the reason', (a) => a.action === 'dialogmessage' && a.msg === 'error')).error, /space|write/i);
  // Half an archive is none; what was uploaded waits for more room.
  files.send({ action: 'ls', reqid: 4, path: disk });
  const { dir } = await files.answer('the listing', (a) => a.reqid === 4);
  assert.deepEqual(dir.map((e) => e.n), ['large']);
  assert.ok(dir[0].s >= 7 * 65536);
  files.close();
});

test(`${TUNNELS} sessions at once`, async () => {
  const dir = mkdtempSync(join(scratch, 'many-'));
  const all = [];
  // Handshakes have a limit of their own; what counts is that all are open at once.
  while (all.length < TUNNELS) all.push(...await Promise.all(Array.from({ length: 20 }, () => Files.open())));
  const contents = all.map(() => randomBytes(100000));
  await Promise.all(all.map(async (files, i) => {
    assert.equal((await files.upload(dir, `f${i}`, [contents[i]])).action, 'uploaddone');
    const got = await files.download({ path: join(dir, `f${i}`) }, { block: 65532 });
    assert.equal(sha384(got.content), sha384(contents[i]));
    files.close();
  }));
  await until('all have ended', () => readFileSync(`/proc/${agent.pid}/status`, 'utf8').match(/^Threads:\s+(\d+)/m)[1] < 20);
});
