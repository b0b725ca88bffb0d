// SPDX-License-Identifier: Apache-2.0
// The VNC window that Tactical RMM opens: a real VNC server (x11vnc) on a screen of its own, through bowline-agent and the real
// MeshAgent, in Chromium, under the page's own policy.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Display } from './display.mjs';
import { BUILD, Bowline, end, freePorts, skipMeshAgent, start, until } from './lib.mjs';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const built = process.env.BL_TEST_PAGE || existsSync(join(BUILD, 'web', 'dist', 'manifest.json'));
const tools = ['/usr/bin/Xvfb', '/usr/bin/x11vnc', '/usr/bin/xsetroot', '/usr/bin/xdotool'].every(existsSync);
const skip = !CHROMIUM ? 'no Chromium here' : !built ? 'the page is not built here' : !tools && 'no Xvfb, x11vnc, xsetroot or xdotool here';
const SECRET = 'letmein7';
const scratch = mkdtempSync(join(tmpdir(), 'bowline-vnc-'));
let bowline;
let control;
let group;
let context;
let display;
let port;
let closedPort;
let server;
const nodes = {};

before(async () => {
  if (skip) return;
  display = await Display.start({ size: '640x480' });
  display.run('xsetroot', '-solid', '#2060c0');
  [port, closedPort] = await freePorts(2);
  writeFileSync(join(scratch, 'secret'), SECRET);
  server = start('x11vnc', ['-display', display.name, '-rfbport', String(port), '-localhost', '-forever', '-shared', '-passwdfile', join(scratch, 'secret'), '-noxdamage', '-quiet'],
    { stdio: 'ignore', env: { ...process.env, HOME: scratch } });
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  group = (await control.ask({ action: 'createmesh', meshname: 'TacticalRMM', meshtype: 2 })).meshid;
  await bowline.startAgent('TacticalRMM', { name: 'ours' });
  const [ours] = await bowline.waitOnline(1);
  nodes.ours = ours._id;
  if (!skipMeshAgent) {
    await bowline.startMeshAgent('TacticalRMM');
    nodes.mesh = (await bowline.waitOnline(2)).find((r) => r._id !== ours._id)._id;
  }
  const { chromium } = createRequire(join(process.env.BL_TEST_NODE_MODULES, 'x.js'))('playwright-core');
  context = await chromium.launchPersistentContext(join(scratch, 'profile'), { executablePath: CHROMIUM, headless: true, locale: 'en',
    ignoreHTTPSErrors: true, viewport: { width: 1000, height: 700 },
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update'] });
});

after(async () => {
  await context?.close();
  control?.close();
  const code = await bowline?.stop();
  if (server) await end(server);
  if (display) await end(display.process);
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(code, 0);
});

async function cookieFor(nodeid, tcpport = port) {
  const { cookie } = await control.ask({ action: 'getcookie', name: null, nodeid, tag: 'novnc', tcpaddr: null, tcpport });
  return cookie;
}

const addressOf = (cookie) => `${bowline.url}/novnc/vnc.html?ws=${encodeURIComponent(`wss://localhost:${bowline.port}/meshrelay.ashx?auth=${cookie}`)}&show_dot=1&l=en&resize=scale&name=host1`;

/** Opens a window; what the browser says against it is kept. */
async function show(address) {
  const page = await context.newPage();
  page.said = [];
  page.on('console', (m) => { if (m.type() === 'error') page.said.push(m.text()); });
  page.on('pageerror', (e) => page.said.push(String(e)));
  await page.goto(address);
  return page;
}

async function signIn(page, password) {
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Colour in the middle of the device's screen. */
const colour = (page) => page.evaluate(() => {
  const canvas = document.querySelector('.vnc-screen canvas');
  if (!canvas?.width) return null;
  return [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data.slice(0, 3)];
});

const near = (seen, wanted) => seen?.every((value, i) => Math.abs(value - wanted[i]) < 12);

for (const [kind, without] of [['ours', false], ['mesh', skipMeshAgent]]) {
  test(`the screen in a window, by ${kind === 'ours' ? 'bowline-agent' : 'a MeshAgent'}`, { skip: skip || without, timeout: 90000 }, async () => {
    display.run('xsetroot', '-solid', '#2060c0');
    const page = await show(addressOf(await cookieFor(nodes[kind])));
    await signIn(page, SECRET);
    assert.equal(await page.title(), 'host1 – Bowline');
    await page.getByText('Connected', { exact: true }).waitFor({ timeout: 20000 });
    await until('the blue screen', async () => near(await colour(page), [0x20, 0x60, 0xc0]), 20);
    display.run('xsetroot', '-solid', '#c02040');
    await until('the change', async () => near(await colour(page), [0xc0, 0x20, 0x40]), 20);
    await page.mouse.move(500, 400);
    await until('the pointer follows', () => {
      const [x, y] = /x:(\d+) y:(\d+)/.exec(display.run('xdotool', 'getmouselocation')).slice(1).map(Number);
      return Math.abs(x - 320) < 12 && y > 200 && y < 300;
    }, 10);
    if (process.env.BL_TEST_SHOTS) await page.screenshot({ path: join(process.env.BL_TEST_SHOTS, `vnc-${kind}.png`) });
    assert.deepEqual(page.said, [], 'the policy of the site holds');
    await page.close();
  });
}

test('a wrong password can be tried again', { skip, timeout: 60000 }, async () => {
  const page = await show(addressOf(await cookieFor(nodes.ours)));
  await signIn(page, 'wrong');
  await page.getByRole('alert').waitFor({ timeout: 20000 });
  await page.getByRole('button', { name: 'Connect again' }).click();
  await signIn(page, SECRET);
  await page.getByText('Connected', { exact: true }).waitFor({ timeout: 20000 });
  await page.close();
});

test('windows that lead nowhere say so', { skip, timeout: 120000 }, async () => {
  const { cookie } = await control.ask({ action: 'authcookie' });
  for (const [address, text] of [
    [`${bowline.url}/novnc/vnc.html`, /leads to no device/],
    [`${bowline.url}/novnc/vnc.html?ws=${encodeURIComponent('wss://evil.example/meshrelay.ashx?auth=a')}`, /leads to no device/],
    [addressOf(cookie), /cannot be reached/],
    [addressOf('x'), /cannot be reached/],
    [addressOf(await cookieFor(nodes.ours, closedPort)), /No VNC server answers/],
    ...(nodes.mesh ? [[addressOf(await cookieFor(nodes.mesh, closedPort)), /No VNC server answers/]] : []),
  ]) {
    const page = await show(address);
    await page.getByRole('alert').filter({ hasText: text }).waitFor({ timeout: 40000 });
    await page.close();
  }
});

test('where somebody must agree and nobody can, the window says so', { skip, timeout: 60000 }, async () => {
  await control.ask({ action: 'editmesh', meshid: group, consent: 8 });
  const page = await show(addressOf(await cookieFor(nodes.ours)));
  await page.getByRole('alert').filter({ hasText: /must agree/ }).waitFor({ timeout: 40000 });
  await page.close();
  await control.ask({ action: 'editmesh', meshid: group, consent: 0 });
});
