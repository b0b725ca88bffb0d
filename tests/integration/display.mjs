// SPDX-License-Identifier: Apache-2.0
// A screen of one's own for tests (Xvfb), and a viewer of the desktop protocol.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { start, until } from './lib.mjs';

export class Display {
  /** number: a display that was in use before and is free again. */
  static async start({ size = '1024x768', number } = {}) {
    const self = new Display();
    const args = number === undefined ? ['-displayfd', '3'] : [number, '-displayfd', '3'];
    self.process = start('Xvfb', [...args, '-screen', '0', `${size}x24`, '-nolisten', 'tcp', '-noreset'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    const [line] = await once(self.process.stdio[3], 'data');
    self.name = `:${line.toString().trim()}`;
    self.env = { ...process.env, DISPLAY: self.name };
    return self;
  }

  run(program, ...args) { return execFileSync(program, args, { env: this.env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }); }

  /** For programs that ask another one, which may be this test's own agent. */
  runLater(program, ...args) {
    return new Promise((resolve, reject) => {
      execFile(program, args, { env: this.env, timeout: 20000 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    });
  }

  start(program, ...args) { return start(program, args, { stdio: 'ignore', env: this.env }); }
}

/** The packets of a viewer: what came, and a picture put together from it. */
export class Viewer {
  constructor(tunnel) {
    this.tunnel = tunnel;
    this.seen = 0;
    this.packets = [];
  }

  read() {
    for (; this.seen < this.tunnel.binary.length; this.seen++) this.packets.push(parse(this.tunnel.binary[this.seen]));
    return this.packets;
  }

  of(type) { return this.read().filter((p) => p.type === type); }

  async wait(what, type, accept = () => true, seconds = 20) {
    return this.tunnel.until(what, () => this.of(type).find(accept), seconds);
  }

  get size() {
    const { body } = this.of(7).at(-1);
    return { width: body.readUInt16BE(0), height: body.readUInt16BE(2) };
  }

  /** Resolves when the pictures since the packet FROM cover the whole screen. */
  async covered(from = 0) {
    await this.tunnel.until('the pictures cover the screen', () => {
      const tiles = this.read().slice(from).filter((p) => p.type === 3);
      if (!tiles.length || !this.of(7).length) return false;
      const { width, height } = this.size;
      const grid = new Uint8Array(Math.ceil(width / 32) * Math.ceil(height / 32));
      for (const tile of tiles) {
        const image = jpegSize(tile.image);
        for (let y = tile.y; y < tile.y + image.height; y += 32) {
          for (let x = tile.x; x < tile.x + image.width; x += 32) grid[Math.floor(y / 32) * Math.ceil(width / 32) + Math.floor(x / 32)] = 1;
        }
      }
      return grid.every((cell) => cell === 1);
    });
  }

  /** Resolves when nothing more is on its way: the answers to some questions came without a picture between them. */
  async quiet() {
    for (let calm = 0; calm < 4;) {
      const tiles = this.of(3).length;
      const answers = this.of(11).length;
      this.send([0, 11, 0, 4]);
      await this.tunnel.until('an answer', () => this.of(11).length > answers);
      await until('time for a better picture', () => this.lastTile() === undefined || Date.now() - this.lastTile() > 700);
      calm = this.of(3).length === tiles ? calm + 1 : 0;
    }
  }

  lastTile() {
    const n = this.of(3).length;
    if (n !== this.tiles) [this.tiles, this.tileTime] = [n, Date.now()];
    return n ? this.tileTime : undefined;
  }

  send(bytes) { this.tunnel.socket.send(Buffer.from(bytes)); }

  key(vk, up = 0) { this.send([0, 1, 0, 6, up, vk]); }

  tap(vk) { this.key(vk); this.key(vk, 1); }

  type(text) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.send([0, 85, 0, 7, 0, unit >> 8, unit & 255]);
      this.send([0, 85, 0, 7, 1, unit >> 8, unit & 255]);
    }
  }

  mouse(x, y, buttons = 0, wheel) {
    const tail = wheel === undefined ? [] : [(wheel >> 8) & 255, wheel & 255];
    this.send([0, 2, 0, 10 + tail.length, 0, buttons, x >> 8, x & 255, y >> 8, y & 255, ...tail]);
  }

  control(message) { this.tunnel.socket.send(JSON.stringify({ ctrlChannel: '102938', ...message })); }
}

export function parse(frame) {
  let at = 0;
  let type = frame.readUInt16BE(0);
  let length = frame.readUInt16BE(2);
  if (type === 27) {
    assert.equal(length, 8);
    length = frame.readUInt32BE(4);
    at = 8;
    type = frame.readUInt16BE(8);
  }
  assert.equal(frame.length, at + length, `packet ${type}: its length`);
  const body = frame.subarray(at + 4);
  if (type !== 3) return { type, body };
  return { type, body, x: body.readUInt16BE(0), y: body.readUInt16BE(2), image: body.subarray(4) };
}

export function jpegSize(image) {
  assert.equal(image.readUInt16BE(0), 0xffd8, 'a JPEG');
  for (let at = 2; at < image.length;) {
    const marker = image.readUInt16BE(at);
    if (marker === 0xffc0 || marker === 0xffc2) return { height: image.readUInt16BE(at + 5), width: image.readUInt16BE(at + 7) };
    at += 2 + image.readUInt16BE(at + 2);
  }
  return assert.fail('a JPEG without a size');
}

/** Colour of the pixel in the middle of a JPEG. */
export function middleColour(image) {
  const { stdout, status } = spawnSync('djpeg', ['-pnm'], { input: image, maxBuffer: 64 * 1024 * 1024 });
  assert.equal(status, 0, 'the picture can be decoded');
  const [, width, height] = /^P6\s(\d+)\s(\d+)\s255\s/.exec(stdout.subarray(0, 40).toString('latin1')).map(Number);
  const pixels = stdout.subarray(stdout.length - width * height * 3);
  const at = (Math.floor(height / 2) * width + Math.floor(width / 2)) * 3;
  return [...pixels.subarray(at, at + 3)];
}
