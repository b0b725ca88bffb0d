// SPDX-License-Identifier: Apache-2.0
// What is measured, in this order. Each scenario runs against each server before the next one starts; `always` marks those
// that later ones stand on. Targets are those Bowline is held to. Values are in bytes, seconds, or per CPU-second.
const KIB = 1024;
const MIB = 1024 * KIB;
const GB = 1e9;
const PARALLEL = 16;

function median(values) { return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]; }

/** CPU per second that the server spends when nothing happens; subtracted from what is spread over time. */
async function idleRate(server) {
  const seconds = 3;
  await server.load.do('mark');
  await server.load.do('ping', '0'); // nobody is connected yet or all answer at once: drains what is left
  const start = process.hrtime.bigint();
  await server.load.do('mark');
  await new Promise((next) => { setTimeout(next, seconds * 1000); });
  const { cpu_ns } = await server.load.do('settle');
  return cpu_ns / 1e9 / (Number(process.hrtime.bigint() - start) / 1e9);
}

async function startTime(server, size, record) {
  const times = [];
  for (let i = 0; i < size.repeat; i++) {
    if (i > 0) await server.halt();
    times.push(await server.startTimed());
  }
  record('Start to first 200', 's', median(times), 0.15);
}

async function atRest(server, size, record, program) {
  await server.prepare(program);
  await server.load.do('mark');
  await server.load.do('settle');
  const { rss, pss } = server.memory();
  record('Memory at rest, resident', 'MiB', rss, 16 * MIB);
  record('Memory at rest, proportional', 'MiB', pss);
}

async function newAgents(server, size, record) {
  await server.load.cpu(() => server.load.do('connect', 0, size.base, PARALLEL, '-'));
  const before = server.memory();
  const n = size.agents - size.base;
  const { cpu, result } = await server.load.cpu(() => server.load.do('connect', size.base, n, PARALLEL, '-'));
  if (result.connected !== n) throw new Error(`only ${result.connected} of ${n} agents were admitted`);
  const after = server.memory();
  record('Memory per connected agent', 'KiB', (after.rss - before.rss) / n, 16 * KIB);
  record('New agent admitted, CPU', 'ms', cpu / n, 4.5e-3);
}

async function pings(server, size, record) {
  const idle = await idleRate(server);
  const seconds = size.quick ? 3 : 10;
  const start = process.hrtime.bigint();
  const { cpu, result } = await server.load.cpu(() => server.load.do('ping', seconds));
  const elapsed = Number(process.hrtime.bigint() - start) / 1e9;
  record('One ping of an agent, spread over time, CPU', 'µs', Math.max(cpu - idle * elapsed, 0) / result.pongs, 15e-6);
  const burst = await server.load.cpu(() => server.load.do('ping', 0));
  record('One ping of an agent, all at once, CPU', 'µs', burst.cpu / burst.result.pongs);
}

async function reconnects(server, size, record) {
  const n = size.base;
  const drop = () => server.load.cpu(() => server.load.do('drop', 0, n));
  const connect = (flags) => server.load.cpu(() => server.load.do('connect', 0, n, PARALLEL, flags));
  record('Agent disconnects, CPU', 'ms', (await drop()).cpu / n, 0.1e-3);
  record('Known agent reconnects, CPU', 'ms', (await connect('kt')).cpu / n, 1.0e-3);
  await drop();
  const { cpu, result } = await connect('ktr');
  record(result.resumed > n / 2 ? 'Known agent reconnects with a TLS ticket, CPU' : 'Known agent reconnects with a TLS ticket (refused), CPU',
    'ms', cpu / n, 0.6e-3);
}

async function nodes(server, size, record) {
  const count = size.quick ? 5 : 20;
  const { cpu, result } = await server.load.cpu(async () => {
    let answer;
    for (let i = 0; i < count; i++) {
      server.channel.frames.length = 0;
      server.channel.send({ action: 'nodes', responseid: `n${i}` });
      answer = await server.channel.take('nodes', (f) => f.action === 'nodes', 60);
    }
    return Object.values(answer.nodes).flat().length;
  });
  if (result < size.agents) throw new Error(`${result} devices in the answer, not ${size.agents}`);
  record('nodes answer, CPU for 5000 devices', 'ms', cpu / count / result * 5000, 5e-3);
}

let pairNumber = 0;

/** Joins pairs of sockets as a browser and a device do: the tunnel is ordered on the control channel. */
async function openPairs(server, count) {
  const channel = server.channel;
  channel.frames.length = 0;
  channel.send({ action: 'authcookie', responseid: 'cookie' });
  const { cookie, rcookie } = await channel.take('authcookie', (f) => f.action === 'authcookie');
  const enc = encodeURIComponent;
  const pairs = [];
  for (let i = 0; i < count; i++) {
    const { id: nodeid } = await server.load.do('node', i);
    pairs.push({ nodeid, id: `bench${pairNumber++}` });
  }
  return async () => {
    for (const { nodeid, id } of pairs) {
      await server.load.do('viewer', id, `/meshrelay.ashx?browser=1&p=5&nodeid=${enc(nodeid)}&id=${id}&auth=${enc(cookie)}`);
      channel.send({ action: 'msg', type: 'tunnel', nodeid, usage: 5, value: `*/meshrelay.ashx?p=5&nodeid=${nodeid}&id=${id}&rauth=${rcookie}` });
    }
    const { joined } = await server.load.do('joined');
    if (joined !== count) throw new Error(`${joined} of ${count} pairs were joined`);
  };
}

async function pairSetup(server, size, record) {
  const n = size.quick ? 20 : 100;
  const open = await openPairs(server, n);
  await (await openPairs(server, 5))(); // so that the first of everything is not counted
  await server.load.cpu(() => server.load.do('unpair'));
  const before = server.memory();
  const { cpu } = await server.load.cpu(open);
  const after = server.memory();
  record('Relay pair, set-up CPU', 'ms', cpu / n, 2.5e-3);
  record('Relay pair, memory idle', 'KiB', (after.rss - before.rss) / n, 30 * KIB);
  await server.load.cpu(() => server.load.do('unpair'));
}

async function stream(server, pairs, frame, bytes) {
  await (await openPairs(server, pairs))();
  await server.load.do('stream', frame, 10 * frame);
  const { cpu, result } = await server.load.cpu(() => server.load.do('stream', frame, bytes));
  await server.load.cpu(() => server.load.do('unpair'));
  return cpu / (result.bytes / GB);
}

async function relay(server, size, record) {
  const bytes = size.quick ? 100e6 : 400e6;
  record('Relay, 16 KiB frames, 1 pair', 's/GB', await stream(server, 1, 16 * KIB, bytes), 1.2);
  record('Relay, 16 KiB frames, 8 pairs', 's/GB', await stream(server, 8, 16 * KIB, bytes / 4), 1.3);
  record('Relay, 64 KiB frames, 1 pair', 's/GB', await stream(server, 1, 64 * KIB, bytes), 1.05);
}

async function roundTrips(server, size, record) {
  const count = size.quick ? 2000 : 20000;
  await (await openPairs(server, 1))();
  await server.load.do('trips', 64, 500);
  const { cpu, result } = await server.load.cpu(() => server.load.do('trips', 64, count));
  record('Relay, 64-byte round trip, CPU', 'µs', cpu / result.trips, 45e-6);
  await server.load.cpu(() => server.load.do('unpair'));
}

async function stalledReader(server, size, record) {
  await (await openPairs(server, 1))();
  await server.load.do('stream', 64 * KIB, 50e6);
  const before = server.memory();
  await server.load.do('stall', 64 * KIB, size.quick ? 3 : 10);
  const after = server.memory();
  record('Reader stalls under full load: server grows by', 'MiB', Math.max(after.rss - before.rss, 0), 1 * MIB);
  await server.load.cpu(() => server.load.do('unpair'));
}

async function handshakes(server, size, record) {
  const count = size.quick ? 200 : 1000;
  const { cpu, result } = await server.load.cpu(() => server.load.do('handshakes', count, 8));
  record('Full TLS 1.3 handshakes per CPU-second', '/s', result.done / cpu, 2000);
}

async function pages(server, size, record) {
  const count = size.quick ? 500 : 4000;
  for (const [figure, path, target] of [['Login page', '/', 5000], ['Static file', server.staticFile, 8000]]) {
    const { cpu, result } = await server.load.cpu(() => server.load.do('get', path, count, 8));
    if (result.status !== 200 || result.done < count) throw new Error(`${path}: ${JSON.stringify(result)}`);
    record(`${figure} per CPU-second`, '/s', result.done / cpu, target);
    process.stderr.write(`  ${path}: ${Math.round(result.bytes / result.done)} bytes on the wire\n`);
  }
}

export const scenarios = {
  start: { run: startTime, always: true },
  rest: { run: atRest, always: true },
  agents: { run: newAgents, always: true },
  reconnects: { run: reconnects },
  nodes: { run: nodes },
  relay: { run: relay },
  trips: { run: roundTrips },
  pairs: { run: pairSetup },
  stall: { run: stalledReader },
  handshakes: { run: handshakes },
  pages: { run: pages },
  pings: { run: pings },
};
