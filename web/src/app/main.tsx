// SPDX-License-Identifier: Apache-2.0
// Entry of the application, loaded once the user has signed in.
import { createRoot } from 'react-dom/client';
import { setCatalog } from '../lib/i18n';
import './app.css';
import { readGuest } from '../guest/model';
import { App } from './App';
import { client } from './session';

export function start(): void {
  const { guest } = window.bowline.data;
  // A guest has no account, and so no control channel.
  const view = guest ? import('../guest/GuestPage').then(({ GuestPage }) => <GuestPage first={readGuest(guest)} />) : Promise.resolve(<App />);
  if (!guest) client.open();
  const root = document.getElementById('root')!;
  root.replaceChildren();
  void Promise.all([window.bowline.catalog.catch(() => null), view]).then(([catalog, element]) => {
    setCatalog(window.bowline.lang, catalog);
    createRoot(root).render(element);
  });
}
