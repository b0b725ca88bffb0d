// SPDX-License-Identifier: Apache-2.0
// bowline-tray on a screen and a bus of its own: the panel's icon and menu, questions, the bar, messages, a request for help.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Display, Viewer } from './display.mjs';
import { BUILD, Bowline, TOP, end, openTunnel, start, until } from './lib.mjs';

const ASK_DESKTOP = 8;
const BAR = 64;
const XFCE_PANEL = `<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0"><property name="configver" type="int" value="2"/>
<property name="panels" type="array"><value type="int" value="1"/><property name="panel-1" type="empty">
<property name="position" type="string" value="p=6;x=0;y=0"/><property name="position-locked" type="bool" value="true"/>
<property name="length" type="uint" value="100"/><property name="size" type="uint" value="32"/>
<property name="plugin-ids" type="array"><value type="int" value="1"/></property></property></property>
<property name="plugins" type="empty"><property name="plugin-1" type="string" value="systray"/></property></channel>`;
const home = mkdtempSync(join(tmpdir(), 'bowline-tray-'));
let bowline;
let control;
let display;
let manager;
let bus;
let panel;
let tray;
let nodeid;
let env;

before(async () => {
  display = await Display.start({ size: '1280x800' });
  // The panel's settings are kept by a service that the bus starts.
  bus = start('dbus-daemon', ['--session', '--nofork', '--print-address=3'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], env: { ...display.env, HOME: home, XDG_CONFIG_HOME: join(home, '.config') } });
  const address = (await once(bus.stdio[3], 'data')).toString().trim();
  env = { ...display.env, DBUS_SESSION_BUS_ADDRESS: address, HOME: home, XDG_RUNTIME_DIR: home, GSK_RENDERER: 'cairo',
    GDK_BACKEND: 'x11', LC_ALL: 'C.UTF-8', GTK_A11Y: 'none' };
  manager = start('openbox', ['--sm-disable'], { stdio: 'ignore', env });
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  control = await bowline.control();
  const group = (await control.ask({ action: 'createmesh', meshname: 'Watched', meshtype: 2, consent: ASK_DESKTOP + BAR })).meshid;
  await bowline.startAgent(group, { env: { DBUS_SESSION_BUS_ADDRESS: address, DISPLAY: display.name }, settings: '[plugin presence]\nbus=session\n' });
  nodeid = (await bowline.waitOnline(1))[0]._id;
  panel = await startPanel();
  tray = startTray();
});

function startTray(more = {}) {
  // What GTK's drivers allocate and then unload themselves is no leak of the program's.
  const ASAN_OPTIONS = `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0`;
  return start(join(BUILD, 'agent', 'tray', 'bowline-tray'), ['--bus', 'session'],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...env, ASAN_OPTIONS, ...more } });
}

/** With BL_TEST_SHOTS=DIR the screen is kept there. */
function shoot(name) {
  if (process.env.BL_TEST_SHOTS) display.run('import', '-window', 'root', join(process.env.BL_TEST_SHOTS, `${name}.png`));
}

after(async () => {
  control?.close();
  const ends = [tray ? await end(tray) : 0, await bowline?.stop()];
  for (const child of [panel?.child, manager, bus, display?.process]) if (child) await end(child);
  rmSync(home, { recursive: true, force: true });
  assert.deepEqual(ends, [0, 0]);
});

async function startPanel() {
  const child = start('/usr/bin/python3', [join(TOP, 'tests', 'lib', 'panel.py')], { stdio: ['pipe', 'pipe', 'inherit'], env });
  const self = { child, item: null };
  let rest = '';
  child.stdout.on('data', (data) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    for (const [what, value] of lines.map((line) => JSON.parse(line))) {
      if (what === 'item') self.item = value;
      if (what === 'ready') self.ready = true;
      if (what === 'missing') assert.fail(`the menu has no row ${value}: ${JSON.stringify(self.item)}`);
    }
  });
  self.click = (label) => child.stdin.write(`${label}\n`);
  self.row = (label) => self.item?.rows.find((r) => r.label === label);
  await until('the panel is there', () => self.ready);
  return self;
}

const xdo = (...args) => display.run('xdotool', ...args);
const windowOf = (title) => { try { return xdo('search', '--onlyvisible', '--name', title).trim().split('\n').at(-1); } catch { return ''; } };
const shown = (title) => until(`window ${title}`, () => windowOf(title));
const gone = (title) => until(`window ${title} is gone`, () => windowOf(title) === '');

/** Presses a key in the window with this title until what is expected happens. */
async function press(title, key, what, happened) {
  await shown(title);
  let pressed = 0;
  await until(what, () => {
    const id = windowOf(title);
    if (id && Date.now() - pressed > 1500) {
      pressed = Date.now();
      try { xdo('windowactivate', '--sync', id, 'key', key); } catch { /* it closed meanwhile */ }
    }
    return happened();
  }, 60);
}

const viewDesktop = async () => new Viewer(await openTunnel(bowline, control, nodeid, 2));

test('an icon in the panel says that the server is there and nobody connected', async () => {
  await until('the state', () => panel.item?.title === 'Connected to localhost');
  assert.equal(panel.item.icon, 'network-idle-symbolic');
  assert.ok(panel.row('Nobody is connected'));
  assert.equal(panel.row('End all sessions').enabled, false);
});

test('a question: refused', async () => {
  const viewer = await viewDesktop();
  await shown('Remote session');
  shoot('question');
  await press('Remote session', 'alt+r', 'refused', () => viewer.tunnel.closed);
  assert.ok(viewer.tunnel.text.some((t) => /refused/.test(t)));
  await gone('Remote session');
});

test('a question: allowed; the bar and the panel show it; the bar ends it', async () => {
  const viewer = await viewDesktop();
  await press('Remote session', 'alt+a', 'the session starts', () => viewer.tunnel.binary.length > 0);
  await viewer.covered();
  await until('the panel shows it', () => panel.row('1 remote session') && panel.item.icon === 'network-transmit-receive-symbolic');
  await shown('This screen is being watched');
  await until('the bar is at the upper edge', () => /Position: \d+,0 /.test(xdo('getwindowgeometry', windowOf('This screen is being watched'))));
  panel.click('Remote sessions…');
  await shown('Remote sessions');
  shoot('sessions');
  await press('This screen is being watched', 'alt+e', 'it ends', () => viewer.tunnel.closed);
  await until('nobody is left', () => panel.row('Nobody is connected'));
  await gone('This screen is being watched');
});

test('a question that nobody waits for any more closes', async () => {
  const viewer = await viewDesktop();
  await shown('Remote session$');
  viewer.tunnel.socket.close();
  await gone('Remote session$');
});

test('pause and messages', async () => {
  panel.click('Pause remote sessions for an hour');
  await until('paused', () => /paused until/.test(panel.item.title));
  panel.click('Allow remote sessions again');
  await until('no longer', () => panel.item.title === 'Connected to localhost');
  control.send({ action: 'msg', type: 'messagebox', nodeid, title: 'From the administrator', msg: 'The server restarts at <b>noon</b>.', timeout: 60000 });
  await press('From the administrator', 'alt+c', 'closed', () => windowOf('From the administrator') === '');
});

test('a request for help reaches the administrators', async () => {
  panel.click('Ask for help…');
  const id = await shown('Ask for help');
  xdo('windowactivate', '--sync', id, 'type', 'No paper');
  shoot('help');
  await press('Ask for help', 'Return', 'sent', () => windowOf('Ask for help') === '');
  await control.take('help', (f) => f.event?.action === 'devicesessions' && JSON.stringify(f.event.sessions ?? {}).includes('paper'));
  await until('it can be taken back', () => panel.row('Take the request for help back'));
  panel.click('Take the request for help back');
  await control.take('taken back', (f) => f.event?.action === 'devicesessions' && !f.event.sessions?.help);
  await until('it can be asked again', () => panel.row('Ask for help…'));
});

test('a chat that an administrator offers is opened in the browser, now or from the menu', async () => {
  const opened = join(home, 'opened');
  mkdirSync(join(home, '.local', 'share', 'applications'), { recursive: true });
  mkdirSync(join(home, '.config'), { recursive: true });
  writeFileSync(join(home, '.local', 'share', 'applications', 'browser.desktop'),
    `[Desktop Entry]\nType=Application\nName=Browser\nExec=sh -c "echo %u >>${opened}"\nMimeType=x-scheme-handler/https;\n`);
  writeFileSync(join(home, '.config', 'mimeapps.list'), '[Default Applications]\nx-scheme-handler/https=browser.desktop\n');
  const url = 'https://localhost/messenger?id=meshmessenger/node%2F%2Fa/user%2F%2Fadmin';
  const times = () => (existsSync(opened) ? readFileSync(opened, 'utf8').split('\n').filter((line) => line === url).length : 0);
  control.send({ action: 'msg', type: 'openUrl', nodeid, url });
  await shown('Chat');
  shoot('chat');
  await press('Chat', 'alt+o', 'the browser opens it', () => times() === 1);
  await gone('Chat');
  await until('the menu offers it', () => panel.row('Chat with admin…'));
  panel.click('Chat with admin…');
  await until('the browser opens it again', () => times() === 2);
});

test('many messages: some are shown, and a question still is', async () => {
  for (let i = 0; i < 40; i++) control.send({ action: 'msg', type: 'messagebox', nodeid, title: `Flood ${i}`, msg: 'Buy now' });
  const floods = () => { try { return xdo('search', '--onlyvisible', '--name', 'Flood').trim().split('\n').length; } catch { return 0; } };
  await until('some are shown', () => floods() >= 20, 60);
  const viewer = await viewDesktop();
  await shown('Remote session$');
  assert.ok(floods() <= 24, `${floods()} windows`);
  viewer.tunnel.socket.close();
  await gone('Remote session$');
});

test('killed in the middle of a question: nobody is there; the next one asks, in German', async () => {
  const viewer = await viewDesktop();
  await shown('Remote session$');
  await end(tray, 'SIGKILL');
  await viewer.tunnel.until('refused', () => viewer.tunnel.text.some((t) => /nobody is logged in there/.test(t)));
  tray = startTray({ LANGUAGE: 'de', BOWLINE_LOCALE_PATH: join(BUILD, 'po', 'programs') });
  await until('the icon is back', () => panel.item?.title === 'Verbunden mit localhost');
  const again = await viewDesktop();
  await shown('Fernsitzung');
  shoot('german');
  await press('Fernsitzung', 'alt+l', 'refused', () => again.tunnel.closed);
  assert.ok(again.tunnel.text.some((t) => /refused/.test(t)));
  await end(tray);
  tray = startTray();
});

test('a second start for the same person shows the sessions and ends', async () => {
  await until('the first one is there', () => panel.item?.title === 'Connected to localhost');
  const second = startTray();
  await shown('Remote sessions');
  await until('it ends', () => second.exitCode !== null);
  assert.equal(second.exitCode, 0);
  await press('Remote sessions', 'alt+F4', 'closed', () => windowOf('Remote sessions') === '');
});

test('a panel that starts later gets the icon too', async () => {
  await end(panel.child);
  panel = await startPanel();
  await until('the icon', () => panel.item?.title === 'Connected to localhost');
});

/** Does something, and again when what is expected does not happen: a panel that has just started may miss a click. */
async function repeat(what, act, happened) {
  let acted = 0;
  await until(what, () => {
    if (happened()) return true;
    if (Date.now() - acted > 3000) { acted = Date.now(); act(); }
    return false;
  }, 60);
}

const openMenu = () => windows('Wrapper-2.0').find((w) => w.height > 100);

/** Where the visible windows of a class are. */
function windows(name) {
  try {
    return xdo('search', '--onlyvisible', '--class', name).split('\n').filter(Boolean).map((id) => {
      const geometry = Object.fromEntries(xdo('getwindowgeometry', '--shell', id).trim().split('\n').map((line) => line.split('=')));
      return { x: Number(geometry.X), y: Number(geometry.Y), width: Number(geometry.WIDTH), height: Number(geometry.HEIGHT) };
    });
  } catch { return []; } // none, or it closed meanwhile
}

test('the panel of Xfce shows the icon, and its menu works by mouse', async () => {
  await end(panel.child);
  panel = undefined;
  const settings = join(home, '.config', 'xfce4', 'xfconf', 'xfce-perchannel-xml');
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, 'xfce4-panel.xml'), XFCE_PANEL);
  const xfce = start('xfce4-panel', ['--disable-wm-check'], { stdio: 'ignore', env });
  try {
    const icon = await until('the icon is on the screen', () => windows('Wrapper-2.0').find((w) => w.width > 8 && w.height > 8));
    const click = (button) => xdo('mousemove', icon.x + icon.width / 2, icon.y + icon.height / 2, 'click', button);
    // Before the icon is there, the panel's own menu would open; a left click does nothing then.
    await repeat('a click shows the sessions', () => click(1), () => windowOf('Remote sessions'));
    await press('Remote sessions', 'alt+F4', 'closed', () => windowOf('Remote sessions') === '');
    await repeat('the menu is open', () => click(3), openMenu);
    shoot('menu');
    await repeat('the last row is chosen', () => {
      const menu = openMenu();
      if (!menu) { click(3); return; }
      const [x, y] = [menu.x + 60, menu.y + menu.height - 14];
      xdo('mousemove', x, y - 4, 'sleep', '0.2', 'mousemove', x, y, 'sleep', '0.2', 'click', 1);
    }, () => windowOf('Ask for help'));
    await press('Ask for help', 'alt+c', 'closed', () => windowOf('Ask for help') === '');
  } finally {
    await end(xfce);
  }
});

test('the screen ends in the middle of a question: nobody is there, and the agent goes on', async () => {
  const viewer = await viewDesktop();
  await shown('Remote session$');
  await end(display.process, 'SIGKILL');
  await viewer.tunnel.until('refused', () => viewer.tunnel.text.some((t) => /nobody is logged in there/.test(t)));
  await until('bowline-tray ends with its screen', () => tray.exitCode !== null);
  tray = undefined;
  const files = await openTunnel(bowline, control, nodeid, 5);
  files.socket.send(Buffer.from(JSON.stringify({ action: 'ls', reqid: 1, path: '/' })));
  await files.until('files', () => files.binary.length > 0);
  files.socket.close();
});
