// SPDX-License-Identifier: Apache-2.0
// The worker that decodes and paints, away from the page's own thread.
import type { Packet } from './packets';
import { Screen, type Decoded, type Surface } from './screen';

export type ToPainter =
  | { canvas: OffscreenCanvas }
  /** A new session: what the last one left half-sent is forgotten. */
  | { begin: true }
  | { frame: ArrayBuffer }
  | { picture: number };

export type FromPainter =
  | { packet: Packet }
  | { tiles: number; frames: number }
  | { picture: number; blob: Blob | null };

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToPainter>) => void) | null;
  postMessage: (message: FromPainter) => void;
}

const scope = globalThis as unknown as WorkerScope;
let canvas: OffscreenCanvas | null = null;
let context: OffscreenCanvasRenderingContext2D | null = null;
let screen: Screen | null = null;
let tiles = 0;
let frames = 0;
let reporting = false;

const surface: Surface = {
  get width() { return canvas!.width; },
  set width(value) { canvas!.width = value; },
  get height() { return canvas!.height; },
  set height(value) { canvas!.height = value; },
  draw: (image: Decoded, x, y) => context!.drawImage(image as ImageBitmap, x, y),
  copy: (sx, sy, x, y, width, height) => context!.drawImage(canvas!, sx, sy, width, height, x, y, width, height),
};

function begin(): void {
  screen?.stop();
  screen = new Screen(surface, (data, type) => createImageBitmap(new Blob([data as Uint8Array<ArrayBuffer>], { type })), {
    onPacket: (packet) => scope.postMessage({ packet }),
    onPainted: (count, fresh) => {
      tiles += count;
      frames += Number(fresh);
      if (reporting) return;
      reporting = true;
      // One report for all that is painted in one turn.
      setTimeout(report);
    },
  }, () => performance.now());
}

function report(): void {
  reporting = false;
  scope.postMessage({ tiles, frames });
  tiles = 0;
  frames = 0;
}

async function takePicture(id: number): Promise<void> {
  const blob = await canvas?.convertToBlob({ type: 'image/png' }).catch(() => null) ?? null;
  scope.postMessage({ picture: id, blob });
}

scope.onmessage = ({ data }) => {
  if ('canvas' in data) {
    canvas = data.canvas;
    context = canvas.getContext('2d', { alpha: false });
    begin();
  } else if ('begin' in data) begin();
  else if ('frame' in data) screen?.frame(new Uint8Array(data.frame));
  else void takePicture(data.picture);
};
