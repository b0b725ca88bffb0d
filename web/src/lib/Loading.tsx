// SPDX-License-Identifier: Apache-2.0
// What stands where an answer of the server will be: a sign that it is on its way, or why it is not there.
import type { ReactNode } from 'react';
import { Alert } from './Alert';
import { _ } from './i18n';
import { Button, Spinner } from './pf';
import type { Loaded } from './useLoad';

export function LoadState<T>({ load, what, children }: { load: Loaded<T>; what: string; children: (data: T) => ReactNode }) {
  const retry = <Button variant="link" isInline onClick={load.reload}>{_('Try again')}</Button>;
  return (
    <>
      {load.error && <Alert isInline variant={load.data ? 'warning' : 'danger'} title={load.error} actionLinks={retry} />}
      {load.data !== null ? children(load.data)
        : !load.error && <div className="bl-center"><Spinner aria-label={what} /></div>}
    </>
  );
}

export function Busy({ label }: { label: string }) {
  return <div className="bl-center"><Spinner aria-label={label} /></div>;
}
