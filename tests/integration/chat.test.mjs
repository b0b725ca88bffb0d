// SPDX-License-Identifier: Apache-2.0
// The messenger: an administrator chats with the person at a device in two Chromium windows; who is asked and how, and who is
// kept out. Pictures go to BL_TEST_SHOTS.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, PASSWORD, TOP, WebSocket, end, skipMeshAgent, start, until } from './lib.mjs';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const built = process.env.BL_TEST_PAGE || existsSync(join(BUILD, 'web', 'dist', 'manifest.json'));
const skip = !CHROMIUM ? 'no Chromium here' : !built && 'the page is not built here';
const shots = process.env.BL_TEST_SHOTS;
const enc = encodeURIComponent;
const scratch = mkdtempSync(join(tmpdir(), 'bowline-chat-'));
let bowline;
let control;
let bus;
let presenter;
let nodeid;
const contexts = [];

const roomOf = (asked, asks) => `meshmessenger/${enc(asked)}/${enc(asks)}`;

async function startPresenter(address) {
  const child = start('/usr/bin/python3', [join(TOP, 'tests', 'lib', 'presenter.py')],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: address } });
  const self = { child, heard: [] };
  let rest = '';
  child.stdout.on('data', (data) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    self.heard.push(...lines.map((line) => JSON.parse(line)));
  });
  self.hear = (what, accept = () => true) => until(`${what} is heard`, () => {
    const at = self.heard.findIndex(([name, value]) => name === what && accept(value));
    return at >= 0 ? self.heard.splice(at, 1)[0][1] : null;
  });
  await self.hear('ready');
  return self;
}

before(async () => {
  bus = start('dbus-daemon', ['--session', '--nofork', '--print-address=3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [address] = (await once(bus.stdio[3], 'data')).map((d) => d.toString().trim());
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  await bowline.createUser('bob', { admin: false });
  await bowline.createUser('eve', { admin: false });
  control = await bowline.control();
  const { meshid } = await control.ask({ action: 'createmesh', meshname: 'Talk', meshtype: 2 });
  await bowline.startAgent(meshid, { name: 'desk', env: { DBUS_SESSION_BUS_ADDRESS: address, DBUS_SYSTEM_BUS_ADDRESS: address }, settings: '[plugin presence]\nbus=session\n' });
  nodeid = (await bowline.waitOnline(1))[0]._id;
  const silent = await ask();
  assert.equal(silent.success, false, 'nobody is there to be asked');
  presenter = await startPresenter(address);
});

after(async () => {
  for (const context of contexts) await context.close();
  control?.close();
  const code = await bowline?.stop();
  if (presenter) await end(presenter.child);
  await end(bus);
  rmSync(scratch, { recursive: true, force: true });
  assert.equal(code, 0);
});

/** Asks the person at the device; returns what the device says about it. */
async function ask(id = nodeid) {
  assert.equal((await control.ask({ action: 'meshmessenger', nodeid: id })).result, 'ok');
  return control.take('whether it was shown', (f) => f.action === 'msg' && f.type === 'openUrl' && f.nodeid === id);
}

const chatOffer = async () => (await presenter.hear('Message', ([m]) => m.kind === 'chat'))[0];

/** The invitation that the device shows. */
async function invitation() {
  const answer = await ask();
  assert.equal(answer.success, true);
  assert.equal(answer.url, undefined, 'the invitation is for the device only');
  return chatOffer();
}

/** One end of a room by hand. */
function enter(query, headers = {}) {
  const socket = new WebSocket(`wss://localhost:${bowline.port}/meshrelay.ashx?browser=1&${new URLSearchParams(query)}`, { rejectUnauthorized: false, headers });
  const self = { socket, text: [], code: 0 };
  socket.on('message', (data) => self.text.push(data.toString()));
  socket.on('close', (code) => { self.code = code; });
  socket.on('error', () => {});
  return self;
}

async function cookieOf(user) {
  const channel = user === 'admin' ? control : await bowline.control({ user });
  const { cookie } = await channel.ask({ action: 'authcookie' });
  if (channel !== control) channel.close();
  return cookie;
}

async function refused(query, code) {
  const self = enter(query);
  await until('it is refused', () => self.code);
  assert.equal(self.code, code);
  assert.deepEqual(self.text, []);
}

test('without the right nobody is asked, and there is no room', async () => {
  const bob = await bowline.control({ user: 'bob' });
  assert.equal((await bob.ask({ action: 'meshmessenger', nodeid })).result, 'Invalid nodeid');
  assert.equal((await bob.ask({ action: 'meshmessenger', userid: 'user//admin' })).result, 'Access denied');
  const userid = 'user//bob';
  assert.equal((await control.ask({ action: 'adddeviceuser', nodeid, userids: [userid], rights: 8 })).result, 'ok');
  assert.equal((await bob.ask({ action: 'meshmessenger', nodeid })).result, 'Access denied', 'remote control alone is not enough');
  const auth = await cookieOf('bob');
  await refused({ id: roomOf(nodeid, userid), auth }, 4403);
  assert.equal((await bowline.fetch(`/messenger?id=${enc(roomOf(nodeid, userid))}&auth=${enc(auth)}`)).status, 404);
  assert.equal((await control.ask({ action: 'adddeviceuser', nodeid, userids: [userid], rights: 0x4000 })).result, 'ok');
  const room = enter({ id: roomOf(nodeid, userid), auth });
  await once(room.socket, 'open');
  assert.equal((await bob.ask({ action: 'meshmessenger', nodeid })).result, 'ok');
  const { text, title } = await chatOffer();
  assert.equal(title, 'bob');
  const { searchParams } = new URL(text);
  const device = enter({ id: searchParams.get('id'), auth: searchParams.get('auth') });
  await until('both are joined', () => room.text[0] === 'c' && device.text[0] === 'c');
  room.socket.send('{"action":"chat","msg":"hello"}');
  await until('it arrives', () => device.text[1] === '{"action":"chat","msg":"hello"}');
  assert.equal((await control.ask({ action: 'adddeviceuser', nodeid, userids: [userid], rights: 8 })).result, 'ok');
  await until('the right is gone, and so is the room', () => room.code && device.code);
  await refused({ id: roomOf(nodeid, userid), auth }, 4403);
  bob.close();
});

test('who guesses the id of a room is kept out of it', async () => {
  const id = roomOf(nodeid, 'user//admin');
  const { text } = await invitation();
  assert.ok(text.length <= 1024, `${text.length} characters`);
  const good = new URL(text).searchParams.get('auth');
  const room = enter({ id, auth: await cookieOf('admin') });
  await once(room.socket, 'open');
  await refused({ id }, 4403);
  await refused({ id, auth: await cookieOf('eve') }, 4403);
  await refused({ id, auth: `${good.slice(0, -2)}xx` }, 4403);
  await refused({ id: roomOf(nodeid, 'user//eve'), auth: good }, 4403);           // another room
  await refused({ id: roomOf('user//eve', 'user//admin'), auth: good }, 4403);
  await refused({ id: 'meshmessenger/x', auth: good }, 4403);
  assert.equal(enter({ id, rauth: good }).text.length, 0);
  assert.deepEqual(room.text, [], 'nobody has come');
  const device = enter({ id, auth: good });
  await until('the invited one comes', () => room.text[0] === 'c' && device.text[0] === 'c');
  const third = enter({ id, auth: good });
  await until('the window that was opened later goes on', () => device.code === 4409 && room.code === 1005);
  third.socket.close();
  for (const path of ['/messenger', '/messenger?id=x', '/messenger?id=meshmessenger%2Fnode%2F%2Fa'])
    assert.equal((await bowline.fetch(path)).status, 404, path);
  const tunnel = `*/meshrelay.ashx?p=1&nodeid=${nodeid}&id=${enc(id)}&rauth=x`;
  assert.equal((await control.ask({ action: 'msg', type: 'tunnel', nodeid, usage: 1, value: tunnel })).result, 'Unable to route', 'no other session takes its id');
});

test('the real MeshAgent is asked in the words its core understands', { skip: skipMeshAgent }, async () => {
  const { meshid } = await control.ask({ action: 'createmesh', meshname: 'Mesh', meshtype: 2 });
  await bowline.startMeshAgent(meshid);
  const event = await control.take('its core runs', (f) => f.event?.action === 'changenode' && f.event.node?.meshid === meshid && f.event.node.osdesc, 60);
  assert.equal(typeof (await ask(event.event.nodeid)).success, 'boolean');
});

async function browser(name, options = {}) {
  const { chromium } = createRequire(join(process.env.BL_TEST_NODE_MODULES, 'x.js'))('playwright-core');
  const context = await chromium.launchPersistentContext(join(scratch, name), { executablePath: CHROMIUM, headless: true, locale: 'en', ignoreHTTPSErrors: true,
    viewport: { width: 1366, height: 768 }, ...options,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'] });
  contexts.push(context);
  return context;
}

async function signIn(page, path, user) {
  await page.goto(`${bowline.url}${path}`);
  await page.fill('#login-username', user);
  await page.fill('#login-password', PASSWORD);
  await page.keyboard.press('Enter');
}

const state = (page, wanted) => page.locator(`.chat[data-state=${wanted}]`).waitFor({ timeout: 20000 });
const said = (page, kind, text) => page.locator(`.chat-${kind} .chat-text`, { hasText: text }).waitFor({ timeout: 20000 });
const shoot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `chat-${name}.png`) }); };

async function say(page, text) {
  await page.getByRole('textbox', { name: 'Message' }).fill(text);
  await page.keyboard.press('Enter');
}

test('two windows: an administrator and the person at the device', { skip }, async () => {
  const admin = await browser('admin');
  const phone = await browser('phone', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  const page = admin.pages()[0];
  const problems = [];
  await signIn(page, `/device/${enc(nodeid.split('/').pop())}/general`, 'admin');
  await page.getByRole('button', { name: 'Actions' }).click();
  const [mine] = await Promise.all([admin.waitForEvent('page'), page.getByRole('menuitem', { name: 'Chat' }).click()]);
  await page.getByText('desk was asked to chat.').waitFor();
  await state(mine, 'waiting');
  await mine.getByText('Waiting for the person at desk to open the chat…').waitFor();
  const { text } = await chatOffer();
  const theirs = phone.pages()[0];
  for (const p of [mine, theirs]) {
    p.on('console', (m) => { if (['warning', 'error'].includes(m.type())) problems.push(m.text()); });
    p.on('pageerror', (e) => problems.push(e.message));
  }
  await theirs.goto(text.replace(/^https:\/\/[^/]+/, bowline.url));
  await state(mine, 'open');
  await state(theirs, 'open');
  await say(mine, 'Good morning <b>you</b>');
  await said(theirs, 'other', 'Good morning <b>you</b>');
  await theirs.locator('.chat-other .chat-who span', { hasText: 'admin' }).waitFor();
  await theirs.getByRole('textbox', { name: 'Message' }).pressSequentially('I am');
  await mine.getByText('desk is typing…').waitFor();
  await say(theirs, 'The printer is out of paper.\nAgain.');
  await said(mine, 'other', 'The printer is out of paper.');
  const content = randomBytes(150_000);
  await theirs.locator('input[type=file]').setInputFiles({ name: 'photo <1>.bin', mimeType: 'text/html', buffer: content });
  await mine.getByText('photo <1>.bin (150 kB)').waitFor();
  await mine.getByRole('button', { name: 'Accept' }).click();
  const save = mine.getByRole('button', { name: 'Save' });
  await save.waitFor({ timeout: 30000 });
  const [download] = await Promise.all([mine.waitForEvent('download'), save.click()]);
  assert.ok(readFileSync(await download.path()).equals(content));
  await theirs.getByText('Sent', { exact: true }).waitFor();
  await shoot(mine, 'admin');
  await shoot(theirs, 'phone');
  assert.ok(await theirs.evaluate(() => document.documentElement.scrollWidth <= 390), 'it fits a phone');
  await theirs.reload();
  await state(mine, 'open');
  await state(theirs, 'open');
  await say(theirs, 'Here again');
  await said(mine, 'other', 'Here again');
  await theirs.close();
  await mine.getByText('desk has left. The chat goes on as soon as they are back.').waitFor();
  assert.ok(await mine.getByRole('textbox', { name: 'Message' }).isDisabled());
  assert.deepEqual(problems, []);
  await until('start and end are in the log', async () => {
    const { events } = await control.ask({ action: 'events', limit: 50 });
    return [162, 112].every((id) => events.some((e) => e.msgid === id && e.nodeid === nodeid && e.protocol === 200));
  });
});

test('two accounts: asked by a notice, joined by a click; a third one is told that it may not', { skip }, async () => {
  const [admin, phone] = contexts;
  const other = await browser('bob');
  const page = other.pages()[0];
  await signIn(page, '/', 'bob');
  await page.getByRole('link', { name: 'Groups' }).waitFor();
  await until('bob is asked', async () => (await control.ask({ action: 'meshmessenger', userid: 'user//bob' })).result === 'ok');
  const [theirs] = await Promise.all([other.waitForEvent('page'), page.getByRole('button', { name: 'Join the chat' }).click()]);
  await state(theirs, 'waiting');
  const id = roomOf('user//bob', 'user//admin');
  const mine = await admin.newPage();
  await mine.goto(`${bowline.url}/messenger?id=${enc(id)}`);
  await state(mine, 'open');
  await say(mine, 'Lunch?');
  await said(theirs, 'other', 'Lunch?');
  await say(theirs, 'Yes');
  await said(mine, 'other', 'Yes');
  const outside = await phone.newPage();
  await signIn(outside, `/messenger?id=${enc(id)}`, 'eve');
  await outside.getByText('You may not join this chat').waitFor();
  assert.ok(!(await outside.content()).includes('chat-list'));
});
