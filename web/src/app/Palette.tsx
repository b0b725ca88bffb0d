// SPDX-License-Identifier: Apache-2.0
// Ctrl-K: to any device, group or view, and whatever can be done with a device, by a few letters.
import { useId, useMemo, useState, type KeyboardEvent } from 'react';
import type { OpenAction } from '../actions/Action';
import { deviceEntries } from '../device/DeviceHeader';
import { _, C_ } from '../lib/i18n';
import { SearchIcon } from '../lib/icons';
import { Modal, ModalVariant } from '../lib/pf';
import { mayOnSite, SITE } from '../lib/rights';
import { allows, isOnline, maySee, nodeId, RIGHT, type Device } from '../store/model';
import { deviceRights } from '../store/reduce';
import { store, useStore } from '../store/store';
import { paletteEntries, type DeviceDeed, type Entry, type PaletteSource } from './paletteEntries';
import { devicePath, groupPath, navigate, useRoute, type DeviceTab } from './router';

function viewEntries(siteadmin: number | undefined): Entry[] {
  const view = (label: string, path: string): Entry => ({ key: path, label, note: '', run: () => navigate(path) });
  const admin = mayOnSite(siteadmin, SITE.users | SITE.userGroups | SITE.backup | SITE.restore | SITE.update);
  return [view(_('Devices'), '/'), view(_('Groups'), '/groups'), view(_('Events'), '/events'), view(_('My account'), '/account'),
    ...(admin ? [view(C_('navigation', 'Admin'), '/admin')] : [])];
}

function deedsOf(device: Device, open: (action: OpenAction) => void): DeviceDeed[] {
  const rights = deviceRights(store.state, device);
  const tab = (key: DeviceTab, label: string, may: boolean): DeviceDeed[] => (may ? [{ key, label, run: () => navigate(devicePath(device.id, key)) }] : []);
  return [
    ...tab('desktop', _('Desktop'), maySee(rights)),
    ...tab('terminal', _('Terminal'), allows(rights, RIGHT.remoteControl, RIGHT.noTerminal)),
    ...tab('files', _('Files'), allows(rights, RIGHT.remoteControl, RIGHT.noFiles)),
    ...tab('events', _('Events'), true),
    ...deviceEntries(device, rights, (kind) => open({ kind, devices: [device] })).flat()
      .flatMap((entry) => (entry.unless ? [] : [{ key: entry.label, label: entry.label, run: entry.onClick }])),
  ];
}

export default function Palette({ onAction, onClose }: { onAction: (action: OpenAction) => void; onClose: () => void }) {
  const id = useId();
  const route = useRoute();
  const devices = useStore((s) => s.devices);
  const groups = useStore((s) => s.groups);
  const siteadmin = useStore((s) => s.user?.siteadmin);
  const domain = useStore((s) => String(s.server?.['domain'] ?? ''));
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const current = route.view === 'device' ? devices.get(nodeId(route.id, domain)) ?? null : null;
  const source = useMemo((): PaletteSource => ({
    devices, groups, current, views: viewEntries(siteadmin), groupNote: _('Device group'),
    openDevice: (device) => navigate(devicePath(device.id)), openGroup: (group) => navigate(groupPath(group.id)),
    deeds: (device) => deedsOf(device, onAction),
    noteOf: (device) => [groups.get(device.groupId)?.name, isOnline(device) ? _('Online') : _('Offline')].filter(Boolean).join(' · '),
  }), [devices, groups, current, siteadmin, onAction]);
  const entries = useMemo(() => paletteEntries(source, typed), [source, typed]);
  const chosen = Math.min(at, Math.max(0, entries.length - 1));
  const take = (entry: Entry | undefined) => { if (entry) { onClose(); entry.run(); } };
  const move = (to: number) => {
    setAt(to);
    document.getElementById(`${id}-${to}`)?.scrollIntoView({ block: 'nearest' });
  };
  const onKey = (event: KeyboardEvent) => {
    const last = entries.length - 1;
    if (event.key === 'ArrowDown') move(chosen < last ? chosen + 1 : 0);
    else if (event.key === 'ArrowUp') move(chosen > 0 ? chosen - 1 : last);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) take(entries[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal isOpen variant={ModalVariant.small} onEscapePress={onClose} onClose={undefined} aria-label={_('Go to or do something')} position="top" positionOffset="12vh" className="bl-palette">
      <div className="bl-search">
        <SearchIcon />
        <input type="search" role="combobox" aria-expanded aria-controls={`${id}-list`} aria-activedescendant={entries.length > 0 ? `${id}-${chosen}` : undefined} aria-autocomplete="list"
          aria-label={_('Device, group or action')} placeholder={_('Device, group or action')} value={typed} autoFocus autoComplete="off" spellCheck={false}
          onChange={(e) => { setTyped(e.target.value); setAt(0); }} onKeyDown={onKey} />
        <kbd>Esc</kbd>
      </div>
      <ul id={`${id}-list`} role="listbox" aria-label={_('Found')} className="bl-palette-list">
        {entries.map((entry, i) => (
          <li key={entry.key} id={`${id}-${i}`} role="option" aria-selected={i === chosen} onPointerMove={() => { if (i !== chosen) setAt(i); }} onClick={() => take(entry)}>
            <span>{entry.label}</span><span className="bl-soft">{entry.note}</span>
          </li>
        ))}
      </ul>
      <p className={entries.length > 0 ? 'bl-sr' : 'bl-palette-none bl-soft'} role="status">{entries.length > 0 ? '' : _('Nothing has that name.')}</p>
    </Modal>
  );
}
