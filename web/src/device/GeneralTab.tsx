// SPDX-License-Identifier: Apache-2.0
// Cards about the device: state, system, hardware, storage, network. They are
// filled from what is stored, so they work while it is offline.
import { useEffect, useState } from 'react';
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
import { DetailsBar } from './DetailsBar';
import { hardwareItems, interfaces, systemItems, volumes, type Item } from './details';
import { batteries, displays, drives, healthText, memoryModules, nameServers, partRows, securityChip, virtualText, type Section } from './hardware';
import { Card, DriveList, Items, Network, PartList, VolumeBar } from './PartCards';

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
  const { system: answer } = details;
  const virtual = virtualText(answer);
  const hardware: Item[] = [...hardwareItems(answer), [_('Virtual'), virtual], [_('Security chip (TPM)'), securityChip(answer)]];
  const system: Item[] = [[_('System'), device.os], ...systemItems(answer), [_('Host name'), device.hostName], [_('Users'), device.users.join(', ') || (isOnline(device) ? _('nobody is signed in') : '')]];
  const parts = { drives: drives(answer), modules: memoryModules(answer), screens: displays(answer), cells: batteries(answer) };
  const nets = interfaces(details.network);
  const disks = volumes(answer);
  const servers = nameServers(answer);
  const failing = parts.drives.filter((d) => d.health === 'failing');
  const sections: Section[] = [
    [_('System'), system], [_('Hardware'), hardware], [_('Memory modules'), partRows(parts.modules)],
    [_('Drives'), parts.drives.map((d): Item => [d.name, [d.note, d.health === 'unknown' ? '' : healthText(d.health), ...d.reasons, ...d.items.map(([label, value]) => `${label}: ${value}`)].filter(Boolean).join(', ')])],
    [_('Volumes'), disks.map((v): Item => [v.name, [v.type, v.note, v.size > 0 ? _('{free} free of {size}', { free: formatBytes(v.available), size: formatBytes(v.size) }) : _('does not answer')].filter(Boolean).join(', ')])],
    [_('Network'), [...nets.map((n): Item => [n.name, [n.up ? _('up') : _('down'), n.mac, ...n.addresses, ...n.gateways.map((address) => _('Gateway {address}', { address }))].filter(Boolean).join(', ')]), [_('Name servers'), servers.join(', ')]]],
    [_('Displays'), partRows(parts.screens)], [_('Batteries'), partRows(parts.cells)],
  ];
  return (
    <div className="bl-scroll bl-general">
      {details.error && <Alert isInline variant="warning" title={_('The stored details could not be loaded: {error}', { error: details.error })} />}
      {failing.length > 0 && <div className="bl-general-alert"><Alert isInline variant="danger" title={_('A drive is about to fail: {name}', { name: failing.map((d) => d.name).join(', ') })}>{_('Save what is on it and replace it.')}</Alert></div>}
      {allowed && details.loaded && <DetailsBar device={device} time={Number(answer?.['time']) || 0} sections={sections} raw={{ name: device.name, id: device.id, system: answer?.['hardware'], network: details.network?.['netif2'] ?? details.network?.['netif'] }} />}
      <div className="bl-cards">
        <StateCard device={device} details={details} />
        <Card title={_('System')}><Items items={system} /></Card>
        <Card title={_('Hardware')}>
          {hardware.some(([, value]) => value) ? <Items items={hardware} /> : <Nothing loaded={details.loaded} allowed={allowed} />}
        </Card>
        {parts.drives.length > 0 && <Card title={_('Drives')}><DriveList drives={parts.drives} /></Card>}
        {disks.length > 0 && <Card title={_('Volumes')}>{disks.map((v) => <VolumeBar key={v.name} volume={v} />)}</Card>}
        <Card title={_('Network')} wide={nets.length > 2}>
          {nets.length > 0 ? <ul className="bl-nets">{nets.map((n) => <Network key={n.name} net={n} />)}</ul> : <Nothing loaded={details.loaded} allowed={allowed} />}
          {servers.length > 0 && <Items items={[[_('Name servers'), servers.join(', ')]]} />}
        </Card>
        {parts.modules.length > 0 && <Card title={_('Memory modules')}><PartList parts={parts.modules} /></Card>}
        {parts.screens.length > 0 && <Card title={_('Displays')}><PartList parts={parts.screens} /></Card>}
        {parts.cells.length > 0 && <Card title={_('Batteries')}><PartList parts={parts.cells} /></Card>}
        {allows(rights, RIGHT.notes) && <Card title={_('Notes')}><Notes id={device.id} /></Card>}
      </div>
    </div>
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
