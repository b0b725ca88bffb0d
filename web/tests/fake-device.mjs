// SPDX-License-Identifier: Apache-2.0
// The device's end of a tunnel, invented: a shell that knows a few words, files in
// memory, and a screen that shows colours and what was typed.
import { createHash } from 'node:crypto';
import { pngOf } from './png.mjs';

const PROMPT = '\x1b[1;32mroot@demo\x1b[0m:\x1b[1;34m~\x1b[0m# ';
const CHANNEL = '102938';

/** @send(data): a string becomes a text frame, a Buffer a binary one. */
export function startDevice(send, close) {
  let protocol = null;
  let handler = null;
  return (data, binary) => {
    const text = binary ? null : data.toString();
    if (protocol === null) {
      if (text?.startsWith('{')) return;
      protocol = Number(text);
      handler = protocol === 5 ? new Files(send) : protocol === 2 ? new FakeDesktop(send) : new FakeShell(send, close);
      return;
    }
    if (text !== null && text.includes(CHANNEL)) {
      const message = JSON.parse(text);
      if (message.type === 'rtt') send(text);
      else handler.control?.(message);
      return;
    }
    handler.data(data);
  };
}

const SCREEN = [1280, 800];

class FakeDesktop {
  typed = 0;
  constructor(send) {
    this.send = send;
    send(JSON.stringify({ ctrlChannel: CHANNEL, type: 'metadata', users: { 'user//admin': 1, 'user//eve': 1 }, startTime: now, acks: true }));
    this.packet(7, [SCREEN[0] >> 8, SCREEN[0] & 255, SCREEN[1] >> 8, SCREEN[1] & 255]);
    this.packet(11, [0, 2, 0, 1, 255, 255, 0, 1]);
    this.packet(88, [3]);
    this.tile(0, 0, pngOf(...SCREEN, (x, y) => (y < 28 ? [32, 34, 40] : y > 760 ? [44, 48, 58] : [20 + y / 9, 60 + x / 20, 110 + y / 8])));
    this.tile(160, 120, pngOf(640, 400, (x, y) => (y < 30 ? [70, 76, 92] : [250, 250, 252])));
  }

  packet(type, body) { this.send(Buffer.from([type >> 8, type & 255, (body.length + 4) >> 8, (body.length + 4) & 255, ...body])); }

  tile(x, y, image) {
    const head = Buffer.alloc(16);
    head.writeUInt16BE(27, 0);
    head.writeUInt16BE(8, 2);
    head.writeUInt32BE(image.length + 8, 4);
    head.writeUInt16BE(3, 8);
    head.writeUInt16BE(x, 12);
    head.writeUInt16BE(y, 14);
    this.send(Buffer.concat([head, image]));
  }

  /** Each character that is typed is a square on the screen. */
  data(buffer) {
    if (buffer[1] !== 85 || buffer[4] !== 0) return;
    this.tile(192 + (this.typed % 36) * 16, 170 + Math.floor(this.typed / 36) * 16, pngOf(12, 12, () => [180, 40, 60]));
    this.typed++;
  }
}

class FakeShell {
  line = '';
  size = { cols: 80, rows: 24 };
  constructor(send, close) {
    this.out = (s) => send(Buffer.from(s));
    this.close = close;
    this.out(`Linux demo 6.1.0 x86_64\r\n\r\n${PROMPT}`);
  }

  control(message) {
    if (message.type === 'termsize') this.size = { cols: message.cols, rows: message.rows };
  }

  data(buffer) {
    for (const c of buffer.toString()) {
      if (c === '\r') {
        this.out('\r\n');
        const words = this.line.trim().split(/\s+/);
        this.line = '';
        if (this.run(words) !== false) this.out(PROMPT);
      } else if (c === '\x7f') {
        if (this.line) { this.line = this.line.slice(0, -1); this.out('\b \b'); }
      } else if (c === '\x03') { this.line = ''; this.out(`^C\r\n${PROMPT}`); }
      else { this.line += c; this.out(c); }
    }
  }

  run([command, ...args]) {
    switch (command) {
      case '': return true;
      case 'exit': this.out('logout\r\n'); this.close(); return false;
      case 'echo': this.out(`${args.join(' ')}\r\n`); return true;
      case 'stty': this.out(`${this.size.rows} ${this.size.cols}\r\n`); return true;
      case 'seq': this.out(Array.from({ length: Number(args[1]) }, (_, i) => `${i + 1}\r\n`).join('')); return true;
      case 'colours': this.out(Array.from({ length: 16 }, (_, i) => `\x1b[38;5;${i}mcolour ${i}\x1b[0m \x1b[38;2;200;${i * 16};90mtrue\x1b[0m\r\n`).join('')); return true;
      case 'ls': this.out('\x1b[1;34mbackups\x1b[0m  \x1b[1;32mdeploy.sh\x1b[0m  notes.txt\r\n'); return true;
      default: this.out(`${command}: command not found\r\n`); return true;
    }
  }
}

const now = Date.parse('2026-11-21T06:00:00Z');
const file = (data, age = 0) => ({ t: 3, data: Buffer.from(data), d: now - age * 3.6e6 });

/**
 * One tree for all devices of a server, so that a test sees what it uploaded.
 * @type {Map<string, {t: number, d: number, data?: Buffer}>}
 */
export const tree = new Map([
  ['/', { t: 2, d: now }], ['/etc', { t: 2, d: now - 1e9 }], ['/etc/hostname', file('demo\n', 900)], ['/etc/hosts', file('127.0.0.1 localhost\n', 900)],
  ['/home', { t: 2, d: now - 2e9 }], ['/home/demo', { t: 2, d: now - 1e7 }], ['/home/demo/report 2026.pdf', file(Buffer.alloc(2_345_678, 'r'), 30)],
  ['/home/demo/photo.jpg', file(Buffer.alloc(845_678, 'p'), 3)], ['/home/demo/notes.txt', file('remember the milk\n', 1)],
  ['/root', { t: 2, d: now - 3e9 }], ['/tmp', { t: 2, d: now }], ['/var', { t: 2, d: now - 4e9 }], ['/var/log', { t: 2, d: now }],
  ...Array.from({ length: 40 }, (_, i) => [`/var/log/app-${String(i).padStart(2, '0')}.log`, file(Buffer.alloc(1000 * (i + 1) ** 2, 'l'), i * 24)]),
]);

const join = (dir, name) => `${dir === '/' ? '' : dir.replace(/\/+$/, '')}/${name}`;

class Files {
  upload = null;
  download = null;
  constructor(send) {
    this.send = send;
  }

  json(message) { this.send(Buffer.from(JSON.stringify(message))); }

  data(buffer) {
    if (buffer[0] === 0x7b) this.message(JSON.parse(buffer.toString()));
    else if (this.upload) this.block(buffer[0] === 0 ? buffer.subarray(1) : buffer);
  }

  block(data) {
    this.upload.parts.push(Buffer.from(data));
    this.json({ action: 'uploadack', reqid: this.upload.reqid });
  }

  message(m) {
    const path = m.path === undefined || m.path === '' ? '/' : m.path.length > 1 ? m.path.replace(/\/+$/, '') : m.path;
    switch (m.action) {
      case 'ls': this.list(m, path); break;
      case 'mkdir': tree.set(path, { t: 2, d: Date.now() }); break;
      case 'rename': this.rename(join(path, m.oldname), join(path, m.newname)); break;
      case 'rm': for (const name of m.delfiles) this.remove(join(path, name)); break;
      case 'upload': this.startUpload(m, join(path, m.name)); break;
      case 'uploaddone': this.endUpload(m); break;
      case 'uploadcancel': this.upload = null; this.json({ action: 'uploadcancel', reqid: m.reqid }); break;
      case 'uploadhash': {
        const entry = tree.get(join(path, m.name));
        const hash = entry?.data ? createHash('sha384').update(entry.data).digest('hex').toUpperCase() : null;
        this.json({ ...m, hash });
        break;
      }
      case 'download': this.downloadStep(m); break;
      case 'zip': this.zip(m, path); break;
    }
  }

  list(m, path) {
    const entry = tree.get(path);
    const dir = entry?.t === 2 ? [...tree].filter(([p]) => p !== '/' && p.slice(0, p.lastIndexOf('/')) === (path === '/' ? '' : path))
      .map(([p, e]) => ({ ...(e.l && { l: e.l }), n: p.slice(p.lastIndexOf('/') + 1), t: e.t, d: new Date(e.d).toISOString(), ...(e.data ? { s: e.data.length } : {}) })) : null;
    this.json({ path: m.path, reqid: m.reqid, dir });
  }

  rename(from, to) {
    for (const [p, e] of [...tree]) {
      if (p !== from && !p.startsWith(`${from}/`)) continue;
      tree.delete(p);
      tree.set(to + p.slice(from.length), e);
    }
  }

  remove(path) {
    for (const p of [...tree.keys()]) if (p === path || p.startsWith(`${path}/`)) tree.delete(p);
  }

  startUpload(m, path) {
    if (path.startsWith('/etc/')) { this.json({ action: 'uploaderror', reqid: m.reqid }); this.json({ action: 'dialogmessage', msg: 'error', file: m.name, error: 'Read-only file system' }); return; }
    const before = m.append ? tree.get(path)?.data : undefined;
    this.upload = { reqid: m.reqid, path, parts: before ? [before] : [] };
    this.json({ action: 'uploadstart', reqid: m.reqid });
  }

  endUpload(m) {
    tree.set(this.upload.path, { t: 3, data: Buffer.concat(this.upload.parts), d: Date.now() });
    this.upload = null;
    this.json({ action: 'uploaddone', reqid: m.reqid });
  }

  /** No archive, but something of that name. */
  zip(m, path) {
    this.json({ action: 'dialogmessage', msg: 'zipping' });
    this.json({ action: 'dialogmessage', msg: 'zippingFile', file: m.files[0] });
    const denied = path.startsWith('/etc');
    if (!denied) tree.set(join(path, m.output), { t: 3, data: Buffer.from(`archive of ${m.files.join()}`), d: Date.now() });
    this.json({ action: 'dialogmessage', msg: denied ? 'error' : null, ...(denied && { error: 'Read-only file system' }) });
    this.json({ action: 'refresh' });
  }

  downloadStep(m) {
    if (m.sub === 'start') {
      const data = m.files ? Buffer.from(`archive of ${m.files.join()}`) : tree.get(m.path)?.data;
      const at = m.offset <= data?.length ? m.offset : 0;
      this.download = data ? { data, at } : null;
      this.send(JSON.stringify({ action: 'download', sub: data ? 'start' : 'cancel', id: m.id, ...(at > 0 && { offset: at }) }));
    } else if (m.sub === 'stop') this.download = null;
    else if (this.download) for (let i = 0; i < (m.sub === 'startack' ? m.ack ?? 1 : 1); i++) this.sendBlock();
  }

  sendBlock() {
    if (!this.download) return;
    const { data, at } = this.download;
    const part = data.subarray(at, at + 16380);
    const last = part.length < 16380;
    this.send(Buffer.concat([Buffer.from([1, 0, 0, last ? 1 : 0]), part]));
    if (last) this.download = null;
    else this.download.at += part.length;
  }
}
