// SPDX-License-Identifier: Apache-2.0
// The list of transfers of one device. One runs at a time: the device's end of
// the protocol knows one upload and one download.
import { FilesError, type FilesClient } from './client';
import { download, type Sink } from './download';
import { joinPath, type Entry } from './protocol';
import { isSame, resumeOffset, upload, type Source } from './upload';

export type TransferState = 'queued' | 'checking' | 'conflict' | 'running' | 'verifying' | 'done' | 'skipped' | 'failed' | 'cancelled';

export interface Transfer {
  readonly id: number;
  readonly kind: 'upload' | 'download';
  readonly name: string;
  /** Folder on the device. */
  readonly path: string;
  /** Null: not known before the end. */
  readonly size: number | null;
  state: TransferState;
  done: number;
  /** Bytes per second over the last moments. */
  rate: number;
  error: FilesError | Error | null;
  resumed: boolean;
  /** Its hash is that of the file on the device. */
  verified: boolean;
}

interface Job {
  transfer: Transfer;
  source?: Source;
  sink?: Sink;
  /** What comes as an archive. */
  files?: readonly string[];
  replace: boolean;
  abort: AbortController;
}

const NOTIFY_MS = 120;
const RATE_MS = 3000;

export class TransferQueue {
  private jobs: Job[] = [];
  private snapshot: readonly Transfer[] = [];
  private running = false;
  private sequence = 0;
  private client: FilesClient | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly listeners = new Set<() => void>();
  private readonly onUploaded: (path: string) => void;

  constructor(onUploaded: (path: string) => void) {
    this.onUploaded = onUploaded;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly list = (): readonly Transfer[] => this.snapshot;

  /** Null while the session is away: what is queued waits. */
  setClient(client: FilesClient | null): void {
    this.client = client;
    void this.run();
  }

  addUpload(path: string, name: string, source: Source): void {
    this.add({ source, replace: false }, { kind: 'upload', path, name, size: source.size });
  }

  addDownload(path: string, name: string, size: number, sink: Sink): void {
    this.add({ sink, replace: false }, { kind: 'download', path, name, size });
  }

  /** @files in folder @path as archive @name. */
  addArchive(path: string, name: string, files: readonly string[], sink: Sink): void {
    this.add({ sink, files, replace: false }, { kind: 'download', path, name, size: null });
  }

  private add(job: Pick<Job, 'source' | 'sink' | 'files' | 'replace'>, fields: Pick<Transfer, 'kind' | 'path' | 'name' | 'size'>): void {
    const transfer: Transfer = { id: ++this.sequence, ...fields, state: 'queued', done: 0, rate: 0, error: null, resumed: false, verified: false };
    this.jobs.push({ ...job, transfer, abort: new AbortController() });
    this.notify();
    void this.run();
  }

  cancel(id: number): void {
    const job = this.jobs.find((j) => j.transfer.id === id);
    if (!job) return;
    const { state } = job.transfer;
    if (state === 'running' || state === 'checking' || state === 'verifying') job.abort.abort();
    else if (state === 'queued' || state === 'conflict') {
      this.set(job, 'cancelled');
      void job.sink?.abort();
    }
  }

  /** Answer to "there is a file of this name": take its place, or leave it. */
  decide(id: number, replace: boolean): void {
    const job = this.jobs.find((j) => j.transfer.id === id && j.transfer.state === 'conflict');
    if (!job) return;
    job.replace = replace;
    this.set(job, replace ? 'queued' : 'skipped');
    void this.run();
  }

  retry(id: number): void {
    const job = this.jobs.find((j) => j.transfer.id === id && j.transfer.state === 'failed' && j.source);
    if (!job) return;
    job.abort = new AbortController();
    job.transfer.error = null;
    this.set(job, 'queued');
    void this.run();
  }

  /** Removes what is over from the list. */
  clear(): void {
    this.jobs = this.jobs.filter((j) => ['queued', 'checking', 'conflict', 'running', 'verifying'].includes(j.transfer.state));
    this.notify();
  }

  dispose(): void {
    for (const job of this.jobs) job.abort.abort();
    if (this.timer) clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      for (;;) {
        const job = this.jobs.find((j) => j.transfer.state === 'queued');
        if (!job || !this.client) break;
        await this.runOne(job, this.client);
      }
    } finally {
      this.running = false;
    }
  }

  private async runOne(job: Job, client: FilesClient): Promise<void> {
    const { transfer } = job;
    try {
      if (job.source) await this.runUpload(job, job.source, client);
      else await this.runDownload(job, client);
    } catch (error) {
      if (job.abort.signal.aborted) this.set(job, 'cancelled');
      // What was sent is not lost: it goes on where it stopped once there is a session again.
      else if (error instanceof FilesError && error.kind === 'closed' && this.client !== client) this.set(job, 'queued');
      else {
        transfer.error = error instanceof Error ? error : new Error(String(error));
        this.set(job, 'failed');
      }
    }
  }

  private async runUpload(job: Job, source: Source, client: FilesClient): Promise<void> {
    const { transfer } = job;
    this.set(job, 'checking');
    const offset = await this.findOffset(job, source, client);
    if (offset === null) return;
    transfer.resumed = offset > 0;
    transfer.done = offset;
    if (offset === source.size && offset > 0) { this.set(job, 'done'); return; }
    this.set(job, 'running');
    job.replace = false;
    const { path, name } = transfer;
    await upload(client, { path, name, source, offset, signal: job.abort.signal, onProgress: this.meter(transfer) });
    this.onUploaded(path);
    await this.verify(job, client, source, 'damaged');
  }

  /** Where to begin: 0 for a new file, more for one that was cut off; null when the user has to say. */
  private async findOffset(job: Job, source: Source, client: FilesClient): Promise<number | null> {
    if (job.replace) return 0;
    const { path, name } = job.transfer;
    let present: Entry | undefined;
    try {
      present = (await client.list(path)).find((e) => e.name === name);
    } catch (error) {
      if (error instanceof FilesError && error.kind !== 'unreadable') throw error;
    }
    if (job.abort.signal.aborted) throw new DOMException('cancelled', 'AbortError');
    if (!present) return 0;
    if (present.kind === 'file') {
      const offset = await resumeOffset(client, path, name, source, present.size);
      if (offset > 0 || present.size === 0) return offset;
    }
    this.set(job, 'conflict');
    return null;
  }

  private async runDownload(job: Job, client: FilesClient): Promise<void> {
    const { transfer } = job;
    this.set(job, 'running');
    const { files, sink } = job;
    // An archive is made anew: what came of an earlier one does not fit.
    if (files) await sink!.restart();
    const offset = files ? 0 : transfer.done;
    transfer.resumed = offset > 0;
    const path = files ? transfer.path : joinPath(transfer.path, transfer.name);
    await download(client, { path, files, offset, sink: sink!, signal: job.abort.signal, onProgress: this.meter(transfer) });
    const content = files ? null : await sink!.content();
    await this.verify(job, client, content, 'differs');
  }

  /** The end of a transfer: both sides have the same, or the user hears that they do not. */
  private async verify(job: Job, client: FilesClient, content: Source | null, problem: 'damaged' | 'differs'): Promise<void> {
    const { transfer } = job;
    if (content) {
      this.set(job, 'verifying');
      const same = await isSame(client, transfer.path, transfer.name, content);
      if (job.abort.signal.aborted) throw new DOMException('cancelled', 'AbortError');
      if (same === false) throw new FilesError(problem, '');
      transfer.verified = same === true;
    }
    this.set(job, 'done');
  }

  private meter(transfer: Transfer): (done: number) => void {
    const samples: [time: number, done: number][] = [[Date.now(), transfer.done]];
    return (done) => {
      const now = Date.now();
      transfer.done = done;
      if (now - samples[samples.length - 1]![0] > 50) samples.push([now, done]);
      while (samples.length > 2 && now - samples[0]![0] > RATE_MS) samples.shift();
      const [time, before] = samples[0]!;
      if (now > time) transfer.rate = ((done - before) * 1000) / (now - time);
      this.timer ??= setTimeout(() => this.notify(), NOTIFY_MS);
    };
  }

  private set(job: Job, state: TransferState): void {
    job.transfer.state = state;
    if (state === 'done') job.transfer.done = job.transfer.size ?? job.transfer.done;
    this.notify();
  }

  private notify(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.snapshot = this.jobs.map((j) => ({ ...j.transfer }));
    for (const listener of this.listeners) listener();
  }
}
