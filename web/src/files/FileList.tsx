// SPDX-License-Identifier: Apache-2.0
// The content of a folder: sorting, selection, keyboard, renaming in place.
import { useEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { useVirtual } from '../devices/useVirtual';
import { formatBytes, formatTime } from '../lib/format';
import { useMediaQuery } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { DownloadIcon, DriveIcon, FileIcon, FolderIcon } from '../lib/icons';
import { Spinner } from '../lib/pf';
import { joinPath, parentPath, type Entry, type FileSort } from './protocol';

const WIDE_ROW = 36;
const PHONE_ROW = 52;
const TYPE_AHEAD_MS = 800;

interface Props {
  entries: readonly Entry[];
  loaded: boolean;
  busy: boolean;
  sort: { key: FileSort; descending: boolean };
  onSort: (sort: { key: FileSort; descending: boolean }) => void;
  selected: ReadonlySet<string>;
  onSelect: (names: ReadonlySet<string>) => void;
  renaming: string | null;
  creating: boolean;
  onRename: (name: string | null) => void;
  /** @from: null for a new folder. */
  onName: (from: string | null, name: string) => void;
  canGoUp: boolean;
  path: string;
  windows: boolean;
  onGo: (path: string) => void;
  onDelete: (names: readonly string[]) => void;
  onDownload: (entries: readonly Entry[]) => void;
  /** Whether a folder can be downloaded too. */
  packs: boolean;
}

export function FileList(props: Props) {
  const { entries, selected, onSelect, path } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const saved = useRef({ top: 0 });
  const phone = useMediaQuery('(max-width: 767px)');
  const height = phone ? PHONE_ROW : WIDE_ROW;
  const view = useVirtual(scroller, entries.length, height, saved.current);
  const [cursor, setCursor] = useState(0);
  const typed = useRef({ text: '', time: 0 });
  useEffect(() => {
    setCursor(0);
    saved.current.top = 0;
    if (scroller.current) scroller.current.scrollTop = 0;
  }, [path]);

  const open = (entry: Entry) => {
    const next = joinPath(path, entry.name);
    if (entry.kind === 'drive') props.onGo(`${next}/`);
    else if (entry.kind === 'folder') props.onGo(next);
    else props.onDownload([entry]);
  };
  const moveTo = (index: number, extend: boolean) => {
    const to = Math.max(0, Math.min(entries.length - 1, index));
    const entry = entries[to];
    if (!entry) return;
    setCursor(to);
    view.show(to);
    onSelect(extend ? new Set([...selected, entry.name]) : new Set([entry.name]));
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-index="${to}"]`)?.focus({ preventScroll: true }));
  };
  const typeAhead = (key: string) => {
    const now = Date.now();
    const text = now - typed.current.time < TYPE_AHEAD_MS ? typed.current.text + key : key;
    typed.current = { text, time: now };
    const found = entries.findIndex((e) => e.name.toLowerCase().startsWith(text.toLowerCase()));
    if (found >= 0) moveTo(found, false);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.target as HTMLElement).closest('input, button')) return;
    const current = entries[cursor];
    const keys: Record<string, (() => void) | undefined> = {
      ArrowDown: () => moveTo(cursor + 1, event.shiftKey),
      ArrowUp: () => moveTo(cursor - 1, event.shiftKey),
      Home: () => moveTo(0, event.shiftKey),
      End: () => moveTo(entries.length - 1, event.shiftKey),
      Enter: current && (() => open(current)),
      Backspace: props.canGoUp ? () => props.onGo(parentPath(path, props.windows)) : undefined,
      Delete: selected.size > 0 ? () => props.onDelete([...selected]) : undefined,
      F2: current && (() => props.onRename(current.name)),
      Escape: () => onSelect(new Set()),
      ' ': current && (() => toggle(current.name)),
    };
    const action = event.ctrlKey && event.key === 'a' ? () => onSelect(new Set(entries.map((e) => e.name)))
      : event.ctrlKey || event.metaKey || event.altKey ? undefined
      : keys[event.key] ?? (event.key.length === 1 && event.key !== '/' ? () => typeAhead(event.key) : undefined);
    if (!action) return;
    event.preventDefault();
    action();
  };
  const toggle = (name: string) => {
    const next = new Set(selected);
    if (!next.delete(name)) next.add(name);
    onSelect(next);
  };
  const onRowClick = (event: MouseEvent, index: number) => {
    const entry = entries[index]!;
    if (event.shiftKey) {
      const [from, to] = [Math.min(cursor, index), Math.max(cursor, index)];
      onSelect(new Set(entries.slice(from, to + 1).map((e) => e.name)));
      return;
    }
    setCursor(index);
    if (event.ctrlKey || event.metaKey) toggle(entry.name);
    else onSelect(new Set([entry.name]));
  };

  return (
    <div ref={scroller} className="bl-list bl-file-list" role="grid" aria-label={_('Files')} aria-rowcount={entries.length + 1} aria-multiselectable="true"
      aria-busy={props.busy} onKeyDown={onKeyDown}>
      <Head {...props} />
      {props.creating && (
        <div className="bl-file" role="row"><span /><div role="gridcell" className="bl-file-name"><FolderIcon /><NameInput initial="" label={_('Name of the new folder')} onDone={(name) => props.onName(null, name)} /></div></div>
      )}
      {!props.loaded && props.busy && <div className="bl-center"><Spinner aria-label={_('Reading the folder')} /></div>}
      {props.loaded && entries.length === 0 && !props.creating && <p className="bl-note bl-soft">{_('This folder is empty. Drop files here to upload them.')}</p>}
      <div role="rowgroup" className="bl-list-body" style={{ height: entries.length * height }}>
        <div style={{ transform: `translateY(${view.first * height}px)` }}>
          {entries.slice(view.first, view.last).map((entry, i) => {
            const index = view.first + i;
            return (
              <FileRow key={entry.name} entry={entry} index={index} selected={selected.has(entry.name)} focusable={index === cursor}
                renaming={props.renaming === entry.name} onToggle={() => toggle(entry.name)} onOpen={() => open(entry)}
                onClick={(e) => onRowClick(e, index)} onName={(name) => props.onName(entry.name, name)} packs={props.packs} onDownload={() => props.onDownload([entry])} />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function Head({ entries, selected, onSelect, sort, onSort }: Props) {
  const columns: [FileSort, string, string][] = [['name', _('Name'), 'bl-file-name'], ['size', _('Size'), 'bl-file-size'], ['modified', _('Modified'), 'bl-file-time']];
  const all = entries.length > 0 && selected.size === entries.length;
  return (
    <div className="bl-list-head bl-file-head" role="row" aria-rowindex={1}>
      <div role="columnheader">
        <input type="checkbox" aria-label={_('Select all')} checked={all} disabled={entries.length === 0}
          ref={(box) => { if (box) box.indeterminate = selected.size > 0 && !all; }}
          onChange={() => onSelect(all ? new Set() : new Set(entries.map((e) => e.name)))} />
      </div>
      {columns.map(([key, label, name]) => (
        <div key={key} role="columnheader" className={name} aria-sort={key === sort.key ? (sort.descending ? 'descending' : 'ascending') : undefined}>
          <button type="button" onClick={() => onSort({ key, descending: key === sort.key && !sort.descending })}>
            {label}<span aria-hidden="true" className="bl-sort">{key === sort.key ? (sort.descending ? '↓' : '↑') : ''}</span>
          </button>
        </div>
      ))}
      <div role="columnheader"><span className="bl-sr">{_('Actions')}</span></div>
    </div>
  );
}

interface RowProps {
  entry: Entry;
  index: number;
  selected: boolean;
  focusable: boolean;
  renaming: boolean;
  onToggle: () => void;
  onOpen: () => void;
  onClick: (event: MouseEvent) => void;
  onName: (name: string) => void;
  packs: boolean;
  onDownload: () => void;
}

function FileRow({ entry, index, selected, focusable, renaming, onToggle, onOpen, onClick, onName, packs, onDownload }: RowProps) {
  const file = entry.kind === 'file';
  const icon = entry.kind === 'drive' ? <DriveIcon /> : file ? <FileIcon /> : <FolderIcon />;
  const clicked = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest('button, input')) onClick(event);
  };
  return (
    <div className={selected ? 'bl-file bl-selected' : 'bl-file'} role="row" aria-rowindex={index + 2} aria-selected={selected} data-index={index}
      tabIndex={focusable ? 0 : -1} onClick={clicked} onDoubleClick={(e) => { if (file && !(e.target as HTMLElement).closest('button, input')) onOpen(); }}>
      <div role="gridcell"><input type="checkbox" tabIndex={-1} aria-label={_('Select {name}', { name: entry.name })} checked={selected} onChange={onToggle} /></div>
      <div role="gridcell" className={file ? 'bl-file-name' : 'bl-file-name bl-folder'}>
        {icon}
        {renaming ? <NameInput initial={entry.name} label={_('New name')} onDone={onName} />
          : file ? <span title={entry.name}>{entry.name}</span>
          : <button type="button" tabIndex={-1} title={entry.name} onClick={onOpen}>{entry.name}</button>}
        {entry.target !== null && !renaming && <span className="bl-soft bl-file-target" title={_('Link to {target}', { target: entry.target })}>→ {entry.target}</span>}
      </div>
      <div role="gridcell" className="bl-file-size">{file ? formatBytes(entry.size) : entry.kind === 'drive' && entry.free > 0 ? _('{size} free', { size: formatBytes(entry.free) }) : ''}</div>
      <div role="gridcell" className="bl-file-time">{entry.modified ? formatTime(entry.modified) : ''}</div>
      <div role="gridcell" className="bl-file-action">
        {(file || (packs && entry.kind === 'folder' && entry.target === null)) && <button type="button" className="bl-quick" tabIndex={-1} aria-label={_('Download {name}', { name: entry.name })} title={_('Download')} onClick={onDownload}><DownloadIcon /></button>}
      </div>
    </div>
  );
}

/** Enter and leaving the field accept, Escape keeps the old name. The part before the ending is selected first. */
function NameInput({ initial, label, onDone }: { initial: string; label: string; onDone: (name: string) => void }) {
  const [name, setName] = useState(initial);
  const input = useRef<HTMLInputElement>(null);
  const finished = useRef(false);
  useEffect(() => {
    const dot = initial.lastIndexOf('.');
    input.current?.focus();
    input.current?.setSelectionRange(0, dot > 0 ? dot : initial.length);
  }, [initial]);
  const finish = (value: string) => {
    if (finished.current) return;
    finished.current = true;
    onDone(value);
  };
  return (
    <input ref={input} className="bl-name-input" aria-label={label} value={name} spellCheck={false} autoComplete="off" autoCapitalize="none"
      onChange={(e) => setName(e.target.value)} onBlur={() => finish(name)}
      onKeyDown={(e) => {
        e.stopPropagation();
        if (e.key === 'Enter') finish(name);
        else if (e.key === 'Escape') finish(initial);
      }} />
  );
}
