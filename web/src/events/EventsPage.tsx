// SPDX-License-Identifier: Apache-2.0
// Everything that happened, as far as the account may know: its own, its devices', or all.
import { useCallback } from 'react';
import { navigate } from '../app/router';
import { useTitle } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { Button } from '../lib/pf';
import { EventLog } from './EventLog';

/** @user: full id of the account whose events are wanted; '' for all. */
export default function EventsPage({ user }: { user: string }) {
  useTitle(_('Events'));
  const belongs = useCallback((event: Record<string, unknown>) => !user || event['userid'] === user, [user]);
  return (
    <div className="bl-view bl-scroll">
      <div className="bl-toolbar">
        <h1>{user ? _('Events of {name}', { name: user.slice(user.lastIndexOf('/') + 1) }) : _('Events')}</h1>
        {user && <Button variant="link" onClick={() => navigate('/events')}>{_('Show all')}</Button>}
      </div>
      <div className="bl-pad-side"><EventLog userId={user || undefined} belongs={belongs} showDevice /></div>
    </div>
  );
}
