// SPDX-License-Identifier: Apache-2.0
// Notices: what the server or an administrator tells the account, and devices that come and go where it asked to be told.
import { _ } from '../lib/i18n';
import type { Message, UserInfo } from '../control/types';
import type { State } from '../store/reduce';
import { isDoc, number, text } from '../store/model';

export interface Notice {
  title: string;
  text: string;
  /** The room of the messenger that the account is asked to. */
  room?: string;
}

/** Bits of "notify" that concern the page. */
export const NOTIFY = { connect: 2, disconnect: 4 } as const;

const ROOM = 'meshmessenger/';
const ASKED_TO_CHAT = 11;

/** What the account wants to be told about a device or group with this @id. */
export function notifyFlags(user: UserInfo | null, id: string): number {
  return user?.links?.[id]?.notify ?? user?.notify?.[id] ?? 0;
}

/** @state: as it was before the message. null when there is nothing to tell. */
export function noticeOf(message: Message, state: State): Notice | null {
  // Answers to a change of the password are shown where it was made.
  if (message.action === 'msg' && message['type'] === 'notify' && message['tag'] !== 'ServerNotify') {
    const tag = text(message['tag']);
    const name = text(message['username']);
    if (tag.startsWith(ROOM) && message['msgid'] === ASKED_TO_CHAT) return { title: name || _('Chat'), text: _('asks you to chat'), room: tag };
    const words = text(message['value']);
    return words ? { title: text(message['title']) || _('Message'), text: words } : null;
  }
  const event = message['event'];
  if (message.action !== 'event' || !isDoc(event) || event['action'] !== 'nodeconnect') return null;
  const device = state.devices.get(text(event['nodeid']));
  if (!device) return null;
  const online = number(event['conn']) !== 0;
  const flags = notifyFlags(state.user, device.id) | notifyFlags(state.user, device.groupId);
  if (online === (device.conn !== 0) || (flags & (online ? NOTIFY.connect : NOTIFY.disconnect)) === 0) return null;
  return { title: device.name, text: online ? _('is connected') : _('is no longer connected') };
}

/** Also by the system, when the page is not looked at and that is allowed. */
export function showOutside({ title, text: body }: Notice): void {
  if (typeof Notification === 'undefined' || Notification.permission !== 'granted' || document.visibilityState === 'visible') return;
  const shown = new Notification(title, { body, tag: `${title} ${body}` });
  shown.onclick = () => { window.focus(); shown.close(); };
}
