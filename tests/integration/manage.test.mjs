// SPDX-License-Identifier: Apache-2.0
// What administrators do in the page, in Chromium against the real server with a bowline-agent: commands with their output,
// guest links, events, notes, several devices at once, the own account, accounts and rights of others.
// Pictures in light and dark, wide and on a phone, go to BL_TEST_SHOTS.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, PASSWORD, until } from './lib.mjs';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const built = process.env.BL_TEST_PAGE || existsSync(join(BUILD, 'web', 'dist', 'manifest.json'));
const skip = !CHROMIUM ? 'no Chromium here' : !built && 'the page is not built here';
const shots = process.env.BL_TEST_SHOTS;
const WIDE = { width: 1366, height: 768 };
const PHONE = { width: 390, height: 844 };
const scratch = mkdtempSync(join(tmpdir(), 'bowline-manage-'));
const problems = [];
let bowline;
let context;
let page;
let group;
let deviceUrl;
let deviceName;

const quiet = () => assert.deepEqual(problems.splice(0), []);
const dialog = () => page.getByRole('dialog').last();
const row = (name) => page.locator('.bl-row', { has: page.getByRole('link', { name, exact: true }) });

/** The state of the view as four pictures; nothing may stick out sideways. */
async function shot(name) {
  if (!shots) return;
  for (const [size, viewport] of [['wide', WIDE], ['phone', PHONE]]) {
    await page.setViewportSize(viewport);
    for (const scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.evaluate(() => new Promise((next) => { requestAnimationFrame(() => requestAnimationFrame(next)); }));
      await page.screenshot({ path: join(shots, `${name}-${size}-${scheme}.png`) });
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} scrolls sideways (${size})`);
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
}

async function signIn(on, name, password) {
  await on.goto(`${bowline.url}/login`);
  await on.fill('#login-username', name);
  await on.fill('#login-password', password);
  await on.keyboard.press('Enter');
}

function totp(secret, seconds = Date.now() / 1000) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac('sha1', key).update(step).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

before(async () => {
  if (skip) return;
  const require = createRequire(join(process.env.BL_TEST_NODE_MODULES, 'x.js'));
  const { chromium } = require('playwright-core');
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  group = await bowline.createGroup('Workshop');
  await bowline.createGroup('Attic');
  await bowline.startAgent(group, { name: 'bench' });
  context = await chromium.launchPersistentContext(join(scratch, 'profile'), { executablePath: CHROMIUM, headless: true,
    args: ARGS, locale: 'en', ignoreHTTPSErrors: true, viewport: WIDE, permissions: ['clipboard-read', 'clipboard-write'] });
  page = context.pages()[0] ?? await context.newPage();
  page.setDefaultTimeout(20000);
  page.on('console', (m) => { if (['warning', 'error'].includes(m.type())) problems.push(m.text()); });
  page.on('pageerror', (e) => problems.push(e.message));
  await bowline.waitOnline(1);
  const control = await bowline.control();
  for (const mesh of (await control.ask({ action: 'meshes' })).meshes) {
    const added = await control.ask({ action: 'addmeshuser', meshid: mesh._id, usernames: ['admin'], meshadmin: 4294967295 });
    assert.ok(added.result);
  }
  control.close();
});

after(async () => {
  await context?.close();
  const code = await bowline?.stop();
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(code, 0);
});

test('a command is run and its output shown', { skip, timeout: 60000 }, async () => {
  await signIn(page, 'admin', PASSWORD);
  const online = page.locator('.bl-row:not(.bl-offline):not(.bl-row-group)').first();
  await online.waitFor();
  deviceName = (await online.locator('.bl-name').textContent()).trim();
  await shot('devices');
  await online.locator('.bl-name').click();
  await page.getByRole('heading', { name: deviceName, level: 1 }).waitFor();
  deviceUrl = page.url();
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Restart' }).waitFor();
  await shot('menu');
  await page.getByRole('menuitem', { name: 'Run a command' }).click();
  await dialog().getByRole('button', { name: 'Run', exact: true }).click();
  await dialog().getByText('Enter a command.').waitFor();
  await page.getByLabel('Command', { exact: true }).fill('echo "sum: $((6*7))"; uname -s');
  await page.keyboard.press('Control+Enter');
  await dialog().getByText('sum: 42').waitFor();
  await shot('run');
  await dialog().getByRole('button', { name: 'Close' }).last().click();
  quiet();
});

test('power is asked for first', { skip, timeout: 30000 }, async () => {
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Switch off' }).click();
  await dialog().getByText(`Switch ${deviceName} off?`).waitFor();
  await shot('power');
  await dialog().getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('a guest link: made, copied, listed, taken back', { skip, timeout: 60000 }, async () => {
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Guest links' }).click();
  await dialog().getByText('There is no link to this device.').waitFor();
  await page.getByLabel('Name of the guest').fill('');
  await dialog().getByRole('button', { name: 'Make the link' }).click();
  await dialog().getByText('Give the guest a name.').waitFor();
  await shot('share');
  await page.getByLabel('Name of the guest').fill('Painter');
  await dialog().getByRole('button', { name: 'Make the link' }).click();
  await dialog().getByText('The link is ready and has been copied.').waitFor();
  const url = await dialog().locator('.bl-copy code').textContent();
  assert.match(url, /^https:\/\/localhost:\d+\/sharing\?c=/);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url);
  await dialog().locator('.bl-lines').getByText('Painter').waitFor();
  await shot('shared');
  const guest = await context.newPage();
  await guest.goto(url);
  await guest.getByText('Painter').first().waitFor();
  await guest.close();
  await dialog().getByRole('button', { name: 'Take the link of Painter back' }).click();
  await dialog().getByText('There is no link to this device.').waitFor();
  await dialog().getByRole('button', { name: 'Close' }).last().click();
  quiet();
});

test('notes, tags and name', { skip, timeout: 60000 }, async () => {
  await page.getByLabel('Notes', { exact: true }).last().fill('Under the left bench.');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).waitFor({ state: 'detached' });
  await page.reload();
  await page.waitForFunction(() => [...document.querySelectorAll('textarea')].some((t) => t.value === 'Under the left bench.'));
  await page.getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Change name, description, tags' }).click();
  await page.getByLabel('Tags').fill('wood, cold');
  await page.getByLabel('Desktop', { exact: true }).selectOption('ask');
  await shot('edit');
  await page.getByRole('button', { name: 'Save', exact: true }).last().click();
  await page.getByRole('link', { name: 'wood' }).waitFor();
  await shot('general');
  quiet();
});

test('events come live, with a power history', { skip, timeout: 60000 }, async () => {
  await page.getByRole('link', { name: 'Events' }).last().click();
  await page.getByText('Running commands').first().waitFor();
  await page.getByRole('img', { name: /on / }).first().waitFor();
  await page.getByRole('button', { name: 'Add a remark' }).click();
  await page.getByRole('textbox', { name: 'Remark' }).fill('New fan, 80 mm & quiet');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.bl-event').getByText('New fan, 80 mm & quiet').waitFor();
  await page.getByLabel('Sort of event').selectOption('share');
  await page.getByText('Removed Device Share').first().waitFor();
  assert.equal(await page.getByText('New fan, 80 mm & quiet').count(), 0);
  await page.getByLabel('Sort of event').selectOption('');
  await shot('events');
  quiet();
});

test('several devices at once: tags, move', { skip, timeout: 60000 }, async () => {
  await page.goto(`${bowline.url}/`);
  await row(deviceName).getByRole('checkbox').check();
  await page.getByText('1 selected').waitFor();
  await shot('bulk');
  await page.getByRole('region', { name: 'Selected devices' }).getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Change tags' }).click();
  await page.getByLabel('Add', { exact: true }).fill('spring');
  await page.getByLabel('cold').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await row(deviceName).getByText('spring').waitFor();
  assert.equal(await row(deviceName).getByText('cold').count(), 0);
  await page.getByRole('region', { name: 'Selected devices' }).getByRole('button', { name: 'Actions' }).click();
  await page.getByRole('menuitem', { name: 'Move to another group' }).click();
  await dialog().getByRole('button', { name: 'Move', exact: true }).click();
  await until('the device is in the other group', async () => {
    const { devices } = JSON.parse(await bowline.ctl(['device', 'list', '--json']));
    return devices.some((d) => d.group === 'Attic');
  });
  await page.getByLabel('Group by').selectOption('tag');
  await page.getByRole('button', { name: 'spring' }).waitFor();
  await page.getByLabel('Group by').selectOption('group');
  await page.getByRole('button', { name: 'Select none' }).click();
  quiet();
});

test('accounts: create, give rights, lock, delete', { skip, timeout: 90000 }, async () => {
  await page.goto(`${bowline.url}/`);
  await page.getByRole('link', { name: 'Admin', exact: true }).click();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('User name').fill('not possible');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await dialog().getByText(/holds no blanks/).waitFor();
  await page.getByLabel('User name').fill('Berta');
  await page.getByLabel('Real name').fill('Berta Bolt');
  await page.locator('#user-password').fill('a long enough one');
  await shot('create-user');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const berta = page.getByRole('row', { name: /Berta/ });
  await berta.waitFor();
  await shot('users');

  await page.getByRole('link', { name: 'User groups' }).click();
  await page.getByRole('button', { name: 'Create user group' }).first().click();
  await page.getByLabel('Name').fill('Carpenters');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const card = page.locator('.bl-card', { hasText: 'Carpenters' });
  await card.getByRole('button', { name: 'Add members' }).click();
  await page.getByLabel('Accounts').fill('berta, nobody');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('1 name is no account.').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await card.getByText('berta').waitFor();
  await shot('usergroups');

  await page.getByRole('link', { name: 'Groups', exact: true }).click();
  await page.locator('.bl-card', { hasText: 'Attic' }).getByRole('link', { name: 'Members and settings' }).click();
  await page.getByRole('button', { name: 'Add somebody' }).click();
  await page.getByLabel('Who').selectOption('group');
  await page.getByLabel('May').selectOption('own');
  await page.getByLabel('Run commands').check();
  await shot('rights');
  await dialog().getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.bl-lines').getByText('Carpenters').waitFor();
  await page.getByRole('button', { name: 'Make an invitation' }).click();
  await page.getByRole('img', { name: 'Invitation as a QR code' }).waitFor();
  await shot('group');
  quiet();
});

test('an account sees what its rights allow, and is told notices', { skip, timeout: 60000 }, async () => {
  const other = await context.browser()?.newContext?.({ ignoreHTTPSErrors: true, viewport: WIDE, locale: 'en' });
  const theirs = other ? await other.newPage() : null;
  if (!theirs) return;
  theirs.setDefaultTimeout(20000);
  await signIn(theirs, 'berta', 'a long enough one');
  await theirs.getByRole('link', { name: deviceName, exact: true }).click();
  await theirs.getByRole('button', { name: 'Actions' }).click();
  await theirs.getByRole('menuitem', { name: 'Run a command' }).waitFor();
  assert.equal(await theirs.getByRole('menuitem', { name: 'Restart' }).count(), 0);
  assert.equal(await theirs.getByRole('link', { name: 'Admin', exact: true }).count(), 0);
  await page.goto(`${bowline.url}/admin/users`);
  await page.getByRole('button', { name: 'Message to all' }).click();
  await page.getByRole('textbox', { name: 'Message' }).fill('Lunch is ready');
  await page.getByRole('button', { name: 'Send' }).click();
  await theirs.getByText('Lunch is ready').waitFor();
  await page.getByRole('row', { name: /Berta/ }).getByRole('button', { name: 'More about Berta' }).click();
  await page.getByRole('menuitem', { name: 'Lock' }).click();
  await dialog().getByRole('button', { name: 'Lock' }).click();
  await theirs.locator('#login-username').waitFor();
  await other.close();
  quiet();
});

test('a password is reset, an account deleted', { skip, timeout: 60000 }, async () => {
  await page.goto(`${bowline.url}/admin/users`);
  const menu = page.getByRole('button', { name: 'More about Berta' });
  await menu.click();
  await page.getByRole('menuitem', { name: 'Set a password' }).click();
  await dialog().getByRole('button', { name: 'Set', exact: true }).click();
  await page.getByText('The password has been changed.').waitFor();
  await menu.click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByLabel('Name of the account').fill('Berta');
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await menu.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Server', exact: true }).click();
  await page.getByText('Connected agents').first().waitFor();
  await shot('server');
  quiet();
});

/** Two other browsers are signed in; one is signed out by itself, the other one with all others. */
async function signOutElsewhere() {
  const cookies = [];
  for (const agent of ['Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0', 'Mozilla/5.0 (iPhone) Safari/600']) {
    const answer = await bowline.fetch('/api/login', { method: 'POST', headers: { 'content-type': 'application/json', 'user-agent': agent }, body: JSON.stringify({ username: 'admin', password: PASSWORD }) });
    assert.equal(answer.status, 200, answer.body.toString());
    cookies.push(answer.headers['set-cookie'][0].split(';')[0]);
  }
  const status = async (cookie) => (await bowline.fetch('/api/session', { headers: { cookie, 'sec-fetch-site': 'same-origin' } })).status;
  for (const cookie of cookies) assert.equal(await status(cookie), 200);
  const card = page.getByRole('region', { name: 'Signed in now' });
  await page.reload();
  await card.getByText('this one').waitFor();
  await card.getByRole('button', { name: 'Sign out Firefox on Windows' }).click();
  await until('that one is signed out', async () => (await status(cookies[0])) === 401);
  assert.equal(await status(cookies[1]), 200);
  await card.getByText('Safari on iOS').waitFor();
  await card.getByRole('button', { name: 'Sign out all others' }).click();
  await until('the other one, too', async () => (await status(cookies[1])) === 401);
  await card.getByText('Safari on iOS').waitFor({ state: 'detached' });
}
test('files on the server: folder, upload, download, rename, delete', { skip, timeout: 60000 }, async () => {
  const name = 'Notizen & mehr.txt';
  await page.getByRole('link', { name: 'Files', exact: true }).click();
  await page.getByText('This folder is empty.').waitFor();
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByLabel('Name of the new folder').fill('Scripts');
  await page.keyboard.press('Enter');
  await page.getByRole('gridcell', { name: 'Scripts', exact: true }).waitFor();
  await page.getByLabel('Files to upload').setInputFiles([
    { name, mimeType: 'text/plain', buffer: Buffer.from('hello') }, { name: 'big.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(2_500_000, 7) }]);
  await page.getByRole('gridcell', { name: 'big.bin', exact: true }).waitFor();
  await page.getByLabel('Select Scripts').uncheck();
  await page.getByText(/^2\.\d MB used$/).waitFor();
  await page.getByRole('gridcell', { name, exact: true }).click();
  await shot('server-files');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download', exact: true }).click()]);
  assert.equal(download.suggestedFilename(), name);
  assert.equal(readFileSync(await download.path(), 'utf8'), 'hello');
  await page.getByRole('toolbar', { name: 'Selected files' }).getByRole('button', { name: 'Rename' }).click();
  await page.locator('.bl-file input[type=text], .bl-file input:not([type])').fill('notes.txt');
  await page.keyboard.press('Enter');
  await page.getByRole('gridcell', { name: 'notes.txt', exact: true }).waitFor();
  await page.getByRole('toolbar', { name: 'Selected files' }).getByRole('button', { name: 'Delete' }).click();
  await dialog().getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('gridcell', { name: 'notes.txt', exact: true }).waitFor({ state: 'detached' });
  assert.deepEqual(readdirSync(join(bowline.data, 'files', 'user-admin')).sort(), ['Scripts', 'big.bin']);
  quiet();
});

test('the own account: authenticator app, backup codes, token, password', { skip, timeout: 90000 }, async () => {
  await page.goto(`${bowline.url}/account`);
  await signOutElsewhere();
  await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
  await page.getByText('Type the key instead').click();
  const secret = (await dialog().locator('.bl-copy code').textContent()).trim();
  await page.getByLabel('Code that the app shows').fill('000000');
  await page.getByText('This code is not right.').waitFor();
  await shot('totp');
  await page.getByLabel('Code that the app shows').fill(totp(secret));
  await page.getByText('Keep these backup codes').waitFor();
  assert.equal(await page.locator('.bl-backup-codes li').count(), 10);
  await shot('codes');
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('On: an authenticator app is asked for.').waitFor();
  await page.getByText('10 backup codes are left.').waitFor();
  await page.getByRole('button', { name: 'Make a login token' }).click();
  await page.getByLabel('What it is for').fill('Backups');
  await page.getByRole('button', { name: 'Make', exact: true }).click();
  const [user, pass] = await Promise.all([0, 1].map(async (n) => (await dialog().locator('.bl-copy code').nth(n).textContent()).trim()));
  const program = await bowline.control({ user, password: pass });
  assert.equal((await program.take('the account', (f) => f.action === 'userinfo')).userinfo.name, 'admin');
  program.close();
  await dialog().getByRole('button', { name: 'Close' }).last().click();
  await page.locator('.bl-lines').getByText('Backups').waitFor();
  await page.getByLabel('connects', { exact: true }).first().check();
  await shot('account');
  await page.getByRole('button', { name: 'Remove the authenticator app' }).click();
  await dialog().getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Off: the password alone is enough.').waitFor();
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByLabel('Present password').fill('wrong');
  await page.locator('#password-new').fill('another battery');
  await page.getByLabel('New password again').fill('another battery');
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await page.getByText('The present password is not right.').waitFor();
  await page.getByLabel('Present password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change', exact: true }).click();
  await until('the new password works', async () => {
    const control = await bowline.control({ password: 'another battery' });
    const frame = await control.take('an answer', (f) => f.action === 'userinfo' || f.action === 'close').catch(() => null);
    control.close();
    return frame?.action === 'userinfo';
  });
});

test('everything that happened is in the events', { skip, timeout: 60000 }, async () => {
  // A new password ends all sessions, this one too.
  await page.locator('#login-username').waitFor();
  await signIn(page, 'admin', 'another battery');
  await page.getByRole('link', { name: 'Events' }).waitFor();
  await page.goto(`${bowline.url}/events`);
  await page.locator('.bl-event').first().waitFor();
  await page.getByLabel('Sort of event').selectOption('account');
  await page.getByText(/Berta/).first().waitFor();
  await shot('all-events');
  await page.goto(deviceUrl);
  await page.getByRole('heading', { name: deviceName, level: 1 }).waitFor();
});
