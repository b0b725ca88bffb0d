// SPDX-License-Identifier: Apache-2.0
// The two servers that meshctrl is run against, with one face. Each has a scratch directory of its own, listens on loopback
// only and is ended by its process id.
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { cpus, hostname, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bowline, Control, MESHAGENT, PASSWORD, WebSocket, end, freePorts, start, until } from '../../integration/lib.mjs';

export const MESHCENTRAL = process.env.BL_TEST_MESHCENTRAL ?? '';
const PROGRAM = join(MESHCENTRAL, 'meshctrl.js');
const ANSWER_SECONDS = 30;
const SILENCE_SECONDS = 8;
const WATCH_SECONDS = 200;
const PATIENCE_MAX = 6;

/** By how much more time everything takes than on a machine that does nothing else. */
const patience = () => Math.min(PATIENCE_MAX, Math.max(1, loadavg()[0] / cpus().length));

/** The number an authenticator application shows for a secret in base32. */
export function totp(secret, now = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/=+$/, '')].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

class Peer {
  values = new Map(); // what $name in the arguments stands for

  constructor() {
    this.scratch = mkdtempSync(join(tmpdir(), 'bowline-compare-'));
    this.values.set('password', PASSWORD);
  }

  /** Remembers an id, and its last part as NAMEId. */
  keep(name, id) {
    this.values.set(name, id);
    if (/^\w+\/.*\//.test(id)) this.values.set(`${name}Id`, id.split('/').pop());
  }

  get admin() { return ['--loginuser', 'admin', '--loginpass', PASSWORD]; }

  /** Runs meshctrl and returns what it prints. It ends with 0 whatever the server says; another status is part of the text. */
  meshctrl(args, { silent = false, seconds = silent ? SILENCE_SECONDS : ANSWER_SECONDS, input, cwd, pty } = {}) {
    const url = `wss://${this.host}:${this.port}`;
    const command = [process.execPath, '--no-warnings', PROGRAM, ...args.map((a) => this.fill(a)), '--url', url];
    const [program, ...rest] = pty ? ['script', '-qfec', command.map((w) => `'${w.replaceAll("'", "'\\''")}'`).join(' '), '/dev/null'] : command;
    return new Promise((resolve) => {
      const child = execFile(program, rest, { cwd: cwd ?? this.scratch, encoding: 'utf8', maxBuffer: 64 << 20, killSignal: 'SIGKILL',
        env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', TZ: 'UTC', LC_ALL: 'C.UTF-8', NODE_NO_WARNINGS: '1' },
        timeout: Math.ceil(seconds * 1000 * patience()) }, (error, stdout, stderr) => {
        let text = stdout;
        const thrown = /^\w*Error: .*$/m.exec(stderr);
        if (thrown) text += `(meshctrl ends with ${thrown[0]})`;
        else if (error?.killed) text += '(no answer)';
        else if (error) text += `(status ${error.code})`;
        resolve(text);
      });
      child.stdin.on('error', () => {}); // it may have ended
      if (typeof input === 'function') input(child); else if (!pty) child.stdin.end();
    });
  }

  /** Starts meshctrl showevents; frames are collected until stop (). */
  watch(args) {
    const child = start(process.execPath, ['--no-warnings', PROGRAM, 'showevents', ...args.map((a) => this.fill(a)), '--url', `wss://${this.host}:${this.port}`],
      { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
    const watch = { child, text: '', taken: 0 };
    child.stdout.setEncoding('utf8').on('data', (d) => { watch.text += d; });
    /** Frames that were printed since the last call, when one of them is accepted. */
    watch.next = async (what, accept) => {
      const frames = await until(`${this.name}: ${what}`, async () => {
        const all = watch.text.split(/^(?=\{)/m).slice(1).filter((t) => /^\}/m.test(t)).map((t) => JSON.parse(t)).slice(watch.taken);
        return all.some(accept) ? all : null;
      }, ANSWER_SECONDS * patience());
      const count = frames.findIndex(accept) + 1;
      watch.taken += count;
      return frames.slice(0, count);
    };
    const timer = setTimeout(() => child.kill('SIGKILL'), WATCH_SECONDS * 1000);
    watch.stop = () => { clearTimeout(timer); return end(child, 'SIGKILL'); };
    return watch;
  }

  /** The argument with every $name replaced by the value that this server gave. */
  fill(text) {
    return text.replace(/\$([a-zA-Z]\w*)/g, (all, name) => {
      // The next number, since the one of now may have been used up by the enrolment.
      if (name === 'totp') return totp(this.values.get('secret'), Date.now() + 30000);
      return this.values.get(name) ?? all;
    });
  }

  async control(user = 'admin', password = PASSWORD) {
    const b64 = (t) => Buffer.from(t).toString('base64');
    const socket = new WebSocket(`wss://${this.host}:${this.port}/control.ashx`,
      { rejectUnauthorized: false, handshakeTimeout: ANSWER_SECONDS * 1000, headers: { 'x-meshauth': `${b64(user)},${b64(password)}` } });
    const control = await new Control(socket).opened();
    // The original says that it closes, and does not.
    const first = await control.take('userinfo', (f) => f.action === 'userinfo' || f.action === 'close', ANSWER_SECONDS);
    if (first.action === 'userinfo') return control;
    control.close();
    throw new Error(`${this.name}: ${user} is refused: ${first.msg}`);
  }

  /** Runs work with an open control channel. */
  async over(work, user, password) {
    const control = await this.control(user, password);
    try { return await work(control); } finally { control.close(); }
  }

  /** Replaces the first account, which each program makes in its own way, by one that is made alike. */
  async begin() {
    await this.over((control) => control.ask({ action: 'adduser', username: 'admin', pass: PASSWORD, siteadmin: 0xffffffff }), 'root');
    await this.over((control) => control.ask({ action: 'deleteuser', userid: 'user//root' }));
  }

  devices() {
    return this.over(async (control) => Object.values((await control.ask({ action: 'nodes' })).nodes).flat());
  }

  /** The real MeshAgent, in the device group that the value name holds. */
  async startAgent(group) {
    const dir = mkdtempSync(join(this.scratch, 'agent-'));
    copyFileSync(MESHAGENT, join(dir, 'meshagent'));
    chmodSync(join(dir, 'meshagent'), 0o755);
    writeFileSync(join(dir, 'meshagent.msh'), await this.agentSettings(this.values.get(group)));
    const log = openSync(join(dir, 'log'), 'a');
    this.agent = start(join(dir, 'meshagent'), ['run'],
      { cwd: dir, stdio: ['ignore', log, log], env: { PATH: process.env.PATH, HOME: dir, DISPLAY: ':9999', XAUTHORITY: '/nonexistent' } });
    this.agentDirectory = dir;
  }

  /** Resolves with the device when it is connected and has reported what its core script reports. */
  async waitForDevice() {
    return until(`${this.name}: a device that has reported`, () => this.over(async (control) => {
      const device = Object.values((await control.ask({ action: 'nodes' })).nodes).flat().find((d) => d.conn & 1);
      if (!device?.agent?.core || !device.osdesc) return null;
      control.send({ action: 'getnetworkinfo', nodeid: device._id });
      const net = await control.take('getnetworkinfo', (f) => f.action === 'getnetworkinfo');
      if (!net.netif2 && !net.netif) return null;
      const sys = this.reportsHardware && await control.ask({ action: 'getsysinfo', nodeid: device._id });
      return !sys || sys.hardware ? device : null;
    }), 120);
  }

  async stopAgent() {
    if (!this.agent) return;
    await end(this.agent);
    this.agent = null;
    await until(`${this.name}: the device is offline`, async () => (await this.devices()).every((d) => !d.conn));
  }

  /** What differs from run to run and from server to server, as a map from text to what stands for it. */
  * names() {
    const values = [...this.values].filter(([name]) => name !== 'password').sort((a, b) => b[1].length - a[1].length);
    for (const [name, value] of values) yield [value, `<${name}>`];
    if (this.agentDirectory) yield [this.agentDirectory, '<agent>'];
    yield [this.scratch, '<scratch>'];
    yield [`${this.host}:${this.port}`, '<server>'];
    yield [hostname(), '<device-name>'];
  }

  clean() {
    if (process.env.BL_TEST_KEEP) process.stderr.write(`kept: ${this.scratch}\n`);
    else rmSync(this.scratch, { recursive: true, force: true });
  }
}

export class BowlinePeer extends Peer {
  name = 'Bowline';
  reportsHardware = true; // the other core script may have nothing to report
  host = 'localhost';

  async start() {
    // Passwords cost little, since the comparison logs in hundreds of times from one address.
    this.server = await Bowline.start({ sets: ['auth.hash-memory=19M', 'auth.hash-passes=1', 'auth.address-failures=1000'] });
    [this.port, this.redirectPort, this.mpsPort] = [this.server.port, this.server.redirectPort, this.server.mpsPort];
    await this.server.createUser('root');
    await this.server.ctl(['agents', 'import', MESHCENTRAL]);
    this.values.set('loginKey', (await this.server.ctl(['login-key'])).trim());
    await this.begin();
  }

  agentSettings(group) { return this.server.settings(group); }

  async stop() {
    if (this.agent) await end(this.agent);
    const code = this.server ? await this.server.stop() : -1;
    this.clean();
    return code;
  }
}

export class MeshCentralPeer extends Peer {
  name = 'MeshCentral';
  host = '127.0.0.1';

  run(args) {
    return new Promise((resolve) => {
      execFile(process.execPath, [MESHCENTRAL, '--datapath', this.data, ...args], { cwd: this.scratch, timeout: 120000 },
        (error, stdout) => resolve(stdout));
    });
  }

  fetchText(path) {
    return new Promise((resolve) => {
      get({ host: this.host, port: this.port, path, rejectUnauthorized: false, timeout: 10000 }, (res) => {
        let text = '';
        res.on('data', (d) => { text += d; });
        res.on('end', () => resolve(res.statusCode === 200 ? text : ''));
      }).on('timeout', function () { this.destroy(); }).on('error', () => resolve(''));
    });
  }

  async start() {
    this.data = join(this.scratch, 'data');
    mkdirSync(this.data);
    [this.port, this.redirectPort, this.mpsPort] = await freePorts(3);
    writeFileSync(join(this.data, 'config.json'), JSON.stringify({
      settings: { cert: this.host, WANonly: true, port: this.port, portBind: this.host, redirPort: this.redirectPort, redirPortBind: this.host,
        mpsPort: this.mpsPort, mpsPortBind: this.host, exactPorts: true, selfUpdate: false, noAgentUpdate: 1, maxInvalidLogin: false },
      domains: { '': {} } }));
    await this.run(['--createaccount', 'root', '--pass', PASSWORD]);
    await this.run(['--adminaccount', 'root']);
    this.values.set('loginKey', /^[0-9a-f]{160}$/m.exec(await this.run(['--logintokenkey']))[0]);
    const log = openSync(join(this.scratch, 'server.log'), 'a');
    this.process = start(process.execPath, [MESHCENTRAL, '--datapath', this.data], { cwd: this.scratch, stdio: ['ignore', log, log] });
    await until('MeshCentral answers', async () => (await this.fetchText('/health.ashx')) === 'ok', 120);
    await this.begin();
  }

  agentSettings(group) { return this.fetchText(`/meshsettings?id=${encodeURIComponent(group.split('/').pop())}`); }

  async stop() {
    if (this.agent) await end(this.agent);
    if (this.process) {
      const children = readFileSync(`/proc/${this.process.pid}/task/${this.process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
      await end(this.process);
      for (const pid of children.map(Number)) {
        try { process.kill(pid, 'SIGTERM'); } catch { continue; }
        await until('the end of the server', async () => { try { process.kill(pid, 0); return false; } catch { return true; } });
      }
    }
    this.clean();
    return 0;
  }
}
