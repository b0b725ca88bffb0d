// SPDX-License-Identifier: Apache-2.0
// Who the device is and how it is doing, above its tabs.
import { useState } from 'react';
import { Action, type OpenAction } from '../actions/Action';
import { mayAct, needsAgent, type ActionKind } from '../actions/targets';
import { chatWithDevice } from '../actions/chat';
import { loadMore } from '../app/lazy';
import { Link } from '../app/router';
import { Alert } from '../lib/Alert';
import { formatAgo, formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _ } from '../lib/i18n';
import { ActionMenu, type MenuEntry } from '../lib/ActionMenu';
import { Button } from '../lib/pf';
import { allows, hasAgent, isOnline, RIGHT, type Device } from '../store/model';
import { useStore } from '../store/store';

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

/** What may be done with the device now, by the account's rights. */
export function deviceEntries(device: Device, rights: number, open: (kind: ActionKind) => void): MenuEntry[][] {
  const entry = (kind: ActionKind, label: string, danger = false): MenuEntry[] => (mayAct(rights, kind)
    ? [{ label, danger, onClick: () => open(kind), unless: needsAgent(kind) && !hasAgent(device) ? _('The device is not connected.') : null }] : []);
  return [
    [...entry('run', _('Run a command')), ...entry('message', _('Send a message')), ...chatEntry(device, rights), ...entry('share', _('Guest links'))],
    [...(hasAgent(device) ? [] : entry('wake', _('Wake'))), ...entry('restart', _('Restart')), ...entry('sleep', _('Sleep')), ...entry('off', _('Switch off'))],
    [...entry('edit', _('Change name, description, tags')), ...entry('move', _('Move to another group')), ...entry('access', _('Who may use it'))],
    entry('remove', _('Remove the device'), true),
  ];
}

function chatEntry(device: Device, rights: number): MenuEntry[] {
  return allows(rights, RIGHT.notify)
    ? [{ label: _('Chat'), onClick: () => chatWithDevice(device.id, device.name), unless: hasAgent(device) ? null : _('The device is not connected.') }] : [];
}

function DeviceMenu({ device, rights }: { device: Device; rights: number }) {
  const [open, setOpen] = useState<OpenAction | null>(null);
  const sections = deviceEntries(device, rights, (kind) => setOpen({ kind, devices: [device] }));
  const wakes = !hasAgent(device) && mayAct(rights, 'wake');
  return (
    <span className="bl-head-actions" onPointerEnter={() => void loadMore().catch(() => undefined)}>
      {wakes && <Button variant="secondary" onClick={() => setOpen({ kind: 'wake', devices: [device] })}>{_('Wake')}</Button>}
      <ActionMenu label={_('More about {name}', { name: device.name })} text={_('Actions')} sections={sections} />
      <Action open={open} onClose={() => setOpen(null)} />
    </span>
  );
}
