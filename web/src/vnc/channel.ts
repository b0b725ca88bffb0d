// SPDX-License-Identifier: Apache-2.0
// The relay as the VNC client wants it: a socket of nothing but bytes. The relay's own text frames ("c", the device's messages)
// are taken out; before "c" there is nobody at the other end.

export interface ChannelHooks {
  onJoined: () => void;
  /** The first bytes of the VNC server came. */
  onAnswer: () => void;
  /** What the device says before or during the session; null takes it back. */
  onMessage: (text: string | null) => void;
}

interface Socket {
  binaryType: BinaryType;
  readonly readyState: number;
  readonly protocol: string;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  send: (data: ArrayBufferView<ArrayBuffer> | ArrayBuffer) => void;
  close: () => void;
}

const CONNECTING = 0;
const OPEN = 1;
const TEXT_LIMIT = 1024;

export class RelayChannel {
  binaryType: BinaryType = 'arraybuffer';
  readonly protocol = '';
  onopen: ((event: Event) => unknown) | null = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onerror: ((event: Event) => unknown) | null = null;
  onclose: ((event: CloseEvent) => unknown) | null = null;
  private joined = false;
  private answered = false;
  private readonly socket: Socket;
  private readonly hooks: ChannelHooks;

  constructor(socket: Socket, hooks: ChannelHooks) {
    this.socket = socket;
    this.hooks = hooks;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.receive(event);
    socket.onerror = (event) => this.onerror?.(event);
    socket.onclose = (event) => this.onclose?.(event);
  }

  get readyState(): number {
    return !this.joined && this.socket.readyState === OPEN ? CONNECTING : this.socket.readyState;
  }

  send(data: ArrayBufferView<ArrayBuffer> | ArrayBuffer): void {
    this.socket.send(data);
  }

  close(): void {
    this.socket.close();
  }

  private receive(event: MessageEvent): void {
    if (typeof event.data !== 'string') {
      if (!this.joined) return;
      if (!this.answered) this.hooks.onAnswer();
      this.answered = true;
      this.onmessage?.(event);
    } else if (this.joined) this.control(event.data);
    else if (event.data === 'c' || event.data === 'cr') {
      this.joined = true;
      this.hooks.onJoined();
      this.onopen?.(new Event('open'));
    }
  }

  private control(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof message !== 'object' || message === null || !('type' in message) || message.type !== 'console') return;
    const said = 'msg' in message ? message.msg : null;
    this.hooks.onMessage(typeof said === 'string' ? said.slice(0, TEXT_LIMIT) : null);
  }
}
