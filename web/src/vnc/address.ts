// SPDX-License-Identifier: Apache-2.0
// What the address of a VNC window asks for (/novnc/vnc.html?ws=…&show_dot=1&l=en&resize=scale&name=…).

export type Resize = 'scale' | 'remote' | 'off';

export interface VncAddress {
  /** The relay, with the ticket to one port of one device; null when the address has no usable one. */
  relay: string | null;
  name: string;
  resize: Resize;
  showDot: boolean;
  viewOnly: boolean;
  /** 0 to 9; null leaves it to the viewer. */
  quality: number | null;
  compression: number | null;
}

export const VNC_PATH = '/novnc/vnc.html';
const NAME_LIMIT = 256;
const RELAY_PATH = '/meshrelay.ashx';
const ON = ['1', 'true', 'on', 'yes'];

/**
 * The relay of this very server, and nothing of the given address but its ticket: a link must not make the browser of somebody who
 * is signed in reach another host, or a port by the session it happens to have.
 */
export function relayOf(ws: string | null, origin: string): string | null {
  if (!ws) return null;
  const own = new URL(origin);
  const scheme = own.protocol === 'https:' ? 'wss:' : 'ws:';
  let url: URL;
  try {
    url = new URL(ws, `${scheme}//${own.host}/`);
  } catch {
    return null;
  }
  const ticket = new URLSearchParams(url.search).get('auth');
  if (url.protocol !== scheme || url.host !== own.host || url.pathname !== RELAY_PATH || !ticket) return null;
  return `${scheme}//${own.host}${RELAY_PATH}?browser=1&auth=${encodeURIComponent(ticket)}`;
}

function level(text: string | null): number | null {
  return text !== null && /^[0-9]$/.test(text) ? Number(text) : null;
}

export function parseVncAddress(search: string, origin: string): VncAddress {
  const query = new URLSearchParams(search);
  const resize = query.get('resize');
  const on = (name: string) => ON.includes(query.get(name) ?? '');
  return {
    relay: relayOf(query.get('ws'), origin),
    name: (query.get('name') ?? '').slice(0, NAME_LIMIT),
    resize: resize === 'remote' || resize === 'off' ? resize : 'scale',
    showDot: on('show_dot'),
    viewOnly: on('view_only'),
    quality: level(query.get('quality')),
    compression: level(query.get('compression')),
  };
}
