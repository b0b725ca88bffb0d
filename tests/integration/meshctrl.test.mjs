// SPDX-License-Identifier: Apache-2.0
// MeshCentral's own command line, unchanged, against this server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, PASSWORD, until } from './lib.mjs';

const program = join(process.env.BL_TEST_MESHCENTRAL ?? '', 'meshctrl.js');
const skip = existsSync(program) ? false : 'meshctrl.js is not there (BL_TEST_MESHCENTRAL)';
const scratch = mkdtempSync(join(tmpdir(), 'bowline-meshctrl-'));
let bowline;
let key;

before(async () => {
  if (skip) return;
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  key = (await bowline.ctl(['login-key'])).trim();
});

after(async () => {
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(await bowline.stop(), 0);
});

/** Runs meshctrl; returns what it prints. It exits with 0 whatever happens. */
function meshctrl(args, credentials = ['--loginuser', 'admin', '--loginpass', PASSWORD]) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--no-warnings', program, ...args, '--url', `wss://localhost:${bowline.port}`, ...credentials],
      { env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' }, timeout: 30000 },
      (error, stdout) => (error?.killed ? reject(new Error(`meshctrl ${args.join(' ')} does not end: ${stdout}`)) : resolve(stdout.trim())));
  });
}

test('who and where', { skip }, async () => {
  assert.match(await meshctrl(['ServerInfo']), /agentCertHash: [A-Za-z0-9@$]{64}/);
  assert.match(await meshctrl(['UserInfo']), /_id: user\/\/admin/);
  assert.match(await meshctrl(['UserInfo'], ['--loginuser', 'admin', '--loginkey', key]), /_id: user\/\/admin/);
  assert.doesNotMatch(await meshctrl(['UserInfo'], ['--loginuser', 'admin', '--loginpass', 'wrong']), /_id/);
});

test('groups and accounts', { skip }, async () => {
  const group = (await meshctrl(['AddDeviceGroup', '--name', 'One', '--desc', 'first'])).replace(/^ok /, '');
  assert.match(group, /^mesh\/\/[A-Za-z0-9@$]{64}$/);
  assert.match(await meshctrl(['ListDeviceGroups']), /"One"/);
  assert.equal(await meshctrl(['EditDeviceGroup', '--group', 'One', '--name', 'Two', '--invitecodes', 'a,b']), 'ok');
  assert.equal(await meshctrl(['AddUser', '--user', 'Dana', '--pass', 'Dana pass 1', '--email', 'dana@example.com']), 'ok');
  assert.equal(await meshctrl(['AddUser', '--user', 'dana', '--pass', 'x']), 'User already exists');
  assert.match(await meshctrl(['ListUsers']), /"dana"|"Dana"/);
  assert.equal(await meshctrl(['EditUser', '--userid', 'dana', '--realname', 'Dana D']), 'ok');
  assert.equal(await meshctrl(['AddUserToDeviceGroup', '--group', 'Two', '--userid', 'dana', '--remotecontrol']), 'Added user dana');
  assert.match(await meshctrl(['ListUsersOfDeviceGroup', '--id', group.split('/')[2]]), /dana/i);
  assert.match(await meshctrl(['ListDeviceGroups'], ['--loginuser', 'dana', '--loginpass', 'Dana pass 1']), /"Two"/);
  assert.equal(await meshctrl(['RemoveUserFromDeviceGroup', '--group', 'Two', '--userid', 'dana']), 'ok');
  assert.equal(await meshctrl(['RemoveUser', '--userid', 'dana']), 'ok');
  assert.equal(await meshctrl(['RemoveUser', '--userid', 'dana']), 'User does not exists');
  assert.match(await meshctrl(['ListEvents', '--limit', '5']), /accountremove/);
  assert.match(await meshctrl(['ListUserSessions']), /user\/\/admin, 1 session/);
  await meshctrl(['ListUserGroups']);
  assert.equal(await meshctrl(['RemoveDeviceGroup', '--group', 'Two']), 'ok');
});

test('a device and its files', { skip }, async () => {
  await bowline.createGroup('Lab');
  await bowline.startAgent('Lab', { name: 'demo-pc' });
  const [device] = await bowline.waitOnline(1);
  const id = device._id.split('/')[2]; // some commands complete the id themselves
  assert.match(await meshctrl(['ListDevices', '--group', 'Lab']), /demo-pc/);
  assert.match(await meshctrl(['DeviceInfo', '--id', device._id]), /Server Name: demo-pc/);
  assert.equal(await meshctrl(['EditDevice', '--id', device._id, '--desc', 'front desk', '--tags', 'a,b']), 'ok');
  const from = join(scratch, 'up.bin');
  const there = join(scratch, 'device');
  const back = join(scratch, 'down.bin');
  mkdirSync(there);
  writeFileSync(from, Buffer.alloc(200000, 'bowline'));
  await until('the file is there', async () => /Upload done/.test(await meshctrl(['Upload', '--id', id, '--file', from, '--target', there])));
  await meshctrl(['Download', '--id', id, '--file', join(there, 'up.bin'), '--target', back]);
  assert.ok(readFileSync(back).equals(readFileSync(from)));
  assert.equal(await meshctrl(['RemoveDevice', '--id', device._id]), 'ok');
});
