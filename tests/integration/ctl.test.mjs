// SPDX-License-Identifier: Apache-2.0
// The command lines: every subcommand of bowlinectl on a running and on a stopped server, the options of bowlined, and
// what each says and returns when something is wrong: 0 done, 1 refused with one line, 2 usage.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, PASSWORD, TOP, end } from './lib.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'bowline-ctl-'));
const sets = ['auth.hash-memory=19M', 'auth.hash-passes=1'];
let bowline;

/** Runs a program to its end: { code, out, err }. */
function run(program, args, { input = '' } = {}) {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 60000, env: { ...process.env, BOWLINE_MODULE_PATH: join(BUILD, 'modules'), BOWLINE_DATA_PATH: BUILD } },
      (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
const ctl = (args, options) => run(join(BUILD, 'bin', 'bowlinectl'), ['--data-dir', bowline.data, '--config', bowline.config, ...args], options);
const bowlined = (args, options) => run(join(BUILD, 'bin', 'bowlined'), args, options);

async function good(args, options) {
  const { code, out, err } = await ctl(args, options);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}

async function refused(args, pattern, options) {
  const { code, err } = await ctl(args, options);
  assert.equal(code, 1, `${args.join(' ')}: ${err}`);
  assert.match(err, pattern);
  assert.match(err.trimEnd().split('\n').at(-1), /^bowlinectl: /);
}

before(async () => { bowline = await Bowline.start({ sets }); });
after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
});

async function everySubcommand(tag) {
  const name = `user-${tag}`;
  const password = { input: `${PASSWORD}\n` };
  const status = JSON.parse(await good(['status', '--json']));
  assert.equal(status.mode, tag === 'running' ? 'running' : 'maintenance');
  assert.match(await good(['status']), /^version: /m);
  assert.match(await good(['module', 'list']), /^control\t/m);
  assert.ok(JSON.parse(await good(['module', 'list', '--json'])).modules.some((m) => m.id === 'relay'));
  await good(['user', 'create', name, '--email', 'a@example.org', '--password-stdin'], password);
  await refused(['user', 'create', name, '--password-stdin'], /exist/i, password);
  await refused(['user', 'create', 'a/b', '--password-stdin'], /name/i, password);
  await good(['user', 'password', name, '--password-stdin'], password);
  await refused(['user', 'password', 'nobody', '--password-stdin'], /nobody|account|user/i, password);
  const users = JSON.parse(await good(['user', 'list', '--json'])).users;
  assert.equal(users.find((u) => u._id === `user//${name}`).email, 'a@example.org');
  assert.ok((await good(['login-token', `user//${name}`])).trim().length > 40);
  await refused(['login-token', 'user//nobody'], /nobody|account|user/i);
  const group = (await good(['group', 'create', `Group ${tag}`])).trim();
  assert.match(group, /^mesh\/\/[A-Za-z0-9@$]{64}$/);
  assert.match(await good(['group', 'list']), new RegExp(`Group ${tag}`));
  for (const which of [group, `Group ${tag}`]) assert.match(await good(['group', 'settings', which]), /MeshServer=wss:\/\/localhost:/);
  await refused(['group', 'settings', 'no such group'], /group/i);
  assert.deepEqual(JSON.parse(await good(['device', 'list', '--json'])).devices, []);
  assert.match(await good(['server-id']), /^[0-9A-F]{96}\n$/);
  assert.match(await good(['login-key']), /^[0-9a-f]{160}\n$/i);
  const backup = join(scratch, `backup-${tag}`);
  await good(['backup', backup]);
  assert.ok(statSync(backup).size > 4096);
  assert.equal(statSync(backup).mode & 0o077, 0, 'only its owner may read a back-up');
  await refused(['backup', '/nonexistent/x/y'], /nonexistent/);
  await good(['audit', 'verify']);
  await good(['doctor']);
  await refused(['agents', 'import', '/nonexistent'], /agents\.import|nonexistent/);
  await refused(['module', 'disable', 'nosuch'], /nosuch/);
  await good(['user', 'delete', name]);
  await refused(['user', 'delete', name], /user|account/i);
}

test('every subcommand on a running server', () => everySubcommand('running'));

test('every subcommand on a stopped server', async () => {
  const id = await good(['server-id']);
  assert.equal(await end(bowline.process), 0);
  await everySubcommand('stopped');
  assert.equal(await good(['server-id']), id);
  await bowline.run();
  assert.match(await good(['group', 'list']), /Group stopped/);
});

test('usage errors are 2 and say what was wrong', async () => {
  for (const [args, pattern] of [[[], /missing/], [['nosuch'], /unknown command "nosuch"/], [['user'], /user/], [['user', 'create'], /NAME is missing/],
    [['user', 'create', 'x'], /needs --password-stdin/], [['status', 'more'], /"more" is one word too many/], [['status', '--password-stdin'], /takes no/],
    [['status', '--nosuch'], /nosuch/], [['group', 'create', 'x', '--email', 'y'], /takes no --email/], [['group', 'create', ''], /missing/],
    [['user', 'create', 'x', '--password-stdin'], /password/]]) {
    const { code, out, err } = await ctl(args);
    assert.equal(code, 2, `${args.join(' ')}: ${err}`);
    assert.match(err, pattern);
    assert.equal(out, '');
  }
  assert.match((await ctl(['--version'])).out, /^bowlinectl \d/);
  assert.match((await ctl(['--help'])).out, /server-id/);
});

test('bowlined names what is wrong in a configuration', async () => {
  const file = join(scratch, 'c.conf');
  const modules = await bowlined(['--list-modules', '--config', bowline.config]);
  assert.equal(modules.code, 0, modules.err);
  for (const id of ['auth', 'control', 'relay', 'agents', 'web', 'db-sqlite']) assert.match(modules.out, new RegExp(`^${id} `, 'm'));
  assert.match((await bowlined(['--version'])).out, /^bowlined \d/);
  for (const [text, pattern] of [['[server]\nname=a\nprot=1\n', /c\.conf:3.*prot.*\bport\b/s], ['[server]\nport=0\n', /c\.conf:2.*port.*1/s],
    ['[server]\nport=99999\n', /c\.conf:2.*65535/s], ['[sever]\nport=1\n', /c\.conf:2.*sever.*server/s], ['[module contol]\nx=1\n', /contol/],
    ['[module relay]\nmax-session=1\n', /c\.conf:2.*max-session.*max-sessions/s], ['[server]\ntls-offload=perhaps\n', /c\.conf:2.*tls-offload/s], ['port=1\n', /c\.conf:1/]]) {
    writeFileSync(file, text);
    for (const args of [['--check-config'], ['--data-dir', join(scratch, 'never')]]) {
      const { code, err } = await bowlined(['--config', file, ...args]);
      assert.equal(code, 1, `${text}: ${err}`);
      assert.match(err, pattern, text);
    }
  }
  writeFileSync(file, '[server]\nname=example.org\n');
  assert.equal((await bowlined(['--check-config', '--config', file])).code, 0);
  for (const args of [['--set', 'server.prot=1'], ['--set', 'nonsense']]) assert.equal((await bowlined(['--check-config', '--config', file, ...args])).code, 1, args.join(' '));
  for (const args of [['--nosuch'], ['word']]) assert.equal((await bowlined(args)).code, 2, args.join(' '));
  assert.equal((await bowlined(['--check-config', '--config', join(scratch, 'missing.conf')])).code, 1);
});

test('a port or a data directory that is taken is named', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address();
  const data = join(scratch, 'other');
  mkdirSync(data, { mode: 0o700 });
  for (const [key, rest] of [['port', ['--set', 'server.redirect-port=0']], ['redirect-port', ['--set', `server.port=${bowline.mpsPort}`]]]) {
    const { code, err } = await bowlined(['--config', bowline.config, '--data-dir', data, '--set', 'server.bind=127.0.0.1', '--set', 'server.mps-port=0',
      '--set', `server.${key}=${port}`, ...rest]);
    assert.equal(code, 1, `${key}: ${err}`);
    assert.match(err, new RegExp(`\\b${port}\\b`), key);
    const fresh = join(scratch, `never-${key}`);
    const first = await bowlined(['--config', bowline.config, '--data-dir', fresh, '--set', 'server.bind=127.0.0.1', '--set', 'server.mps-port=0',
      '--set', `server.${key}=${port}`, ...rest]);
    assert.equal(first.code, 1, `${key}: ${first.err}`);
    assert.match(first.err, new RegExp(`\\b${port}\\b`), key);
    assert.equal(existsSync(fresh), false, 'a first start that fails leaves nothing behind');
  }
  taken.close();
  const second = await bowlined(['--config', bowline.config, '--data-dir', bowline.data, '--set', `server.port=${port}`]);
  assert.equal(second.code, 1);
  assert.match(second.err, /another server is using it/);
  assert.equal(JSON.parse(await good(['status', '--json'])).mode, 'running');
});

test('./run refuses a port that is none', async () => {
  for (const [option, value] of [['--port', '0'], ['--redirect-port', 'x'], ['--mps-port', ''], ['--port', '70000']]) {
    const { code, err } = await run(join(TOP, 'run'), [option, value, '--data-dir', join(scratch, 'run')]);
    assert.equal(code, 1, err);
    assert.match(err, /expected a number from 1 to 65535/);
  }
  assert.ok(!existsSync(join(scratch, 'run')));
  assert.equal((await run(join(TOP, 'run'), ['--nosuch'])).code, 2);
});
