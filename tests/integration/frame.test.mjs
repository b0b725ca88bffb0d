// SPDX-License-Identifier: Apache-2.0
// A window of Tactical RMM in a frame of another site, in Chromium, which gives such a frame no cookies: its terminal works. A
// site that is not allowed gets nothing to show.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { BUILD, Bowline, until } from './lib.mjs';
import { hexOf, loginToken } from './tokens.mjs';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const built = process.env.BL_TEST_PAGE || existsSync(join(BUILD, 'web', 'dist', 'manifest.json'));
const skip = !CHROMIUM ? 'no Chromium here' : !built && 'the page is not built here';
const scratch = mkdtempSync(join(tmpdir(), 'bowline-frame-'));
const TERMINAL = 12;
let bowline;
let context;
let site;
let address;

before(async () => {
  if (skip) return;
  const [key, cert] = ['site.key', 'site.crt'].map((name) => join(scratch, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=example.com',
    '-days', '2', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  site = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end(`<!doctype html><title>dashboard</title><iframe width="1200" height="700" src="${address.replaceAll('&', '&amp;')}"></iframe>`);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  bowline = await Bowline.start({ sets: [`server.allow-framing=https://rmm.example.com:${site.address().port}`] });
  await bowline.createUser('admin');
  const group = await bowline.createGroup('TacticalRMM');
  await bowline.startAgent(group);
  const [device] = await bowline.waitOnline(1);
  const secret = Buffer.from((await bowline.ctl(['login-key'])).trim(), 'hex');
  const control = await bowline.control();
  await control.ask({ action: 'adduser', username: 'john___1', email: 'j@example.com', pass: 'x!0123456789Abcdefgh' });
  await control.ask({ action: 'adddeviceuser', nodeid: device._id, usernames: ['john___1'], rights: 4088024, remove: false });
  control.close();
  address = `${bowline.url}/?login=${encodeURIComponent(loginToken(secret, 'john___1'))}&gotonode=${hexOf(device._id)}&viewmode=${TERMINAL}&hide=31`;
  const { chromium } = createRequire(join(process.env.BL_TEST_NODE_MODULES, 'x.js'))('playwright-core');
  context = await chromium.launchPersistentContext(join(scratch, 'profile'), { executablePath: CHROMIUM, headless: true, locale: 'en',
    ignoreHTTPSErrors: true, viewport: { width: 1366, height: 768 }, args: ['--no-sandbox', '--disable-gpu', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--host-resolver-rules=MAP *.example.com 127.0.0.1'] });
});

after(async () => {
  await context?.close();
  site?.close();
  const code = await bowline?.stop();
  rmSync(scratch, { recursive: true, force: true });
  if (!skip) assert.equal(code, 0);
});

async function show(name) {
  const page = await context.newPage();
  await page.goto(`https://${name}.example.com:${site.address().port}/`);
  return { page, frame: await (await page.waitForSelector('iframe')).contentFrame() };
}

test('the terminal of the device, in a frame of the allowed site', { skip, timeout: 90000 }, async () => {
  const { page, frame } = await show('rmm');
  await frame.getByText('Connected', { exact: true }).waitFor({ timeout: 30000 });
  await frame.locator('.xterm').click();
  await page.keyboard.type('echo "sum: $((6*7))"\r');
  await frame.waitForFunction(() => document.querySelector('.xterm-rows')?.textContent?.includes('sum: 42'), null, { timeout: 20000 });
  assert.equal(await frame.getByRole('link', { name: 'Groups' }).count(), 0, 'the page around it is hidden');
  assert.deepEqual((await context.cookies()).filter((c) => c.name.includes('bowline')), [], 'the frame was given no session');
  if (process.env.BL_TEST_SHOTS) await page.screenshot({ path: join(process.env.BL_TEST_SHOTS, 'frame.png') });
  await page.close();
});

test('another site shows nothing', { skip, timeout: 60000 }, async () => {
  const refused = [];
  const page = await context.newPage();
  page.on('console', (m) => refused.push(m.text()));
  await page.goto(`https://evil.example.com:${site.address().port}/`);
  await until('the browser refuses', () => refused.some((t) => t.includes('frame-ancestors')));
  const frame = await (await page.waitForSelector('iframe')).contentFrame();
  assert.equal(await frame.locator('.xterm').count(), 0);
  await page.close();
});
