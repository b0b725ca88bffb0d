// SPDX-License-Identifier: Apache-2.0
// Everything about one device under one row of tabs. A tab that holds a session
// stays alive, hidden, while another tab of the same device is shown.
import { lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { DeviceEvents } from '../app/lazy';
import { devicePath, Link, type DeviceTab } from '../app/router';
import { HIDE } from '../lib/embed';
import { useTitle } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Spinner } from '../lib/pf';
import { allows, hasAgent, maySee, nodeId, RIGHT, type Device } from '../store/model';
import { deviceRights } from '../store/reduce';
import { store, useStore } from '../store/store';
import { DeviceHeader } from './DeviceHeader';
import { ErrorBoundary } from './ErrorBoundary';
import { GeneralTab } from './GeneralTab';
import { loadDesktop, loadFiles, loadTerminal, prepareWhenIdle } from './parts';

const DesktopTab = lazy(loadDesktop);
const TerminalTab = lazy(loadTerminal);
const FilesTab = lazy(loadFiles);

export function DevicePage({ id, tab }: { id: string; tab: DeviceTab }) {
  const domain = useStore((s) => String(s.server?.['domain'] ?? ''));
  const device = useStore((s) => s.devices.get(nodeId(id, domain)));
  const loaded = useStore((s) => s.loaded.devices);
  const [last, setLast] = useState<Device | undefined>(undefined);
  // A device that is being removed keeps its last picture until the list says otherwise.
  if (device && device !== last) setLast(device);
  if (!device) return loaded ? <Gone name={last?.name} /> : <div className="bl-center"><Spinner aria-label={_('Loading the device')} /></div>;
  return <DeviceView device={device} tab={tab} />;
}

function Gone({ name }: { name?: string }) {
  useTitle(_('Device not found'));
  return (
    <EmptyState headingLevel="h1" titleText={name ? _('{name} has been removed', { name }) : _('This device does not exist')} className="bl-empty">
      <EmptyStateBody>{_('It may have been removed or moved to a group you cannot see.')}</EmptyStateBody>
      <EmptyStateFooter><EmptyStateActions><Link to="/">{_('Go to the devices')}</Link></EmptyStateActions></EmptyStateFooter>
    </EmptyState>
  );
}

function DeviceView({ device, tab }: { device: Device; tab: DeviceTab }) {
  const rights = deviceRights(store.state, device);
  const desktop = maySee(rights);
  const terminal = allows(rights, RIGHT.remoteControl, RIGHT.noTerminal);
  const files = allows(rights, RIGHT.remoteControl, RIGHT.noFiles);
  const [visited, setVisited] = useState<ReadonlySet<DeviceTab>>(new Set([tab]));
  if (!visited.has(tab)) setVisited(new Set([...visited, tab]));
  useTitle(`${device.name} – ${tabName(tab)}`);
  const online = hasAgent(device);
  useEffect(() => (online && tab === 'general' ? prepareWhenIdle() : undefined), [online, tab]);
  const { hide } = window.bowline.embed;
  const tabs: DeviceTab[] = ['general', ...(desktop ? ['desktop' as const] : []), ...(terminal ? ['terminal' as const] : []), ...(files ? ['files' as const] : []), 'events'];
  const denied = (tab === 'desktop' && !desktop) || (tab === 'terminal' && !terminal) || (tab === 'files' && !files);
  return (
    <div className="bl-view bl-device">
      {!(hide & HIDE.title) && <DeviceHeader device={device} rights={rights} />}
      {!(hide & HIDE.tabs) && <nav className="bl-tabs" aria-label={_('Parts of the device')}>
        {tabs.map((t) => (
          <Link key={t} to={devicePath(device.id, t)} aria-current={t === tab ? 'page' : undefined}>{tabName(t)}</Link>
        ))}
      </nav>}
      <div className="bl-tab-body">
        {tab === 'general' && <GeneralTab device={device} rights={rights} />}
        {denied && <p className="bl-note">{_('Your account does not have the right to use this.')}</p>}
        {desktop && visited.has('desktop') && <Kept shown={tab === 'desktop'}><DesktopTab device={device} rights={rights} shown={tab === 'desktop'} /></Kept>}
        {terminal && visited.has('terminal') && <Kept shown={tab === 'terminal'}><TerminalTab device={device} shown={tab === 'terminal'} /></Kept>}
        {files && visited.has('files') && <Kept shown={tab === 'files'}><FilesTab device={device} shown={tab === 'files'} /></Kept>}
        {tab === 'events' && <Kept shown><DeviceEvents device={device} /></Kept>}
      </div>
    </div>
  );
}

function Kept({ shown, children }: { shown: boolean; children: ReactNode }) {
  return (
    <div className="bl-kept" hidden={!shown}>
      <ErrorBoundary>
        <Suspense fallback={<div className="bl-center"><Spinner aria-label={_('Loading')} /></div>}>{children}</Suspense>
      </ErrorBoundary>
    </div>
  );
}

function tabName(tab: DeviceTab): string {
  switch (tab) {
    case 'general': return _('General');
    case 'desktop': return _('Desktop');
    case 'terminal': return _('Terminal');
    case 'files': return _('Files');
    case 'events': return _('Events');
  }
}
