// SPDX-License-Identifier: Apache-2.0
// Opens a room of the messenger in a window of its own, and asks the other end to come.
import { openRoom, roomOf } from '../app/room';
import { change, frameTicket, onMessage } from '../app/session';
import { showDone, showError, showNotice } from '../app/Toasts';
import { _ } from '../lib/i18n';
import { errorText } from '../lib/words';
import { text } from '../store/model';
import { store } from '../store/store';

/** A device says afterwards whether somebody was there to be asked. */
const ANSWER_MS = 60_000;

function warnWhenNobodyIsThere(id: string, name: string): void {
  const stop = onMessage((message) => {
    if (message.action !== 'msg' || message['type'] !== 'openUrl' || text(message['nodeid']) !== id) return;
    stop();
    if (message['success'] !== true) showNotice(_('Nobody at {name} was asked: no program is there that could show the question.', { name }));
  });
  setTimeout(stop, ANSWER_MS);
}

function askToChat(id: string, name: string, request: { nodeid: string } | { userid: string }): void {
  openRoom(roomOf(id, store.state.user?._id ?? ''), frameTicket());
  change({ action: 'meshmessenger', ...request }).then(() => showDone(_('{name} was asked to chat.', { name })),
    (error: unknown) => showError(_('{name} was not asked to chat: {reason}', { name, reason: errorText(error) })));
}

export function chatWithDevice(id: string, name: string): void {
  warnWhenNobodyIsThere(id, name);
  askToChat(id, name, { nodeid: id });
}

export function chatWithUser(id: string, name: string): void {
  askToChat(id, name, { userid: id });
}
