// SPDX-License-Identifier: Apache-2.0
// Entry of the application, loaded once the user has signed in.
import { createRoot } from 'react-dom/client';
import { setCatalog } from '../lib/i18n';
import './app.css';
import { App } from './App';
import { client } from './session';

export function start(): void {
  client.open();
  const root = document.getElementById('root')!;
  root.replaceChildren();
  void window.bowline.catalog.catch(() => null).then((catalog) => {
    setCatalog(window.bowline.lang, catalog);
    createRoot(root).render(<App />);
  });
}
