// SPDX-License-Identifier: Apache-2.0
// Mouse and wheel of the viewer: movements are joined to one for each picture of
// the browser, buttons and wheel are not.
import { BUTTON, mouse, wheel } from './packets';

type Send = (packet: Uint8Array<ArrayBuffer>) => void;

/** PointerEvent.button → bit on the wire. */
const BUTTONS: Readonly<Record<number, number>> = { 0: BUTTON.left, 1: BUTTON.middle, 2: BUTTON.right };
const NOTCH = 120;
/** What browsers report for a notch, in CSS pixels; lines and pages are turned into it. */
const NOTCH_PIXELS = 100;
const LINE_PIXELS = 34;
const MOST_NOTCHES = 20;

export class Pointer {
  private x = 0;
  private y = 0;
  private moved = false;
  private scheduled = false;
  private scrolled = 0;
  private readonly down = new Set<number>();
  private readonly send: Send;
  private readonly schedule: (run: () => void) => void;

  /** @schedule: runs something once before the next picture. */
  constructor(send: Send, schedule: (run: () => void) => void) {
    this.send = send;
    this.schedule = schedule;
  }

  move(x: number, y: number): void {
    if (x === this.x && y === this.y) return;
    this.x = x;
    this.y = y;
    this.moved = true;
    if (this.scheduled) return;
    this.scheduled = true;
    this.schedule(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.moved) this.send(mouse(0, this.x, this.y));
    this.moved = false;
  }

  press(button: number): void {
    const bit = BUTTONS[button];
    if (!bit || this.down.has(bit)) return;
    this.flush();
    this.down.add(bit);
    this.send(mouse(bit, this.x, this.y));
  }

  release(button: number): void {
    const bit = BUTTONS[button];
    if (!bit || !this.down.delete(bit)) return;
    this.flush();
    this.send(mouse(bit << 1, this.x, this.y));
  }

  releaseAll(): void {
    for (const bit of [...this.down]) this.send(mouse(bit << 1, this.x, this.y));
    this.down.clear();
    this.scrolled = 0;
  }

  click(button: number): void {
    this.press(button);
    this.release(button);
  }

  /** @delta, @mode: of a WheelEvent, positive towards the user. Fine steps add up to whole notches. */
  scroll(delta: number, mode: number): void {
    const pixels = mode === 1 ? delta * LINE_PIXELS : mode === 2 ? delta * NOTCH_PIXELS * 3 : delta;
    if (Math.sign(pixels) !== Math.sign(this.scrolled)) this.scrolled = 0;
    this.scrolled += pixels;
    const notches = Math.max(-MOST_NOTCHES, Math.min(MOST_NOTCHES, Math.trunc(this.scrolled / NOTCH_PIXELS)));
    if (notches === 0) return;
    this.scrolled -= notches * NOTCH_PIXELS;
    this.flush();
    for (let i = 0; i < Math.abs(notches); i++) this.send(wheel(this.x, this.y, notches > 0 ? -NOTCH : NOTCH));
  }
}

/** A place in the element as a pixel of the device's screen. */
export function toScreen(clientX: number, clientY: number, box: { left: number; top: number; width: number; height: number }, width: number, height: number): [number, number] {
  const scale = (offset: number, shown: number, size: number) => Math.max(0, Math.min(size - 1, Math.floor((offset * size) / Math.max(1, shown))));
  return [scale(clientX - box.left, box.width, width), scale(clientY - box.top, box.height, height)];
}
