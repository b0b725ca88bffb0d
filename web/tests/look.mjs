// SPDX-License-Identifier: Apache-2.0
// Takes pictures of the page in Chromium, and fails on any console message of
// warning level or above (a breach of the content security policy is one).
// Usage: node tests/look.mjs --dist DIR --out DIR [--only NAME] [--devices N]
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openBrowser, signIn } from './browser.mjs';
import { startFakeServer } from './fake-server.mjs';

const { values: opt } = parseArgs({ options: {
  dist: { type: 'string', default: 'dist' }, out: { type: 'string', default: 'pictures' }, only: { type: 'string', default: '' },
  devices: { type: 'string', default: '60' }, lang: { type: 'string', default: 'en' },
} });
mkdirSync(opt.out, { recursive: true });
const server = await startFakeServer({ dist: opt.dist, devices: Number(opt.devices) });
const SIZES = { wide: { width: 1366, height: 768 }, phone: { width: 390, height: 844 } };
const problems = [];

const firstId = [...server.state.nodes.keys()][0].split('/').pop();

/** Waits until every animation that ends has ended and the result is painted. */
const settled = (page) => page.evaluate(async () => {
  const ending = document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity);
  await Promise.allSettled(ending.map((a) => a.finished));
  await new Promise((next) => { requestAnimationFrame(() => requestAnimationFrame(next)); });
});

const STEPS = {
  login: async (page) => { await page.goto(`${server.url}/login`); await page.waitForSelector('#login-username'); },
  devices: async (page) => { await page.goto(`${server.url}/`); await page.waitForSelector('.bl-row'); },
  search: async (page) => { await page.goto(`${server.url}/`); await page.waitForSelector('.bl-row'); await page.keyboard.press('/'); await page.keyboard.type('os:debian'); await settled(page); },
  palette: async (page) => { await page.goto(`${server.url}/`); await page.waitForSelector('.bl-row'); await page.getByRole('button', { name: /Ctrl-K/ }).click(); await page.getByRole('combobox', { name: /^Device/ }).fill('web term'); await page.getByRole('option').first().waitFor(); await settled(page); },
  add: async (page) => { await page.goto(`${server.url}/`); await page.locator('.bl-toolbar .pf-m-primary').click(); await page.waitForSelector('.bl-copy'); await settled(page); },
  groups: async (page) => { await page.goto(`${server.url}/groups`); await page.waitForSelector('.bl-card'); },
  selected: async (page) => { await page.goto(`${server.url}/`); await page.waitForSelector('.bl-row'); for (const n of [1, 2, 3]) await page.locator('.bl-row:not(.bl-row-group) .bl-check input').nth(n).check(); },
  run: async (page) => {
    await page.getByRole('region', { name: 'Selected devices' }).getByRole('button', { name: 'Actions' }).click();
    await page.getByRole('menuitem', { name: 'Run a command' }).click();
    await page.getByLabel('Command', { exact: true }).fill('uptime');
    await page.keyboard.press('Control+Enter');
    await page.getByText(/have answered/).waitFor();
  },
  group: async (page) => { await page.goto(`${server.url}/group/${[...server.state.groups.keys()][0].split('/').pop()}`); await page.getByText('Invite somebody').waitFor(); },
  events: async (page) => { await page.goto(`${server.url}/events`); await page.waitForSelector('.bl-event'); },
  history: async (page) => { await page.goto(`${server.url}/device/${firstId}/events`); await page.waitForSelector('.bl-power-on'); },
  account: async (page) => { await page.goto(`${server.url}/account`); await page.getByText('192.0.2.7').waitFor(); },
  users: async (page) => { await page.goto(`${server.url}/admin/users`); await page.waitForSelector('.bl-table'); },
  usergroups: async (page) => { await page.goto(`${server.url}/admin/usergroups`); await page.getByText('Support', { exact: true }).waitFor(); },
  server: async (page) => { await page.goto(`${server.url}/admin/server`); await page.waitForSelector('.bl-chart'); },
  general: async (page) => { await page.goto(`${server.url}/device/${firstId}/general`); await page.waitForSelector('.bl-nets'); },
  desktop: async (page) => {
    await page.goto(`${server.url}/device/${firstId}/desktop`);
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.waitForFunction(() => document.querySelector('.bl-canvas')?.width === 1280);
    await settled(page);
  },
  clipboard: async (page) => { await page.locator('.bl-desk-touch, .bl-desk-bar').getByRole('button', { name: /^Text/ }).locator('visible=true').first().click(); await page.waitForSelector('.bl-desk-panel'); await settled(page); },
  keys: async (page) => { await page.getByRole('button', { name: 'Keys' }).click(); await settled(page); },
  terminal: async (page) => {
    await page.goto(`${server.url}/device/${firstId}/terminal`);
    await page.waitForFunction(() => document.querySelector('.xterm-rows')?.textContent?.includes('root@demo'));
    await page.keyboard.type('colours\r'); await settled(page);
  },
  files: async (page) => {
    await page.goto(`${server.url}/device/${firstId}/files`);
    await page.waitForSelector('.bl-file'); await page.getByRole('button', { name: 'var', exact: true }).click(); await page.getByRole('button', { name: 'log', exact: true }).click();
    await page.waitForFunction(() => document.body.textContent.includes('app-00.log'));
  },
};

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const scheme of ['light', 'dark']) {
    const { context, page, problems: complaints, close } = await openBrowser({ viewport, colorScheme: scheme, hasTouch: size === 'phone', isMobile: size === 'phone', locale: opt.lang });
    for (const [name, step] of Object.entries(STEPS)) {
      if (opt.only && !opt.only.split(',').includes(name)) continue;
      try {
        if (name !== 'login' && (await context.cookies()).length === 0) await signIn(page, server.url);
        await step(page);
        await settled(page);
      } catch (error) { problems.push(`${size} ${scheme} ${name}: ${error.message}`); }
      await page.screenshot({ path: join(opt.out, `${name}-${size}-${scheme}.png`) });
    }
    await close();
    problems.push(...complaints.map((c) => `${size} ${scheme}: ${c}`));
  }
}
await server.stop();
for (const p of new Set(problems)) console.error(p);
process.exit(problems.length > 0 ? 1 : 0);
