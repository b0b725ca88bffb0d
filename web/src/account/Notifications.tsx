// SPDX-License-Identifier: Apache-2.0
// Which devices the account is told about when they come and go, and whether the browser may say so.
import { useEffect, useState } from 'react';
import { NOTIFY, notifyFlags } from '../app/notices';
import { change } from '../app/session';
import { showError } from '../app/Toasts';
import type { UserInfo } from '../control/types';
import { CheckField } from '../lib/Fields';
import { _ } from '../lib/i18n';
import { Button } from '../lib/pf';
import { errorText } from '../lib/words';
import { compareNames } from '../store/rows';
import { useStore } from '../store/store';

export function Notifications({ user, locked }: { user: UserInfo; locked: boolean }) {
  const groups = useStore((s) => s.groups);
  const list = [...groups.values()].sort((a, b) => compareNames(a.name, b.name));
  return (
    <section className="bl-card" aria-label={_('Notifications')}>
      <h2>{_('Notifications')}</h2>
      <Permission />
      {list.length === 0 ? <p className="bl-soft">{_('There is no device group.')}</p> : (
        <ul className="bl-lines">
          {list.map((g) => <Line key={g.id} id={g.id} name={g.name} flags={notifyFlags(user, g.id)} locked={locked} />)}
        </ul>
      )}
    </section>
  );
}

function Line({ id, name, flags: known, locked }: { id: string; name: string; flags: number; locked: boolean }) {
  // Shown at once; what the server tells later replaces it.
  const [flags, setFlags] = useState(known);
  useEffect(() => setFlags(known), [known]);
  const set = (bit: number) => (on: boolean) => {
    const next = on ? flags | bit : flags & ~bit;
    setFlags(next);
    change({ action: 'changemeshnotify', meshid: id, notify: next }).catch((e: unknown) => {
      setFlags(known);
      showError(errorText(e));
    });
  };
  return (
    <li>
      <b className="bl-line-main">{name}</b>
      <div className="bl-checks-row" role="group" aria-label={name}>
        <CheckField id={`on-${id}`} label={_('connects')} checked={(flags & NOTIFY.connect) !== 0} disabled={locked} onChange={set(NOTIFY.connect)} />
        <CheckField id={`off-${id}`} label={_('disconnects')} checked={(flags & NOTIFY.disconnect) !== 0} disabled={locked} onChange={set(NOTIFY.disconnect)} />
      </div>
    </li>
  );
}

function Permission() {
  const possible = typeof Notification !== 'undefined';
  const [state, setState] = useState(possible ? Notification.permission : 'denied');
  if (!possible) return <p className="bl-soft">{_('This browser shows notices inside the page only.')}</p>;
  if (state === 'granted') return <p className="bl-soft">{_('When the page is in the background, the browser shows notices too.')}</p>;
  if (state === 'denied') return <p className="bl-soft">{_('The browser was told not to show notices of this page. They appear inside it.')}</p>;
  return (
    <p><Button variant="secondary" size="sm" onClick={() => void Notification.requestPermission().then(setState)}>{_('Let the browser show notices')}</Button></p>
  );
}
