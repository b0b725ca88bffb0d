// SPDX-License-Identifier: Apache-2.0
// Says that a person at a device asks for help, whatever view is open.
import type { Message } from '../control/types';
import { _ } from '../lib/i18n';
import { isDoc, newHelp, text } from '../store/model';
import { store } from '../store/store';
import { showNotice } from './Toasts';

/** Takes messages before the store has applied them: what stands there already is no news. */
export function noticeHelp(message: Message): void {
  const event = message.action === 'event' ? message['event'] : undefined;
  if (!isDoc(event) || event['action'] !== 'devicesessions') return;
  const device = store.state.devices.get(text(event['nodeid']));
  if (!device) return;
  for (const { user, text: words } of newHelp(event['sessions'], device)) {
    showNotice(_('{user} at {device} asks for help: {words}', { user, device: device.name, words }));
  }
}
