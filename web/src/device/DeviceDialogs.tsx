// SPDX-License-Identifier: Apache-2.0
// Changing and removing a device.
import { useState } from 'react';
import { navigate } from '../app/router';
import { change } from '../app/session';
import { showDone } from '../app/Toasts';
import { FormDialog } from '../lib/FormDialog';
import { _ } from '../lib/i18n';
import { FormGroup, FormHelperText, HelperText, HelperTextItem, TextArea, TextInput } from '../lib/pf';
import { isOnline, type Device } from '../store/model';

const NAME_LIMIT = 128;

export function splitTags(text: string): string[] {
  return [...new Set(text.split(',').map((t) => t.trim()).filter(Boolean))];
}

export function EditDeviceDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const [name, setName] = useState(device.name);
  const [description, setDescription] = useState(device.description);
  const [tags, setTags] = useState(device.tags.join(', '));
  const submit = async () => {
    const list = splitTags(tags);
    await change({ action: 'changedevice', nodeid: device.id, name: name.trim(), desc: description, tags: list.length > 0 ? list : '' });
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
        <FormHelperText><HelperText><HelperTextItem>{_('Separated by commas')}</HelperTextItem></HelperText></FormHelperText>
      </FormGroup>
    </FormDialog>
  );
}

export function RemoveDeviceDialog({ device, onClose }: { device: Device; onClose: () => void }) {
  const submit = async () => {
    await change({ action: 'removedevices', nodeids: [device.id] });
    showDone(_('{name} has been removed.', { name: device.name }));
    navigate('/', { replace: true });
  };
  return (
    <FormDialog danger title={_('Remove {name}?', { name: device.name })} action={_('Remove')} problem={null} onSubmit={submit} onClose={onClose}>
      <p>{_('Everything stored about the device is deleted.')}</p>
      {isOnline(device) && <p>{_('Its agent is running: it will be cut off, and comes back as a new device when it connects again.')}</p>}
    </FormDialog>
  );
}
