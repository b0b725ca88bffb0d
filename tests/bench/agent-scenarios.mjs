// SPDX-License-Identifier: Apache-2.0
// What is measured of an agent: at rest, its start, its absent server, desktop, terminal, files. Values in bytes and seconds.
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Viewer, jpegSize, parse } from '../integration/display.mjs';
import { end, openTunnel, until } from '../integration/lib.mjs';
import { Screen } from './agent-peers.mjs';

const MIB = 1024 * 1024;
const CELL = 32;
const QUALITY = 50;
const FASTEST = 20; // ms between pictures, the least the protocol knows

const SEQ_BYTES = 7888896; // of seq 1 1000000 on a terminal, CR and LF

const now = () => Number(process.hrtime.bigint()) / 1e9;
const rest = (ms) => new Promise((next) => { setTimeout(next, ms); });
const percentile = (values, p) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * p))];

/** Counts pictures of a screen however an agent cuts them: a part that was sent already begins the next picture. */
class Frames {
  constructor(width, height) {
    this.columns = Math.ceil(width / CELL);
    this.seen = new Uint8Array(this.columns * Math.ceil(height / CELL));
    this.n = 0;
    this.bytes = 0;
  }

  add({ x, y, image }) {
    const { width, height } = jpegSize(image);
    const cells = [];
    for (let row = Math.floor(y / CELL); row * CELL < y + height; row++) {
      for (let column = Math.floor(x / CELL); column * CELL < x + width; column++) cells.push(row * this.columns + column);
    }
    if (this.n === 0 || cells.some((cell) => this.seen[cell])) {
      this.n++;
      this.seen.fill(0);
    }
    for (const cell of cells) this.seen[cell] = 1;
    this.bytes += image.length;
  }
}

/** A viewer as the page is one: it acknowledges what it took, where the agent wants that. */
async function view(context, { interval = FASTEST } = {}) {
  const tunnel = await openTunnel(context.bowline, context.control, context.nodeid, 2);
  const joined = now();
  const viewer = new Viewer(tunnel);
  let tiles = 0;
  viewer.acked = 0;
  tunnel.socket.on('message', (data, binary) => {
    if (!binary || parse(data).type !== 3) return;
    viewer.first ??= now() - joined;
    viewer.latest = now();
    viewer.frames?.add(parse(data));
    tiles++;
    if (viewer.acks === undefined) viewer.acks = tunnel.text.some((t) => t.includes('"acks":true'));
    if (viewer.acks && viewer.acked === 0) {
      viewer.acked = 1;
      setImmediate(() => { viewer.acked = 0; viewer.control({ type: 'ack', n: tiles }); });
    }
  });
  await viewer.wait('the size', 7, undefined, 60);
  viewer.send([0, 5, 0, 10, 1, QUALITY, 4, 0, interval >> 8, interval & 255]);
  viewer.send([0, 8, 0, 5, 0]);
  await tunnel.until('a picture', () => viewer.first !== undefined, 60);
  await viewer.covered();
  viewer.whole = now() - joined;
  return viewer;
}

/** Resolves when no picture came for as long as either agent may take to send a better one. */
async function calm(viewer) { await until('a calm screen', () => now() - viewer.latest > 1.5, 60); }

/** Frames per second and processor time per frame while something moves on the screen. */
async function motion(context, viewer, seconds) {
  const { width, height } = viewer.size;
  viewer.frames = new Frames(width, height);
  const begin = now();
  const cpu = context.agent.cpu();
  await rest(seconds * 1000);
  const used = context.agent.cpu() - cpu;
  const { n, bytes } = viewer.frames;
  const elapsed = now() - begin;
  viewer.frames = undefined;
  viewer.tunnel.binary.length = 0;
  viewer.seen = 0;
  return { rate: n / elapsed, cpu: n > 0 ? used / n : NaN, bytes: n > 0 ? bytes / n : NaN };
}

export async function atRest({ agent, size }, record) {
  await rest(15000); // what a start leaves over is given back by then
  const before = agent.switches();
  const begin = now();
  await rest(size.quick ? 10000 : 30000);
  const { resident, all } = agent.memory();
  record('At rest: memory of the agent, resident', 'MiB', resident, 10e6);
  record('At rest: memory with its helpers, proportional', 'MiB', all);
  record('At rest: wake-ups', '/s', (agent.switches() - before) / (now() - begin), 1, true);
}

/** Whether the server counts the device as connected. */
export async function online({ control, agent }) {
  const { nodes } = await control.ask({ action: 'nodes', meshid: agent.group });
  return (nodes[agent.group] ?? []).find((n) => (n.conn & 1) === 1)?._id;
}

export async function startTime(context, record) {
  const times = [];
  for (let i = 0; i < (context.size.quick ? 2 : 5); i++) {
    await context.agent.halt();
    await until('the device is gone', async () => !await online(context), 60);
    const begin = now();
    context.agent.begin();
    while (!await online(context)) {
      if (now() - begin > 60) throw new Error('the device did not come');
      await rest(2);
    }
    times.push(now() - begin);
  }
  record('Start to online', 's', percentile(times, 0.5), 0.5);
}

/** The server goes, and its port answers nothing useful any more; each agent tries as fast as it can be made to. */
export async function absent({ agent, bowline, size }, record) {
  let attempts = 0;
  const server = createServer((socket) => { attempts++; socket.on('error', () => {}); socket.destroy(); });
  server.listen(bowline.port, '127.0.0.1');
  await once(server, 'listening');
  agent.hurry();
  try {
    await until('attempts to reach the server', () => attempts >= 10, 240);
    await rest(15000); // what the first ones leave behind is not growth
    const before = agent.memory().resident;
    const from = attempts;
    await rest(size.quick ? 20000 : 60000);
    record('Server absent: growth per 100 attempts', 'KiB', (agent.memory().resident - before) / (attempts - from) * 100, 1024);
    record('Server absent: attempts looked at', 'times', attempts - from);
  } finally {
    await agent.halt();
    server.close();
  }
}

export async function firstPicture(context, record) {
  const first = [];
  const whole = [];
  for (let i = 0; i < (context.size.quick ? 2 : 5); i++) {
    const viewer = await view(context);
    first.push(viewer.first);
    whole.push(viewer.whole);
    viewer.tunnel.socket.terminate();
    await rest(500);
  }
  record('Desktop: first picture after the join', 'ms', percentile(first, 0.5), 0.12);
  record('Desktop: whole screen after the join', 'ms', percentile(whole, 0.5));
}

export async function scrolling(context, record) {
  const viewer = await view(context);
  const text = join(context.scratch, 'text');
  writeFileSync(text, randomBytes(6 * MIB).toString('base64').replace(/(.{1,120})/g, '$1\n'));
  await calm(viewer);
  const xterm = context.screen.start('xterm', '-geometry', '168x58+0+0', '-bg', 'white', '-fg', 'black', '-e', 'sh', '-c', `while :; do cat '${text}'; done`);
  await until('it scrolls', () => now() - viewer.latest < 0.5);
  await rest(1000);
  const { rate, cpu, bytes } = await motion(context, viewer, context.size.quick ? 5 : 10);
  await end(xterm, 'SIGKILL');
  viewer.tunnel.socket.terminate();
  record('Desktop: scrolling text, frames', '/s', rate, 25);
  record('Desktop: scrolling text, CPU per frame', 'ms', cpu, (peer) => peer);
  record('Desktop: scrolling text, bytes per frame', 'KiB', bytes);
}

export async function movedWindow(context, record) {
  const viewer = await view(context);
  const window = context.screen.start('xterm', '-geometry', '60x20+0+0', '-bg', '#803020', '-e', 'sh', '-c', 'ls -l /usr/bin | head -18; exec cat');
  await until('a window', () => context.screen.run('xdotool', 'search', '--class', 'xterm').trim() !== '');
  const id = context.screen.run('xdotool', 'search', '--class', 'xterm').trim().split('\n').at(-1);
  await calm(viewer);
  const steps = [];
  for (let i = 0; i < 4000; i++) {
    const at = 250 + Math.round(240 * Math.sin(i / 20));
    // A question sends what was said before it.
    steps.push('windowmove', id, String(at), String(Math.round(at * 0.7)), 'getmouselocation', 'sleep', '0.01');
  }
  const mover = context.screen.start('xdotool', ...steps);
  await until('it moves', () => now() - viewer.latest < 0.5);
  await rest(500);
  const { rate, cpu } = await motion(context, viewer, context.size.quick ? 5 : 10);
  await end(mover, 'SIGKILL');
  await end(window, 'SIGKILL');
  record('Desktop: moved window, frames', '/s', rate, 40);
  record('Desktop: moved window, CPU per frame', 'ms', cpu, (peer) => peer);
  await calm(viewer);
  await rest(2000);
  const sent = viewer.tunnel.binary.length;
  const cpuBefore = context.agent.cpu();
  const switches = context.agent.switches();
  const begin = now();
  await rest(10000);
  const bytes = viewer.tunnel.binary.slice(sent).reduce((sum, frame) => sum + frame.length, 0);
  record('Desktop: still screen, bytes', 'KiB', bytes / (now() - begin), 0);
  record('Desktop: still screen, CPU per second', 'ms', (context.agent.cpu() - cpuBefore) / (now() - begin));
  record('Desktop: still screen, wake-ups', '/s', (context.agent.switches() - switches) / (now() - begin), 5, true);
  viewer.tunnel.socket.terminate();
}

/** A terminal over the whole screen that shows what is typed and keeps it. */
async function paper(context, viewer) {
  const file = join(context.scratch, `typed-${context.agent.name}`);
  const xterm = context.screen.start('xterm', '-u8', '-geometry', '320x80+0+0', '-e', 'sh', '-c', `stty raw -echo; printf '\\033[?7h'; touch ${file}; exec tee ${file}`);
  await until('the terminal listens', () => existsSync(file));
  viewer.mouse(300, 300);
  await until('the first key arrives', async () => { viewer.tap(0x41); await rest(200); return statSync(file).size > 0; });
  await calm(viewer);
  return { xterm, text: () => readFileSync(file, 'utf8') };
}

export async function typing(context, record) {
  const viewer = await view(context);
  const { xterm, text } = await paper(context, viewer);
  const times = [];
  for (let i = 0; i < (context.size.quick ? 40 : 120); i++) {
    await rest(90 + (i * 37) % 60);
    const last = viewer.latest;
    const begin = now();
    viewer.tap(0x42 + i % 20);
    await viewer.tunnel.until('the letter on the screen', () => viewer.latest !== last, 30);
    times.push(viewer.latest - begin);
  }
  record('Desktop 1920×1080: key to picture, p50', 'ms', percentile(times, 0.5));
  record('Desktop 1920×1080: key to picture, p95', 'ms', percentile(times, 0.95), 0.04);
  const wanted = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(97 + (i * 7) % 26)).join('');
  await calm(viewer);
  const before = text().length;
  const begin = now();
  viewer.type(wanted);
  await until('all that was typed', () => text().length >= before + wanted.length, 30);
  const elapsed = now() - begin;
  const right = text().slice(before) === wanted;
  await end(xterm, 'SIGKILL');
  viewer.tunnel.socket.terminate();
  if (!right) throw new Error('1000 typed letters did not arrive in order');
  record('Desktop: 1000 typed letters', 's', elapsed, 1);
}

/** Bytes per second of the same command on a terminal that nobody sends anywhere. */
function bareTerminal() {
  const begin = now();
  spawnSync('script', ['-qec', 'seq 1 1000000', '/dev/null'], { stdio: ['ignore', 'ignore', 'ignore'] });
  return SEQ_BYTES / (now() - begin);
}

/** What a run of WORK takes of the agent's processor time and of the clock, as rates for so many bytes. */
async function transfer(context, work) {
  const cpu = context.agent.cpu();
  const begin = now();
  const bytes = await work();
  const elapsed = now() - begin;
  return { rate: bytes / elapsed, cpu: (context.agent.cpu() - cpu) / bytes * 1e9 };
}

export async function terminal(context, record) {
  const runs = [];
  const bare = [];
  const tunnel = await openTunnel(context.bowline, context.control, context.nodeid, 1, { options: { cols: 80, rows: 25 } });
  let bytes = 0;
  let tail = '';
  tunnel.socket.on('message', (data, binary) => {
    if (!binary) return;
    bytes += data.length;
    tail = (tail + data.subarray(-64).toString('latin1')).slice(-128);
    tunnel.binary.length = 0;
  });
  const say = (text) => tunnel.socket.send(Buffer.from(text));
  await tunnel.until('a prompt', () => bytes > 0, 60);
  await rest(1500); // whoever types a greeting has done so
  say('stty -echo; PS1=; echo ready-$((6*7))\r');
  await tunnel.until('the shell', () => tail.includes('ready-42'), 60);
  for (let i = 0; i < (context.size.quick ? 2 : 5); i++) {
    tail = '';
    bare.push(bareTerminal());
    runs.push(await transfer(context, async () => {
      bytes = 0;
      say(`seq 1 1000000; echo over-$((6*7))-${i}\r`);
      await tunnel.until('the end of the numbers', () => tail.includes(`over-42-${i}`), 120);
      return bytes;
    }));
  }
  tunnel.socket.terminate();
  const rate = percentile(runs.map((r) => r.rate), 0.5);
  record('Terminal: seq 1 1000000', 'MB/s', rate, 40e6);
  record('Terminal: of what the same gives on a bare terminal', '×', rate / percentile(bare, 0.5), 0.8);
  record('Terminal: CPU of the agent', 's/GB', percentile(runs.map((r) => r.cpu), 0.5));
}

const BLOCK = 65536;
const WINDOW = 24; // blocks of an upload on their way, as the page has them
const PIPELINE = 32; // and of a download
const DOWNLOAD_BLOCK = 65532; // what the page asks for; an agent that does not know it sends a quarter

async function upload(tunnel, dir, size) {
  const block = randomBytes(BLOCK);
  block[0] = 1;
  const send = (message) => tunnel.socket.send(Buffer.from(JSON.stringify(message)));
  let acks = 0;
  let state = '';
  const pump = () => {
    while (state === 'uploadstart' && sent < size && sent / BLOCK - acks < WINDOW) {
      tunnel.socket.send(block);
      sent += BLOCK;
    }
  };
  let sent = 0;
  const listen = (data) => {
    const { action } = JSON.parse(data.toString());
    if (action === 'uploadack') acks++;
    else state = action;
    tunnel.binary.length = tunnel.text.length = 0;
    pump();
    if (acks === size / BLOCK && state === 'uploadstart') { state = ''; send({ action: 'uploaddone', reqid: 1 }); }
  };
  tunnel.socket.on('message', listen);
  send({ action: 'upload', reqid: 1, path: dir, name: 'up', size });
  await tunnel.until('the upload', () => state === 'uploaddone' || state === 'uploaderror', 240);
  tunnel.socket.off('message', listen);
  if (statSync(join(dir, 'up')).size !== size) throw new Error('the upload is not complete');
  return size;
}

async function download(tunnel, dir, size) {
  let got = 0;
  let over = false;
  const send = (message) => tunnel.socket.send(Buffer.from(JSON.stringify(message)));
  const listen = (data, binary) => {
    tunnel.binary.length = tunnel.text.length = 0;
    if (!binary) {
      if (JSON.parse(data.toString()).sub === 'start') send({ action: 'download', sub: 'startack', id: 1, ack: PIPELINE, block: DOWNLOAD_BLOCK });
      return;
    }
    got += data.length - 4;
    over = (data[3] & 1) === 1;
    if (!over) send({ action: 'download', sub: 'ack', id: 1 });
  };
  tunnel.socket.on('message', listen);
  send({ action: 'download', sub: 'start', id: 1, path: join(dir, 'down') });
  await tunnel.until('the download', () => over, 240);
  tunnel.socket.off('message', listen);
  if (got !== size) throw new Error(`${got} bytes of ${size} came`);
  return got;
}

export async function files(context, record) {
  const dir = mkdtempSync('/dev/shm/bowline-bench-');
  try {
    const tunnel = await openTunnel(context.bowline, context.control, context.nodeid, 5);
    const size = (context.size.quick ? 64 : 256) * MIB;
    const fd = openSync(join(dir, 'down'), 'w');
    ftruncateSync(fd, size);
    closeSync(fd);
    const up = await transfer(context, () => upload(tunnel, dir, size));
    const down = await transfer(context, () => download(tunnel, dir, size));
    tunnel.socket.terminate();
    record('Files: upload', 'MB/s', up.rate, 150e6);
    record('Files: upload, CPU of the agent', 's/GB', up.cpu);
    record('Files: download', 'MB/s', down.rate, 150e6);
    record('Files: download, CPU of the agent', 's/GB', down.cpu);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Name of a scenario: the screen it wants, and what it does. */
export const scenarios = {
  rest: { run: atRest },
  start: { run: startTime },
  terminal: { run: terminal },
  files: { run: files },
  first: { screen: '1024x768', run: firstPicture },
  scroll: { screen: '1024x768', run: scrolling },
  window: { screen: '1024x768', run: movedWindow },
  typing: { screen: '1920x1080', run: typing },
  absent: { run: absent, last: true },
};

export { Screen };
