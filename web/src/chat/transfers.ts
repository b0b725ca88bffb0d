// SPDX-License-Identifier: Apache-2.0
// How files look among the messages, and what can be done with each.
import { el } from '../lib/dom';
import { formatBytes } from '../lib/format';
import { _ } from '../lib/i18n';
import { FileExchange, type Transfer, type TransferState } from './files';

interface Shown {
  state: TransferState;
  status: HTMLElement;
  progress: HTMLProgressElement;
  buttons: HTMLElement;
}

export class TransferList {
  private readonly shown = new Map<Transfer, Shown>();
  private readonly exchange: FileExchange;
  private readonly append: (own: boolean, content: HTMLElement) => void;

  /** @append: puts something among the messages. */
  constructor(put: (message: Record<string, unknown>) => void, append: (own: boolean, content: HTMLElement) => void) {
    this.exchange = new FileExchange(put, (transfer) => this.update(transfer));
    this.append = append;
  }

  send(files: readonly File[]): number {
    return this.exchange.send(files);
  }

  receive(message: Record<string, unknown>): boolean {
    return this.exchange.receive(message);
  }

  reset(): void {
    this.exchange.reset();
  }

  private words({ state, own }: Transfer): string {
    switch (state) {
      case 'waiting': return _('Waiting until it is accepted…');
      case 'offered': return _('Do you want to receive this file?');
      case 'running': return own ? _('Sending…') : _('Receiving…');
      case 'done': return own ? _('Sent') : _('Received');
      case 'refused': return _('Refused');
      case 'failed': return _('Not complete');
    }
  }

  private make(transfer: Transfer): Shown {
    const shown: Shown = {
      state: 'failed', status: el('span', { role: 'status' }), buttons: el('span', { class: 'chat-file-buttons' }),
      progress: el('progress', { max: String(Math.max(1, transfer.size)), 'aria-label': transfer.name }),
    };
    this.append(transfer.own, el('div', { class: 'chat-file' }, el('p', { class: 'chat-text' }, `${transfer.name} (${formatBytes(transfer.size)})`),
      shown.progress, el('p', {}, shown.status, ' ', shown.buttons)));
    this.shown.set(transfer, shown);
    return shown;
  }

  private update(transfer: Transfer): void {
    const known = this.shown.get(transfer);
    const shown = known ?? this.make(transfer);
    shown.progress.value = transfer.size ? transfer.done : 1;
    if (known && shown.state === transfer.state) return;
    shown.state = transfer.state;
    shown.status.textContent = this.words(transfer);
    shown.progress.hidden = transfer.state !== 'running';
    shown.buttons.replaceChildren(...this.buttons(transfer));
    if (['done', 'refused', 'failed'].includes(transfer.state)) this.shown.delete(transfer);
  }

  private buttons(transfer: Transfer): HTMLElement[] {
    const { state, own, name, blob } = transfer;
    const button = (label: string, act: () => void) => {
      const node = el('button', { type: 'button' }, label);
      node.addEventListener('click', act);
      return node;
    };
    if (state === 'offered') return [button(_('Accept'), () => this.exchange.accept(transfer)), button(_('Refuse'), () => this.exchange.cancel(transfer))];
    if (state === 'waiting' || state === 'running') return [button(_('Cancel'), () => this.exchange.cancel(transfer))];
    return state === 'done' && !own && blob ? [button(_('Save'), () => save(blob, name))] : [];
  }
}

const KEEP_ADDRESS_MS = 60_000;

function save(blob: Blob, name: string): void {
  const href = URL.createObjectURL(blob);
  const link = el('a', { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), KEEP_ADDRESS_MS);
}
