// SPDX-License-Identifier: Apache-2.0
// Creates a device group, or changes one's name and description.
import { useState } from 'react';
import { change } from '../app/session';
import { FormDialog } from '../lib/FormDialog';
import { _ } from '../lib/i18n';
import { FormGroup, TextArea, TextInput } from '../lib/pf';
import type { Group } from '../store/model';

const NAME_LIMIT = 128;

interface Props {
  group?: Group;
  onClose: () => void;
  onCreated?: (groupId: string) => void;
}

export function GroupDialog({ group, onClose, onCreated }: Props) {
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const submit = async () => {
    if (group) {
      await change({ action: 'editmesh', meshid: group.id, meshname: name.trim(), desc: description });
      return;
    }
    const answer = await change({ action: 'createmesh', meshname: name.trim(), meshtype: 2, desc: description });
    if (typeof answer['meshid'] === 'string') onCreated?.(answer['meshid']);
  };
  return (
    <FormDialog
      title={group ? _('Change the group') : _('Create a device group')}
      action={group ? _('Save') : _('Create')}
      problem={name.trim() ? null : _('Give the group a name.')}
      onSubmit={submit} onClose={onClose}
    >
      <FormGroup label={_('Name')} fieldId="group-name" isRequired>
        <TextInput id="group-name" value={name} onChange={(_event, value) => setName(value)} maxLength={NAME_LIMIT} autoFocus autoComplete="off" />
      </FormGroup>
      <FormGroup label={_('Description')} fieldId="group-description">
        <TextArea id="group-description" value={description} onChange={(_event, value) => setDescription(value)} rows={3} resizeOrientation="vertical" />
      </FormGroup>
    </FormDialog>
  );
}
