// SPDX-License-Identifier: Apache-2.0
// Ways in, and what needs no more than that. How a row is read: rows.mjs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCESS, FEATURES } from './reasons.mjs';

const OTHER_KEY = 'ab'.repeat(80);

export const stages = [
  {
    title: 'Ways to log in',
    together: true,
    before: async (peer) => {
      writeFileSync(join(peer.scratch, 'key'), `${peer.values.get('loginKey')}\n`);
      writeFileSync(join(peer.scratch, 'short-key'), 'ab12\n');
    },
    rows: [
      ['UserInfo', [], { about: 'name and password', ...ACCESS }],
      ['UserInfo', [], { as: 'key', about: 'login key', ...ACCESS }],
      ['UserInfo', ['--loginuser', 'admin', '--loginkeyfile', 'key'], { as: 'nobody', about: 'login key in a file', ...ACCESS }],
      ['UserInfo', ['--loginuser', 'admin', '--loginkeyfile', 'no-such-file'], { as: 'nobody', about: 'login key in a file that is not there' }],
      ['UserInfo', ['--loginuser', 'admin', '--loginkeyfile', 'short-key'], { as: 'nobody', about: 'a short login key' }],
      ['UserInfo', ['--loginuser', 'admin', '--loginkey', OTHER_KEY], { as: 'nobody', about: 'another login key' }],
      ['UserInfo', ['--loginuser', 'admin', '--loginkey', 'no-cookie'], { as: 'nobody', about: 'a login cookie that is none' }],
      ['UserInfo', ['--loginuser', 'Admin', '--loginkey', '$loginKey'], { as: 'nobody', about: 'login key, name in other letters' }],
      ['UserInfo', ['--loginuser', 'nobody', '--loginkey', '$loginKey'], { as: 'nobody', about: 'login key, unknown account' }],
      ['UserInfo', ['--loginuser', 'admin', '--loginkey', '$loginKey', '--logindomain', 'none'], { as: 'nobody', about: 'login key, unknown domain' }],
      ['UserInfo', ['--loginuser', 'admin', '--logindomain', 'x'], { as: 'nobody', about: 'a domain without a login key' }],
      ['UserInfo', ['--loginuser', 'Admin', '--loginpass', '$password'], { as: 'nobody', about: 'name in other letters', ...ACCESS }],
      ['UserInfo', ['--loginuser', 'admin', '--loginpass', 'wrong'], { as: 'nobody', about: 'wrong password' }],
      ['UserInfo', ['--loginuser', 'nobody', '--loginpass', 'wrong'], { as: 'nobody', about: 'unknown account' }],
      ['UserInfo', ['--loginuser', 'admin', '--loginpass', '$password', '--token', '123456'], { as: 'nobody', about: 'second factor that is not needed', ...ACCESS }],
      ['ListUsers', ['--loginuser', 'admin', '--loginpass', 'wrong'], { as: 'nobody', about: 'wrong password' }],
    ],
  },
  {
    title: 'Server and account',
    together: true,
    rows: [
      ['ServerInfo', [], FEATURES],
      ['ServerInfo', ['--json'], { json: true, ...FEATURES }],
      ['UserInfo', ['--json'], { json: true, ...ACCESS }],
    ],
  },
  {
    title: 'Local commands',
    together: true,
    before: async (peer) => {
      const log = join(peer.scratch, 'meshcentral-data');
      mkdirSync(log, { recursive: true });
      mkdirSync(join(peer.scratch, 'work'), { recursive: true });
      writeFileSync(join(peer.scratch, 'work', 'config.json'), '{"settings":{},"domains":{"":{},"customer":{}}}');
      const entry = JSON.stringify({ action: 'errorlog', log: [{ t: 1, m: 'FATAL: sample' }] });
      writeFileSync(join(log, 'agenterrorlogs.txt'), `node//${'A'.repeat(64)}, 1795000000000, ${entry}\r\n`.padEnd(200, ' '));
    },
    rows: [
      ['Config', ['--listdomains'], { as: 'nobody', cwd: 'work' }],
      ['Config', ['--show'], { as: 'nobody', cwd: 'work' }],
      ['IndexAgentErrorLog', [], { as: 'nobody', cwd: 'work' }],
      ['Help', [], { as: 'nobody' }],
    ],
  },
];
