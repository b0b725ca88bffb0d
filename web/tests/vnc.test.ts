// SPDX-License-Identifier: Apache-2.0
// A VNC window's address, which other people make, and the relay as the VNC client sees it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseVncAddress, relayOf } from '../src/vnc/address';
import { RelayChannel } from '../src/vnc/channel';

const HOST = 'https://mesh.example.com';
const TICKET = 'AbC$d@f';

test('the address that Tactical makes', () => {
  const search = `?ws=${encodeURIComponent(`wss://mesh.example.com/meshrelay.ashx?auth=${TICKET}`)}&show_dot=1&l=en&resize=scale&name=host%201`;
  assert.deepEqual(parseVncAddress(search, HOST), {
    relay: `wss://mesh.example.com/meshrelay.ashx?browser=1&auth=${encodeURIComponent(TICKET)}`, name: 'host 1', resize: 'scale', showDot: true,
    viewOnly: false, quality: null, compression: null,
  });
});

test('only this server, and only with a ticket', () => {
  const ws = (text: string) => relayOf(text, HOST);
  assert.ok(ws(`wss://mesh.example.com:443/meshrelay.ashx?auth=${TICKET}`));
  assert.ok(ws(`/meshrelay.ashx?auth=${TICKET}`));
  assert.equal(relayOf(`ws://127.0.0.1:81/meshrelay.ashx?auth=a`, 'http://127.0.0.1:81'), 'ws://127.0.0.1:81/meshrelay.ashx?browser=1&auth=a');
  const stripped = new URL(ws(`wss://mesh.example.com/meshrelay.ashx?auth=${TICKET}&nodeid=x&tcpport=22&id=y`)!);
  assert.deepEqual([...stripped.searchParams.keys()], ['browser', 'auth']);
  for (const bad of [null, '', 'x', 'wss://evil.example/meshrelay.ashx?auth=a', 'wss://mesh.example.com.evil.example/meshrelay.ashx?auth=a',
    'wss://mesh.example.com:444/meshrelay.ashx?auth=a', 'ws://mesh.example.com/meshrelay.ashx?auth=a', 'https://mesh.example.com/meshrelay.ashx?auth=a',
    'wss://mesh.example.com/control.ashx?auth=a', 'wss://mesh.example.com/meshrelay.ashx', 'wss://mesh.example.com/meshrelay.ashx?nodeid=x&tcpport=22',
    'javascript:alert(1)', 'wss://[', '//evil.example/meshrelay.ashx?auth=a'])
    assert.equal(relayOf(bad, HOST), null, String(bad));
});

test('everything else has a default', () => {
  const plain = parseVncAddress('', HOST);
  assert.deepEqual(plain, { relay: null, name: '', resize: 'scale', showDot: false, viewOnly: false, quality: null, compression: null });
  const odd = parseVncAddress(`?name=${'n'.repeat(1000)}&resize=remote&view_only=true&quality=9&compression=10`, HOST);
  assert.equal(odd.name.length, 256);
  assert.deepEqual([odd.resize, odd.viewOnly, odd.quality, odd.compression], ['remote', true, 9, null]);
});

test('the channel holds back until both ends are there, and keeps texts to itself', () => {
  const said: (string | null)[] = [];
  const seen: unknown[] = [];
  let joined = 0;
  let answered = 0;
  const socket = { binaryType: 'blob' as BinaryType, readyState: 1, protocol: '', onopen: null, onerror: null, onclose: null,
    onmessage: null as ((event: MessageEvent) => unknown) | null, send: (data: unknown) => { seen.push(data); }, close: () => { socket.readyState = 3; } };
  const channel = new RelayChannel(socket, { onJoined: () => { joined++; }, onAnswer: () => { answered++; }, onMessage: (text) => said.push(text) });
  const give = (data: unknown) => socket.onmessage!({ data } as MessageEvent);
  channel.onmessage = (event) => { seen.push(event.data); };
  let opened = 0;
  channel.onopen = () => { opened++; };
  assert.equal(socket.binaryType, 'arraybuffer');
  assert.equal(channel.readyState, 0);
  give(new ArrayBuffer(1));
  give('{"type":"console","msg":"early"}');
  assert.deepEqual([seen.length, joined, opened], [0, 0, 0]);
  give('c');
  assert.deepEqual([channel.readyState, joined, opened], [1, 1, 1]);
  give('{"ctrlChannel":"102938","type":"console","msg":"Waiting","msgid":1}');
  give('{"ctrlChannel":"102938","type":"console","msg":null,"msgid":0}');
  for (const noise of ['c', '{', 'null', '7', '{"type":"ping"}', '{"type":"console","msg":5}']) give(noise);
  assert.deepEqual(said, ['Waiting', null, null]);
  const bytes = new ArrayBuffer(3);
  assert.equal(answered, 0);
  give(bytes);
  channel.send(bytes);
  assert.deepEqual(seen, [bytes, bytes]);
  give(bytes);
  assert.equal(answered, 1);
  channel.close();
  assert.equal(channel.readyState, 3);
});
