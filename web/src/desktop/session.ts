// SPDX-License-Identifier: Apache-2.0
// One desktop session: the tunnel at one end, the painting worker and the input
// devices at the other.
import type { Tunnel } from '../control/tunnel';
import { openTunnel, type Link } from '../device/connect';
import { shortId } from '../store/model';
import { Keyboard, VK } from './keys';
import * as packets from './packets';
import type { Display, Packet, Quality } from './packets';
import { Painter } from './painter';
import { Pointer } from './pointer';

export interface Screens { ids: readonly number[]; selected: number; info: readonly Display[] }

export interface DesktopEvents {
  onLink: (link: Link) => void;
  onRecorded: (recorded: boolean) => void;
  onSize: (width: number, height: number) => void;
  onScreens: (screens: Screens) => void;
  onCursor: (shape: number) => void;
  /** null: the device cannot lock its own input. */
  onInputLock: (locked: boolean) => void;
  onCapsLock: (on: boolean) => void;
  onError: (text: string | null) => void;
  onViewers: (names: readonly string[]) => void;
  /** The agent can lock the screen. */
  onLockable: () => void;
  onRoundTrip: (ms: number) => void;
}

export interface Figures { tiles: number; frames: number; bytes: number }

const PROTOCOL = 2;
const MOST_VIEWERS = 32;
/** Typed text goes out in portions, so that a slow device is not flooded with key strokes. */
const TYPE_PORTION = 40;
const TYPE_PAUSE_MS = 25;

export class Desktop {
  readonly keyboard = new Keyboard((packet) => this.input(packet));
  readonly pointer = new Pointer((packet) => this.input(packet), (run) => requestAnimationFrame(run));
  readonly painter: Painter;
  /** Since the session began. */
  readonly figures: Figures = { tiles: 0, frames: 0, bytes: 0 };
  viewOnly = false;
  private tunnel: Tunnel | null = null;
  private width = 0;
  private height = 0;
  private acks = false;
  private paused = false;
  private screens: Screens = { ids: [], selected: 0, info: [] };
  private quality: Quality;
  private typing = 0;
  private readonly events: DesktopEvents;

  constructor(canvas: HTMLCanvasElement, quality: Quality, events: DesktopEvents) {
    this.events = events;
    this.quality = quality;
    this.painter = new Painter(canvas, { onPacket: (packet) => this.receive(packet), onPainted: (tiles, frames) => this.painted(tiles, frames) });
  }

  connect(nodeId: string): void {
    this.end();
    this.painter.begin();
    Object.assign(this.figures, { tiles: 0, frames: 0, bytes: 0 });
    this.width = 0;
    this.height = 0;
    this.acks = false;
    this.events.onLink({ state: 'asking' });
    this.events.onError(null);
    this.events.onViewers([]);
    const mine = (run: () => void) => { if (this.tunnel === null || this.tunnel === tunnel) run(); };
    const tunnel: Tunnel = openTunnel(nodeId, PROTOCOL, {
      onState: (state, reason, detail) => mine(() => this.events.onLink({ state, reason, detail })),
      onOpen: (recorded) => {
        tunnel.sendText(String(PROTOCOL));
        tunnel.sendControl({ type: 'rtt', time: Date.now() });
        this.events.onRecorded(recorded);
      },
      onBinary: (data) => {
        this.figures.bytes += data.byteLength;
        this.painter.frame(data);
      },
      onControl: (message) => this.control(message),
      onRoundTrip: this.events.onRoundTrip,
    });
    this.tunnel = tunnel;
  }

  private control(message: Record<string, unknown>): void {
    if (message['type'] !== 'metadata') return;
    this.acks = message['acks'] === true;
    if (message['lock'] === true) this.events.onLockable();
    const { users } = message;
    if (typeof users === 'object' && users !== null) this.events.onViewers(Object.keys(users).slice(0, MOST_VIEWERS).map(viewerName));
  }

  private receive(packet: Packet): void {
    switch (packet.type) {
      case 'screen': this.resized(packet.width, packet.height); break;
      case 'displays': this.setScreens({ ...this.screens, ids: packet.ids, selected: packet.selected }); break;
      case 'display-set': this.setScreens({ ...this.screens, selected: packet.id }); break;
      case 'display-info': this.setScreens({ ...this.screens, info: packet.displays }); break;
      case 'cursor': this.events.onCursor(packet.shape); break;
      case 'key-state': this.events.onCapsLock(packet.caps); break;
      case 'input-lock': this.events.onInputLock(packet.locked); break;
      case 'error':
      case 'message':
        // A leading dot means: for a log only.
        if (packet.text && !packet.text.startsWith('.')) this.events.onError(packet.text);
        break;
    }
  }

  private setScreens(screens: Screens): void {
    this.screens = screens;
    this.events.onScreens(screens);
  }

  private resized(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    const first = this.width === 0;
    this.width = width;
    this.height = height;
    this.events.onSize(width, height);
    if (!first) return;
    this.events.onError(null);
    this.send(packets.compression(this.quality));
    // Some devices start paused and wait to be told.
    this.send(packets.pause(this.paused));
    this.send(packets.inputLock('query'));
    this.send(packets.askDisplays());
  }

  private painted(tiles: number, frames: number): void {
    this.figures.tiles += tiles;
    this.figures.frames += frames;
    if (this.acks) this.tunnel?.sendControl({ type: 'ack', n: this.figures.tiles });
  }

  private send(packet: Uint8Array<ArrayBuffer>): void {
    this.tunnel?.sendBinary(packet);
  }

  private input(packet: Uint8Array<ArrayBuffer>): void {
    if (!this.viewOnly && this.width > 0) this.send(packet);
  }

  setQuality(quality: Quality): void {
    this.quality = quality;
    this.send(packets.compression(quality));
  }

  /** A picture that nobody sees need not be sent. */
  setPaused(paused: boolean): void {
    if (paused === this.paused) return;
    this.paused = paused;
    if (this.width > 0) this.send(packets.pause(paused));
  }

  refresh(): void {
    this.send(packets.refresh());
  }

  setDisplay(id: number): void {
    this.send(packets.setDisplay(id));
  }

  /** The person at the device needs the password to go on there. */
  lockScreen(): void {
    this.tunnel?.sendControl({ type: 'lock' });
  }

  lockInput(on: boolean): void {
    this.input(packets.inputLock(on ? 'lock' : 'unlock'));
  }

  /** @service: the device's own service does it, where programs may not. */
  ctrlAltDel(service: boolean): void {
    if (service) this.input(packets.ctrlAltDel());
    else this.keyboard.chord(VK.control, VK.alt, VK.delete);
  }

  /** Types @text as if by hand. Resolves when all of it is on its way; a second call ends the first. */
  async type(text: string): Promise<void> {
    const run = ++this.typing;
    const characters = [...text.replace(/\r\n?/g, '\n')];
    for (let i = 0; i < characters.length && run === this.typing; i += TYPE_PORTION) {
      this.keyboard.text(characters.slice(i, i + TYPE_PORTION).join(''));
      await new Promise((next) => { setTimeout(next, TYPE_PAUSE_MS); });
    }
  }

  release(): void {
    this.keyboard.releaseAll();
    this.pointer.releaseAll();
  }

  /** Ends the session; the last picture stays. */
  end(): void {
    this.typing++;
    const { tunnel } = this;
    if (!tunnel) return;
    this.release();
    this.tunnel = null;
    tunnel.close();
  }

  dispose(): void {
    this.end();
    this.painter.stop();
  }
}

/** Keys of the list look like user//name, with what tells guests apart behind it. */
function viewerName(id: string): string {
  return id.startsWith('user/') ? shortId(id) : id;
}
