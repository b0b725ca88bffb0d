// SPDX-License-Identifier: Apache-2.0
// Opens the palette on Ctrl-K, and holds the dialogs that it opens.
import { Suspense, useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { Action, type OpenAction } from '../actions/Action';
import { _ } from '../lib/i18n';
import { SearchIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import { Palette } from './lazy';

let open = false;
const listeners = new Set<() => void>();

function setOpen(now: boolean): void {
  open = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A shell and another machine's screen get this key themselves, and so does a dialog that is open. */
const OTHERS = '.xterm, .bl-stage, [role=dialog]';

export function PaletteHost() {
  const shown = useSyncExternalStore(subscribe, () => open);
  const [action, setAction] = useState<OpenAction | null>(null);
  const close = useCallback(() => setOpen(false), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.defaultPrevented) return;
      if (!open && event.target instanceof Element && event.target.closest(OTHERS)) return;
      event.preventDefault();
      setOpen(!open);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      {shown && <Suspense fallback={null}><Palette onAction={setAction} onClose={close} /></Suspense>}
      <Action open={action} onClose={() => setAction(null)} />
    </>
  );
}

export function PaletteButton() {
  const label = _('Go to or do something (Ctrl-K)');
  return <Button variant="plain" aria-label={label} title={label} icon={<SearchIcon />} onClick={() => setOpen(true)} />;
}
