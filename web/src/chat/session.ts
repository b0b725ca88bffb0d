// SPDX-License-Identifier: Apache-2.0
// One end of a room: opens the relay, says in what state it is, and comes back by itself when the line or the other end was lost.
import { CLOSE, readMessage, SEND_LIMIT, type ChatMessage, type Room } from './model';

export type ChatState =
  /** connecting; waiting: the other end has not come; left: it was there and has gone; lost: the line is. */
  | 'connecting' | 'waiting' | 'open' | 'left' | 'lost'
  /** From here on nothing happens by itself. */
  | 'nobody' | 'taken' | 'denied' | 'expired' | 'full';

export interface ChatHooks {
  onState: (state: ChatState) => void;
  onMessage: (message: ChatMessage) => void;
}

export type SendResult = 'sent' | 'closed' | 'long' | 'fast';

const FINAL: Readonly<Record<number, ChatState>> = {
  [CLOSE.nobody]: 'nobody', [CLOSE.taken]: 'taken', [CLOSE.denied]: 'denied', [CLOSE.expired]: 'expired', [CLOSE.full]: 'full',
};
/** A close frame without a code (RFC 6455 section 7.1.5). */
const CLOSED_IN_ORDER = 1005;
const AGAIN_MS = [500, 1000, 2000, 5000, 10_000, 30_000];
/** Bytes that may wait in the browser. */
const BACKLOG_LIMIT = 64 * 1024;
/** Messages in any ten seconds. */
const RATE_LIMIT = 20;
const RATE_MS = 10_000;

export class ChatSession {
  state: ChatState = 'connecting';
  private socket: WebSocket | null = null;
  private joined = false;
  /** The other end was there before. */
  private met = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sentAt: number[] = [];
  private readonly room: Room;
  private readonly base: string;
  private readonly hooks: ChatHooks;
  private readonly createSocket: (url: string) => WebSocket;

  /** @base: scheme and host of the relay, such as wss://host */
  constructor(room: Room, base: string, hooks: ChatHooks, createSocket = (url: string) => new WebSocket(url)) {
    this.room = room;
    this.base = base;
    this.hooks = hooks;
    this.createSocket = createSocket;
  }

  connect(): void {
    clearTimeout(this.timer);
    this.close();
    this.joined = false;
    if (this.state !== 'lost' && this.state !== 'left') this.set('connecting');
    const auth = this.room.auth ? `&auth=${encodeURIComponent(this.room.auth)}` : '';
    const socket = this.createSocket(`${this.base}/meshrelay.ashx?browser=1&p=200&id=${encodeURIComponent(this.room.id)}${auth}`);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      if (!this.joined) this.set(this.met ? 'left' : 'waiting');
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code, opened);
    };
  }

  /** For ever, or until it is connected again. */
  close(): void {
    clearTimeout(this.timer);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private receive(data: unknown): void {
    if (!this.joined) {
      if (data !== 'c' && data !== 'cr') return;
      this.joined = this.met = true;
      this.failures = 0;
      this.set('open');
      return;
    }
    const message = readMessage(data);
    if (message?.kind === 'ping') this.put({ ctrlChannel: '102938', type: 'pong' });
    else if (message) this.hooks.onMessage(message);
  }

  private closed(code: number, opened: boolean): void {
    // The relay closes in order, and without a code, when the other end is the one that went.
    const left = code === CLOSE.left || (this.joined && code === CLOSED_IN_ORDER);
    this.socket = null;
    this.joined = false;
    const final = FINAL[code];
    if (final) {
      this.set(final);
      return;
    }
    this.set(left ? 'left' : 'lost');
    if (opened && left) this.failures = 0;
    const wait = AGAIN_MS[Math.min(this.failures++, AGAIN_MS.length - 1)]!;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private set(state: ChatState): void {
    if (state === this.state && state !== 'connecting') return;
    this.state = state;
    this.hooks.onState(state);
  }

  /** Any message; nothing happens where there is no connection. */
  put(message: Record<string, unknown>): void {
    if (this.joined) this.socket?.send(JSON.stringify(message));
  }

  send(text: string, now = Date.now()): SendResult {
    if (!this.joined || this.socket?.readyState !== 1) return 'closed';
    if (text.length > SEND_LIMIT) return 'long';
    this.sentAt = this.sentAt.filter((at) => now - at < RATE_MS);
    if (this.sentAt.length >= RATE_LIMIT || this.socket.bufferedAmount > BACKLOG_LIMIT) return 'fast';
    this.sentAt.push(now);
    this.put({ action: 'chat', msg: text });
    return 'sent';
  }

  typing(on: boolean): void {
    this.put({ action: 'outtext', value: on });
  }
}
