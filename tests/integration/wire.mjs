// SPDX-License-Identifier: Apache-2.0
// Bytes on the wire for tests that must say what no well-behaved client says: requests written by hand, upgrades whose
// answer is looked at before anything else, and what the kernel knows about the server's memory.
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';

/** A connected socket; TLS unless told otherwise. */
export async function dial(port, { tls = true, localAddress } = {}) {
  const socket = tls ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, localAddress })
    : connectPlain({ port, host: '127.0.0.1', localAddress });
  await once(socket, tls ? 'secureConnect' : 'connect');
  socket.on('error', () => {});
  return socket;
}

function parse(bytes) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const body = bytes.subarray(end + 4);
  const wanted = Number(headers['content-length'] ?? 0);
  const status = Number(first.split(' ')[1]);
  return { status, headers, body, complete: status === 101 || status === 304 || body.length >= wanted };
}

/** Writes bytes as they are and reads one HTTP answer; null when the connection ends without one. */
export async function say(port, bytes, { seconds = 20, ...options } = {}) {
  const socket = await dial(port, options);
  return new Promise((resolve, reject) => {
    let got = Buffer.alloc(0);
    const timer = setTimeout(() => { socket.destroy(); reject(new Error(`no answer within ${seconds} s`)); }, seconds * 1000);
    const done = () => { clearTimeout(timer); socket.destroy(); resolve(parse(got)); };
    socket.on('data', (data) => {
      got = Buffer.concat([got, data]);
      if (parse(got)?.complete) done();
    });
    socket.on('close', done);
    socket.write(bytes);
  });
}

/** One request with exactly these headers; Host is added unless it is among them (null leaves it out). */
export function request(method, target, headers = {}, body = '') {
  const all = { Host: 'localhost', ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [value].flat().map((v) => `${name}: ${v}`)));
  if (body !== '' && !('Content-Length' in all)) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

export const upgradeHeaders = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' };

/** Resident bytes of a process as the kernel counts them. */
export function residentBytes(pid) {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/);
  return Number(line[1]) * 1024;
}

/** A client's frame: FIN and opcode as given, masked with zeros unless told otherwise. */
export function frame(opcode, payload, { fin = true, masked = true, length = payload.length, reserved = 0 } = {}) {
  const head = [(fin ? 0x80 : 0) | reserved | opcode];
  const bit = masked ? 0x80 : 0;
  if (length < 126) head.push(bit | length);
  else if (length < 65536) head.push(bit | 126, length >> 8, length & 255);
  else {
    const big = Buffer.alloc(8);
    big.writeBigUInt64BE(BigInt(length));
    head.push(bit | 127, ...big);
  }
  return Buffer.concat([Buffer.from(head), Buffer.alloc(masked ? 4 : 0), payload]);
}
