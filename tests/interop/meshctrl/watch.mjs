// SPDX-License-Identifier: Apache-2.0
// Events in real time, as meshctrl ShowEvents prints them: two accounts watch while a third makes one change after another.
import { normalise } from './normalise.mjs';
import { ACCESS, DEVICE } from './reasons.mjs';

const WATCHERS = ['admin', 'limited'];
const GREETING = ['serverinfo', 'userinfo', 'traceinfo', 'serverwarnings'];

let sequence = 1;

const ask = (make) => async (peer, control) => {
  const message = { ...make(peer), responseid: `watch${sequence++}` };
  control.send(message);
  // Without an answer nothing was changed, and that shows in what is printed.
  const answer = await control.take(message.action, (f) => f.responseid === message.responseid, 10).catch(() => ({}));
  if (answer.meshid && message.action === 'createmesh') peer.keep('watched', answer.meshid);
  if (answer.publicid) peer.keep('watchedShare', answer.publicid);
  if (answer.ugrpid && message.action === 'createusergroup') peer.keep('watchedUsers', answer.ugrpid);
};
/** What follows on a change in its own time. */
const followed = (make, action) => async (peer, control) => {
  await make(peer, control);
  await control.take(action, (f) => f.event?.action === action, 10);
};
const on = (peer, name) => peer.values.get(name);

/**
 * about: what is changed. run: how. only: the events that count, when the core script of an agent
 * adds others of its own.
 */
const CHANGES = [
  { about: 'a device group is made', run: ask(() => ({ action: 'createmesh', meshname: 'Watched', meshtype: 2 })) },
  { about: 'an account is made', run: ask(() => ({ action: 'adduser', username: 'Seen', pass: 'Seen pass 1!' })) },
  { about: 'an account is changed', run: ask(() => ({ action: 'edituser', userid: 'user//seen', realname: 'Seen S' })) },
  { about: 'an account gets rights on a device group',
    run: ask((p) => ({ action: 'addmeshuser', meshid: on(p, 'watched'), usernames: ['limited'], meshadmin: 0x8 + 0x4000 })) },
  { about: 'the device group is changed', run: ask((p) => ({ action: 'editmesh', meshid: on(p, 'watched'), desc: 'seen', consent: 7 })) },
  { about: 'a device connects for the first time', only: ['addnode', 'nodeconnect'],
    run: async (peer) => { await peer.startAgent('watched'); peer.keep('seenDevice', (await peer.waitForDevice())._id); } },
  { about: 'a device is renamed', run: ask((p) => ({ action: 'changedevice', nodeid: on(p, 'seenDevice'), name: 'seen', desc: 'by all' })) },
  { about: 'an account gets rights on a device',
    run: ask((p) => ({ action: 'adddeviceuser', nodeid: on(p, 'seenDevice'), usernames: ['dana'], rights: 8 })) },
  { about: 'it loses them', run: ask((p) => ({ action: 'adddeviceuser', nodeid: on(p, 'seenDevice'), usernames: ['dana'], rights: 0, remove: true })) },
  { about: 'a guest link is made',
    run: followed(ask((p) => ({ action: 'createDeviceShareLink', nodeid: on(p, 'seenDevice'), guestname: 'Guest', p: 2, consent: 0, expire: 60, viewOnly: false })), 'deviceShareUpdate') },
  { about: 'the guest link is removed',
    run: followed(ask((p) => ({ action: 'removeDeviceShare', nodeid: on(p, 'seenDevice'), publicid: on(p, 'watchedShare') ?? 'none' })), 'deviceShareUpdate') },
  { about: 'a device disconnects', only: ['nodeconnect'], run: (peer) => peer.stopAgent() },
  { about: 'a device is removed', run: ask((p) => ({ action: 'removedevices', nodeids: [on(p, 'seenDevice')] })) },
  { about: 'a user group is made', run: ask(() => ({ action: 'createusergroup', name: 'Crew', desc: 'all' })) },
  { about: 'somebody joins it', run: ask((p) => ({ action: 'addusertousergroup', ugrpid: on(p, 'watchedUsers') ?? 'none', usernames: ['limited'] })) },
  { about: 'it gets rights on a device group',
    run: ask((p) => ({ action: 'addmeshuser', meshid: on(p, 'watched'), userid: on(p, 'watchedUsers') ?? 'ugrp//none', meshadmin: 8 })) },
  { about: 'somebody leaves it',
    run: ask((p) => ({ action: 'removeuserfromusergroup', ugrpid: on(p, 'watchedUsers') ?? 'none', userid: 'user//limited' })) },
  { about: 'a user group is removed', run: ask((p) => ({ action: 'deleteusergroup', ugrpid: on(p, 'watchedUsers') ?? 'none' })) },
  { about: 'an account loses its rights on a device group',
    run: ask((p) => ({ action: 'removemeshuser', meshid: on(p, 'watched'), userid: 'user//limited' })) },
  { about: 'an account is removed', run: ask(() => ({ action: 'deleteuser', userid: 'user//seen' })) },
  { about: 'a device group is removed', run: ask((p) => ({ action: 'deletemesh', meshid: on(p, 'watched') })) },
];

const MORE = 'more is told, and who did it: the original leaves members out, and names another account';
const PRESENT = [...DEVICE.drop, 'agct', 'conn', 'pwr'];

/** Where nothing else differs. */
const ALONE = { access: ACCESS.deliberate, url: 'a link is told in the answer to whoever made it, and in no event' };

/** What differs on purpose in the events of a change, for one who watches. */
const DIFFERENCES = {
  'a device group is made': { admin: ['access'] },
  'an account gets rights on a device group': { admin: ['access', 'username'], limited: ['access', 'username'] },
  'a device connects for the first time': { admin: ['host', 'ip', 'nodeid', 'id', 'etype'], limited: ['host', 'ip', 'nodeid', 'id', 'etype'] },
  'a device is renamed': { admin: PRESENT, limited: PRESENT },
  'an account gets rights on a device': { admin: ['access', 'name', ...PRESENT], limited: ['name', ...PRESENT] },
  'it loses them': { admin: ['access', ...PRESENT], limited: PRESENT },
  'a guest link is made': { admin: ['url'] },
  'a device disconnects': { admin: ['ct', 'id', 'etype'], limited: ['ct', 'id', 'etype'] },
  'a user group is made': { admin: ['domain', 'msgArgs', 'msgArgv'] },
  'somebody joins it': { admin: ['access', 'domain'],
    limited: ['access', 'addUserDomain', 'desc', 'domain', 'etype', 'msg', 'msgArgs', 'msgid', 'userid'] },
  'it gets rights on a device group': { admin: ['consent', 'desc', 'userid', 'username'],
    limited: ['consent', 'etype', 'msg', 'msgArgs', 'msgid', 'userid', 'username'] },
  'somebody leaves it': { admin: ['access'], limited: ['access', 'desc', 'etype', 'msg', 'msgArgs', 'msgid', 'userid'] },
  'a user group is removed': { admin: ['consent'], limited: ['consent'] },
  'an account loses its rights on a device group': { admin: ['access', 'consent', 'userid'], limited: ['access', 'consent', 'userid'] },
  'a device group is removed': { admin: ['access', 'msg', 'msgArgs', 'name'] },
};

function difference(about, as) {
  const drop = DIFFERENCES[about]?.[as];
  return drop && { drop, except: [], deliberate: (drop.length === 1 && ALONE[drop[0]]) || MORE };
}

const ROWS = CHANGES.flatMap((change) => WATCHERS.map((as) => (
  { ...change, command: 'ShowEvents', args: [], as, quiet: true, json: true, ...difference(change.about, as) })));

/** One server: the frames of every row, as text. */
async function watchOn(peer, accounts) {
  const results = new Map();
  const control = await peer.control();
  const fence = (await control.ask({ action: 'createmesh', meshname: 'Fence', meshtype: 2 })).meshid;
  peer.keep('fence', fence);
  await control.ask({ action: 'addmeshuser', meshid: fence, usernames: WATCHERS.filter((w) => w !== 'admin'), meshadmin: 8 });
  const watches = new Map(WATCHERS.map((name) => [name, peer.watch(accounts[name])]));
  try {
    for (const watch of watches.values()) await watch.next('a greeting', (f) => f.action === 'userinfo');
    // What one has been told before this mark comes from the change before it.
    const mark = async (text) => {
      await control.ask({ action: 'editmesh', meshid: fence, desc: text });
      const frames = new Map();
      for (const [name, watch] of watches) {
        frames.set(name, await watch.next(`the mark after ${text}`, (f) => f.event?.meshid === fence && f.event.desc === text));
      }
      return frames;
    };
    await mark('begin');
    for (const change of CHANGES) {
      await change.run(peer, control);
      for (const [name, frames] of await mark(change.about)) {
        const counted = frames.slice(0, -1).filter((f) => !GREETING.includes(f.action) && f.event?.action !== 'wssessioncount')
          .filter((f) => !change.only || change.only.includes(f.event?.action));
        results.set(`${name} ${change.about}`, normalise(JSON.stringify(counted), peer, { json: true }));
      }
    }
  } finally {
    for (const watch of watches.values()) await watch.stop();
    control.close();
  }
  return results;
}

export const stages = [
  {
    title: 'Events as they happen',
    rows: ROWS,
    run: async (peers, accounts) => {
      const [theirs, mine] = await Promise.all(peers.map((p) => watchOn(p, accounts)));
      for (const row of ROWS) {
        row.theirs = theirs.get(`${row.as} ${row.about}`);
        row.mine = mine.get(`${row.as} ${row.about}`);
      }
    },
  },
];
