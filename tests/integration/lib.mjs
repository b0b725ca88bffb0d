// SPDX-License-Identifier: Apache-2.0
// A whole Bowline on loopback for tests: server, agents (ours and MeshAgent) and clients, each in a scratch directory of
// its own, all ended by their process ids. Everything waits for a condition with a deadline; nothing sleeps and hopes.
import assert from 'node:assert/strict';
import { spawn, execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

export const BUILD = process.env.BL_TEST_BUILD;
export const TOP = process.env.BL_TEST_TOP;
export const MESHAGENT = process.env.BL_TEST_MESHAGENT;
const modules = process.env.BL_TEST_NODE_MODULES ?? '';
const require = createRequire(join(modules, 'x.js'));
export const WebSocket = require('ws');
export const PASSWORD = 'correct horse battery';

export async function until(what, check, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > end) assert.fail(`${what}: not within ${seconds} s`);
    await new Promise((next) => { setTimeout(next, 20); });
  }
}

export async function freePorts(n) {
  const servers = [];
  for (let i = 0; i < n; i++) {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
  }
  const ports = servers.map((s) => s.address().port);
  for (const server of servers) { server.close(); await once(server, 'close'); }
  return ports;
}

const running = new Set();
export function stopAll() { for (const child of running) child.kill('SIGKILL'); }
process.on('exit', stopAll);

export function start(program, args, options) {
  const child = spawn(program, args, options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Ends a process in order. Returns its exit status. */
export async function end(child, signal = 'SIGTERM', seconds = 10) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), seconds * 1000);
  const [code] = await exited;
  clearTimeout(timer);
  return code;
}

export class Bowline {
  static async start({ sets = [], wrap = [] } = {}) {
    const self = new Bowline();
    self.dir = mkdtempSync(join(tmpdir(), 'bowline-it-'));
    self.data = join(self.dir, 'data');
    mkdirSync(self.data, { mode: 0o700 });
    self.config = join(self.dir, 'bowline.conf');
    writeFileSync(self.config, '[server]\nname=localhost\n');
    [self.port, self.redirectPort, self.mpsPort] = await freePorts(3);
    self.sets = sets;
    self.wrap = wrap;
    self.agents = [];
    await self.run();
    return self;
  }

  get url() { return `https://localhost:${this.port}`; }

  async run() {
    const args = ['--data-dir', this.data, '--config', this.config, '--set', `server.port=${this.port}`,
      '--set', `server.redirect-port=${this.redirectPort}`, '--set', `server.mps-port=${this.mpsPort}`,
      '--set', 'server.bind=127.0.0.1', '--ready-fd', '3', ...this.sets.flatMap((s) => ['--set', s])];
    // A tree that was built without the page borrows that of another one.
    const page = process.env.BL_TEST_PAGE;
    if (page && !existsSync(join(BUILD, 'web', 'dist', 'manifest.json'))) args.push('--set', `web.directory=${page}`);
    const log = openSync(join(this.dir, 'server.log'), 'a');
    const [program, ...rest] = [...this.wrap, join(BUILD, 'bin', 'bowlined'), ...args];
    this.process = start(program, rest, {
      stdio: ['ignore', log, log, 'pipe'],
      env: { ...process.env, BOWLINE_MODULE_PATH: join(BUILD, 'modules'), BOWLINE_DATA_PATH: BUILD },
    });
    const ready = await Promise.race([once(this.process.stdio[3], 'data').then(() => true),
      once(this.process, 'exit').then(() => false)]);
    if (!ready) throw new Error(`the server did not start:\n${this.log()}`);
  }

  log() { return readFileSync(join(this.dir, 'server.log'), 'utf8'); }

  /** bowlinectl; returns its standard output. */
  ctl(args, input = '') {
    return new Promise((resolve, reject) => {
      const child = execFile(join(BUILD, 'bin', 'bowlinectl'),
        ['--data-dir', this.data, '--config', this.config, ...args],
        { env: { ...process.env, BOWLINE_MODULE_PATH: join(BUILD, 'modules'), BOWLINE_DATA_PATH: BUILD }, timeout: 60000 },
        (error, stdout, stderr) => {
          if (error) reject(Object.assign(new Error(`bowlinectl ${args.join(' ')}: ${stderr}`), { code: error.code, stderr }));
          else resolve(stdout);
        });
      child.stdin.on('error', () => {}); // a command that reads nothing may be gone
      child.stdin.end(input);
    });
  }

  async createUser(name, { admin = true, password = PASSWORD } = {}) {
    await this.ctl(['user', 'create', name, ...(admin ? ['--site-admin'] : []), '--password-stdin'], `${password}\n`);
  }

  async createGroup(name) { return (await this.ctl(['group', 'create', name])).trim(); }

  async settings(group) { return this.ctl(['group', 'settings', group]); }

  /** Starts bowline-agent in group, in the folder STATE of an earlier one if that is given. */
  async startAgent(group, { name, env = {}, settings, state = mkdtempSync(join(this.dir, 'agent-')), wrap = [],
    program = join(BUILD, 'bin', 'bowline-agent') } = {}) {
    const msh = join(state, 'a.msh');
    const config = settings ? join(state, 'a.conf') : msh;
    if (settings) writeFileSync(config, `[agent]\nmsh=${msh}\n${settings}`);
    writeFileSync(msh, (await this.settings(group)) + (name ? `agentName=${name}\r\n` : ''));
    return this.#runAgent([...wrap, program], state, config, env);
  }

  #runAgent([command, ...words], state, config, env) {
    const log = openSync(join(state, 'agent.log'), 'a');
    const child = start(command, [...words, '--foreground', '--state-dir', state, '--config', config], {
      stdio: ['ignore', log, log], cwd: state,
      env: { PATH: process.env.PATH, HOME: state, BOWLINE_AGENT_PLUGIN_PATH: join(BUILD, 'agent', 'plugins'),
        BOWLINE_SCRIPT_HOST: join(BUILD, 'agent', 'script', 'bowline-script-host'), ...env },
    });
    child.log = () => readFileSync(join(state, 'agent.log'), 'utf8');
    child.state = state;
    /** Ends it, and starts another one that is the same device. */
    child.restart = async () => {
      assert.equal(await end(child, 'SIGTERM'), 0);
      this.agents.splice(this.agents.indexOf(child), 1);
      return this.#runAgent([command, ...words], state, config, env);
    };
    this.agents.push(child);
    return child;
  }

  /** Starts the real MeshAgent from the npm package, or another build of it, in group. */
  async startMeshAgent(group, { program = MESHAGENT, display = ':9999', tag, wrap = [] } = {}) {
    const dir = mkdtempSync(join(this.dir, 'mesh-'));
    copyFileSync(program, join(dir, 'meshagent'));
    chmodSync(join(dir, 'meshagent'), 0o755);
    writeFileSync(join(dir, 'meshagent.msh'), await this.settings(group));
    if (tag) writeFileSync(join(dir, 'meshagent.tag'), tag);
    const log = openSync(join(dir, 'agent.log'), 'a');
    const [command, ...words] = [...wrap, join(dir, 'meshagent'), 'run'];
    const child = start(command, words, {
      stdio: ['ignore', log, log], cwd: dir, env: { PATH: process.env.PATH, HOME: dir, DISPLAY: display, XAUTHORITY: '/nonexistent' },
    });
    child.dir = dir;
    child.log = () => readFileSync(join(dir, 'agent.log'), 'utf8');
    this.agents.push(child);
    return child;
  }

  /** Waits until the server counts n connected devices; returns their rows. */
  async waitOnline(n, seconds = 40) {
    return until(`${n} devices online`, async () => {
      const { devices } = JSON.parse(await this.ctl(['device', 'list', '--json']));
      const online = devices.filter((d) => (d.conn & 1) === 1);
      return online.length >= n ? online : null;
    }, seconds).catch((e) => { throw new Error(`${e.message}\n${this.log().slice(-3000)}\n${this.agents.map((a) => a.log()).join('\n---\n').slice(-3000)}`); });
  }

  /** Opens the control channel; headers as for ws. */
  async control({ user = 'admin', password = PASSWORD, headers, path = '/control.ashx' } = {}) {
    const b64 = (t) => Buffer.from(t).toString('base64');
    const auth = headers ?? { 'x-meshauth': `${b64(user)},${b64(password)}` };
    const socket = new WebSocket(`wss://localhost:${this.port}${path}`, { rejectUnauthorized: false, headers: auth });
    return new Control(socket).opened();
  }

  fetch(path, { method = 'GET', headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
      const req = request({ host: '127.0.0.1', port: this.port, path, method, rejectUnauthorized: false, agent: false,
        headers: { host: `localhost:${this.port}`, ...headers } }, (res) => {
        const parts = [];
        res.on('data', (d) => parts.push(d));
        res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
      });
      req.on('error', reject);
      req.setTimeout(20000, () => req.destroy(new Error(`${path}: no answer`)));
      req.end(body);
    });
  }

  async stop() {
    const codes = [];
    for (const agent of this.agents) codes.push(await end(agent, 'SIGTERM'));
    this.agentCodes = codes;
    const code = await end(this.process, 'SIGTERM', 15);
    if (process.env.BL_TEST_KEEP) process.stderr.write(`kept: ${this.dir}\n`);
    else rmSync(this.dir, { recursive: true, force: true });
    return code;
  }
}

export class Control {
  constructor(socket) {
    this.socket = socket;
    this.frames = [];
    this.waiters = [];
    this.next = 1;
    this.closed = false;
    socket.on('message', (data) => { this.frames.push(JSON.parse(data.toString())); this.wake(); });
    socket.on('close', () => { this.closed = true; this.wake(); });
    socket.on('error', (e) => { this.error = e; });
  }

  wake() { for (const w of this.waiters.splice(0)) w(); }

  async opened() {
    await Promise.race([once(this.socket, 'open'), once(this.socket, 'error').then(([e]) => { throw e; })]);
    return this;
  }

  /** The first frame, old or new, that the test accepts; it is taken out. */
  async take(what, accept, seconds = 20) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const i = this.frames.findIndex(accept);
      if (i >= 0) return this.frames.splice(i, 1)[0];
      if (Date.now() > end || this.closed) {
        assert.fail(`${what}: no such frame${this.closed ? ' (closed)' : ''}; got ${JSON.stringify(this.frames).slice(0, 2000)}`);
      }
      await new Promise((next) => { this.waiters.push(next); setTimeout(next, 250); });
    }
  }

  send(message) { this.socket.send(JSON.stringify(message)); }

  async ask(message) {
    const responseid = `t${this.next++}`;
    this.send({ ...message, responseid });
    return this.take(message.action, (f) => f.responseid === responseid);
  }

  close() { this.socket.terminate(); }
}

/** Opens the viewer's end of a session; resolves when both ends are joined. */
export async function openTunnel(bowline, control, nodeid, protocol, { options, join: wait = true } = {}) {
  const { cookie, rcookie } = await control.ask({ action: 'authcookie' });
  const id = Math.random().toString(36).slice(2);
  const enc = encodeURIComponent;
  control.send({ action: 'msg', type: 'tunnel', nodeid, usage: protocol,
    value: `*/meshrelay.ashx?p=${protocol}&nodeid=${nodeid}&id=${id}&rauth=${rcookie}` });
  const socket = new WebSocket(`wss://localhost:${bowline.port}/meshrelay.ashx?browser=1&p=${protocol}&nodeid=${enc(nodeid)}&id=${id}&auth=${enc(cookie)}`,
    { rejectUnauthorized: false });
  const tunnel = { socket, id, text: [], binary: [], closed: false, waiters: [] };
  const wake = () => { for (const w of tunnel.waiters.splice(0)) w(); };
  socket.on('message', (data, isBinary) => { (isBinary ? tunnel.binary : tunnel.text).push(isBinary ? data : data.toString()); wake(); });
  socket.on('close', () => { tunnel.closed = true; wake(); });
  socket.on('error', () => { tunnel.closed = true; wake(); });
  tunnel.until = async (what, check, seconds = 20) => {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const result = check();
      if (result) return result;
      if (Date.now() > end) assert.fail(`${what}: ${JSON.stringify(tunnel.text)} ${Buffer.concat(tunnel.binary).toString().slice(-500)}`);
      await new Promise((next) => { tunnel.waiters.push(next); setTimeout(next, 250); });
    }
  };
  if (!wait) return tunnel;
  await tunnel.until('both ends joined', () => { if (tunnel.closed) assert.fail('the relay refused'); return ['c', 'cr'].includes(tunnel.text[0]); });
  tunnel.text.shift();
  if (options) socket.send(JSON.stringify({ ctrlChannel: '102938', type: 'options', ...options }));
  socket.send(String(protocol));
  return tunnel;
}

export const skipMeshAgent = MESHAGENT && existsSync(MESHAGENT) ? false : 'no MeshAgent binary here';
