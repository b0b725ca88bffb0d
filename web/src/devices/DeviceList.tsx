// SPDX-License-Identifier: Apache-2.0
// The rows of the device list. Only those near the visible part are in the
// document; roles tell assistive technology about the whole table.
import { memo, useRef, type KeyboardEvent, type MouseEvent } from 'react';
import { devicePath, Link, navigate } from '../app/router';
import { loadDesktop, loadFiles, loadTerminal, prepare } from '../device/parts';
import { formatAgo, formatTime } from '../lib/format';
import { useMediaQuery, useNow } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { ChevronIcon, ComputerIcon, FolderIcon, PlusIcon, TerminalIcon } from '../lib/icons';
import { allows, can, CAP, hasAgent, isOnline, maySee, RIGHT, type Device } from '../store/model';
import { deviceRights, groupRights } from '../store/reduce';
import type { Row, SortKey } from '../store/rows';
import { store } from '../store/store';
import type { Selection, SelectState } from './useSelection';
import { useVirtual } from './useVirtual';

const WIDE_ROW = 44;
const PHONE_ROW = 60;
/** Survives leaving the view, so that Back shows the same part of the list. */
const savedScroll = { top: 0 };

interface Sort { key: SortKey; descending: boolean }

interface Props {
  rows: readonly Row[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  onToggle: (groupId: string) => void;
  onAdd: (groupId: string) => void;
  selection: Selection;
  lastConnects: Readonly<Record<string, number>>;
}

function columns(): { key: SortKey | null; label: string; className: string }[] {
  return [
    { key: 'name', label: _('Name'), className: 'bl-c-name' },
    { key: 'os', label: _('System'), className: 'bl-c-os' },
    { key: 'user', label: _('User'), className: 'bl-c-user' },
    { key: 'address', label: _('Address'), className: 'bl-c-address' },
    { key: null, label: _('Tags'), className: 'bl-c-tags' },
    { key: 'seen', label: _('Last seen'), className: 'bl-c-seen' },
  ];
}

export function DeviceList({ rows, sort, onSort, onToggle, onAdd, selection, lastConnects }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const phone = useMediaQuery('(max-width: 767px)');
  const height = phone ? PHONE_ROW : WIDE_ROW;
  const view = useVirtual(scroller, rows.length, height, savedScroll);
  const now = useNow(30_000);

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const row = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    if (!row) return;
    if (event.key === ' ' && (event.target as HTMLElement).matches('a.bl-name')) {
      event.preventDefault();
      row.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
      return;
    }
    if (!step) return;
    event.preventDefault();
    const next = Number(row.dataset['index']) + step;
    if (next < 0 || next >= rows.length) return;
    view.show(next);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${next}"] .bl-name`)?.focus({ preventScroll: true }));
  };

  return (
    <div ref={scroller} className="bl-list" role="table" aria-label={_('Devices')} aria-rowcount={rows.length + 1} onKeyDown={onKeyDown} tabIndex={-1}>
      <div className="bl-list-head" role="row" aria-rowindex={1}>
        {columns().map((c) => (
          <div key={c.className} role="columnheader" className={c.className}
            aria-sort={c.key === sort.key ? (sort.descending ? 'descending' : 'ascending') : undefined}>
            {c.key === 'name' && <SelectBox state={selection.stateOf(selection.shown)} label={_('Select all')} onChange={(on) => selection.set(selection.shown, on)} />}
            {c.key ? (
              <button type="button" onClick={() => onSort({ key: c.key!, descending: c.key === sort.key && !sort.descending })}>
                {c.label}<span aria-hidden="true" className="bl-sort">{c.key === sort.key ? (sort.descending ? '↓' : '↑') : ''}</span>
              </button>
            ) : c.label}
          </div>
        ))}
        <div role="columnheader" className="bl-c-actions"><span className="bl-sr">{_('Actions')}</span></div>
      </div>
      <div role="rowgroup" className="bl-list-body" style={{ height: rows.length * height }}>
        <div style={{ transform: `translateY(${view.first * height}px)` }}>
          {rows.slice(view.first, view.last).map((row, i) => (
            row.kind === 'group'
              ? <GroupRow key={row.key} row={row} index={view.first + i} onToggle={onToggle} onAdd={onAdd} selection={selection} />
              : <DeviceRow key={row.key} device={row.device} index={view.first + i} selected={selection.ids.has(row.device.id)} onSelect={selection.pick} seen={lastConnects[row.device.id] ?? row.device.connectedAt} now={now} />
          ))}
        </div>
      </div>
    </div>
  );
}

interface GroupRowProps {
  row: Extract<Row, { kind: 'group' }>;
  index: number;
  onToggle: (id: string) => void;
  onAdd: (id: string) => void;
  selection: Selection;
}

function GroupRow({ row, index, onToggle, onAdd, selection }: GroupRowProps) {
  const { group, open } = row;
  const mayAdd = allows(groupRights(store.state, store.state.groups.get(group.id)), RIGHT.manageDevices);
  return (
    <div className="bl-row bl-row-group" role="row" aria-rowindex={index + 2} data-index={index}>
      <div role="cell" className="bl-c-group" aria-colspan={6}>
        {row.total > 0 ? <SelectBox state={selection.stateOf(row.members)} label={_('Select all of {name}', { name: headingText(row) })} onChange={(on) => selection.set(row.members, on)} />
          : <span className="bl-check" />}
        <button type="button" className="bl-name" aria-expanded={open} onClick={() => onToggle(group.id)}>
          <span className={open ? 'bl-chevron bl-open' : 'bl-chevron'}><ChevronIcon /></span>
          <span className="bl-group-name">{headingText(row)}</span>
        </button>
        <span className="bl-soft">{row.total === 0 ? _('no devices yet') : _('{online} of {total} online', { online: row.online, total: row.total })}</span>
      </div>
      <div role="cell" className="bl-c-actions">
        {mayAdd && (
          <button type="button" className="bl-quick" aria-label={_('Add a device to {name}', { name: group.name })} title={_('Add device')} onClick={() => onAdd(group.id)}>
            <PlusIcon />
          </button>
        )}
      </div>
    </div>
  );
}

function headingText(row: Extract<Row, { kind: 'group' }>): string {
  const { id, name } = row.group;
  if (id === 'state 1') return _('Online');
  if (id === 'state 0') return _('Offline');
  if (id === 'tag') return _('Without a tag');
  if (id === 'os ') return _('System not known');
  return name || _('Other devices');
}

/** A box to tick; the label around it makes it large enough for a finger. */
function SelectBox({ state, label, onChange, onClick }: { state: SelectState; label: string; onChange: (on: boolean) => void; onClick?: (event: MouseEvent) => void }) {
  return (
    <label className="bl-check" onClick={onClick}>
      <input type="checkbox" checked={state === 'all'} aria-label={label} ref={(box) => { if (box) box.indeterminate = state === 'some'; }} onChange={(e) => onChange(e.target.checked)} />
    </label>
  );
}

interface DeviceRowProps { device: Device; index: number; seen: number; now: number; selected: boolean; onSelect: Selection['pick'] }

const DeviceRow = memo(function DeviceRow({ device, index, seen, now, selected, onSelect }: DeviceRowProps) {
  const range = useRef(false);
  const online = isOnline(device);
  const open = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest('a, button, label') && !getSelection()?.toString()) navigate(devicePath(device.id));
  };
  return (
    <div className={`bl-row${online ? '' : ' bl-offline'}${selected ? ' bl-selected' : ''}`} role="row" aria-selected={selected} aria-rowindex={index + 2} data-index={index} onClick={open}>
      <div role="cell" className="bl-c-name">
        <SelectBox state={selected ? 'all' : 'none'} label={_('Select {name}', { name: device.name })} onClick={(e) => { range.current = e.shiftKey; }} onChange={(on) => onSelect(index, on, range.current)} />
        <span className={online ? 'bl-dot bl-on' : 'bl-dot'} role="img" aria-label={online ? _('Online') : _('Offline')} />
        <Link to={devicePath(device.id)} className="bl-name" title={device.description || undefined}>{device.name}</Link>
        <SessionBadge device={device} />
        <HelpBadge device={device} />
      </div>
      <div role="cell" className="bl-c-os" title={device.os}>{device.os}</div>
      <div role="cell" className="bl-c-user" title={device.users.join(', ')}>{device.users.join(', ')}</div>
      <div role="cell" className="bl-c-address">{device.address}</div>
      <div role="cell" className="bl-c-tags">{device.tags.slice(0, 3).map((t) => <span key={t} className="bl-tag">{t}</span>)}</div>
      <div role="cell" className="bl-c-seen" title={seen ? formatTime(seen) : undefined}>
        {online ? _('Online') : seen ? formatAgo(seen, now) : _('never')}
      </div>
      <div role="cell" className="bl-c-actions"><QuickButtons device={device} /></div>
    </div>
  );
});

function SessionBadge({ device }: { device: Device }) {
  const count = Object.values(device.sessions).reduce((sum, n) => sum + n, 0);
  if (count === 0) return null;
  return <span className="bl-tag bl-tag-live">{ngettext('{n} session', '{n} sessions', count)}</span>;
}

/** What the person wrote is read out too, so that it is no secret of the mouse. */
function HelpBadge({ device }: { device: Device }) {
  if (device.help.length === 0) return null;
  const words = device.help.map((h) => `${h.user}: ${h.text}`).join('\n');
  return <span className="bl-tag bl-tag-help" title={words}>{_('Asks for help')}<span className="bl-sr">: {words}</span></span>;
}

function QuickButtons({ device }: { device: Device }) {
  const rights = deviceRights(store.state, device);
  if (!hasAgent(device)) return null;
  return (
    <>
      {maySee(rights) && can(device, CAP.desktop) && (
        <Link to={devicePath(device.id, 'desktop')} className="bl-quick" onPointerEnter={() => prepare(loadDesktop)} aria-label={_('Desktop of {name}', { name: device.name })} title={_('Desktop')}><ComputerIcon /></Link>
      )}
      {allows(rights, RIGHT.remoteControl, RIGHT.noTerminal) && (
        <Link to={devicePath(device.id, 'terminal')} className="bl-quick" onPointerEnter={() => prepare(loadTerminal)} aria-label={_('Terminal of {name}', { name: device.name })} title={_('Terminal')}><TerminalIcon /></Link>
      )}
      {allows(rights, RIGHT.remoteControl, RIGHT.noFiles) && (
        <Link to={devicePath(device.id, 'files')} className="bl-quick" onPointerEnter={() => prepare(loadFiles)} aria-label={_('Files of {name}', { name: device.name })} title={_('Files')}><FolderIcon /></Link>
      )}
    </>
  );
}
