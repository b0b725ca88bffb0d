// SPDX-License-Identifier: Apache-2.0
// The page's end of the painting worker.
import type { FromPainter, ToPainter } from './painter.worker';
import type { Packet } from './packets';

/** Address of the worker's script, put in by the build. */
declare const __PAINTER__: string;

interface Policy { createScriptURL: (url: string) => string }
interface Types { createPolicy: (name: string, rules: Policy) => Policy }

/** The one script that may be started as a worker, where the browser enforces trusted types. */
const types = (globalThis as { trustedTypes?: Types }).trustedTypes;
const policy = types?.createPolicy('bowline', {
  createScriptURL: (url) => {
    if (url !== __PAINTER__) throw new TypeError(`not a script of this page: ${url}`);
    return url;
  },
});

export interface PainterEvents {
  onPacket: (packet: Packet) => void;
  onPainted: (tiles: number, frames: number) => void;
}

export class Painter {
  private readonly worker: Worker;
  private readonly pictures = new Map<number, (blob: Blob | null) => void>();
  private sequence = 0;

  constructor(canvas: HTMLCanvasElement, events: PainterEvents) {
    this.worker = new Worker(policy ? policy.createScriptURL(__PAINTER__) : __PAINTER__);
    this.worker.onmessage = ({ data }: MessageEvent<FromPainter>) => {
      if ('packet' in data) events.onPacket(data.packet);
      else if ('picture' in data) {
        this.pictures.get(data.picture)?.(data.blob);
        this.pictures.delete(data.picture);
      } else events.onPainted(data.tiles, data.frames);
    };
    const offscreen = canvas.transferControlToOffscreen();
    this.post({ canvas: offscreen }, [offscreen]);
  }

  private post(message: ToPainter, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  begin(): void {
    this.post({ begin: true });
  }

  frame(data: ArrayBuffer): void {
    this.post({ frame: data }, [data]);
  }

  /** The screen as PNG. */
  picture(): Promise<Blob | null> {
    const id = ++this.sequence;
    return new Promise((resolve) => {
      this.pictures.set(id, resolve);
      this.post({ picture: id });
    });
  }

  stop(): void {
    this.worker.terminate();
  }
}
