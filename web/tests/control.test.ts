// SPDX-License-Identifier: Apache-2.0
// The control client against a real WebSocket server on the loop-back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { ControlClient, parseMessage, RequestError } from '../src/control/client';
import type { ChannelState, Message } from '../src/control/types';

const GREETING = JSON.stringify({ action: 'serverinfo', serverinfo: { name: 'test' } });

async function listen(port = 0): Promise<WebSocketServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  await once(server, 'listening');
  return server;
}

function stop(server: WebSocketServer): Promise<void> {
  for (const socket of server.clients) socket.terminate();
  return new Promise((resolve) => server.close(() => resolve()));
}

function start(t: TestContext, port: number) {
  const states: [ChannelState, string | undefined][] = [];
  const messages: Message[] = [];
  const waiting: [ChannelState, () => void][] = [];
  const client = new ControlClient({
    url: () => `ws://127.0.0.1:${port}/control.ashx`,
    createSocket: (url) => new WebSocket(url).on('error', () => undefined) as unknown as globalThis.WebSocket,
    random: () => 0,
    onMessage: (m) => messages.push(m),
    onState: (state, { cause }) => {
      states.push([state, cause]);
      for (const w of waiting.filter(([s]) => s === state)) { waiting.splice(waiting.indexOf(w), 1); w[1](); }
    },
  });
  t.after(() => client.close());
  const reach = (state: ChannelState) => new Promise<void>((resolve) => waiting.push([state, resolve]));
  return { client, states, messages, reach };
}

const port = (server: WebSocketServer) => (server.address() as AddressInfo).port;

test('requests find their answers in any order, events pass by', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  server.on('connection', (socket) => {
    socket.send(GREETING);
    const seen: Message[] = [];
    socket.on('message', (data) => {
      seen.push(JSON.parse(String(data)));
      if (seen.length < 2) return;
      socket.send(JSON.stringify({ action: 'event', event: { action: 'nodeconnect' } }));
      for (const m of seen.reverse()) socket.send(JSON.stringify({ action: m.action, responseid: m.responseid, result: 'ok', for: m['n'] }));
    });
  });
  const { client, messages, reach } = start(t, port(server));
  const opened = reach('open');
  client.open();
  await opened;
  const [a, b] = await Promise.all([client.request({ action: 'one', n: 1 }), client.request({ action: 'two', n: 2 })]);
  assert.equal(a['for'], 1);
  assert.equal(b['for'], 2);
  assert.deepEqual(messages.map((m) => m.action), ['serverinfo', 'event']);
});

test('answers without responseid are matched by action and device', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  server.on('connection', (socket) => {
    socket.send(GREETING);
    const seen: Message[] = [];
    socket.on('message', (data) => {
      seen.push(JSON.parse(String(data)));
      if (seen.length === 2) for (const m of seen.reverse()) socket.send(JSON.stringify({ action: m.action, nodeid: m['nodeid'] }));
    });
  });
  const { client, reach } = start(t, port(server));
  const opened = reach('open');
  client.open();
  await opened;
  const answers = await Promise.all(['node//a', 'node//b'].map((nodeid) => client.request({ action: 'getsysinfo', nodeid })));
  assert.deepEqual(answers.map((m) => m['nodeid']), ['node//a', 'node//b']);
});

test('a request fails after its deadline, without a connection, and by its result', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  server.on('connection', (socket) => {
    socket.send(GREETING);
    socket.on('message', (data) => {
      const m: Message = JSON.parse(String(data));
      if (m.action === 'refused') socket.send(JSON.stringify({ action: m.action, responseid: m.responseid, result: 'Permission denied' }));
    });
  });
  const { client, reach } = start(t, port(server));
  const kind = (k: string) => (e: unknown) => e instanceof RequestError && e.kind === k;
  await assert.rejects(client.request({ action: 'early' }), kind('offline'));
  const opened = reach('open');
  client.open();
  await opened;
  await assert.rejects(client.request({ action: 'silent' }, { timeout: 30 }), kind('timeout'));
  await assert.rejects(client.request({ action: 'refused' }, { accept: (r) => r === 'ok' }), /Permission denied/);
});

test('a server that comes back is found within two seconds', async (t) => {
  const first = await listen();
  first.on('connection', (socket) => socket.send(GREETING));
  const place = port(first);
  const { client, states, reach } = start(t, place);
  let opened = reach('open');
  client.open();
  await opened;
  const lost = reach('waiting');
  const hanging = assert.rejects(client.request({ action: 'hanging' }), /connection was lost/);
  await stop(first);
  await lost;
  await hanging;
  // Several attempts fail first, so that the wait has grown.
  for (let i = 0; i < 3; i++) await reach('waiting');
  const again = await listen(place);
  t.after(() => stop(again));
  again.on('connection', (socket) => socket.send(GREETING));
  opened = reach('open');
  const back = Date.now();
  await opened;
  assert.ok(Date.now() - back < 2000, `${Date.now() - back} ms`);
  assert.deepEqual(states[states.length - 1], ['open', undefined]);
});

test('a channel that was opened earlier is taken over with what it received', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  server.on('connection', (socket) => {
    socket.send(GREETING);
    socket.on('message', (data) => socket.send(JSON.stringify({ ...JSON.parse(String(data)), result: 'ok' })));
  });
  const socket = new WebSocket(`ws://127.0.0.1:${port(server)}/`);
  const received: unknown[] = [];
  await new Promise<void>((resolve) => {
    socket.on('message', (data) => { received.push(String(data)); if (received.length === 2) resolve(); });
    socket.on('open', () => socket.send(JSON.stringify({ action: 'nodes', responseid: 'first-nodes' })));
  });
  const { client, messages, reach } = start(t, port(server));
  client['options'].early = { socket: socket as unknown as globalThis.WebSocket, received };
  const opened = reach('open');
  client.open();
  await opened;
  assert.deepEqual(messages.map((m) => m.action), ['serverinfo', 'nodes']);
  assert.equal((await client.request({ action: 'more' })).result, 'ok');
});

test('a close frame ends the channel and says why', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  let cause = 'noauth';
  server.on('connection', (socket) => socket.send(JSON.stringify({ action: 'close', cause, msg: cause })));
  for (const [sent, state] of [['noauth', 'signed-out'], ['expired', 'signed-out'], ['banned', 'refused'], ['invalidorigin', 'refused']] as const) {
    cause = sent;
    const { client, states, reach } = start(t, port(server));
    const ended = reach(state);
    client.open();
    await ended;
    client.open();
    assert.deepEqual(states.slice(-1), [[state, sent]]);
  }
});

test('the server is answered when it asks for life', async (t) => {
  const server = await listen();
  t.after(() => stop(server));
  const heard = new Promise<string>((resolve) => {
    server.on('connection', (socket) => {
      socket.send('not json');
      socket.send('{"no":"action"}');
      socket.send('{"action":"ping"}');
      socket.on('message', (data) => resolve(String(data)));
    });
  });
  const { client, messages } = start(t, port(server));
  client.open();
  assert.equal(await heard, '{"action":"pong"}');
  assert.deepEqual(messages, []);
  assert.equal(parseMessage('[1]'), null);
});
