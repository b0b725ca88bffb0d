// SPDX-License-Identifier: Apache-2.0
// Stored events and reports. How a row is read: rows.mjs.
const NOTHING = `node//${'A'.repeat(64)}`;

/** Before there are devices, which report when they like. The original does not answer before there is a device group. */
export const accounts = [
  {
    title: 'Stored events',
    together: true,
    rows: [
      ['ListEvents', []],
      ['ListEvents', ['--limit', '5']],
      ['ListEvents', ['--limit', '3', '--json'], { json: true }],
      ['ListEvents', ['--limit', '2', '--raw'], { json: true }],
      ['ListEvents', ['--userid', 'user//dana']],
      ['ListEvents', ['--id', NOTHING], { about: 'unknown device' }],
      ['ListEvents', [], { as: 'limited', about: 'own events only' }],
      ['ListEvents', ['--userid', 'user//admin'], { as: 'limited', about: "another's events" }],
    ],
  },
];

export const reports = [
  {
    title: 'Reports',
    together: true,
    rows: [
      ['Report', ['--type', 'sessions']],
      ['Report', ['--type', 'sessions', '--groupby', 'device']],
      ['Report', ['--type', 'sessions', '--groupby', 'day', '--showtraffic']],
      ['Report', ['--type', 'sessions', '--devicegroup', '$lab']],
      ['Report', ['--type', 'traffic']],
      ['Report', ['--type', 'traffic', '--groupby', 'device']],
      ['Report', ['--type', 'logins']],
      ['Report', ['--type', 'db']],
      ['Report', ['--type', 'sessions', '--start', '2020-01-01', '--end', '2020-01-02'], { about: 'a time without events' }],
      ['Report', ['--type', 'sessions', '--start', '2020-01-02', '--end', '2020-01-01'], { about: 'ends before it begins' }],
      ['Report', ['--type', 'sessions'], { as: 'limited' }],
      ['Report', ['--type', 'db'], { as: 'limited', about: 'without the right' }],
    ],
  },
];
