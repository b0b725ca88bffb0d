// SPDX-License-Identifier: Apache-2.0
// A guest opens a terminal through a device share, and is cut when the share ends or is taken back. Invitations.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { after, before } from 'node:test';
import { Bowline, WebSocket, skipMeshAgent, until } from './lib.mjs';

let bowline;
let control;

before(async () => {
  bowline = await Bowline.start({ sets: ['relay.max-sessions-per-share=2', 'relay.max-sessions-per-user=4', 'relay.max-sessions=5'] });
  await bowline.createUser('admin');
  control = await bowline.control();
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
});

async function newDevice(groupName, starting) {
  const { meshid } = await control.ask({ action: 'createmesh', meshname: groupName, meshtype: 2 });
  await starting(meshid);
  const event = await control.take('nodeconnect', (f) => f.event?.action === 'nodeconnect' && f.event.meshid === meshid && (f.event.conn & 1) === 1, 60);
  const { nodeid } = event.event;
  await control.take('its core runs', (f) => f.event?.action === 'changenode' && f.event.nodeid === nodeid && f.event.node.osdesc, 60);
  return { meshid, nodeid };
}

async function share(nodeid, members) {
  const answer = await control.ask({ action: 'createDeviceShareLink', nodeid, guestname: 'Gast </meta>', consent: 0, ...members });
  assert.equal(answer.result, 'OK', JSON.stringify(answer));
  const { pathname, search } = new URL(answer.url);
  return { ...answer, path: pathname + search };
}

/** What the page of a share gets. */
async function visit(path) {
  const answer = await bowline.fetch(path, { headers: { accept: 'application/json' } });
  return { status: answer.status, guest: JSON.parse(answer.body) };
}

/** A viewer's end of a session; the server decides before anything comes or goes. */
function view(query) {
  const id = randomBytes(16).toString('hex');
  const socket = new WebSocket(`wss://localhost:${bowline.port}/meshrelay.ashx?browser=1&id=${id}&${new URLSearchParams(query)}`,
    { rejectUnauthorized: false });
  const session = { socket, id, text: [], data: '', closed: false };
  socket.on('message', (data, binary) => { if (binary) session.data += data.toString(); else session.text.push(data.toString()); });
  socket.on('close', () => { session.closed = true; });
  socket.on('error', () => { session.closed = true; });
  return session;
}

const enter = (guest, protocol, cookie = guest.authCookie) => view({ p: protocol, nodeid: guest.nodeId, auth: cookie });

async function openTerminal(guest) {
  const session = enter(guest, 1);
  await until('both ends are joined', () => { assert.equal(session.closed, false, 'the relay refused'); return session.text[0] === 'c'; });
  session.socket.send(JSON.stringify({ ctrlChannel: '102938', type: 'options', cols: 80, rows: 24 }));
  session.socket.send('1');
  let typed = 0;
  await until('the shell answers', () => {
    if (Date.now() - typed > 2000) {
      typed = Date.now();
      session.socket.send(Buffer.from('echo sum-$((6*7))\r'));
    }
    return session.data.includes('sum-42');
  });
  return session;
}

async function refused(guest, protocol, cookie) {
  const session = enter(guest, protocol, cookie);
  await until('the relay refuses', () => session.closed);
  assert.deepEqual(session.text, []);
}

async function throughShares({ nodeid }) {
  const made = await share(nodeid, { p: 1, expire: 60 });
  const page = await bowline.fetch(made.path, { headers: { accept: 'text/html' } });
  assert.equal(page.status, 200);
  assert.match(page.headers['cache-control'], /no-store/);
  const { status, guest } = await visit(made.path);
  assert.equal(status, 200);
  assert.equal(guest.state, 'open');
  assert.equal(guest.name, 'Gast </meta>');
  assert.equal(guest.protocols, 1);
  assert.equal(guest.online, true);

  const session = await openTerminal(guest);
  const second = await openTerminal(guest);
  await refused(guest, 1);              // two at once are allowed here
  second.socket.close();
  (await openTerminal(guest)).socket.close(); // and again, once one has ended
  await refused(guest, 5);              // not shared
  await refused(guest, 2);
  const socket = new WebSocket(`wss://localhost:${bowline.port}/control.ashx?auth=${encodeURIComponent(guest.authCookie)}`, { rejectUnauthorized: false });
  const first = await new Promise((resolve, reject) => { socket.once('message', (m) => resolve(JSON.parse(m))); socket.once('error', reject); });
  assert.equal(first.action, 'close');  // guests have no control channel
  socket.terminate();

  assert.equal((await control.ask({ action: 'removeDeviceShare', nodeid, publicid: made.publicid })).result, 'OK');
  await until('taking the share back cuts the session', () => session.closed);
  assert.deepEqual(await visit(made.path), { status: 404, guest: { state: 'revoked' } });
  await refused(guest, 1);

  const seconds = Math.floor(Date.now() / 1000);
  const later = await visit((await share(nodeid, { p: 1, start: seconds + 3600, end: seconds + 7200 })).path);
  assert.equal(later.status, 404);
  assert.deepEqual(later.guest, { state: 'early', start: (seconds + 3600) * 1000, expire: (seconds + 7200) * 1000 });

  const short = await share(nodeid, { p: 1, start: seconds - 10, end: Math.floor(Date.now() / 1000) + 15 });
  const brief = (await visit(short.path)).guest;
  const cut = await openTerminal(brief);
  await until('the end of the share cuts the session', () => cut.closed);
  assert.ok(Date.now() >= brief.expire, 'not before its time');
  assert.equal((await visit(short.path)).guest.state, 'expired');
  await refused(brief, 1);

  const ended = await until('the log names the guest', async () => {
    const { events } = await control.ask({ action: 'events', nodeid, limit: 50 });
    return events.find((e) => e.action === 'relaylog' && e.msgid === 10);
  });
  assert.equal(ended.guestname, 'Gast </meta>');
  assert.equal(ended.userid, 'user//admin');
}

test('a guest at a bowline-agent', async () => {
  const device = await newDevice('Ours', (meshid) => bowline.startAgent(meshid));
  await throughShares(device);
  const invalid = await visit('/sharing?c=nonsense');
  assert.deepEqual(invalid, { status: 404, guest: { state: 'invalid' } });
});

test('a guest at a MeshAgent', { skip: skipMeshAgent }, async () => {
  await throughShares(await newDevice('Theirs', (meshid) => bowline.startMeshAgent(meshid)));
});

const sessions = async () => JSON.parse(await bowline.ctl(['--json', 'status'])).relay;

/** Opens sessions that nobody joins, REFUSED of them in vain; all within the time that the first end waits. */
async function crowd(cookie, n, refused) {
  const opened = Array.from({ length: n }, () => view({ auth: cookie }));
  await until('the relay decides', () => opened.filter((session) => session.closed).length === refused);
  return opened.filter((session) => !session.closed);
}

test('sessions are limited for an account and for the server', async () => {
  const cookie = async (channel) => (await channel.ask({ action: 'authcookie' })).cookie;
  await until('earlier sessions are over', async () => { const { sessions: open, waiting } = await sessions(); return open + waiting === 0; });
  await bowline.createUser('other');
  const other = await bowline.control({ user: 'other' });
  const [own, foreign] = [await cookie(control), await cookie(other)];
  const waiting = await crowd(own, 6, 2);           // four for an account
  waiting.push(...await crowd(foreign, 3, 2));      // five for the server
  assert.ok(waiting.every((session) => !session.closed), 'nobody else pays for it');
  for (const { socket } of waiting) socket.terminate();
  other.close();
});

test('invitations', async () => {
  const { meshid } = await control.ask({ action: 'createmesh', meshname: 'A <b> & c', meshtype: 2 });
  const link = await control.ask({ action: 'createInviteLink', meshid, expire: 1, flags: 0 });
  const { pathname, search } = new URL(link.url);
  const page = await bowline.fetch(pathname + search);
  const text = page.body.toString();
  assert.equal(page.status, 200);
  assert.match(text, /A &lt;b&gt; &amp; c/);
  assert.ok(text.includes(meshid.split('/')[2].replace(/&/g, '&amp;')), 'the group');
  assert.doesNotMatch(text, /<script/);
  assert.equal((await bowline.fetch('/agentinvite?c=x')).status, 404);
  assert.equal((await bowline.fetch('/invite')).status, 404);

  assert.equal((await control.ask({ action: 'editmesh', meshid, invite: { codes: ['abc def'], flags: 2 } })).result, 'ok');
  assert.equal((await bowline.fetch('/invite')).status, 200);
  const enter = (code) => bowline.fetch('/invite', { method: 'POST', body: `inviteCode=${code}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: bowline.url } });
  assert.match((await enter('wrong')).body.toString(), /not valid/);
  const found = await enter('abc+def');
  assert.equal(found.status, 302);
  assert.equal((await bowline.fetch(found.headers.location)).status, 200);
  const statuses = [];
  for (let i = 0; i < 20; i++) statuses.push((await enter('guess')).status);
  assert.ok(statuses.includes(429), 'whoever guesses is slowed down');
  await control.ask({ action: 'deletemesh', meshid });
  assert.equal((await bowline.fetch(pathname + search)).status, 404, 'without its group an invitation is over');
});
