// SPDX-License-Identifier: Apache-2.0
// Files in a chat, in MeshCentral's way (JSON, a character a byte, paced by acknowledgements), except that nothing comes before its
// receiver agreed: until then it acknowledges nothing.

export type TransferState = 'waiting' | 'offered' | 'running' | 'done' | 'refused' | 'failed';

export interface Transfer {
  /** Ids are chosen by the sender: an own one and one of the other end may be the same. */
  readonly id: number;
  readonly own: boolean;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  done: number;
  state: TransferState;
  /** What came, once it is complete. */
  blob?: Blob;
}

type Put = (message: Record<string, unknown>) => void;

/** Bytes of one block; MeshCentral's pages send no more. */
const BLOCK = 4000;
/** Blocks on their way at once. */
const WINDOW = 16;
export const SIZE_LIMIT = 100 * 1000 * 1000;
export const MOST_FILES = 10;
const NAME_LIMIT = 200;
/** Offers of the other end that are not answered yet. */
const MOST_OFFERS = 20;

interface Sending { file: File; transfer: Transfer; started: boolean; credit: number; busy: boolean }
interface Receiving { transfer: Transfer; parts: Uint8Array<ArrayBuffer>[]; started: boolean }

export class FileExchange {
  private sending: Sending[] = [];
  private readonly receiving = new Map<number, Receiving>();
  private readonly put: Put;
  private readonly changed: (transfer: Transfer) => void;

  constructor(put: Put, changed: (transfer: Transfer) => void) {
    this.put = put;
    this.changed = changed;
  }

  /** Returns: how many were not taken, since they are too large or too many. */
  send(files: readonly File[]): number {
    let left = 0;
    for (const file of files) {
      if (file.size > SIZE_LIMIT || this.sending.length >= MOST_FILES) {
        left++;
        continue;
      }
      const transfer: Transfer = { id: Math.random(), own: true, name: file.name.slice(0, NAME_LIMIT), type: file.type, size: file.size, done: 0, state: 'waiting' };
      this.sending.push({ file, transfer, started: false, credit: 0, busy: false });
      this.put({ action: 'file', ...facts(transfer) });
      this.changed(transfer);
    }
    this.next();
    return left;
  }

  /** One at a time. */
  private next(): void {
    const first = this.sending[0];
    if (!first || first.started) return;
    first.started = true;
    this.put({ action: 'fileUploadStart', ...facts(first.transfer) });
  }

  private async feed(entry: Sending): Promise<void> {
    if (entry.busy) return;
    entry.busy = true;
    const { transfer, file } = entry;
    while (entry.credit > 0 && this.sending[0] === entry) {
      entry.credit--;
      if (transfer.done >= transfer.size) {
        this.put({ action: 'fileUploadEnd', ...facts(transfer) });
        this.finish(entry, 'done');
        break;
      }
      let bytes: Uint8Array;
      try {
        bytes = new Uint8Array(await file.slice(transfer.done, transfer.done + BLOCK).arrayBuffer());
      } catch {
        this.cancel(transfer); // it is gone from the disk, or may not be read
        break;
      }
      if (this.sending[0] !== entry) break;
      this.put({ action: 'fileData', id: transfer.id, data: String.fromCharCode(...bytes) });
      transfer.done += bytes.length;
      transfer.state = 'running';
      this.changed(transfer);
    }
    entry.busy = false;
  }

  private finish(entry: Sending, state: TransferState): void {
    this.sending = this.sending.filter((s) => s !== entry);
    entry.transfer.state = state;
    this.changed(entry.transfer);
    this.next();
  }

  /** What came by way of the chat. Returns: whether it was about files. */
  receive(message: Record<string, unknown>): boolean {
    const { action, id } = message;
    if (typeof action !== 'string' || !action.startsWith('file')) return false;
    if (typeof id !== 'number' || !Number.isFinite(id)) return true;
    if (action === 'file') this.offer(id, message);
    else if (action === 'fileUploadAck') this.acknowledged(id);
    else if (action === 'fileUploadStart') this.begin(id);
    else if (action === 'fileData') this.take(id, message['data']);
    else if (action === 'fileUploadEnd') this.complete(id);
    else if (action === 'fileUploadCancel') this.cancelled(id);
    return true;
  }

  private acknowledged(id: number): void {
    const entry = this.sending[0];
    if (!entry?.started || entry.transfer.id !== id || entry.credit >= WINDOW) return;
    entry.credit++;
    void this.feed(entry);
  }

  private offer(id: number, { name, size, type }: Record<string, unknown>): void {
    const sizeOk = typeof size === 'number' && Number.isInteger(size) && size >= 0 && size <= SIZE_LIMIT;
    if (!sizeOk || typeof name !== 'string' || !name || this.receiving.has(id) || this.receiving.size >= MOST_OFFERS) {
      this.put({ action: 'fileUploadCancel', id });
      return;
    }
    const transfer: Transfer = { id, own: false, name: name.slice(0, NAME_LIMIT), type: typeof type === 'string' ? type.slice(0, NAME_LIMIT) : '', size, done: 0, state: 'offered' };
    this.receiving.set(id, { transfer, parts: [], started: false });
    this.changed(transfer);
  }

  private begin(id: number): void {
    const entry = this.receiving.get(id);
    if (!entry || entry.started) return;
    entry.started = true;
    if (entry.transfer.state === 'running') this.acknowledge(id, WINDOW);
  }

  private acknowledge(id: number, times: number): void {
    for (let i = 0; i < times; i++) this.put({ action: 'fileUploadAck', id });
  }

  accept(transfer: Transfer): void {
    const entry = this.receiving.get(transfer.id);
    if (entry?.transfer !== transfer || transfer.state !== 'offered') return;
    transfer.state = 'running';
    this.changed(transfer);
    if (entry.started) this.acknowledge(transfer.id, WINDOW);
  }

  private take(id: number, data: unknown): void {
    const entry = this.receiving.get(id);
    if (!entry?.started || entry.transfer.state !== 'running' || typeof data !== 'string') return;
    if (data.length === 0 || data.length > BLOCK || entry.transfer.done + data.length > entry.transfer.size) {
      this.cancel(entry.transfer);
      return;
    }
    entry.parts.push(Uint8Array.from(data, (c) => c.charCodeAt(0)));
    entry.transfer.done += data.length;
    this.acknowledge(id, 1);
    this.changed(entry.transfer);
  }

  private complete(id: number): void {
    const entry = this.receiving.get(id);
    if (!entry || entry.transfer.state !== 'running') return;
    if (entry.transfer.done !== entry.transfer.size) {
      this.cancel(entry.transfer);
      return;
    }
    this.receiving.delete(id);
    // Never a type that a browser would show as a page of this site.
    entry.transfer.blob = new Blob(entry.parts, { type: 'application/octet-stream' });
    entry.transfer.state = 'done';
    this.changed(entry.transfer);
    this.acknowledge(id, 1);
  }

  private cancelled(id: number): void {
    const sending = this.sending.find((s) => s.transfer.id === id);
    const receiving = this.receiving.get(id);
    if (sending) this.finish(sending, 'refused');
    else if (receiving) this.drop(receiving.transfer, 'failed');
  }

  private drop(transfer: Transfer, state: TransferState): void {
    this.receiving.delete(transfer.id);
    transfer.state = state;
    this.changed(transfer);
  }

  /** Refuses an offer, or ends a transfer of either direction. */
  cancel(transfer: Transfer): void {
    const sending = this.sending.find((s) => s.transfer === transfer);
    const offered = transfer.state === 'offered';
    if (!sending && this.receiving.get(transfer.id)?.transfer !== transfer) return;
    this.put({ action: 'fileUploadCancel', id: transfer.id });
    if (sending) this.finish(sending, 'failed');
    else this.drop(transfer, offered ? 'refused' : 'failed');
  }

  /** The connection is over, and with it whatever was under way. */
  reset(): void {
    const all = [...this.sending.map((s) => s.transfer), ...[...this.receiving.values()].map((r) => r.transfer)];
    this.sending = [];
    this.receiving.clear();
    for (const transfer of all) {
      transfer.state = 'failed';
      this.changed(transfer);
    }
  }
}

function facts({ id, size, type, name }: Transfer): Record<string, unknown> {
  return { id, size, type, name };
}
