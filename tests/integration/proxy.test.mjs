// SPDX-License-Identifier: Apache-2.0
// Behind a real nginx, with the settings of Tactical RMM's own site: the page, meshctrl, both agents, who see the proxy's
// certificate; and Tactical's upkeep of accounts with the library it uses, on the plain port behind it.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { Bowline, PASSWORD, TOP, end, freePorts, openTunnel, skipMeshAgent, start, until } from './lib.mjs';
import { apiToken } from './tokens.mjs';

const NGINX = '/usr/sbin/nginx';
const PYTHON = '/usr/bin/python3';
const WORKERS = process.env.ASAN_OPTIONS ? 50 : 200; // password hashes are slow enough without the sanitizers
const program = join(process.env.BL_TEST_MESHCENTRAL ?? '', 'meshctrl.js');
const skip = existsSync(NGINX) ? false : 'no nginx here';
const skipMeshctrl = skip || (existsSync(program) ? false : 'meshctrl.js is not there (BL_TEST_MESHCENTRAL)');
const scratch = mkdtempSync(join(tmpdir(), 'bowline-proxy-'));
const run = promisify(execFile);
let bowline;
let inner;
let nginx;
let secret;

function nginxConfig(port) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(scratch, name)};`).join(' ');
  return `daemon off; master_process off; pid ${join(scratch, 'nginx.pid')}; error_log ${join(scratch, 'error.log')};
events { worker_connections 1024; }
http {
  access_log off; ${temporary}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${join(scratch, 'site.crt')}; ssl_certificate_key ${join(scratch, 'site.key')};
    proxy_send_timeout 330s; proxy_read_timeout 330s;
    location / {
      proxy_pass http://127.0.0.1:${inner}/;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header X-Forwarded-Host $host:$server_port;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`;
}

before(async () => {
  if (skip) return;
  const [outer, plain] = await freePorts(2);
  inner = plain;
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
    '-days', '2', '-keyout', join(scratch, 'site.key'), '-out', join(scratch, 'site.crt')], { stdio: 'ignore' });
  mkdirSync(join(scratch, 'logs'));
  writeFileSync(join(scratch, 'nginx.conf'), nginxConfig(outer));
  nginx = start(NGINX, ['-p', scratch, '-c', join(scratch, 'nginx.conf'), '-e', join(scratch, 'error.log')], { stdio: 'ignore' });
  bowline = await Bowline.start({ sets: [`server.port=${inner}`, 'server.tls-offload=true', 'server.trusted-proxies=127.0.0.1',
    `server.alias-port=${outer}`, `server.cert-url=https://localhost:${outer}/`] });
  bowline.port = outer;
  await bowline.createUser('admin');
  secret = Buffer.from((await bowline.ctl(['login-key'])).trim(), 'hex');
  await until('nginx passes on', async () => (await bowline.fetch('/health.ashx').catch(() => ({}))).status === 200);
});

after(async () => {
  const code = await bowline?.stop();
  if (nginx) await end(nginx);
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(code, 0);
});

const control = (options) => bowline.control(options);

test('the page, with its headers; a foreign Origin is refused', { skip }, async () => {
  const page = await bowline.fetch('/');
  assert.equal(page.status, 200);
  assert.match(page.headers['content-security-policy'], /script-src 'self'/);
  assert.equal((await bowline.fetch('/control.ashx', { headers: { Connection: 'Upgrade', Upgrade: 'websocket', Origin: 'https://evil.example.com',
    'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' } })).status, 403);
});

test('the installation\'s step with meshctrl', { skip: skipMeshctrl }, async () => {
  const { stdout } = await run(process.execPath, ['--no-warnings', program, '--url', `wss://localhost:${bowline.port}`, '--loginuser', 'admin',
    '--loginpass', PASSWORD, 'AddDeviceGroup', '--name', 'TacticalRMM'],
  { env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' }, timeout: 30000 });
  assert.match(stdout, /^ok mesh\/\//);
});

async function runsShell(nodeid, what) {
  const channel = await control();
  const tunnel = await openTunnel(bowline, channel, nodeid, 1);
  tunnel.socket.send(Buffer.from('echo "sum: $((6*7))"\r'));
  await tunnel.until(what, () => Buffer.concat(tunnel.binary).includes('sum: 42'));
  tunnel.socket.close();
  channel.close();
}

test('both agents accept the certificate of the proxy; a shell through it', { skip: skip || skipMeshAgent, timeout: 120000 }, async () => {
  const group = await bowline.createGroup('Proxied');
  await bowline.startAgent(group);
  await runsShell((await bowline.waitOnline(1))[0]._id, 'the shell of bowline-agent');
  await bowline.startMeshAgent(group);
  const devices = await bowline.waitOnline(2);
  const ours = devices.map((d) => d._id);
  const channel = await control();
  const theirs = await until('the MeshAgent has its core', async () => {
    const { nodes } = await channel.ask({ action: 'nodes' });
    return Object.values(nodes).flat().find((n) => ours.includes(n._id) && n.agent.id === 6 && n.agent.core && /MeshAgent|Bowline/i.test(n.agent.core));
  }, 40);
  channel.close();
  await runsShell(theirs._id, 'the shell of the MeshAgent');
});

test('accounts kept in step by frames nobody waits for', { skip, timeout: 200000 }, async () => {
  const channel = await control();
  const { nodes } = await channel.ask({ action: 'nodes' });
  const devices = Object.values(nodes).flat().map((n) => n._id);
  channel.close();
  assert.ok(devices.length >= 1);
  const address = `ws://127.0.0.1:${inner}/control.ashx?auth=${apiToken(secret, 'admin')}`;
  const { stdout } = await run(PYTHON, [join(TOP, 'tests', 'lib', 'tactical.py'), address, devices.join(','), String(WORKERS)], { timeout: 180000 });
  const stages = stdout.trim().split('\n').map((line) => JSON.parse(line).stage);
  assert.deepEqual(stages, ['accounts', 'links', 'removed']);
  if (process.env.BL_TEST_SHOW) process.stderr.write(stdout);
});
