// SPDX-License-Identifier: Apache-2.0
// Opens the dialog of an action; its code is fetched when the first one is wanted.
import { Suspense } from 'react';
import { ActionDialog } from '../app/lazy';
import type { Device } from '../store/model';
import type { ActionKind } from './targets';

export interface OpenAction {
  kind: ActionKind;
  devices: readonly Device[];
}

export function Action({ open, onClose }: { open: OpenAction | null; onClose: () => void }) {
  if (!open) return null;
  return <Suspense fallback={null}><ActionDialog kind={open.kind} devices={open.devices} onClose={onClose} /></Suspense>;
}
