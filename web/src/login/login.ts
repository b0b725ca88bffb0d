// SPDX-License-Identifier: Apache-2.0
// The sign-in form. Plain DOM, so that it arrives in a few kilobytes; the
// application is fetched while the user types.
import { brandMark, el } from '../lib/dom';
import { _, chooseLanguage, currentLanguage, setCatalog } from '../lib/i18n';
import { languageName } from '../lib/languages';
import { startPart } from '../lib/page';
import { changePassword, haveSession, noteSignedIn, signIn, type LoginResult } from './api';

export function start(): void {
  void window.bowline.catalog.catch(() => null).then((catalog) => {
    setCatalog(window.bowline.lang, catalog);
    new LoginForm(document.getElementById('root')!).show();
  });
}

class LoginForm {
  private readonly root: HTMLElement;
  private readonly user = input('username', 'text', 'username');
  private readonly password = input('password', 'password', 'current-password');
  private readonly token = input('token', 'text', 'one-time-code');
  private readonly fresh = input('new-password', 'password', 'new-password');
  private readonly again = input('new-password-again', 'password', 'new-password');
  private readonly button = el('button', { type: 'submit', class: 'login-button' });
  private readonly alert = el('div', { role: 'alert', class: 'login-alert', hidden: true });
  private needsToken = false;
  /** Set once the server demands a new password: what it gave for that. */
  private ticket = '';
  private busy = false;
  private countdown: ReturnType<typeof setInterval> | null = null;

  constructor(root: HTMLElement) {
    this.root = root;
    this.user.setAttribute('autocapitalize', 'none');
    this.user.spellcheck = false;
    this.token.inputMode = 'numeric';
    this.token.addEventListener('input', () => {
      if (/^\d{6}$/.test(this.token.value.trim())) void this.submit();
    });
  }

  show(): void {
    document.title = `${_('Sign in')} – Bowline`;
    const fields = this.ticket
      ? [el('p', {}, _('Your password must be changed before you go on.')), field(_('New password'), this.fresh),
        field(_('New password, again'), this.again)]
      : [field(_('User name'), this.user), field(_('Password'), this.password, this.reveal()),
        this.needsToken ? field(_('Code from your authenticator app'), this.token) : null];
    const form = el('form', { class: 'login-form', novalidate: true }, ...fields, this.alert, this.button);
    this.button.textContent = this.label();
    form.addEventListener('submit', (event) => { event.preventDefault(); void this.submit(); });
    form.addEventListener('input', prefetchApplication, { once: true });
    this.root.replaceChildren(el('main', { class: 'login' },
      el('div', { class: 'login-card' },
        el('div', { class: 'login-brand' }, brandMark(), el('span', {}, 'Bowline')),
        el('h1', {}, _('Sign in')),
        el('p', { class: 'login-host' }, location.host), form),
      el('footer', { class: 'login-foot' }, this.languages())));
    if (!this.busy) this.focusFirst();
    void this.skipWhenSignedIn();
  }

  /** A link that signs in leaves a session but no note of it. */
  private async skipWhenSignedIn(): Promise<void> {
    if (!window.bowline.embed.signedByAddress) return;
    if ((await haveSession()) === true && !this.user.value) await this.enter();
  }

  private reveal(): HTMLElement {
    const button = el('button', { type: 'button', class: 'login-reveal', 'aria-pressed': 'false' }, _('Show'));
    button.addEventListener('click', () => {
      const shown = this.password.type === 'text';
      this.password.type = shown ? 'password' : 'text';
      button.textContent = shown ? _('Show') : _('Hide');
      button.setAttribute('aria-pressed', String(!shown));
    });
    return button;
  }

  private languages(): HTMLElement {
    const select = el('select', { 'aria-label': _('Language') });
    for (const lang of ['en', ...Object.keys(window.bowline.catalogs)])
      select.append(el('option', { value: lang, lang, selected: lang === currentLanguage() }, languageName(lang)));
    select.addEventListener('change', () => void chooseLanguage(select.value).then(() => this.show()));
    return select;
  }

  private label(): string {
    return this.ticket ? _('Change password') : _('Sign in');
  }

  private focusFirst(): void {
    (this.ticket ? this.fresh : this.needsToken ? this.token : this.user.value ? this.password : this.user).focus();
  }

  /** Values are read at this moment, however they came in: typed, pasted or filled by a password manager. */
  private async submit(): Promise<void> {
    if (this.busy || this.countdown) return;
    if (!(this.ticket ? this.checkNew() : this.checkNames())) return;
    this.setBusy(true);
    const result = this.ticket ? await changePassword(this.ticket, this.password.value, this.fresh.value)
      : await signIn(this.user.value.trim(), this.password.value, this.token.value.trim());
    this.setBusy(false);
    if (result.ok) await this.enter();
    else this.explain(result);
  }

  private checkNames(): boolean {
    const missing = [this.user, this.password].find((i) => i.value === '');
    if (missing) this.fail(missing === this.user ? _('Enter your user name.') : _('Enter your password.'), missing);
    return !missing;
  }

  private checkNew(): boolean {
    if (this.fresh.value === '') this.fail(_('Enter a new password.'), this.fresh);
    else if (this.fresh.value !== this.again.value) this.fail(_('The two passwords differ.'), this.again);
    else return true;
    return false;
  }

  private setBusy(busy: boolean): void {
    this.busy = busy;
    this.button.setAttribute('aria-busy', String(busy));
    this.button.textContent = busy ? _('Signing in…') : this.label();
    if (busy) this.alert.hidden = true;
  }

  private explain(result: LoginResult): void {
    switch (result.error) {
      case 'token-required': {
        const again = this.needsToken;
        this.needsToken = true;
        if (!again) this.show();
        this.token.value = '';
        if (again) this.fail(_('This code is not right, or no longer valid.'), this.token);
        else this.token.focus();
        break;
      }
      case 'password-change-required':
        this.ticket = result.ticket ?? '';
        this.alert.hidden = true;
        this.show();
        break;
      case 'same-password':
        this.fail(_('This is the old password. Choose another one.'), this.fresh);
        break;
      case 'expired':
        this.ticket = '';
        this.show();
        this.fail(_('This took too long. Sign in again.'), this.password);
        break;
      case 'invalid':
        if (this.ticket) {
          this.fail(_('This password cannot be used.'), this.fresh);
          break;
        }
        this.password.select();
        this.fail(_('The user name or the password is not right.'), this.password);
        break;
      case 'locked':
        this.fail(_('This account is locked. Ask an administrator to unlock it.'), this.user);
        break;
      case 'throttled':
        this.wait(Math.max(1, Math.ceil(result.retryAfter ?? 30)));
        break;
      case 'network':
        this.fail(_('The server does not answer. Check the connection and try again.'), null);
        break;
      default:
        this.fail(_('The server reported an error. Its log says more.'), null);
    }
  }

  private fail(text: string, where: HTMLInputElement | null): void {
    for (const i of [this.user, this.password, this.token, this.fresh, this.again]) i.setAttribute('aria-invalid', String(i === where));
    this.alert.textContent = text;
    this.alert.hidden = false;
    where?.focus();
  }

  private wait(seconds: number): void {
    let left = seconds;
    const tick = () => {
      if (left <= 0) {
        clearInterval(this.countdown!);
        this.countdown = null;
        this.alert.hidden = true;
        this.button.disabled = false;
        return;
      }
      this.fail(_('Too many attempts. Try again in {seconds} s.', { seconds: left }), null);
      left--;
    };
    this.button.disabled = true;
    this.countdown = setInterval(tick, 1000);
    tick();
  }

  private async enter(): Promise<void> {
    noteSignedIn(true);
    if (window.bowline.data.chat) {
      location.reload();
      return;
    }
    if (location.pathname === '/login') history.replaceState(null, '', '/');
    await startPart(window.bowline.app);
  }
}

function input(name: string, type: string, autocomplete: string): HTMLInputElement {
  return el('input', { id: `login-${name}`, name, type, autocomplete, required: true });
}

function field(label: string, control: HTMLInputElement, extra: HTMLElement | null = null): HTMLElement {
  return el('div', { class: 'login-field' }, el('label', { for: control.id }, label), el('div', { class: 'login-input' }, control, extra));
}

function prefetchApplication(): void {
  for (const href of window.bowline.app.scripts) {
    const link = el('link', { rel: 'modulepreload' });
    link.href = href;
    document.head.append(link);
  }
  document.head.append(el('link', { rel: 'preload', as: 'style', href: window.bowline.app.style }));
}
