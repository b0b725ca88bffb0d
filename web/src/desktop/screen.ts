// SPDX-License-Identifier: Apache-2.0
// Draws packets onto a canvas. Pictures are decoded side by side and painted in
// the order they came. Lives in a worker; nothing here knows of that.
import { imageInfo, tileFits } from './image';
import { PacketReader, type Packet } from './packets';

export interface Surface {
  width: number;
  height: number;
  draw(image: Decoded, x: number, y: number): void;
  copy(sx: number, sy: number, x: number, y: number, width: number, height: number): void;
}

export interface Decoded { width: number; height: number; close(): void }

interface Tile { x: number; y: number; width: number; height: number; decoded: Promise<Decoded | null> | null; data: Uint8Array; type: string }

type Step = { tile: Tile } | { packet: Extract<Packet, { type: 'screen' | 'copy' }> };

export interface ScreenEvents {
  onPacket: (packet: Packet) => void;
  /** Tiles that were dealt with since the last call; @fresh: the first of a new frame is among them. */
  onPainted: (tiles: number, fresh: boolean) => void;
}

/** Pictures that are decoded at the same time. */
const AT_ONCE = 16;
/** Tiles that come within this time belong to one frame. */
const FRAME_MS = 12;

export class Screen {
  private readonly reader = new PacketReader();
  private readonly steps: Step[] = [];
  private decoding = 0;
  private running = false;
  private stopped = false;
  private frameAt = -Infinity;
  /** As far as the packets say; the surface follows when its turn comes. */
  private width = 0;
  private height = 0;
  private readonly surface: Surface;
  private readonly decode: (data: Uint8Array, type: string) => Promise<Decoded>;
  private readonly events: ScreenEvents;
  private readonly now: () => number;

  constructor(surface: Surface, decode: (data: Uint8Array, type: string) => Promise<Decoded>, events: ScreenEvents, now: () => number) {
    this.surface = surface;
    this.decode = decode;
    this.events = events;
    this.now = now;
  }

  frame(data: Uint8Array): void {
    for (const packet of this.reader.push(data)) this.take(packet);
    this.startDecoding();
    void this.run();
  }

  /** Another session uses the surface from now on. */
  stop(): void {
    this.stopped = true;
  }

  private take(packet: Packet): void {
    switch (packet.type) {
      case 'screen':
        this.events.onPacket(packet);
        // The device says its size before every refresh: only another one clears the picture.
        if (packet.width === this.width && packet.height === this.height) return;
        this.width = packet.width;
        this.height = packet.height;
        this.steps.push({ packet });
        break;
      case 'copy':
        this.steps.push({ packet });
        break;
      case 'tile':
        this.takeTile(packet.x, packet.y, packet.image);
        break;
      default:
        this.events.onPacket(packet);
    }
  }

  private takeTile(x: number, y: number, data: Uint8Array): void {
    const info = imageInfo(data);
    if (!info || !tileFits(info, x, y, this.width, this.height)) {
      this.painted(1, false);
      return;
    }
    const tile: Tile = { x, y, width: info.width, height: info.height, decoded: null, data, type: info.type };
    this.dropCovered(tile);
    this.steps.push({ tile });
  }

  /** What waits below a newer picture need not be seen: a slow viewer skips it, and what waits stays bounded. */
  private dropCovered(by: Tile): void {
    let dropped = 0;
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i]!;
      if (!('tile' in step)) break;
      const { tile } = step;
      if (tile.decoded || !covers(by, tile)) continue;
      this.steps.splice(i, 1);
      dropped++;
    }
    if (dropped > 0) this.painted(dropped, false);
  }

  private startDecoding(): void {
    for (const step of this.steps) {
      if (this.decoding >= AT_ONCE) return;
      if (!('tile' in step) || step.tile.decoded) continue;
      this.decoding++;
      step.tile.decoded = this.decode(step.tile.data, step.tile.type).catch(() => null).then((image) => {
        this.decoding--;
        return image;
      });
    }
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    while (this.steps.length > 0) {
      this.startDecoding();
      const step = this.steps[0]!;
      const image = 'tile' in step ? await step.tile.decoded : null;
      if (this.stopped) {
        image?.close();
        return;
      }
      this.steps.shift();
      if ('tile' in step) this.paint(step.tile, image);
      else this.apply(step.packet);
    }
    this.running = false;
  }

  private paint(tile: Tile, image: Decoded | null): void {
    if (image) {
      this.surface.draw(image, tile.x, tile.y);
      image.close();
    }
    const fresh = this.now() - this.frameAt > FRAME_MS;
    if (fresh) this.frameAt = this.now();
    this.painted(1, fresh);
  }

  private apply(packet: Extract<Packet, { type: 'screen' | 'copy' }>): void {
    if (packet.type === 'screen') {
      this.surface.width = packet.width;
      this.surface.height = packet.height;
    } else this.surface.copy(packet.sx, packet.sy, packet.x, packet.y, packet.width, packet.height);
  }

  private painted(tiles: number, fresh: boolean): void {
    this.events.onPainted(tiles, fresh);
  }
}

function covers(a: Tile, b: Tile): boolean {
  return a.x <= b.x && a.y <= b.y && a.x + a.width >= b.x + b.width && a.y + a.height >= b.y + b.height;
}
