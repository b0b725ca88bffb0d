// SPDX-License-Identifier: Apache-2.0
// Removing a group removes its devices: the name must be typed first.
import { useState } from 'react';
import { change } from '../app/session';
import { FormDialog } from '../lib/FormDialog';
import { _, ngettext } from '../lib/i18n';
import { FormGroup, TextInput } from '../lib/pf';
import type { Group } from '../store/model';

export function DeleteGroupDialog({ group, devices, onClose }: { group: Group; devices: number; onClose: () => void }) {
  const [typed, setTyped] = useState('');
  const submit = async () => { await change({ action: 'deletemesh', meshid: group.id }); };
  return (
    <FormDialog danger title={_('Delete the group “{name}”?', { name: group.name })} action={_('Delete')} onSubmit={submit} onClose={onClose}
      problem={typed.trim() === group.name ? null : _('Type the name of the group to confirm.')}>
      <p>{devices === 0 ? _('The group has no devices.')
        : ngettext('Its {n} device is removed too, with everything stored about it.', 'Its {n} devices are removed too, with everything stored about them.', devices)}</p>
      <FormGroup label={_('Name of the group')} fieldId="delete-name">
        <TextInput id="delete-name" value={typed} onChange={(_event, value) => setTyped(value)} autoFocus autoComplete="off" placeholder={group.name} />
      </FormGroup>
    </FormDialog>
  );
}
