// SPDX-License-Identifier: Apache-2.0
// Shown while the device that an address asks for is not there yet, or never will be.
import { useEffect, useState } from 'react';
import { HIDE, type Wanted } from '../lib/embed';
import { useTitle } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Spinner } from '../lib/pf';
import { useStore } from '../store/store';
import { resolveWanted } from './opening';
import { Link, navigate } from './router';

export function OpeningPage({ wanted }: { wanted: Wanted }) {
  const { embed, data } = window.bowline;
  const [shown] = useState(wanted);
  const state = useStore((s) => s);
  const target = resolveWanted(state, shown, data.viewMode);
  useTitle(_('Opening'));
  useEffect(() => {
    if (target.kind !== 'path') return;
    embed.wanted = null;
    navigate(target.path, { replace: true });
  });
  if (target.kind !== 'missing') return <div className="bl-center"><Spinner aria-label={_('Opening')} /></div>;
  return (
    <EmptyState headingLevel="h1" className="bl-empty"
      titleText={target.what === 'group' ? _('This device group is not visible to you') : _('This device is not visible to you')}>
      <EmptyStateBody>
        <p>{_('It may have been removed, or your account has no rights on it. The page opens it as soon as it appears.')}</p>
        <p className="bl-soft bl-wrap">{target.name}</p>
      </EmptyStateBody>
      {!(embed.hide & HIDE.back) && (
        <EmptyStateFooter><EmptyStateActions><Link to="/" onClick={() => { embed.wanted = null; }}>{_('Go to the devices')}</Link></EmptyStateActions></EmptyStateFooter>
      )}
    </EmptyState>
  );
}
