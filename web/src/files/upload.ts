// SPDX-License-Identifier: Apache-2.0
// Sends one file: blocks in a window that acknowledgements move on, read ahead
// from the file so that the network never waits for the disk.
import type { FilesClient, FrameListener } from './client';
import { FilesError } from './client';
import { BLOCK, escapeBlock } from './protocol';

/** Blocks on their way. The device buffers what it has not written yet, so this also bounds its memory. */
export const WINDOW = 24;
const READ_AHEAD = 4 << 20;
const REASON_MS = 100;

export interface Source {
  size: number;
  slice: (start: number, end: number) => { arrayBuffer: () => Promise<ArrayBuffer> };
}

export interface UploadOptions {
  path: string;
  name: string;
  source: Source;
  /** Bytes that are there already and are kept. */
  offset: number;
  signal: AbortSignal;
  onProgress: (done: number) => void;
}

/** Resolves when the device has confirmed the whole file. */
export function upload(client: FilesClient, options: UploadOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const { source, signal } = options;
    const reqid = client.nextId();
    const reader = new Reader(source, options.offset);
    let inFlight = 0;
    let sent = options.offset;
    const lengths: number[] = [];
    let acknowledged = options.offset;
    let started = false;
    let pumping = false;
    let over = false;

    const finish = (error?: Error) => {
      if (over) return;
      over = true;
      client.listener = null;
      signal.removeEventListener('abort', cancel);
      if (error) reject(error);
      else resolve();
    };
    const cancel = () => {
      client.send({ action: 'uploadcancel', reqid });
      finish(new DOMException('cancelled', 'AbortError'));
    };
    const pump = async () => {
      if (pumping || !started) return;
      pumping = true;
      try {
        while (!over && inFlight < WINDOW && sent < source.size) {
          const block = await reader.next();
          if (over) break;
          client.sendBlock(escapeBlock(block));
          inFlight++;
          lengths.push(block.length);
          sent += block.length;
        }
        if (!over && sent >= source.size && inFlight === 0) client.send({ action: 'uploaddone', reqid });
      } catch (error) {
        client.send({ action: 'uploadcancel', reqid });
        finish(new FilesError('failed', error instanceof Error ? error.message : String(error)));
      } finally {
        pumping = false;
      }
    };
    const listener: FrameListener = {
      onMessage: (message) => {
        if (message['reqid'] !== undefined && Number(message['reqid']) !== reqid) return;
        switch (message['action']) {
          case 'uploadstart':
            started = true;
            void pump();
            break;
          case 'uploadack':
            if (inFlight === 0) break;
            inFlight--;
            acknowledged += lengths.shift() ?? 0;
            options.onProgress(acknowledged);
            void pump();
            break;
          case 'uploaddone': finish(); break;
          // The reason follows in a message of its own.
          case 'uploaderror': setTimeout(() => finish(new FilesError('failed', client.takeReason() ?? '')), REASON_MS); break;
          case 'uploadcancel': finish(new FilesError('failed', '')); break;
        }
      },
      onBlock: () => undefined,
      onClosed: () => finish(new FilesError('closed', 'the session has ended')),
    };
    if (signal.aborted) { reject(new DOMException('cancelled', 'AbortError')); return; }
    client.listener = listener;
    signal.addEventListener('abort', cancel);
    client.send({ action: 'upload', reqid, path: options.path, name: options.name, size: source.size, append: options.offset > 0 });
  });
}

/** Cuts a file into blocks; the next stretch is read while the last one is being sent. */
class Reader {
  private chunk: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  private used = 0;
  private position: number;
  private ahead: Promise<ArrayBuffer> | null = null;
  private readonly source: Source;

  constructor(source: Source, offset: number) {
    this.source = source;
    this.position = offset;
  }

  private read(): Promise<ArrayBuffer> | null {
    if (this.position >= this.source.size) return null;
    const end = Math.min(this.source.size, this.position + READ_AHEAD);
    const result = this.source.slice(this.position, end).arrayBuffer();
    this.position = end;
    // A failure is reported by next(); until then it must not count as unhandled.
    result.catch(() => undefined);
    return result;
  }

  async next(): Promise<Uint8Array<ArrayBuffer>> {
    if (this.used >= this.chunk.length) {
      this.chunk = new Uint8Array(await (this.ahead ?? this.read() ?? Promise.resolve(new ArrayBuffer(0))));
      if (this.chunk.length === 0) throw new Error('the file has become shorter');
      this.used = 0;
      this.ahead = this.read();
    }
    const block = this.chunk.subarray(this.used, this.used + BLOCK);
    this.used += block.length;
    return block;
  }
}

const HASH_LIMIT = 512 << 20;
/** Larger files are not compared after they came: the digest needs all of them in memory. */
const CHECK_LIMIT = 128 << 20;

async function digest(data: ArrayBuffer): Promise<string> {
  return Array.from(new Uint8Array(await crypto.subtle.digest('SHA-384', data)), (b) => b.toString(16).padStart(2, '0')).join('').toUpperCase();
}

/** Whether the device's file is @content; null when that cannot be found out. */
export async function isSame(client: FilesClient, path: string, name: string, content: Source): Promise<boolean | null> {
  if (content.size === 0 || content.size > CHECK_LIMIT || !globalThis.crypto?.subtle) return null;
  const [own, answer] = await Promise.all([
    content.slice(0, content.size).arrayBuffer().then(digest),
    client.request({ action: 'uploadhash', path, name, tag: { h: '', s: content.size, skip: 0 } }).catch(() => null),
  ]);
  return typeof answer?.['hash'] === 'string' ? answer['hash'] === own : null;
}

/**
 * How much of @source the device has already: it must have exactly the first
 * @present bytes of it. 0 when not, or when that cannot be found out.
 */
export async function resumeOffset(client: FilesClient, path: string, name: string, source: Source, present: number): Promise<number> {
  // The digest needs all its input at once, and a secure context.
  if (present <= 0 || present > source.size || present > HASH_LIMIT || !globalThis.crypto?.subtle) return 0;
  const [own, answer] = await Promise.all([
    source.slice(0, present).arrayBuffer().then(digest),
    client.request({ action: 'uploadhash', path, name, tag: { h: '', s: present, skip: present } }),
  ]);
  return answer['hash'] === own ? present : 0;
}
