// SPDX-License-Identifier: Apache-2.0
// Cards of what is inside a device: drives with their health, volumes, network, modules and other parts.
import type { ReactNode } from 'react';
import { formatBytes } from '../lib/format';
import { _ } from '../lib/i18n';
import type { Interface, Item, Volume } from './details';
import { healthText, type Drive, type Part } from './hardware';

export function Card({ title, wide, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return <section className={wide ? 'bl-card bl-card-wide' : 'bl-card'} aria-label={title}><h2>{title}</h2>{children}</section>;
}

export function Items({ items }: { items: readonly Item[] }) {
  return (
    <dl className="bl-items">
      {items.filter(([, value]) => value).map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}
    </dl>
  );
}

export function DriveList({ drives }: { drives: readonly Drive[] }) {
  return <ul className="bl-parts">{drives.map((drive, i) => <DriveRow key={i} drive={drive} />)}</ul>;
}

function DriveRow({ drive }: { drive: Drive }) {
  return (
    <li>
      <div className="bl-part-head">
        <b>{drive.name}</b>
        {drive.health !== 'unknown' && <span className={`bl-health bl-health-${drive.health}`}>{healthText(drive.health)}</span>}
      </div>
      {drive.note && <div className="bl-soft">{drive.note}</div>}
      {drive.reasons.length > 0 && <div className={`bl-why bl-health-${drive.health}`}>{drive.reasons.join('; ')}</div>}
      {drive.items.length > 0 && <details className="bl-more"><summary>{_('More about this drive')}</summary><Items items={drive.items} /></details>}
    </li>
  );
}

export function PartList({ parts }: { parts: readonly Part[] }) {
  return (
    <ul className="bl-parts">
      {parts.map((part, i) => (
        <li key={i}>
          <b>{part.name}</b>
          {part.note && <div className="bl-soft">{part.note}</div>}
          {part.items.length > 0 && <Items items={part.items} />}
        </li>
      ))}
    </ul>
  );
}

export function VolumeBar({ volume: { name, type, size, available, note } }: { volume: Volume }) {
  const used = Math.max(0, size - available);
  const full = used / size > 0.9;
  const kind = [type, note].filter(Boolean).join(', ');
  return (
    <div className="bl-volume">
      <div><b>{name}</b> <span className="bl-soft">{kind}</span><span className="bl-grow" />
        <span className={size > 0 ? undefined : 'bl-soft'}>{size > 0 ? _('{free} free of {size}', { free: formatBytes(available), size: formatBytes(size) }) : _('does not answer')}</span></div>
      {size > 0 && <meter className={full ? 'bl-full' : undefined} min={0} max={size} value={used} aria-label={_('Used space of {name}', { name })} />}
    </div>
  );
}

function speedText(bits: number): string {
  return bits >= 1e9 ? `${bits / 1e9} Gbit/s` : `${Math.round(bits / 1e6)} Mbit/s`;
}

export function Network({ net }: { net: Interface }) {
  return (
    <li>
      <span className={net.up ? 'bl-dot bl-on' : 'bl-dot'} role="img" aria-label={net.up ? _('up') : _('down')} />
      <div>
        <b>{net.name}</b> <span className="bl-soft">{[net.mac, net.speed > 0 ? speedText(net.speed) : ''].filter(Boolean).join(' · ')}</span>
        {net.addresses.map((a) => <div key={a} className="bl-address">{a}</div>)}
        {net.gateways.length > 0 && <div className="bl-soft">{_('Gateway {address}', { address: net.gateways.join(', ') })}</div>}
      </div>
    </li>
  );
}
