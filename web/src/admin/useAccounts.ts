// SPDX-License-Identifier: Apache-2.0
// Lists of accounts and user groups that keep up with what others change.
import { useEffect, useRef } from 'react';
import { client, onMessage } from '../app/session';
import { useLoad, type Loaded } from '../lib/useLoad';
import { isDoc, number } from '../store/model';
import { concernsAccounts, readAccounts, readUserGroups, type Account, type UserGroup } from './users';

/** Many changes at once, such as an import, lead to one question. */
const GATHER_MS = 400;

function useReloadOnChange(reload: () => void): void {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => {
    const end = onMessage(({ action, event }) => {
      if (action !== 'event' || !concernsAccounts(event) || timer.current) return;
      timer.current = setTimeout(() => { timer.current = null; reload(); }, GATHER_MS);
    });
    return () => {
      end();
      if (timer.current) clearTimeout(timer.current);
      timer.current = null;
    };
  }, [reload]);
}

export interface AccountList {
  accounts: Account[];
  /** Open sessions by account id. */
  sessions: Readonly<Record<string, number>>;
}

export function useAccounts(): Loaded<AccountList> {
  const load = useLoad(async () => {
    const [users, count] = await Promise.all([client.request({ action: 'users' }, { accept: () => false }), client.request({ action: 'wssessioncount' })]);
    const sessions = Object.entries(isDoc(count['wssessions']) ? count['wssessions'] : {}).map(([id, n]) => [id, number(n)] as const);
    return { accounts: readAccounts(users['users']), sessions: Object.fromEntries(sessions) };
  }, []);
  useReloadOnChange(load.reload);
  return load;
}

export function useUserGroups(): Loaded<UserGroup[]> {
  const load = useLoad(async () => readUserGroups((await client.request({ action: 'usergroups' }))['ugroups']), []);
  useReloadOnChange(load.reload);
  return load;
}
