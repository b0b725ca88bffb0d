// SPDX-License-Identifier: Apache-2.0
// The desktop in the page, with bowline-agent and with the real MeshAgent, each showing an X server of this test: the
// picture is the screen's, what is typed and clicked arrives there, and nothing is sent while nothing happens.
// Pictures go to BL_TEST_SHOTS.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Display } from './display.mjs';
import { BUILD, Bowline, end, PASSWORD, skipMeshAgent, until } from './lib.mjs';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const built = process.env.BL_TEST_PAGE || existsSync(join(BUILD, 'web', 'dist', 'manifest.json'));
const hasX = existsSync('/usr/bin/Xvfb') && existsSync('/usr/bin/xterm');
const skip = !CHROMIUM ? 'no Chromium here' : !built ? 'the page is not built here' : !hasX && 'no Xvfb or xterm here';
const shots = process.env.BL_TEST_SHOTS;
const scratch = mkdtempSync(join(tmpdir(), 'bowline-desk-'));
const SIZE = [1024, 768];
let bowline;
let context;
let page;
const problems = [];
/** Lengths of the binary frames that came in by the relay. */
const received = [];
const sent = [];
const said = [];

/** A terminal that fills the screen and keeps what is typed, byte by byte. */
const startTerminal = (display, file) => display.start('xterm', '-u8', '-geometry', '200x80+0+0', '-bg', '#205080', '-fg', 'white', '-b', '0', '+sb', '-e', 'sh', '-c', `stty raw -echo; exec cat >> '${file}'`);

before(async () => {
  if (skip) return;
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  const { chromium } = createRequire(join(process.env.BL_TEST_NODE_MODULES, 'x.js'))('playwright-core');
  context = await chromium.launchPersistentContext(join(scratch, 'profile'), { executablePath: CHROMIUM, headless: true, args: ARGS, locale: 'en',
    ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 }, acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'] });
  page = context.pages()[0] ?? await context.newPage();
  page.on('console', (m) => { if (['warning', 'error'].includes(m.type())) problems.push(m.text()); });
  page.on('pageerror', (e) => problems.push(e.message));
  page.on('websocket', (ws) => {
    if (!ws.url().includes('meshrelay')) return;
    ws.on('framereceived', ({ payload }) => { if (typeof payload !== 'string') received.push(payload); });
    ws.on('framesent', ({ payload }) => { (typeof payload === 'string' ? said : sent).push(payload); });
  });
  await page.goto(`${bowline.url}/`);
  await page.fill('#login-username', 'admin');
  await page.fill('#login-password', PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Groups' }).waitFor();
});

after(async () => {
  await context?.close();
  const code = await bowline?.stop();
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(code, 0);
});

const shot = async (name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`) }); };

/** Colour of a pixel of the device's screen, as the page shows it. */
const pixel = (px, py) => page.evaluate(([a, b]) => {
  const canvas = document.querySelector('.bl-canvas');
  if (canvas.width <= a || canvas.height <= b) return null;
  const copy = new OffscreenCanvas(1, 1).getContext('2d');
  copy.drawImage(canvas, a, b, 1, 1, 0, 0, 1, 1);
  return [...copy.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}, [px, py]);

const near = (colour, wanted) => colour !== null && colour.every((c, i) => Math.abs(c - wanted[i]) < 24);
const area = () => page.locator('.bl-canvas');

function works(name, kind, unable, startAgent) {
  const typed = join(scratch, kind);
  const lines = () => (existsSync(typed) ? readFileSync(typed, 'utf8') : '');
  let display;

  test(`${name}: one click on the list, and the screen is there`, { skip: unable, timeout: 120000 }, async () => {
    display = await Display.start({ size: SIZE.join('x') });
    display.terminal = startTerminal(display, typed);
    await bowline.ctl(['group', 'create', kind]);
    const group = JSON.parse(await bowline.ctl(['group', 'list', '--json'])).groups.find((g) => g.name === kind);
    await startAgent(group._id, display.name);
    await page.goto(`${bowline.url}/?q=group:${kind}`);
    await page.getByRole('link', { name: /^Desktop of/ }).click({ timeout: 60000 });
    await page.getByText('Connected', { exact: true }).waitFor({ timeout: 30000 });
    await until('the colour of the terminal', async () => near(await pixel(700, 500), [0x20, 0x50, 0x80]), 30);
    const box = await area().boundingBox();
    assert.ok(Math.abs(box.width / box.height - SIZE[0] / SIZE[1]) < 0.01, 'the shape is kept');
    const room = await page.locator('.bl-stage').boundingBox();
    assert.ok(box.width >= room.width * 0.95 || box.height >= room.height * 0.95, `${box.width}×${box.height} in ${room.width}×${room.height}`);
    await shot(`desktop-${kind}`);
  });

  test(`${name}: what is typed arrives: text, shift, other alphabets, keys without a character`, { skip: unable, timeout: 120000 }, async () => {
    await area().click({ position: { x: 200, y: 200 } });
    const expect = async (what, wanted) => {
      await until(what, () => lines().endsWith('\r'), 60);
      assert.match(lines(), wanted);
      writeFileSync(typed, '');
    };
    await page.keyboard.type('Hello, World! 7*6=42 @{}[]|~"\n', { delay: 5 });
    await expect('the first line', /^Hello, World! 7\*6=42 @\{\}\[\]\|~"\r$/);
    await page.keyboard.type('abX');
    await page.keyboard.press('Backspace');
    await page.keyboard.type('c\n');
    await expect('the second line', /^abX[\b\x7f]c\r$/);
    await page.keyboard.insertText('grün');
    await page.keyboard.press('Enter');
    await expect('the third line', /^grün\r$/);
  });

  test(`${name}: a long text is typed completely and in order`, { skip: unable, timeout: 120000 }, async () => {
    const text = Array.from({ length: 1000 }, (_, i) => 'abcdefghijklmnopqrstuvwxyz0123456789'[(i * 7) % 36]).join('');
    await page.getByRole('button', { name: 'Text and clipboard' }).click();
    await page.getByLabel('Text for the device').fill(`${text}\n`);
    await page.getByRole('button', { name: 'Type it' }).click();
    await page.getByText('The text has been typed.').waitFor({ timeout: 30000 });
    await until('all of it', () => lines().endsWith('\r'), 90);
    assert.equal(lines(), `${text}\r`);
    await shot(`desktop-text-${kind}`);
    await page.getByRole('button', { name: 'Close' }).click();
  });

  test(`${name}: nothing is sent while nothing happens`, { skip: unable, timeout: 120000 }, async () => {
    // The answers to what was just typed have to be over.
    await until('a quiet second', async () => {
      const count = received.length;
      await page.evaluate(() => new Promise((next) => { setTimeout(next, 1000); }));
      return received.length === count;
    }, 30);
    const [tiles, packets] = [received.length, sent.length];
    await page.evaluate(() => new Promise((next) => { setTimeout(next, 3000); }));
    assert.equal(received.length, tiles);
    assert.equal(sent.length, packets);
    assert.deepEqual(problems.splice(0), []);
  });

  test(`${name}: view only sends no input; modifiers are let go when the focus leaves`, { skip: unable, timeout: 120000 }, async () => {
    await area().click({ position: { x: 200, y: 200 } });
    await page.keyboard.down('Control');
    await page.keyboard.press('ArrowLeft');
    const held = sent.length;
    await page.getByRole('button', { name: 'View only' }).focus();
    await until('the key is let go', () => sent.slice(held).some((p) => p[1] === 1 && p[4] === 1 && p[5] === 17));
    await page.keyboard.up('Control');
    await page.getByRole('button', { name: 'View only' }).click();
    const count = sent.length;
    await area().click({ position: { x: 100, y: 100 } });
    await page.keyboard.type('nothing');
    assert.equal(sent.slice(count).filter((p) => [1, 2, 85].includes(p[1])).length, 0);
    await page.getByRole('button', { name: 'View only' }).click();
  });

  test(`${name}: the screen can be locked where the agent can do it`, { skip: unable, timeout: 120000 }, async () => {
    await page.getByRole('button', { name: 'More about the picture' }).click();
    const item = page.getByRole('menuitem', { name: 'Lock the screen of the device' });
    await page.getByRole('menuitem', { name: 'Disconnect' }).waitFor();
    if (kind === 'theirs') {
      assert.equal(await item.count(), 0);
      await page.keyboard.press('Escape');
      return;
    }
    const count = said.length;
    await item.click();
    await until('the order', () => said.slice(count).some((text) => JSON.parse(text).type === 'lock'));
  });

  test(`${name}: a guest sees the shared desktop until it is taken back`, { skip: unable, timeout: 120000 }, async () => {
    const node = JSON.parse(await bowline.ctl(['device', 'list', '--json'])).devices.find((d) => d.group === kind)._id;
    const control = await bowline.control();
    const share = await control.ask({ action: 'createDeviceShareLink', nodeid: node, guestname: 'Ann', p: 2, consent: 0, viewOnly: true, expire: 60 });
    const guest = await context.newPage();
    await guest.goto(share.url);
    await guest.getByText('Guest: Ann').waitFor({ timeout: 30000 });
    await guest.waitForFunction((width) => document.querySelector('.bl-canvas')?.width === width, SIZE[0], { timeout: 30000 });
    await guest.getByText('view only').waitFor();
    if (shots) await guest.screenshot({ path: join(shots, `guest-${kind}.png`) });
    await control.ask({ action: 'removeDeviceShare', nodeid: node, publicid: share.publicid });
    await guest.getByText('This link has been taken back').waitFor({ timeout: 30000 });
    await guest.close();
    control.socket.close();
  });

  test(`${name}: a hidden tab pauses; the picture is right when it is shown again`, { skip: unable, timeout: 120000 }, async () => {
    const count = sent.length;
    await page.getByRole('link', { name: 'General', exact: true }).click();
    await until('the pause', () => sent.slice(count).some((p) => p[1] === 8 && p[4] === 1));
    await end(display.terminal);
    await page.getByRole('link', { name: 'Desktop', exact: true }).click();
    await until('another colour', async () => !near(await pixel(700, 500), [0x20, 0x50, 0x80]), 30);
    await page.evaluate(() => document.activeElement?.blur());
    for (const [name, pressed] of [['Real size (1)', true], ['Fit the picture into the page (0)', true]]) {
      await page.getByRole('button', { name }).click();
      assert.equal(await page.getByRole('button', { name }).getAttribute('aria-pressed'), String(pressed));
    }
    assert.deepEqual(problems.splice(0), []);
  });

  test(`${name}: a broken session comes back by itself`, { skip: unable, timeout: 120000 }, async () => {
    await end(bowline.process);
    await bowline.run();
    await page.getByText('Connected', { exact: true }).waitFor({ timeout: 60000 });
    await until('a picture after the break', async () => (await pixel(10, 10)) !== null && received.length > 0, 60);
    // Chromium reports the sockets that could not be opened meanwhile.
    problems.length = 0;
    await page.goto(`${bowline.url}/`);
    await end(display.process);
  });
}

works('bowline-agent', 'ours', skip, (group, display) => bowline.startAgent(group, { env: { DISPLAY: display } }));
works('MeshAgent', 'theirs', skip || skipMeshAgent, (group, display) => bowline.startMeshAgent(group, { display }));
