// SPDX-License-Identifier: Apache-2.0
// A window of a device's own VNC server: the client is noVNC's, what is around it is ours. Plain DOM: such a window is opened by
// other programs and should be there at once.
import RFB, { type RfbCredential } from '@novnc/novnc';
import { el } from '../lib/dom';
import { _, setCatalog } from '../lib/i18n';
import { parseVncAddress, type VncAddress } from './address';
import { RelayChannel } from './channel';

export function start(): void {
  void window.bowline.catalog.catch(() => null).then((catalog) => {
    setCatalog(window.bowline.lang, catalog);
    new VncWindow(document.getElementById('root')!, parseVncAddress(location.search, location.origin)).show();
  });
}

/** Some agents say that they are connected where nothing listens; a VNC server speaks first. */
const ANSWER_MS = 20000;

type Credentials = Partial<Record<RfbCredential, string>>;

class VncWindow {
  private readonly root: HTMLElement;
  private readonly address: VncAddress;
  private readonly status = el('span', { class: 'vnc-status', role: 'status' });
  private readonly screen = el('div', { class: 'vnc-screen' });
  private readonly notice = el('div', { class: 'vnc-notice', hidden: true });
  private readonly clipboard = el('textarea', { rows: '4', spellcheck: 'false', 'aria-label': _('Clipboard of the device') });
  private readonly panel = el('div', { class: 'vnc-panel', hidden: true });
  private readonly controls: HTMLButtonElement[] = [];
  private rfb: RFB | null = null;
  private connected = false;
  private reason: string | null = null;
  /** What the person gave last, for connecting again. */
  private credentials: Credentials = {};

  constructor(root: HTMLElement, address: VncAddress) {
    this.root = root;
    this.address = address;
  }

  show(): void {
    const name = this.address.name || _('VNC');
    document.title = `${name} – Bowline`;
    const fit = this.button(_('Fit to window'), () => this.toggleFit(fit));
    fit.setAttribute('aria-pressed', String(this.address.resize !== 'off'));
    const clip = this.button(_('Clipboard'), () => {
      this.panel.hidden = !this.panel.hidden;
      clip.setAttribute('aria-expanded', String(!this.panel.hidden));
      if (!this.panel.hidden) this.clipboard.focus();
    });
    clip.setAttribute('aria-expanded', 'false');
    const send = el('button', { type: 'button' }, _('Send to the device'));
    send.addEventListener('click', () => this.rfb?.clipboardPasteFrom(this.clipboard.value));
    this.panel.append(el('p', {}, _('What is copied on the device appears here. Change it to send it there.')), this.clipboard, send);
    this.controls.push(this.button(_('Ctrl+Alt+Del'), () => this.rfb?.sendCtrlAltDel()), clip, fit);
    if (this.address.viewOnly) for (const control of this.controls.slice(0, 2)) control.hidden = true;
    this.root.replaceChildren(el('main', { class: 'vnc' },
      el('header', { class: 'vnc-bar' }, el('h1', {}, name), this.status, ...this.controls,
        this.button(_('Full screen'), () => this.toggleFullScreen())),
      this.panel, el('div', { class: 'vnc-stage' }, this.screen, this.notice)));
    this.connect();
  }

  private button(text: string, act: () => void): HTMLButtonElement {
    const button = el('button', { type: 'button' }, text);
    button.addEventListener('click', act);
    return button;
  }

  private connect(): void {
    if (!this.address.relay) {
      this.fail(_('This address leads to no device. Open the window again from where you came.'), false);
      return;
    }
    this.reason = null;
    this.connected = false;
    this.say(_('Connecting…'));
    this.hideNotice();
    let joined = false;
    let answered = false;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const wait = () => { clearTimeout(patience); patience = setTimeout(() => rfb.disconnect(), ANSWER_MS); };
    const channel = new RelayChannel(new WebSocket(this.address.relay), {
      onJoined: () => { joined = true; wait(); },
      onAnswer: () => { answered = true; clearTimeout(patience); },
      onMessage: (text) => {
        this.reason = text;
        this.say(text ?? _('Connecting…'));
        // The agent may ask the person at the device first, who has a time of their own.
        clearTimeout(patience);
        if (text === null && !answered) wait();
      },
    });
    const rfb = new RFB(this.screen, channel, { credentials: this.credentials });
    this.rfb = rfb;
    this.configure(rfb);
    rfb.addEventListener('connect', () => { this.connected = true; this.say(_('Connected')); this.enable(true); rfb.focus(); });
    rfb.addEventListener('disconnect', ({ detail }) => { clearTimeout(patience); this.ended(joined, detail.clean); });
    rfb.addEventListener('credentialsrequired', ({ detail }) => this.askCredentials(detail.types));
    rfb.addEventListener('serververification', ({ detail }) => void this.askServer(detail.publickey));
    rfb.addEventListener('securityfailure', ({ detail }) => this.refused(detail.reason));
    rfb.addEventListener('clipboard', ({ detail }) => { this.clipboard.value = detail.text; });
  }

  private configure(rfb: RFB): void {
    const { resize, viewOnly, showDot, quality, compression } = this.address;
    rfb.scaleViewport = resize === 'scale';
    rfb.resizeSession = resize === 'remote';
    rfb.viewOnly = viewOnly;
    rfb.showDotCursor = showDot;
    rfb.background = 'transparent';
    if (quality !== null) rfb.qualityLevel = quality;
    if (compression !== null) rfb.compressionLevel = compression;
    this.enable(false);
  }

  private refused(reason: string | undefined): void {
    this.credentials = {};
    this.reason = reason ? _('The VNC server of the device refused: {reason}', { reason }) : _('The VNC server of the device refused the sign-in.');
  }

  private ended(joined: boolean, clean: boolean): void {
    this.rfb = null;
    this.enable(false);
    const before = joined ? _('No VNC server answers on the device.')
      : _('The device cannot be reached, or this window is too old, or your rights do not allow it.');
    const after = clean ? _('The session is over.') : _('The connection is lost.');
    this.fail(this.reason ?? (this.connected ? after : before), true);
  }

  private say(text: string): void {
    this.status.textContent = text;
  }

  private enable(on: boolean): void {
    for (const control of this.controls) control.disabled = !on;
  }

  private hideNotice(): void {
    this.notice.hidden = true;
    this.notice.replaceChildren();
  }

  private showNotice(...content: HTMLElement[]): void {
    this.notice.replaceChildren(el('div', { class: 'vnc-card' }, ...content));
    this.notice.hidden = false;
  }

  private fail(text: string, again: boolean): void {
    this.say(_('Not connected'));
    const retry = el('button', { type: 'button', class: 'vnc-primary' }, _('Connect again'));
    retry.addEventListener('click', () => this.connect());
    this.showNotice(el('p', { role: 'alert' }, text), ...(again ? [retry] : []));
    if (again) retry.focus();
  }

  private askCredentials(types: readonly RfbCredential[]): void {
    const labels: Record<RfbCredential, string> = { username: _('User name'), password: _('Password'), target: _('Target') };
    const inputs = types.map((type) => [type, el('input', { id: `vnc-${type}`, name: type, type: type === 'password' ? 'password' : 'text',
      autocomplete: 'off', required: true })] as const);
    const form = el('form', {}, el('p', {}, _('The VNC server of the device asks for:')),
      ...inputs.flatMap(([type, input]) => [el('label', { for: input.id }, labels[type]), input]),
      el('button', { type: 'submit', class: 'vnc-primary' }, _('Sign in')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.credentials = Object.fromEntries(inputs.map(([type, input]) => [type, input.value]));
      this.hideNotice();
      this.rfb?.sendCredentials(this.credentials);
    });
    this.say(_('Waiting for you'));
    this.showNotice(form);
    inputs[0]?.[1].focus();
  }

  private async askServer(key: Uint8Array<ArrayBuffer>): Promise<void> {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', key));
    const print = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    const yes = el('button', { type: 'button', class: 'vnc-primary' }, _('It is the right one'));
    const no = el('button', { type: 'button' }, _('Cancel'));
    yes.addEventListener('click', () => { this.hideNotice(); this.rfb?.approveServer(); });
    no.addEventListener('click', () => this.rfb?.disconnect());
    this.say(_('Waiting for you'));
    this.showNotice(el('p', {}, _('The VNC server of the device has this key. Is it the right one?')), el('code', {}, print), yes, no);
    yes.focus();
  }

  private toggleFit(button: HTMLElement): void {
    if (!this.rfb) return;
    this.rfb.scaleViewport = !this.rfb.scaleViewport;
    button.setAttribute('aria-pressed', String(this.rfb.scaleViewport));
    this.rfb.focus();
  }

  private toggleFullScreen(): void {
    const change = document.fullscreenElement ? document.exitFullscreen() : this.root.requestFullscreen();
    change.catch(() => this.say(_('The browser does not allow full screen here.')));
    this.rfb?.focus();
  }
}
