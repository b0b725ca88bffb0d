// SPDX-License-Identifier: Apache-2.0
// Links for guests to one device: make one, copy it, see the others, take them back.
import { useEffect, useId, useState, type FormEvent } from 'react';
import { change, client, onMessage } from '../app/session';
import { Alert } from '../lib/Alert';
import { CopyField, copyText } from '../lib/CopyField';
import { CheckField, FieldSet, SelectField, TextField } from '../lib/Fields';
import { formatTime } from '../lib/format';
import { _, localeTag, ngettext } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import QrCode from '../lib/QrCode';
import { Button, Form, Modal, ModalBody, ModalFooter, ModalHeader, ModalVariant } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { errorText } from '../lib/words';
import { allows, isDoc, RIGHT, type Device } from '../store/model';
import { deviceRights } from '../store/reduce';
import { store } from '../store/store';
import { localInput, PROTOCOL, readShares, shareProblem, shareRequest, type Share, type ShareForm, type When } from './share';

export function ShareDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const id = useId();
  const load = useLoad(async () => {
    const answer = await client.request({ action: 'deviceShares', nodeid: device.id }, { accept: () => false });
    return readShares(answer['deviceShares']);
  }, [device.id]);
  const { reload } = load;
  useEffect(() => onMessage((message) => {
    const event = message['event'];
    if (isDoc(event) && event['action'] === 'deviceShareUpdate' && event['nodeid'] === device.id) reload();
  }), [device.id, reload]);
  const [made, setMade] = useState<{ url: string; copied: boolean } | null>(null);
  return (
    <Modal isOpen variant={ModalVariant.medium} onEscapePress={onClose} aria-labelledby={`${id}-title`} position="top" positionOffset="6vh">
      <ModalHeader title={_('Guest links to {name}', { name: device.name })} labelId={`${id}-title`} description={_('Whoever has the link can use what is shared without an account.')} />
      <ModalBody>
        <div className="bl-stack">
          {made ? <Made url={made.url} copied={made.copied} onMore={() => setMade(null)} />
            : <NewShare device={device} onMade={(url, copied) => { setMade({ url, copied }); reload(); }} />}
          <section>
            <h2>{_('Links now')}</h2>
            <LoadState load={load} what={_('Loading the links')}>
              {(list) => (list.length === 0 ? <p className="bl-soft">{_('There is no link to this device.')}</p>
                : <ul className="bl-lines">{list.map((s) => <ShareLine key={s.publicId} device={device} share={s} onGone={reload} />)}</ul>)}
            </LoadState>
          </section>
        </div>
      </ModalBody>
      <ModalFooter><Button variant="secondary" onClick={onClose}>{_('Close')}</Button></ModalFooter>
    </Modal>
  );
}

function Made({ url, copied, onMore }: { url: string; copied: boolean; onMore: () => void }) {
  return (
    <section className="bl-stack" role="status">
      <Alert isInline variant="success" title={copied ? _('The link is ready and has been copied.') : _('The link is ready.')} />
      <CopyField label={_('Guest link')} text={url} />
      <div className="bl-qr-row">
        <QrCode text={url} label={_('Guest link as a QR code')} />
        <Button variant="link" onClick={onMore}>{_('Make another link')}</Button>
      </div>
    </section>
  );
}

function durations(): (readonly [string, string])[] {
  return [['15', ngettext('{n} minute', '{n} minutes', 15)], ['60', ngettext('{n} hour', '{n} hours', 1)], ['480', ngettext('{n} hour', '{n} hours', 8)],
    ['1440', ngettext('{n} hour', '{n} hours', 24)], ['10080', ngettext('{n} day', '{n} days', 7)]];
}

function useForm(device: Device): [ShareForm, (change: Partial<ShareForm>) => void, number] {
  const rights = deviceRights(store.state, device);
  const possible = (allows(rights, RIGHT.remoteControl, RIGHT.noDesktop) ? PROTOCOL.desktop : 0)
    | (allows(rights, RIGHT.remoteControl, RIGHT.noTerminal) ? PROTOCOL.terminal : 0) | (allows(rights, RIGHT.remoteControl, RIGHT.noFiles) ? PROTOCOL.files : 0);
  const [form, setForm] = useState<ShareForm>(() => ({
    guest: _('Guest'), protocols: possible & PROTOCOL.desktop ? PROTOCOL.desktop : possible & -possible, viewOnly: !allows(rights, RIGHT.remoteControl, RIGHT.viewOnly),
    consent: 'no', when: 'now', minutes: 60, start: localInput(Date.now()), end: localInput(Date.now() + 86_400_000),
  }));
  return [form, (fields) => setForm((old) => ({ ...old, ...fields })), possible];
}

function problemWords(problem: ReturnType<typeof shareProblem>): string | null {
  switch (problem) {
    case 'guest': return _('Give the guest a name.');
    case 'protocols': return _('Choose what is shared.');
    case 'start': return _('Enter when it begins.');
    case 'end': return _('Enter when it ends: after its beginning, and in the future.');
    default: return null;
  }
}

function NewShare({ device, onMade }: { device: Device; onMade: (url: string, copied: boolean) => void }) {
  const [form, set, possible] = useForm(device);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const problem = problemWords(shareProblem(form, Date.now()));
    setError(problem);
    if (problem || busy) return;
    setBusy(true);
    try {
      const { url } = await change(shareRequest(device.id, form));
      if (typeof url !== 'string') throw new Error(_('The server made no link.'));
      onMade(url, await copyText(url, null));
    } catch (e) {
      setError(errorText(e));
    }
    setBusy(false);
  };
  return (
    <Form onSubmit={(e) => void submit(e)} noValidate>
      <TextField id="share-guest" label={_('Name of the guest')} value={form.guest} onChange={(guest) => set({ guest })} required maxLength={128} help={_('Shown at the device and in the events.')} />
      <WhatFields form={form} set={set} possible={possible} />
      <TimeFields form={form} set={set} />
      <SelectField id="share-consent" label={_('The person at the device')} value={form.consent} onChange={(consent) => set({ consent })}
        options={[['no', _('is not told')], ['tell', _('is told')], ['ask', _('is asked first')]]} />
      <div role="alert">{error && <Alert isInline isPlain variant="danger" title={error} />}</div>
      <div><Button type="submit" variant="primary" isLoading={busy} isDisabled={busy}>{_('Make the link')}</Button></div>
    </Form>
  );
}

interface PartProps {
  form: ShareForm;
  set: (change: Partial<ShareForm>) => void;
}

function WhatFields({ form, set, possible }: PartProps & { possible: number }) {
  const parts = [[PROTOCOL.desktop, _('Desktop')], [PROTOCOL.terminal, _('Terminal')], [PROTOCOL.files, _('Files')]] as const;
  return (
    <FieldSet label={_('What is shared')}>
      <div className="bl-checks bl-checks-row">
        {parts.filter(([bit]) => (possible & bit) !== 0).map(([bit, label]) => (
          <CheckField key={bit} id={`share-p-${bit}`} label={label} checked={(form.protocols & bit) !== 0} onChange={(on) => set({ protocols: on ? form.protocols | bit : form.protocols & ~bit })} />
        ))}
        {(form.protocols & PROTOCOL.desktop) !== 0 && <CheckField id="share-view" label={_('The desktop is only watched')} checked={form.viewOnly} onChange={(viewOnly) => set({ viewOnly })} />}
      </div>
    </FieldSet>
  );
}

function TimeFields({ form, set }: PartProps) {
  const recurring = form.when === 'daily' || form.when === 'weekly';
  return (
    <div className="bl-fields">
      <SelectField<When> id="share-when" label={_('Open')} value={form.when} onChange={(when) => set({ when })}
        options={[['now', _('from now on')], ['period', _('from … until …')], ['daily', _('every day')], ['weekly', _('every week')], ['always', _('without an end')]]} />
      {(form.when === 'now' || recurring) && (
        <SelectField id="share-minutes" label={_('For')} value={String(form.minutes)} onChange={(v) => set({ minutes: Number(v) })} options={durations().filter(([v]) => form.when !== 'daily' || Number(v) < 1440)} />
      )}
      {(form.when === 'period' || recurring) && <TextField id="share-start" label={recurring ? _('First time') : _('From')} type="datetime-local" value={form.start} onChange={(start) => set({ start })} />}
      {form.when === 'period' && <TextField id="share-end" label={_('Until')} type="datetime-local" value={form.end} onChange={(end) => set({ end })} />}
    </div>
  );
}

function whenWords(share: Share): string {
  const time = (ms: number) => new Date(ms).toLocaleTimeString(localeTag(), { timeStyle: 'short' });
  const length = ngettext('{n} minute', '{n} minutes', share.duration);
  if (share.recurring === 1) return _('every day at {time} for {length}', { time: time(share.start), length });
  if (share.recurring === 2) return _('every {day} at {time} for {length}', { day: new Date(share.start).toLocaleDateString(localeTag(), { weekday: 'long' }), time: time(share.start), length });
  if (share.expire === 0) return _('without an end');
  return share.start > Date.now() ? _('from {start} until {end}', { start: formatTime(share.start), end: formatTime(share.expire) }) : _('until {end}', { end: formatTime(share.expire) });
}

export function whatWords(share: Share): string {
  const words = [share.protocols & PROTOCOL.desktop ? (share.viewOnly ? _('Desktop, only watched') : _('Desktop')) : '', share.protocols & PROTOCOL.terminal ? _('Terminal') : '', share.protocols & PROTOCOL.files ? _('Files') : ''];
  return words.filter(Boolean).join(', ');
}

function ShareLine({ device, share, onGone }: { device: Device; share: Share; onGone: () => void }) {
  const [error, setError] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const remove = () => {
    change({ action: 'removeDeviceShare', nodeid: device.id, publicid: share.publicId }).then(onGone, (e: unknown) => setError(errorText(e)));
  };
  return (
    <li>
      <div className="bl-line-main">
        <b>{share.guest}</b>
        <span className="bl-soft">{whatWords(share)} · {whenWords(share)}</span>
        {error && <span className="bl-bad" role="alert">{error}</span>}
      </div>
      {share.url && <Button variant="secondary" size="sm" onClick={() => void copyText(share.url, null).then(setCopied)} aria-label={_('Copy the link of {name}', { name: share.guest })}>{copied ? _('Copied') : _('Copy')}</Button>}
      <Button variant="secondary" size="sm" isDanger onClick={remove} aria-label={_('Take the link of {name} back', { name: share.guest })}>{_('Take back')}</Button>
    </li>
  );
}
