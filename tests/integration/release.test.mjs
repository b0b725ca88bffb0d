// SPDX-License-Identifier: Apache-2.0
// bowline-agent from an archive: installed below another root, replaced by its server, rolled back when the new one fails,
// and removed. What stands for systemctl only writes down what it is asked.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, TOP, end, start, until } from './lib.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'bowline-release-'));
const archiveName = `bowline-agent-linux-${execFileSync('uname', ['-m']).toString().trim()}.tar.gz`;
const archives = {};
const installPath = '/opt/tactical';
let bowline;
let group;
let install;

const sha384 = (file) => createHash('sha384').update(readFileSync(file)).digest('hex');
const fresh = (name) => { const dir = join(scratch, name); mkdirSync(dir, { recursive: true }); return dir; };

/** An archive like the first one, but for what change does to its folder. */
function makeArchive(name, change) {
  const dir = fresh(name);
  const work = fresh(`${name}-work`);
  execFileSync('tar', ['-xzf', archives.first, '-C', work]);
  change(join(work, 'bowline-agent'));
  execFileSync('tar', ['-czf', join(dir, archiveName), '-C', work, 'bowline-agent']);
  archives[name] = join(dir, archiveName);
}

const script = (dir, text) => { writeFileSync(join(dir, 'bin', 'bowline-agent'), `#!/bin/sh\n${text}\n`); chmodSync(join(dir, 'bin', 'bowline-agent'), 0o755); };

before(async () => {
  bowline = await Bowline.start({ sets: ['agents.agent-updates=true', 'agents.storm-clear=0', 'agents.storm-refuse=0'] });
  await bowline.createUser('admin');
  group = await bowline.createGroup('G');
  execFileSync(join(TOP, 'data', 'dev', 'agent-archive.sh'), [BUILD, fresh('first')]);
  archives.first = join(scratch, 'first', archiveName);
  const again = fresh('again');
  execFileSync(join(TOP, 'data', 'dev', 'agent-archive.sh'), [BUILD, again]);
  assert.equal(sha384(join(again, archiveName)), sha384(archives.first), 'equal builds make equal archives');
  makeArchive('second', (dir) => writeFileSync(join(dir, 'second'), ''));
  makeArchive('failing', (dir) => script(dir, '[ "$1" = --version ]'));
  makeArchive('foreign', (dir) => script(dir, 'exit 1'));
  const bin = fresh('bin');
  writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$*" >>"${scratch}/systemctl.log"\n`);
  chmodSync(join(bin, 'systemctl'), 0o755);
  install = { root: fresh('root'), bin, state: '/var/lib/bowline-agent' };
  install.place = join(install.root, installPath);
  install.stateDir = join(install.root, install.state);
});

after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
});

const asked = () => { try { return readFileSync(join(scratch, 'systemctl.log'), 'utf8'); } catch { return ''; } };

function run(program, args, env = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60000,
    env: { PATH: `${install.bin}:${process.env.PATH}`, HOME: scratch, ...env } });
  return { status, stdout, stderr };
}

/** What systemd does: the guard, the program, and again until it says 77 or the test is over. */
class Service {
  constructor() { this.log = ''; this.codes = []; this.loop = this.#run(); }

  async #run() {
    while (!this.stopped) {
      const previous = join(install.place, 'previous', 'bin', 'bowline-agent');
      if (existsSync(previous)) spawnSync(previous, ['--trial-guard']);
      this.child = start(join(install.place, 'current', 'bin', 'bowline-agent'), ['--foreground', '--state-dir', install.stateDir],
        { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: install.root } });
      for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (d) => { this.log += d; });
      const [code] = await once(this.child, 'exit');
      this.codes.push(code);
      if (code === 77) return;
      if (!this.stopped) await new Promise((next) => { setTimeout(next, 100); });
    }
  }

  async stop() { this.stopped = true; await end(this.child); await this.loop; }
}

const current = () => readFileSync(join(install.place, 'current', 'archive.sha384'), 'utf8');

test('-fullinstall: program, settings, unit, and what scripts look for', async () => {
  const unpacked = fresh('unpacked');
  execFileSync('tar', ['-xzf', archives.first, '-C', unpacked]);
  const program = join(unpacked, 'bowline-agent', 'bin', 'bowline-agent');
  const nothing = run(program, ['-fullinstall', `--installPath=${installPath}`, '--root', install.root]);
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /settings: expected a \.msh beside the program/);
  for (const path of ['opt', '/opt', '/opt/../etc', '/opt/a b', '/opt/a;b', `/${'a'.repeat(200)}/b`]) {
    const { status, stderr } = run(program, ['-install', `--installPath=${path}`, '--root', install.root]);
    assert.equal(status, 1, path);
    assert.match(stderr, /expected an absolute path/);
  }
  writeFileSync(`${program}.msh`, await bowline.settings('G'));
  const done = run(program, ['-fullinstall', `--installPath=${installPath}`, '--WebProxy=http://proxy.example:3128', '--copy-msh=1', '--archive', archives.first, '--root', install.root]);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /The service bowline-agent is installed/);
  assert.equal(asked(), `--root=${install.root} enable bowline-agent.service\n`);
  assert.equal(current(), sha384(archives.first));
  const settings = join(install.stateDir, 'bowline-agent.msh');
  assert.equal(lstatSync(settings).mode & 0o777, 0o600);
  assert.match(readFileSync(settings, 'utf8'), /^WebProxy=http:\/\/proxy\.example:3128\r$/m);
  const unit = readFileSync(join(install.root, '/etc/systemd/system/bowline-agent.service'), 'utf8');
  assert.match(unit, /^ExecStart=\/opt\/tactical\/current\/bin\/bowline-agent --foreground --state-dir \/var\/lib\/bowline-agent$/m);
  assert.match(unit, /^ExecStartPre=-\/opt\/tactical\/previous\/bin\/bowline-agent --trial-guard$/m);
  assert.match(unit, /^Alias=meshagent\.service$/m);
  const mesh = join(install.place, 'meshagent');
  const id = run(mesh, ['-nodeid', '--state-dir', install.stateDir]);
  assert.match(id.stdout, /^[0-9A-F]{96}\n$/);
  assert.equal(id.stderr, '');
  assert.equal(run(mesh, ['-nodeid', '--state-dir', install.stateDir]).stdout, id.stdout);
  assert.equal(run(mesh, ['-name']).stdout, 'bowline-agent\n');
  const idle = run(mesh, ['-state', '--state-dir', install.stateDir]);
  assert.equal(idle.status, 1);
  assert.match(idle.stdout, /^Querying Mesh Agent state\.\.\.\nUnable to contact Mesh Agent\.\.\.\n$/);
  // Once more, without the proxy: the same program, new settings.
  const again = run(program, ['-install', `--installPath=${installPath}`, '--archive', archives.first, '--root', install.root]);
  assert.equal(again.status, 0, again.stderr);
  assert.equal(readFileSync(settings, 'utf8').includes('WebProxy'), false);
  assert.deepEqual(readdirSync(join(install.place, 'releases')), [sha384(archives.first).slice(0, 16)]);
});

test('an agent of a package leaves its files where they are', () => {
  const { status, stderr } = run(join(BUILD, 'bin', 'bowline-agent'), ['-fullinstall', '--installPath=/opt/x', '--root', install.root]);
  assert.equal(status, 1);
  assert.match(stderr, /this agent belongs to a package/);
});

test('updates: a good one stays, one that fails or is none goes', async () => {
  const service = new Service();
  const connections = () => service.log.split('connected to wss:').length - 1;
  const reconnect = async () => { const n = connections(); await end(service.child, 'SIGTERM'); return n; };
  await until('online', () => connections() === 1).catch((e) => { throw new Error(`${e.message}\n${service.log}`); });
  assert.match(run(join(install.place, 'meshagent'), ['-state', '--state-dir', install.stateDir]).stdout, /Mesh Agent is running: connected to wss:/);
  const { devices: [{ _id: before }] } = JSON.parse(await bowline.ctl(['device', 'list', '--json']));

  await bowline.ctl(['agents', 'import', join(scratch, 'second')]);
  await reconnect();
  await until('the second one runs', () => current() === sha384(archives.second) && !existsSync(join(install.place, 'trial')), 40)
    .catch((e) => { throw new Error(`${e.message}\n${service.log}\n${bowline.log().slice(-2000)}`); });
  await until('it says so', () => /the new program reached the server and stays/.test(service.log));
  assert.deepEqual(readdirSync(join(install.place, 'releases')), [sha384(archives.second).slice(0, 16)]);
  assert.equal(existsSync(join(install.place, 'previous')), false);
  assert.equal(JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices[0]._id, before, 'it is the same device');

  await bowline.ctl(['agents', 'import', join(scratch, 'failing')]);
  const known = await reconnect();
  await until('the failing one was tried and the second one is back', () => existsSync(join(install.place, 'refused')) && connections() > known + 1, 60)
    .catch((e) => { throw new Error(`${e.message}\n${service.log}\n${bowline.log().slice(-2000)}`); });
  assert.equal(current(), sha384(archives.second));
  assert.equal(readFileSync(join(install.place, 'refused'), 'utf8'), sha384(archives.failing));
  await until('it is not taken again', () => /did not reach the server when it was tried before/.test(service.log));

  await bowline.ctl(['agents', 'import', join(scratch, 'foreign')]);
  await reconnect();
  await until('one that does not start is not taken', () => /it does not start on this machine/.test(service.log), 40);
  assert.equal(current(), sha384(archives.second));
  await until('nothing of it stays', () => !existsSync(join(install.place, 'incoming.tar.gz')) && !existsSync(join(install.place, 'releases', '.incoming')));
  await service.stop();
});

test('a server that has it uninstalled: nothing is left', async (t) => {
  // The unit's folder of this machine is not ours: in a namespace an empty one lies over it.
  const isolated = ['-rm', 'sh', '-c', 'mount -t tmpfs none /etc/systemd && mkdir /etc/systemd/system && : >/etc/systemd/system/bowline-agent.service && exec "$@"', 'sh'];
  if (spawnSync('unshare', [...isolated, 'true']).status !== 0) { t.skip('no mount namespaces here'); return; }
  writeFileSync(join(scratch, 'systemctl.log'), '');
  const child = start('unshare', [...isolated, join(install.place, 'current', 'bin', 'bowline-agent'), '--state-dir', install.stateDir],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: `${install.bin}:${process.env.PATH}`, HOME: install.root, INVOCATION_ID: '1' } });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { log += d; });
  const exited = once(child, 'exit');
  const [{ _id: nodeid }] = await bowline.waitOnline(1);
  const control = await bowline.control();
  control.send({ action: 'uninstallagent', nodeids: [nodeid] });
  const [code] = await exited;
  assert.equal(code, 77, log);
  assert.equal(existsSync(install.place), false);
  assert.equal(existsSync(install.stateDir), false);
  assert.equal(asked(), 'disable bowline-agent.service\ndaemon-reload\n');
  control.close();
});

test('-uninstall keeps who the device is, -fulluninstall nothing', async () => {
  const program = join(scratch, 'unpacked', 'bowline-agent', 'bin', 'bowline-agent');
  const words = [`--installPath=${installPath}`, '--root', install.root];
  assert.equal(run(program, ['-install', ...words, '--archive', archives.first]).status, 0);
  const id = run(join(install.place, 'meshagent'), ['-nodeid', '--state-dir', install.stateDir]).stdout;
  const mesh = fresh('copy');
  assert.equal(run(program, ['-uninstall', ...words]).status, 0);
  assert.equal(existsSync(install.place), false);
  assert.equal(existsSync(join(install.root, '/etc/systemd/system/bowline-agent.service')), false);
  assert.equal(run(program, ['-nodeid', '--state-dir', install.stateDir]).stdout, id);
  // A folder that is not an installation is not touched.
  mkdirSync(install.place, { recursive: true });
  copyFileSync(program, join(install.place, 'something'));
  const full = run(program, ['-fulluninstall', ...words]);
  assert.equal(full.status, 0, full.stderr);
  assert.equal(existsSync(join(install.place, 'something')), true);
  assert.equal(existsSync(install.stateDir), false);
  assert.deepEqual(readdirSync(mesh), []);
});

test('one file for scripts that know MeshAgent', async () => {
  await bowline.ctl(['agents', 'import', join(scratch, 'first')]);
  const number = { x86_64: 6, aarch64: 26, armv7l: 25, riscv64: 45 }[execFileSync('uname', ['-m']).toString().trim()];
  const path = `/meshagents?id=${encodeURIComponent(group.split('/').pop())}&installflags=2&meshinstall=${number}`;
  const fetched = await bowline.fetch(path);
  assert.equal(fetched.status, 200, String(fetched.body).slice(0, 300));
  assert.equal(fetched.headers['content-disposition'], 'attachment; filename="meshagent"');
  assert.ok(fetched.body.equals((await bowline.fetch(path)).body), 'equal requests give equal bytes');
  assert.equal((await bowline.fetch(path.replace(/id=[^&]*/, 'id=unknown'))).status, 401);
  const dir = fresh('one file');
  const root = fresh('root of one file');
  const file = join(dir, 'meshagent');
  writeFileSync(file, fetched.body, { mode: 0o755 });
  const env = { LC_ALL: 'en_US.UTF-8', LANGUAGE: 'en_US', XAUTHORITY: 'foo', DISPLAY: 'bar', TMPDIR: fresh('temporary') };
  const tactical = ['--installPath=/opt/tacticalmesh', '--root', root];
  const help = run(file, [], env);
  assert.equal(help.status, 2);
  assert.match(help.stderr, /-install/);
  const done = run(file, ['-install', ...tactical], env);
  assert.equal(done.status, 0, done.stderr);
  const place = join(root, 'opt/tacticalmesh');
  assert.equal(readFileSync(join(place, 'current', 'archive.sha384'), 'utf8'), sha384(archives.first), 'its server takes it for what it has');
  const state = join(root, install.state);
  assert.equal(readFileSync(join(state, 'bowline-agent.msh'), 'latin1').replace(/^InstallFlags=.*\r\n/m, ''), await bowline.settings('G'));
  const id = run(join(place, 'meshagent'), ['-nodeid', '--state-dir', state]).stdout;
  assert.match(id, /^[0-9A-F]{96}\n$/);
  assert.equal(run(file, ['-nodeid', '--state-dir', state], env).stdout, id);
  assert.equal(run(file, ['-fulluninstall', ...tactical], env).status, 0);
  assert.equal(existsSync(place), false);
  writeFileSync(file, fetched.body.subarray(0, -1000), { mode: 0o755 });
  const damaged = run(file, ['-install', ...tactical], env);
  assert.equal(damaged.status, 1);
  assert.match(damaged.stderr, /meshagent: this file is damaged/);
  assert.deepEqual(readdirSync(env.TMPDIR), [], 'nothing is left behind');
  assert.equal(existsSync(place), false);
});
