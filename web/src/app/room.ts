// SPDX-License-Identifier: Apache-2.0
// Rooms of the messenger: their ids, and the windows they open in.
import { _ } from '../lib/i18n';
import { showError } from './Toasts';

/** As all clients write it: the end that is asked first. */
export function roomOf(asked: string, asks: string): string {
  return `meshmessenger/${encodeURIComponent(asked)}/${encodeURIComponent(asks)}`;
}

/**
 * In the click itself: a browser opens no window later on.
 * @room: its id; @ticket: '' where the browser sends cookies
 */
export function openRoom(room: string, ticket: string): void {
  const address = `/messenger?id=${encodeURIComponent(room)}${ticket ? `&auth=${encodeURIComponent(ticket)}` : ''}`;
  // Each room has its window; opened once more, it comes to the front.
  const opened = window.open(address, room, 'popup,width=480,height=680');
  if (!opened) showError(_('The browser did not open the window of the chat. Allow windows of this site.'));
}
