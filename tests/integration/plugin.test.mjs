// SPDX-License-Identifier: Apache-2.0
// A feature of the agent by others: built with pkg-config alone against the installed interface, used by a viewer through the
// relay, loaded by another build of the agent unchanged; and broken ones, each refused with its reason.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, TOP, end, openTunnel, until } from './lib.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'bowline-plugin-'));
const plugins = join(scratch, 'plugins');
const library = 'libbowline-plugin-1.so.0';
// What was built for one agent must run in another: where both trees are there, the plain one is what it is built for.
const other = [join(TOP, 'build'), join(TOP, 'build-asan')].find((tree) => tree !== BUILD && existsSync(join(tree, 'agent', 'bowline-agent')));
let bowline;
let group;
let control;

function find(directory, name) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.name === name) return path;
    const below = entry.isDirectory() ? find(path, name) : null;
    if (below) return below;
  }
  return null;
}

/** Installs the interface into the scratch folder, and builds the example against that. */
function buildPlugin() {
  const stage = join(scratch, 'stage');
  const tree = !/san/.test(BUILD.split('/').pop()) || !other ? BUILD : other;
  execFileSync('meson', ['install', '-C', tree, '--no-rebuild', '--tags', 'plugin-interface,devel', '--destdir', stage], { stdio: 'pipe' });
  const pc = find(stage, 'bowline-plugin-1.pc');
  writeFileSync(pc, readFileSync(pc, 'utf8').replace(/^prefix=/m, `prefix=${stage}`));
  const env = { ...process.env, PKG_CONFIG_PATH: dirname(pc) };
  const flags = (what) => execFileSync('pkg-config', [what, 'bowline-plugin-1'], { env, encoding: 'utf8' }).trim().split(/\s+/);
  const source = join(TOP, 'plugins-api', 'examples', 'agent-echo');
  mkdirSync(plugins, { mode: 0o755 });
  execFileSync('cc', ['-std=c99', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden', '-Wl,-z,nodelete', '-Wl,-z,defs', ...flags('--cflags'),
    '-o', join(plugins, 'bowline-agent-agent-echo.so'), join(source, 'agent-echo.c'), ...flags('--libs')], { stdio: 'pipe' });
  copyFileSync(join(source, 'agent-echo.module'), join(plugins, 'agent-echo.module'));
  for (const file of readdirSync(plugins)) chmodSync(join(plugins, file), 0o644);
  const needed = execFileSync('readelf', ['-d', join(plugins, 'bowline-agent-agent-echo.so')], { encoding: 'utf8' });
  assert.match(needed, new RegExp(library.replaceAll('.', '\\.')));
}

before(async () => {
  process.umask(0o022);
  buildPlugin();
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  group = await bowline.createGroup('G');
  control = await bowline.control();
});

after(async () => {
  control?.close();
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
});

/** Agents of earlier tests may still be counted. */
const seen = new Set();
async function newDevice() {
  const device = await until('another device', async () => (await bowline.waitOnline(1)).find(({ _id }) => !seen.has(_id)));
  seen.add(device._id);
  return device._id;
}

async function useEcho(nodeid, greeting) {
  const tunnel = await openTunnel(bowline, control, nodeid, 7);
  await tunnel.until('the greeting', () => tunnel.text.some((t) => t.includes(`"greeting":"${greeting}"`) && t.includes('"user":"admin"')));
  const sent = Buffer.alloc(100000, 'echo ');
  for (let i = 0; i < 20; i++) tunnel.socket.send(sent);
  tunnel.socket.send(JSON.stringify({ last: true }));
  await tunnel.until('everything comes back', () => tunnel.text.some((t) => t.includes('"last":true')), 30);
  assert.ok(Buffer.concat(tunnel.binary).equals(Buffer.concat(Array(20).fill(sent))));
  tunnel.socket.terminate();
}

test('a feature with a tunnel of its own, used through the server', async () => {
  const agent = await bowline.startAgent(group, { settings: '[plugin agent-echo]\ngreeting=Ahoy\n',
    env: { BOWLINE_AGENT_PLUGIN_PATH: `${join(BUILD, 'agent', 'plugins')}:${plugins}` } });
  const nodeid = await newDevice();
  await useEcho(nodeid, 'Ahoy');
  assert.equal(await end(agent), 0);
});

test('the same file in another build of the agent', { skip: other ? false : 'one build only' }, async () => {
  const name = 'bowline-agent-agent-echo.so';
  const before = readFileSync(join(plugins, name));
  // A sanitizer's build of the agent brings its own library and layout of everything behind the interface.
  const agent = await bowline.startAgent(group, { program: join(other, 'agent', 'bowline-agent'),
    env: { BOWLINE_AGENT_PLUGIN_PATH: `${join(other, 'agent', 'plugins')}:${plugins}`, BOWLINE_SCRIPT_HOST: join(other, 'agent', 'script', 'bowline-script-host'), ASAN_OPTIONS: 'detect_leaks=0' } });
  const nodeid = await newDevice();
  await useEcho(nodeid, 'Hello');
  assert.ok(readFileSync(join(plugins, name)).equals(before));
  assert.equal(await end(agent), 0);
});

test('broken plugins are refused, each with its reason, and the others run', async () => {
  const broken = join(scratch, 'broken');
  mkdirSync(broken, { mode: 0o755 });
  const bad = join(BUILD, 'plugins-api', 'tests', 'bad');
  const reasons = {
    'no-symbol': 'symbol: expected bowline_plugin_query_1, found none',
    'wrong-major': 'descriptor: abi_major: expected 1, found 2',
    'newer-minor': 'descriptor: min_host_minor: expected at most 0, found 99',
    'short-struct': 'descriptor: struct_size: expected at least',
    good: 'descriptor: kind: expected', // a module of the server
    'world-writable': 'mode: expected writable by its owner only, found 0666',
  };
  for (const name of Object.keys(reasons)) {
    writeFileSync(join(broken, `${name}.module`), readFileSync(join(bad, `${name}.module`), 'utf8').replace('Kind=server', 'Kind=agent'), { mode: 0o644 });
    copyFileSync(join(bad, `bowline-module-${name}.so`), join(broken, `bowline-agent-${name}.so`));
    chmodSync(join(broken, `bowline-agent-${name}.so`), name === 'world-writable' ? 0o666 : 0o644);
  }
  const agent = await bowline.startAgent(group, { env: { BOWLINE_AGENT_PLUGIN_PATH: `${join(BUILD, 'agent', 'plugins')}:${plugins}:${broken}` } });
  const nodeid = await newDevice();
  const log = agent.log();
  for (const [name, reason] of Object.entries(reasons)) {
    assert.ok(log.split('\n').some((line) => line.includes(name) && line.includes(reason)), `${name}: ${reason}\n${log}`);
  }
  await useEcho(nodeid, 'Hello');
  assert.equal(await end(agent), 0);
});
