// SPDX-License-Identifier: Apache-2.0
// The two servers that are compared, with one face: start, stop, control channel, memory, load generator.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BUILD, Bowline, Control, PASSWORD, WebSocket, end, start, until } from '../integration/lib.mjs';

/** One core for the server, the others for the load: figures of one core, whatever the machine has. */
const PIN = ['taskset', '-c', '0'];

export function fetch200(port, path = '/') {
  return new Promise((resolve) => {
    const req = request({ host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }, (res) => {
      res.resume();
      res.on('end', () => resolve(res.statusCode === 200));
    });
    req.on('error', () => resolve(false));
    req.setTimeout(2000, () => req.destroy());
    req.end();
  });
}

async function first200(port) {
  while (!await fetch200(port)) await new Promise((next) => { setTimeout(next, 2); });
}

async function freePorts(n) {
  const servers = Array.from({ length: n }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((s) => once(s, 'listening')));
  const ports = servers.map((s) => s.address().port);
  await Promise.all(servers.map((s) => { s.close(); return once(s, 'close'); }));
  return ports;
}

/** Resident and proportional memory of a process in bytes. */
export function memory(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)[1]) * 1024;
  return { rss: field('Rss'), pss: field('Pss') };
}

function idBytes(text) { return Buffer.from(text.replaceAll('@', '+').replaceAll('$', '/'), 'base64'); }

class Peer {
  async control() {
    const b64 = (t) => Buffer.from(t).toString('base64');
    const socket = new WebSocket(`wss://127.0.0.1:${this.port}/control.ashx`,
      { rejectUnauthorized: false, headers: { 'x-meshauth': `${b64('admin')},${b64(PASSWORD)}` } });
    const control = await new Control(socket).opened();
    control.info = (await control.take('serverinfo', (f) => f.action === 'serverinfo', 60)).serverinfo;
    return control;
  }

  /** Makes a group and starts the load generator on it. */
  async prepare(program) {
    this.channel = await this.control();
    this.channel.send({ action: 'createmesh', meshname: 'bench', meshtype: 2, responseid: 'bench' });
    const mesh = await until('a group', async () => {
      this.channel.send({ action: 'meshes', responseid: 'meshes' });
      const { meshes } = await this.channel.take('meshes', (f) => f.action === 'meshes');
      return meshes.find((m) => m.name === 'bench');
    });
    this.channel.frames.length = 0;
    const hex = (text) => idBytes(text).toString('hex');
    this.load = new Load(program, [String(this.pid), String(this.port), hex(this.channel.info.agentCertHash),
      hex(mesh._id.split('/')[2])]);
    await this.load.answer();
  }

  memory() { return memory(this.pid); }

  /** Starts the server and returns the seconds from exec to its first page. */
  async startTimed() {
    const begin = process.hrtime.bigint();
    await this.begin();
    await first200(this.port);
    return Number(process.hrtime.bigint() - begin) / 1e9;
  }
}

export class BowlinePeer extends Peer {
  name = 'Bowline';
  /** A file the login page needs, of about the same size as the other's. */
  get staticFile() { return `/assets/${readdirSync(join(BUILD, 'web/dist/assets')).find((n) => /^app-.*\.css$/.test(n))}`; }

  async create() {
    this.server = await Bowline.start({ wrap: PIN, sets: [] });
    this.port = this.server.port;
    await this.server.createUser('admin');
    await end(this.server.process);
  }

  async begin() {
    const begun = this.server.run();
    begun.catch(() => {}); // the page is what is waited for; a server that dies is seen below
    this.pid = this.server.process.pid;
    await begun;
  }

  async halt() { await end(this.server.process); }

  async stop() {
    this.load?.stop();
    this.channel?.close();
    await this.server.stop();
  }
}

export class MeshCentralPeer extends Peer {
  name = 'MeshCentral';
  staticFile = '/styles/style.css';

  constructor(program) {
    super();
    this.program = program;
  }

  async run(args) {
    const child = start('node', [this.program, '--datapath', this.data, ...args], { cwd: this.dir, stdio: ['ignore', this.log, this.log] });
    await once(child, 'exit');
  }

  async create() {
    this.dir = mkdtempSync(join(tmpdir(), 'meshcentral-bench-'));
    this.data = join(this.dir, 'data');
    mkdirSync(this.data);
    this.log = openSync(join(this.dir, 'log'), 'a');
    const [port, redirPort] = await freePorts(2);
    this.port = port;
    writeFileSync(join(this.data, 'config.json'), JSON.stringify({
      settings: { cert: '127.0.0.1', WANonly: true, port, redirPort, mpsPort: 0, exactPorts: true, selfUpdate: false,
        noAgentUpdate: 1, maxInvalidLogin: false },
      domains: { '': { title: 'bench' } } }));
    await this.run(['--createaccount', 'admin', '--pass', PASSWORD, '--email', 'admin@example.invalid']);
    await this.run(['--adminaccount', 'admin']);
    await this.begin(); // the first start makes the certificates
    await first200(this.port);
    await this.halt();
  }

  /** The serving process is a child of the one started. */
  async begin() {
    this.process = start(PIN[0], [...PIN.slice(1), 'node', this.program, '--datapath', this.data],
      { cwd: this.dir, stdio: ['ignore', this.log, this.log] });
    const children = () => readFileSync(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    const pids = await until('the server process', async () => { const c = children(); return c.length > 0 ? c : null; }, 60);
    this.pid = Number(pids[0]);
  }

  async halt() {
    const child = this.pid;
    await end(this.process, 'SIGTERM');
    try { process.kill(child, 'SIGTERM'); } catch { return; }
    await until('the end of the server', async () => !readdirSync('/proc').includes(String(child)));
  }

  async stop() {
    this.load?.stop();
    this.channel?.close();
    await this.halt();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** The load generator of one server: a command a line, an answer a line. */
class Load {
  constructor(program, args) {
    this.child = start(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async answer() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the load generator ended');
    return JSON.parse(value);
  }

  async do(...words) {
    this.child.stdin.write(`${words.join(' ')}\n`);
    const answer = await this.answer();
    if (answer.problem) throw new Error(`${words[0]}: ${answer.problem} ${JSON.stringify(answer)}`);
    return answer;
  }

  /** CPU time in seconds that the server spends on work and on what follows from it. */
  async cpu(work) {
    await this.do('mark');
    const result = await work();
    return { cpu: (await this.do('settle')).cpu_ns / 1e9, result };
  }

  stop() { this.child.stdin.end(); }
}
