// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE, readMessage, readRoom, SEND_LIMIT, SHOW_LIMIT } from '../src/chat/model';
import { FileExchange, SIZE_LIMIT, type Transfer } from '../src/chat/files';
import { ChatSession, type ChatState } from '../src/chat/session';

const ROOM = readRoom({ state: 'open', id: 'meshmessenger/node%2F%2Fx/user%2F%2Fa', auth: 'T+1', name: 'PC', own: 'Ann', device: true });

test('what the server says about a room', () => {
  assert.equal(ROOM.state, 'open');
  assert.equal(ROOM.device, true);
  assert.equal(readRoom({ state: 'open' }).state, 'denied'); // no id
  assert.equal(readRoom({ state: 'expired', id: 'x' }).state, 'expired');
  for (const odd of [null, 'x', 7, { state: 'other', id: 'x' }, { state: 'open', id: 5 }]) assert.equal(readRoom(odd).state, 'denied');
});

test('messages of the other end, whatever they are', () => {
  assert.deepEqual(readMessage('{"action":"chat","msg":"<b>Hi</b>"}'), { kind: 'text', text: '<b>Hi</b>' });
  assert.deepEqual(readMessage('{"action":"outtext","value":true}'), { kind: 'typing', on: true });
  assert.deepEqual(readMessage('{"ctrlChannel":"102938","type":"ping"}'), { kind: 'ping' });
  const long = readMessage(JSON.stringify({ action: 'chat', msg: 'x'.repeat(SHOW_LIMIT + 1) }));
  assert.equal(long?.kind === 'text' && long.text.length, SHOW_LIMIT);
  for (const odd of ['', 'c', '{', '[]', 'null', '{"action":"chat"}', '{"action":"chat","msg":" "}', '{"action":"chat","msg":1}', '{"action":"random","random":0.5}', new ArrayBuffer(2)])
    assert.equal(readMessage(odd), null);
});

/** Two ends that hear each other at once. */
function pair() {
  const log: Record<string, unknown>[] = [];
  const seen: { a: Transfer[]; b: Transfer[] } = { a: [], b: [] };
  const note = (list: Transfer[]) => (t: Transfer) => { if (!list.includes(t)) list.push(t); };
  const a: FileExchange = new FileExchange((m) => { log.push(m); b.receive(m); }, note(seen.a));
  const b: FileExchange = new FileExchange((m) => { log.push(m); a.receive(m); }, note(seen.b));
  return { a, b, seen, log };
}

const eventually = async (what: string, check: () => boolean) => {
  const end = Date.now() + 5000;
  while (!check()) {
    assert.ok(Date.now() < end, what);
    await new Promise((next) => { setTimeout(next, 5); });
  }
};

test('files: nothing comes before it is accepted, and then all of it', async () => {
  const { a, b, seen, log } = pair();
  const bytes = Uint8Array.from({ length: 100_003 }, (_value, i) => (i * 7) % 256);
  assert.equal(a.send([new File([bytes], 'a.bin'), new File([], 'empty'), new File(['x'], 'no')]), 0);
  assert.ok(!log.some((m) => m['action'] === 'fileData'));
  assert.deepEqual(seen.b.map((t) => [t.name, t.state]), [['a.bin', 'offered'], ['empty', 'offered'], ['no', 'offered']]);
  b.accept(seen.b[0]!);
  await eventually('the file is there', () => seen.b[0]!.state === 'done');
  assert.deepEqual(new Uint8Array(await seen.b[0]!.blob!.arrayBuffer()), bytes);
  assert.equal(seen.b[0]!.blob!.type, 'application/octet-stream');
  b.accept(seen.b[1]!);
  await eventually('the empty one', () => seen.b[1]!.state === 'done');
  b.cancel(seen.b[2]!);
  assert.equal(seen.b[2]!.state, 'refused');
  assert.deepEqual(seen.a.map((t) => t.state), ['done', 'done', 'refused']);
  assert.ok(log.every((m) => m['action'] !== 'fileData' || (m['data'] as string).length <= 4000));
});

test('files: limits, whatever the other end sends', () => {
  const { b, seen, log } = pair();
  const big = { size: SIZE_LIMIT + 1 } as File;
  assert.equal(b.send([big]), 1);
  const offer = (more: object) => b.receive({ action: 'file', id: 1, name: 'x', size: 4, type: '', ...more });
  for (const bad of [{ size: SIZE_LIMIT + 1 }, { size: -1 }, { size: 1.5 }, { size: '4' }, { name: '' }, { name: 7 }]) offer(bad);
  assert.equal(log.filter((m) => m['action'] === 'fileUploadCancel').length, 6);
  assert.ok(b.receive({ action: 'fileData', id: 'x' }), 'it is about files');
  assert.ok(!b.receive({ action: 'chat', msg: 'x' }));
  for (let i = 0; i < 25; i++) offer({ id: i });
  assert.equal(seen.b.length, 20);
  const [first, second] = seen.b as [Transfer, Transfer];
  b.receive({ action: 'fileUploadStart', id: first.id });
  b.receive({ action: 'fileData', id: first.id, data: 'abcd' });
  assert.equal(first.done, 0, 'not accepted');
  b.accept(first);
  b.receive({ action: 'fileData', id: first.id, data: 'abcde' });
  assert.equal(first.state, 'failed', 'more than was said');
  b.receive({ action: 'fileUploadStart', id: second.id });
  b.accept(second);
  b.receive({ action: 'fileUploadEnd', id: second.id });
  assert.equal(second.state, 'failed', 'less than was said');
  b.reset();
  assert.ok(seen.b.every((t) => t.state === 'failed'));
});

class FakeSocket {
  static last: FakeSocket;
  readyState = 1;
  bufferedAmount = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(readonly url: string) { FakeSocket.last = this; }
  send(text: string): void { this.sent.push(text); }
  close(): void { this.readyState = 3; }
  end(code: number): void { this.readyState = 3; this.onclose?.({ code }); }
}

function open(): { session: ChatSession; states: ChatState[]; texts: string[] } {
  const states: ChatState[] = [];
  const texts: string[] = [];
  const session = new ChatSession(ROOM, 'wss://host', {
    onState: (s) => states.push(s), onMessage: (m) => { if (m.kind === 'text') texts.push(m.text); },
  }, (url) => new FakeSocket(url) as unknown as WebSocket);
  session.connect();
  return { session, states, texts };
}

test('waits, is joined, talks within limits', () => {
  const { session, states, texts } = open();
  const socket = FakeSocket.last;
  const { searchParams } = new URL(socket.url);
  assert.equal(searchParams.get('id'), ROOM.id);
  assert.equal(searchParams.get('auth'), 'T+1');
  socket.onopen?.();
  assert.equal(session.send('early'), 'closed');
  socket.onmessage?.({ data: '{"action":"chat","msg":"before c"}' });
  socket.onmessage?.({ data: 'c' });
  assert.deepEqual(states, ['connecting', 'waiting', 'open']);
  socket.onmessage?.({ data: '{"action":"chat","msg":"hello"}' });
  socket.onmessage?.({ data: '{"ctrlChannel":"102938","type":"ping"}' });
  assert.deepEqual(texts, ['hello']);
  assert.deepEqual(socket.sent, ['{"ctrlChannel":"102938","type":"pong"}']);
  assert.equal(session.send('x'.repeat(SEND_LIMIT), 1000), 'sent');
  assert.equal(session.send('x'.repeat(SEND_LIMIT + 1), 1000), 'long');
  for (let i = 1; i < 20; i++) assert.equal(session.send('again', 1000 + i), 'sent');
  assert.equal(session.send('too many', 1100), 'fast');
  assert.equal(session.send('later', 11_500), 'sent');
  socket.bufferedAmount = 1e6;
  assert.equal(session.send('stuck', 30_000), 'fast');
  session.close();
});

test('comes back when the other end has left, and stays away when it is told so', async () => {
  const { session, states } = open();
  const first = FakeSocket.last;
  first.onopen?.();
  first.onmessage?.({ data: 'c' });
  first.end(1005);
  assert.equal(states.at(-1), 'left');
  const end = Date.now() + 5000;
  while (FakeSocket.last === first && Date.now() < end) await new Promise((next) => { setTimeout(next, 20); });
  assert.notEqual(FakeSocket.last, first, 'it connects again');
  FakeSocket.last.onopen?.();
  assert.equal(states.at(-1), 'left', 'still nobody there');
  FakeSocket.last.onmessage?.({ data: 'c' });
  assert.equal(states.at(-1), 'open');
  for (const [code, state] of [[CLOSE.taken, 'taken'], [CLOSE.denied, 'denied'], [CLOSE.expired, 'expired'], [CLOSE.nobody, 'nobody'], [CLOSE.full, 'full']] as const) {
    const socket = FakeSocket.last;
    socket.end(code);
    assert.equal(states.at(-1), state);
    session.connect();
    assert.notEqual(FakeSocket.last, socket);
  }
  session.close();
});
