// SPDX-License-Identifier: Apache-2.0
// When a device was on in the last seven days: a bar for each day.
import { client } from '../app/session';
import { formatTime } from '../lib/format';
import { useNow } from '../lib/hooks';
import { _, localeTag, ngettext } from '../lib/i18n';
import { LoadState } from '../lib/Loading';
import { useLoad } from '../lib/useLoad';
import type { Device } from '../store/model';
import { onTime, readTimeline, splitDays, type Day, type Span } from './power';

const DAYS = 7;
const HOUR = 3_600_000;

export function PowerTimeline({ device }: { device: Device }) {
  const now = useNow(60_000);
  const load = useLoad(async () => {
    const answer = await client.request({ action: 'powertimeline', nodeid: device.id }, { accept: () => false });
    return answer['timeline'] ?? [];
  }, [device.id, device.conn]);
  return (
    <section className="bl-power" aria-label={_('Power in the last seven days')}>
      <h2>{_('Power in the last seven days')}</h2>
      <LoadState load={load} what={_('Loading the power history')}>
        {(timeline) => {
          const days = splitDays(readTimeline(timeline, now), DAYS, now);
          return days.every((d) => d.spans.length === 0) ? <p className="bl-soft">{_('Nothing is known yet.')}</p> : <Chart days={days} />;
        }}
      </LoadState>
    </section>
  );
}

function onWords(day: Day): string {
  const ms = onTime(day);
  return ms < HOUR ? ngettext('{n} minute', '{n} minutes', Math.round(ms / 60_000)) : ngettext('{n} hour', '{n} hours', Math.round(ms / HOUR));
}

function powerWord(power: number): string {
  if (power === 1) return _('on');
  if (power >= 2 && power <= 4) return _('asleep');
  if (power === 5) return _('hibernating');
  if (power === 7) return _('there, without an agent');
  return power === 0 ? _('not connected') : _('off');
}

function powerClass(power: number): string {
  if (power === 1) return 'bl-power-on';
  if (power >= 2 && power <= 5) return 'bl-power-sleep';
  return power === 7 ? 'bl-power-there' : 'bl-power-off';
}

function Chart({ days }: { days: readonly Day[] }) {
  return (
    <>
      <ul className="bl-power-days">
        {days.map((day) => (
          <li key={day.start}>
            <span className="bl-power-date">{new Date(day.start).toLocaleDateString(localeTag(), { weekday: 'short', day: 'numeric', month: 'numeric' })}</span>
            <svg viewBox="0 0 1440 20" preserveAspectRatio="none" role="img" aria-label={dayWords(day)}>
              {day.spans.map((s) => <Bar key={s.from} span={s} day={day} />)}
            </svg>
            <span className="bl-power-sum">{day.spans.length > 0 ? onWords(day) : ''}</span>
          </li>
        ))}
      </ul>
      <p className="bl-power-scale" aria-hidden="true"><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></p>
      <p className="bl-power-key bl-soft"><i className="bl-power-on" />{_('on')} <i className="bl-power-sleep" />{_('asleep')} <i className="bl-power-off" />{_('not connected')}</p>
    </>
  );
}

function Bar({ span, day }: { span: Span; day: Day }) {
  const scale = 1440 / (day.end - day.start);
  const title = `${powerWord(span.power)}: ${formatTime(span.from)} – ${formatTime(span.to)}`;
  return <rect className={powerClass(span.power)} x={(span.from - day.start) * scale} width={Math.max(1, (span.to - span.from) * scale)} y={0} height={20}><title>{title}</title></rect>;
}

function dayWords(day: Day): string {
  const time = (ms: number) => new Date(ms).toLocaleTimeString(localeTag(), { timeStyle: 'short' });
  return day.spans.map((s) => `${powerWord(s.power)} ${time(s.from)} – ${time(s.to)}`).join(', ') || _('not known');
}
