// SPDX-License-Identifier: Apache-2.0
// The page in Chromium against the invented server: the flows of a working day,
// under the strict policy, without one complaint on the console.
// Usage: node tests/flow.mjs --dist DIR
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import test, { after, before } from 'node:test';
import { parseArgs } from 'node:util';
import { CHROMIUM, openBrowser, signIn } from './browser.mjs';
import { tree } from './fake-device.mjs';
import { makeNode, startFakeServer } from './fake-server.mjs';

const { values: opt } = parseArgs({ options: { dist: { type: 'string', default: 'dist' } } });
const skip = CHROMIUM ? false : 'no Chromium here';
let server;
let browser;
let page;

before(async () => {
  if (skip) return;
  server = await startFakeServer({ dist: opt.dist, devices: 12 });
  browser = await openBrowser({ viewport: { width: 1366, height: 768 }, acceptDownloads: true });
  page = browser.page;
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const first = () => [...server.state.nodes.keys()][0].split('/').pop();
const quiet = () => assert.deepEqual(browser.problems.splice(0), []);

test('signing in: small, errors in words, then the device list', { skip }, async () => {
  server.traffic.requests.length = 0;
  server.traffic.bytes = 0;
  await page.goto(`${server.url}/`);
  await page.waitForSelector('#login-username:focus');
  assert.ok(server.traffic.requests.length <= 6, server.traffic.requests.join(' '));
  assert.ok(server.traffic.bytes <= 60_000, `${server.traffic.bytes} bytes`);
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('Enter your user name.').waitFor();
  await page.fill('#login-username', 'admin');
  await page.fill('#login-password', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByText('The user name or the password is not right.').waitFor();
  // Chromium itself reports the status 401.
  browser.problems.length = 0;
  await page.fill('#login-password', 'admin');
  await page.keyboard.press('Enter');
  await page.getByText('12 devices, 10 online').waitFor();
  quiet();
});

test('the first page stays small', { skip }, async () => {
  server.traffic.requests.length = 0;
  server.traffic.bytes = 0;
  const cold = await openBrowser({ viewport: { width: 1366, height: 768 } });
  await cold.context.addCookies(await browser.context.cookies());
  await cold.page.addInitScript(() => localStorage.setItem('bowline.signed-in', '1'));
  await cold.page.goto(`${server.url}/`);
  await cold.page.getByText('12 devices').waitFor();
  assert.ok(server.traffic.bytes <= 250_000, `${server.traffic.bytes} bytes`);
  assert.ok(server.traffic.requests.length <= 15, server.traffic.requests.join(' '));
  assert.deepEqual(cold.problems, []);
  await cold.close();
});

test('search: "/" focuses, Enter opens, the address keeps it', { skip }, async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('mail-03');
  await page.getByText('1 match', { exact: true }).waitFor();
  await page.waitForFunction(() => location.search.includes('mail-03'));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'mail-03', level: 1 }).waitFor();
  await page.goBack();
  assert.equal(await page.inputValue('input[type=search]'), 'mail-03');
  await page.getByRole('button', { name: 'Clear the search' }).click();
  quiet();
});

test('pushed events change the list without a reload', { skip }, async () => {
  const [groupId] = server.state.groups.keys();
  const node = { ...makeNode(500, groupId), name: 'fresh-machine' };
  server.state.nodes.set(node._id, node);
  server.broadcast({ action: 'addnode', node });
  await page.getByText('13 devices').waitFor();
  server.broadcast({ action: 'nodeconnect', nodeid: node._id, conn: 0, pwr: 0, ct: Date.now() });
  await page.locator('.bl-row.bl-offline', { hasText: 'fresh-machine' }).waitFor();
  quiet();
});

test('a request for help: said at once, marked in the list and on the device, and over', { skip }, async () => {
  const [id, node] = [...server.state.nodes].find(([, n]) => n.name.startsWith('db-02'));
  server.broadcast({ action: 'devicesessions', nodeid: id, sessions: { help: { anna: 'The mouse is <b>dead</b>' } } });
  await page.getByText(`anna at ${node.name} asks for help: The mouse is <b>dead</b>`).waitFor();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  const row = page.locator('.bl-row', { hasText: node.name });
  await row.getByText('Asks for help').waitFor();
  await row.locator('.bl-name').click();
  await page.locator('.bl-help', { hasText: 'anna asks for help' }).getByText('The mouse is <b>dead</b>').waitFor();
  server.broadcast({ action: 'devicesessions', nodeid: id, sessions: {} });
  await page.waitForFunction(() => document.querySelector('.bl-help') === null);
  await page.goBack();
  await page.waitForSelector('.bl-row');
  quiet();
});

test('the palette: Ctrl-K to a device, and to what can be done with it', { skip }, async () => {
  await page.keyboard.press('Control+k');
  const box = page.getByRole('combobox', { name: 'Device, group or action' });
  await box.fill('no such thing');
  await page.getByText('Nothing has that name.').waitFor();
  await box.fill('mail-03');
  await page.getByRole('option', { name: /^mail-03/ }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'mail-03', level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  await box.fill('run');
  await page.getByRole('option', { name: /Run a command/, selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByLabel('Command', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('Command', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: /Ctrl-K/ }).click();
  await box.waitFor();
  await page.keyboard.press('Escape');
  await box.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  await page.waitForSelector('.bl-row');
  quiet();
});

test('details: asked anew, saved as a file', { skip }, async () => {
  await page.goto(`${server.url}/device/${first()}/general`);
  await page.getByText('A drive is about to fail: ST4000NM000A').waitFor();
  await page.getByText('(5 hours ago)').waitFor();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText(/Details from .*just now/).waitFor();
  await page.getByRole('button', { name: 'Save the details' }).click();
  const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Save as CSV' }).click()]);
  assert.match(readFileSync(await csv.path(), 'utf8'), /Drives,ST4000NM000A,"sda/);
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  await page.waitForSelector('.bl-row');
  quiet();
});

test('groups: create, rename, add a device, delete by typing the name', { skip }, async () => {
  await page.getByRole('link', { name: 'Groups' }).click();
  await page.getByRole('button', { name: 'Create group' }).click();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('Give the group a name.').waitFor();
  await page.getByLabel('Name').fill('Night shift');
  await page.keyboard.press('Enter');
  const card = page.locator('.bl-card', { hasText: 'Night shift' });
  await card.waitFor();
  await card.getByRole('button', { name: 'Add device' }).click();
  const line = await page.locator('.bl-copy code').first().textContent();
  const id = [...server.state.groups.values()].find((g) => g.name === 'Night shift')._id.split('/').pop();
  assert.ok(line.includes(id), line);
  const href = await page.getByRole('link', { name: /settings file/ }).getAttribute('href');
  assert.equal(new URL(href, server.url).searchParams.get('id'), id);
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await card.getByRole('button', { name: 'Change Night shift' }).click();
  await page.getByLabel('Name').fill('Early shift');
  await page.getByRole('button', { name: 'Save' }).click();
  const renamed = page.locator('.bl-card', { hasText: 'Early shift' });
  await renamed.getByRole('button', { name: 'Delete Early shift' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('Type the name of the group to confirm.').waitFor();
  await page.getByLabel('Name of the group').fill('Early shift');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await renamed.waitFor({ state: 'detached' });
  quiet();
});

test('terminal: one click to a prompt, typing, tabs, resize', { skip }, async () => {
  await page.getByRole('link', { name: 'Devices', exact: true }).click();
  await page.getByRole('link', { name: 'Terminal of web-01' }).click();
  const screen = (text) => page.waitForFunction((t) => document.querySelector('.xterm-rows')?.textContent?.includes(t), text);
  await screen('root@demo');
  assert.match(page.url(), /\/device\/[^/]+\/terminal$/);
  await page.keyboard.type('echo kept alive\r');
  await screen('kept alive');
  await page.getByRole('link', { name: 'General' }).click();
  await page.getByText('HPE ProLiant DL20').waitFor();
  await page.getByRole('link', { name: 'Terminal', exact: true }).click();
  await screen('kept alive');
  await page.setViewportSize({ width: 1000, height: 600 });
  await page.keyboard.type('stty\r');
  await page.waitForFunction(() => /stty\s*\d+ \d+/.test(document.querySelector('.xterm-rows')?.textContent ?? ''));
  await page.setViewportSize({ width: 1366, height: 768 });
  await page.keyboard.type('exit\r');
  await page.getByText('The session has ended.').waitFor();
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.getByText('Connected', { exact: true }).waitFor();
  quiet();
});

test('files: upload, hash, download, rename, new folder, delete', { skip }, async () => {
  await page.goto(`${server.url}/device/${first()}/files`);
  await page.getByRole('button', { name: 'home', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Type a path' }).click();
  await page.keyboard.type('/home/demo');
  await page.keyboard.press('Enter');
  await page.getByText('notes.txt').waitFor();
  const data = randomBytes(3_000_000);
  data[0] = 0x7b;
  await page.locator('input[type=file]').setInputFiles([{ name: 'up.bin', mimeType: 'application/octet-stream', buffer: data }]);
  await page.getByText('all done').waitFor();
  assert.deepEqual(tree.get('/home/demo/up.bin').data, data);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download up.bin' }).click()]);
  assert.deepEqual(readFileSync(await download.path()), data);
  await page.locator('.bl-file', { hasText: 'up.bin' }).locator('.bl-file-size').click();
  await page.keyboard.press('F2');
  await page.getByLabel('New name').fill('renamed.bin');
  await page.keyboard.press('Enter');
  await page.locator('.bl-file', { hasText: 'renamed.bin' }).waitFor();
  await page.getByRole('button', { name: 'New folder' }).click();
  await page.getByLabel('Name of the new folder').fill('made here');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'made here', exact: true }).waitFor();
  assert.equal(tree.get('/home/demo/made here').t, 2);
  await page.getByLabel('Select renamed.bin').check();
  await page.getByRole('toolbar', { name: 'Selected files' }).getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.locator('.bl-file', { hasText: 'renamed.bin' }).waitFor({ state: 'detached' });
  assert.equal(tree.has('/home/demo/renamed.bin'), false);
  quiet();
});

test('files: dropped on the tab, remembered folder, unreadable folder', { skip }, async () => {
  const transfer = await page.evaluateHandle(() => {
    const t = new DataTransfer();
    t.items.add(new File(['dropped'], 'drop.txt'));
    return t;
  });
  await page.dispatchEvent('.bl-file-list', 'drop', { dataTransfer: transfer });
  await page.locator('.bl-file', { hasText: 'drop.txt' }).waitFor();
  assert.equal(tree.get('/home/demo/drop.txt').data.toString(), 'dropped');
  await page.reload();
  await page.getByText('drop.txt').waitFor();
  await page.getByRole('button', { name: 'Type a path' }).click();
  await page.keyboard.type('/nowhere');
  await page.keyboard.press('Enter');
  await page.getByText('“/nowhere” does not exist or cannot be read.').waitFor();
  await page.getByText('drop.txt').waitFor();
  quiet();
});

test('language and colours change in place', { skip }, async () => {
  await page.goto(`${server.url}/`);
  await page.getByRole('button', { name: 'Account: admin' }).click();
  const start = Date.now();
  await page.getByRole('menuitem', { name: 'Deutsch' }).click();
  await page.getByRole('heading', { name: 'Geräte', level: 1 }).waitFor();
  assert.ok(Date.now() - start < 1500);
  assert.equal(await page.getAttribute('html', 'lang'), 'de');
  await page.getByRole('button', { name: 'Dunkle Farben verwenden' }).click();
  assert.match(await page.getAttribute('html', 'class'), /pf-v6-theme-dark/);
  await page.reload();
  await page.getByRole('button', { name: 'Helle Farben verwenden' }).click();
  await page.getByRole('button', { name: 'Konto: admin' }).click();
  await page.getByRole('menuitem', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor();
  quiet();
});

test('a lost server: banner, then back with fresh lists', { skip }, async () => {
  for (const socket of server.sockets) socket.terminate();
  await page.getByText(/connection to the server is lost/).waitFor();
  await page.getByText(/connection to the server is lost/).waitFor({ state: 'detached' });
  await page.getByText('13 devices').waitFor();
  quiet();
});

test('signing out shows the form', { skip }, async () => {
  await page.getByRole('button', { name: 'Account: admin' }).click();
  await page.getByRole('menuitem', { name: 'Sign out', exact: true }).click();
  await page.waitForSelector('#login-username');
  quiet();
});

test('5000 devices: few nodes, quick search, no sideways scrolling on a phone', { skip }, async () => {
  const big = await startFakeServer({ dist: opt.dist, devices: 5000, groups: 6 });
  await signIn(page, big.url);
  await page.getByText('5,000 devices').waitFor();
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(nodes <= 1500, `${nodes} nodes`);
  const took = await page.evaluate(async () => {
    const input = document.querySelector('input[type=search]');
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
    const times = [];
    for (const text of ['d', 'db', 'db-', 'db-1', 'db-10']) {
      const start = performance.now();
      set.call(input, text);
      input.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
      times.push(performance.now() - start);
    }
    return times;
  });
  // The machine may be busy; a page that draws everything needs seconds.
  assert.ok(Math.min(...took) < 150, took.join(' '));
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['/', '/groups', `/device/${[...big.state.nodes.keys()][0].split('/').pop()}/files`]) {
    await page.goto(`${big.url}${path}`);
    await page.waitForSelector('h1');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
    assert.equal(await page.locator('h1').count(), 1);
  }
  await big.stop();
  quiet();
});

test('a frame of another site: no cookies, one device, nothing else on the screen', { skip }, async () => {
  // Fresh, since the tests before have changed the devices of theirs.
  const own = await startFakeServer({ dist: opt.dist, devices: 12 });
  const id = [...own.state.nodes.keys()][0].split('/').pop();
  const hex = Buffer.from(id.replace(/@/g, '+').replace(/\$/g, '/'), 'base64').toString('hex');
  const outer = createServer((request, response) => {
    const src = new URL(request.url, 'http://localhost').searchParams.get('src') ?? '';
    response.setHeader('Content-Type', 'text/html').end(`<title>outer</title><iframe width="900" height="600" src="${src.replace(/&/g, '&amp;')}"></iframe>`);
  });
  await new Promise((next) => { outer.listen(0, '127.0.0.1', next); });
  // Another site for the browser: cookies that are SameSite=Strict stay away.
  const { port } = outer.address();
  const other = await openBrowser({ viewport: { width: 1000, height: 700 } });
  const show = async (query) => {
    await other.page.goto(`http://127.0.0.1:${port}/?src=${encodeURIComponent(`${own.url.replace('127.0.0.1', 'localhost')}/?login=secret&${query}`)}`);
    return other.page.frameLocator('iframe');
  };
  try {
    const frame = await show(`gotonode=${hex.toUpperCase()}&viewmode=12&hide=31`);
    await frame.getByText('Connected', { exact: true }).waitFor();
    for (const gone of ['.bl-masthead', '.bl-rail', '.bl-tabs', '.bl-device-head']) assert.equal(await frame.locator(gone).count(), 0, gone);
    const inner = other.page.frames().find((f) => f !== other.page.mainFrame());
    assert.equal(new URL(inner.url()).pathname.split('/').pop(), 'terminal');
    assert.ok(!inner.url().includes('secret'));
    assert.ok(inner.url().includes('hide=31'));
    await (await show(`gotonode=${'0'.repeat(96)}&viewmode=11&hide=63`)).getByText('This device is not visible to you').waitFor();
    await (await show('gotodevicename=web-01&viewmode=10')).getByRole('heading', { name: 'web-01' }).waitFor();
    await (await show('')).getByText('12 devices').waitFor();
    assert.equal((await other.context.cookies()).length, 0);
    assert.deepEqual(other.problems, []);
  } finally {
    await other.close();
    outer.close();
    await own.stop();
  }
});

test('a guest: only what is shared, for as long as it is', { skip }, async () => {
  const other = await openBrowser({ viewport: { width: 1366, height: 768 } });
  const guest = { state: 'open', name: 'Ann <x>', nodeId: [...server.state.nodes.keys()][0], nodeName: 'web-01', online: true, protocols: 3, viewOnly: true,
    authCookie: 'ticket', cookieExpire: Date.now() + 3.6e6, expire: Date.now() + 1.8e6 };
  const sockets = [];
  other.page.on('websocket', (ws) => sockets.push(new URL(ws.url())));
  try {
    server.state.guest = guest;
    await other.page.goto(`${server.url}/sharing?c=link`);
    await other.page.getByText('Connected', { exact: true }).waitFor();
    await other.page.waitForFunction(() => document.querySelector('.bl-canvas')?.width === 1280);
    await other.page.getByText('Guest: Ann <x>').waitFor();
    await other.page.getByText('30 minutes left').waitFor();
    await other.page.getByText('view only').waitFor();
    assert.deepEqual(await other.page.getByRole('tab').allTextContents(), ['Desktop', 'Terminal']);
    await other.page.getByRole('tab', { name: 'Terminal' }).click();
    await other.page.waitForFunction(() => document.querySelector('.xterm-rows')?.textContent?.includes('root@demo'));
    assert.deepEqual(sockets.map((u) => [u.pathname, u.searchParams.get('auth'), u.searchParams.get('p')]), [['/meshrelay.ashx', 'ticket', '2'], ['/meshrelay.ashx', 'ticket', '1']]);
    assert.deepEqual(other.problems.splice(0), []);
    // Taken back: the server closes the sessions, and the page asks why.
    server.state.guest = { state: 'revoked' };
    for (const ws of server.sockets) ws.terminate();
    await other.page.getByText('This link has been taken back').waitFor();
    other.problems.length = 0; // Chromium itself reports the status 404
    for (const [answer, text] of [[{ state: 'expired' }, 'This link has expired'], [{ state: 'early', start: Date.now() + 6e5 }, 'This link is not valid yet'],
      [{ state: 'open' }, 'This link is not valid'], [{ state: 'invalid' }, 'This link is not valid']]) {
      server.state.guest = answer;
      await other.page.goto(`${server.url}/sharing?c=link`);
      await other.page.getByRole('heading', { name: text, exact: true }).waitFor();
    }
  } finally {
    await other.close();
  }
});
