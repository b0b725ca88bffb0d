// SPDX-License-Identifier: Apache-2.0
// Text between both sides: by the clipboards, or typed.
import { useEffect, useRef, useState } from 'react';
import { errorText } from '../lib/words';
import { _ } from '../lib/i18n';
import { CloseIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import { localPermission, readDevice, readLocal, writeDevice } from './clipboard';

interface Props {
  /** Null where the clipboard of the device cannot be reached: text can be typed. */
  nodeId: string | null;
  viewOnly: boolean;
  inStep: boolean;
  onInStep: (on: boolean) => void;
  onType: (text: string) => Promise<void>;
  onClose: () => void;
}

export function ClipboardPanel({ nodeId, viewOnly, inStep, onInStep, onType, onClose }: Props) {
  const [text, setText] = useState('');
  const [state, setState] = useState<{ text: string; bad: boolean } | null>(null);
  const [permission, setPermission] = useState<Awaited<ReturnType<typeof localPermission>>>('unknown');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    void localPermission().then(setPermission);
    field.current?.focus();
  }, []);
  const run = (work: () => Promise<string>) => {
    setState(null);
    work().then((done) => setState({ text: done, bad: false }), (error: unknown) => setState({ text: errorText(error), bad: true }));
  };
  const send = () => run(async () => { await writeDevice(nodeId!, text); return _('The text is on the clipboard of the device.'); });
  const paste = () => run(async () => {
    const local = await readLocal().catch(() => { throw new Error(_('The browser does not let this page read the clipboard. Paste the text into the field.')); });
    setText(local);
    await writeDevice(nodeId!, local);
    return _('Your clipboard is on the device now.');
  });
  const fetch = () => run(async () => {
    const remote = await readDevice(nodeId!);
    setText(remote);
    if (!remote) return _('The clipboard of the device holds no text.');
    const copied = await navigator.clipboard?.writeText(remote).then(() => true, () => false);
    return copied ? _('The text of the device is on your clipboard.') : _('Here is the text of the device; the browser did not allow to copy it.');
  });
  return (
    <div className="bl-desk-panel" role="group" aria-label={_('Text and clipboard')} onKeyDown={(e) => { if (e.key === 'Escape') onClose(); }}>
      <textarea ref={field} value={text} aria-label={_('Text for the device')} placeholder={_('Text to send to the device, or text that came from it')} onChange={(e) => setText(e.target.value)} />
      <div className="bl-desk-row">
        {nodeId && <Button variant="primary" size="sm" isDisabled={viewOnly || !text} onClick={send}>{_('Onto its clipboard')}</Button>}
        <Button variant="secondary" size="sm" isDisabled={viewOnly || !text} onClick={() => run(async () => { await onType(text); return _('The text has been typed.'); })}>{_('Type it')}</Button>
        {nodeId && permission !== 'denied' && <Button variant="link" size="sm" isDisabled={viewOnly} onClick={paste}>{_('Send my clipboard')}</Button>}
        {nodeId && <Button variant="link" size="sm" isDisabled={viewOnly} onClick={fetch}>{_('Get its clipboard')}</Button>}
        {nodeId && <label><input type="checkbox" checked={inStep} disabled={viewOnly || permission === 'denied'} onChange={(e) => onInStep(e.target.checked)} />{_('Keep both in step')}</label>}
        <span className="bl-grow" />
        <Button variant="plain" aria-label={_('Close')} icon={<CloseIcon />} onClick={onClose} />
      </div>
      <p role="status" className={state?.bad ? 'bl-bad' : 'bl-soft'}>
        {state?.text ?? (!nodeId ? '' : permission === 'denied' ? _('The browser does not let this page read the clipboard. Paste the text into the field.')
          : permission === 'prompt' ? _('The browser will ask whether this page may read the clipboard.') : '')}
      </p>
    </div>
  );
}
