// SPDX-License-Identifier: Apache-2.0
// bowline-tray on a screen and a bus of its own: the panel's icon and menu, questions, the bar, messages, a request for help.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Display, Viewer } from './display.mjs';
import { BUILD, Bowline, TOP, end, openTunnel, start, until } from './lib.mjs';

const ASK_DESKTOP = 8;
const BAR = 64;
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
  bus = start('dbus-daemon', ['--session', '--nofork', '--print-address=3'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
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
  // What GTK's drivers allocate and then unload themselves is no leak of the program's.
  const ASAN_OPTIONS = `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0`;
  tray = start(join(BUILD, 'agent', 'tray', 'bowline-tray'), ['--bus', 'session'],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...env, ASAN_OPTIONS } });
});

after(async () => {
  control?.close();
  const ends = [tray && await end(tray), await bowline?.stop()];
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
  panel.click('Remote sessions…');
  await shown('Remote sessions');
  if (process.env.BL_TEST_SHOT) display.run('import', '-window', 'root', process.env.BL_TEST_SHOT);
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
  control.send({ action: 'msg', type: 'messagebox', nodeid, title: 'From the administrator', msg: 'The server restarts at <b>noon</b>.', timeout: 60 });
  await press('From the administrator', 'alt+c', 'closed', () => windowOf('From the administrator') === '');
});

test('a request for help reaches the administrators', async () => {
  panel.click('Ask for help…');
  const id = await shown('Ask for help');
  xdo('windowactivate', '--sync', id, 'type', 'No paper');
  await press('Ask for help', 'Return', 'sent', () => windowOf('Ask for help') === '');
  await control.take('help', (f) => f.event?.action === 'devicesessions' && JSON.stringify(f.event.sessions ?? {}).includes('paper'));
});

test('a panel that starts later gets the icon too', async () => {
  await end(panel.child);
  panel = await startPanel();
  await until('the icon', () => panel.item?.title === 'Connected to localhost');
});
