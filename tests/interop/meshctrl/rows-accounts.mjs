// SPDX-License-Identifier: Apache-2.0
// Accounts, login tokens, second factors, user groups. How a row is read: rows.mjs.
import { totp } from './peers.mjs';
import { ACCESS, FEATURES } from './reasons.mjs';

const LONG = 'x'.repeat(513);

async function enrol(peer) {
  await peer.over(async (control) => {
    control.send({ action: 'otpauth-request' });
    const { secret } = await control.take('a secret', (f) => f.action === 'otpauth-request');
    control.send({ action: 'otpauth-setup', secret, token: totp(secret) });
    const answer = await control.take('its confirmation', (f) => f.action === 'otpauth-setup');
    if (!answer.success) throw new Error(`${peer.name}: the second factor was not accepted`);
    peer.values.set('secret', secret);
  }, 'tina', 'Tina pass 1!');
}

export const stages = [
  {
    title: 'Accounts',
    settles: true,
    rows: [
      ['AddUser', ['--user', 'Dana', '--pass', 'Dana pass 1!', '--email', 'dana@example.com', '--emailverified', '--realname', 'Dana D']],
      ['AddUser', ['--user', 'limited', '--pass', 'Limited pass 1!']],
      ['AddUser', ['--user', 'manager', '--pass', 'Manager pass 1!', '--rights', 'manageusers,usergroups']],
      ['AddUser', ['--user', 'tina', '--pass', 'Tina pass 1!']],
      ['AddUser', ['--user', 'second', '--pass', 'Second pass 1!', '--siteadmin']],
      ['AddUser', ['--user', 'closed', '--pass', 'Closed pass 1!', '--rights', 'locked']],
      ['AddUser', ['--user', 'toolless', '--pass', 'Toolless pass 1!', '--notools', '--nonewgroups']],
      ['AddUser', ['--user', 'renew', '--pass', 'Renew pass 1!', '--resetpass']],
      ['AddUser', ['--user', 'random', '--randompass']],
      ['AddUser', ['--user', 'nothing', '--pass', 'Nothing pass 1!', '--rights', 'none']],
      ['AddUser', ['--user', 'number', '--pass', 'Number pass 1!', '--rights', '8']],
      ['AddUser', ['--user', 'dana', '--pass', 'x'], { about: 'the name is taken' }],
      ['AddUser', ['--user', 'two words', '--pass', 'x'], { about: 'a blank in the name' }],
      ['AddUser', ['--user', '~dana', '--pass', 'x'], { about: 'a name of a token' }],
      ['AddUser', ['--user', 'a/b', '--pass', 'x'], { about: 'a slash in the name' }],
      ['AddUser', ['--user', 'x'.repeat(65), '--pass', 'x'], { about: 'a long name', deliberate: 'a name has at most 64 characters', ours: /^Invalid username$/ }],
      ['AddUser', ['--user', 'empty', '--pass', ''], { about: 'no password' }],
      ['AddUser', ['--user', 'mail', '--pass', 'x', '--email', 'no address'], { about: 'not an address' }],
      ['AddUser', ['--user', 'far', '--pass', 'x', '--domain', 'none'],
        { about: 'unknown domain', deliberate: 'another domain is refused, not passed over', ours: /^Invalid domain$/ }],
      ['AddUser', ['--user', 'x', '--pass', 'y'], { as: 'limited', about: 'without the right' }],
      ['AddUser', ['--user', 'helper', '--pass', 'Helper pass 1!'], { as: 'manager' }],
      ['AddUser', ['--user', 'boss', '--pass', 'Boss pass 1!', '--siteadmin'], { as: 'manager', about: 'more rights than one has' }],
      ['AddUser', ['--user', 'file', '--pass', 'File pass 1!', '--fileaccess'], { as: 'manager', about: 'more rights than one has' }],
      ['AddUser', ['--user', 'caller', '--pass', 'Caller pass 1!', '--phone', '+1 555 0100'],
        { about: 'with a telephone number', silent: true, deliberate: 'the original fails without an answer', ours: /^ok$/ }],
    ],
  },
  {
    title: 'Lists of accounts',
    together: true,
    before: (peer) => peer.over(async (control) => {
      // What only one of the two made, or with rights that are none.
      for (const name of ['caller', 'x'.repeat(65), 'far', 'nothing']) await control.ask({ action: 'deleteuser', userid: `user//${name}` });
    }),
    rows: [
      ['ListUsers', []],
      ['ListUsers', ['--json'], { json: true, ...ACCESS }],
      ['ListUsers', ['--filter', 'no2fa']],
      ['ListUsers', ['--filter', '2fa']],
      ['ListUsers', ['--idexists', 'dana']],
      ['ListUsers', ['--idexists', 'user//dana']],
      ['ListUsers', ['--idexists', 'nobody']],
      ['ListUsers', ['--nameexists', 'Dana']],
      ['ListUsers', ['--nameexists', 'nobody'], { quiet: true }],
      ['ListUsers', [], { as: 'limited', about: 'without the right' }],
      ['ListUsers', [], { as: 'manager' }],
      ['UserInfo', [], { as: 'dana', ...ACCESS }],
      ['UserInfo', [], { as: 'manager', ...ACCESS }],
      ['UserInfo', ['--loginuser', 'closed', '--loginpass', 'Closed pass 1!'], { as: 'nobody', about: 'locked account' }],
      ['UserInfo', ['--loginuser', 'closed', '--loginkey', '$loginKey'],
        { as: 'nobody', about: 'locked account, login key', deliberate: 'a locked account stays locked', ours: /^Invalid login, check the login key/ }],
      ['UserInfo', ['--loginuser', 'toolless', '--loginpass', 'Toolless pass 1!'], { as: 'nobody', about: 'account without tools', quiet: true }],
      ['UserInfo', ['--loginuser', 'toolless', '--loginkey', '$loginKey'], { as: 'nobody', about: 'account without tools, login key', ...ACCESS }],
      ['UserInfo', ['--loginuser', 'renew', '--loginpass', 'Renew pass 1!'], { as: 'nobody', about: 'the password is to be changed', ...ACCESS }],
      ['ServerInfo', [], { as: 'limited', ...FEATURES }],
    ],
  },
  {
    title: 'Changes of accounts',
    rows: [
      ['ListUserSessions', []],
      ['ListUserSessions', ['--json'], { json: true }],
      ['ListUserSessions', [], { as: 'limited', about: 'without the right', quiet: true }],
      ['EditUser', ['--userid', 'dana', '--realname', 'Dana Doe']],
      ['EditUser', ['--userid', 'user//dana', '--email', 'd@example.com', '--emailverified']],
      ['EditUser', ['--userid', 'dana', '--phone', '+1 555 0101']],
      ['EditUser', ['--userid', 'dana', '--phone'], { about: 'takes the number away' }],
      ['EditUser', ['--userid', 'dana', '--realname'], { about: 'takes the name away' }],
      ['EditUser', ['--userid', 'dana', '--rights', 'fileaccess,nonewdevices']],
      ['EditUser', ['--userid', 'dana', '--resetpass']],
      ['EditUser', ['--userid', 'nobody', '--realname', 'x'], { about: 'unknown account' }],
      ['EditUser', ['--userid', 'dana', '--domain', 'none', '--realname', 'x'], { about: 'unknown domain' }],
      ['EditUser', ['--userid', 'admin', '--rights', 'none'], { about: 'own rights' }],
      ['EditUser', ['--userid', 'dana', '--realname', 'x'],
        { as: 'limited', about: 'without the right', silent: true, deliberate: 'it is answered', ours: /^Permission denied$/ }],
      ['EditUser', ['--userid', 'admin', '--realname', 'x'], { as: 'manager', about: 'an administrator, by a lesser one' }],
      ['EditUser', ['--userid', 'helper', '--siteadmin'],
        { as: 'manager', about: 'more rights than one has', deliberate: 'it is refused, not passed over', ours: /^Permission denied$/ }],
      ['ListUsers', ['--json'], { json: true, about: 'after these changes', ...ACCESS }],
      ['Broadcast', ['--msg', 'hello all']],
      ['Broadcast', ['--msg', 'hello', '--user', 'user//dana']],
      ['Broadcast', ['--msg', 'hello', '--user', 'dana']],
      ['Broadcast', ['--msg', 'hello', '--user', 'nobody'], { about: 'unknown account' }],
      ['Broadcast', ['--msg', LONG], { about: 'too long' }],
      ['Broadcast', ['--msg', ''], { about: 'nothing to say' }],
      ['Broadcast', ['--msg', 'hello'], { as: 'limited', about: 'without the right' }],
      ['EditUser', ['--userid', 'random', '--email', 'no address'], { about: 'not an address', deliberate: 'an address must be one', ours: /^Invalid email$/ }],
      ['RemoveUser', ['--userid', 'random']],
      ['RemoveUser', ['--userid', 'user//number']],
      ['RemoveUser', ['--userid', 'nobody'], { about: 'unknown account' }],
      ['RemoveUser', ['--userid', 'dana', '--domain', 'none'], { about: 'unknown domain' }],
      ['RemoveUser', ['--userid', 'limited'], { as: 'limited', about: 'without the right' }],
      ['RemoveUser', ['--userid', 'admin'], { as: 'manager', about: 'an administrator, by a lesser one' }],
      ['RemoveUser', ['--userid', 'helper'], { as: 'manager' }],
    ],
  },
  {
    title: 'Login tokens',
    rows: [
      ['LoginTokens', [], { about: 'none yet' }],
      ['LoginTokens', ['--add', 'script'], { capture: { tokenUser: /Username: (\S+)/, tokenPass: /Password: (\S+)/ } }],
      ['LoginTokens', ['--add', 'hour', '--expire', '60'], { capture: { hourUser: /Username: (\S+)/, hourPass: /Password: (\S+)/ } }],
      ['LoginTokens', ['--add', 'negative', '--expire', '-5'], { about: 'a time that is none' }],
      ['LoginTokens', ['--add', 'x'.repeat(101)], { about: 'a long name' }],
      ['LoginTokens', []],
      ['LoginTokens', ['--json']],
      ['UserInfo', [], { as: 'token', ...ACCESS }],
      ['UserInfo', ['--loginuser', '$hourUser', '--loginpass', '$hourPass'], { as: 'nobody', about: 'login token with an end', ...ACCESS }],
      ['UserInfo', ['--loginuser', '$tokenUser', '--loginpass', 'wrong'], { as: 'nobody', about: 'login token, wrong password' }],
      ['ServerInfo', [], { as: 'token', ...FEATURES }],
      ['LoginTokens', [],
        { as: 'token', about: 'seen by a token', silent: true, deliberate: 'a login token does not show its siblings', ours: /^\(no answer\)$/ }],
      ['LoginTokens', ['--remove', 'hour'], { about: 'by its name' }],
      ['LoginTokens', ['--remove', '$hourUser']],
      ['UserInfo', ['--loginuser', '$hourUser', '--loginpass', '$hourPass'], { as: 'nobody', about: 'removed login token' }],
      ['LoginTokens', ['--remove', '$tokenUser'], { as: 'limited', about: "another's token" }],
      ['LoginTokens', ['--add', 'mine'], { as: 'limited' }],
      ['LoginTokens', ['--add', 'more'], { as: 'token', about: 'a token that makes another', deliberate: 'a login token cannot make further ones', ours: /^Access denied$/ }],
    ],
  },
  {
    title: 'Second factors',
    before: enrol,
    rows: [
      ['UserInfo', ['--loginuser', 'tina', '--loginpass', 'Tina pass 1!'], { as: 'nobody', about: 'second factor missing' }],
      ['UserInfo', ['--loginuser', 'tina', '--loginpass', 'Tina pass 1!', '--token', 'wrong'], { as: 'nobody', about: 'second factor wrong' }],
      ['UserInfo', ['--loginuser', 'tina', '--loginpass', 'wrong', '--token', '$totp'], { as: 'nobody', about: 'second factor right, password wrong' }],
      ['UserInfo', ['--loginuser', 'tina', '--loginpass', 'Tina pass 1!', '--token', '$totp'], { as: 'nobody', about: 'second factor right', ...ACCESS }],
      ['UserInfo', ['--loginuser', 'tina', '--loginkey', '$loginKey'], { as: 'nobody', about: 'a login key needs none', ...ACCESS }],
      ['ListUsers', ['--filter', '2fa'], { about: 'one has it' }],
    ],
  },
];
