// SPDX-License-Identifier: Apache-2.0
// Commands on a device: bowlinectl run and the control channel, with bowline-agent.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, end, until } from './lib.mjs';

let bowline;
let nodeid;

before(async () => {
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  await bowline.createGroup('G');
  await bowline.startAgent('G', { name: 'box' });
  [{ _id: nodeid }] = await bowline.waitOnline(1);
});

after(async () => { assert.equal(await bowline?.stop(), 0); });

/** bowlinectl run; its process. */
function begin(...args) {
  const child = spawn(join(BUILD, 'bin', 'bowlinectl'), ['--data-dir', bowline.data, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.out = '';
  child.err = '';
  child.stdout.on('data', (d) => { child.out += d; });
  child.stderr.on('data', (d) => { child.err += d; });
  child.done = new Promise((resolve) => { child.once('close', (code) => resolve({ code, out: child.out, err: child.err })); });
  return child;
}
const run = (...args) => begin('run', ...args).done;

const alive = (pid) => { try { return !/State:\s+Z/.test(readFileSync(`/proc/${pid}/status`, 'utf8')); } catch { return false; } };

test('output, errors and the exit status come through', async () => {
  const told = await run(nodeid, '--', 'echo $((6*7)); echo bad >&2; exit 9');
  assert.deepEqual(told, { code: 9, out: '42\n', err: 'bad\n' });
  assert.deepEqual(await run(nodeid, '--', 'printf', '%s|', 'a b', '$HOME'), { code: 0, out: 'a b|$HOME|', err: '' });
  const killed = await run(nodeid, '--', 'kill -9 $$');
  assert.equal(killed.code, 128 + 9);
});

test('a script is run by the program it names', async () => {
  const script = join(bowline.dir, 'script');
  writeFileSync(script, '#!/usr/bin/env python3\nimport sys\nprint("py", len(sys.argv))\n');
  assert.deepEqual(await run(nodeid, '--script', script), { code: 0, out: 'py 1\n', err: '' });
});

test('output comes while it runs, and the time is limited', async () => {
  const flag = join(bowline.dir, 'flag');
  const slow = begin('run', nodeid, '--', `echo first; until [ -e ${flag} ]; do read -t 0.05 x < <(exec sleep 1); done; echo last`);
  await until('the first line', () => slow.out === 'first\n');
  writeFileSync(flag, '');
  assert.deepEqual(await slow.done, { code: 0, out: 'first\nlast\n', err: '' });
  const late = await run(nodeid, '--timeout', '1', '--', 'exec sleep 1000');
  assert.equal(late.code, 128 + 15);
  assert.match(late.err, /ran longer than it may/);
});

test('what nobody listens to any more is ended', async () => {
  const pidfile = join(bowline.dir, 'pid');
  const child = begin('run', nodeid, '--', `sleep 1000 & echo $! > ${pidfile}; wait`);
  const pid = await until('it runs', () => existsSync(pidfile) && readFileSync(pidfile, 'utf8').trim());
  assert.ok(alive(pid));
  await end(child, 'SIGKILL');
  await until('it is ended', () => !alive(pid));
});

test('what cannot be run is said', async () => {
  assert.match((await run('nowhere', '--', 'true')).err, /no such device/);
  assert.equal((await run(nodeid)).code, 2);
  const user = await run(nodeid, '--as-user', '--', 'true');
  if (user.code !== 0) assert.match(user.err, /No user is signed in|another user/);
});

test('the control channel: in one piece, in parts, and stopped by its session only', async () => {
  const control = await bowline.control();
  const classic = await control.ask({ action: 'runcommands', nodeids: [nodeid], type: 0, cmds: 'echo $((40+2)); exit 4', runAsUser: 0, reply: true });
  assert.equal(classic.type, 'runcommands');
  assert.equal(classic.result, '42\n');
  assert.equal(classic.exit, 4);
  control.send({ action: 'runcommands', nodeids: [nodeid], type: 3, cmds: 'echo here; exec sleep 1000', stream: true, responseid: 'q' });
  const part = await control.take('a part', (f) => f.stream === 'out');
  assert.equal(Buffer.from(part.data, 'base64').toString(), 'here\n');
  const other = await bowline.control();
  await other.ask({ action: 'msg', type: 'runstop', nodeid });
  other.send({ action: 'msg', type: 'runstop', nodeid, responseid: 'q' });
  control.send({ action: 'msg', type: 'runstop', nodeid, responseid: 'q' });
  const last = await control.take('the end', (f) => f.stream === 'end');
  assert.equal(last.result, 'Ended by who started it');
  control.close();
  other.close();
});
