// SPDX-License-Identifier: Apache-2.0
// A disk that is really full, under the whole server: a small file system of its own, in a mount namespace of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, unlinkSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, end, freePorts, start, until } from './lib.mjs';

function reason() {
  if (process.getuid() !== 0) return 'only root may mount a small file system';
  try { execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' }); } catch { return 'no mount namespaces here'; }
  return false;
}
const skip = reason();
let bowline;
let keeper;
let control;
let disk; // the small file system as seen from here

before(async () => {
  if (skip) return;
  bowline = new Bowline();
  const dir = mkdtempSync(join(tmpdir(), 'bowline-disk-'));
  Object.assign(bowline, { dir, data: join(dir, 'data'), config: join(dir, 'bowline.conf'), sets: [], agents: [] });
  mkdirSync(bowline.data, { mode: 0o700 });
  writeFileSync(bowline.config, '[server]\nname=localhost\n');
  [bowline.port, bowline.redirectPort, bowline.mpsPort] = await freePorts(3);
  // The namespace, and with it what is on the disk, lasts as long as this process.
  keeper = start('unshare', ['-m', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs -o size=24m,mode=0700 tmpfs "$1" && echo mounted && exec cat', 'sh', bowline.data],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(keeper.stdout, 'data');
  disk = `/proc/${keeper.pid}/root${bowline.data}`;
  bowline.wrap = ['nsenter', '-t', String(keeper.pid), '-m', '--'];
  await bowline.run();
  // bowlinectl speaks to the socket, which is there.
  const inside = bowline.data;
  bowline.ctl = function ctl(args, input) { return Bowline.prototype.ctl.call({ data: disk, config: this.config }, args, input); };
  await bowline.createUser('admin');
  control = await bowline.control();
  assert.equal(bowline.data, inside);
});

after(async () => {
  if (skip) return;
  control?.close();
  if (bowline?.process) assert.equal(await end(bowline.process), 0);
  keeper?.stdin.end();
  if (keeper) await end(keeper);
  if (bowline) rmSync(bowline.dir, { recursive: true, force: true });
});

/** Takes every byte that is left. */
function fill() {
  const path = join(disk, 'filler');
  const fd = openSync(path, 'a');
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    const block = Buffer.alloc(size);
    for (;;) {
      try { if (writeSync(fd, block) < size) break; } catch (e) { assert.equal(e.code, 'ENOSPC'); break; }
    }
  }
  closeSync(fd);
  assert.equal(statfsSync(disk).bavail, 0);
  return path;
}

const create = (name) => control.ask({ action: 'createmesh', meshname: name, meshtype: 2, desc: 'x'.repeat(900) });

test('a full disk is told, survived and left behind', { skip, timeout: 200000 }, async () => {
  const kept = [(await create('before')).meshid];
  assert.ok(kept[0]);
  const filler = fill();
  let refusal;
  for (let i = 0; i < 2000 && !refusal; i++) {
    const answer = await create(`group ${i}`); // the log has some room of its own
    if (answer.meshid) kept.push(answer.meshid);
    else refusal = answer.result;
  }
  assert.match(String(refusal), /full|room|space/i);
  await until('the health check tells', async () => (await bowline.fetch('/health.ashx')).status === 503);
  assert.match(bowline.log(), /full|no room|space/i);

  // Everything that needs no room goes on: pages, answers, a new session.
  assert.equal((await bowline.fetch('/robots.txt')).status, 200);
  assert.deepEqual((await control.ask({ action: 'meshes' })).meshes.map((m) => m._id).sort(), [...kept].sort());
  const second = await bowline.control();
  assert.equal((await second.ask({ action: 'meshes' })).meshes.length, kept.length);
  second.close();
  assert.match(JSON.parse(await bowline.ctl(['doctor', '--json'])).findings.join(' '), /keeps no changes|free/i);

  unlinkSync(filler);
  const again = await until('changes are kept again', async () => (await create('after')).meshid, 60);
  kept.push(again);
  await until('the health check is content', async () => (await bowline.fetch('/health.ashx')).status === 200);

  // Nothing was damaged, and what was confirmed is there, also for the next start.
  control.close();
  assert.equal(await end(bowline.process), 0);
  bowline.sets = ['db-sqlite.check=full'];
  await bowline.run();
  control = await bowline.control();
  assert.deepEqual((await control.ask({ action: 'meshes' })).meshes.map((m) => m._id).sort(), kept.sort());
  await bowline.ctl(['audit', 'verify']);
});

test('a first start on a full disk says so', { skip, timeout: 60000 }, async () => {
  const filler = fill();
  const child = start('nsenter', ['-t', String(keeper.pid), '-m', '--', join(process.env.BL_TEST_BUILD, 'bin', 'bowlined'), '--data-dir', join(bowline.data, 'second'),
    '--config', bowline.config, '--set', `server.port=${(await freePorts(1))[0]}`, '--set', 'server.redirect-port=0', '--set', 'server.mps-port=0', '--set', 'server.bind=127.0.0.1'],
  { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, BOWLINE_MODULE_PATH: join(process.env.BL_TEST_BUILD, 'modules'), BOWLINE_DATA_PATH: process.env.BL_TEST_BUILD } });
  let err = '';
  child.stderr.on('data', (d) => { err += d; });
  await once(child, 'exit');
  assert.equal(child.exitCode, 1, err);
  assert.match(err, /No space left on device/);
  unlinkSync(filler);
});
