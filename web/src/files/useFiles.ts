// SPDX-License-Identifier: Apache-2.0
// The files session of a device: tunnel, current folder, and changes in it.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useChannel } from '../app/session';
import type { Tunnel } from '../control/tunnel';
import { openTunnel, type Link } from '../device/connect';
import { errorText } from '../lib/words';
import { _ } from '../lib/i18n';
import { hasAgent, shortId, type Device } from '../store/model';
import { FilesClient, FilesError } from './client';
import { joinPath, type Entry } from './protocol';
import { TransferQueue } from './queue';

const FILES = 5;
const CANCEL_MS = 3000;

export interface FilesView {
  link: Link;
  path: string;
  entries: readonly Entry[] | null;
  loading: boolean;
  error: string | null;
  queue: TransferQueue;
  go: (path: string) => void;
  refresh: () => void;
  reconnect: () => void;
  /** Each resolves when the folder shows the change, and rejects with a reason in words. */
  makeFolder: (name: string) => Promise<void>;
  rename: (from: string, to: string) => Promise<void>;
  remove: (names: readonly string[]) => Promise<void>;
  /** Packing or unpacking on the device: what it is at, '' when it does not say; null when there is none. */
  work: string | null;
  pack: (names: readonly string[], archive: string) => Promise<void>;
  unpack: (archive: string, folder: string) => Promise<void>;
  cancelWork: () => void;
  /** Makes a folder without looking at it, for uploads of whole folders. */
  prepareFolder: (path: string) => void;
  clearError: () => void;
}

function folderKey(device: Device): string {
  return `bowline.folder.${shortId(device.id)}`;
}

function storedFolder(device: Device, fallback: string): string {
  try {
    return localStorage.getItem(folderKey(device)) ?? fallback;
  } catch {
    return fallback;
  }
}

function storeFolder(device: Device, path: string): void {
  try {
    localStorage.setItem(folderKey(device), path);
  } catch {
    // Only a convenience.
  }
}

export function filesErrorText(error: unknown): string {
  if (!(error instanceof FilesError)) return errorText(error);
  switch (error.kind) {
    case 'closed': return _('The session with the device has ended.');
    case 'timeout': return _('The device does not answer.');
    case 'unreadable': return _('“{path}” does not exist or cannot be read.', { path: error.message });
    case 'damaged': return _('It arrived damaged: the file on the device is not the one that was sent. Send it again.');
    case 'differs': return _('It is not what the device has now. If the file does not change all the time, download it again.');
    case 'archive': return error.message ? _('The device refused: {detail}', { detail: error.message }) : _('The agent of this device cannot pack folders.');
    case 'failed': return error.message ? _('The device refused: {detail}', { detail: error.message }) : _('The device could not do this; it may lack permission or space.');
  }
}

export function useFiles(device: Device, root: string): FilesView {
  const [link, setLink] = useState<Link>({ state: 'asking' });
  const [path, setPath] = useState(() => storedFolder(device, root));
  const [entries, setEntries] = useState<readonly Entry[] | null>(null);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<string | null>(null);
  const [work, setWork] = useState<string | null>(null);
  const client = useRef<FilesClient | null>(null);
  const tunnel = useRef<Tunnel | null>(null);
  const wanted = useRef(path);
  const shownPath = useRef(path);
  const refused = useRef(false);

  const load = useCallback(async (target: string): Promise<readonly Entry[] | null> => {
    const current = client.current;
    if (!current) return null;
    wanted.current = target;
    setLoading(true);
    try {
      const list = await current.list(target);
      if (wanted.current !== target) return list;
      shownPath.current = target;
      setPath(target);
      setEntries(list);
      setError(null);
      storeFolder(device, target);
      return list;
    } catch (e) {
      if (wanted.current !== target) return null;
      wanted.current = shownPath.current;
      setError(filesErrorText(e));
      // A remembered folder may be gone: begin at the top instead of nowhere.
      if (e instanceof FilesError && e.kind === 'unreadable' && target === shownPath.current && target !== root) void load(root);
      return null;
    } finally {
      setLoading(false);
    }
  }, [device, root]);

  const loadRef = useRef(load);
  loadRef.current = load;
  const [queue] = useState(() => new TransferQueue((where) => {
    if (where === shownPath.current) void loadRef.current(where);
  }));

  const connect = useCallback(() => {
    tunnel.current?.close();
    setLink({ state: 'asking' });
    const next = openTunnel(device.id, FILES, {
      onState: (state, reason, detail) => {
        if (tunnel.current !== null && tunnel.current !== next) return;
        setLink({ state, reason, detail });
        if (state !== 'closed') return;
        refused.current = reason === 'denied';
        const old = client.current;
        client.current = null;
        queue.setClient(null);
        old?.closed();
        setLoading(false);
      },
      onOpen: () => {
        next.sendText(String(FILES));
        client.current = new FilesClient(next);
        queue.setClient(client.current);
        void loadRef.current(wanted.current);
      },
      onBinary: (data) => client.current?.onBinary(data),
      onJson: (message) => client.current?.onMessage(message),
    });
    tunnel.current = next;
  }, [device.id, queue]);

  const online = hasAgent(device);
  const connected = useChannel().state === 'open';
  // Also after the device or the server was away: listing and uploads go on by themselves.
  useEffect(() => {
    if (!online && !tunnel.current) setLink({ state: 'closed', reason: 'offline' });
    else if (online && connected && !refused.current && (!tunnel.current || tunnel.current.state === 'closed')) connect();
  }, [online, connected, connect]);
  useEffect(() => () => {
    queue.dispose();
    tunnel.current?.close();
    tunnel.current = null;
  }, [connect, queue]);

  /** Changes are not answered by the device: the folder afterwards tells whether they happened. */
  const changeFolder = async (message: Record<string, unknown>, happened: (names: Set<string>) => boolean) => {
    const folder = shownPath.current;
    const current = client.current;
    if (!current) throw new Error(_('The session with the device has ended.'));
    current.takeReason();
    current.send(message);
    const list = await load(folder);
    if (!list || happened(new Set(list.map((e) => e.name)))) return;
    const reason = current.takeReason();
    throw new Error(reason ? _('The device refused: {detail}', { detail: reason }) : _('The device could not do this; it may lack permission or space.'));
  };

  /** Resolves with what the device remarks when it is done. */
  const runWork = (message: Record<string, unknown>) => new Promise<void>((resolve, reject) => {
    const current = client.current;
    const folder = shownPath.current;
    if (!current) { reject(new Error(_('The session with the device has ended.'))); return; }
    setWork('');
    current.work = {
      onProgress: (file) => setWork(file ?? ''),
      onEnd: (problem, remark) => {
        setWork(null);
        void load(folder);
        const detail = problem || remark;
        if (problem === null && remark === null) resolve();
        else reject(new Error(detail ? _('The device says: {detail}', { detail }) : _('The device could not do this; it may lack permission or space.')));
      },
    };
    current.send(message);
  });

  return {
    link, path, entries, loading, error, queue, work,
    go: (target) => void load(target),
    refresh: () => void load(shownPath.current),
    reconnect: connect,
    makeFolder: (name) => changeFolder({ action: 'mkdir', reqid: 0, path: joinPath(path, name) }, (names) => names.has(name)),
    rename: (from, to) => changeFolder({ action: 'rename', reqid: 0, path, oldname: from, newname: to }, (names) => names.has(to) && !names.has(from)),
    remove: (names) => changeFolder({ action: 'rm', reqid: 0, path, delfiles: [...names], rec: true }, (left) => !names.some((n) => left.has(n))),
    pack: (names, archive) => runWork({ action: 'zip', reqid: 0, path, files: [...names], output: archive }),
    unpack: (archive, folder) => runWork({ action: 'unzip', reqid: 0, input: joinPath(path, archive), dest: joinPath(path, folder) }),
    cancelWork: () => {
      const current = client.current;
      const ended = current?.work;
      current?.send({ action: 'cancel', reqid: 0 });
      // An agent that never began does not say either that it ended.
      setTimeout(() => {
        if (!current || !ended || current.work !== ended) return;
        current.work = null;
        ended.onEnd(null, null);
      }, CANCEL_MS);
    },
    prepareFolder: (target) => client.current?.send({ action: 'mkdir', reqid: 0, path: target }),
    clearError: () => setError(null),
  };
}
