// SPDX-License-Identifier: Apache-2.0
// A question to the server whose answer a view shows: asked again when the connection is back or something changed.
import { useCallback, useEffect, useState } from 'react';
import { useChannel } from '../app/session';
import { errorText } from './words';

export interface Loaded<T> {
  /** null until the first answer. */
  data: T | null;
  error: string | null;
  loading: boolean;
  reload: () => void;
}

/** @ask is called again whenever one of @keys differs. An answer that came late is dropped. */
export function useLoad<T>(ask: () => Promise<T>, keys: readonly unknown[]): Loaded<T> {
  const connected = useChannel().state === 'open';
  const [count, setCount] = useState(0);
  const [state, setState] = useState<{ data: T | null; error: string | null; loading: boolean }>({ data: null, error: null, loading: true });
  useEffect(() => {
    if (!connected) return undefined;
    let current = true;
    setState((old) => ({ ...old, loading: true }));
    ask().then(
      (data) => { if (current) setState({ data, error: null, loading: false }); },
      (error: unknown) => { if (current) setState((old) => ({ ...old, error: errorText(error), loading: false })); },
    );
    return () => { current = false; };
    // The caller names what the question depends on.
  }, [connected, count, ...keys]);
  const reload = useCallback(() => setCount((n) => n + 1), []);
  return { ...state, reload };
}
