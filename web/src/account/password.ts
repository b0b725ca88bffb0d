// SPDX-License-Identifier: Apache-2.0
// The answer to a change of the own password is a notice without an id, as MeshCentral has it.
import { client, onMessage } from '../app/session';
import { _ } from '../lib/i18n';
import { isDoc } from '../store/model';

const ANSWER_MS = 20_000;

/** Waits for the first pushed message that @judge has an opinion on: null is none, otherwise whether it is good. */
export function awaitPush(send: () => boolean, judge: (message: Record<string, unknown>) => true | string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: string) => {
      clearTimeout(timer);
      end();
      if (error === undefined) resolve();
      else reject(new Error(error));
    };
    const end = onMessage((message) => {
      const verdict = judge(message);
      if (verdict === true) finish();
      else if (verdict !== null) finish(verdict);
    });
    const timer = setTimeout(() => finish(_('The server did not answer in time.')), ANSWER_MS);
    if (!send()) finish(_('There is no connection to the server.'));
  });
}

export function changePassword(oldpass: string, newpass: string): Promise<void> {
  return awaitPush(() => client.send({ action: 'changepassword', oldpass, newpass }), (message) => {
    if (message['action'] !== 'msg' || message['type'] !== 'notify' || message['tag'] !== 'ServerNotify') return null;
    switch (message['value']) {
      case 'Password changed.': return true;
      case 'Current password not correct.': return _('The present password is not right.');
      case 'Password was not changed.': return _('This password is not possible.');
      default: return null;
    }
  });
}

/** Another account's password, or the removal of its second factors. The server tells by an event only. */
export function resetAccount(userid: string, fields: { pass: string; resetNextLogin: boolean; removeMultiFactor: boolean }): Promise<void> {
  return awaitPush(() => client.send({ action: 'changeuserpass', userid, hint: '', ...fields }), ({ action, event }) => {
    if (action !== 'event' || !isDoc(event) || event['action'] !== 'accountchange' || event['msgid'] !== 75) return null;
    return isDoc(event['account']) && event['account']['_id'] === userid ? true : null;
  });
}
