// SPDX-License-Identifier: Apache-2.0
// FakeMeshServer: the least a real MeshAgent needs of a server: the authentication on
// /agent.ashx, the core push, and the agent's end of relay tunnels. Loopback only; keys
// are made for each run. Needs Node.js 18 and the openssl command.

import { createHash, createSign, createVerify, randomBytes, X509Certificate } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inbox } from './inbox.mjs';
import { WebSocketEnd } from './websocket-end.mjs';

const HASH_SIZE = 48;
const COMMAND = { authRequest: 1, authVerify: 2, authInfo: 3, authConfirm: 4, core: 10, coreHash: 11, coreOk: 16 };

export const sha384 = (data) => createHash('sha384').update(data).digest();

function number16(value) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function makeCertificate(dir, name, keyOptions) {
  const key = join(dir, `${name}.key`);
  const certificate = join(dir, `${name}.crt`);
  execFileSync('openssl', ['req', '-x509', '-nodes', '-sha384', '-days', '2', '-subj', `/CN=${name}`,
    ...keyOptions, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const pem = readFileSync(certificate);
  return { key: readFileSync(key), pem, x509: new X509Certificate(pem) };
}

// One authenticated (or not yet) agent channel. `json` holds what the core sent.
class AgentLink {
  constructor(server, socket) {
    this.server = server;
    this.socket = socket;
    this.json = new Inbox();
    this.commands = new Inbox();
    this.nonce = randomBytes(HASH_SIZE);
    this.verified = false;
    this.ready = new Promise((resolve, reject) => { this.resolve = resolve; this.reject = reject; });
    socket.on('message', (data) => this.#receive(data));
    socket.on('close', () => this.reject(new Error('the agent closed its channel during the handshake')));
    this.ready.catch(() => {});
  }

  #receive(data) {
    if (data[0] === 0x7b) return this.json.put(JSON.parse(data.toString('utf8')));
    const command = data.readUInt16BE(0);
    if (command === COMMAND.authRequest) return this.#challenge(data);
    if (command === COMMAND.authVerify) return this.#verify(data);
    if (command === COMMAND.authInfo) this.info = { id: data.readUInt32BE(6), capabilities: data.readUInt32BE(66) };
    this.commands.put({ command, data });
    return this.#confirm();
  }

  #challenge(data) {
    this.seen = data.subarray(2, 2 + HASH_SIZE);
    this.agentNonce = data.subarray(2 + HASH_SIZE, 2 + 2 * HASH_SIZE);
    const { identity } = this.server;
    const signature = createSign('SHA384').update(this.seen).update(this.agentNonce).update(this.nonce).sign(identity.key);
    this.socket.binary(Buffer.concat([number16(COMMAND.authRequest), this.seen, this.nonce]));
    this.socket.binary(Buffer.concat([number16(COMMAND.authVerify), number16(identity.x509.raw.length), identity.x509.raw, signature]));
  }

  #verify(data) {
    const size = data.readUInt16BE(2);
    const certificate = new X509Certificate(data.subarray(4, 4 + size));
    this.verified = createVerify('SHA384').update(this.seen).update(this.nonce).update(this.agentNonce)
      .verify(certificate.publicKey, data.subarray(4 + size));
    if (!this.verified) this.reject(new Error('wrong agent signature'));
    this.#confirm();
  }

  #confirm() {
    if (!this.verified || this.info === undefined || this.confirmed) return;
    this.confirmed = true;
    this.socket.binary(number16(COMMAND.authConfirm));
    this.resolve(this);
  }

  send(object) { this.socket.binary(JSON.stringify(object)); }

  // Pushes SOURCE as the core; resolves when the agent reports its hash.
  async pushCore(source) {
    const core = Buffer.concat([Buffer.alloc(4), Buffer.from(source)]);
    this.socket.binary(Buffer.concat([number16(COMMAND.core), number16(0), sha384(core), core]));
    await this.commands.take((c) => c.command === COMMAND.coreHash && c.data.subarray(4).equals(sha384(core)), 'core hash');
    this.socket.binary(Buffer.concat([number16(COMMAND.coreOk), number16(0)]));
  }

  // The answer to what SEND asks for.
  ask(object, accepts, what) {
    const answer = this.json.take(accepts, what);
    this.send(object);
    return answer;
  }

  async console(text, sessionid = 'user//t/session') {
    const answer = await this.ask({ action: 'msg', type: 'console', value: text, sessionid, rights: 0xffffffff },
      (m) => m.type === 'console' && m.sessionid === sessionid, `answer to "${text}"`);
    return answer.value;
  }
}

// The server's end of one relay tunnel: `frames` holds {data, text}.
class Tunnel {
  constructor(socket) {
    this.socket = socket;
    this.frames = new Inbox();
    this.closed = new Promise((resolve) => { socket.on('close', resolve); });
    socket.on('message', (data, text) => this.frames.put({ data, text }));
  }

  text(value) { this.socket.text(typeof value === 'string' ? value : JSON.stringify(value)); }

  binary(value) { this.socket.binary(Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))); }

  // The next JSON frame of either kind which ACCEPTS takes.
  async json(accepts = () => true, what = 'JSON frame') {
    const parse = (frame) => { try { return JSON.parse(frame.data.toString('utf8')); } catch { return null; } };
    const fits = (frame) => { const value = parse(frame); return value !== null && typeof value === 'object' && accepts(value, frame.text); };
    return parse(await this.frames.take(fits, what));
  }

  // Collects binary frames until their text contains MARKER.
  async until(marker, what = `output "${marker}"`) {
    let seen = '';
    while (!seen.includes(marker)) seen += (await this.frames.take((f) => !f.text, `${what} (so far ${JSON.stringify(seen.slice(-200))})`)).data.toString('utf8');
    return seen;
  }

  close() { this.socket.close(); }
}

export class FakeMeshServer {
  static async start() {
    const server = new FakeMeshServer();
    server.dir = mkdtempSync(join(tmpdir(), 'bl-mesh-'));
    server.identity = makeCertificate(server.dir, 'agent-server', ['-newkey', 'rsa:3072']);
    server.web = makeCertificate(server.dir, 'localhost', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
    server.agents = new Inbox();
    server.expected = new Map();
    server.sockets = new Set();
    server.output = '';
    server.https = createServer({ key: server.web.key, cert: server.web.pem });
    server.https.on('upgrade', (request, socket, head) => server.#upgrade(request, socket, head));
    server.https.on('connection', (socket) => {
      server.sockets.add(socket);
      socket.on('close', () => server.sockets.delete(socket));
    });
    await new Promise((resolve) => { server.https.listen(0, '127.0.0.1', resolve); });
    server.port = server.https.address().port;
    return server;
  }

  #upgrade(request, socket, head) {
    const url = new URL(request.url, 'https://localhost');
    if (url.pathname === '/agent.ashx') {
      new AgentLink(this, new WebSocketEnd(request, socket, head)).ready.then((link) => this.agents.put(link), () => {});
      return;
    }
    const resolve = this.expected.get(url.searchParams.get('id'));
    if (resolve === undefined) { socket.destroy(); return; }
    this.expected.delete(url.searchParams.get('id'));
    resolve(new Tunnel(new WebSocketEnd(request, socket, head)));
  }

  settings() {
    const serverId = sha384(this.identity.x509.publicKey.export({ type: 'pkcs1', format: 'der' })).toString('hex').toUpperCase();
    return ['MeshName=test', 'MeshType=2', `MeshID=0x${randomBytes(HASH_SIZE).toString('hex').toUpperCase()}`,
      `ServerID=${serverId}`, `MeshServer=wss://127.0.0.1:${this.port}/agent.ashx`, ''].join('\r\n');
  }

  #run(program, args, env) {
    this.agent = spawn(program, args, {
      cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', HOME: this.dir, TMPDIR: this.dir, ...env },
    });
    // Also when the test itself breaks off.
    process.on('exit', () => this.agent.kill('SIGKILL'));
    this.agent.on('error', (error) => { this.output += error.message; });
    for (const stream of [this.agent.stdout, this.agent.stderr]) stream.on('data', (data) => { this.output += data; });
    return this.agents.take(() => true, `authenticated agent (${this.output})`, 30000);
  }

  // A screen of its own for the agent, when this machine has Xvfb: resolves to ":N" or null.
  startScreen() {
    this.screen = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', '640x480x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] });
    return new Promise((resolve) => {
      this.screen.on('error', () => { this.screen = undefined; resolve(null); });
      this.screen.stdout.once('data', (number) => resolve(`:${String(number).trim()}`));
    });
  }

  // Runs a copy of MeshAgent in a folder of its own, away from the desktop of this machine.
  startMeshAgent(binary, display) {
    const program = join(this.dir, 'meshagent');
    copyFileSync(binary, program);
    chmodSync(program, 0o700);
    writeFileSync(`${program}.msh`, this.settings());
    return this.#run(program, ['connect'], { DISPLAY: display ?? ':4095', XAUTHORITY: join(this.dir, 'xauthority') });
  }

  // Runs bowline-agent. Without PLUGINS everything is up to the core script; KEYS go into its section [agent].
  startBowlineAgent(program, scriptHost, { plugins = join(this.dir, 'none'), keys = '', env = {} } = {}) {
    const settings = join(this.dir, 'bowline-agent.msh');
    const config = join(this.dir, 'bowline-agent.conf');
    writeFileSync(settings, this.settings());
    writeFileSync(config, `[agent]\nmsh=${settings}\n${keys}`);
    return this.#run(program, ['--foreground', '--state-dir', join(this.dir, 'state'), '--config', config],
      { BOWLINE_AGENT_PLUGIN_PATH: plugins, BOWLINE_SCRIPT_HOST: scriptHost, ...env });
  }

  // Asks the agent of LINK for a tunnel. FIELDS overrides the message.
  async openTunnel(link, protocol, fields = {}, timeout = 15000) {
    const id = randomBytes(8).toString('hex');
    const arrived = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.expected.delete(id);
        reject(new Error(`no tunnel within ${timeout} ms; agent: ${this.output.slice(-500)}`));
      }, timeout);
      this.expected.set(id, (tunnel) => { clearTimeout(timer); resolve(tunnel); });
    });
    link.send({
      action: 'msg', type: 'tunnel', usage: protocol, sessionid: 'user//t/session', userid: 'user//t', username: 't',
      rights: 0xffffffff, consent: 0, remoteaddr: '127.0.0.1', soptions: {},
      value: `*/meshrelay.ashx?p=${protocol}&nodeid=node//a$b@c&id=${id}&rauth=x$y@z`, ...fields,
    });
    return arrived;
  }

  async stop() {
    if (this.agent?.pid !== undefined && this.agent.exitCode === null && this.agent.signalCode === null) {
      const gone = new Promise((resolve) => { this.agent.on('exit', resolve); });
      this.agent.kill('SIGTERM');
      const timer = setTimeout(() => this.agent.kill('SIGKILL'), 3000);
      await gone;
      clearTimeout(timer);
    }
    this.screen?.kill();
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => { this.https.close(resolve); });
    rmSync(this.dir, { recursive: true, force: true });
  }
}
