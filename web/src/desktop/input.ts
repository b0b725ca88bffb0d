// SPDX-License-Identifier: Apache-2.0
// Connects mouse, fingers and keyboard to a session.
import type { Keyboard } from './keys';
import { textChange, VK } from './keys';
import { toScreen, type Pointer } from './pointer';

export interface InputOptions {
  /** Takes the pointer. */
  picture: HTMLCanvasElement;
  /** Takes the keyboard: a text field, so that on-screen keyboards and input methods work. */
  field: HTMLTextAreaElement;
  /** Scrolls when the picture is larger. */
  scroller: HTMLElement;
  /** Looked up at each event: the session begins after the picture is there. */
  readonly keyboard: Keyboard;
  readonly pointer: Pointer;
  size: () => [width: number, height: number];
  /** The page's own combinations. True when @code was one. */
  onLocalKey: (code: string) => boolean;
  onZoom: (ratio: number) => void;
  /** The next touch is a click with the right button. */
  takeRightClick: () => boolean;
}

const LONG_PRESS_MS = 500;
const MOVED_PX = 10;
const FIELD_LIMIT = 200;

/** Returns the function that ends it. */
export function attachInput(options: InputOptions): () => void {
  const stop = new AbortController();
  attachMouse(options, stop.signal);
  new Touch(options, stop.signal);
  attachKeyboard(options, stop.signal);
  return () => stop.abort();
}

function place({ picture, size }: InputOptions, event: { clientX: number; clientY: number }): [number, number] {
  const [width, height] = size();
  return toScreen(event.clientX, event.clientY, picture.getBoundingClientRect(), width, height);
}

function attachMouse(options: InputOptions, signal: AbortSignal): void {
  const { picture, field } = options;
  const isMouse = (event: PointerEvent) => event.pointerType !== 'touch';
  picture.addEventListener('pointerdown', (event) => {
    if (!isMouse(event)) return;
    event.preventDefault();
    field.focus({ preventScroll: true });
    picture.setPointerCapture(event.pointerId);
    options.keyboard.useModifiers();
    options.pointer.move(...place(options, event));
    options.pointer.press(event.button);
  }, { signal });
  picture.addEventListener('pointermove', (event) => {
    if (!isMouse(event)) return;
    options.pointer.move(...place(options, event));
    // With one button down, others come and go as movements.
    for (const [bit, button] of [[1, 0], [4, 1], [2, 2]] as const) {
      if (event.buttons === 0) break;
      if (event.buttons & bit) options.pointer.press(button);
      else options.pointer.release(button);
    }
  }, { signal });
  picture.addEventListener('pointerup', (event) => {
    if (!isMouse(event)) return;
    options.pointer.move(...place(options, event));
    options.pointer.release(event.button);
  }, { signal });
  picture.addEventListener('pointercancel', () => options.pointer.releaseAll(), { signal });
  picture.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
  picture.addEventListener('wheel', (event) => {
    event.preventDefault();
    options.keyboard.useModifiers();
    options.pointer.move(...place(options, event));
    options.pointer.scroll(event.deltaY, event.deltaMode);
  }, { signal, passive: false });
}

interface Finger { x: number; y: number; startX: number; startY: number }

/** One finger: tap, long press for the right button, drag. Two: scroll or move the picture, and zoom. */
class Touch {
  private readonly fingers = new Map<number, Finger>();
  private readonly options: InputOptions;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private mode: 'idle' | 'tap' | 'drag' | 'done' | 'two' = 'idle';

  constructor(options: InputOptions, signal: AbortSignal) {
    this.options = options;
    const { picture } = options;
    const on = (name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel', run: (event: PointerEvent) => void) =>
      picture.addEventListener(name, (event) => { if (event.pointerType === 'touch') { event.preventDefault(); run(event); } }, { signal });
    on('pointerdown', (event) => this.down(event));
    on('pointermove', (event) => this.move(event));
    on('pointerup', (event) => this.up(event));
    on('pointercancel', () => this.cancel());
  }

  private down(event: PointerEvent): void {
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, startX: event.clientX, startY: event.clientY });
    this.options.picture.setPointerCapture(event.pointerId);
    this.stopTimer();
    if (this.fingers.size > 1) {
      if (this.mode === 'drag') this.options.pointer.releaseAll();
      this.mode = 'two';
      return;
    }
    this.mode = 'tap';
    this.timer = setTimeout(() => {
      if (this.mode !== 'tap') return;
      this.mode = 'done';
      this.click(event, 2);
    }, LONG_PRESS_MS);
  }

  private click(event: { clientX: number; clientY: number }, button: number): void {
    this.options.keyboard.useModifiers();
    this.options.pointer.move(...place(this.options, event));
    this.options.pointer.click(button);
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    if (this.mode === 'two') this.moveTwo(event, finger);
    else if (this.mode === 'tap' && Math.hypot(event.clientX - finger.startX, event.clientY - finger.startY) > MOVED_PX) {
      this.stopTimer();
      this.mode = 'drag';
      this.options.pointer.move(...place(this.options, { clientX: finger.startX, clientY: finger.startY }));
      this.options.pointer.press(0);
    }
    if (this.mode === 'drag') this.options.pointer.move(...place(this.options, event));
    finger.x = event.clientX;
    finger.y = event.clientY;
  }

  private moveTwo(event: PointerEvent, finger: Finger): void {
    const other = [...this.fingers.entries()].find(([id]) => id !== event.pointerId)?.[1];
    if (!other) return;
    const before = Math.hypot(finger.x - other.x, finger.y - other.y);
    const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    if (before > 0 && Math.abs(after / before - 1) > 0.005) this.options.onZoom(after / before);
    const { scroller } = this.options;
    const dx = (event.clientX - finger.x) / 2;
    const dy = (event.clientY - finger.y) / 2;
    if (scroller.scrollHeight > scroller.clientHeight + 1 || scroller.scrollWidth > scroller.clientWidth + 1) scroller.scrollBy(-dx, -dy);
    else this.options.pointer.scroll(-dy * 3, 0);
  }

  private up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    this.stopTimer();
    if (this.mode === 'tap') this.click(event, this.options.takeRightClick() ? 2 : 0);
    else if (this.mode === 'drag') this.options.pointer.releaseAll();
    if (this.fingers.size === 0) this.mode = 'idle';
  }

  private cancel(): void {
    this.fingers.clear();
    this.stopTimer();
    this.options.pointer.releaseAll();
    this.mode = 'idle';
  }

  private stopTimer(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }
}

function attachKeyboard(options: InputOptions, signal: AbortSignal): void {
  const { field, onLocalKey } = options;
  const touch = window.matchMedia('(pointer: coarse)').matches;
  // A blank to take away, so that an on-screen keyboard has something to delete.
  let before = ' ';
  const reset = () => { before = ' '; field.value = before; };
  const apply = () => {
    const { erase, insert } = textChange(before, field.value);
    for (let i = 0; i < erase; i++) options.keyboard.chord(VK.backspace);
    if (insert) options.keyboard.text(insert);
    before = field.value;
    if (before.length === 0 || before.length > FIELD_LIMIT) reset();
  };
  reset();
  field.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    if (event.ctrlKey && event.altKey && event.shiftKey && onLocalKey(event.code)) {
      options.keyboard.releaseAll();
      event.preventDefault();
      return;
    }
    if (options.keyboard.down(event)) event.preventDefault();
  }, { signal });
  field.addEventListener('keyup', (event) => {
    options.keyboard.up(event);
    event.preventDefault();
  }, { signal });
  // While characters are composed with a real keyboard, only the result counts.
  field.addEventListener('input', (event) => { if (touch || !(event as InputEvent).isComposing) apply(); }, { signal });
  field.addEventListener('compositionend', () => { apply(); reset(); }, { signal });
  field.addEventListener('paste', (event) => {
    event.preventDefault();
    const text = event.clipboardData?.getData('text/plain');
    if (text) options.keyboard.text(text);
  }, { signal });
  const release = () => { options.keyboard.releaseAll(); options.pointer.releaseAll(); reset(); };
  field.addEventListener('blur', release, { signal });
  window.addEventListener('blur', release, { signal });
  document.addEventListener('visibilitychange', () => { if (document.hidden) release(); }, { signal });
}
