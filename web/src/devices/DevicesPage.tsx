// SPDX-License-Identifier: Apache-2.0
// The device list: search, groups, live state.
import { useEffect, useMemo, useRef, useState } from 'react';
import { devicePath, navigate } from '../app/router';
import { AddDeviceDialog } from '../groups/AddDeviceDialog';
import { GroupDialog } from '../groups/GroupDialog';
import { useTitle } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { CloseIcon, PlusIcon, SearchIcon } from '../lib/icons';
import { Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Spinner } from '../lib/pf';
import { isOnline, RIGHT, allows, type Device } from '../store/model';
import { groupRights } from '../store/reduce';
import { buildRows } from '../store/rows';
import { filterDevices } from '../store/search';
import { store, useStore } from '../store/store';
import { BulkBar } from './BulkBar';
import { DeviceList } from './DeviceList';
import { useSelection } from './useSelection';
import { useView, ViewChoice } from './ViewChoice';

const CLOSED_KEY = 'bowline.closed-groups';

function readClosed(): Set<string> {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(CLOSED_KEY) ?? '[]');
    return new Set(Array.isArray(list) ? list.map(String) : []);
  } catch {
    return new Set();
  }
}

function useClosedGroups(): [ReadonlySet<string>, (id: string) => void] {
  const [closed, setClosed] = useState<ReadonlySet<string>>(readClosed);
  const toggle = (id: string) => {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    setClosed(next);
    try {
      localStorage.setItem(CLOSED_KEY, JSON.stringify([...next]));
    } catch {
      // Only a convenience.
    }
  };
  return [closed, toggle];
}

/** The address with another search and the same view. */
function withQuery(text: string): string {
  const query = new URLSearchParams(location.search);
  if (text) query.set('q', text);
  else query.delete('q');
  return query.size > 0 ? `/?${query}` : '/';
}

/** What is typed is also in the address, so that Back and a bookmark bring it back. */
function useQuery(initial: string): [string, (query: string) => void] {
  const [query, setQuery] = useState(initial);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => setQuery(initial), [initial]);
  useEffect(() => () => { if (timer.current) clearTimeout(timer.current); }, []);
  return [query, (text) => {
    setQuery(text);
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(() => navigate(withQuery(text), { replace: true }), 400);
  }];
}

export function DevicesPage({ query: initial }: { query: string }) {
  const [view, setView] = useView();
  useTitle(_('Devices'));
  const devices = useStore((s) => s.devices);
  const groups = useStore((s) => s.groups);
  const lastConnects = useStore((s) => s.lastConnects);
  const loaded = useStore((s) => s.loaded);
  const [query, setQuery] = useQuery(initial);
  const [closed, toggleGroup] = useClosedGroups();
  const [adding, setAdding] = useState<string | null>(null);
  const [creating, setCreating] = useState(false);

  const found = useMemo(() => filterDevices(devices.values(), groups, query), [devices, groups, query]);
  const rows = useMemo(() => buildRows(found, groups, {
    by: view.by, sort: view.key, descending: view.descending, closed: query ? new Set<string>() : closed, showEmpty: !query,
    lastSeen: (d: Device) => lastConnects[d.id] ?? d.connectedAt,
  }), [found, groups, view, closed, query, lastConnects]);
  const selection = useSelection(rows, devices);
  const first = rows.find((r) => r.kind === 'device');

  const online = useMemo(() => [...devices.values()].reduce((n, d) => n + Number(isOnline(d)), 0), [devices]);
  const ready = loaded.groups && loaded.devices;
  const manageable = [...groups.values()].filter((g) => allows(groupRights(store.state, g), RIGHT.manageDevices));
  return (
    <div className="bl-view bl-devices">
      <div className="bl-toolbar">
        <h1>{_('Devices')}</h1>
        <span className="bl-count" role="status" aria-live="polite">{ready ? countText(devices.size, online, query ? found.length : null) : ''}</span>
        <SearchBox query={query} onChange={setQuery} onEnter={() => { if (first?.kind === 'device') navigate(devicePath(first.device.id)); }} />
        {devices.size > 0 && <ViewChoice view={view} onChange={setView} />}
        {manageable.length > 0 && (
          <Button variant="primary" icon={<PlusIcon />} onClick={() => setAdding(manageable[0]!.id)}>{_('Add device')}</Button>
        )}
      </div>
      {!ready ? <Loading />
        : groups.size === 0 && devices.size === 0 ? <NoGroups onCreate={() => setCreating(true)} />
        : rows.length === 0 ? <NoMatch query={query} onClear={() => setQuery('')} />
        : <DeviceList rows={rows} sort={view} onSort={(sort) => setView({ ...view, ...sort })} selection={selection} onToggle={toggleGroup} onAdd={setAdding} lastConnects={lastConnects} />}
      {selection.devices.length > 0 && <BulkBar devices={selection.devices} onClear={selection.clear} />}
      {adding && <AddDeviceDialog groupId={adding} onClose={() => setAdding(null)} />}
      {creating && <GroupDialog onClose={() => setCreating(false)} onCreated={setAdding} />}
    </div>
  );
}

function countText(total: number, online: number, found: number | null): string {
  if (found !== null) return ngettext('{n} match', '{n} matches', found);
  return total === 0 ? '' : `${ngettext('{n} device', '{n} devices', total)}, ${ngettext('{n} online', '{n} online', online)}`;
}

function SearchBox({ query, onChange, onEnter }: { query: string; onChange: (q: string) => void; onEnter: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select, [contenteditable]')) return;
      event.preventDefault();
      input.current?.select();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className="bl-search" role="search">
      <SearchIcon />
      <input
        ref={input} type="search" value={query} placeholder={_('Search: name, tag:, os:, ip:, user:, group:')} aria-label={_('Search devices')}
        aria-keyshortcuts="/" autoComplete="off" spellCheck={false} enterKeyHint="go"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onEnter();
          else if (event.key === 'Escape') onChange('');
          else if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('.bl-list .bl-name')?.focus();
        }}
      />
      {query ? <Button variant="plain" aria-label={_('Clear the search')} icon={<CloseIcon />} onClick={() => { onChange(''); input.current?.focus(); }} />
        : <kbd aria-hidden="true">/</kbd>}
    </div>
  );
}

function Loading() {
  return <div className="bl-center"><Spinner aria-label={_('Loading the devices')} /></div>;
}

function NoGroups({ onCreate }: { onCreate: () => void }) {
  return (
    <EmptyState headingLevel="h2" titleText={_('No device group yet')} className="bl-empty">
      <EmptyStateBody>{_('Devices live in groups. Create the first group, then add a device to it.')}</EmptyStateBody>
      <EmptyStateFooter><EmptyStateActions><Button variant="primary" onClick={onCreate}>{_('Create a group')}</Button></EmptyStateActions></EmptyStateFooter>
    </EmptyState>
  );
}

function NoMatch({ query, onClear }: { query: string; onClear: () => void }) {
  return (
    <EmptyState headingLevel="h2" titleText={_('No device matches “{query}”', { query })} className="bl-empty">
      <EmptyStateBody>{_('Every word must match. Words may begin with group:, tag:, os:, ip:, user: or is:online.')}</EmptyStateBody>
      <EmptyStateFooter><EmptyStateActions><Button variant="link" onClick={onClear}>{_('Clear the search')}</Button></EmptyStateActions></EmptyStateFooter>
    </EmptyState>
  );
}
