// SPDX-License-Identifier: Apache-2.0
// Two-step sign-in: authenticator app and backup codes. The codes are shown in the step that switches it on.
import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import { client } from '../app/session';
import { showDone } from '../app/Toasts';
import type { UserInfo } from '../control/types';
import { Alert } from '../lib/Alert';
import { CopyField, copyText } from '../lib/CopyField';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import QrCode from '../lib/QrCode';
import { Button, Form, FormGroup, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant, TextInput } from '../lib/pf';
import { errorText } from '../lib/words';
import { isDoc } from '../store/model';

const DIGITS = 6;

type Open = 'setup' | 'codes' | 'off' | null;

export function SecondFactor({ user }: { user: UserInfo }) {
  const [open, setOpen] = useState<Open>(null);
  const on = Boolean(user.otpsecret);
  const keys = Number(user.otphkeys ?? 0);
  const codes = Number(user.otpkeys ?? 0);
  return (
    <section className="bl-card" aria-label={_('Two-step sign-in')}>
      <h2>{_('Two-step sign-in')}</h2>
      <p><span className={on || keys > 0 ? 'bl-dot bl-on' : 'bl-dot'} aria-hidden="true" /> {on ? _('On: an authenticator app is asked for.') : keys > 0 ? _('On: a security key is asked for.') : _('Off: the password alone is enough.')}</p>
      {keys > 0 && <p className="bl-soft">{ngettext('{n} security key', '{n} security keys', keys)}</p>}
      {(on || keys > 0) && (codes > 0 ? <p className="bl-soft">{ngettext('{n} backup code is left.', '{n} backup codes are left.', codes)}</p>
        : <Alert isInline isPlain variant="warning" title={_('There are no backup codes: without the phone the account would be lost.')} />)}
      <div className="bl-card-actions bl-wrap-actions">
        {!on && <Button variant="primary" onClick={() => setOpen('setup')}>{_('Set up an authenticator app')}</Button>}
        {(on || keys > 0) && <Button variant="secondary" onClick={() => setOpen('codes')}>{_('Backup codes')}</Button>}
        {on && <Button variant="secondary" isDanger onClick={() => setOpen('off')}>{_('Remove the authenticator app')}</Button>}
      </div>
      {open === 'setup' && <SetupDialog onClose={() => setOpen(null)} />}
      {open === 'codes' && <CodesDialog onClose={() => setOpen(null)} />}
      {open === 'off' && <OffDialog onClose={() => setOpen(null)} />}
    </section>
  );
}

function refusal(code: unknown): string {
  switch (code) {
    case 3: return _('This session was opened with a login token, which may not change the account.');
    case 5: return _('The settings of this account are locked.');
    default: return _('Two-step sign-in is not available here.');
  }
}

function SetupDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const [secret, setSecret] = useState<{ secret: string; url: string } | null>(null);
  const [token, setToken] = useState('');
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [codes, setCodes] = useState<string[] | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    client.request({ action: 'otpauth-request' }).then((answer) => {
      if (typeof answer['secret'] === 'string') setSecret({ secret: answer['secret'], url: String(answer['url']) });
      else setError(refusal(answer['err']));
    }, (e: unknown) => setError(errorText(e)));
  }, []);
  useEffect(() => input.current?.focus(), [secret]);
  const check = async (value: string) => {
    if (!secret || busy) return;
    setBusy(true);
    setError(null);
    try {
      const answer = await client.request({ action: 'otpauth-setup', secret: secret.secret, token: value });
      if (answer['success'] === true) setCodes(await askCodes(1));
      else {
        setToken('');
        setError(_('This code is not right. Wait for the next one, and check the clock of the phone.'));
        input.current?.focus();
      }
    } catch (e) {
      setError(errorText(e));
    }
    setBusy(false);
  };
  const type = (value: string) => {
    const digits = value.replace(/\D/g, '').slice(0, DIGITS);
    setToken(digits);
    if (digits.length === DIGITS) void check(digits);
  };
  return (
    <Modal isOpen variant={ModalVariant.small} onEscapePress={codes ? undefined : onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="6vh">
      <ModalHeader title={codes ? _('Keep these backup codes') : _('Set up an authenticator app')} labelId={`${id}-title`} />
      <ModalBody>
        {codes ? <Codes codes={codes} fresh /> : (
          <Form onSubmit={(e: FormEvent) => { e.preventDefault(); if (token.length === DIGITS) void check(token); else setError(_('Enter the six digits that the app shows.')); }} noValidate>
            {secret && (
              <>
                <p>{_('Scan this with the authenticator app of your phone:')}</p>
                <QrCode text={secret.url} label={_('QR code for the authenticator app')} />
                <details className="bl-more"><summary>{_('Type the key instead')}</summary><CopyField label={_('Key')} text={secret.secret} /></details>
                <FormGroup label={_('Code that the app shows')} fieldId="otp-token">
                  <TextInput ref={input} id="otp-token" value={token} onChange={(_event, v) => type(v)} inputMode="numeric" autoComplete="one-time-code" isDisabled={busy} />
                </FormGroup>
              </>
            )}
            <div role="alert">{error && <Alert isInline isPlain variant="danger" title={error} />}</div>
          </Form>
        )}
      </ModalBody>
      <ModalFooter>
        <Button variant={codes ? 'primary' : 'link'} onClick={onClose}>{codes ? _('I have kept them') : _('Cancel')}</Button>
      </ModalFooter>
    </Modal>
  );
}

/** @subaction: 0 those there are, 1 new ones. */
async function askCodes(subaction: 0 | 1): Promise<string[]> {
  const answer = await client.request({ action: 'otpauth-getpasswords', subaction });
  const list: unknown[] = Array.isArray(answer['passwords']) ? answer['passwords'] : [];
  return list.filter(isDoc).filter((c) => c['u'] === true).map((c) => String(c['p']));
}

function Codes({ codes, fresh }: { codes: readonly string[]; fresh: boolean }) {
  const [copied, setCopied] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  return (
    <div className="bl-stack">
      <p>{fresh ? _('The authenticator app is set up. Each of these codes replaces it once, if the phone is lost. Keep them away from the phone.') : _('Each of these codes replaces the authenticator app once.')}</p>
      {codes.length === 0 ? <p className="bl-soft">{_('There are no backup codes.')}</p> : <ul ref={list} className="bl-backup-codes">{codes.map((c) => <li key={c}>{c.replace(/(\d{4})(?=\d)/, '$1 ')}</li>)}</ul>}
      {codes.length > 0 && <div><Button variant="secondary" size="sm" onClick={() => void copyText(codes.join('\n'), list.current).then(setCopied)}>{copied ? _('Copied') : _('Copy')}</Button></div>}
    </div>
  );
}

function CodesDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const [codes, setCodes] = useState<string[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const ask = (subaction: 0 | 1) => { askCodes(subaction).then(setCodes, (e: unknown) => setError(errorText(e))); };
  useEffect(() => ask(0), []);
  return (
    <Modal isOpen variant={ModalVariant.small} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="10vh">
      <ModalHeader title={_('Backup codes')} labelId={`${id}-title`} />
      <ModalBody>
        {codes && <Codes codes={codes} fresh={false} />}
        {error && <Alert isInline variant="danger" title={error} />}
      </ModalBody>
      <ModalFooter>
        <Button variant="secondary" onClick={() => ask(1)}>{_('Make new codes')}</Button>
        <Button variant="link" onClick={onClose}>{_('Close')}</Button>
      </ModalFooter>
    </Modal>
  );
}

function OffDialog({ onClose }: { onClose: () => void }) {
  const submit = async () => {
    const answer = await client.request({ action: 'otpauth-clear' });
    if (answer['success'] !== true) throw new Error(_('The authenticator app could not be removed.'));
    showDone(_('The authenticator app has been removed.'));
  };
  return (
    <FormDialog danger title={_('Remove the authenticator app?')} action={_('Remove')} problem={null} onSubmit={submit} onClose={onClose}>
      <p>{_('After that the password alone is enough to sign in.')}</p>
    </FormDialog>
  );
}
