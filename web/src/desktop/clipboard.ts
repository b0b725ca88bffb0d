// SPDX-License-Identifier: Apache-2.0
// The clipboards of both sides. They travel on the control channel, beside the
// picture, so they need the right to control the device.
import { client, onMessage } from '../app/session';
import { _ } from '../lib/i18n';

const ANSWER_MS = 6000;
/** Longer texts are better sent as files; the channel has a limit as well. */
export const CLIPBOARD_LIMIT = 256 * 1024;
let sequence = 0;

/** The text on the device's clipboard. Not every device answers, so waiting ends. */
export function readDevice(nodeId: string): Promise<string> {
  const tag = `clip${++sequence}`;
  return new Promise<string>((resolve, reject) => {
    const stop = onMessage((message) => {
      if (message.action !== 'msg' || message['type'] !== 'getclip' || message['nodeid'] !== nodeId || message['tag'] !== tag) return;
      end();
      resolve(typeof message['data'] === 'string' ? message['data'].slice(0, CLIPBOARD_LIMIT) : '');
    });
    const timer = setTimeout(() => { end(); reject(new Error(_('The device did not answer.'))); }, ANSWER_MS);
    const end = () => { clearTimeout(timer); stop(); };
    client.request({ action: 'msg', type: 'getclip', nodeid: nodeId, tag }).then((answer) => {
      if (answer.result !== undefined && answer.result.toUpperCase() !== 'OK') throw new Error(_('The device does not give its clipboard: {reason}', { reason: answer.result }));
    }).catch((error: unknown) => { end(); reject(error instanceof Error ? error : new Error(String(error))); });
  });
}

export async function writeDevice(nodeId: string, data: string): Promise<void> {
  if (data.length > CLIPBOARD_LIMIT) throw new Error(_('This text is too long for the clipboard of a device.'));
  const answer = await client.request({ action: 'msg', type: 'setclip', nodeid: nodeId, data });
  if (answer.result !== undefined && answer.result.toUpperCase() !== 'OK') throw new Error(_('The device does not take the text: {reason}', { reason: answer.result }));
}

/** What the browser says about the clipboard on this side. */
export async function localPermission(): Promise<'granted' | 'prompt' | 'denied' | 'unknown'> {
  if (!navigator.clipboard?.readText) return 'denied';
  try {
    return (await navigator.permissions.query({ name: 'clipboard-read' as PermissionName })).state;
  } catch {
    // Firefox and Safari have no such permission; they ask each time.
    return 'unknown';
  }
}

export async function readLocal(): Promise<string> {
  return (await navigator.clipboard.readText()).slice(0, CLIPBOARD_LIMIT + 1);
}
