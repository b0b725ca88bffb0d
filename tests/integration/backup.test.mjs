// SPDX-License-Identifier: Apache-2.0
// Back-ups: what is written can be checked and restored; a damaged or foreign archive is refused before anything changes; a
// restore that is killed leaves the old data or the new.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, PASSWORD, end } from './lib.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'bowline-backup-'));
const archive = join(scratch, 'one.tar');
const sets = ['auth.hash-memory=19M', 'auth.hash-passes=1'];
const env = { ...process.env, BOWLINE_MODULE_PATH: join(BUILD, 'modules'), BOWLINE_DATA_PATH: BUILD };
let bowline;
let serverId;

const arguments_ = (data, args) => ['--data-dir', data, '--config', bowline.config, ...sets.flatMap((s) => ['--set', s]), ...args];
const ctl = (data, ...args) => new Promise((resolve) => {
  execFile(join(BUILD, 'bin', 'bowlinectl'), arguments_(data, args), { env, timeout: 60000 },
    (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
});
async function good(data, ...args) {
  const { code, out, err } = await ctl(data, ...args);
  assert.equal(code, 0, `${args.join(' ')}: ${err}`);
  return out;
}
async function refused(data, pattern, ...args) {
  const { code, err } = await ctl(data, ...args);
  assert.equal(code, 1, err);
  assert.match(err, pattern);
  assert.match(err.trimEnd().split('\n').at(-1), /^bowlinectl: /);
}
const users = async (data) => JSON.parse(await good(data, 'user', 'list', '--json')).users.map((u) => u.name).sort();

before(async () => {
  bowline = await Bowline.start({ sets });
  await bowline.createUser('first');
  serverId = await bowline.ctl(['server-id']);
  await bowline.ctl(['backup', archive]); // while it runs
  await bowline.createUser('second');
});
after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(await bowline?.stop(), 0);
});

test('a back-up holds store, certificates and keys, for its owner only', async () => {
  assert.equal(statSync(archive).mode & 0o777, 0o600);
  const names = await new Promise((resolve, reject) => {
    execFile('tar', ['-tf', archive], (error, out) => (error ? reject(error) : resolve(out.trim().split('\n'))));
  });
  assert.equal(names[0], 'manifest.json');
  for (const name of ['bowline.db', 'certs/agentserver-cert-private.key', 'certs/ticket.key']) assert.ok(names.includes(name), name);
  await refused(bowline.data, /already/, 'backup', archive);
  await refused(bowline.data, /the server of .* runs/, 'restore', archive);
  assert.deepEqual(readdirSync(scratch), ['one.tar']);
  assert.match(await good(bowline.data, 'restore', archive, '--check'), /good/);
});

test('damaged and foreign archives are refused, and nothing changes', { timeout: 120000 }, async () => {
  const data = join(scratch, 'refusals');
  await good(data, 'restore', archive);
  await good(data, 'user', 'delete', 'first');
  const bytes = readFileSync(archive);
  const bad = join(scratch, 'bad.tar');
  const at = (text) => bytes.indexOf(text);
  const change = (position, text) => { const copy = Buffer.from(bytes); copy.write(text, position, 'latin1'); return copy; };
  const cases = [
    [bytes.subarray(0, bytes.length - 2048), /cut off/],
    [bytes.subarray(0, 700), /cut off/],
    [change(at('SQLite format 3') + 5000, 'x!x'), /bowline\.db: its hash/],
    [change(at('"format":1'), '"format":9'), /expected format 1, found 9/],
    [change(at('certs/'), '../../x'), /no back-up has|not what/],
    [Buffer.from('no archive at all'), /cut off/],
    [Buffer.alloc(4096, 'x'), /found something else/],
    [Buffer.alloc(4096), /manifest\.json/],
    [Buffer.concat([bytes.subarray(0, bytes.length - 1024), bytes.subarray(0, 512), bytes.subarray(bytes.length - 1024)]), /does not tell of it/],
  ];
  for (const [content, pattern] of cases) {
    writeFileSync(bad, content);
    await refused(data, pattern, 'restore', bad);
    await refused(data, pattern, 'restore', bad, '--check');
  }
  await refused(data, /No such file/, 'restore', join(scratch, 'missing'));
  await refused(data, /expected a file|directory/i, 'restore', scratch);
  assert.deepEqual(await users(data), []);
  assert.equal(readdirSync(data).filter((n) => n.startsWith('restore.')).length, 0);
});

test('restored: the same server, without what came later', { timeout: 120000 }, async () => {
  assert.equal(await end(bowline.process), 0);
  assert.deepEqual(await users(bowline.data), ['first', 'second']);
  const out = JSON.parse(await good(bowline.data, 'restore', archive, '--json'));
  assert.ok(existsSync(join(out.aside, 'bowline.db')));
  assert.deepEqual(await users(bowline.data), ['first']);
  assert.equal(await good(bowline.data, 'server-id'), serverId);
  for (const name of readdirSync(join(bowline.data, 'certs'))) assert.equal(statSync(join(bowline.data, 'certs', name)).mode & 0o777, 0o600, name);
  await bowline.run();
  const control = await bowline.control({ user: 'first', password: PASSWORD });
  control.close();
});

test('restored into nothing', { timeout: 60000 }, async () => {
  const data = join(scratch, 'new');
  await good(data, 'restore', archive);
  assert.deepEqual(await users(data), ['first']);
  assert.equal(await good(data, 'server-id'), serverId);
});

test('killed at any moment: the old data or the new', { timeout: 200000 }, async () => {
  const origin = join(scratch, 'origin');
  await good(origin, 'restore', archive);
  rmSync(join(origin, readdirSync(origin).find((n) => n.startsWith('before-restore'))), { recursive: true });
  await new Promise((resolve, reject) => {
    const child = execFile(join(BUILD, 'bin', 'bowlinectl'), arguments_(origin, ['user', 'create', 'later', '--password-stdin']), { env },
      (error, out, err) => (error ? reject(new Error(err)) : resolve()));
    child.stdin.end(`${PASSWORD}\n`);
  });
  const seen = { old: 0, new: 0 };
  for (let round = 0; round < 10; round++) {
    const data = join(scratch, `kill-${round}`);
    cpSync(origin, data, { recursive: true });
    const child = spawn(join(BUILD, 'bin', 'bowlinectl'), arguments_(data, ['restore', archive]), { env, stdio: 'ignore', detached: true });
    const exited = once(child, 'exit');
    const timer = setTimeout(() => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it was faster */ } }, round * 60);
    await exited;
    clearTimeout(timer);
    const names = await users(data);
    assert.ok(['first', 'first,later'].includes(names.join()), names.join());
    seen[names.length === 1 ? 'new' : 'old']++;
    assert.equal(await good(data, 'server-id'), serverId);
  }
  assert.ok(seen.old > 0, 'no round was killed in time');
});

test('a decided restore is finished by the next start, wherever it stopped', { timeout: 120000 }, async () => {
  const fresh = join(scratch, 'fresh');
  await good(fresh, 'restore', archive);
  const states = {
    // decided, nothing moved yet
    decided: () => {},
    // the old store is aside, the new one not yet in its place
    between: (data) => { mkdirSync(join(data, 'restore.old')); renameSync(join(data, 'bowline.db'), join(data, 'restore.old', 'bowline.db')); },
    // the store is the new one, the certificates are the old ones
    half: (data) => {
      states.between(data);
      renameSync(join(data, 'restore.ready', 'bowline.db'), join(data, 'bowline.db'));
    },
    // all is in place
    moved: (data) => {
      states.half(data);
      renameSync(join(data, 'certs'), join(data, 'restore.old', 'certs'));
      renameSync(join(data, 'restore.ready', 'certs'), join(data, 'certs'));
    },
  };
  for (const [name, arrange] of Object.entries(states)) {
    const data = join(scratch, `state-${name}`);
    cpSync(join(scratch, 'origin'), data, { recursive: true });
    mkdirSync(join(data, 'restore.ready'));
    cpSync(join(fresh, 'bowline.db'), join(data, 'restore.ready', 'bowline.db'));
    cpSync(join(fresh, 'certs'), join(data, 'restore.ready', 'certs'), { recursive: true });
    arrange(data);
    assert.deepEqual(await users(data), ['first'], name);
    assert.equal(existsSync(join(data, 'restore.ready')), false, name);
    assert.equal(await good(data, 'server-id'), serverId, name);
  }
});
