// SPDX-License-Identifier: Apache-2.0
// Administration: accounts, user groups, the server itself.
import { Link, type AdminPart } from '../app/router';
import { useTitle } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { mayOnSite, SITE } from '../lib/rights';
import { useStore } from '../store/store';
import { ServerPart } from './ServerPart';
import { UserGroupsPart } from './UserGroupsPart';
import { UsersPart } from './UsersPart';

const NEEDS: Readonly<Record<AdminPart, number>> = { users: SITE.users, usergroups: SITE.userGroups, server: SITE.backup | SITE.restore | SITE.update };

function partName(part: AdminPart): string {
  switch (part) {
    case 'users': return _('Accounts');
    case 'usergroups': return _('User groups');
    case 'server': return _('Server');
  }
}

export default function AdminPage({ part }: { part: AdminPart }) {
  useTitle(_('Administration'));
  const site = useStore((s) => s.user?.siteadmin);
  const parts = (Object.keys(NEEDS) as AdminPart[]).filter((p) => mayOnSite(site, NEEDS[p]));
  return (
    <div className="bl-view bl-scroll">
      <div className="bl-toolbar"><h1>{_('Administration')}</h1></div>
      <nav className="bl-tabs" aria-label={_('Parts of the administration')}>
        {parts.map((p) => <Link key={p} to={`/admin/${p}`} aria-current={p === part ? 'page' : undefined}>{partName(p)}</Link>)}
      </nav>
      {!parts.includes(part) ? <p className="bl-note">{_('Your account does not have the right to use this.')}</p>
        : part === 'users' ? <UsersPart /> : part === 'usergroups' ? <UserGroupsPart /> : <ServerPart />}
    </div>
  );
}
