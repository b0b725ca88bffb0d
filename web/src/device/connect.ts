// SPDX-License-Identifier: Apache-2.0
// Tunnels of the signed-in session, and what their states mean in words.
import type { Message } from '../control/types';
import { Tunnel, type CloseReason, type TunnelHooks, type TunnelState } from '../control/tunnel';
import { client, relayCookies, type Cookies } from '../app/session';
import { _ } from '../lib/i18n';

/** How sessions are opened: through the account that is signed in, or through a link. */
export interface Access {
  cookies: () => Promise<Cookies>;
  /** Asks the device to come; null where the relay does that. */
  request: ((message: Message) => Promise<Message>) | null;
  onClosed?: () => void;
}

let access: Access = { cookies: relayCookies, request: (message) => client.request(message) };

export function setAccess(next: Access): void {
  access = next;
}

export function openTunnel(nodeId: string, protocol: number, hooks: TunnelHooks): Tunnel {
  const { cookies, request, onClosed } = access;
  return new Tunnel({
    nodeId, protocol, cookies, request,
    base: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`,
  }, {
    ...hooks,
    onState: (state, reason, detail) => {
      hooks.onState(state, reason, detail);
      if (state === 'closed' && reason !== 'local') onClosed?.();
    },
  });
}

export interface Link {
  state: TunnelState;
  reason?: CloseReason;
  detail?: string;
}

export function linkText(link: Link): string {
  switch (link.state) {
    case 'asking': return _('Asking the server…');
    case 'waiting': return _('Waiting for the device…');
    case 'consent': return _('Waiting for the consent of the person at the device…');
    case 'open': return _('Connected');
    case 'closed': return closedText(link);
  }
}

function closedText({ reason, detail }: Link): string {
  switch (reason) {
    case 'offline': return _('The device is offline.');
    case 'no-answer': return _('The device did not answer.');
    case 'denied': return detail ? _('The device refused: {detail}', { detail }) : _('The person at the device refused.');
    case 'server': return _('The server did not open the session: {detail}', { detail: detail ?? '' });
    case 'local': return _('Closed.');
    case 'stopped': return _('The device ended the session.');
    default: return _('The session has ended.');
  }
}
