// SPDX-License-Identifier: Apache-2.0
// Parts of the desktop without a browser: packets, pictures, keys, mouse, painting order.
import assert from 'node:assert/strict';
import test from 'node:test';
import { imageInfo, tileFits } from '../src/desktop/image';
import { Keyboard, textChange, type KeyLike } from '../src/desktop/keys';
import * as packets from '../src/desktop/packets';
import { LIMIT, PacketReader, readPacket, type Packet } from '../src/desktop/packets';
import { Pointer, toScreen } from '../src/desktop/pointer';
import { parseChoice, PRESETS } from '../src/desktop/quality';
import { Screen, type Decoded, type Surface } from '../src/desktop/screen';

const two = (n: number) => [(n >> 8) & 255, n & 255];
const packet = (type: number, body: number[]) => new Uint8Array([...two(type), ...two(body.length + 4), ...body]);
const jumbo = (type: number, body: number[]) => new Uint8Array([0, 27, 0, 8, 0, 0, ...two(body.length + 4), ...two(type), 0, 0, ...body]);

/** A JPEG as far as its size; @mark tells pictures apart. */
function jpeg(width: number, height: number, mark = 0): number[] {
  return [0xff, 0xd8, 0xff, 0xe0, 0, 4, mark, 0, 0xff, 0xc0, 0, 17, 8, ...two(height), ...two(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
}

const tile = (x: number, y: number, width: number, height: number, mark = 0) => packet(3, [...two(x), ...two(y), ...jpeg(width, height, mark)]);
const screen = (width: number, height: number) => packet(7, [...two(width), ...two(height)]);

test('packets of the device', () => {
  const read = (data: Uint8Array) => readPacket(data);
  assert.deepEqual(read(screen(1024, 768)), { type: 'screen', width: 1024, height: 768 });
  assert.deepEqual(read(packet(11, [0, 2, 0, 1, 255, 255, 0, 1])), { type: 'displays', ids: [1, 65535], selected: 1 });
  assert.deepEqual(read(packet(11, [0, 0, 0, 0])), { type: 'displays', ids: [], selected: 0 });
  assert.deepEqual(read(packet(12, [3])), { type: 'display-set', id: 3 });
  assert.deepEqual(read(packet(12, [1, 3])), { type: 'display-set', id: 259 });
  assert.deepEqual(read(packet(82, [0, 1, 0, 0, 0, 0, 4, 0, 3, 0])), { type: 'display-info', displays: [{ id: 1, x: 0, y: 0, width: 1024, height: 768 }] });
  assert.deepEqual(read(packet(18, [5])), { type: 'key-state', num: true, scroll: false, caps: true });
  assert.deepEqual(read(packet(88, [5])), { type: 'cursor', shape: 5 });
  assert.deepEqual(read(packet(87, [1])), { type: 'input-lock', locked: true });
  assert.deepEqual(read(packet(65, [...Buffer.from('no\x00 display\n')])), { type: 'error', text: 'no  display' });
  const t = read(jumbo(3, [...two(32), ...two(64), 1, 2, 3]));
  assert.ok(t?.type === 'tile' && t.x === 32 && t.y === 64 && t.image.length === 3);
});

test('packets that lie are skipped', () => {
  const bad: [string, Uint8Array][] = [
    ['too short', new Uint8Array([0, 7])], ['length beyond the end', new Uint8Array([0, 7, 0, 9, 4, 0, 3, 0])],
    ['length of nothing', new Uint8Array([0, 7, 0, 0])], ['no width', screen(0, 768)], ['one side too long', screen(20000, 10)], ['too many pixels', screen(16384, 16384)],
    ['more displays than bytes', packet(11, [0, 9, 0, 1])], ['too many displays', packet(11, [255, 255, 0, 1])], ['half a display', packet(82, [1, 2, 3])],
    ['empty tile', packet(3, [0, 1, 0, 1])], ['unknown', packet(999, [1])], ['empty cursor', packet(88, [])],
    ['jumbo in jumbo', jumbo(27, [0, 8, 0, 0, 0, 8])], ['jumbo that lies', new Uint8Array([0, 27, 0, 8, 0, 0, 0, 99, 0, 3, 0, 0, 1])],
  ];
  for (const [what, data] of bad) assert.equal(readPacket(data), null, what);
  assert.equal((readPacket(packet(65, Array.from({ length: 60000 }, () => 65))) as { text: string }).text.length, LIMIT.text);
});

test('a stream may be split anywhere', () => {
  const stream = [screen(640, 480), jumbo(3, [0, 0, 0, 0, ...jpeg(32, 32)]), packet(88, [3]), tile(32, 0, 32, 32)];
  const whole = Buffer.concat(stream);
  for (const size of [1, 2, 3, 5, 7, 11, 64, whole.length]) {
    const reader = new PacketReader();
    const found: string[] = [];
    for (let i = 0; i < whole.length; i += size) found.push(...reader.push(new Uint8Array(whole.subarray(i, i + size))).map((p) => p.type));
    assert.deepEqual(found, ['screen', 'tile', 'cursor', 'tile'], `${size} bytes at a time`);
    assert.equal(reader.waiting, 0);
  }
});

test('a reader never keeps more than one packet may be long', () => {
  const reader = new PacketReader();
  // Announces 4 GB: refused at once instead of being waited for.
  assert.deepEqual(reader.push(new Uint8Array([0, 27, 0, 8, 255, 255, 255, 255, 0, 3, 0, 0])), []);
  assert.equal(reader.waiting, 0);
  assert.equal(reader.skipped, 1);
  assert.deepEqual(reader.push(screen(64, 64)).map((p) => p.type), ['screen']);
  // Noise of any kind ends without an exception and without growth.
  let seed = 42;
  const random = () => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed >> 16 & 255; };
  for (let i = 0; i < 2000; i++) reader.push(Uint8Array.from({ length: 1 + (random() % 40) }, random));
  assert.ok(reader.waiting <= LIMIT.packet + 8);
});

test('sizes of pictures: JPEG, PNG, WebP, and what only looks like one', () => {
  assert.deepEqual(imageInfo(new Uint8Array(jpeg(640, 480))), { type: 'image/jpeg', width: 640, height: 480 });
  const png = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, ...Buffer.from('IHDR'), 0, 0, 1, 0, 0, 0, 0, 64];
  assert.deepEqual(imageInfo(new Uint8Array(png)), { type: 'image/png', width: 256, height: 64 });
  const webp = [...Buffer.from('RIFF\0\0\0\0WEBPVP8X'), 10, 0, 0, 0, 0, 0, 0, 0, 99, 0, 0, 49, 0, 0];
  assert.deepEqual(imageInfo(new Uint8Array(webp)), { type: 'image/webp', width: 100, height: 50 });
  const lossy = [...Buffer.from('RIFF\0\0\0\0WEBPVP8 '), 0, 0, 0, 0, 0, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xf0, 0];
  assert.deepEqual(imageInfo(new Uint8Array(lossy)), { type: 'image/webp', width: 320, height: 240 });
  for (const bad of [[], [0xff], [0xff, 0xd8], jpeg(1, 1).slice(0, 9), [0xff, 0xd8, 0xff, 0xe0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], [...Buffer.from('GIF89a000000000000')]])
    assert.equal(imageInfo(new Uint8Array(bad)), null);
  const big = { type: 'image/jpeg', width: 65535, height: 65535 };
  assert.equal(tileFits(big, 0, 0, 1024, 768), false);
  assert.equal(tileFits({ ...big, width: 32, height: 32 }, 1023, 767, 1024, 768), true);
  assert.equal(tileFits({ ...big, width: 32, height: 32 }, 1024, 0, 1024, 768), false);
  assert.equal(tileFits({ ...big, width: 0, height: 32 }, 0, 0, 1024, 768), false);
});

function painting() {
  const log: string[] = [];
  const waiting: { name: number; done: (ok: boolean) => void }[] = [];
  const surface: Surface = {
    width: 0, height: 0,
    draw: (image, x, y) => log.push(`draw ${(image as Decoded & { mark: number }).mark} ${x},${y}`),
    copy: (...n) => log.push(`copy ${n.join(' ')}`),
  };
  let painted = 0;
  const others: Packet[] = [];
  const s = new Screen(surface, (data) => new Promise((resolve, reject) => {
    waiting.push({ name: data[6]!, done: (ok) => (ok ? resolve({ width: 32, height: 32, close() {}, mark: data[6]! } as Decoded) : reject(new Error('broken'))) });
  }), { onPacket: (p) => others.push(p), onPainted: (n) => { painted += n; } }, () => 0);
  const settle = () => new Promise((next) => { setImmediate(next); });
  return { s, surface, log, waiting, others, settle, painted: () => painted };
}

test('pictures are painted in the order they came, whatever decodes first', async () => {
  const { s, surface, log, waiting, settle, painted } = painting();
  s.frame(screen(640, 480));
  s.frame(tile(0, 0, 32, 32, 1));
  s.frame(tile(32, 0, 32, 32, 2));
  s.frame(tile(64, 0, 32, 32, 3));
  await settle();
  assert.equal(surface.width, 640);
  waiting[2]!.done(true);
  waiting[1]!.done(false);
  await settle();
  assert.deepEqual(log, []);
  waiting[0]!.done(true);
  await settle();
  // One that cannot be decoded is passed over, and still counts as dealt with.
  assert.deepEqual(log, ['draw 1 0,0', 'draw 3 64,0']);
  assert.equal(painted(), 3);
});

test('what waits and is covered is dropped; a hostile size is never decoded; a refresh does not clear', async () => {
  const { s, surface, waiting, others, settle, painted } = painting();
  s.frame(screen(640, 480));
  await settle();
  surface.height = 7;
  s.frame(screen(640, 480));
  await settle();
  assert.equal(surface.height, 7, 'the same size again changes nothing');
  assert.equal(others.length, 2);
  for (let i = 0; i < 100; i++) s.frame(tile(32 * (i % 10), 32, 32, 32, i));
  await settle();
  assert.equal(waiting.length, 16);
  // 16 are being decoded; of the others each newer one replaces an older one at the same place.
  assert.equal(painted(), 100 - 16 - 10);
  s.frame(tile(0, 0, 60000, 60000, 9));
  assert.equal(painted(), 100 - 16 - 10 + 1);
  s.frame(tile(0, 0, 640, 480, 9));
  assert.equal(painted(), 100 - 16 + 1);
});

function keyboard() {
  const sent: number[][] = [];
  const board = new Keyboard((p) => sent.push([...p]));
  const event = (key: string, code: string, mods: string[] = []): KeyLike => ({
    key, code, ctrlKey: mods.includes('Control'), altKey: mods.includes('Alt'), metaKey: mods.includes('Meta'), getModifierState: (name) => mods.includes(name),
  });
  const take = () => sent.splice(0).map((p) => (p[1] === 85 ? `${p[4] === 0 ? '' : '-'}${String.fromCharCode(p[5]! * 256 + p[6]!)}` : `${p[4] === 0 || p[4] === 4 ? '+' : '-'}${p[5]}${p[4]! > 1 ? 'x' : ''}`)).join(' ');
  return { board, event, take };
}

test('keyboard: text as characters, shortcuts and other keys as codes', () => {
  const { board, event, take } = keyboard();
  assert.equal(board.down(event('ß', 'Minus')), true);
  assert.equal(take(), 'ß -ß');
  board.down(event('Shift', 'ShiftLeft', ['Shift']));
  board.down(event('A', 'KeyA', ['Shift']));
  board.up(event('A', 'KeyA', ['Shift']));
  board.up(event('Shift', 'ShiftLeft'));
  assert.equal(take(), 'A -A', 'shift is part of the character');
  board.down(event('Shift', 'ShiftLeft', ['Shift']));
  board.down(event('Tab', 'Tab', ['Shift']));
  board.up(event('Tab', 'Tab', ['Shift']));
  board.up(event('Shift', 'ShiftLeft'));
  assert.equal(take(), '+16 +9 -9 -16');
  board.down(event('Control', 'ControlLeft', ['Control']));
  board.down(event('q', 'KeyA', ['Control']));
  board.up(event('q', 'KeyA', ['Control']));
  board.up(event('Control', 'ControlLeft'));
  assert.equal(take(), '+17 +81 -81 -17', 'the letter counts, not its place');
  board.down(event('Control', 'ControlLeft', ['Control']));
  board.down(event('с', 'KeyC', ['Control']));
  assert.equal(take(), '+17 +67', 'in other alphabets the place counts');
  board.releaseAll();
  assert.equal(take(), '-67 -17');
  board.down(event('Meta', 'MetaLeft', ['Meta']));
  board.up(event('Meta', 'MetaLeft'));
  assert.equal(take(), '+91x -91x', 'alone it is a key');
  board.down(event('Control', 'ControlLeft', ['Control']));
  board.down(event('AltGraph', 'AltRight', ['AltGraph']));
  board.down(event('€', 'KeyE', ['AltGraph', 'Control', 'Alt']));
  board.up(event('AltGraph', 'AltRight'));
  board.up(event('Control', 'ControlLeft'));
  assert.equal(take(), '€ -€', 'AltGr makes characters');
  for (const [key, code, wanted] of [['ArrowLeft', 'ArrowLeft', '+37x'], ['ArrowLeft', 'Numpad4', '+37'], ['Enter', 'NumpadEnter', '+13x'], ['F12', 'F12', '+123'], ['Delete', 'Delete', '+46x']] as const) {
    board.down(event(key, code));
    assert.equal(take(), wanted, code);
  }
  for (const key of ['Dead', 'Process', 'Unidentified']) assert.equal(board.down(event(key, 'KeyX')), false);
  assert.equal(board.down(event('CapsLock', 'CapsLock')), true);
});

test('keyboard: modifiers that were used do not spoil text, and come back', () => {
  const { board, event, take } = keyboard();
  board.down(event('Shift', 'ShiftLeft', ['Shift']));
  board.down(event('ArrowLeft', 'ArrowLeft', ['Shift']));
  board.up(event('ArrowLeft', 'ArrowLeft', ['Shift']));
  board.down(event('X', 'KeyX', ['Shift']));
  board.down(event('ArrowLeft', 'ArrowLeft', ['Shift']));
  board.up(event('ArrowLeft', 'ArrowLeft', ['Shift']));
  board.up(event('Shift', 'ShiftLeft'));
  assert.equal(take(), '+16 +37x -37x -16 X -X +16 +37x -37x -16');
  board.text('a\r\nb\tc d😀');
  assert.equal(take(), 'a -a +13 -13 b -b +9 -9 c -c +32 -32 d -d \ud83d -\ud83d \ude00 -\ude00');
  board.chord(17, 18, 46);
  assert.equal(take(), '+17 +18 +46x -46x -18 -17');
});

test('on-screen keyboards change a field: what changed is typed', () => {
  assert.deepEqual(textChange(' ', ' a'), { erase: 0, insert: 'a' });
  assert.deepEqual(textChange(' helo', ' hello'), { erase: 1, insert: 'lo' });
  assert.deepEqual(textChange(' ab', ' '), { erase: 2, insert: '' });
  assert.deepEqual(textChange(' ', ''), { erase: 1, insert: '' });
});

test('mouse: movements are joined, buttons are not; the wheel counts notches', () => {
  const sent: number[][] = [];
  const scheduled: (() => void)[] = [];
  const pointer = new Pointer((p) => sent.push([...p.slice(5)]), (run) => scheduled.push(run));
  for (let i = 1; i <= 50; i++) pointer.move(i, 300);
  assert.equal(sent.length, 0);
  assert.equal(scheduled.length, 1);
  scheduled[0]!();
  assert.deepEqual(sent.splice(0), [[0, 0, 50, 1, 44]]);
  pointer.move(60, 300);
  pointer.press(0);
  pointer.press(0);
  pointer.move(70, 300);
  pointer.release(0);
  pointer.release(2);
  assert.deepEqual(sent.splice(0), [[0, 0, 60, 1, 44], [2, 0, 60, 1, 44], [0, 0, 70, 1, 44], [4, 0, 70, 1, 44]]);
  pointer.click(2);
  pointer.press(1);
  pointer.releaseAll();
  assert.deepEqual(sent.splice(0).map((p) => p[0]), [8, 16, 32, 64]);
  for (let i = 0; i < 10; i++) pointer.scroll(30, 0);
  assert.deepEqual(sent.splice(0), Array.from({ length: 3 }, () => [0, 0, 70, 1, 44, 255, 135]), 'down, one’s complement of 120');
  pointer.scroll(-3, 1);
  assert.deepEqual(sent.splice(0), [[0, 0, 70, 1, 44, 0, 120]]);
  pointer.scroll(1e9, 2);
  assert.equal(sent.length, 20);
  assert.deepEqual(toScreen(150, 90, { left: 100, top: 40, width: 500, height: 250 }, 1000, 500), [100, 100]);
  assert.deepEqual(toScreen(-5, 9999, { left: 0, top: 0, width: 500, height: 250 }, 1000, 500), [0, 499]);
});

test('packets to the device, and numbers within bounds', () => {
  assert.deepEqual([...packets.compression({ format: 1, quality: 60, scaling: 1024, interval: 40 })], [0, 5, 0, 10, 1, 60, 4, 0, 0, 40]);
  assert.deepEqual([...packets.compression({ format: 9, quality: NaN, scaling: 1e9, interval: -1 })], [0, 5, 0, 10, 4, 1, 16, 0, 0, 20]);
  assert.deepEqual([...packets.setDisplay(65535)], [0, 12, 0, 6, 255, 255]);
  assert.deepEqual([...packets.pause(true)], [0, 8, 0, 5, 1]);
  assert.deepEqual([...packets.inputLock('query')], [0, 87, 0, 5, 2]);
  assert.deepEqual(parseChoice(null).preset, 'balanced');
  assert.deepEqual(parseChoice('{"preset":"x","custom":{"quality":900,"interval":1}}'), { preset: 'balanced', custom: { ...PRESETS.balanced, quality: 100, interval: 20 } });
  assert.equal(parseChoice('{').preset, 'balanced');
});
