// SPDX-License-Identifier: Apache-2.0
// Notes about a device: free text that everybody with the right sees and changes.
import { useEffect, useState } from 'react';
import { change, client } from '../app/session';
import { Alert } from '../lib/Alert';
import { _ } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import { Button, TextArea } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { text } from '../store/model';

const LIMIT = 16_000;

/** @id: of a device or a device group. */
export function Notes({ id }: { id: string }) {
  const load = useLoad(async () => text((await client.request({ action: 'getNotes', id }))['notes']), [id]);
  return (
    <LoadState load={load} what={_('Loading the notes')}>
      {(notes) => <Editor key={notes} id={id} notes={notes} onSaved={load.reload} />}
    </LoadState>
  );
}

function Editor({ id, notes, onSaved }: { id: string; notes: string; onSaved: () => void }) {
  const [value, setValue] = useState(notes);
  const [state, setState] = useState<{ busy: boolean; error: string | null }>({ busy: false, error: null });
  const changed = value !== notes;
  useEffect(() => {
    if (!changed) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [changed]);
  const save = async () => {
    setState({ busy: true, error: null });
    try {
      await change({ action: 'setNotes', id, notes: value });
      onSaved();
      setState({ busy: false, error: null });
    } catch (error) {
      setState({ busy: false, error: errorText(error) });
    }
  };
  return (
    <>
      <TextArea value={value} onChange={(_event, v) => setValue(v)} aria-label={_('Notes')} placeholder={_('What others should know about it')} rows={4} maxLength={LIMIT} resizeOrientation="vertical" />
      {state.error && <Alert isInline isPlain variant="danger" title={state.error} />}
      {changed && (
        <div className="bl-card-actions">
          <Button variant="primary" size="sm" isLoading={state.busy} isDisabled={state.busy} onClick={() => void save()}>{_('Save')}</Button>
          <Button variant="link" size="sm" onClick={() => setValue(notes)}>{_('Discard')}</Button>
        </div>
      )}
    </>
  );
}
