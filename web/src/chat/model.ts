// SPDX-License-Identifier: Apache-2.0
// What the server says about a room of the messenger, and the messages in it (MeshCentral's: JSON text with an action).

export type RoomState = 'open' | 'expired' | 'denied';

export interface Room {
  state: RoomState;
  id: string;
  /** The invitation or ticket of the address; '' where the session counts. */
  auth: string;
  /** What the other end is called, and the own one. */
  name: string;
  own: string;
  /** The other end is the person at a device. */
  device: boolean;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function readRoom(value: unknown): Room {
  const doc = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const state = doc['state'];
  return {
    // Without an id there is nowhere to go.
    state: state === 'expired' ? 'expired' : state === 'open' && text(doc['id']) ? 'open' : 'denied',
    id: text(doc['id']), auth: text(doc['auth']), name: text(doc['name']), own: text(doc['own']), device: doc['device'] === true,
  };
}

export type ChatMessage =
  | { kind: 'text'; text: string }
  | { kind: 'typing'; on: boolean }
  | { kind: 'file'; doc: Record<string, unknown> }
  | { kind: 'ping' };

/** Characters of one message: what is sent, and what is shown of what others send. */
export const SEND_LIMIT = 4000;
export const SHOW_LIMIT = 16_000;

/** null for what is no message of a chat, and for those that this page has no use for. */
export function readMessage(data: unknown): ChatMessage | null {
  if (typeof data !== 'string' || !data.startsWith('{')) return null;
  let doc: unknown;
  try {
    doc = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof doc !== 'object' || doc === null) return null;
  const { action, msg, value, type, ctrlChannel } = doc as Record<string, unknown>;
  if (typeof action === 'string' && action.startsWith('file')) return { kind: 'file', doc: doc as Record<string, unknown> };
  if (String(ctrlChannel) === '102938') return type === 'ping' ? { kind: 'ping' } : null;
  if (action === 'outtext') return { kind: 'typing', on: value === true };
  return action === 'chat' && typeof msg === 'string' && msg.trim() ? { kind: 'text', text: msg.slice(0, SHOW_LIMIT) } : null;
}

/** Codes the relay closes an end with. */
export const CLOSE = { denied: 4403, nobody: 4408, taken: 4409, left: 4410, expired: 4411, full: 4429 } as const;
