// SPDX-License-Identifier: Apache-2.0
// Size of a picture from its first bytes, so that none is decoded that claims to
// be larger than the screen it belongs to.

export interface ImageInfo { type: string; width: number; height: number }

const be16 = (d: Uint8Array, i: number) => ((d[i] ?? 0) << 8) | (d[i + 1] ?? 0);
const be32 = (d: Uint8Array, i: number) => be16(d, i) * 0x10000 + be16(d, i + 2);
const le16 = (d: Uint8Array, i: number) => (d[i] ?? 0) | ((d[i + 1] ?? 0) << 8);
const le24 = (d: Uint8Array, i: number) => le16(d, i) | ((d[i + 2] ?? 0) << 16);
const ascii = (d: Uint8Array, i: number, n: number) => String.fromCharCode(...d.subarray(i, i + n));

/** Returns null for anything that is not JPEG, PNG or WebP. */
export function imageInfo(data: Uint8Array): ImageInfo | null {
  if (data[0] === 0xff && data[1] === 0xd8) return jpegInfo(data);
  if (be32(data, 0) === 0x89504e47 && ascii(data, 12, 4) === 'IHDR') return { type: 'image/png', width: be32(data, 16), height: be32(data, 20) };
  if (ascii(data, 0, 4) === 'RIFF' && ascii(data, 8, 4) === 'WEBP') return webpInfo(data);
  return null;
}

function isFrameStart(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function jpegInfo(d: Uint8Array): ImageInfo | null {
  let at = 2;
  while (at + 9 < d.length) {
    if (d[at] !== 0xff) return null;
    const marker = d[at + 1]!;
    // Fill bytes and markers without a length.
    if (marker === 0xff) { at++; continue; }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) { at += 2; continue; }
    if (isFrameStart(marker)) return { type: 'image/jpeg', height: be16(d, at + 5), width: be16(d, at + 7) };
    const length = be16(d, at + 2);
    if (length < 2 || marker === 0xda || marker === 0xd9) return null;
    at += 2 + length;
  }
  return null;
}

function webpInfo(d: Uint8Array): ImageInfo | null {
  const type = 'image/webp';
  switch (ascii(d, 12, 4)) {
    case 'VP8 ': return { type, width: le16(d, 26) & 0x3fff, height: le16(d, 28) & 0x3fff };
    case 'VP8L': {
      const bits = le24(d, 21) + (d[24] ?? 0) * 0x1000000;
      return { type, width: (bits % 0x4000) + 1, height: (Math.floor(bits / 0x4000) % 0x4000) + 1 };
    }
    case 'VP8X': return { type, width: le24(d, 24) + 1, height: le24(d, 27) + 1 };
    default: return null;
  }
}

/** Whether a picture at @x, @y may be drawn on a screen of @width × @height. Cells at the edges may reach a little over it. */
export function tileFits(info: ImageInfo, x: number, y: number, width: number, height: number): boolean {
  const slack = 64;
  return info.width > 0 && info.height > 0 && x < width && y < height && x + info.width <= width + slack && y + info.height <= height + slack;
}
