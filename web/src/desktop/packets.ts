// SPDX-License-Identifier: Apache-2.0
// The packets of remote desktop: [2] type, [2] length with this header, body; all
// numbers big-endian. Reading never throws and never trusts a number from the wire.

export const LIMIT = {
  /** Largest packet, and so the most that is kept while one is incomplete. */
  packet: 32 << 20,
  side: 16384,
  /** Pixels of a screen; 8K has 33 million. */
  pixels: 64 << 20,
  displays: 64,
  text: 4096,
} as const;

const JUMBO = 27;
const JUMBO_HEADER = 8;

export interface Display { id: number; x: number; y: number; width: number; height: number }

export type Packet =
  | { type: 'tile'; x: number; y: number; image: Uint8Array }
  | { type: 'copy'; sx: number; sy: number; x: number; y: number; width: number; height: number }
  | { type: 'screen'; width: number; height: number }
  | { type: 'displays'; ids: number[]; selected: number }
  | { type: 'display-set'; id: number }
  | { type: 'display-info'; displays: Display[] }
  | { type: 'touch'; ok: boolean }
  | { type: 'key-state'; num: boolean; scroll: boolean; caps: boolean }
  | { type: 'message'; text: string }
  | { type: 'error'; text: string }
  | { type: 'input-lock'; locked: boolean }
  | { type: 'cursor'; shape: number };

const u16 = (d: Uint8Array, i: number) => (d[i]! << 8) | d[i + 1]!;
const u32 = (d: Uint8Array, i: number) => u16(d, i) * 0x10000 + u16(d, i + 2);

/**
 * Cuts a stream into packets. Frames usually hold one packet each; some
 * transports split or join them, so what is incomplete waits for more.
 */
export class PacketReader {
  private rest: Uint8Array | null = null;
  /** Packets that were not understood. */
  skipped = 0;

  /** Bytes that wait for the rest of their packet. */
  get waiting(): number {
    return this.rest?.length ?? 0;
  }

  push(frame: Uint8Array): Packet[] {
    let data = frame;
    if (this.rest) {
      data = new Uint8Array(this.rest.length + frame.length);
      data.set(this.rest);
      data.set(frame, this.rest.length);
      this.rest = null;
    }
    const packets: Packet[] = [];
    let at = 0;
    while (data.length - at >= 4) {
      const size = packetSize(data, at);
      if (size === 'more') break;
      if (size === 'bad') {
        // There is no way to find the next packet: the rest of this frame is lost, the next one starts anew.
        this.skipped++;
        return packets;
      }
      if (data.length - at < size) break;
      const packet = readPacket(data.subarray(at, at + size));
      if (packet) packets.push(packet);
      else this.skipped++;
      at += size;
    }
    if (at < data.length) this.rest = data.slice(at);
    return packets;
  }
}

function packetSize(data: Uint8Array, at: number): number | 'more' | 'bad' {
  const length = u16(data, at + 2);
  if (length < 4) return 'bad';
  if (u16(data, at) !== JUMBO) return length;
  if (length !== JUMBO_HEADER) return 'bad';
  if (data.length - at < JUMBO_HEADER) return 'more';
  const inner = u32(data, at + 4);
  return inner < 4 || inner > LIMIT.packet ? 'bad' : JUMBO_HEADER + inner;
}

/** @data: exactly one packet. Returns null for what is unknown or does not hold together. */
export function readPacket(data: Uint8Array): Packet | null {
  if (data.length < 4) return null;
  let type = u16(data, 0);
  let body = data.subarray(4);
  if (type === JUMBO) {
    if (data.length < JUMBO_HEADER + 4 || u32(data, 4) !== data.length - JUMBO_HEADER) return null;
    type = u16(data, 8);
    body = data.subarray(JUMBO_HEADER + 4);
    if (type === JUMBO) return null;
  } else if (u16(data, 2) !== data.length) return null;
  return readBody(type, body);
}

function readBody(type: number, b: Uint8Array): Packet | null {
  switch (type) {
    case 3: return b.length > 4 ? { type: 'tile', x: u16(b, 0), y: u16(b, 2), image: b.subarray(4) } : null;
    case 4: return b.length === 12 ? { type: 'copy', sx: u16(b, 0), sy: u16(b, 2), x: u16(b, 4), y: u16(b, 6), width: u16(b, 8), height: u16(b, 10) } : null;
    case 7: return b.length >= 4 ? readScreen(u16(b, 0), u16(b, 2)) : null;
    case 11: return readDisplays(b);
    case 12: return b.length >= 1 ? { type: 'display-set', id: b.length === 1 ? b[0]! : u16(b, 0) } : null;
    case 14: return b.length >= 2 ? { type: 'touch', ok: u16(b, 0) === 1 } : null;
    case 17: return { type: 'message', text: readText(b) };
    case 18: return b.length >= 1 ? { type: 'key-state', num: (b[0]! & 1) !== 0, scroll: (b[0]! & 2) !== 0, caps: (b[0]! & 4) !== 0 } : null;
    case 65: return { type: 'error', text: readText(b) };
    case 82: return readDisplayInfo(b);
    case 87: return b.length >= 1 ? { type: 'input-lock', locked: b[0] === 1 } : null;
    case 88: return b.length >= 1 ? { type: 'cursor', shape: b[0]! } : null;
    default: return null;
  }
}

function readScreen(width: number, height: number): Packet | null {
  const fits = width > 0 && height > 0 && width <= LIMIT.side && height <= LIMIT.side && width * height <= LIMIT.pixels;
  return fits ? { type: 'screen', width, height } : null;
}

function readDisplays(b: Uint8Array): Packet | null {
  if (b.length < 2) return null;
  const count = u16(b, 0);
  if (count > LIMIT.displays || b.length < 2 + 2 * count) return null;
  const ids = Array.from({ length: count }, (_, i) => u16(b, 2 + 2 * i));
  return { type: 'displays', ids, selected: b.length >= 4 + 2 * count ? u16(b, 2 + 2 * count) : 0 };
}

function readDisplayInfo(b: Uint8Array): Packet | null {
  const count = b.length / 10;
  if (!Number.isInteger(count) || count > LIMIT.displays) return null;
  const displays = Array.from({ length: count }, (_, i) => {
    const at = i * 10;
    return { id: u16(b, at), x: u16(b, at + 2), y: u16(b, at + 4), width: u16(b, at + 6), height: u16(b, at + 8) };
  });
  return { type: 'display-info', displays };
}

function readText(b: Uint8Array): string {
  return new TextDecoder().decode(b.subarray(0, LIMIT.text)).replace(/[\0-\x1f]+/g, ' ').trim();
}

// ---- From the viewer to the device

type Bytes = Uint8Array<ArrayBuffer>;

function packet(type: number, ...body: number[]): Bytes {
  return new Uint8Array([type >> 8, type & 255, 0, body.length + 4, ...body]);
}

const two = (n: number): [number, number] => [(n >> 8) & 255, n & 255];

export type KeyAction = 'down' | 'up';

export const key = (vk: number, extended: boolean, action: KeyAction): Bytes =>
  packet(1, extended ? (action === 'down' ? 4 : 3) : action === 'down' ? 0 : 1, vk & 255);

/** One UTF-16 unit. */
export const unicode = (unit: number, action: KeyAction): Bytes => packet(85, action === 'down' ? 0 : 1, ...two(unit));

export const BUTTON = { left: 0x02, right: 0x08, middle: 0x20 } as const;

/** @button: 0 for a movement; the doubled value of a BUTTON is its release. */
export const mouse = (button: number, x: number, y: number): Bytes => packet(2, 0, button, ...two(x), ...two(y));

/** @delta: 120 a notch, positive away from the user. Negative ones travel as one's complement, which agents also read as two's. */
export function wheel(x: number, y: number, delta: number): Bytes {
  const value = delta < 0 ? ~-delta : delta;
  return packet(2, 0, 0, ...two(x), ...two(y), ...two(value));
}

export interface Quality {
  /** 1 JPEG, 2 PNG, 3 TIFF, 4 WebP. */
  format: number;
  /** 1 to 100. */
  quality: number;
  /** 1024 is the full size. */
  scaling: number;
  /** Least time between two pictures, ms. */
  interval: number;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, Math.round(value) || low));

export const compression = (q: Quality): Bytes =>
  packet(5, clamp(q.format, 1, 4), clamp(q.quality, 1, 100), ...two(clamp(q.scaling, 64, 4096)), ...two(clamp(q.interval, 20, 5000)));

export const refresh = (): Bytes => packet(6);
export const pause = (on: boolean): Bytes => packet(8, on ? 1 : 0);
export const ctrlAltDel = (): Bytes => packet(10);
export const askDisplays = (): Bytes => packet(11);
export const setDisplay = (id: number): Bytes => packet(12, ...two(id));
export const inputLock = (what: 'unlock' | 'lock' | 'query'): Bytes => packet(87, what === 'unlock' ? 0 : what === 'lock' ? 1 : 2);

export const ALL_DISPLAYS = 65535;
