// SPDX-License-Identifier: Apache-2.0
// Framing of the files protocol, and transfers against an invented device.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { FilesClient, FilesError } from '../src/files/client';
import { blobSink, download } from '../src/files/download';
import { archiveFolder, escapeBlock, joinPath, nameProblem, normalizePath, parentPath, parseFrame, readEntries, sortEntries } from '../src/files/protocol';
import { TransferQueue } from '../src/files/queue';
import { resumeOffset, upload, WINDOW, type Source } from '../src/files/upload';
import { startDevice, tree } from './fake-device.mjs';

const bytes = (...list: number[]) => Uint8Array.from(list);

test('blocks that begin like an escape or like JSON get a zero in front', () => {
  assert.deepEqual(escapeBlock(bytes(1, 2)), bytes(1, 2));
  assert.deepEqual(escapeBlock(bytes(0, 2)), bytes(0, 0, 2));
  assert.deepEqual(escapeBlock(bytes(0x7b)), bytes(0, 0x7b));
  assert.deepEqual(escapeBlock(bytes()), bytes());
});

test('frames from the device are told apart', () => {
  const buffer = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer;
  assert.deepEqual(parseFrame(buffer('{"a":1}')), { kind: 'json', message: { a: 1 } });
  assert.equal(parseFrame(buffer('{broken')).kind, 'unknown');
  assert.deepEqual(parseFrame(bytes(1, 0, 0, 1, 9).buffer), { kind: 'block', data: bytes(9), last: true });
  assert.deepEqual(parseFrame(bytes(1, 0, 0, 0).buffer), { kind: 'block', data: bytes(), last: false });
  assert.equal(parseFrame(bytes(1, 0).buffer).kind, 'unknown');
  assert.equal(parseFrame(new ArrayBuffer(0)).kind, 'unknown');
});

test('directory entries: odd ones are left out', () => {
  assert.deepEqual(readEntries([{ n: 'a', t: 2, l: '../b' }, { n: 'b', t: 2, l: 5 }])!.map((e) => e.target), ['../b', null]);
  const list = readEntries([{ n: 'b', t: 3, s: 5, d: '2026-11-21T05:53:14Z' }, { n: 'a', t: 2 }, { n: '..', t: 2 }, { t: 3 }, null, { n: 'C:', t: 1, f: 7 }])!;
  assert.deepEqual(list.map((e) => [e.name, e.kind]), [['b', 'file'], ['a', 'folder'], ['C:', 'drive']]);
  assert.equal(list[0]!.modified, Date.parse('2026-11-21T05:53:14Z'));
  assert.equal(readEntries(null), null);
  assert.deepEqual(sortEntries(list, 'name', false).map((e) => e.name), ['a', 'C:', 'b']);
});

test('paths of both kinds of systems', () => {
  assert.equal(normalizePath(' /var//log/../lib/./x/ ', false), '/var/lib/x');
  assert.equal(normalizePath('etc', false), '/etc');
  assert.equal(normalizePath('/../..', false), '/');
  assert.equal(normalizePath('C:\\Users\\me', true), 'C:/Users/me');
  assert.equal(normalizePath('C:', true), 'C:/');
  assert.equal(parentPath('C:/Users', true), 'C:/');
  assert.equal(parentPath('C:/', true), '');
  assert.equal(parentPath('/var', false), '/');
  assert.equal(joinPath('/', 'a'), '/a');
  assert.equal(joinPath('/a', 'b'), '/a/b');
  assert.equal(joinPath('', 'C:'), 'C:');
  assert.equal(nameProblem('a/b', false), 'slash');
  assert.equal(nameProblem('a:b', false), null);
  assert.equal(nameProblem('a:b', true), 'slash');
  assert.equal(nameProblem('..', false), 'dots');
  assert.equal(nameProblem(' ', false), 'empty');
});

/** A client whose other end is the invented device, which takes no more than @limit blocks. */
function connect(limit = Infinity): FilesClient {
  let blocks = 0;
  const client: FilesClient = new FilesClient({
    sendBinary: (data) => {
      if (data[0] === 0x7b || ++blocks <= limit) queueMicrotask(() => device(Buffer.from(data), true));
    },
  });
  const device = startDevice((data: string | Buffer) => queueMicrotask(() => {
    if (typeof data === 'string') client.onMessage(JSON.parse(data));
    else client.onBinary(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer);
  }), () => undefined);
  device(Buffer.from('5'), false);
  return client;
}

const source = (data: Buffer): Source => new Blob([new Uint8Array(data)]);
const signal = () => new AbortController().signal;

test('a file arrives as it was, whatever its blocks begin with', async () => {
  const client = connect();
  for (const size of [0, 1, 65_536, 65_537, 3_000_000]) {
    const data = randomBytes(size);
    // Every block begins with a byte that needs care.
    for (let i = 0; i < size; i += 65_536) data[i] = i % 131_072 === 0 ? 0x7b : 0;
    let last = 0;
    await upload(client, { path: '/tmp', name: `f${size}`, source: source(data), offset: 0, signal: signal(), onProgress: (n) => { last = n; } });
    assert.deepEqual(tree.get(`/tmp/f${size}`)?.data, data);
    assert.equal(last, size);
  }
});

test('no more blocks are on their way than the window allows', async () => {
  let blocks = 0;
  const client = new FilesClient({
    sendBinary: (data) => {
      if (data[0] !== 0x7b) { blocks++; return; }
      const message = JSON.parse(new TextDecoder().decode(data)) as { action: string; reqid: number };
      if (message.action === 'upload') queueMicrotask(() => client.onMessage({ action: 'uploadstart', reqid: message.reqid }));
    },
  });
  const abort = new AbortController();
  const done = upload(client, { path: '/', name: 'x', source: source(Buffer.alloc(65_536 * 100, 'a')), offset: 0, signal: abort.signal, onProgress: () => undefined });
  const deadline = Date.now() + 5000;
  while (blocks < WINDOW && Date.now() < deadline) await new Promise((r) => setImmediate(r));
  for (let i = 0; i < 20; i++) await new Promise((r) => setImmediate(r));
  assert.equal(blocks, WINDOW);
  abort.abort();
  await assert.rejects(done, { name: 'AbortError' });
});

test('an upload that was cut off goes on where the hashes agree', async () => {
  const client = connect();
  const data = randomBytes(200_000);
  tree.set('/tmp/part', { t: 3, data: data.subarray(0, 70_000), d: 0 });
  const offset = await resumeOffset(client, '/tmp', 'part', source(data), 70_000);
  assert.equal(offset, 70_000);
  await upload(client, { path: '/tmp', name: 'part', source: source(data), offset, signal: signal(), onProgress: () => undefined });
  assert.deepEqual(tree.get('/tmp/part')?.data, data);
  tree.set('/tmp/other', { t: 3, data: randomBytes(70_000), d: 0 });
  assert.equal(await resumeOffset(client, '/tmp', 'other', source(data), 70_000), 0);
});

test('downloads end with a short block, also when the size is a multiple', async () => {
  const client = connect();
  for (const size of [0, 10, 16_380, 32_760, 100_000]) {
    const data = randomBytes(size);
    tree.set('/tmp/down', { t: 3, data, d: 0 });
    let got: Blob | null = null;
    await download(client, { path: '/tmp/down', sink: blobSink((b) => { got = b; }), signal: signal(), onProgress: () => undefined });
    assert.deepEqual(Buffer.from(await got!.arrayBuffer()), data);
  }
  const sink = blobSink(() => assert.fail('nothing to deliver'));
  await assert.rejects(download(client, { path: '/none', sink, signal: signal(), onProgress: () => undefined }), FilesError);
});

async function settled(queue: TransferQueue, until: (states: string[]) => boolean): Promise<string[]> {
  const states = () => queue.list().map((t) => t.state as string);
  const deadline = Date.now() + 5000;
  while (!until(states())) {
    assert.ok(Date.now() < deadline, `still ${states().join(' ')}`);
    await new Promise((r) => setTimeout(r, 5));
  }
  return states();
}

test('the queue asks before it replaces, and survives a lost session', async () => {
  const data = randomBytes(500_000);
  tree.set('/tmp/q1', { t: 3, data: Buffer.from('old'), d: 0 });
  const queue = new TransferQueue(() => undefined);
  queue.addUpload('/tmp', 'q1', source(data));
  queue.addUpload('/tmp', 'q2', source(data));
  queue.addUpload('/etc', 'denied', source(data));
  assert.deepEqual(queue.list().map((t) => t.state), ['queued', 'queued', 'queued']);
  queue.setClient(connect());
  await settled(queue, (s) => s.join() === 'conflict,done,failed');
  assert.equal(queue.list()[2]?.error?.message, 'Read-only file system');
  queue.decide(1, true);
  await settled(queue, (s) => s[0] === 'done');
  assert.deepEqual(tree.get('/tmp/q1')?.data, data);
  queue.clear();
  assert.equal(queue.list().length, 0);

  const first = connect(3);
  queue.setClient(first);
  queue.addUpload('/tmp', 'q3', source(data));
  await settled(queue, () => queue.list()[0]?.done === 3 * 65_536);
  queue.setClient(null);
  first.closed();
  await settled(queue, (s) => s[0] === 'queued');
  // The device kept what it had.
  tree.set('/tmp/q3', { t: 3, data: data.subarray(0, 3 * 65_536), d: 0 });
  queue.setClient(connect());
  await settled(queue, (s) => s[0] === 'done');
  assert.equal(queue.list()[0]?.resumed, true);
  assert.deepEqual(tree.get('/tmp/q3')?.data, data);
});

test('archives are known by their names', () => {
  assert.equal(archiveFolder('site.zip'), 'site');
  assert.equal(archiveFolder('a.b.TAR.GZ'), 'a.b');
  assert.equal(archiveFolder('.zip'), null);
  assert.equal(archiveFolder('..zip'), null);
  assert.equal(archiveFolder('notes.txt'), null);
});

test('a download goes on after a lost session, and a folder comes as an archive', async () => {
  const data = randomBytes(300_000);
  tree.set('/tmp/resume', { t: 3, data, d: 0 });
  const queue = new TransferQueue(() => undefined);
  let got: Blob | null = null;
  let blocks = 0;
  const first: FilesClient = new FilesClient({ sendBinary: (bytes) => {
    const message = JSON.parse(new TextDecoder().decode(bytes)) as { sub: string; id: number };
    if (message.sub === 'start') queueMicrotask(() => first.onMessage({ action: 'download', sub: 'start', id: message.id }));
    else if (blocks++ === 0) queueMicrotask(() => first.listener!.onBlock(new Uint8Array(data.subarray(0, 100_000)), false));
  } });
  queue.setClient(first);
  queue.addDownload('/tmp', 'resume', data.length, blobSink((b) => { got = b; }));
  await settled(queue, () => queue.list()[0]?.done === 100_000);
  queue.setClient(null);
  first.closed();
  await settled(queue, (s) => s[0] === 'queued');
  queue.setClient(connect());
  await settled(queue, (s) => s[0] === 'done');
  assert.deepEqual(Buffer.from(await got!.arrayBuffer()), data);
  assert.equal(queue.list()[0]!.resumed, true);
  assert.equal(queue.list()[0]!.verified, true);
  queue.addArchive('/tmp', 'x.zip', ['x', 'y'], blobSink((b) => { got = b; }));
  await settled(queue, (s) => s[1] === 'done');
  assert.equal(await got!.text(), 'archive of x,y');
});

test('an agent that cannot go on begins again; a file that differs is told', async () => {
  const data = randomBytes(50_000);
  let got: Blob | null = null;
  const sink = blobSink((b) => { got = b; });
  await sink.write(new Uint8Array(10));
  tree.set('/tmp/shorter', { t: 3, data, d: 0 });
  await download(connect(), { path: '/tmp/shorter', offset: 60_000, sink, signal: signal(), onProgress: () => undefined });
  assert.deepEqual(Buffer.from(await got!.arrayBuffer()), data);

  const queue = new TransferQueue(() => undefined);
  const client = connect();
  const { request } = client;
  client.request = (message) => (message['action'] === 'uploadhash' ? Promise.resolve({ hash: 'AB' }) : request.call(client, message));
  queue.setClient(client);
  queue.addDownload('/tmp', 'shorter', data.length, blobSink(() => undefined));
  queue.addUpload('/tmp', 'spoiled', source(data));
  await settled(queue, (s) => s.join() === 'failed,failed');
  assert.deepEqual(queue.list().map((t) => (t.error as FilesError).kind), ['differs', 'damaged']);
});

test('packing on the device: where it is, and how it ends', async () => {
  const client = connect();
  const run = (path: string) => new Promise<string[]>((resolve) => {
    const seen: string[] = [];
    client.work = { onProgress: (file) => seen.push(file ?? '-'), onEnd: (problem) => resolve([...seen, `end ${problem}`]) };
    client.send({ action: 'zip', path, files: ['a'], output: 'a.zip' });
  });
  assert.deepEqual(await run('/tmp'), ['-', 'a', 'end null']);
  assert.deepEqual(await run('/etc'), ['-', 'a', 'end Read-only file system']);
});
