// SPDX-License-Identifier: Apache-2.0
// The files of a device: connects when shown, takes drops anywhere.
import { useMemo, useRef, useState, useSyncExternalStore, type DragEvent } from 'react';
import { linkText } from '../device/connect';
import { FormDialog } from '../lib/FormDialog';
import { errorText } from '../lib/words';
import { _, ngettext } from '../lib/i18n';
import { ArchiveIcon, DownloadIcon, EditIcon, FolderIcon, PlusIcon, RefreshIcon, TrashIcon, UploadIcon } from '../lib/icons';
import { Alert } from '../lib/Alert';
import { AlertActionCloseButton, Button, Spinner } from '../lib/pf';
import { isWindows } from '../device/platform';
import type { Device } from '../store/model';
import { makeSink } from './download';
import { droppedFiles, neededFolders, type Dropped } from './drop';
import { FileList } from './FileList';
import { PathBar } from './PathBar';
import { archiveFolder, joinPath, nameProblem, pathParts, sortEntries, type Entry, type FileSort } from './protocol';
import { QueuePanel } from './QueuePanel';
import { useFiles } from './useFiles';
import './files.css';

export default function FilesTab({ device, shown }: { device: Device; shown: boolean }) {
  const windows = isWindows(device.agentId);
  const files = useFiles(device, windows ? '' : '/');
  const transfers = useSyncExternalStore(files.queue.subscribe, files.queue.list);
  const [sort, setSort] = useState<{ key: FileSort; descending: boolean }>({ key: 'name', descending: false });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const entries = useMemo(() => sortEntries(files.entries ?? [], sort.key, sort.descending), [files.entries, sort]);
  const chosen = entries.filter((e) => selected.has(e.name));
  const open = files.link.state === 'open';
  const atDrives = windows && files.path === '';

  const go = (path: string) => {
    setSelected(new Set());
    setRenaming(null);
    setCreating(false);
    setProblem(null);
    files.go(path);
  };
  const attempt = async (action: () => Promise<void>) => {
    setProblem(null);
    try {
      await action();
    } catch (e) {
      setProblem(errorText(e));
    }
  };
  const send = (list: readonly Dropped[]) => {
    const target = files.path;
    for (const folders of neededFolders(list)) files.prepareFolder(folders.reduce(joinPath, target));
    for (const { file, folders } of list) files.queue.addUpload(folders.reduce(joinPath, target), file.name, file);
  };
  /** The name of something new here that nothing has yet. */
  const freeName = (stem: string, ending: string) => {
    const taken = new Set(entries.map((e) => e.name));
    let name = `${stem}${ending}`;
    for (let n = 2; taken.has(name); n++) name = `${stem} ${n}${ending}`;
    return name;
  };
  const stemOf = (list: readonly Entry[]) => (list.length === 1 ? list[0]!.name : pathParts(files.path).at(-1) ?? device.name);
  const fetchFiles = (list: readonly Entry[]) => void attempt(async () => {
    if (list.some((e) => e.kind === 'folder')) {
      const name = `${stemOf(list)}.zip`;
      const sink = await makeSink(name, null);
      if (sink) files.queue.addArchive(files.path, name, list.map((e) => e.name), sink);
      return;
    }
    for (const entry of list.filter((e) => e.kind === 'file')) {
      const sink = await makeSink(entry.name, entry.size);
      if (sink) files.queue.addDownload(files.path, entry.name, entry.size, sink);
    }
  });
  const finishName = (from: string | null, name: string) => {
    setRenaming(null);
    setCreating(false);
    if (name === (from ?? '')) return;
    const why = nameProblem(name, windows);
    if (why) { setProblem(namingText(why)); return; }
    if (entries.some((e) => e.name === name)) { setProblem(_('There is already something named “{name}”.', { name })); return; }
    void attempt(async () => {
      await (from === null ? files.makeFolder(name) : files.rename(from, name));
      setSelected(new Set([name]));
    });
  };

  return (
    <DropZone enabled={open && !atDrives} where={files.path} onDrop={(list) => void attempt(async () => send(await list))}>
      <div className="bl-session-bar bl-files-bar">
        <PathBar path={files.path} windows={windows} active={shown} onGo={go} />
        <Button variant="plain" aria-label={_('Read the folder again')} title={_('Read the folder again')} icon={<RefreshIcon />} isDisabled={!open} onClick={files.refresh} />
        <Button variant="secondary" size="sm" icon={<PlusIcon />} isDisabled={!open || atDrives} onClick={() => setCreating(true)}>{_('New folder')}</Button>
        <Button variant="primary" size="sm" icon={<UploadIcon />} isDisabled={!open || atDrives} onClick={() => picker.current?.click()}>{_('Upload')}</Button>
        <input ref={picker} type="file" multiple hidden aria-label={_('Files to upload')}
          onChange={(e) => { send([...(e.target.files ?? [])].map((file) => ({ file, folders: [] }))); e.target.value = ''; }} />
      </div>
      <div className="bl-files-status" role="status">
        {files.link.state === 'closed' ? (
          <Alert isInline variant="warning" title={linkText(files.link)} actionLinks={<Button variant="link" isInline onClick={files.reconnect}>{_('Reconnect')}</Button>} />
        ) : !open && <span className="bl-link-state bl-late"><Spinner size="sm" aria-hidden="true" />{linkText(files.link)}</span>}
        {files.work !== null && (
          <span className="bl-link-state bl-files-work">
            <Spinner size="sm" aria-hidden="true" />
            <span className="bl-files-work-name">{files.work === '' ? _('The device is working on the archive…') : _('The device is working on {name}', { name: files.work })}</span>
            <Button variant="link" isInline onClick={files.cancelWork}>{_('Cancel')}</Button>
          </span>
        )}
        {(problem ?? files.error) && (
          <Alert isInline variant="danger" title={problem ?? files.error} actionClose={<AlertActionCloseButton aria-label={_('Close')} onClose={() => { setProblem(null); files.clearError(); }} />} />
        )}
      </div>
      <FileList
        entries={entries} loaded={files.entries !== null} busy={files.loading} sort={sort} onSort={setSort} selected={selected} onSelect={setSelected}
        renaming={renaming} creating={creating} onRename={setRenaming} onName={finishName} canGoUp={windows ? files.path !== '' : files.path !== '/'}
        path={files.path} windows={windows} onGo={go} onDelete={(names) => setDeleting(names)} packs onDownload={fetchFiles}
      />
      <SelectionBar chosen={chosen} busy={files.work !== null} onPack={() => void attempt(() => files.pack(chosen.map((e) => e.name), freeName(stemOf(chosen), '.zip')))}
        onUnpack={() => void attempt(() => files.unpack(chosen[0]!.name, freeName(archiveFolder(chosen[0]!.name)!, '')))} onRename={() => setRenaming(chosen[0]!.name)} onDelete={() => setDeleting(chosen.map((e) => e.name))}
        onDownload={() => fetchFiles(chosen)} onClear={() => setSelected(new Set())} />
      <QueuePanel transfers={transfers} queue={files.queue} />
      {deleting && (
        <FormDialog danger action={_('Delete')} problem={null} onClose={() => setDeleting(null)}
          title={deleting.length === 1 ? _('Delete “{name}”?', { name: deleting[0]! }) : ngettext('Delete {n} item?', 'Delete {n} items?', deleting.length)}
          onSubmit={async () => { await files.remove(deleting); setSelected(new Set()); }}>
          <p>{_('Folders are deleted with everything in them. This cannot be undone.')}</p>
          {deleting.length > 1 && <ul className="bl-delete-list">{deleting.slice(0, 12).map((n) => <li key={n}>{n}</li>)}{deleting.length > 12 && <li>…</li>}</ul>}
        </FormDialog>
      )}
    </DropZone>
  );
}

function namingText(problem: 'empty' | 'slash' | 'dots'): string {
  switch (problem) {
    case 'empty': return _('A name is needed.');
    case 'dots': return _('“.” and “..” have a meaning of their own and cannot be names.');
    case 'slash': return _('The name holds a character that cannot be part of a name.');
  }
}

interface SelectionProps {
  chosen: readonly Entry[];
  busy: boolean;
  onPack: () => void;
  onUnpack: () => void;
  onRename: () => void;
  onDelete: () => void;
  onDownload: () => void;
  onClear: () => void;
}

function SelectionBar({ chosen, busy, onPack, onUnpack, onRename, onDelete, onDownload, onClear }: SelectionProps) {
  if (chosen.length === 0) return null;
  const drives = chosen.some((e) => e.kind === 'drive');
  const archive = chosen.length === 1 && chosen[0]!.kind === 'file' && archiveFolder(chosen[0]!.name) !== null;
  return (
    <div className="bl-selection" role="toolbar" aria-label={_('Selected files')}>
      <span role="status">{ngettext('{n} selected', '{n} selected', chosen.length)}</span>
      <Button variant="link" size="sm" icon={<DownloadIcon />} isDisabled={drives} onClick={onDownload}>{_('Download')}</Button>
      {archive ? <Button variant="link" size="sm" icon={<ArchiveIcon />} isDisabled={busy} onClick={onUnpack}>{_('Unpack')}</Button>
        : <Button variant="link" size="sm" icon={<ArchiveIcon />} isDisabled={busy || drives} onClick={onPack}>{_('Pack')}</Button>}
      <Button variant="link" size="sm" icon={<EditIcon />} isDisabled={chosen.length !== 1} onClick={onRename}>{_('Rename')}</Button>
      <Button variant="link" size="sm" isDanger icon={<TrashIcon />} onClick={onDelete}>{_('Delete')}</Button>
      <span className="bl-grow" />
      <Button variant="link" size="sm" onClick={onClear}>{_('Select nothing')}</Button>
    </div>
  );
}

interface DropProps {
  enabled: boolean;
  where: string;
  onDrop: (files: Promise<Dropped[]>) => void;
  children: React.ReactNode;
}

function DropZone({ enabled, where, onDrop, children }: DropProps) {
  const [over, setOver] = useState(false);
  const carriesFiles = (event: DragEvent) => event.dataTransfer.types.includes('Files');
  const drop = (event: DragEvent) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    setOver(false);
    if (enabled) onDrop(droppedFiles(event.dataTransfer));
  };
  return (
    <div className="bl-files"
      onDragOver={(e) => { if (carriesFiles(e)) { e.preventDefault(); e.dataTransfer.dropEffect = enabled ? 'copy' : 'none'; setOver(enabled); } }}
      onDragLeave={(e) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false); }}
      onDrop={drop}>
      {children}
      {over && <div className="bl-drop" aria-hidden="true"><FolderIcon />{_('Upload to {folder}', { folder: where })}</div>}
    </div>
  );
}
