// SPDX-License-Identifier: Apache-2.0
// One shell: an xterm.js terminal at one end, a tunnel to the device at the other.
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal, type ITheme } from '@xterm/xterm';
import type { Tunnel } from '../control/tunnel';
import { openTunnel, type Link } from '../device/connect';
import { isDark, onThemeChange } from '../lib/theme';
import './sheet';

export interface ShellEvents {
  onLink: (link: Link) => void;
  onRecorded: (recorded: boolean) => void;
  onRoundTrip: (ms: number) => void;
  onFind: () => void;
}

const SCROLLBACK = 10_000;
/** xterm.js throws data away when too much waits in it; beyond this we keep it ourselves. */
const WRITE_AHEAD = 1 << 20;
const FONT_KEY = 'bowline.terminal.font-size';
const DEFAULT_FONT = 14;

export class Shell {
  readonly terminal: Terminal;
  readonly search = new SearchAddon();
  private readonly fit = new FitAddon();
  private readonly encoder = new TextEncoder();
  private tunnel: Tunnel | null = null;
  private pending = 0;
  private queue: (Uint8Array | string)[] = [];
  private readonly events: ShellEvents;
  private readonly stops: (() => void)[] = [];

  constructor(host: HTMLElement, events: ShellEvents) {
    this.events = events;
    this.terminal = new Terminal({
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--bl-mono').trim() || 'monospace',
      fontSize: storedFontSize(), scrollback: SCROLLBACK, lineHeight: 1.15, cursorBlink: true, theme: colours(), macOptionIsMeta: true,
      screenReaderMode: false, minimumContrastRatio: 4.5,
    });
    this.terminal.loadAddon(this.fit);
    this.terminal.loadAddon(this.search);
    this.terminal.open(host);
    this.terminal.attachCustomKeyEventHandler((event) => this.handleKey(event));
    this.terminal.onData((text) => this.input(text));
    this.terminal.onBinary((text) => this.tunnel?.sendBinary(Uint8Array.from(text, (c) => c.charCodeAt(0) & 255)));
    this.terminal.onResize(({ cols, rows }) => this.tunnel?.sendControl({ type: 'termsize', cols, rows }));
    const copy = () => this.copySelection();
    host.addEventListener('mouseup', copy);
    const observer = new ResizeObserver(() => this.resize());
    observer.observe(host);
    this.stops.push(() => observer.disconnect(), () => host.removeEventListener('mouseup', copy),
      onThemeChange(() => { this.terminal.options.theme = colours(); }));
    this.resize();
  }

  /** Opens a new session; what is on the screen stays above it. */
  connect(nodeId: string, protocol: number): void {
    this.tunnel?.close();
    this.events.onLink({ state: 'asking' });
    const tunnel = openTunnel(nodeId, protocol, {
      onState: (state, reason, detail) => {
        if (this.tunnel !== null && this.tunnel !== tunnel) return;
        this.events.onLink({ state, reason, detail });
        this.terminal.options.cursorBlink = state === 'open';
      },
      onOpen: (recorded) => {
        const { cols, rows } = this.terminal;
        tunnel.sendText(JSON.stringify({ ctrlChannel: '102938', type: 'options', cols, rows, xterm: true }));
        tunnel.sendText(String(protocol));
        tunnel.sendControl({ type: 'termsize', cols, rows });
        this.events.onRecorded(recorded);
        tunnel.sendControl({ type: 'rtt', time: Date.now() });
      },
      onBinary: (data) => this.write(new Uint8Array(data)),
      onText: (text) => this.write(text),
      onRoundTrip: this.events.onRoundTrip,
    });
    this.tunnel = tunnel;
  }

  /** Starts a fresh screen, for another shell on the same device. */
  reset(): void {
    this.queue = [];
    this.terminal.reset();
  }

  input(text: string): void {
    this.tunnel?.sendBinary(this.encoder.encode(text));
  }

  private write(data: Uint8Array | string): void {
    if (this.pending > WRITE_AHEAD) {
      this.queue.push(data);
      return;
    }
    this.pending += data.length;
    this.terminal.write(data, () => {
      this.pending -= data.length;
      if (this.pending > WRITE_AHEAD) return;
      const next = this.queue.shift();
      if (next !== undefined) this.write(next);
    });
  }

  resize(): void {
    if (this.terminal.element?.offsetParent) this.fit.fit();
  }

  focus(): void {
    this.terminal.focus();
  }

  changeFont(step: number): void {
    const size = Math.min(32, Math.max(8, (this.terminal.options.fontSize ?? DEFAULT_FONT) + step));
    this.terminal.options.fontSize = size;
    this.resize();
    try {
      localStorage.setItem(FONT_KEY, String(size));
    } catch {
      // Then it lasts as long as the page.
    }
  }

  private handleKey(event: KeyboardEvent): boolean {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.type !== 'keydown') return true;
    switch (event.code) {
      case 'KeyC':
        event.preventDefault();
        this.copySelection();
        return false;
      case 'KeyF':
        event.preventDefault();
        this.events.onFind();
        return false;
      // The browser itself turns Ctrl-Shift-V into a paste.
      case 'KeyV':
        return false;
      default:
        return true;
    }
  }

  private copySelection(): void {
    const text = this.terminal.getSelection();
    if (text) void navigator.clipboard?.writeText(text).catch(() => undefined);
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    this.tunnel?.close();
    this.tunnel = null;
    this.terminal.dispose();
  }
}

function storedFontSize(): number {
  try {
    const size = Number(localStorage.getItem(FONT_KEY));
    return size >= 8 && size <= 32 ? size : DEFAULT_FONT;
  } catch {
    return DEFAULT_FONT;
  }
}

function colours(): ITheme {
  return isDark()
    ? { background: '#1b1d21', foreground: '#e6e6e6', cursor: '#e6e6e6', cursorAccent: '#1b1d21', selectionBackground: '#3b5b86',
      black: '#33363b', red: '#f0716d', green: '#8fce6a', yellow: '#e8c15a', blue: '#6fb1f2', magenta: '#c99bf0', cyan: '#63cfd0', white: '#d6d6d6',
      brightBlack: '#8a8f98', brightRed: '#ff9a96', brightGreen: '#b4e896', brightYellow: '#f7da8a', brightBlue: '#9bcbff', brightMagenta: '#dfbeff', brightCyan: '#96e8e8', brightWhite: '#ffffff' }
    : { background: '#ffffff', foreground: '#1f1f1f', cursor: '#1f1f1f', cursorAccent: '#ffffff', selectionBackground: '#b9dafc',
      black: '#1f1f1f', red: '#b1380b', green: '#3d7317', yellow: '#8a5a00', blue: '#0055b3', magenta: '#7a2fb5', cyan: '#00676b', white: '#6a6e73',
      brightBlack: '#4d5258', brightRed: '#c9450f', brightGreen: '#4a8a1c', brightYellow: '#a06a00', brightBlue: '#0066cc', brightMagenta: '#8f45c9', brightCyan: '#007a7f', brightWhite: '#3c3f42' };
}
