// SPDX-License-Identifier: Apache-2.0
// A list of events: newest first, live, with filters and pages.
import { useEffect, useMemo, useState } from 'react';
import { devicePath, Link } from '../app/router';
import { client, onMessage } from '../app/session';
import { formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _, localeTag, ngettext } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import { Button } from '../lib/pf';
import { useLoad } from '../lib/useLoad';
import { isDoc } from '../store/model';
import { store } from '../store/store';
import { addEvent, filterEvents, kindNames, readEvent, type EventFilter, type LogEvent } from './model';

const PAGE = 50;
/** What is asked for first, and each time there shall be older ones. */
const FIRST = 200;
const MOST = 10_000;

interface Props {
  nodeId?: string;
  userId?: string;
  /** Whether a pushed event belongs here. */
  belongs: (event: Record<string, unknown>) => boolean;
  /** The device is named in each line. */
  showDevice: boolean;
}

async function askEvents(nodeId: string | undefined, userId: string | undefined, limit: number): Promise<LogEvent[]> {
  const answer = await client.request({ action: 'events', limit, ...(nodeId ? { nodeid: nodeId } : {}), ...(userId ? { userid: userId } : {}) }, { accept: () => false });
  const list = Array.isArray(answer['events']) ? answer['events'] : [];
  return list.map((e) => readEvent(e, 0)).filter((e): e is LogEvent => e !== null);
}

export function EventLog({ nodeId, userId, belongs, showDevice }: Props) {
  const [limit, setLimit] = useState(FIRST);
  const [page, setPage] = useState(0);
  const [filter, setFilter] = useState<EventFilter>({ kind: '', words: '', days: 0 });
  const [live, setLive] = useState<readonly LogEvent[]>([]);
  const load = useLoad(() => askEvents(nodeId, userId, limit).then((list) => { setLive([]); return list; }), [nodeId, userId, limit]);
  useEffect(() => onMessage((message) => {
    const event = message['event'];
    if (message.action !== 'event' || !isDoc(event) || event['nolog'] === 1 || event['noact'] === 1 || !belongs(event)) return;
    const read = readEvent(event, Date.now());
    if (read) setLive((old) => addEvent(old, read));
  }), [belongs]);
  const now = useNow(60_000);
  const all = useMemo(() => live.reduceRight<readonly LogEvent[]>(addEvent, load.data ?? []), [live, load.data]);
  const shown = useMemo(() => filterEvents(all, filter, now, (id) => store.state.devices.get(id)?.name ?? ''), [all, filter, now]);
  const pages = Math.max(1, Math.ceil(shown.length / PAGE));
  const at = Math.min(page, pages - 1);
  const change = (fields: Partial<EventFilter>) => { setFilter({ ...filter, ...fields }); setPage(0); };
  const more = (load.data?.length ?? 0) >= limit * 0.9 && limit < MOST;
  return (
    <div className="bl-events">
      <Filters filter={filter} onChange={change} />
      <LoadState load={load} what={_('Loading the events')}>
        {() => (shown.length === 0
          ? <p className="bl-note bl-soft">{all.length === 0 ? _('Nothing has happened yet.') : _('No event matches.')}</p>
          : <EventRows events={shown.slice(at * PAGE, (at + 1) * PAGE)} showDevice={showDevice} />)}
      </LoadState>
      <div className="bl-pager">
        <span className="bl-soft" role="status">{shown.length > 0 ? ngettext('{n} event', '{n} events', shown.length) : ''}</span>
        <span className="bl-grow" />
        {pages > 1 && (
          <>
            <Button variant="secondary" size="sm" isDisabled={at === 0} onClick={() => setPage(at - 1)}>{_('Newer')}</Button>
            <span>{_('{page} of {pages}', { page: at + 1, pages })}</span>
            <Button variant="secondary" size="sm" isDisabled={at >= pages - 1} onClick={() => setPage(at + 1)}>{_('Older')}</Button>
          </>
        )}
        {more && <Button variant="link" size="sm" isLoading={load.loading} onClick={() => setLimit(Math.min(MOST, limit * 4))}>{_('Load older events')}</Button>}
      </div>
    </div>
  );
}

function Filters({ filter, onChange }: { filter: EventFilter; onChange: (fields: Partial<EventFilter>) => void }) {
  return (
    <div className="bl-filters" role="search" aria-label={_('Filter the events')}>
      <input type="search" className="bl-select" value={filter.words} placeholder={_('Search in events')} aria-label={_('Search in events')} onChange={(e) => onChange({ words: e.target.value })} />
      <select className="bl-select" aria-label={_('Sort of event')} value={filter.kind} onChange={(e) => onChange({ kind: e.target.value as EventFilter['kind'] })}>
        <option value="">{_('All sorts')}</option>
        {kindNames().map(([kind, label]) => <option key={kind} value={kind}>{label}</option>)}
      </select>
      <select className="bl-select" aria-label={_('Time')} value={String(filter.days)} onChange={(e) => onChange({ days: Number(e.target.value) })}>
        <option value="0">{_('Any time')}</option>
        {[1, 7, 30].map((n) => <option key={n} value={n}>{ngettext('last {n} day', 'last {n} days', n)}</option>)}
      </select>
    </div>
  );
}

function EventRows({ events, showDevice }: { events: readonly LogEvent[]; showDevice: boolean }) {
  let day = '';
  return (
    <ol className="bl-event-list">
      {events.map((e) => {
        const date = new Date(e.time).toLocaleDateString(localeTag(), { weekday: 'long', dateStyle: undefined, day: 'numeric', month: 'long', year: 'numeric' });
        const heading = date === day ? null : <h3 className="bl-event-day">{date}</h3>;
        day = date;
        return <li key={e.key}>{heading}<EventRow event={e} showDevice={showDevice} /></li>;
      })}
    </ol>
  );
}

function EventRow({ event, showDevice }: { event: LogEvent; showDevice: boolean }) {
  const device = showDevice ? store.state.devices.get(event.nodeId) : undefined;
  return (
    <div className="bl-event">
      <time dateTime={new Date(event.time).toISOString()} title={formatTime(event.time)}>{new Date(event.time).toLocaleTimeString(localeTag(), { timeStyle: 'short' })}</time>
      <div className="bl-event-text">
        <span lang="en">{event.message}</span>
        {event.details && <details className="bl-more"><summary>{_('Details')}</summary><pre>{event.details}</pre></details>}
      </div>
      <span className="bl-event-who">
        {device && <Link to={devicePath(device.id, 'events')}>{device.name}</Link>}
        {event.user && <span className="bl-soft">{event.user}</span>}
      </span>
    </div>
  );
}
