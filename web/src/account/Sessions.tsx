// SPDX-License-Identifier: Apache-2.0
// Where the account is signed in now, and the way to end that.
import { useState } from 'react';
import { change, client } from '../app/session';
import { showDone, showError } from '../app/Toasts';
import { formatAgo, formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import { Button } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { agentWords, readSessions, type Session } from './history';

export function Sessions() {
  const [turn, setTurn] = useState(0);
  const load = useLoad(async () => readSessions((await client.request({ action: 'blsessions' }))['sessions']), [turn]);
  const end = (what: { id: string } | { others: true }) => change({ action: 'blendsession', ...what }).then(() => showDone(_('Signed out there.')),
    (error: unknown) => showError(errorText(error))).then(() => setTurn((n) => n + 1));
  return (
    <section className="bl-card" aria-label={_('Signed in now')}>
      <h2>{_('Signed in now')}</h2>
      <LoadState load={load} what={_('Loading the sign-ins')}>{(list) => <SessionList list={list} onEnd={end} />}</LoadState>
    </section>
  );
}

function SessionList({ list, onEnd }: { list: readonly Session[]; onEnd: (what: { id: string } | { others: true }) => Promise<void> }) {
  const now = useNow(30_000);
  const [busy, setBusy] = useState(false);
  const end = (what: { id: string } | { others: true }) => {
    setBusy(true);
    void onEnd(what).finally(() => setBusy(false));
  };
  if (list.length === 0) return <p className="bl-soft">{_('No browser is signed in.')}</p>;
  return (
    <>
      <ul className="bl-lines">
        {list.map((s) => (
          <li key={s.id}>
            <div className="bl-line-main">
              <span>{agentWords(s.agent) || _('unknown browser')}{' '}{s.own && <span className="bl-tag">{_('this one')}</span>}</span>
              <span className="bl-soft" title={s.agent}>
                {[s.address, _('since {time}', { time: formatTime(s.created) }), _('last used {when}', { when: formatAgo(s.seen, now) }), s.token && _('through a link of another program')].filter(Boolean).join(', ')}
              </span>
            </div>
            {!s.own && <Button variant="link" isInline isDanger isDisabled={busy} onClick={() => end({ id: s.id })} aria-label={_('Sign out {browser}', { browser: agentWords(s.agent) || s.address })}>{_('Sign out')}</Button>}
          </li>
        ))}
      </ul>
      {list.some((s) => !s.own) && <div className="bl-card-actions"><Button variant="secondary" isDisabled={busy} onClick={() => end({ others: true })}>{_('Sign out all others')}</Button></div>}
    </>
  );
}
