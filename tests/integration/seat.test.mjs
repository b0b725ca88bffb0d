// SPDX-License-Identifier: Apache-2.0
// An agent on the system bus, and who is at the screen: the person, another person, nobody, a locked screen. logind and polkit are stand-ins
// on a bus of its own; as root two real accounts take part.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Bowline, TOP, end, openTunnel, start, until } from './lib.mjs';

const ASK_TERMINAL = 16;
const IS_ROOT = process.getuid() === 0;
const [DAEMON, BIN] = [1, 2]; // accounts that every Debian has
const ME = IS_ROOT ? DAEMON : process.getuid();
const scratch = mkdtempSync(join(tmpdir(), 'bowline-seat-'));
let bowline;
let control;
let bus;
let address;
let seat;
let agent;
let nodeid;

async function startBus() {
  bus = start('dbus-daemon', ['--config-file', join(scratch, 'bus.conf'), '--nofork', '--print-address=3'],
    { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  [address] = (await once(bus.stdio[3], 'data')).map((d) => d.toString().trim());
  seat = start('/usr/bin/python3', [join(TOP, 'tests', 'lib', 'seat.py')],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: address } });
}

async function tellSeat(order) {
  let done = false;
  seat.stdout.once('data', () => { done = true; });
  seat.stdin.write(`${JSON.stringify(order)}\n`);
  await until('logind changed', () => done);
}

before(async () => {
  chmodSync(scratch, 0o755);
  writeFileSync(join(scratch, 'bus.conf'), `<busconfig><type>session</type><listen>unix:path=${join(scratch, 'bus')}</listen>
    <policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/></policy></busconfig>`);
  await startBus();
  await tellSeat({ sessions: [{ uid: ME, state: 'active' }] });
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  const group = (await control.ask({ action: 'createmesh', meshname: 'Asked', meshtype: 2, consent: ASK_TERMINAL })).meshid;
  agent = await bowline.startAgent(group, { env: { DBUS_SYSTEM_BUS_ADDRESS: address }, settings: '[plugin presence]\nbus=system\n' });
  nodeid = (await bowline.waitOnline(1))[0]._id;
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
  await end(seat);
  await end(bus);
  rmSync(scratch, { recursive: true, force: true });
});

async function presenter(uid = ME) {
  // Handed over as text: another account may not be able to read this tree.
  const program = ['/usr/bin/python3', '-c', readFileSync(join(TOP, 'tests', 'lib', 'presenter.py'), 'utf8')];
  const command = IS_ROOT ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...program] : program;
  const child = start(command[0], command.slice(1),
    { cwd: '/', stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', DBUS_SESSION_BUS_ADDRESS: address } });
  const self = { child, heard: [] };
  let rest = '';
  child.stdout.on('data', (data) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    self.heard.push(...lines.map((line) => JSON.parse(line)));
  });
  self.call = (method, signature = null, values = []) => child.stdin.write(`${JSON.stringify([method, signature, values])}\n`);
  self.hear = (what, accept = () => true) => until(`${what} is heard`, () => {
    const at = self.heard.findIndex(([name, value]) => name === what && accept(value));
    return at >= 0 ? self.heard.splice(at, 1)[0][1] : null;
  });
  /** Whether the method was answered or refused. */
  self.hearAny = (method) => until(`${method} is answered`, () => {
    const at = self.heard.findIndex(([name, value]) => ['answer', 'error'].includes(name) && value[0] === method);
    return at >= 0 ? self.heard.splice(at, 1)[0][0] : null;
  });
  self.registered = () => self.hearAny('RegisterPresenter');
  await self.hear('ready');
  return self;
}

const terminal = async () => openTunnel(bowline, control, nodeid, 1, { options: { cols: 80, rows: 25 } });
const says = (tunnel, pattern) => tunnel.until(`the viewer reads ${pattern}`, () => tunnel.text.some((t) => pattern.test(t)));

/** Opens sessions until what the agent knows has come so far that one is refused with these words. */
const untilSays = (pattern) => until(`refused with ${pattern}`, async () => {
  const tunnel = await terminal();
  await tunnel.until('refused', () => tunnel.closed);
  return tunnel.text.some((t) => pattern.test(t));
});
/** Opens sessions until the person is asked. */
const untilAsked = (person) => until('asked', async () => {
  const tunnel = await terminal();
  await tunnel.until('asked or refused', () => tunnel.closed || person.heard.some(([name]) => name === 'Question'));
  return tunnel.closed ? null : tunnel;
});

test('a locked screen: the question is over, and new ones are refused', async () => {
  const person = await presenter();
  assert.equal(await person.registered(), 'answer');
  const asked = await terminal();
  const [id] = await person.hear('Question');
  await tellSeat({ sessions: [{ uid: ME, state: 'active', locked: true }] });
  await says(asked, /its screen is locked/);
  assert.deepEqual(await person.hear('Withdrawn'), [id]);
  await untilSays(/its screen is locked/);
  await tellSeat({ sessions: [{ uid: ME, state: 'active' }] });
  (await untilAsked(person)).socket.close();
  await end(person.child);
});

test('a greeter over the session is a locked screen; without a session nobody is there', async () => {
  await tellSeat({ sessions: [{ uid: ME, state: 'online' }, { uid: 105, class: 'greeter', state: 'active' }] });
  await untilSays(/its screen is locked/);
  const watcher = await presenter();
  assert.equal(await watcher.registered(), 'error');
  await tellSeat({ sessions: [{ uid: ME, state: 'closing' }, { uid: 105, class: 'greeter', state: 'active' }] });
  await untilSays(/nobody is logged in there/);
  await tellSeat({ sessions: [{ uid: ME, state: 'active' }] });
  await until('she may register', async () => {
    watcher.call('RegisterPresenter');
    return (await watcher.hearAny('RegisterPresenter')) === 'answer';
  });
  await end(watcher.child);
});

test('polkit refuses: the person may be asked and may not pause', async () => {
  const person = await presenter();
  assert.equal(await person.registered(), 'answer');
  await tellSeat({ refused: ['org.bowline.agent.pause'] });
  person.call('Pause', '(u)', [60]);
  await person.hear('error', ([method, text]) => method === 'Pause' && /Only the person at the screen/.test(text));
  await tellSeat({ refused: [] });
  person.call('Pause', '(u)', [0]);
  await person.hear('answer', ([method]) => method === 'Pause');
  await end(person.child);
});

test('two people: only who is at the screen is asked, told, and sees sessions', { skip: !IS_ROOT && 'needs root, for a second account' }, async () => {
  const anna = await presenter(DAEMON);
  const bernd = await presenter(BIN);
  assert.equal(await anna.registered(), 'answer');
  assert.equal(await bernd.registered(), 'error');
  bernd.call('ListSessions');
  await bernd.hear('error', ([method]) => method === 'ListSessions');
  bernd.call('RequestHelp', '(s)', ['me too']);
  await bernd.hear('error', ([method]) => method === 'RequestHelp');
  anna.call('RequestHelp', '(s)', ['The mouse is dead']);
  const told = (what) => control.take(what, (f) => f.event?.action === 'devicesessions' && JSON.stringify(f.event.sessions ?? {}));
  assert.deepEqual((await told('help')).event.sessions.help, { daemon: 'The mouse is dead' });
  const asked = await terminal();
  const [first] = await anna.hear('Question');

  await tellSeat({ sessions: [{ uid: DAEMON, state: 'online' }, { uid: BIN, state: 'active' }] });
  await anna.hear('Dismissed');
  await says(asked, /nobody is logged in there/);
  anna.call('Answer', '(ubb)', [first, true, false]);
  await anna.hear('error', ([method]) => method === 'Answer');
  await until('her request ends with her turn', async () => !(await told('no help')).event.sessions?.help);
  bernd.call('RegisterPresenter');
  await bernd.hear('answer', ([method]) => method === 'RegisterPresenter');
  const second = await terminal();
  const [id] = await bernd.hear('Question');
  anna.call('ListSessions');
  await anna.hear('error', ([method]) => method === 'ListSessions');
  assert.ok(!anna.heard.some(([name]) => name === 'Question'));
  bernd.call('Answer', '(ubb)', [id, true, true]);
  await second.until('the shell starts', () => second.binary.length > 0);
  bernd.call('ListSessions');
  const [, [sessions]] = await bernd.hear('answer', ([method]) => method === 'ListSessions');
  assert.equal(sessions.length, 1);
  second.socket.close();

  // What he allowed for a while is not allowed by her.
  await tellSeat({ sessions: [{ uid: DAEMON, state: 'active' }] });
  await bernd.hear('Dismissed');
  anna.call('RegisterPresenter');
  assert.equal(await anna.registered(), 'answer');
  const third = await terminal();
  await anna.hear('Question');
  third.socket.close();
  await end(anna.child);
  await end(bernd.child);
});

test('the bus ends in the middle of a question: the agent goes on, and asks again on the next bus', async () => {
  const person = await presenter();
  const asked = await terminal();
  await person.hear('Question');
  await end(bus, 'SIGKILL');
  await says(asked, /nobody is logged in there/);
  for (const child of [person.child, seat]) await end(child);
  await startBus();
  await tellSeat({ sessions: [{ uid: ME, state: 'active' }] });
  const next = await until('registered', async () => {
    const again = await presenter();
    if ((await again.registered()) === 'answer') return again;
    await end(again.child);
    return null;
  });
  const second = await terminal();
  const [id] = await next.hear('Question');
  next.call('Answer', '(ubb)', [id, true, false]);
  await second.until('the shell starts', () => second.binary.length > 0);
  second.socket.close();
  await end(next.child);
  assert.equal(agent.exitCode ?? agent.child?.exitCode ?? null, null);
});
