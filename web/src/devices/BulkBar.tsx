// SPDX-License-Identifier: Apache-2.0
// What can be done with all ticked devices.
import { useState } from 'react';
import { Action, type OpenAction } from '../actions/Action';
import { loadMore } from '../app/lazy';
import { sortTargets, type ActionKind } from '../actions/targets';
import { ActionMenu, type MenuEntry } from '../lib/ActionMenu';
import { _, ngettext } from '../lib/i18n';
import { CloseIcon } from '../lib/icons';
import { Button } from '../lib/pf';
import type { Device } from '../store/model';
import { store } from '../store/store';

export function BulkBar({ devices, onClear }: { devices: readonly Device[]; onClear: () => void }) {
  const [open, setOpen] = useState<OpenAction | null>(null);
  const entry = (kind: ActionKind, label: string, danger = false): MenuEntry | false => {
    const targets = sortTargets(store.state, devices, kind);
    if (targets.ready.length + targets.away.length === 0) return false;
    return { label, danger, onClick: () => setOpen({ kind, devices }), unless: targets.ready.length > 0 ? null : _('None of them is connected.') };
  };
  const run = entry('run', _('Run a command'));
  const message = entry('message', _('Send a message'));
  return (
    <div className="bl-bulk" role="region" aria-label={_('Selected devices')} onPointerEnter={() => void loadMore().catch(() => undefined)}>
      <Button variant="plain" icon={<CloseIcon />} aria-label={_('Select none')} title={_('Select none')} onClick={onClear} />
      <b role="status">{ngettext('{n} selected', '{n} selected', devices.length)}</b>
      <span className="bl-grow" />
      {[run, message].map((e) => e && <Button key={e.label} variant="secondary" isDisabled={Boolean(e.unless)} title={e.unless ?? undefined} className="bl-bulk-wide" onClick={e.onClick}>{e.label}</Button>)}
      <ActionMenu label={_('Actions')} text={_('Actions')} sections={[
        [run, message],
        [entry('wake', _('Wake')), entry('restart', _('Restart')), entry('sleep', _('Sleep')), entry('off', _('Switch off'))],
        [entry('tags', _('Change tags')), entry('move', _('Move to another group'))],
        [entry('remove', _('Remove the devices'), true)],
      ]} />
      <Action open={open} onClose={() => setOpen(null)} />
    </div>
  );
}
