// SPDX-License-Identifier: Apache-2.0
// Cards about the device: state, system, hardware, storage, network. They are
// filled from what is stored, so they work while it is offline.
import { useEffect, useState, type ReactNode } from 'react';
import { client, useChannel } from '../app/session';
import type { Message } from '../control/types';
import { formatAgo, formatBytes, formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _, ngettext } from '../lib/i18n';
import { Alert } from '../lib/Alert';
import { errorText } from '../lib/words';
import { allows, isOnline, RIGHT, shortId, type Device } from '../store/model';
import { useStore } from '../store/store';
import { Notes } from './NotesCard';
import { hardwareItems, interfaces, systemItems, volumes, type Interface, type Item } from './details';

interface Details {
  system: Message | null;
  network: Message | null;
  last: Message | null;
  error: string | null;
  loaded: boolean;
}

const NONE: Details = { system: null, network: null, last: null, error: null, loaded: false };

function useDetails(device: Device, allowed: boolean): Details {
  const [details, setDetails] = useState<Details>(NONE);
  const revision = useStore((s) => s.details[device.id] ?? 0);
  const online = isOnline(device);
  const connected = useChannel().state === 'open';
  useEffect(() => {
    if (!connected) return undefined;
    let current = true;
    const ask = (action: string) => client.request({ action, nodeid: device.id, ...(action === 'getsysinfo' ? { nodeinfo: false } : {}) });
    const none = Promise.resolve(null);
    Promise.all([allowed ? ask('getsysinfo') : none, allowed ? ask('getnetworkinfo') : none, ask('lastconnect')]).then(
      ([system, network, last]) => { if (current) setDetails({ system, network, last, error: null, loaded: true }); },
      (error) => { if (current) setDetails((old) => ({ ...old, error: errorText(error), loaded: true })); },
    );
    return () => { current = false; };
  }, [device.id, allowed, revision, online, connected]);
  return details;
}

export function GeneralTab({ device, rights }: { device: Device; rights: number }) {
  const allowed = allows(rights, RIGHT.details);
  const details = useDetails(device, allowed);
  const hardware = hardwareItems(details.system);
  const system: Item[] = [[_('System'), device.os], ...systemItems(details.system), [_('Host name'), device.hostName], [_('Users'), device.users.join(', ')]];
  const nets = interfaces(details.network);
  const disks = volumes(details.system);
  return (
    <div className="bl-scroll bl-general">
      {details.error && <Alert isInline variant="warning" title={_('The stored details could not be loaded: {error}', { error: details.error })} />}
      <div className="bl-cards">
        <StateCard device={device} details={details} />
        <Card title={_('System')}><Items items={system} /></Card>
        <Card title={_('Hardware')}>
          {hardware.length > 0 ? <Items items={hardware} /> : <Nothing loaded={details.loaded} allowed={allowed} />}
        </Card>
        {disks.length > 0 && <Card title={_('Storage')}>{disks.map((v) => <VolumeBar key={v.name} name={v.name} type={v.type} size={v.size} free={v.available} />)}</Card>}
        <Card title={_('Network')} wide={nets.length > 2}>
          {nets.length > 0 ? <ul className="bl-nets">{nets.map((n) => <Network key={n.name} net={n} />)}</ul> : <Nothing loaded={details.loaded} allowed={allowed} />}
        </Card>
        {allows(rights, RIGHT.notes) && <Card title={_('Notes')}><Notes id={device.id} /></Card>}
      </div>
    </div>
  );
}

function Card({ title, wide, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return <section className={wide ? 'bl-card bl-card-wide' : 'bl-card'} aria-label={title}><h2>{title}</h2>{children}</section>;
}

function Items({ items }: { items: readonly Item[] }) {
  return (
    <dl className="bl-items">
      {items.filter(([, value]) => value).map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

function Nothing({ loaded, allowed }: { loaded: boolean; allowed: boolean }) {
  if (!allowed) return <p className="bl-soft">{_('Your account may not see details of this device.')}</p>;
  return <p className="bl-soft">{loaded ? _('The agent has not reported this yet.') : _('Loading…')}</p>;
}

function StateCard({ device, details }: { device: Device; details: Details }) {
  const now = useNow(30_000);
  const stored = useStore((s) => s.lastConnects[device.id]);
  const group = useStore((s) => s.groups.get(device.groupId));
  const online = isOnline(device);
  const seen = Number(details.last?.['time'] ?? 0) || stored || device.connectedAt;
  const ways = [[1, _('agent')], [2, 'CIRA'], [4, 'AMT'], [8, _('relay')], [16, 'MQTT']] as const;
  const connection = ways.filter(([bit]) => (device.conn & bit) !== 0).map(([, name]) => name).join(', ');
  const sessions = Object.values(device.sessions).reduce((a, b) => a + b, 0);
  const items: Item[] = [
    [_('State'), online ? _('Online') : _('Offline')],
    [online ? _('Connected since') : _('Last seen'), seen ? `${formatTime(seen)} (${formatAgo(seen, now)})` : _('never')],
    [_('Connected by'), connection],
    [_('Address'), device.address || String(details.last?.['addr'] ?? '').replace(/:\d+$/, '')],
    [_('Sessions'), sessions > 0 ? ngettext('{n} session', '{n} sessions', sessions) : ''],
    [_('Device group'), group?.name ?? ''],
    [_('First seen'), device.firstSeen ? formatTime(device.firstSeen) : ''],
    [_('Agent'), device.agentVersion || (device.agentId ? _('type {id}', { id: device.agentId }) : '')],
    [_('Runs as'), device.agentVersion ? (device.agentRoot ? _('administrator') : _('ordinary user')) : ''],
    [_('Description'), device.description],
  ];
  return (
    <Card title={_('Device')}>
      <Items items={items} />
      <details className="bl-more"><summary>{_('Device id')}</summary><code>{shortId(device.id)}</code></details>
    </Card>
  );
}

function VolumeBar({ name, type, size, free }: { name: string; type: string; size: number; free: number }) {
  const used = Math.max(0, size - free);
  const full = used / size > 0.9;
  return (
    <div className="bl-volume">
      <div><b>{name}</b> <span className="bl-soft">{type}</span><span className="bl-grow" /><span>{_('{free} free of {size}', { free: formatBytes(free), size: formatBytes(size) })}</span></div>
      <meter className={full ? 'bl-full' : undefined} min={0} max={size} value={used} aria-label={_('Used space of {name}', { name })} />
    </div>
  );
}

function Network({ net }: { net: Interface }) {
  return (
    <li>
      <span className={net.up ? 'bl-dot bl-on' : 'bl-dot'} role="img" aria-label={net.up ? _('up') : _('down')} />
      <div>
        <b>{net.name}</b> <span className="bl-soft">{net.mac}</span>
        {net.addresses.map((a) => <div key={a} className="bl-address">{a}</div>)}
        {net.gateways.length > 0 && <div className="bl-soft">{_('Gateway {address}', { address: net.gateways.join(', ') })}</div>}
      </div>
    </li>
  );
}
