// SPDX-License-Identifier: Apache-2.0
// The accounts: who there is, what each may do here, and the way to change it.
import { useState } from 'react';
import { chatWithUser } from '../actions/chat';
import { navigate } from '../app/router';
import { ActionMenu } from '../lib/ActionMenu';
import { formatAgo, formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { PlusIcon } from '../lib/icons';
import { LoadState } from '../lib/Loading';
import { Button } from '../lib/pf';
import { rightsWords, SITE, siteBits, unsigned } from '../lib/rights';
import { useStore } from '../store/store';
import { useAccounts, type AccountList } from './useAccounts';
import { BroadcastDialog, CreateUserDialog, DeleteUserDialog, EditUserDialog, FactorsDialog, LockDialog, PasswordDialog } from './UserDialogs';
import { matchesAccount, type Account } from './users';

const PAGE = 100;

type Open = { kind: 'edit' | 'password' | 'factors' | 'lock' | 'delete' | 'notice'; account: Account } | { kind: 'create' | 'broadcast' } | null;

export function UsersPart() {
  const load = useAccounts();
  const [query, setQuery] = useState('');
  const [shown, setShown] = useState(PAGE);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <>
      <div className="bl-toolbar">
        <input type="search" className="bl-select bl-narrow" value={query} placeholder={_('Search accounts')} aria-label={_('Search accounts')} onChange={(e) => { setQuery(e.target.value); setShown(PAGE); }} />
        <span className="bl-count" role="status">{load.data ? ngettext('{n} account', '{n} accounts', load.data.accounts.length) : ''}</span>
        <Button variant="secondary" onClick={() => setOpen({ kind: 'broadcast' })}>{_('Message to all')}</Button>
        <Button variant="primary" icon={<PlusIcon />} onClick={() => setOpen({ kind: 'create' })}>{_('Create account')}</Button>
      </div>
      <LoadState load={load} what={_('Loading the accounts')}>
        {(data) => <List data={data} query={query} shown={shown} onMore={() => setShown(shown + PAGE)} onOpen={setOpen} />}
      </LoadState>
      {open?.kind === 'create' && <CreateUserDialog onClose={close} />}
      {open?.kind === 'broadcast' && <BroadcastDialog account={null} onClose={close} />}
      {open?.kind === 'edit' && <EditUserDialog account={open.account} onClose={close} />}
      {open?.kind === 'password' && <PasswordDialog account={open.account} onClose={close} />}
      {open?.kind === 'factors' && <FactorsDialog account={open.account} onClose={close} />}
      {open?.kind === 'lock' && <LockDialog account={open.account} onClose={close} />}
      {open?.kind === 'delete' && <DeleteUserDialog account={open.account} onClose={close} />}
      {open?.kind === 'notice' && <BroadcastDialog account={open.account} onClose={close} />}
    </>
  );
}

interface ListProps {
  data: AccountList;
  query: string;
  shown: number;
  onMore: () => void;
  onOpen: (open: Open) => void;
}

function List({ data, query, shown, onMore, onOpen }: ListProps) {
  const found = data.accounts.filter((a) => matchesAccount(a, query));
  if (found.length === 0) return <p className="bl-note bl-soft">{_('No account matches.')}</p>;
  return (
    <>
      <table className="bl-table">
        <thead><tr><th scope="col">{_('Account')}</th><th scope="col">{_('On this server')}</th><th scope="col">{_('Second factor')}</th><th scope="col">{_('Last sign-in')}</th><th scope="col"><span className="bl-sr">{_('Actions')}</span></th></tr></thead>
        <tbody>{found.slice(0, shown).map((a) => <UserRow key={a.id} account={a} sessions={data.sessions[a.id] ?? 0} onOpen={onOpen} />)}</tbody>
      </table>
      {found.length > shown && <div className="bl-note"><Button variant="link" onClick={onMore}>{_('Show more')}</Button></div>}
    </>
  );
}

function factorWords(account: Account): string {
  const words = [account.app ? _('authenticator app') : '', account.keys > 0 ? ngettext('{n} security key', '{n} security keys', account.keys) : '', account.codes > 0 ? ngettext('{n} backup code', '{n} backup codes', account.codes) : ''];
  return words.filter(Boolean).join(', ') || _('none');
}

function UserRow({ account, sessions, onOpen }: { account: Account; sessions: number; onOpen: (open: Open) => void }) {
  const now = useNow(60_000);
  const self = useStore((s) => s.user);
  const own = account.id === self?._id;
  const full = unsigned(self?.siteadmin) === SITE.full;
  // Only a full administrator touches another one.
  const may = full || account.site !== SITE.full;
  const entry = (kind: 'edit' | 'password' | 'factors' | 'lock' | 'delete' | 'notice', label: string, danger = false) => ({ label, danger, onClick: () => onOpen({ kind, account }) });
  return (
    <tr>
      <td data-label={_('Account')}>
        <span className="bl-user-name">{account.name}{own && <span className="bl-tag">{_('you')}</span>}{account.locked && <span className="bl-tag bl-bad">{_('locked')}</span>}
          {sessions > 0 && <span className="bl-tag bl-tag-live">{ngettext('{n} session', '{n} sessions', sessions)}</span>}</span>
        <span className="bl-soft">{[account.realName, account.email].filter(Boolean).join(' · ')}</span>
      </td>
      <td data-label={_('On this server')}>{rightsWords(account.site & ~SITE.locked && account.site !== SITE.full ? account.site & ~SITE.locked : account.site === SITE.locked ? 0 : account.site, siteBits(), _('Administrator'))}</td>
      <td data-label={_('Second factor')}>{factorWords(account)}</td>
      <td data-label={_('Last sign-in')} title={account.lastLogin ? formatTime(account.lastLogin) : undefined}>{account.lastLogin ? formatAgo(account.lastLogin, now) : _('never')}</td>
      <td className="bl-table-menu">
        <ActionMenu label={_('More about {name}', { name: account.name })} sections={[
          [may && entry('edit', _('Change')), may && !own && entry('password', _('Set a password')), may && !own && (account.app || account.keys > 0) && entry('factors', _('Remove the second factors'))],
          [sessions > 0 && !own && entry('notice', _('Send a message')), sessions > 0 && !own && { label: _('Chat'), onClick: () => chatWithUser(account.id, account.name) }, { label: _('Events'), onClick: () => navigate(`/events?${new URLSearchParams({ user: account.id })}`) }],
          [may && !own && account.site !== SITE.full && entry('lock', account.locked ? _('Unlock') : _('Lock')), may && !own && entry('delete', _('Delete'), true)],
        ]} />
      </td>
    </tr>
  );
}
