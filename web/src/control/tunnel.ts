// SPDX-License-Identifier: Apache-2.0
// A tunnel to a device: asks the device through the control channel, opens the
// browser's end of the relay, and speaks the messages common to all protocols.
import type { Message } from './types';

export type TunnelState = 'asking' | 'waiting' | 'consent' | 'open' | 'closed';

/** ended: the connection is gone; stopped: the device said so first. */
export type CloseReason = 'ended' | 'stopped' | 'offline' | 'no-answer' | 'denied' | 'server' | 'local';

export interface TunnelHooks {
  onState: (state: TunnelState, reason?: CloseReason, detail?: string) => void;
  /** @recorded: the server records this session. */
  onOpen: (recorded: boolean) => void;
  onBinary: (data: ArrayBuffer) => void;
  /** JSON that is not a control message of the tunnel itself. */
  onJson?: (message: Record<string, unknown>) => void;
  /** Text that is not JSON. */
  onText?: (text: string) => void;
  onRoundTrip?: (ms: number) => void;
  /** Control messages that are not the tunnel's own. */
  onControl?: (message: Record<string, unknown>) => void;
}

export interface TunnelOptions {
  protocol: number;
  nodeId: string;
  cookies: () => Promise<{ cookie: string; rcookie: string }>;
  /** Asks the device to come; null where the relay does that by itself. */
  request: ((message: Message) => Promise<Message>) | null;
  createSocket?: (url: string) => WebSocket;
  /** Scheme and host of the relay, such as wss://host. */
  base: string;
}

const CHANNEL = '102938';
const RTT_MS = 10_000;
/** The relay itself gives up after 15 s; consent at the device may take longer, but only after joining. */
const JOIN_MS = 20_000;

export class Tunnel {
  state: TunnelState = 'asking';
  private socket: WebSocket | null = null;
  private rttTimer: ReturnType<typeof setInterval> | null = null;
  private joinTimer: ReturnType<typeof setTimeout> | null = null;
  private denied = false;
  private readonly options: TunnelOptions;
  private readonly hooks: TunnelHooks;

  constructor(options: TunnelOptions, hooks: TunnelHooks) {
    this.options = options;
    this.hooks = hooks;
    void this.start();
  }

  private async start(): Promise<void> {
    const { protocol, nodeId, base, request } = this.options;
    const id = randomId();
    try {
      const { cookie, rcookie } = await this.options.cookies();
      if (this.state === 'closed') return;
      const query = `browser=1&p=${protocol}&nodeid=${encodeURIComponent(nodeId)}&id=${id}&auth=${encodeURIComponent(cookie)}`;
      // Both ends are started together: each waits for the other at the relay.
      this.openSocket(`${base}/meshrelay.ashx?${query}`);
      if (!request) {
        this.setState('waiting');
        return;
      }
      const value = `*/meshrelay.ashx?p=${protocol}&nodeid=${nodeId}&id=${id}&rauth=${rcookie}`;
      const answer = await request({ action: 'msg', type: 'tunnel', nodeid: nodeId, value, usage: protocol });
      const result = typeof answer.result === 'string' ? answer.result : 'OK';
      if (result.toUpperCase() !== 'OK') this.finish(result === 'Unable to route' ? 'offline' : 'server', result);
      else if (this.state === 'asking') this.setState('waiting');
    } catch (error) {
      this.finish('server', error instanceof Error ? error.message : String(error));
    }
  }

  private openSocket(url: string): void {
    const socket = (this.options.createSocket ?? ((u: string) => new WebSocket(u)))(url);
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = (event) => this.receive(event.data as string | ArrayBuffer);
    socket.onclose = () => this.finish(this.denied ? 'denied' : this.state === 'open' || this.state === 'consent' ? 'ended' : 'no-answer');
    this.joinTimer = setTimeout(() => this.finish('no-answer'), JOIN_MS);
  }

  private receive(data: string | ArrayBuffer): void {
    if (this.state === 'closed') return;
    if (this.state === 'asking' || this.state === 'waiting') {
      if (data === 'c' || data === 'cr') this.joined(data === 'cr');
      return;
    }
    if (typeof data !== 'string') {
      this.hooks.onBinary(data);
      return;
    }
    const message = data.startsWith('{') ? parse(data) : null;
    if (!message) this.hooks.onText?.(data);
    else if (String(message['ctrlChannel']) === CHANNEL) this.control(message);
    else this.hooks.onJson?.(message);
  }

  private joined(recorded: boolean): void {
    if (this.joinTimer) clearTimeout(this.joinTimer);
    this.setState('open');
    this.hooks.onOpen(recorded);
    if (this.hooks.onRoundTrip) this.rttTimer = setInterval(() => this.sendControl({ type: 'rtt', time: Date.now() }), RTT_MS);
  }

  private control(message: Record<string, unknown>): void {
    switch (message['type']) {
      case 'rtt':
        if (typeof message['time'] === 'number') this.hooks.onRoundTrip?.(Date.now() - message['time']);
        break;
      case 'ping':
        this.sendControl({ type: 'pong' });
        break;
      case 'console':
        this.consoleMessage(message);
        break;
      case 'close':
        this.finish('stopped');
        break;
      default:
        this.hooks.onControl?.(message);
    }
  }

  /** The device talks about consent: 1 it asks its user, 2 refused or failed, nothing: go on. */
  private consoleMessage(message: Record<string, unknown>): void {
    const detail = typeof message['msg'] === 'string' ? message['msg'] : undefined;
    if (message['msgid'] === 1) this.setState('consent');
    else if (message['msgid'] === 2) {
      this.denied = true;
      this.finish('denied', detail);
    } else if (this.state === 'consent') this.setState('open');
  }

  private setState(state: TunnelState): void {
    this.state = state;
    this.hooks.onState(state);
  }

  private finish(reason: CloseReason, detail?: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    if (this.rttTimer) clearInterval(this.rttTimer);
    if (this.joinTimer) clearTimeout(this.joinTimer);
    if (this.socket && this.socket.readyState <= 1) this.socket.close();
    this.hooks.onState('closed', reason, detail);
  }

  private canSend(): boolean {
    return this.socket?.readyState === 1 && (this.state === 'open' || this.state === 'consent');
  }

  /** Bytes that wait in the browser. */
  get backlog(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  sendText(text: string): void {
    if (this.canSend()) this.socket!.send(text);
  }

  sendBinary(data: Uint8Array<ArrayBuffer>): void {
    if (this.canSend()) this.socket!.send(data);
  }

  sendControl(message: Record<string, unknown>): void {
    this.sendText(JSON.stringify({ ctrlChannel: CHANNEL, ...message }));
  }

  close(): void {
    if (this.canSend()) this.sendControl({ type: 'close' });
    this.finish('local');
  }
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
