// SPDX-License-Identifier: Apache-2.0
// Who has rights on a device or a device group, and how they are given and taken.
import { change, client } from '../app/session';
import { _ } from '../lib/i18n';
import { serverWords } from '../lib/words';
import { isDoc, shortId, text } from '../store/model';
import { store } from '../store/store';

/** Names of user groups by id. Everybody may ask for them. */
export async function askUserGroups(): Promise<Map<string, string>> {
  const answer = await client.request({ action: 'usergroups' });
  const groups = isDoc(answer['ugroups']) ? answer['ugroups'] : {};
  return new Map(Object.entries(groups).map(([id, g]) => [id, isDoc(g) ? text(g['name']) : shortId(id)]));
}

/** Names of accounts; none where the account may not list them. */
export async function askUserNames(allowed: boolean): Promise<string[]> {
  if (!allowed) return [];
  const answer = await client.request({ action: 'users' });
  return Array.isArray(answer['users']) ? answer['users'].map((u) => (isDoc(u) ? text(u['name']) : '')).filter(Boolean) : [];
}

export function userId(name: string): string {
  return `user/${String(store.state.server?.['domain'] ?? '')}/${name.trim().toLowerCase()}`;
}

const SEEN_MS = 3000;

/** Waits until the pushed state says what was asked for; false when it does not. */
function seen(test: () => boolean): Promise<boolean> {
  if (test()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const finish = (result: boolean) => { clearTimeout(timer); end(); resolve(result); };
    const end = store.subscribe(() => { if (test()) finish(true); });
    const timer = setTimeout(() => finish(test()), SEEN_MS);
  });
}

/** Gives @holder exactly @rights on @object, a device or a device group. */
export async function setRights(object: string, holder: string, rights: number): Promise<void> {
  if (object.startsWith('node/')) {
    await change({ action: 'adddeviceuser', nodeid: object, userids: [holder], rights });
    // The answer is "ok" for accounts that do not exist, too.
    const there = await seen(() => store.state.devices.get(object)?.links[holder] !== undefined);
    if (!there) throw new Error(_('There is no such account.'));
    return;
  }
  const answer = await client.request({ action: 'addmeshuser', meshid: object, userid: holder, meshadmin: rights });
  if (answer['success'] !== 1) throw new Error(/^unknown user/i.test(answer.result ?? '') ? _('There is no such account.') : serverWords(answer.result ?? ''));
}

export async function takeRights(object: string, holder: string): Promise<void> {
  if (object.startsWith('node/')) await change({ action: 'adddeviceuser', nodeid: object, userids: [holder], rights: 0, remove: true });
  else await change({ action: 'removemeshuser', meshid: object, userid: holder });
}
