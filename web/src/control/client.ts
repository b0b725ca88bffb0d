// SPDX-License-Identifier: Apache-2.0
// The page's one WebSocket to the server: requests with answers, pushed
// messages, and the way back after a lost connection.
import type { ChannelState, Message } from './types';

export interface ClientOptions {
  /** A function, since the ticket in it may be renewed. */
  url: () => string;
  /** Every message that is not the answer to a request, in order. */
  onMessage: (message: Message) => void;
  /** @retryAt: when the next attempt is made (Date.now() time), while waiting. */
  onState: (state: ChannelState, detail: { cause?: string; retryAt?: number }) => void;
  createSocket?: (url: string) => WebSocket;
  /** A socket that is open already, with the messages it has received. Used once. */
  early?: { socket: WebSocket; received: unknown[] };
  random?: () => number;
}

interface Pending {
  action: string;
  nodeid: unknown;
  resolve: (message: Message) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class RequestError extends Error {
  readonly kind: 'offline' | 'timeout' | 'refused';
  constructor(kind: RequestError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Answers to these come without a responseid from servers that follow the letter of the protocol. */
const ECHOLESS = new Set(['meshes', 'lastconnects', 'lastconnect', 'getnetworkinfo', 'getsysinfo', 'authcookie', 'events', 'users']);
const REQUEST_MS = 15_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 8_000;
/** A server that restarts must be found again within two seconds, so the first minute is spent on short waits. */
const PATIENT_AFTER_MS = 60_000;
const SHORT_RETRY_MS = 1_200;
const PING_MS = 30_000;

export class ControlClient {
  private socket: WebSocket | null = null;
  private pending = new Map<string, Pending>();
  private sequence = 0;
  private attempt = 0;
  private lostAt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private pingTimer: ReturnType<typeof setInterval> | null = null;
  private heard = 0;
  private closed = false;
  private readonly options: ClientOptions;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  open(): void {
    if (this.socket || this.closed) return;
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.retryTimer = null;
    this.options.onState('connecting', {});
    const { early } = this.options;
    this.options.early = undefined;
    const create = this.options.createSocket ?? ((url: string) => new WebSocket(url));
    const socket = early?.socket ?? create(this.options.url());
    this.socket = socket;
    socket.onmessage = (event) => this.receive(socket, event.data);
    socket.onclose = () => this.lost(socket);
    if (socket.readyState === 1) this.keepAlive(socket);
    else socket.onopen = early ? chain(socket.onopen, () => this.keepAlive(socket)) : () => this.keepAlive(socket);
    for (const data of early?.received ?? []) this.receive(socket, data);
    if (socket.readyState > 1) this.lost(socket);
  }

  /** Ends the channel for good. */
  close(): void {
    this.closed = true;
    if (this.retryTimer) clearTimeout(this.retryTimer);
    this.stop('the channel was closed');
  }

  /** Tries at once instead of at the end of the wait. */
  retryNow(): void {
    if (this.retryTimer) this.open();
  }

  /** Sends without waiting for an answer. False when there is no connection. */
  send(message: Message): boolean {
    if (this.socket?.readyState !== 1) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /**
   * Sends @message and waits for its answer. Rejects with a RequestError after
   * the deadline, on a lost connection, or when the result says no (see @accept).
   */
  request(message: Message, { timeout = REQUEST_MS, accept }: { timeout?: number; accept?: (result: string) => boolean } = {}): Promise<Message> {
    return new Promise<Message>((resolve, reject) => {
      const responseid = `w${++this.sequence}`;
      const timer = setTimeout(() => {
        this.pending.delete(responseid);
        reject(new RequestError('timeout', `no answer to ${message.action} within ${timeout / 1000} s`));
      }, timeout);
      const finish = (answer: Message) => {
        if (accept && typeof answer.result === 'string' && !accept(answer.result)) reject(new RequestError('refused', answer.result));
        else resolve(answer);
      };
      this.pending.set(responseid, { action: message.action, nodeid: message['nodeid'], resolve: finish, reject, timer });
      if (!this.send({ ...message, responseid })) {
        this.settle(responseid)?.reject(new RequestError('offline', 'not connected to the server'));
      }
    });
  }

  private settle(id: string): Pending | undefined {
    const entry = this.pending.get(id);
    if (!entry) return undefined;
    clearTimeout(entry.timer);
    this.pending.delete(id);
    return entry;
  }

  private receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.socket || typeof data !== 'string') return;
    this.heard = Date.now();
    const message = parseMessage(data);
    if (!message || message.action === 'pong') return;
    if (message.action === 'ping') {
      this.send({ action: 'pong' });
      return;
    }
    if (message.action === 'close' || message.action === 'stopped') {
      this.refused(message);
      return;
    }
    if (message.action === 'serverinfo') {
      this.attempt = 0;
      this.lostAt = 0;
      this.options.onMessage(message);
      this.options.onState('open', {});
      return;
    }
    const answered = this.findPending(message);
    if (answered) this.settle(answered)!.resolve(message);
    else this.options.onMessage(message);
  }

  private findPending(message: Message): string | null {
    if (typeof message.responseid === 'string') return this.pending.has(message.responseid) ? message.responseid : null;
    if (!ECHOLESS.has(message.action)) return null;
    for (const [id, p] of this.pending) {
      if (p.action === message.action && (p.nodeid === undefined || p.nodeid === message['nodeid'])) return id;
    }
    return null;
  }

  private refused(message: Message): void {
    const cause = String(message['cause'] ?? message['msg'] ?? message.action);
    const signedOut = cause === 'noauth' || cause === 'expired';
    this.closed = true;
    this.stop(cause);
    this.options.onState(signedOut ? 'signed-out' : 'refused', { cause });
  }

  private lost(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.stop('the connection was lost');
    if (this.closed) return;
    this.lostAt ||= Date.now();
    const limit = Date.now() - this.lostAt < PATIENT_AFTER_MS ? SHORT_RETRY_MS : LAST_RETRY_MS;
    const base = Math.min(limit, FIRST_RETRY_MS * 2 ** this.attempt++);
    const delay = base * (0.75 + 0.25 * (this.options.random ?? Math.random)());
    this.retryTimer = setTimeout(() => this.open(), delay);
    this.options.onState('waiting', { retryAt: Date.now() + delay });
  }

  private stop(reason: string): void {
    const socket = this.socket;
    this.socket = null;
    if (this.pingTimer) clearInterval(this.pingTimer);
    this.pingTimer = null;
    for (const id of [...this.pending.keys()]) this.settle(id)!.reject(new RequestError('offline', reason));
    if (socket && socket.readyState <= 1) socket.close();
  }

  /** A dead network shows only when something is sent: ask now and then, and give up after two silent periods. */
  private keepAlive(socket: WebSocket): void {
    this.heard = Date.now();
    this.pingTimer = setInterval(() => {
      if (Date.now() - this.heard > 2 * PING_MS) this.lost(socket);
      else this.send({ action: 'ping' });
    }, PING_MS);
  }
}

type Handler = WebSocket['onopen'];

/** Both handlers, one after the other. */
function chain(first: Handler, second: () => void): Handler {
  return function (this: WebSocket, event) {
    first?.call(this, event);
    second();
  };
}

export function parseMessage(text: string): Message | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && typeof (value as Message).action === 'string') return value as Message;
  } catch {
    // Not ours to judge: an unreadable message is skipped as the protocol says.
  }
  return null;
}
