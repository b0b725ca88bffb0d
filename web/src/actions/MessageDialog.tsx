// SPDX-License-Identifier: Apache-2.0
// Tells the person at the device something: a short notice, a window, or a web page.
import { useState } from 'react';
import { change } from '../app/session';
import { showDone } from '../app/Toasts';
import { SelectField, TextField, Help } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import { FormGroup, TextArea } from '../lib/pf';
import { errorText } from '../lib/words';
import { allows, RIGHT } from '../store/model';
import { deviceRights } from '../store/reduce';
import { store } from '../store/store';
import { isWebAddress } from './parse';
import { TargetNote, targetProblem } from './TargetNote';
import { inTurns, type Targets } from './targets';

type Way = 'toast' | 'box' | 'url';

const TEXT_LIMIT = 4096;
const AT_ONCE = 8;
const SHOWN_MS = 120_000;

async function sendEach(targets: Targets, message: (id: string) => { action: string; [field: string]: unknown }): Promise<void> {
  const problems: string[] = [];
  await inTurns(targets.ready, AT_ONCE, async (device) => {
    await change(message(device.id)).catch((error: unknown) => { problems.push(`${device.name}: ${errorText(error)}`); });
  });
  if (problems.length > 0) throw new Error(problems.slice(0, 5).join(' '));
}

export function MessageDialog({ targets, onClose }: { targets: Targets; onClose: () => void }) {
  const control = targets.ready.every((d) => allows(deviceRights(store.state, d), RIGHT.remoteControl));
  const [way, setWay] = useState<Way>('toast');
  const [title, setTitle] = useState('');
  const [text, setText] = useState('');
  const [url, setUrl] = useState('https://');
  const ways: (readonly [Way, string])[] = [['toast', _('Notice that goes away by itself')],
    ...(control ? [['box', _('Window with a button')], ['url', _('Open a web page')]] as const : [])];
  const problem = targetProblem(targets) ?? (way === 'url' ? (isWebAddress(url.trim()) ? null : _('Enter an address that begins with https:// or http://.'))
    : text.trim() ? null : _('Write the message.'));
  const submit = async () => {
    const heading = title.trim() || 'Bowline';
    if (way === 'toast') await change({ action: 'toast', nodeids: targets.ready.map((d) => d.id), title: heading, msg: text });
    else if (way === 'box') await sendEach(targets, (nodeid) => ({ action: 'msg', type: 'messagebox', nodeid, title: heading, msg: text, timeout: SHOWN_MS }));
    else await sendEach(targets, (nodeid) => ({ action: 'msg', type: 'openUrl', nodeid, url: url.trim() }));
    showDone(ngettext('Sent to {n} device.', 'Sent to {n} devices.', targets.ready.length));
  };
  const one = targets.ready.length === 1 ? targets.ready[0] : null;
  return (
    <FormDialog title={one ? _('Message to {name}', { name: one.name }) : _('Message to devices')} action={_('Send')} problem={problem} onSubmit={submit} onClose={onClose}>
      <TargetNote targets={targets} />
      <SelectField id="message-way" label={_('How it is shown')} value={way} onChange={setWay} options={ways} />
      {way === 'url' ? <TextField id="message-url" label={_('Address')} type="url" value={url} onChange={setUrl} required autoFocus maxLength={2048} />
        : (
          <>
            <TextField id="message-title" label={_('Title')} value={title} onChange={setTitle} maxLength={128} />
            <FormGroup label={_('Message')} fieldId="message-text" isRequired>
              <TextArea id="message-text" value={text} onChange={(_event, v) => setText(v)} rows={4} maxLength={TEXT_LIMIT} resizeOrientation="vertical" autoFocus />
              <Help>{_('Whoever is signed in at the device sees it.')}</Help>
            </FormGroup>
          </>
        )}
    </FormDialog>
  );
}
