// SPDX-License-Identifier: Apache-2.0
// The table: every command of meshctrl with its options and its errors, in an order that makes sense to a server.
//
// A row is [command, arguments, {…}]; $name in an argument is a value the server gave earlier. Of the third part:
//   as           who runs it, a key of ACCOUNTS; admin unless said otherwise
//   about        what the row is about, for the document
//   capture      {name: pattern}: remembers what the pattern finds in the output, per server
//   json, lines, reduce   see normalise.mjs
//   silent       no answer is expected; the wait for it is short
//   session      it opens one (meshctrl.test.mjs says why that matters)
//   quiet        the right output is empty
//   pty, input, cwd, after   how meshctrl is run, and what is added to its output
//   deliberate   why it differs on purpose. ours is then what Bowline prints, or except (in JSON: drop) are the parts that
//                differ: the rest is the same
//   unavailable  which later part brings it; ours is what Bowline prints
// A stage may be together (its rows do not depend on one another) and settles (what is silent in it is waited for with it);
// before prepares each server, run replaces everything.
// Without one of the last two of a row the normalised output of both servers is the same byte for byte, or the row is in known.json:
// a difference that is wrong and not mended yet.
import { readFileSync } from 'node:fs';
import * as accounts from './rows-accounts.mjs';
import * as devices from './rows-devices.mjs';
import * as events from './rows-events.mjs';
import * as groups from './rows-groups.mjs';
import * as server from './rows-server.mjs';
import * as watch from './watch.mjs';

const password = (name, pass) => ['--loginuser', name, '--loginpass', pass];

export const ACCOUNTS = {
  admin: password('admin', '$password'),
  key: ['--loginuser', 'admin', '--loginkey', '$loginKey'],
  nobody: [],
  dana: password('dana', 'Dana pass 1!'),
  limited: password('limited', 'Limited pass 1!'),
  manager: password('manager', 'Manager pass 1!'),
  second: password('second', 'Second pass 1!'),
  token: password('$tokenUser', '$tokenPass'),
};

/** What locks an account out, and what brings down the original, comes last. */
const last = [
  {
    title: 'Guessing',
    before: async (peer) => {
      await Promise.all(Array.from({ length: 12 }, (_, i) => peer.control('second', `guess ${i}`).then((c) => c.close(), () => {})));
    },
    rows: [
      ['UserInfo', ['--loginuser', 'second', '--loginpass', 'Second pass 1!'],
        { as: 'nobody', about: 'the right password after a dozen wrong ones', deliberate: 'wrong passwords count on this channel too, and meshctrl has no words for that', ours: /^$/ }],
    ],
  },
  {
    title: 'Web relay',
    rows: [
      ['WebRelay', ['--id', '$lab', '--type', 'http'],
        { about: 'not a device', silent: true, unavailable: 'web relay', ours: /^Web relay is not available on this server$/ }],
    ],
  },
];

export const STAGES = [
  ...server.stages, ...accounts.stages, groups.stages[0], ...events.accounts, ...groups.stages.slice(1), ...devices.stages, ...events.reports, ...devices.offline, ...last,
].map((stage) => ({ ...stage, rows: stage.rows.map(([command, args, options = {}]) => ({ command, args, as: 'admin', about: '', ...options })) }));
STAGES.splice(-1, 0, ...watch.stages);

/** How a row is named in tests and in the document. */
export function title(row) {
  const words = row.args.map((a) => (a.length > 70 ? `${a.slice(0, 12)}…` : a)).map((a) => (/^[\w$./:,@+-]+$/.test(a) ? a : `'${a}'`));
  return [row.command, ...words].join(' ');
}

/** A row's name in the tests, unlike any other. */
export function name(row) {
  return `${title(row)}${row.as === 'admin' ? '' : `, as ${row.as}`}${row.about && `: ${row.about}`}`;
}

const differences = new Set(JSON.parse(readFileSync(new URL('known.json', import.meta.url), 'utf8')));

export const known = (row) => differences.has(name(row));
