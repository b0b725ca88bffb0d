// SPDX-License-Identifier: Apache-2.0
// Changing devices: name, description, tags, group; and removing them.
import { useState } from 'react';
import { navigate } from '../app/router';
import { change } from '../app/session';
import { showDone } from '../app/Toasts';
import { CheckField, FieldSet, Help, SelectField, TextField } from '../lib/Fields';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import { FormGroup, TextArea, TextInput } from '../lib/pf';
import { CONSENT } from '../lib/rights';
import { errorText } from '../lib/words';
import { allows, isOnline, RIGHT, type Device, type Group } from '../store/model';
import { groupRights } from '../store/reduce';
import { compareNames } from '../store/rows';
import { store, useStore } from '../store/store';
import { splitTags } from './parse';
import { nameList, TargetNote, targetProblem } from './TargetNote';
import { inTurns, type Targets } from './targets';

const NAME_LIMIT = 128;
const AT_ONCE = 8;

export function EditDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const [name, setName] = useState(device.name);
  const [description, setDescription] = useState(device.description);
  const [tags, setTags] = useState(device.tags.join(', '));
  const [consent, setConsent] = useState(device.consent);
  const submit = async () => {
    const list = splitTags(tags);
    await change({ action: 'changedevice', nodeid: device.id, name: name.trim(), desc: description, tags: list.length > 0 ? list : '',
      ...(consent !== device.consent ? { consent } : {}) });
  };
  return (
    <FormDialog title={_('Change the device')} action={_('Save')} problem={name.trim() ? null : _('Give the device a name.')} onSubmit={submit} onClose={onClose}>
      <FormGroup label={_('Name')} fieldId="device-name" isRequired>
        <TextInput id="device-name" value={name} onChange={(_event, v) => setName(v)} maxLength={NAME_LIMIT} autoFocus autoComplete="off" />
      </FormGroup>
      <FormGroup label={_('Description')} fieldId="device-description">
        <TextArea id="device-description" value={description} onChange={(_event, v) => setDescription(v)} rows={3} resizeOrientation="vertical" />
      </FormGroup>
      <FormGroup label={_('Tags')} fieldId="device-tags">
        <TextInput id="device-tags" value={tags} onChange={(_event, v) => setTags(v)} autoComplete="off" />
        <Help>{_('Separated by commas')}</Help>
      </FormGroup>
      <ConsentFields id="device-consent" value={consent} onChange={setConsent} />
    </FormDialog>
  );
}

/** Whether the person at the device is told of sessions, or asked. */
export function ConsentFields({ id, value, onChange }: { id: string; value: number; onChange: (value: number) => void }) {
  const kinds = [['desktop', _('Desktop')], ['terminal', _('Terminal')], ['files', _('Files')]] as const;
  const set = (kind: 'desktop' | 'terminal' | 'files', level: string) => {
    const { tell, ask } = CONSENT;
    onChange((value & ~(tell[kind] | ask[kind])) | (level === 'ask' ? ask[kind] : level === 'tell' ? tell[kind] : 0));
  };
  return (
    <FieldSet label={_('The person at the device')}>
      <div className="bl-fields">
        {kinds.map(([kind, label]) => (
          <SelectField key={kind} id={`${id}-${kind}`} label={label} onChange={(v) => set(kind, v)}
            value={value & CONSENT.ask[kind] ? 'ask' : value & CONSENT.tell[kind] ? 'tell' : 'no'}
            options={[['no', _('is not told')], ['tell', _('is told')], ['ask', _('is asked first')]]} />
        ))}
      </div>
      <CheckField id={`${id}-bar`} label={_('Sees a bar while the desktop is watched')} checked={(value & CONSENT.bar) !== 0}
        onChange={(on) => onChange(on ? value | CONSENT.bar : value & ~CONSENT.bar)} />
    </FieldSet>
  );
}

export function TagsDialog({ targets, onClose }: { targets: Targets; onClose: () => void }) {
  const [add, setAdd] = useState('');
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const present = [...new Set(targets.ready.flatMap((d) => d.tags))].sort(compareNames);
  const submit = async () => {
    const added = splitTags(add);
    const problems: string[] = [];
    await inTurns(targets.ready, AT_ONCE, async (device) => {
      const tags = [...new Set([...device.tags.filter((t) => !gone.has(t)), ...added])];
      if (tags.length === device.tags.length && tags.every((t, i) => t === device.tags[i])) return;
      await change({ action: 'changedevice', nodeid: device.id, tags: tags.length > 0 ? tags : '' }).catch((e: unknown) => { problems.push(`${device.name}: ${errorText(e)}`); });
    });
    if (problems.length > 0) throw new Error(problems.slice(0, 5).join(' '));
    showDone(ngettext('Tags of {n} device changed.', 'Tags of {n} devices changed.', targets.ready.length));
  };
  const problem = targetProblem(targets) ?? (splitTags(add).length === 0 && gone.size === 0 ? _('Add a tag, or choose one to remove.') : null);
  return (
    <FormDialog title={_('Change tags')} action={_('Save')} problem={problem} onSubmit={submit} onClose={onClose}>
      <TargetNote targets={targets} />
      <TextField id="tags-add" label={_('Add')} value={add} onChange={setAdd} help={_('Separated by commas')} autoFocus />
      {present.length > 0 && (
        <FieldSet label={_('Remove')}>
          <div className="bl-checks">
            {present.map((t) => (
              <CheckField key={t} id={`tag-${t}`} label={t} checked={gone.has(t)} onChange={(on) => {
                const next = new Set(gone);
                if (on) next.add(t);
                else next.delete(t);
                setGone(next);
              }} />
            ))}
          </div>
        </FieldSet>
      )}
    </FormDialog>
  );
}

export function MoveDialog({ targets, onClose }: { targets: Targets; onClose: () => void }) {
  const groups = useStore((s) => s.groups);
  const from = new Set(targets.ready.map((d) => d.groupId));
  const type = groups.get(targets.ready[0]?.groupId ?? '')?.type ?? 2;
  const choices = [...groups.values()].filter((g: Group) => g.type === type && allows(groupRights(store.state, g), RIGHT.manageDevices) && !(from.size === 1 && from.has(g.id)))
    .sort((a, b) => compareNames(a.name, b.name));
  const [target, setTarget] = useState(choices[0]?.id ?? '');
  const moving = targets.ready.filter((d) => d.groupId !== target);
  const submit = async () => {
    await change({ action: 'changeDeviceMesh', nodeids: moving.map((d) => d.id), meshid: target });
    showDone(ngettext('{n} device moved.', '{n} devices moved.', moving.length));
  };
  const problem = targetProblem(targets) ?? (target ? null : _('There is no other group that you may add devices to.'));
  const one = targets.ready.length === 1 ? targets.ready[0] : null;
  return (
    <FormDialog title={one ? _('Move {name} to another group', { name: one.name }) : _('Move devices to another group')} action={_('Move')} problem={problem} onSubmit={submit} onClose={onClose}>
      <TargetNote targets={targets} />
      {choices.length > 0 ? <SelectField id="move-target" label={_('Device group')} value={target} onChange={setTarget} options={choices.map((g) => [g.id, g.name] as const)}
        help={_('The rights of the new group apply at once.')} /> : <p>{_('There is no other group that you may add devices to.')}</p>}
    </FormDialog>
  );
}

export function RemoveDialog({ targets, onClose }: { targets: Targets; onClose: () => void }) {
  const n = targets.ready.length;
  const one = n === 1 ? targets.ready[0]! : null;
  const [sure, setSure] = useState(false);
  const submit = async () => {
    await change({ action: 'removedevices', nodeids: targets.ready.map((d) => d.id) });
    showDone(one ? _('{name} has been removed.', { name: one.name }) : ngettext('{n} device has been removed.', '{n} devices have been removed.', n));
    if (location.pathname.startsWith('/device/')) navigate('/', { replace: true });
  };
  const problem = targetProblem(targets) ?? (one || sure ? null : _('Confirm that you want to remove them.'));
  return (
    <FormDialog danger title={one ? _('Remove {name}?', { name: one.name }) : ngettext('Remove {n} device?', 'Remove {n} devices?', n)} action={_('Remove')} problem={problem} onSubmit={submit} onClose={onClose}>
      <p>{_('Everything stored about the device is deleted.')}</p>
      {targets.ready.some(isOnline) && <p>{_('Its agent is running: it will be cut off, and comes back as a new device when it connects again.')}</p>}
      <TargetNote targets={targets} />
      {!one && <CheckField id="remove-sure" label={_('Yes, remove {names}', { names: nameList(targets.ready) })} checked={sure} onChange={setSure} />}
    </FormDialog>
  );
}
