// SPDX-License-Identifier: Apache-2.0
// The desktop of a device with a screen of its own: the picture, keys and mouse, clipboard, several viewers, and what goes wrong.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Display, Viewer, jpegSize, middleColour } from './display.mjs';
import { Bowline, end, openTunnel, until } from './lib.mjs';

let bowline;
let control;
let display;
let agent;
let nodeid;
let group;
const scratch = mkdtempSync(join(tmpdir(), 'bowline-desktop-'));

before(async () => {
  display = await Display.start();
  display.run('xsetroot', '-solid', '#3060c0');
  bowline = await Bowline.start();
  await bowline.createUser('admin');
  await bowline.createUser('guest', { admin: false });
  control = await bowline.control();
  group = (await control.ask({ action: 'createmesh', meshname: 'Desktops', meshtype: 2 })).meshid;
  agent = await bowline.startAgent(group, { env: { DISPLAY: display.name } });
  const [device] = await bowline.waitOnline(1);
  nodeid = device._id;
});

after(async () => {
  control?.close();
  assert.equal(await bowline?.stop(), 0);
  await end(display.process);
  rmSync(scratch, { recursive: true, force: true });
});

async function view(who = control, options) {
  return new Viewer(await openTunnel(bowline, who, nodeid, 2, options));
}

/** The capture programs of viewers who may do something: pids. */
function helpers() {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(agent.pid)
        && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('bowline-desktop')
        && !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--view-only');
    } catch {
      return false;
    }
  }).map(Number);
}

/** The id of the one program there is, once those of earlier viewers have ended. */
async function onlyHelper() {
  await until('one program', () => helpers().length === 1);
  return helpers()[0];
}

test('the device says that it has a desktop', async () => {
  await until('capabilities', async () => {
    const { nodes } = await control.ask({ action: 'nodes', meshid: group });
    return (nodes[group][0].agent.caps & 1) === 1;
  });
});

test('a picture of the whole screen, and of what changes', async () => {
  const viewer = await view();
  const first = JSON.parse(await viewer.tunnel.until('metadata', () => viewer.tunnel.text.find((t) => t.includes('metadata'))));
  assert.equal(first.users['user//admin'], 1);
  assert.equal(first.acks, true);
  await viewer.covered();
  assert.deepEqual(viewer.size, { width: 1024, height: 768 });
  const near = (got, want) => got.every((v, i) => Math.abs(v - want[i]) < 12);
  assert.ok(near(middleColour(viewer.of(3)[0].image), [0x30, 0x60, 0xc0]), 'the colour of the screen');
  assert.equal(viewer.of(88).length >= 1, true, 'cursor');
  assert.equal(viewer.of(18).length >= 1, true, 'key state');
  await viewer.quiet();
  const before = viewer.read().length;
  display.run('xsetroot', '-solid', '#20a040');
  await viewer.covered(before);
  assert.ok(near(middleColour(viewer.of(3).at(-1).image), [0x20, 0xa0, 0x40]), 'the new colour');
  await viewer.quiet();
  viewer.tunnel.socket.close();
});

test('refresh, pause and scaling', async () => {
  const viewer = await view();
  await viewer.covered();
  await viewer.quiet();
  viewer.send([0, 8, 0, 5, 1]);
  await viewer.quiet();
  const paused = viewer.of(3).length;
  display.run('xsetroot', '-solid', '#804020');
  await viewer.quiet();
  assert.equal(viewer.of(3).length, paused, 'nothing while paused');
  let from = viewer.read().length;
  viewer.send([0, 8, 0, 5, 0]);
  await viewer.covered(from);
  await viewer.quiet();
  from = viewer.read().length;
  viewer.send([0, 6, 0, 4]);
  await viewer.covered(from);
  await viewer.quiet();
  from = viewer.read().length;
  viewer.send([0, 5, 0, 10, 1, 70, 2, 0, 0, 30]); // half size
  await viewer.tunnel.until('the new size', () => viewer.size.width === 512);
  assert.deepEqual(viewer.size, { width: 512, height: 384 });
  await viewer.covered(from);
  assert.ok(jpegSize(viewer.of(3).at(-1).image).width <= 512);
  viewer.tunnel.socket.close();
});

test('WebP where the viewer asks for it', async () => {
  const viewer = await view();
  viewer.send([0, 5, 0, 10, 4, 70, 4, 0, 0, 30]);
  const from = viewer.read().length;
  viewer.send([0, 6, 0, 4]);
  await viewer.tunnel.until('WebP', () => viewer.read().slice(from).some((p) => p.type === 3 && p.image.subarray(8, 12).toString() === 'WEBP'));
  viewer.tunnel.socket.close();
});

/** A terminal over the whole screen that writes what is typed into a file. */
function typewriter(name, before = '') {
  const file = join(scratch, name);
  const child = display.start('xterm', '-u8', '-geometry', '170x58+0+0', '-e', 'sh', '-c', `stty raw -echo; printf '${before}'; touch ${file}; exec cat > ${file}`);
  return { file, child, text: () => (existsSync(file) ? readFileSync(file, 'utf8') : '') };
}

test('keys and text arrive complete and in order', async () => {
  const viewer = await view();
  await viewer.covered();
  viewer.mouse(300, 300);
  const paper = typewriter('typed');
  await until('the terminal listens', () => existsSync(paper.file));
  const text = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(33 + ((i * 7) % 90))).join('');
  await until('the first key arrives', () => { viewer.tap(0x41); return paper.text().includes('a'); });
  await viewer.quiet();
  const before = paper.text().length;
  viewer.type(text);
  await until('all that was typed', () => paper.text().length >= before + text.length);
  assert.equal(paper.text().slice(before), text);
  const special = 'äöüß€Ωжあ😀';
  const length = paper.text().length;
  viewer.type(special);
  await until('what the keyboard lacks', () => paper.text().length >= length + special.length);
  assert.equal(paper.text().slice(length), special);
  const keys = paper.text().length;
  viewer.key(0x10); viewer.tap(0x42); viewer.key(0x10, 1); // Shift-B
  viewer.tap(0xbd); // minus
  viewer.key(0x11); viewer.tap(0x41); viewer.key(0x11, 1); // Ctrl-A
  viewer.tap(0x26); // up
  await until('keys', () => paper.text().slice(keys).endsWith('A'));
  assert.equal(paper.text().slice(keys), 'B-\x01\x1b[A');
  await end(paper.child, 'SIGKILL');
  viewer.tunnel.socket.close();
});

test('what a keyboard layout lacks is typed too, however many characters that are', async () => {
  const texts = {
    us: 'Съешь ещё этих мягких французских булок, да выпей же чаю',
    de: '^`´~ Zwölf Boxkämpfer @€² ńœū',
    ru: 'The quick brown fox jumps over the lazy dog; съешь',
    fr: 'Voix ambiguë d’un cœur 0123 ÀÉÈÇ [{|}] ъыэ',
  };
  const viewer = await view();
  await viewer.covered();
  const paper = typewriter('layouts');
  await until('the terminal listens', () => existsSync(paper.file));
  viewer.mouse(300, 300);
  await until('the first key arrives', () => { viewer.tap(0x41); return paper.text().includes('a'); });
  await viewer.quiet();
  const types = (layout) => until(`a text on the layout ${layout}`, async () => {
    const before = paper.text().length;
    viewer.type(texts[layout]);
    viewer.tap(0x0d); // what waits keeps its order
    // A program that was too busy to look at a key in time reads another one: it gets another chance.
    await until(`the end of the text on ${layout}`, () => paper.text().slice(before).includes('\r'));
    return paper.text().slice(before) === `${texts[layout]}\r`;
  }, 60);
  for (const layout of Object.keys(texts)) {
    display.run('setxkbmap', layout);
    await viewer.quiet();
    await types(layout);
  }
  // Keys that a killed program has left behind serve the next one.
  const left = await onlyHelper();
  process.kill(left, 'SIGKILL');
  await until('the next program', () => helpers().some((pid) => pid !== left));
  await viewer.quiet();
  await types('fr');
  viewer.tunnel.socket.close();
  display.run('setxkbmap', 'us');
  await end(paper.child, 'SIGKILL');
});

test('input that waits for keys has a limit, and holds up no picture', async () => {
  const viewer = await view();
  await viewer.covered();
  const packets = [];
  for (let i = 0; i < 100000; i++) packets.push(0, 85, 0, 7, 0, 0x30 + (i >> 7) % 64, (i * 2) & 255);
  viewer.send(packets);
  const answers = viewer.of(11).length;
  viewer.send([0, 11, 0, 4]);
  await viewer.tunnel.until('an answer', () => viewer.of(11).length > answers);
  const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${await onlyHelper()}/status`, 'utf8'))[1]);
  assert.ok(process.env.ASAN_OPTIONS || memory < 64 * 1024, `${memory} KiB`);
  viewer.tunnel.socket.close();
});

test('mouse: place, buttons, wheel', async () => {
  const viewer = await view();
  await viewer.covered();
  const paper = typewriter('clicked', '\\033[?1000h\\033[?1006h');
  await until('the terminal listens', () => existsSync(paper.file));
  await until('a click arrives', () => {
    viewer.mouse(200, 200, 0x02);
    viewer.mouse(200, 200, 0x04);
    return /\[<0;\d+;\d+M.*\[<0;\d+;\d+m/s.test(paper.text());
  });
  viewer.mouse(200, 200, 0x08);
  viewer.mouse(200, 200, 0x10);
  viewer.mouse(200, 200, 0, 120);
  viewer.mouse(200, 200, 0, ~120);
  await until('right button and wheel', () => /\[<2;.*\[<64;.*\[<65;/s.test(paper.text()));
  await end(paper.child, 'SIGKILL');
  viewer.tunnel.socket.close();
});

test('clipboard both ways', async () => {
  const text = 'Grüße\nzweite Zeile €';
  control.send({ action: 'msg', type: 'setclip', nodeid, data: text });
  await control.take('setclip', (f) => f.type === 'setclip' && f.success === true);
  assert.equal(await display.runLater('xclip', '-o', '-selection', 'clipboard'), text);
  const owner = display.start('sh', '-c', "printf 'from the device' | xclip -i -selection clipboard -loops 20 -quiet");
  await until('the text of the device', async () => {
    control.send({ action: 'msg', type: 'getclip', nodeid, tag: 1 });
    const got = await control.take('getclip', (f) => f.type === 'getclip');
    assert.equal(got.tag, 1);
    return got.data === 'from the device';
  });
  await end(owner, 'SIGKILL');
});

test('those who may only look change nothing', async () => {
  const done = await control.ask({ action: 'addmeshuser', meshid: group, usernames: ['guest'], meshadmin: 8 + 256 });
  assert.match(done.result, /Added user guest/);
  const other = await bowline.control({ user: 'guest' });
  const viewer = await view(other);
  await viewer.covered();
  const paper = typewriter('looked');
  await until('the terminal listens', () => existsSync(paper.file));
  viewer.mouse(300, 300);
  viewer.type('x');
  viewer.tap(0x41);
  viewer.send([0, 87, 0, 5, 1]);
  await viewer.quiet();
  const master = await view();
  await master.covered();
  master.mouse(300, 300);
  await until('the other one types', () => { master.tap(0x5a); return paper.text().includes('z'); });
  assert.match(paper.text(), /^z+$/);
  other.send({ action: 'msg', type: 'setclip', nodeid, data: 'no' });
  await other.take('setclip', (f) => f.type === 'setclip' && f.success === false);
  await end(paper.child, 'SIGKILL');
  for (const v of [viewer, master]) v.tunnel.socket.close();
  other.close();
});

test('input lock: the devices of the machine are detached, and come back', async () => {
  const viewer = await view();
  await viewer.covered();
  const floating = () => (display.run('xinput', 'list', '--short').match(/floating slave/g) ?? []).length;
  assert.equal(floating(), 0);
  viewer.send([0, 87, 0, 5, 1]);
  await viewer.wait('locked', 87, (p) => p.body[0] === 1);
  await until('devices detached', () => floating() > 0);
  process.kill(await onlyHelper(), 'SIGKILL'); // even then they come back
  await until('devices attached again', () => floating() === 0);
  viewer.tunnel.socket.close();
});

test('monitors: one of them, and all', async () => {
  display.run('xrandr', '--setmonitor', 'left', '512/130x768/200+0+0', 'screen');
  display.run('xrandr', '--setmonitor', 'right', '512/130x768/200+512+0', 'none');
  const viewer = await view();
  await viewer.covered();
  const list = viewer.of(11).at(-1).body;
  assert.equal(list.readUInt16BE(0), 3, 'two monitors and all');
  viewer.send([0, 12, 0, 6, 0, 2]);
  await viewer.tunnel.until('one monitor', () => viewer.size.width === 512);
  viewer.send([0, 12, 0, 6, 255, 255]);
  await viewer.tunnel.until('all', () => viewer.size.width === 1024);
  display.run('xrandr', '--delmonitor', 'left');
  display.run('xrandr', '--delmonitor', 'right');
  viewer.tunnel.socket.close();
});

test('garbage changes nothing; a killed program costs a moment', async () => {
  const viewer = await view();
  await viewer.covered();
  for (let i = 0; i < 300; i++) viewer.send(randomBytes(1 + (i % 60)).fill(0, 0, i % 3));
  viewer.send([0, 6, 0, 4]);
  const pid = await onlyHelper();
  const from = viewer.read().length;
  process.kill(pid, 'SIGKILL');
  await viewer.covered(from);
  assert.notEqual(helpers()[0], pid);
  viewer.tunnel.socket.close();
  await until('the program ends with its viewer', () => helpers().length === 0);
});

test('acknowledgements: no picture is sent ahead of a viewer that does not paint', async () => {
  const viewer = await view();
  await viewer.covered();
  await viewer.quiet();
  viewer.control({ type: 'ack', n: viewer.of(3).length });
  const frames = [];
  for (let i = 0; i < 12; i++) {
    const before = viewer.of(3).length;
    display.run('xsetroot', '-solid', i % 2 ? '#101010' : '#f0f0f0');
    await viewer.quiet();
    frames.push(viewer.of(3).length - before);
  }
  assert.ok(frames.some((n) => n > 0));
  viewer.control({ type: 'ack', n: viewer.of(3).length });
  const from = viewer.read().length;
  viewer.send([0, 6, 0, 4]);
  await viewer.covered(from);
  viewer.tunnel.socket.close();
});

test('the display server ends and comes back', async () => {
  const viewer = await view();
  await viewer.covered();
  await end(display.process, 'SIGKILL');
  await viewer.tunnel.until('it is said', () => viewer.tunnel.text.some((t) => /display of this device/.test(t)));
  const from = viewer.read().length;
  const back = await Display.start({ number: display.name });
  display.process = back.process;
  await viewer.covered(from);
  viewer.tunnel.socket.close();
});
