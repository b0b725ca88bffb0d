// SPDX-License-Identifier: Apache-2.0
// Short notices for results that have no place of their own on the page.
import { useSyncExternalStore } from 'react';
import { _ } from '../lib/i18n';
import { Alert } from '../lib/Alert';
import { AlertActionCloseButton, AlertActionLink, AlertGroup } from '../lib/pf';

interface Toast {
  id: number;
  variant: 'success' | 'danger' | 'warning' | 'info';
  text: string;
  /** More, below the text. */
  body?: string;
  action?: ToastAction;
}

export interface ToastAction {
  label: string;
  act: () => void;
}

const SHOWN_MS = 8000;
const MOST = 4;
let toasts: readonly Toast[] = [];
let sequence = 0;
const listeners = new Set<() => void>();

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function show(variant: Toast['variant'], text: string, body?: string, action?: ToastAction): void {
  const id = ++sequence;
  set([...toasts.filter((t) => t.text !== text || t.body !== body), { id, variant, text, body, action }].slice(-MOST));
  if (variant === 'success') setTimeout(() => close(id), SHOWN_MS);
}

function close(id: number): void {
  set(toasts.filter((t) => t.id !== id));
}

export function showError(text: string): void {
  show('danger', text);
}

export function showDone(text: string): void {
  show('success', text);
}

/** Stays until it is closed. */
export function showNotice(text: string): void {
  show('warning', text);
}

/** What somebody else says; it stays, too. */
export function showMessage(title: string, body: string, action?: ToastAction): void {
  show('info', title, body, action);
}

export function Toasts() {
  const list = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => toasts);
  if (list.length === 0) return null;
  return (
    <AlertGroup isToast isLiveRegion>
      {list.map((t) => (
        <Alert key={t.id} variant={t.variant} title={t.text}
          actionLinks={t.action && <AlertActionLink onClick={() => { t.action?.act(); close(t.id); }}>{t.action.label}</AlertActionLink>}
          actionClose={<AlertActionCloseButton aria-label={_('Close')} onClose={() => close(t.id)} />}>{t.body}</Alert>
      ))}
    </AlertGroup>
  );
}
