// SPDX-License-Identifier: Apache-2.0
// Keyboard of the viewer. Text travels as characters, so that both sides may have
// any layout; keys without a character and shortcuts travel as Windows key codes.
import { key, unicode } from './packets';

/** What is looked at in a KeyboardEvent. */
export interface KeyLike {
  key: string;
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
  getModifierState: (name: string) => boolean;
}

interface Code { vk: number; extended: boolean }

const NAMED: Readonly<Record<string, number>> = {
  Backspace: 8, Tab: 9, Enter: 13, Pause: 19, Escape: 27, PageUp: 33, PageDown: 34, End: 35, Home: 36,
  ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, PrintScreen: 44, Insert: 45, Delete: 46, Help: 47, ContextMenu: 93,
  Clear: 12, ScrollLock: 145,
};
const MODIFIERS: Readonly<Record<string, number>> = { Shift: 16, Control: 17, Alt: 18, Meta: 91, OS: 91 };
const EXTENDED = new Set(['PageUp', 'PageDown', 'End', 'Home', 'ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowDown', 'Insert', 'Delete', 'Meta', 'OS', 'ContextMenu']);
/** Keys with a character, by their place, for shortcuts whose character no key code stands for. */
const PLACES: Readonly<Record<string, number>> = {
  Semicolon: 0xba, Equal: 0xbb, Comma: 0xbc, Minus: 0xbd, Period: 0xbe, Slash: 0xbf, Backquote: 0xc0,
  BracketLeft: 0xdb, Backslash: 0xdc, BracketRight: 0xdd, Quote: 0xde, IntlBackslash: 0xe2, Space: 0x20,
  NumpadMultiply: 0x6a, NumpadAdd: 0x6b, NumpadSubtract: 0x6d, NumpadDecimal: 0x6e, NumpadDivide: 0x6f,
};
/** The device keeps its own; characters already arrive in the case and as the digits that were meant. */
const LOCAL = new Set(['CapsLock', 'NumLock', 'AltGraph', 'Fn', 'FnLock']);
/** Characters are being composed. */
const BROWSER = new Set(['Dead', 'Process', 'Unidentified', 'Compose']);

export const VK = { backspace: 8, tab: 9, enter: 13, shift: 16, control: 17, alt: 18, capsLock: 20, escape: 27, space: 32, printScreen: 44, delete: 46, l: 76, super: 91, f4: 115 } as const;

function namedCode(event: KeyLike): Code | null {
  const vk = MODIFIERS[event.key] ?? NAMED[event.key] ?? functionKey(event.key);
  if (vk === undefined) return null;
  const right = event.code === 'ControlRight' || event.code === 'AltRight';
  const onPad = event.code.startsWith('Numpad');
  return { vk, extended: right || (EXTENDED.has(event.key) && !onPad) || event.code === 'NumpadEnter' };
}

function functionKey(name: string): number | undefined {
  const match = /^F([1-9]|1\d|2[0-4])$/.exec(name);
  return match ? 111 + Number(match[1]) : undefined;
}

function isText(text: string): boolean {
  return text.length === 1 || (text.length === 2 && text.codePointAt(0)! > 0xffff);
}

/** The key code of a key with a character, as part of a shortcut. */
function shortcutCode(event: KeyLike): Code | null {
  if (/^[a-z0-9]$/i.test(event.key)) return { vk: event.key.toUpperCase().charCodeAt(0), extended: false };
  // Other alphabets: the key at the same place is what programs look at.
  const place = /^(?:Key([A-Z])|Digit(\d))$/.exec(event.code);
  const vk = place ? (place[1] ?? place[2]!).charCodeAt(0) : PLACES[event.code];
  return vk === undefined ? null : { vk, extended: event.code === 'NumpadDivide' };
}

/** Whether modifiers make a character into a shortcut. */
function isShortcut(event: KeyLike): boolean {
  if (event.getModifierState('AltGraph')) return false;
  if (event.ctrlKey || event.metaKey) return true;
  // The option key of a Mac makes characters, Alt elsewhere makes shortcuts.
  return event.altKey && /^[\x20-\x7e]$/.test(event.key);
}

interface Modifier { code: Code; down: boolean; used: boolean }

export class Keyboard {
  /** Keys that are down at the device, by their place here. */
  private readonly held = new Map<string, Code>();
  /** Modifiers that are down here. They go to the device when something other than text needs them. */
  private readonly modifiers = new Map<string, Modifier>();
  private readonly send: (packet: Uint8Array<ArrayBuffer>) => void;

  constructor(send: (packet: Uint8Array<ArrayBuffer>) => void) {
    this.send = send;
  }

  /** Returns false for a key that the browser shall handle: composed text arrives by text() later. */
  down(event: KeyLike): boolean {
    if (BROWSER.has(event.key)) return false;
    if (LOCAL.has(event.key)) return true;
    const named = namedCode(event);
    if (named && event.key in MODIFIERS) {
      if (!this.modifiers.has(event.code)) this.modifiers.set(event.code, { code: named, down: false, used: false });
      return true;
    }
    if (!named && !isText(event.key)) return false;
    const code = named ?? (isShortcut(event) ? shortcutCode(event) : null);
    if (!code) {
      this.text(event.key);
      return true;
    }
    this.useModifiers();
    this.held.set(event.code, code);
    this.send(key(code.vk, code.extended, 'down'));
    // With the command key down a Mac does not say when another one comes up.
    if (event.metaKey && !named) this.release(event.code);
    return true;
  }

  up(event: { code: string }): void {
    const modifier = this.modifiers.get(event.code);
    if (!modifier) {
      this.release(event.code);
      return;
    }
    this.modifiers.delete(event.code);
    if (modifier.down) this.send(key(modifier.code.vk, modifier.code.extended, 'up'));
    else if (!modifier.used) this.tap(modifier.code);
  }

  /** The pointer or a key is about to be used together with them. */
  useModifiers(): void {
    for (const modifier of this.modifiers.values()) {
      if (!modifier.down) this.send(key(modifier.code.vk, modifier.code.extended, 'down'));
      modifier.down = true;
      modifier.used = true;
    }
  }

  /** Characters, however they were made. */
  text(text: string): void {
    // A modifier would change what is typed: it is let go at the device, and waits again.
    for (const modifier of this.modifiers.values()) {
      if (modifier.down) this.send(key(modifier.code.vk, modifier.code.extended, 'up'));
      modifier.down = false;
      modifier.used = true;
    }
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit === 13 && text.charCodeAt(i + 1) === 10) continue;
      const vk = unit === 10 || unit === 13 ? VK.enter : unit === 9 ? VK.tab : unit === 32 ? VK.space : 0;
      if (vk) this.tap({ vk, extended: false });
      else if (unit > 32) for (const action of ['down', 'up'] as const) this.send(unicode(unit, action));
    }
  }

  /** All down in this order, up in the opposite one. */
  chord(...codes: number[]): void {
    const keys = codes.map((vk) => ({ vk, extended: vk === VK.super || vk === VK.delete }));
    for (const { vk, extended } of keys) this.send(key(vk, extended, 'down'));
    for (const { vk, extended } of keys.reverse()) this.send(key(vk, extended, 'up'));
  }

  /** Nothing stays down at the device when the viewer looks elsewhere. */
  releaseAll(): void {
    for (const place of [...this.held.keys()]) this.release(place);
    for (const { code, down } of this.modifiers.values()) if (down) this.send(key(code.vk, code.extended, 'up'));
    this.modifiers.clear();
  }

  private release(place: string): void {
    const code = this.held.get(place);
    if (!code) return;
    this.held.delete(place);
    this.send(key(code.vk, code.extended, 'up'));
  }

  private tap({ vk, extended }: Code): void {
    this.send(key(vk, extended, 'down'));
    this.send(key(vk, extended, 'up'));
  }
}

/**
 * What an on-screen keyboard did to a text field, as keys: characters to take
 * away at the end, then text to add.
 */
export function textChange(before: string, after: string): { erase: number; insert: string } {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same++;
  return { erase: [...before.slice(same)].length, insert: after.slice(same) };
}
