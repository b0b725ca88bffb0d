// SPDX-License-Identifier: Apache-2.0
// For an address that names nothing.
import { useTitle } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from '../lib/pf';
import { Link } from './router';

export function MissingPage() {
  useTitle(_('Not found'));
  return (
    <EmptyState headingLevel="h1" titleText={_('There is nothing at this address')} className="bl-empty">
      <EmptyStateBody>{_('The link may be old, or what it names has been removed.')}</EmptyStateBody>
      <EmptyStateFooter><EmptyStateActions><Link to="/">{_('Go to the devices')}</Link></EmptyStateActions></EmptyStateFooter>
    </EmptyState>
  );
}
