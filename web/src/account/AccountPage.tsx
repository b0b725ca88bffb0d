// SPDX-License-Identifier: Apache-2.0
// One's own account: mail, password, language, second factor, tokens, sign-ins, notifications.
import { useState } from 'react';
import { changePassword } from './password';
import { change, signOut } from '../app/session';
import { showDone, showError } from '../app/Toasts';
import { FEATURE2_TOKEN } from '../control/types';
import { SelectField, TextField } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { useTitle } from '../lib/hooks';
import { _, chooseLanguage, currentLanguage } from '../lib/i18n';
import { languageName } from '../lib/languages';
import { Busy } from '../lib/Loading';
import { Button } from '../lib/pf';
import { rightsWords, SITE, siteBits, unsigned } from '../lib/rights';
import { useStore } from '../store/store';
import type { UserInfo } from '../control/types';
import { Logins } from './Logins';
import { Notifications } from './Notifications';
import { SecondFactor } from './SecondFactor';
import { Sessions } from './Sessions';
import { Tokens } from './Tokens';

export default function AccountPage() {
  useTitle(_('My account'));
  const user = useStore((s) => s.user);
  const server = useStore((s) => s.server);
  if (!user || !server) return <Busy label={_('Loading the account')} />;
  const site = unsigned(user.siteadmin);
  const token = (unsigned(server['features2']) & FEATURE2_TOKEN) !== 0;
  const locked = token || (site !== SITE.full && (site & SITE.lockSettings) !== 0);
  return (
    <div className="bl-view bl-scroll">
      <div className="bl-toolbar"><h1>{_('My account')}</h1></div>
      {locked && <p className="bl-pad-side bl-soft">{token ? _('This session was opened with a login token, which may not change the account.') : _('The settings of this account are locked.')}</p>}
      <div className="bl-sections">
        <Profile user={user} site={site} locked={locked} />
        {!locked && <SecondFactor user={user} />}
        {!locked && <Tokens />}
        {!token && <Sessions />}
        <Logins />
        <Notifications user={user} locked={locked} />
      </div>
    </div>
  );
}

function Profile({ user, site, locked }: { user: UserInfo; site: number; locked: boolean }) {
  const [open, setOpen] = useState<'email' | 'password' | null>(null);
  const languages = ['en', ...Object.keys(window.bowline.catalogs)];
  const setLanguage = async (lang: string) => {
    try {
      await chooseLanguage(lang);
      if (!locked) await change({ action: 'changelang', lang: lang.toLowerCase() });
    } catch {
      showError(_('The language could not be loaded.'));
    }
  };
  const everywhere = () => void signOut(true).catch(() => showError(_('Signing out did not work: the server does not answer.')));
  return (
    <section className="bl-card" aria-label={_('Profile')}>
      <h2>{user.realname || user.name}</h2>
      <dl className="bl-items">
        <div><dt>{_('User name')}</dt><dd>{user.name}</dd></div>
        <div><dt>{_('Mail address')}</dt><dd>{user.email ?? _('none')}</dd></div>
        <div><dt>{_('On this server')}</dt><dd>{rightsWords(site, siteBits(), _('Administrator'))}</dd></div>
      </dl>
      <SelectField id="account-language" label={_('Language')} value={currentLanguage()} onChange={(lang) => void setLanguage(lang)} options={languages.map((l) => [l, languageName(l)] as const)} />
      <div className="bl-card-actions bl-wrap-actions">
        {!locked && <Button variant="secondary" onClick={() => setOpen('password')}>{_('Change the password')}</Button>}
        {!locked && <Button variant="secondary" onClick={() => setOpen('email')}>{_('Change the mail address')}</Button>}
        <Button variant="secondary" isDanger onClick={everywhere}>{_('Sign out everywhere')}</Button>
      </div>
      {open === 'email' && <EmailDialog email={user.email ?? ''} onClose={() => setOpen(null)} />}
      {open === 'password' && <PasswordDialog onClose={() => setOpen(null)} />}
    </section>
  );
}

function EmailDialog({ email: first, onClose }: { email: string; onClose: () => void }) {
  const [email, setEmail] = useState(first);
  const problem = /^[^@\s]+@[^@\s]+$/.test(email.trim()) ? null : _('Enter a mail address.');
  return (
    <FormDialog title={_('Change the mail address')} action={_('Save')} problem={problem} onClose={onClose} onSubmit={async () => { await change({ action: 'changeemail', email: email.trim() }); }}>
      <TextField id="account-email" label={_('Mail address')} type="email" value={email} onChange={setEmail} required autoFocus autoComplete="email" maxLength={256} />
    </FormDialog>
  );
}

function PasswordDialog({ onClose }: { onClose: () => void }) {
  const [old, setOld] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const problem = !old ? _('Enter the present password.') : !next ? _('Enter the new password.') : next !== again ? _('The two new passwords differ.') : null;
  const submit = async () => {
    await changePassword(old, next);
    showDone(_('The password has been changed.'));
  };
  return (
    <FormDialog title={_('Change the password')} action={_('Change')} problem={problem} onSubmit={submit} onClose={onClose}>
      <TextField id="password-old" label={_('Present password')} type="password" value={old} onChange={setOld} required autoFocus autoComplete="current-password" maxLength={256} />
      <TextField id="password-new" label={_('New password')} type="password" value={next} onChange={setNext} required autoComplete="new-password" maxLength={256} />
      <TextField id="password-again" label={_('New password again')} type="password" value={again} onChange={setAgain} required autoComplete="new-password" maxLength={256} />
      <p className="bl-soft">{_('All sessions of the account end, this one too: sign in with the new password afterwards.')}</p>
    </FormDialog>
  );
}
