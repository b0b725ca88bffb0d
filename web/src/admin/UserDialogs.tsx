// SPDX-License-Identifier: Apache-2.0
// Dialogs about one account.
import { useState } from 'react';
import { resetAccount } from '../account/password';
import { change } from '../app/session';
import { showDone } from '../app/Toasts';
import { CheckField, FieldSet, Help, TextField } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { _ } from '../lib/i18n';
import { FormGroup, TextArea } from '../lib/pf';
import { removableBits, SITE, siteBits, unsigned } from '../lib/rights';
import { RightsFields } from '../lib/RightsFields';
import { useStore } from '../store/store';
import { makePassword } from './makePassword';
import type { Account } from './users';

interface Props {
  account: Account;
  onClose: () => void;
}

/** What somebody who is no full administrator may give. */
const LESSER = SITE.locked | SITE.noGroups | SITE.noTools;

function SiteFields({ value, onChange, own }: { value: number; onChange: (value: number) => void; own: boolean }) {
  const full = useStore((s) => unsigned(s.user?.siteadmin) === SITE.full);
  const bits = siteBits();
  const fixed = own ? 0xffffffff : full ? 0 : bits.reduce((mask, b) => (LESSER & b.bit ? mask : mask | b.bit), 0);
  return (
    <>
      <FieldSet label={_('Role')}>
        <CheckField id="user-full" label={_('Administrator')} help={_('May do everything on the server, and give rights to others.')} checked={value === SITE.full} disabled={own || !full} onChange={(on) => onChange(on ? SITE.full : 0)} />
      </FieldSet>
      {value !== SITE.full && <RightsFields bits={bits} value={value} onChange={onChange} fixed={fixed} gains={_('Rights on the server')} />}
      {own && <Help>{_('You cannot change your own rights on the server.')}</Help>}
    </>
  );
}

const isMail = (text: string) => !text.trim() || /^[^@\s]+@[^@\s]+$/.test(text.trim());

function PasswordField({ value, onChange, autoFocus }: { value: string; onChange: (value: string) => void; autoFocus?: boolean }) {
  return <TextField id="user-password" label={_('Password')} value={value} onChange={onChange} required maxLength={256} autoFocus={autoFocus} help={_('Hand it over on a safe way: it is not shown again.')} />;
}

function OnceField({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  return <CheckField id="user-once" label={_('Must change the password at the next sign-in')} checked={on} onChange={onChange} />;
}

export function CreateUserDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState(makePassword);
  const [email, setEmail] = useState('');
  const [realName, setRealName] = useState('');
  const [site, setSite] = useState(0);
  const [once, setOnce] = useState(false);
  const problem = !name.trim() ? _('Enter a user name.') : /[\s/]|^~/.test(name.trim()) ? _('A user name holds no blanks and no “/”, and does not begin with “~”.')
    : !password ? _('Enter a password.') : isMail(email) ? null : _('This is not a mail address.');
  const submit = async () => {
    await change({ action: 'adduser', username: name.trim(), pass: password, resetNextLogin: once, ...(email.trim() ? { email: email.trim() } : {}), ...(realName.trim() ? { realname: realName.trim() } : {}), ...(site ? { siteadmin: site } : {}) });
    showDone(_('{name} has been created.', { name: name.trim() }));
  };
  return (
    <FormDialog wide title={_('Create account')} action={_('Create')} problem={problem} onSubmit={submit} onClose={onClose}>
      <div className="bl-fields bl-fields-2">
        <TextField id="user-name" label={_('User name')} value={name} onChange={setName} required autoFocus maxLength={64} />
        <PasswordField value={password} onChange={setPassword} />
        <TextField id="user-realname" label={_('Real name')} value={realName} onChange={setRealName} maxLength={256} />
        <TextField id="user-email" label={_('Mail address')} type="email" value={email} onChange={setEmail} maxLength={256} />
      </div>
      <OnceField on={once} onChange={setOnce} />
      <SiteFields value={site} onChange={setSite} own={false} />
    </FormDialog>
  );
}

export function EditUserDialog({ account, onClose }: Props) {
  const own = useStore((s) => s.user?._id === account.id);
  const [email, setEmail] = useState(account.email);
  const [realName, setRealName] = useState(account.realName);
  const [phone, setPhone] = useState(account.phone);
  const [site, setSite] = useState(account.site);
  const [removed, setRemoved] = useState(account.removed);
  const submit = async () => {
    await change({
      action: 'edituser', userid: account.id, email: email.trim(), realname: realName.trim(), phone: phone.trim(),
      // An address that was changed has not been verified.
      emailVerified: account.emailVerified && email.trim() === account.email,
      ...(own ? {} : { siteadmin: site, removeRights: removed }),
      // Left out it would be cleared.
      ...(account.quota !== null ? { quota: account.quota } : {}),
    });
    showDone(_('Saved.'));
  };
  return (
    <FormDialog wide title={_('Change {name}', { name: account.name })} action={_('Save')} problem={isMail(email) ? null : _('This is not a mail address.')} onSubmit={submit} onClose={onClose}>
      <div className="bl-fields bl-fields-2">
        <TextField id="user-realname" label={_('Real name')} value={realName} onChange={setRealName} autoFocus maxLength={256} />
        <TextField id="user-email" label={_('Mail address')} type="email" value={email} onChange={setEmail} maxLength={256} />
        <TextField id="user-phone" label={_('Telephone')} value={phone} onChange={setPhone} maxLength={64} />
      </div>
      <SiteFields value={site} onChange={setSite} own={own} />
      {!own && (
        <details className="bl-more"><summary>{_('Limits on all devices')}</summary>
          <div className="bl-stack">
            <p className="bl-soft">{_('Whatever rights the account has on devices, these it loses everywhere.')}</p>
            <RightsFields bits={removableBits()} value={removed} onChange={setRemoved} gains={_('Take away')} limits={_('Restrict')} />
          </div>
        </details>
      )}
    </FormDialog>
  );
}

export function PasswordDialog({ account, onClose }: Props) {
  const [password, setPassword] = useState(makePassword);
  const own = useStore((s) => s.user?._id === account.id);
  const [once, setOnce] = useState(false);
  const submit = async () => {
    await resetAccount(account.id, { pass: password, resetNextLogin: once, removeMultiFactor: false });
    showDone(_('The password has been changed.'));
  };
  return (
    <FormDialog title={_('Password of {name}', { name: account.name })} action={_('Set')} problem={password ? null : _('Enter a password.')} onSubmit={submit} onClose={onClose}>
      <PasswordField value={password} onChange={setPassword} autoFocus />
      {!own && <OnceField on={once} onChange={setOnce} />}
      <p className="bl-soft">{_('Open sessions of the account end.')}</p>
    </FormDialog>
  );
}

export function FactorsDialog({ account, onClose }: Props) {
  const submit = async () => {
    await resetAccount(account.id, { pass: '', resetNextLogin: false, removeMultiFactor: true });
    showDone(_('The second factors have been removed.'));
  };
  return (
    <FormDialog danger title={_('Remove the second factors of {name}?', { name: account.name })} action={_('Remove')} problem={null} onSubmit={submit} onClose={onClose}>
      <p>{_('After that the password alone is enough to sign in. Do this only when you know who asks for it.')}</p>
    </FormDialog>
  );
}

export function LockDialog({ account, onClose }: Props) {
  const site = (account.locked ? account.site & ~SITE.locked : account.site | SITE.locked) >>> 0;
  const submit = async () => { await change({ action: 'edituser', userid: account.id, siteadmin: site, ...(account.quota !== null ? { quota: account.quota } : {}) }); };
  return (
    <FormDialog danger={!account.locked} title={account.locked ? _('Unlock {name}?', { name: account.name }) : _('Lock {name}?', { name: account.name })} action={account.locked ? _('Unlock') : _('Lock')}
      problem={null} onSubmit={submit} onClose={onClose}>
      <p>{account.locked ? _('The account can sign in again.') : _('The account cannot sign in, and its open sessions end.')}</p>
    </FormDialog>
  );
}

export function DeleteUserDialog({ account, onClose }: Props) {
  const [typed, setTyped] = useState('');
  const submit = async () => {
    await change({ action: 'deleteuser', userid: account.id });
    showDone(_('{name} has been deleted.', { name: account.name }));
  };
  return (
    <FormDialog danger title={_('Delete {name}?', { name: account.name })} action={_('Delete')} problem={typed.trim() === account.name ? null : _('Type the name of the account to confirm.')} onSubmit={submit} onClose={onClose}>
      <p>{_('Its rights, tokens, notes and guest links are removed, and its sessions end. Devices and groups stay.')}</p>
      <TextField id="delete-user" label={_('Name of the account')} value={typed} onChange={setTyped} autoFocus />
    </FormDialog>
  );
}

const NOTICE_LIMIT = 512;

/** To one account, or to everybody who is connected. */
export function BroadcastDialog({ account, onClose }: { account: Account | null; onClose: () => void }) {
  const [words, setWords] = useState('');
  const submit = async () => {
    await change(account ? { action: 'notifyuser', userid: account.id, msg: words.trim() } : { action: 'userbroadcast', msg: words.trim() });
    showDone(_('The message has been sent.'));
  };
  return (
    <FormDialog title={account ? _('Message to {name}', { name: account.name }) : _('Message to all who are signed in')} action={_('Send')} problem={words.trim() ? null : _('Write the message.')} onSubmit={submit} onClose={onClose}>
      <FormGroup label={_('Message')} fieldId="notice-text" isRequired>
        <TextArea id="notice-text" value={words} onChange={(_event, v) => setWords(v)} rows={4} maxLength={NOTICE_LIMIT} autoFocus resizeOrientation="vertical" />
      </FormGroup>
    </FormDialog>
  );
}
