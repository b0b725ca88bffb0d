// SPDX-License-Identifier: Apache-2.0
// Files kept on the server: one's own, and those of device groups.
import { useMemo, useRef, useState, type DragEvent } from 'react';
import { FileList } from '../files/FileList';
import { PathBar } from '../files/PathBar';
import { nameProblem, sortEntries, type Entry, type FileSort } from '../files/protocol';
import { Alert } from '../lib/Alert';
import { SelectField } from '../lib/Fields';
import { formatBytes } from '../lib/format';
import { FormDialog } from '../lib/FormDialog';
import { useTitle } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { DownloadIcon, EditIcon, FolderIcon, PlusIcon, RefreshIcon, TrashIcon, UploadIcon } from '../lib/icons';
import { Busy } from '../lib/Loading';
import { AlertActionCloseButton, Button } from '../lib/pf';
import { errorText } from '../lib/words';
import { downloadAddress, entriesAt, serverPath, type Owner } from './tree';
import type { Sending } from './upload';
import { useServerFiles, type ServerFiles } from './useServerFiles';
import '../files/files.css';

export default function ServerFilesPage() {
  useTitle(_('Files on the server'));
  const files = useServerFiles();
  const [id, setId] = useState('');
  const owner = files.owners?.find((o) => o.id === id) ?? files.owners?.[0];
  if (!owner && files.error) return <div className="bl-view bl-pad-side"><Alert isInline variant="danger" title={files.error} /></div>;
  if (!owner) return <Busy label={_('Reading the folder')} />;
  return (
    <div className="bl-view">
      <div className="bl-toolbar">
        <h1>{_('Files on the server')}</h1>
        <span className="bl-grow" />
        {files.owners!.length > 1 && (
          <SelectField id="files-of" label={_('Files of')} value={owner.id} onChange={setId}
            options={files.owners!.map((o) => [o.id, o.name || _('me')] as const)} />
        )}
      </div>
      <Folder key={owner.id} owner={owner} files={files} />
    </div>
  );
}

function save(owner: Owner, path: string, entries: readonly Entry[]): void {
  for (const { name } of entries.filter((e) => e.kind === 'file')) {
    const link = document.createElement('a');
    link.href = downloadAddress(owner, path, name);
    link.download = name;
    link.click();
  }
}

function Folder({ owner, files }: { owner: Owner; files: ServerFiles }) {
  const [wanted, setWanted] = useState('/');
  const [sort, setSort] = useState<{ key: FileSort; descending: boolean }>({ key: 'name', descending: false });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [renaming, setRenaming] = useState<string | null>(null);
  const [creating, setCreating] = useState(false);
  const [deleting, setDeleting] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [over, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const there = entriesAt(owner, wanted);
  const path = there ? wanted : '/'; // another page may have removed the folder
  const entries = useMemo(() => sortEntries(entriesAt(owner, path) ?? [], sort.key, sort.descending), [owner, path, sort]);
  const chosen = entries.filter((e) => selected.has(e.name));
  const folder = serverPath(owner, path);

  const attempt = (action: () => Promise<void>) => {
    setProblem(null);
    action().catch((e: unknown) => setProblem(errorText(e)));
  };
  const go = (to: string) => {
    setSelected(new Set());
    setRenaming(null);
    setCreating(false);
    setProblem(null);
    setWanted(to);
  };
  const finishName = (from: string | null, name: string) => {
    setRenaming(null);
    setCreating(false);
    if (name === (from ?? '')) return;
    if (nameProblem(name, false)) { setProblem(_('The name holds a character that cannot be part of a name.')); return; }
    if (entries.some((e) => e.name === name)) { setProblem(_('There is already something named “{name}”.', { name })); return; }
    attempt(async () => {
      await files.operate(from === null ? { fileop: 'createfolder', path: folder, newfolder: name } : { fileop: 'rename', path: folder, oldname: from, newname: name });
      setSelected(new Set([name]));
    });
  };
  const send = (list: readonly File[]) => attempt(() => files.send(owner, path, list));
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send([...event.dataTransfer.files]);
  };

  return (
    <div className="bl-files" onDragOver={(e) => { if (e.dataTransfer.types.includes('Files')) { e.preventDefault(); setOver(!files.sending); } }}
      onDragLeave={(e) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false); }} onDrop={drop}>
      <div className="bl-session-bar bl-files-bar">
        <PathBar path={path} windows={false} active onGo={go} />
        <Button variant="plain" aria-label={_('Read the folder again')} title={_('Read the folder again')} icon={<RefreshIcon />} onClick={files.reload} />
        <Button variant="secondary" size="sm" icon={<PlusIcon />} onClick={() => setCreating(true)}>{_('New folder')}</Button>
        <Button variant="primary" size="sm" icon={<UploadIcon />} isDisabled={files.sending !== null} onClick={() => picker.current?.click()}>{_('Upload')}</Button>
        <input ref={picker} type="file" multiple hidden aria-label={_('Files to upload')} onChange={(e) => { send([...(e.target.files ?? [])]); e.target.value = ''; }} />
      </div>
      <div className="bl-files-status" role="status">
        {(problem ?? files.error) && (
          <Alert isInline variant="danger" title={problem ?? files.error} actionClose={<AlertActionCloseButton aria-label={_('Close')} onClose={() => setProblem(null)} />} />
        )}
      </div>
      <FileList
        entries={entries} loaded busy={false} sort={sort} onSort={setSort} selected={selected} onSelect={setSelected} renaming={renaming} creating={creating}
        onRename={setRenaming} onName={finishName} canGoUp={path !== '/'} path={path} windows={false} onGo={go} onDelete={setDeleting}
        packs={false} onDownload={(list) => save(owner, path, list)}
      />
      {chosen.length > 0 ? (
        <div className="bl-selection" role="toolbar" aria-label={_('Selected files')}>
          <span role="status">{ngettext('{n} selected', '{n} selected', chosen.length)}</span>
          <Button variant="link" size="sm" icon={<DownloadIcon />} isDisabled={!chosen.some((e) => e.kind === 'file')} onClick={() => save(owner, path, chosen)}>{_('Download')}</Button>
          <Button variant="link" size="sm" icon={<EditIcon />} isDisabled={chosen.length !== 1} onClick={() => setRenaming(chosen[0]!.name)}>{_('Rename')}</Button>
          <Button variant="link" size="sm" isDanger icon={<TrashIcon />} onClick={() => setDeleting(chosen.map((e) => e.name))}>{_('Delete')}</Button>
        </div>
      ) : <Room owner={owner} />}
      {files.sending && <Progress sending={files.sending} onCancel={files.cancel} />}
      {over && <div className="bl-drop" aria-hidden="true"><FolderIcon />{_('Upload to {folder}', { folder: path })}</div>}
      {deleting && (
        <FormDialog danger action={_('Delete')} problem={null} onClose={() => setDeleting(null)}
          title={deleting.length === 1 ? _('Delete “{name}”?', { name: deleting[0]! }) : ngettext('Delete {n} item?', 'Delete {n} items?', deleting.length)}
          onSubmit={async () => { await files.operate({ fileop: 'delete', path: folder, delfiles: deleting, rec: true }); setSelected(new Set()); }}>
          <p>{_('Folders are deleted with everything in them. This cannot be undone.')}</p>
        </FormDialog>
      )}
    </div>
  );
}

function Room({ owner }: { owner: Owner }) {
  const used = formatBytes(owner.used);
  return (
    <div className="bl-selection" role="status">
      <span className="bl-soft">{owner.limit === null ? _('{used} used', { used }) : _('{used} of {limit} used', { used, limit: formatBytes(owner.limit) })}</span>
      {owner.limit !== null && <progress max={Math.max(1, owner.limit)} value={Math.min(owner.used, owner.limit)} aria-label={_('Room that is used')} />}
    </div>
  );
}

function Progress({ sending, onCancel }: { sending: Sending; onCancel: () => void }) {
  return (
    <div className="bl-selection" role="group" aria-label={_('Transfers')}>
      <span>{sending.name}</span>
      <progress max={Math.max(1, sending.size)} value={sending.sent} aria-label={_('Progress of {name}', { name: sending.name })} />
      {sending.waiting > 0 && <span className="bl-soft">{ngettext('{n} to go', '{n} to go', sending.waiting)}</span>}
      <span className="bl-grow" />
      <Button variant="link" size="sm" onClick={onCancel}>{_('Cancel')}</Button>
    </div>
  );
}
