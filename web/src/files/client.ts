// SPDX-License-Identifier: Apache-2.0
// The files protocol over a tunnel: requests that are answered by reqid, and
// hand-over of everything else to the running transfer.
import { parseFrame, readEntries, type Entry } from './protocol';

type Json = Record<string, unknown>;

/** What the protocol needs of a tunnel. */
export interface Wire {
  sendBinary: (data: Uint8Array<ArrayBuffer>) => void;
}

/** A transfer that is under way sees all frames that belong to no request. */
export interface FrameListener {
  onMessage: (message: Json) => void;
  onBlock: (data: Uint8Array<ArrayBuffer>, last: boolean) => void;
  onClosed: () => void;
}

/** Packing or unpacking on the device: told of by messages that belong to no request. */
export interface Work {
  /** @file: what it is at; null when not told. */
  onProgress: (file: string | null) => void;
  /** @problem: in the device's words; null when it is done. @remark: what else it says. */
  onEnd: (problem: string | null, remark: string | null) => void;
}

export class FilesError extends Error {
  readonly kind: 'closed' | 'timeout' | 'unreadable' | 'failed' | 'damaged' | 'differs' | 'archive';
  constructor(kind: FilesError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

const ANSWER_MS = 20_000;
const encoder = new TextEncoder();

interface Pending {
  resolve: (message: Json) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class FilesClient {
  listener: FrameListener | null = null;
  work: Work | null = null;
  /** The reason that came last for a failure, in the device's words; read it once. */
  private reason: string | null = null;
  private sequence = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  nextId(): number {
    return ++this.sequence;
  }

  send(message: Json): void {
    this.wire.sendBinary(encoder.encode(JSON.stringify(message)));
  }

  sendBlock(block: Uint8Array<ArrayBuffer>): void {
    this.wire.sendBinary(block);
  }

  request(message: Json): Promise<Json> {
    const reqid = this.nextId();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(reqid);
        reject(new FilesError('timeout', 'the device does not answer'));
      }, ANSWER_MS);
      this.pending.set(reqid, { resolve, reject, timer });
      this.send({ ...message, reqid });
    });
  }

  async list(path: string): Promise<Entry[]> {
    const answer = await this.request({ action: 'ls', path });
    const entries = readEntries(answer['dir']);
    if (!entries) throw new FilesError('unreadable', path);
    return entries;
  }

  onBinary(buffer: ArrayBuffer): void {
    const frame = parseFrame(buffer);
    if (frame.kind === 'json') this.onMessage(frame.message);
    else if (frame.kind === 'block') this.listener?.onBlock(frame.data, frame.last);
  }

  onMessage(message: Json): void {
    if (message['action'] === 'dialogmessage') {
      const error = typeof message['error'] === 'string' ? message['error'] : null;
      if (error !== null) this.reason = error;
      this.onWork(message['msg'], typeof message['file'] === 'string' ? message['file'] : null, error);
      return;
    }
    const reqid = Number(message['reqid']);
    const entry = this.pending.get(reqid);
    if (entry) {
      clearTimeout(entry.timer);
      this.pending.delete(reqid);
      entry.resolve(message);
    } else this.listener?.onMessage(message);
  }

  private onWork(state: unknown, file: string | null, error: string | null): void {
    const { work } = this;
    if (!work) return;
    if (state === 'zipping' || state === 'zippingFile' || (state === 'unzipping' && error === null)) {
      work.onProgress(file);
      return;
    }
    this.work = null;
    if (state === null || state === undefined) work.onEnd(null, error);
    else work.onEnd(error ?? '', null);
  }

  takeReason(): string | null {
    const reason = this.reason;
    this.reason = null;
    return reason;
  }

  closed(): void {
    for (const entry of this.pending.values()) {
      clearTimeout(entry.timer);
      entry.reject(new FilesError('closed', 'the session has ended'));
    }
    this.pending.clear();
    this.work?.onEnd('', null);
    this.work = null;
    this.listener?.onClosed();
    this.listener = null;
  }
}
