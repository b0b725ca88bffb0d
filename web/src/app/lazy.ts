// SPDX-License-Identifier: Apache-2.0
// The views and dialogs of more.ts, fetched when the first of them is wanted.
import { lazy, type ComponentType } from 'react';

type More = typeof import('./more');

export const loadMore = () => import('./more');

function part<P>(pick: (more: More) => ComponentType<P>) {
  return lazy(() => loadMore().then((more) => ({ default: pick(more) })));
}

export const AccountPage = part((m) => m.AccountPage);
export const ActionDialog = part((m) => m.ActionDialog);
export const AdminPage = part((m) => m.AdminPage);
export const DeviceEvents = part((m) => m.DeviceEvents);
export const EventsPage = part((m) => m.EventsPage);
export const GroupPage = part((m) => m.GroupPage);
export const Palette = part((m) => m.Palette);
export const QrCode = part((m) => m.QrCode);
export const ServerFilesPage = part((m) => m.ServerFilesPage);
