// SPDX-License-Identifier: Apache-2.0
// What a guest sees: one device, the parts of it that are shared, and for how long.
import { lazy, Suspense, useMemo, useState, type ReactNode } from 'react';
import { ThemeButton } from '../app/Header';
import { Toasts } from '../app/Toasts';
import { ErrorBoundary } from '../device/ErrorBoundary';
import { loadDesktop, loadFiles, loadTerminal } from '../device/loaders';
import { formatDuration, formatTime } from '../lib/format';
import { useNow, useTitle } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { EmptyState, EmptyStateBody, Spinner } from '../lib/pf';
import { guestDevice, guestRights, type Guest, type GuestState } from './model';
import { useGuest } from './useGuest';

const DesktopTab = lazy(loadDesktop);
const TerminalTab = lazy(loadTerminal);
const FilesTab = lazy(loadFiles);

type Tab = 'desktop' | 'terminal' | 'files';
const URGENT_MS = 5 * 60_000;

export function GuestPage({ first }: { first: Guest }) {
  const guest = useGuest(first);
  useTitle(guest.nodeName || _('Shared device'));
  return (
    <div className="bl-page bl-no-rail">
      <header className="bl-masthead bl-guest-head">
        <span className="bl-brand">
          <svg viewBox="0 0 32 32" className="brand-mark" aria-hidden="true"><path d="M9 27V14a7 7 0 1 1 7 7h-3" /><path d="M22 27c0-4-2-7-5-9" opacity=".75" /></svg>
          <span className="bl-guest-brand">Bowline</span>
        </span>
        {guest.state === 'open' && <Who guest={guest} />}
        <span className="bl-grow" />
        {guest.state === 'open' && guest.expire > 0 && <TimeLeft until={guest.expire} />}
        <ThemeButton />
      </header>
      <main id="main" className="bl-main">{guest.state === 'open' ? <Shared guest={guest} /> : <Closed guest={guest} />}</main>
      <Toasts />
    </div>
  );
}

function Who({ guest }: { guest: Guest }) {
  return (
    <span className="bl-guest-who">
      <h1>{guest.nodeName}</h1>
      <span className={guest.online ? 'bl-state bl-state-on' : 'bl-state'} role="status">
        <span className={guest.online ? 'bl-dot bl-on' : 'bl-dot'} aria-hidden="true" />{guest.online ? _('Online') : _('Offline')}
      </span>
      {guest.name && <span className="bl-soft bl-guest-name">{_('Guest: {name}', { name: guest.name })}</span>}
    </span>
  );
}

function TimeLeft({ until }: { until: number }) {
  const left = Math.max(0, until - useNow(1000));
  return (
    <span className={left < URGENT_MS ? 'bl-guest-left bl-bad' : 'bl-guest-left bl-soft'} role="timer" title={_('Until {time}', { time: formatTime(until) })}>
      {_('{time} left', { time: formatDuration(left / 1000) })}
    </span>
  );
}

function tabName(tab: Tab): string {
  return tab === 'desktop' ? _('Desktop') : tab === 'terminal' ? _('Terminal') : _('Files');
}

function Shared({ guest }: { guest: Guest }) {
  const { nodeId, nodeName, online, viewOnly } = guest;
  // A renewed ticket makes no new device.
  const device = useMemo(() => guestDevice({ nodeId, nodeName, online } as Guest), [nodeId, nodeName, online]);
  const tabs = (['desktop', 'terminal', 'files'] as const).filter((t) => guest[t]);
  const [tab, setTab] = useState<Tab | undefined>(tabs[0]);
  const [visited, setVisited] = useState<ReadonlySet<Tab>>(new Set(tab ? [tab] : []));
  const show = (next: Tab) => {
    setTab(next);
    setVisited(new Set([...visited, next]));
  };
  if (!tab) return <Closed guest={{ ...guest, state: 'invalid' }} />;
  const kept = (name: Tab, content: ReactNode) => guest[name] && visited.has(name) && (
    <div className="bl-kept" hidden={tab !== name}>
      <ErrorBoundary><Suspense fallback={<div className="bl-center"><Spinner aria-label={_('Loading')} /></div>}>{content}</Suspense></ErrorBoundary>
    </div>
  );
  return (
    <div className="bl-view">
      {tabs.length > 1 && (
        <div className="bl-tabs" role="tablist" aria-label={_('Parts of the device')}>
          {tabs.map((t) => <button key={t} type="button" role="tab" aria-selected={t === tab} onClick={() => show(t)}>{tabName(t)}</button>)}
        </div>
      )}
      <div className="bl-tab-body">
        {kept('desktop', <DesktopTab device={device} rights={guestRights({ viewOnly } as Guest)} shown={tab === 'desktop'} guest />)}
        {kept('terminal', <TerminalTab device={device} shown={tab === 'terminal'} />)}
        {kept('files', <FilesTab device={device} shown={tab === 'files'} />)}
      </div>
    </div>
  );
}

function closedText(state: GuestState, start: number): [title: string, body: string] {
  switch (state) {
    case 'early': return [_('This link is not valid yet'), start > 0 ? _('The device can be opened from {time}. This page then opens it by itself.', { time: formatTime(start) }) : ''];
    case 'expired': return [_('This link has expired'), _('Ask the person who sent it for a new one.')];
    case 'revoked': return [_('This link has been taken back'), _('The device is no longer shared with you. Ask the person who sent the link.')];
    default: return [_('This link is not valid'), _('It may be incomplete. Open it again as you received it.')];
  }
}

function Closed({ guest }: { guest: Guest }) {
  const [title, body] = closedText(guest.state, guest.start);
  return <EmptyState headingLevel="h1" titleText={title} className="bl-empty"><EmptyStateBody>{body}</EmptyStateBody></EmptyState>;
}
