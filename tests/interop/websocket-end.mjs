// SPDX-License-Identifier: Apache-2.0
// WebSocketEnd: the server's end of one WebSocket, small enough to read in one go.
// It serves tests on loopback and therefore trusts the peer's sizes.

import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OP = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

// Splits one frame off the front of BYTES; null while it is incomplete.
function takeFrame(bytes) {
  if (bytes.length < 2) return null;
  const masked = (bytes[1] & 0x80) !== 0;
  let size = bytes[1] & 0x7f;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return null;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const body = at + (masked ? 4 : 0);
  if (bytes.length < body + size) return null;
  const payload = Buffer.from(bytes.subarray(body, body + size));
  if (masked) for (let i = 0; i < size; i++) payload[i] ^= bytes[at + (i % 4)];
  return { fin: (bytes[0] & 0x80) !== 0, op: bytes[0] & 0x0f, payload, used: body + size };
}

function frameHeader(op, size) {
  if (size < 126) return Buffer.from([0x80 | op, size]);
  const header = Buffer.alloc(size < 65536 ? 4 : 10);
  header[0] = 0x80 | op;
  header[1] = size < 65536 ? 126 : 127;
  if (size < 65536) header.writeUInt16BE(size, 2);
  else header.writeBigUInt64BE(BigInt(size), 2);
  return header;
}

// Emits 'message' (Buffer, isText) and 'close'.
export class WebSocketEnd extends EventEmitter {
  #pending = Buffer.alloc(0);
  #fragments = [];
  #fragmentOp = 0;

  constructor(request, socket, head) {
    super();
    this.request = request;
    this.socket = socket;
    this.closed = false;
    const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
    socket.write(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    socket.on('data', (data) => this.#feed(data));
    socket.on('error', () => {});
    socket.on('close', () => { this.closed = true; this.emit('close'); });
    if (head.length > 0) setImmediate(() => this.#feed(head));
  }

  #feed(data) {
    this.#pending = Buffer.concat([this.#pending, data]);
    for (let frame = takeFrame(this.#pending); frame !== null; frame = takeFrame(this.#pending)) {
      this.#pending = this.#pending.subarray(frame.used);
      this.#handle(frame);
    }
  }

  #handle({ fin, op, payload }) {
    if (op === OP.ping) return this.#write(OP.pong, payload);
    if (op === OP.pong) return undefined;
    if (op === OP.close) {
      this.#write(OP.close, payload);
      return this.socket.end();
    }
    if (op !== OP.continuation) {
      this.#fragmentOp = op;
      this.#fragments = [];
    }
    this.#fragments.push(payload);
    if (fin) this.emit('message', Buffer.concat(this.#fragments), this.#fragmentOp === OP.text);
    return undefined;
  }

  #write(op, payload) {
    if (this.socket.destroyed) return;
    this.socket.write(Buffer.concat([frameHeader(op, payload.length), payload]));
  }

  text(value) { this.#write(OP.text, Buffer.from(value)); }

  binary(value) { this.#write(OP.binary, Buffer.from(value)); }

  close() {
    this.#write(OP.close, Buffer.alloc(0));
    this.socket.end();
  }
}
