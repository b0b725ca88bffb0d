// SPDX-License-Identifier: Apache-2.0
// Who the device is and how it is doing, above its tabs.
import { useState } from 'react';
import { Link } from '../app/router';
import { Alert } from '../lib/Alert';
import { formatAgo, formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { KebabIcon } from '../lib/icons';
import { Dropdown, DropdownItem, DropdownList, MenuToggle, type MenuToggleElement } from '../lib/pf';
import { allows, isOnline, RIGHT, type Device } from '../store/model';
import { useStore } from '../store/store';
import { EditDeviceDialog, RemoveDeviceDialog } from './DeviceDialogs';

export function DeviceHeader({ device, rights }: { device: Device; rights: number }) {
  const group = useStore((s) => s.groups.get(device.groupId));
  const seen = useStore((s) => s.lastConnects[device.id]) ?? device.connectedAt;
  const now = useNow(30_000);
  const online = isOnline(device);
  const facts = [device.os, device.address, device.users.join(', ')].filter(Boolean);
  return (
    <header className="bl-device-head">
      <div className="bl-device-title">
        <h1>{device.name}</h1>
        <span className={online ? 'bl-state bl-state-on' : 'bl-state'} role="status">
          <span className={online ? 'bl-dot bl-on' : 'bl-dot'} aria-hidden="true" />
          {online ? _('Online') : seen ? _('Offline, last seen {when}', { when: formatAgo(seen, now) }) : _('Offline')}
        </span>
        <span className="bl-grow" />
        <DeviceMenu device={device} rights={rights} />
      </div>
      <p className="bl-soft bl-facts" title={!online && seen ? formatTime(seen) : undefined}>
        {group && <Link to={`/?${new URLSearchParams({ q: `group:"${group.name}"` })}`}>{group.name}</Link>}
        {facts.map((f) => <span key={f}>{f}</span>)}
        {device.tags.map((t) => <Link key={`tag ${t}`} to={`/?${new URLSearchParams({ q: `tag:"${t}"` })}`} className="bl-tag">{t}</Link>)}
      </p>
      {device.help.map((h) => (
        <Alert key={h.user} className="bl-help" isInline variant="warning" title={_('{user} asks for help', { user: h.user })}>{h.text}</Alert>
      ))}
    </header>
  );
}

function DeviceMenu({ device, rights }: { device: Device; rights: number }) {
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<'edit' | 'remove' | null>(null);
  const mayEdit = allows(rights, RIGHT.manageDevices);
  const mayRemove = allows(rights, RIGHT.removeDevice);
  if (!mayEdit && !mayRemove) return null;
  return (
    <>
      <Dropdown isOpen={open} onOpenChange={setOpen} onSelect={() => setOpen(false)} popperProps={{ position: 'end' }}
        toggle={(ref: React.Ref<MenuToggleElement>) => (
          <MenuToggle ref={ref} variant="plain" isExpanded={open} onClick={() => setOpen(!open)} aria-label={_('More about {name}', { name: device.name })} icon={<KebabIcon />} />
        )}>
        <DropdownList>
          {mayEdit && <DropdownItem onClick={() => setDialog('edit')}>{_('Change name, description, tags')}</DropdownItem>}
          {mayRemove && <DropdownItem isDanger onClick={() => setDialog('remove')}>{_('Remove the device')}</DropdownItem>}
        </DropdownList>
      </Dropdown>
      {dialog === 'edit' && <EditDeviceDialog device={device} onClose={() => setDialog(null)} />}
      {dialog === 'remove' && <RemoveDeviceDialog device={device} onClose={() => setDialog(null)} />}
    </>
  );
}
