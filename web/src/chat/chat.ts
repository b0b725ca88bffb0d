// SPDX-License-Identifier: Apache-2.0
// The window of the messenger. Plain DOM, since the person at a device opens it in whatever browser there is, and once.
import { el } from '../lib/dom';
import { formatBytes, formatClock } from '../lib/format';
import { _, setCatalog } from '../lib/i18n';
import { readRoom, SEND_LIMIT, type ChatMessage, type Room } from './model';
import { MOST_FILES, SIZE_LIMIT } from './files';
import { ChatSession, type ChatState } from './session';
import { TransferList } from './transfers';

export function start(): void {
  void window.bowline.catalog.catch(() => null).then((catalog) => {
    setCatalog(window.bowline.lang, catalog);
    new ChatWindow(document.getElementById('root')!, readRoom(window.bowline.data.chat)).show();
  });
}

/** Messages kept on the page. */
const KEPT = 500;
const TYPING_MS = 3000;
/** Notifications of the system come no closer together. */
const NOTIFY_MS = 2000;

class ChatWindow {
  private readonly root: HTMLElement;
  private readonly room: Room;
  private readonly session: ChatSession;
  private readonly transfers: TransferList;
  private readonly status = el('p', { class: 'chat-status', role: 'status' });
  private readonly list = el('ol', { class: 'chat-list', 'aria-live': 'polite', tabindex: '0' });
  private readonly typing = el('p', { class: 'chat-typing', hidden: true });
  private readonly problem = el('p', { class: 'chat-problem', role: 'alert', hidden: true });
  private readonly input = el('textarea', { id: 'chat-input', rows: '2', maxlength: String(SEND_LIMIT), autocomplete: 'off' });
  private readonly file = el('button', { type: 'button' });
  private readonly button = el('button', { type: 'submit', class: 'chat-primary' });
  private readonly again = el('button', { type: 'button', class: 'chat-primary', hidden: true });
  private readonly notify = el('button', { type: 'button', hidden: true });
  private typingTimer: ReturnType<typeof setTimeout> | undefined;
  private toldTyping = 0;
  private unread = 0;
  private notifiedAt = 0;

  constructor(root: HTMLElement, room: Room) {
    this.root = root;
    this.room = room;
    const base = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`;
    this.session = new ChatSession(room, base, { onState: (state) => this.setState(state), onMessage: (m) => this.receive(m) });
    this.transfers = new TransferList((message) => this.session.put(message), (own, content) => this.append(content, own));
  }

  private get other(): string {
    return this.room.name || _('the other side');
  }

  show(): void {
    this.list.setAttribute('aria-label', _('Messages'));
    this.button.textContent = _('Send');
    this.notify.textContent = _('Notify me of messages');
    this.notify.hidden = typeof Notification === 'undefined' || Notification.permission !== 'default';
    this.notify.addEventListener('click', () => void Notification.requestPermission().then(() => { this.notify.hidden = true; }));
    this.again.addEventListener('click', () => this.session.connect());
    const picker = el('input', { type: 'file', multiple: true, hidden: true, 'aria-label': _('Files to send') });
    picker.addEventListener('change', () => {
      this.sendFiles([...(picker.files ?? [])]);
      picker.value = '';
    });
    this.file.textContent = _('Send files');
    this.file.addEventListener('click', () => picker.click());
    const label = el('label', { for: 'chat-input', class: 'chat-label' }, _('Message'));
    const form = el('form', { class: 'chat-form' }, label, this.input, el('span', { class: 'chat-buttons' }, this.button, this.file), picker);
    form.addEventListener('submit', (event) => { event.preventDefault(); this.send(); });
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    this.input.addEventListener('input', () => this.tellTyping());
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') this.setUnread(0); });
    const open = this.room.state === 'open';
    this.root.replaceChildren(el('main', { class: 'chat' },
      el('header', { class: 'chat-bar' }, el('h1', {}, open ? this.room.name || _('Chat') : _('Chat')), this.status, this.notify, this.again),
      ...(open ? [this.list, this.typing, this.problem, form] : [])));
    this.setUnread(0);
    if (open) this.session.connect();
    else this.setState(this.room.state === 'expired' ? 'expired' : 'denied');
  }

  private words(state: ChatState): string {
    const name = this.other;
    switch (state) {
      case 'connecting': return _('Connecting…');
      case 'waiting': return this.room.device ? _('Waiting for the person at {name} to open the chat…', { name }) : _('Waiting for {name}…', { name });
      case 'open': return _('Connected');
      case 'left': return _('{name} has left. The chat goes on as soon as they are back.', { name });
      case 'lost': return _('The connection is lost. Connecting again…');
      case 'nobody': return _('{name} did not come.', { name });
      case 'taken': return _('This chat goes on in another window.');
      case 'denied': return _('You may not join this chat, or this address is not complete.');
      case 'expired': return _('This invitation has expired. Ask for a new one.');
      case 'full': return _('The server has too many sessions open. Try again later.');
    }
  }

  private setState(state: ChatState): void {
    this.status.textContent = this.words(state);
    this.root.firstElementChild?.setAttribute('data-state', state);
    const open = state === 'open';
    this.input.disabled = this.button.disabled = this.file.disabled = !open;
    if (!open) this.transfers.reset();
    this.typing.hidden = true;
    this.again.hidden = !['nobody', 'taken', 'full'].includes(state);
    this.again.textContent = state === 'taken' ? _('Go on here') : state === 'nobody' ? _('Wait again') : _('Try again');
    if (open) this.input.focus();
    else if (!this.again.hidden) this.again.focus();
  }

  private receive(message: ChatMessage): void {
    if (message.kind === 'typing') {
      this.typing.textContent = message.on ? _('{name} is typing…', { name: this.other }) : '';
      this.typing.hidden = !message.on;
    } else if (message.kind === 'file') {
      this.transfers.receive(message.doc);
      if (message.doc['action'] === 'file') this.announce(_('A file is offered.'));
    } else if (message.kind === 'text') {
      this.typing.hidden = true;
      this.append(textOf(message.text), false);
      this.announce(message.text);
    }
  }

  private announce(words: string): void {
    if (document.visibilityState === 'visible') return;
    this.setUnread(this.unread + 1);
    this.showOutside(words);
  }

  private append(content: HTMLElement, own: boolean): void {
    const end = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    const now = new Date();
    const who = own ? this.room.own || _('You') : this.other;
    this.list.append(el('li', { class: own ? 'chat-own' : 'chat-other' },
      el('p', { class: 'chat-who' }, el('span', {}, who), el('time', { datetime: now.toISOString() }, formatClock(now.getTime()))),
      content));
    while (this.list.childElementCount > KEPT) this.list.firstElementChild?.remove();
    // Who reads further up is not taken away from there.
    if (own || end) this.list.scrollTop = this.list.scrollHeight;
  }

  private send(): void {
    const text = this.input.value.trim();
    if (!text) return;
    const result = this.session.send(text);
    this.problem.hidden = result === 'sent';
    this.problem.textContent = result === 'long' ? _('A message has at most {n} characters.', { n: SEND_LIMIT })
      : result === 'fast' ? _('Not sent: too many messages at once. Wait a moment.') : _('Not sent: there is no connection.');
    if (result !== 'sent') return;
    this.input.value = '';
    clearTimeout(this.typingTimer);
    this.toldTyping = 0;
    this.append(textOf(text), true);
  }

  private sendFiles(files: readonly File[]): void {
    const left = this.session.state === 'open' ? this.transfers.send(files) : 0;
    this.problem.hidden = left === 0;
    this.problem.textContent = _('Not all files were taken: at most {n} at once, and {size} each.', { n: MOST_FILES, size: formatBytes(SIZE_LIMIT) });
  }

  private tellTyping(): void {
    clearTimeout(this.typingTimer);
    this.typingTimer = setTimeout(() => { this.toldTyping = 0; this.session.typing(false); }, TYPING_MS);
    if (Date.now() - this.toldTyping < TYPING_MS) return;
    this.toldTyping = Date.now();
    this.session.typing(true);
  }

  private setUnread(count: number): void {
    this.unread = count;
    document.title = `${count ? `(${count}) ` : ''}${this.room.name || _('Chat')} – Bowline`;
  }

  private showOutside(body: string): void {
    if (typeof Notification === 'undefined' || Notification.permission !== 'granted' || Date.now() - this.notifiedAt < NOTIFY_MS) return;
    this.notifiedAt = Date.now();
    const shown = new Notification(this.other, { body: body.slice(0, 200), tag: this.room.id });
    shown.onclick = () => { window.focus(); shown.close(); };
  }
}

function textOf(text: string): HTMLElement {
  return el('p', { class: 'chat-text' }, text);
}
