#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// A large server: the list of ten thousand devices, and a thousand changes of rights. See README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const top = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { values: options } = parseArgs({ options: {
  build: { type: 'string', default: process.env.BL_TEST_BUILD ?? join(top, 'build') },
  devices: { type: 'string', default: '10000' },
  changes: { type: 'string', default: '1000' },
} });
process.env.BL_TEST_BUILD = resolve(options.build);
process.env.BL_TEST_NODE_MODULES ??= join(resolve(options.build), 'test-node/node_modules');
const { BowlinePeer } = await import('./servers.mjs');
const { Control, WebSocket, end, until } = await import('../integration/lib.mjs');

const devices = Number(options.devices);
const changes = Number(options.changes);
const nodeId = (i) => `node//${i.toString(36).padStart(64, 'A')}`;

/** Documents of devices, written into the file of a server that is stopped. */
const FILL = `
import json, sqlite3, sys
path, mesh, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = sqlite3.connect(path)
digits = '0123456789abcdefghijklmnopqrstuvwxyz'
def base36(i):
    text = ''
    while True:
        i, digit = divmod(i, 36)
        text = digits[digit] + text
        if i == 0:
            return text
rows = []
for i in range(n):
    id = 'node//' + base36(i).rjust(64, 'A')
    doc = {'_id': id, 'type': 'node', 'mtype': 2, 'icon': 1, 'meshid': mesh, 'name': 'WORKSTATION-%05d' % i,
           'rname': 'WORKSTATION-%05d' % i, 'domain': '', 'agent': {'ver': 0, 'id': 6, 'caps': 31, 'core': 'core 1', 'root': True},
           'host': '10.1.2.3', 'ip': '10.1.2.3', 'firstconnect': 1700000000000, 'osdesc': 'Debian GNU/Linux 12 (bookworm)',
           'users': ['alice'], 'lastbootuptime': 1700000000000}
    rows.append((id, 'node', '', mesh, json.dumps(doc)))
db.executemany('INSERT INTO documents (id, type, domain, meshid, json) VALUES (?, ?, ?, ?, ?)', rows)
db.commit()
`;

function cpuSeconds(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, t) => sum + Number(readFileSync(`/proc/${pid}/task/${t}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e9;
}

function say(figure, value, unit, target) {
  process.stdout.write(`${figure}: ${value.toFixed(2)} ${unit}${target === undefined ? '' : ` (at most ${target} ${unit}: ${value <= target ? 'met' : 'MISSED'})`}\n`);
}

async function timed(server, run) {
  const cpu = cpuSeconds(server.pid);
  const begin = process.hrtime.bigint();
  await run();
  return { wall: Number(process.hrtime.bigint() - begin) / 1e9, cpu: cpuSeconds(server.pid) - cpu };
}

async function list(server, channel) {
  channel.frames.length = 0;
  channel.send({ action: 'nodes', responseid: 'n' });
  const answer = await channel.take('nodes', (f) => f.action === 'nodes', 120);
  const found = Object.values(answer.nodes).flat().length;
  if (found !== devices) throw new Error(`${found} devices in the answer, not ${devices}`);
}

const change = (i, name) => ({ action: 'adddeviceuser', nodeid: nodeId(i), usernames: [name], rights: 8, responseid: 'c' });
const answered = (channel) => channel.take('adddeviceuser', (f) => f.action === 'adddeviceuser' && f.responseid === 'c', 60);

const server = new BowlinePeer();
try {
  await server.create();
  await server.startTimed();
  for (const name of ['one', 'two', 'three']) await server.server.createUser(name, { admin: false });
  let channel = await server.control();
  channel.send({ action: 'createmesh', meshname: 'scale', meshtype: 2, responseid: 'm' });
  const { meshid } = await channel.take('createmesh', (f) => f.action === 'createmesh' && f.responseid === 'm');
  channel.close();
  await end(server.server.process);
  execFileSync('python3', ['-c', FILL, join(server.server.data, 'bowline.db'), meshid, String(devices)]);
  await server.startTimed();
  channel = await server.control();

  // It prepares the texts when it has nothing else to do, which takes part of a second.
  let before = -1;
  await until('the server is at rest', async () => {
    const now = cpuSeconds(server.pid);
    const rests = now - before < 0.002;
    before = now;
    await new Promise((next) => { setTimeout(next, 300); });
    return rests;
  });
  const first = await timed(server, () => list(server, channel));
  say(`nodes with ${devices} devices, first answer after a start, CPU`, first.cpu * 1e3, 'ms');
  const later = await timed(server, async () => { for (let i = 0; i < 20; i++) await list(server, channel); });
  say(`nodes with ${devices} devices, CPU`, later.cpu / 20 * 1e3, 'ms', 10);

  let spent = await timed(server, async () => {
    for (let i = 0; i < changes; i++) { channel.send(change(i, 'one')); await answered(channel); }
  });
  say(`${changes} changes of rights, one after another on one connection`, spent.wall, 's', 2);
  say('  of it CPU of the server', spent.cpu, 's');
  spent = await timed(server, async () => {
    for (let i = 0; i < changes; i++) channel.send(change(i, 'two'));
    for (let i = 0; i < changes; i++) await answered(channel);
  });
  say(`${changes} changes of rights, all at once on one connection`, spent.wall, 's', 2);
  say('  of it CPU of the server', spent.cpu, 's');
  channel.send({ action: 'authcookie', responseid: 'a' });
  const { cookie } = await channel.take('authcookie', (f) => f.action === 'authcookie');
  channel.close();
  spent = await timed(server, async () => {
    for (let i = 0; i < changes; i++) {
      const short = await new Control(new WebSocket(`wss://127.0.0.1:${server.port}/control.ashx?auth=${encodeURIComponent(cookie)}`,
        { rejectUnauthorized: false })).opened();
      short.send(change(i, 'three'));
      await answered(short);
      short.close();
    }
  });
  say(`${changes} changes of rights, a connection each`, spent.wall, 's', 2);
  say('  of it CPU of the server', spent.cpu, 's');
} finally {
  await server.stop();
}
