// SPDX-License-Identifier: Apache-2.0
// Fetches one file from the device into a sink: the disk where the browser
// allows it, otherwise a Blob, which browsers keep outside the script's memory.
import type { FilesClient } from './client';
import { FilesError } from './client';

/** Blocks the device may send without waiting, and their size: two megabytes, which fill long ways too. Agents that do not know these send small ones, one at a time. */
const PIPELINE = 32;
const BLOCK = 65_532;
const GATHER = 8 << 20;

export interface Sink {
  write: (data: Uint8Array<ArrayBuffer>) => Promise<void> | void;
  /** Forgets all that was written. */
  restart: () => Promise<void> | void;
  /** After close: what was written; null when it cannot be read back. */
  content: () => Promise<Blob | null>;
  close: () => Promise<void>;
  abort: () => Promise<void>;
}

export interface DownloadOptions {
  path: string;
  /** Names in path: they come as one zip archive, if the agent can do that. */
  files?: readonly string[];
  /** Bytes the sink has already. An agent that does not know this begins again. */
  offset?: number;
  sink: Sink;
  signal: AbortSignal;
  onProgress: (done: number) => void;
}

export function download(client: FilesClient, { path, files, offset = 0, sink, signal, onProgress }: DownloadOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const id = client.nextId();
    let done = offset;
    let over = false;
    let started = false;
    let chain: Promise<void> = Promise.resolve();

    const finish = (error?: Error) => {
      if (over) return;
      over = true;
      client.listener = null;
      signal.removeEventListener('abort', cancel);
      // A sink whose session was lost is kept: the rest is added later.
      if (error instanceof FilesError && error.kind === 'closed') chain.then(() => reject(error), () => reject(error));
      else if (error) chain.then(() => sink.abort()).catch(() => undefined).then(() => reject(error), reject);
      else resolve();
    };
    const cancel = () => {
      client.send({ action: 'download', sub: 'stop', id });
      finish(new DOMException('cancelled', 'AbortError'));
    };
    if (signal.aborted) { reject(new DOMException('cancelled', 'AbortError')); return; }
    client.listener = {
      onMessage: (message) => {
        if (message['action'] !== 'download' || Number(message['id']) !== id) return;
        if (message['sub'] === 'cancel') finish(new FilesError(files && !started ? 'archive' : 'failed', client.takeReason() ?? ''));
        else if (message['sub'] === 'start' && !started) {
          started = true;
          if (offset > 0 && message['offset'] !== offset) {
            done = 0;
            chain = chain.then(() => sink.restart());
          }
          client.send({ action: 'download', sub: 'startack', id, ack: PIPELINE, block: BLOCK });
        }
      },
      // The acknowledgement waits for the sink: a slow disk slows the device down.
      onBlock: (data, last) => {
        chain = chain.then(async () => {
          if (over) return;
          await sink.write(data);
          done += data.length;
          onProgress(done);
          if (!last) client.send({ action: 'download', sub: 'ack', id });
          else {
            await sink.close();
            finish();
          }
        }).catch((error) => {
          client.send({ action: 'download', sub: 'stop', id });
          finish(error instanceof Error ? error : new Error(String(error)));
        });
      },
      onClosed: () => finish(new FilesError('closed', 'the session has ended')),
    };
    signal.addEventListener('abort', cancel);
    client.send({ action: 'download', sub: 'start', id, path, ...(files && { files }), ...(offset > 0 && { offset }) });
  });
}

/** Gathers into a Blob and hands it to @deliver at the end. */
export function blobSink(deliver: (blob: Blob) => void): Sink {
  let whole: Blob | null = null;
  let blobs: Blob[] = [];
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const gather = () => {
    blobs.push(new Blob(parts));
    parts = [];
    size = 0;
  };
  return {
    write: (data) => {
      parts.push(data);
      size += data.length;
      if (size >= GATHER) gather();
    },
    close: async () => {
      gather();
      whole = new Blob(blobs);
      deliver(whole);
    },
    restart: () => { blobs = []; parts = []; size = 0; },
    content: async () => whole,
    abort: async () => { blobs = []; parts = []; },
  };
}

/** Offers @blob to the user under @name. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has to have begun reading it.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

interface SaveHandle {
  getFile: () => Promise<Blob>;
  createWritable: () => Promise<{
    write: (data: BufferSource) => Promise<void>; seek: (position: number) => Promise<void>; truncate: (size: number) => Promise<void>;
    close: () => Promise<void>; abort: () => Promise<void>;
  }>;
}

type SavePicker = (options: { suggestedName: string }) => Promise<SaveHandle>;

/** Above this a file is streamed to the disk, which asks for its place first. */
const STREAM_FROM = 512 << 20;

/** Must be called from a click. @size: null when it is not known. Null when the user closed the question. */
export async function makeSink(name: string, size: number | null): Promise<Sink | null> {
  const picker = (window as unknown as { showSaveFilePicker?: SavePicker }).showSaveFilePicker;
  if (size === null || size < STREAM_FROM || !picker) return blobSink((blob) => saveBlob(blob, name));
  try {
    const handle = await picker.call(window, { suggestedName: name });
    const writable = await handle.createWritable();
    return {
      write: (data) => writable.write(data), close: () => writable.close(), abort: () => writable.abort(), content: () => handle.getFile(),
      restart: async () => {
        await writable.truncate(0);
        await writable.seek(0);
      },
    };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return null;
    return blobSink((blob) => saveBlob(blob, name));
  }
}
