// SPDX-License-Identifier: Apache-2.0
// The tree of the server's files, read again whenever the server says that it changed, and what is being sent.
import { useCallback, useEffect, useRef, useState } from 'react';
import { change, onMessage } from '../app/session';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { readOwners, type Owner } from './tree';
import { sendFile, type Sending } from './upload';

export interface ServerFiles {
  owners: readonly Owner[] | null;
  error: string | null;
  reload: () => void;
  operate: (operation: Record<string, unknown>) => Promise<void>;
  sending: Sending | null;
  /** Rejects when one of them could not be sent; the others behind it are not sent. */
  send: (owner: Owner, path: string, files: readonly File[]) => Promise<void>;
  cancel: () => void;
}

export function useServerFiles(): ServerFiles {
  const { data, error, reload } = useLoad(async () => readOwners((await change({ action: 'files' }))['filetree']), []);
  const [sending, setSending] = useState<Sending | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => onMessage((message) => {
    const event = message['event'] as { action?: unknown } | undefined;
    if (message.action === 'event' && event?.action === 'updatefiles') reload();
  }), [reload]);
  useEffect(() => () => abort.current?.abort(), []);

  const operate = useCallback(async (operation: Record<string, unknown>) => {
    await change({ action: 'fileoperation', ...operation });
  }, []);
  const send = useCallback(async (owner: Owner, path: string, files: readonly File[]) => {
    if (abort.current) return;
    const control = new AbortController();
    abort.current = control;
    try {
      for (const [i, file] of files.entries()) {
        await sendFile(owner, path, file, control.signal, (sent) =>
          setSending({ name: file.name, sent, size: file.size, waiting: files.length - i - 1 }));
      }
    } catch (e) {
      if (!control.signal.aborted) throw new Error(errorText(e));
    } finally {
      abort.current = null;
      setSending(null);
    }
  }, []);
  return { owners: data, error, reload, operate, sending, send, cancel: () => abort.current?.abort() };
}
