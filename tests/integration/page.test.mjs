// SPDX-License-Identifier: Apache-2.0
// The page in Chromium against the real server, with bowline-agent and with the real MeshAgent: sign in, open the machine,
// run a command and see its output, upload a file and find the same bytes on disk. Pictures go to BL_TEST_SHOTS.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, PASSWORD, skipMeshAgent, until } from './lib.mjs';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const built = process.env.BL_TEST_PAGE || existsSync(join(BUILD, 'web', 'dist', 'manifest.json'));
const skip = !CHROMIUM ? 'no Chromium here' : !built && 'the page is not built here';
const shots = process.env.BL_TEST_SHOTS;
let bowline;
let context;
let page;
const problems = [];
const scratch = mkdtempSync(join(tmpdir(), 'bowline-page-'));

before(async () => {
  if (skip) return;
  const require = createRequire(join(process.env.BL_TEST_NODE_MODULES, 'x.js'));
  const { chromium } = require('playwright-core');
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  context = await chromium.launchPersistentContext(join(scratch, 'profile'), { executablePath: CHROMIUM, headless: true,
    args: ARGS, locale: 'en', ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 }, acceptDownloads: true });
  page = context.pages()[0] ?? await context.newPage();
  page.on('console', (m) => { if (['warning', 'error'].includes(m.type())) problems.push(m.text()); });
  page.on('pageerror', (e) => problems.push(e.message));
});

after(async () => {
  await context?.close();
  const code = await bowline?.stop();
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(code, 0);
});

const shot = async (name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`) }); };
const screen = (text) => page.waitForFunction((t) => document.querySelector('.xterm-rows')?.textContent?.includes(t), text, { timeout: 20000 });

test('sign in', { skip }, async () => {
  await page.goto(`${bowline.url}/`);
  await page.waitForSelector('#login-username');
  await page.fill('#login-username', 'admin');
  await page.fill('#login-password', 'wrong one');
  await page.keyboard.press('Enter');
  await page.getByText('The user name or the password is not right.').waitFor();
  problems.length = 0; // Chromium reports the status 401 itself
  await page.fill('#login-password', PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Groups' }).waitFor();
  const [cookie] = await context.cookies();
  assert.equal(cookie.name, '__Host-bowline');
  assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === 'Strict');
  assert.deepEqual(problems, []);
});

async function openMachine(groupName, starting) {
  await page.getByRole('link', { name: 'Groups' }).click();
  await page.getByRole('button', { name: 'Create group' }).first().click();
  await page.getByLabel('Name').fill(groupName);
  await page.keyboard.press('Enter');
  await page.locator('.bl-card', { hasText: groupName }).waitFor();
  const groups = JSON.parse(await bowline.ctl(['group', 'list', '--json'])).groups;
  await starting(groups.find((g) => g.name === groupName)._id);
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  const row = page.locator('.bl-row:not(.bl-offline)', { has: page.getByRole('link', { name: /^Terminal of/ }) });
  await until('the machine is in the list', async () => {
    const devices = JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices;
    return devices.some((d) => d.group === groupName && (d.conn & 1));
  }, 40);
  const id = JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices.find((d) => d.group === groupName)._id.split('/').pop();
  const link = page.locator(`a[href*="${encodeURIComponent(id)}/terminal"], a[href*="${id}/terminal"]`).first();
  await link.waitFor({ timeout: 20000 });
  await shot(`devices-${groupName}`);
  assert.ok(await row.count() >= 1);
  return { id, link };
}

async function workOn({ id, link }, name) {
  await link.click();
  await page.getByText('Connected', { exact: true }).waitFor({ timeout: 20000 });
  await page.locator('.xterm').click();
  await page.keyboard.type('echo "sum: $((6*7))"; uname -s\r');
  await screen('sum: 42');
  await shot(`terminal-${name}`);
  const dir = mkdtempSync(join(scratch, 'up-'));
  const content = randomBytes(300_000);
  const file = join(scratch, `${name}.bin`);
  writeFileSync(file, content);
  await page.goto(`${bowline.url}/device/${encodeURIComponent(id)}/files`);
  await page.getByRole('button', { name: 'Type a path' }).click();
  await page.keyboard.type(dir);
  await page.keyboard.press('Enter');
  await page.locator('input[type=file]').first().setInputFiles(file);
  await until('the file is on the disk', () => existsSync(join(dir, `${name}.bin`)) && readFileSync(join(dir, `${name}.bin`)).length === content.length, 30);
  const sha = (b) => createHash('sha256').update(b).digest('hex');
  assert.equal(sha(readFileSync(join(dir, `${name}.bin`))), sha(content));
  await page.getByText(`${name}.bin`).first().waitFor();
  await page.getByText(/, compared$/).waitFor();
  await shot(`files-${name}`);
  if (name === 'ours') await takeFolder(dir);
  await page.getByRole('link', { name: 'General' }).click();
  await page.waitForFunction(() => /Linux|Debian/.test(document.body.textContent));
  await shot(`general-${name}`);
  assert.deepEqual(problems.splice(0), []);
}

/** A folder as an archive; packing on the device, and unpacking there; a link says where it points to. */
async function takeFolder(dir) {
  mkdirSync(join(dir, 'tree'));
  writeFileSync(join(dir, 'tree', 'leaf'), 'green');
  symlinkSync('tree/leaf', join(dir, 'shortcut'));
  await page.getByRole('button', { name: 'Read the folder again' }).click();
  await page.getByText('→ tree/leaf').waitFor();
  const coming = page.waitForEvent('download');
  await page.getByRole('checkbox', { name: 'Select tree', exact: true }).check();
  const tools = page.getByRole('toolbar', { name: 'Selected files' });
  await tools.getByRole('button', { name: 'Download' }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), 'tree.zip');
  const archive = join(scratch, 'tree.zip');
  await download.saveAs(archive);
  assert.equal(execFileSync('python3', ['-c', 'import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read("tree/leaf").decode())', archive], { encoding: 'utf8' }).trim(), 'green');
  await tools.getByRole('button', { name: 'Pack' }).click();
  await page.getByRole('checkbox', { name: 'Select tree.zip' }).check();
  await page.getByRole('checkbox', { name: 'Select tree', exact: true }).uncheck();
  await tools.getByRole('button', { name: 'Unpack' }).click();
  await until('it is unpacked', () => existsSync(join(dir, 'tree 2', 'tree', 'leaf')));
  await page.getByRole('button', { name: 'tree 2', exact: true }).waitFor();
}

test('bowline-agent: a command and a file, in the browser', { skip, timeout: 120000 }, async () => {
  await workOn(await openMachine('Workshop', (group) => bowline.startAgent(group)), 'ours');
});

test('MeshAgent: a command and a file, in the browser', { skip: skip || skipMeshAgent, timeout: 120000 }, async () => {
  await workOn(await openMachine('Field', (group) => bowline.startMeshAgent(group)), 'theirs');
});

test('a new password is demanded before anything else', { skip, timeout: 60000 }, async () => {
  const control = await bowline.control();
  await control.ask({ action: 'adduser', username: 'fresh', email: 'f@example.com', pass: 'First pass 1', resetNextLogin: true });
  control.close();
  await context.clearCookies();
  const other = await context.newPage();
  await other.goto(`${bowline.url}/login`);
  await other.fill('#login-username', 'fresh');
  await other.fill('#login-password', 'First pass 1');
  await other.keyboard.press('Enter');
  await other.getByText('Your password must be changed before you go on.').waitFor();
  if (shots) await other.screenshot({ path: join(shots, 'login-change.png') });
  await other.fill('#login-new-password', 'First pass 1');
  await other.fill('#login-new-password-again', 'First pass 1');
  await other.keyboard.press('Enter');
  await other.getByText('This is the old password. Choose another one.').waitFor();
  await other.fill('#login-new-password', 'Second pass 1');
  await other.keyboard.press('Enter');
  await other.getByText('The two passwords differ.').waitFor();
  await other.fill('#login-new-password-again', 'Second pass 1');
  await other.keyboard.press('Enter');
  await other.getByRole('link', { name: 'Devices', exact: true }).waitFor();
  await other.close();
});
