// SPDX-License-Identifier: Apache-2.0
// Stored events and reports. How a row is read: rows.mjs.
const NOTHING = `node//${'A'.repeat(64)}`;

/** What the two servers did differently before, on purpose. */
const STORED = {
  deliberate: 'wrong passwords and changes of a telephone number leave an event, and what is refused on purpose leaves none',
  except: [/^.*"(authfail|loginTokenAdded)".*$/gm, /^.*"user\/\/(root|caller|far|<id>x)".*$/gm, /^.*"Account changed: (random|Dana)"$/gm],
};
const PASSED_OVER = 'the original passes this filter over';

/** The columns of the original are titles, and values in another order. */
const COLUMNS = 'each value stands below its title, and what passes is counted once';
const reported = (line) => ({ deliberate: COLUMNS, ours: new RegExp(`^group,.*\\n(${line}\\n?)+$`) });

/** Before there are devices, which report when they like. The original does not answer before there is a device group. */
export const accounts = [
  {
    title: 'Stored events',
    together: true,
    rows: [
      ['ListEvents', [], STORED],
      ['ListEvents', ['--limit', '5']],
      ['ListEvents', ['--limit', '3', '--json'], { json: true }],
      ['ListEvents', ['--limit', '2', '--raw'], { json: true }],
      ['ListEvents', ['--userid', 'user//dana'], { deliberate: PASSED_OVER, ours: /"Device group created: Never"\n.*"Account created, email is dana@example.com"$/ }],
      ['ListEvents', ['--id', NOTHING], { about: 'unknown device' }],
      ['ListEvents', [], { as: 'limited', about: 'own events only' }],
      ['ListEvents', ['--userid', 'user//admin'], { as: 'limited', about: "another's events", deliberate: PASSED_OVER, ours: /^time,type,action,nodeid,msg$/ }],
    ],
  },
];

export const reports = [
  {
    title: 'Reports',
    together: true,
    rows: [
      ['Report', ['--type', 'sessions'], reported('user//admin,<ms>,<device>,<lab>,[15],\\d+')],
      ['Report', ['--type', 'sessions', '--groupby', 'device'], reported('<device>/<lab>,<ms>,user//admin,[15],\\d+')],
      ['Report', ['--type', 'sessions', '--groupby', 'day', '--showtraffic'], reported('[\\d/]+,<ms>,<device>,<lab>,user//admin,[15],\\d+,\\d+,\\d+')],
      ['Report', ['--type', 'sessions', '--devicegroup', '$lab'], reported('user//admin,<ms>,<device>,<lab>,[15],\\d+')],
      ['Report', ['--type', 'traffic'], reported('0,user//admin,\\d+,\\d+,\\d+')],
      ['Report', ['--type', 'traffic', '--groupby', 'device'], reported('0,user//admin,\\d+,\\d+,\\d+')],
      ['Report', ['--type', 'logins'], { deliberate: 'wrong passwords on this channel are reported too', ours: /^group,time,ip,browser,os,twofactor,msg\nuser\/\/admin,<ms>,127\.0\.0\.1,,,,110\n/ }],
      ['Report', ['--type', 'db'], { deliberate: 'the records are those of this server', ours: /^group,record,recordcount\n0,node,1\n0,mesh,8\n0,user,10\n/ }],
      ['Report', ['--type', 'sessions', '--start', '2020-01-01', '--end', '2020-01-02'], { about: 'a time without events' }],
      ['Report', ['--type', 'sessions', '--start', '2020-01-02', '--end', '2020-01-01'], { about: 'ends before it begins' }],
      ['Report', ['--type', 'sessions'], { as: 'limited' }],
      ['Report', ['--type', 'db'], { as: 'limited', about: 'without the right', silent: true, deliberate: 'it is answered, which meshctrl does not expect', ours: /^\(meshctrl ends with TypeError/ }],
    ],
  },
];
