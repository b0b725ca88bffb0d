// SPDX-License-Identifier: Apache-2.0
// Fetches parts of the device page before they are needed: on the way to them, or when the browser has nothing better to do.
import { relayCookies } from '../app/session';
import { loadDesktop, loadFiles, loadTerminal } from './loaders';

export { loadDesktop, loadFiles, loadTerminal };

/** A session is about to be opened: gets its code and its ticket. */
export function prepare(load: () => Promise<unknown>): void {
  load().catch(() => undefined);
  relayCookies().catch(() => undefined);
}

/** Prepares all of them once the page has come to rest. Returns the function that calls it off. */
export function prepareWhenIdle(): () => void {
  if (!('requestIdleCallback' in window)) {
    const timer = setTimeout(prepareAll, 1500);
    return () => clearTimeout(timer);
  }
  const id = requestIdleCallback(prepareAll, { timeout: 3000 });
  return () => cancelIdleCallback(id);
}

function prepareAll(): void {
  prepare(loadDesktop);
  prepare(loadTerminal);
  prepare(loadFiles);
}
