// SPDX-License-Identifier: Apache-2.0
// Keeps a failure inside its tab; the rest of the page goes on.
import { Component, type ReactNode } from 'react';
import { _ } from '../lib/i18n';
import { Alert } from '../lib/Alert';
import { Button } from '../lib/pf';

export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="bl-note">
        <Alert isInline variant="danger" title={_('This part of the page could not be shown.')}
          actionLinks={<Button variant="link" isInline onClick={() => location.reload()}>{_('Load the page again')}</Button>}>
          {error.message}
        </Alert>
      </div>
    );
  }
}
