// SPDX-License-Identifier: Apache-2.0
// When and from where an account was signed in to, and attempts that failed.
import { useState } from 'react';
import { client } from '../app/session';
import { formatTime } from '../lib/format';
import { _ } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import { Button } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { readLogins, type Login } from './history';

const SHOWN = 8;
export function Logins() {
  const load = useLoad(async () => readLogins((await client.request({ action: 'previousLogins' }))['events']), []);
  return (
    <section className="bl-card" aria-label={_('Sign-ins')}>
      <h2>{_('Sign-ins')}</h2>
      <LoadState load={load} what={_('Loading the sign-ins')}>{(list) => <LoginList list={list} />}</LoadState>
    </section>
  );
}

export function LoginList({ list }: { list: readonly Login[] }) {
  const [all, setAll] = useState(false);
  if (list.length === 0) return <p className="bl-soft">{_('There are none yet.')}</p>;
  return (
    <>
      <ul className="bl-lines">
        {(all ? list : list.slice(0, SHOWN)).map((l, i) => (
          <li key={`${l.time} ${i}`}>
            <div className="bl-line-main"><span>{formatTime(l.time)}</span><span className="bl-soft">{[l.address, l.token && _('with token {name}', { name: l.token })].filter(Boolean).join(', ')}</span></div>
            <span className={l.good ? 'bl-soft' : 'bl-bad'}>{l.good ? _('signed in') : _('failed')}</span>
          </li>
        ))}
      </ul>
      {!all && list.length > SHOWN && <div><Button variant="link" isInline onClick={() => setAll(true)}>{_('Show all')}</Button></div>}
    </>
  );
}
