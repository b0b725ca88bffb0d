// SPDX-License-Identifier: Apache-2.0
// Sends files to the server in pieces, one after another.
import { _ } from '../lib/i18n';
import { uploadAddress, type Owner } from './tree';

const PIECE = 1_048_576;

export interface Sending {
  name: string;
  sent: number;
  size: number;
  /** How many wait behind it. */
  waiting: number;
}

function randomPart(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sendPiece(address: string, body: Blob, signal: AbortSignal): Promise<void> {
  const answer = await fetch(address, { method: 'PUT', body, signal, credentials: 'same-origin' });
  if (answer.ok) return;
  if (answer.status === 507) throw new Error(_('There is not enough room on the server.'));
  if (answer.status === 404) throw new Error(_('Your rights do not allow this.'));
  throw new Error((await answer.text()) || _('The server refused the file.'));
}

/** @onProgress: before each piece and at the end. Rejects with an Error in words, or an AbortError. */
export async function sendFile(owner: Owner, path: string, file: File, signal: AbortSignal, onProgress: (sent: number) => void): Promise<void> {
  const part = randomPart();
  let offset = 0;
  do {
    onProgress(offset);
    const piece = file.slice(offset, offset + PIECE);
    await sendPiece(uploadAddress(owner, path, file.name, { part, offset, size: file.size }), piece, signal);
    offset += piece.size;
  } while (offset < file.size);
  onProgress(offset);
}
