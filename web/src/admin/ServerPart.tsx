// SPDX-License-Identifier: Apache-2.0
// The server: what it is busy with now and was in the last day, its certificate and version.
import { useEffect, useState, type ReactNode } from 'react';
import { client, onMessage, useChannel } from '../app/session';
import { FEATURE_UNTRUSTED } from '../control/types';
import { formatBytes, formatTime } from '../lib/format';
import { _, localeTag } from '../lib/i18n';
import { Busy, LoadState } from '../lib/Loading';
import { SITE, unsigned } from '../lib/rights';
import { useLoad } from '../lib/useLoad';
import { isDoc, number, text } from '../store/model';
import { useStore } from '../store/store';
import { readSamples, type Sample } from './stats';

const EVERY_MS = 5000;
const HOURS = 24;

interface Now {
  memory: number;
  free: number;
  load: number[];
  counts: Record<string, number>;
}

function readNow(message: Record<string, unknown>): Now {
  const values = isDoc(message['values']) ? message['values'] : {};
  const counts = isDoc(values['ServerState']) ? values['ServerState'] : {};
  const load: unknown[] = Array.isArray(message['cpuavg']) ? message['cpuavg'] : [];
  return { memory: number(message['totalmem']), free: number(message['availablemem']) || number(message['freemem']), load: load.map(number),
    counts: Object.fromEntries(Object.entries(counts).map(([k, v]) => [k, number(v)])) };
}

/** The server goes on telling until another interval is asked for. */
function useNowNumbers(): Now | null {
  const [now, setNow] = useState<Now | null>(null);
  const connected = useChannel().state === 'open';
  useEffect(() => {
    if (!connected) return undefined;
    const end = onMessage((message) => { if (message.action === 'serverstats') setNow(readNow(message)); });
    client.send({ action: 'serverstats', interval: EVERY_MS });
    return () => {
      end();
      client.send({ action: 'serverstats', interval: 0 });
    };
  }, [connected]);
  return now;
}

export function ServerPart() {
  const now = useNowNumbers();
  const history = useLoad(async () => readSamples((await client.request({ action: 'servertimelinestats', hours: HOURS }))['events']), []);
  return (
    <div className="bl-sections">
      <section className="bl-card" aria-label={_('Now')}><h2>{_('Now')}</h2>{now ? <Numbers now={now} /> : <Busy label={_('Loading the numbers')} />}</section>
      <Identity />
      <section className="bl-card bl-card-all" aria-label={_('The last day')}>
        <h2>{_('The last day')}</h2>
        <LoadState load={history} what={_('Loading the numbers')}>
          {(samples) => (samples.length < 2 ? <p className="bl-soft">{_('The server has not run long enough.')}</p> : <Charts samples={samples} />)}
        </LoadState>
      </section>
    </div>
  );
}

function Numbers({ now }: { now: Now }) {
  const n = (key: string) => (now.counts[key] ?? 0).toLocaleString(localeTag());
  const items: [string, ReactNode][] = [
    [_('Connected agents'), n('AgentSessions')], [_('Device groups'), n('DeviceGroups')], [_('Accounts'), n('UserAccounts')], [_('Connected accounts'), n('ConnectedUsers')],
    [_('Sessions of pages and tools'), n('UsersSessions')], [_('Sessions to devices'), n('RelaySessions')], [_('Sessions since the start'), n('RelayCount')],
    [_('Free memory'), _('{free} free of {size}', { free: formatBytes(now.free), size: formatBytes(now.memory) })],
    [_('Load'), now.load.map((l) => l.toLocaleString(localeTag(), { maximumFractionDigits: 2 })).join(' · ')],
  ];
  return <dl className="bl-items">{items.map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}</dl>;
}

function Identity() {
  const server = useStore((s) => s.server);
  const full = useStore((s) => unsigned(s.user?.siteadmin) === SITE.full);
  const version = useLoad(async () => {
    if (!full) return '';
    const { tags } = await client.request({ action: 'serverversion' });
    return isDoc(tags) ? text(tags['current']) : '';
  }, [full]);
  const trusted = (unsigned(server?.features) & FEATURE_UNTRUSTED) === 0;
  const expire = number(server?.['certExpire']);
  const items = [
    [_('Name'), `${text(server?.['name'])}:${number(server?.['port'])}`], [_('Version'), version.data ?? ''],
    [_('Certificate'), trusted ? _('trusted by browsers') : _('made by the server itself; agents check its key instead')],
    [_('Valid until'), expire ? formatTime(expire) : ''], [_('Key that agents check'), text(server?.['agentCertHash'])],
  ] as const;
  return (
    <section className="bl-card" aria-label={_('Identity')}>
      <h2>{_('Identity')}</h2>
      <dl className="bl-items">{items.filter(([, v]) => v).map(([label, value]) => <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

function Charts({ samples }: { samples: readonly Sample[] }) {
  return (
    <div className="bl-charts">
      <Line label={_('Connected agents')} samples={samples} value={(s) => s.agents} format={(v) => v.toLocaleString(localeTag())} />
      <Line label={_('Sessions of pages and tools')} samples={samples} value={(s) => s.users} format={(v) => v.toLocaleString(localeTag())} />
      <Line label={_('Sessions to devices')} samples={samples} value={(s) => s.relays} format={(v) => v.toLocaleString(localeTag())} />
      <Line label={_('Memory of the server')} samples={samples} value={(s) => s.memory} format={formatBytes} />
    </div>
  );
}

const WIDTH = 300;
const HEIGHT = 60;

function Line({ label, samples, value, format }: { label: string; samples: readonly Sample[]; value: (s: Sample) => number; format: (value: number) => string }) {
  const first = samples[0]!.time;
  const span = Math.max(1, samples.at(-1)!.time - first);
  const top = Math.max(1, ...samples.map(value));
  const points = samples.map((s) => `${((s.time - first) / span * WIDTH).toFixed(1)},${(HEIGHT - value(s) / top * (HEIGHT - 2) - 1).toFixed(1)}`).join(' ');
  const last = format(value(samples.at(-1)!));
  return (
    <figure className="bl-chart">
      <figcaption><span>{label}</span><b>{last}</b></figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={_('{label}: now {now}, at most {most}', { label, now: last, most: format(top) })}><polyline points={points} /></svg>
      <span className="bl-soft">{_('at most {most}', { most: format(top) })}</span>
    </figure>
  );
}
